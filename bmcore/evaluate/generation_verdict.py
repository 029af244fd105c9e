"""One sentence about a model that writes: it learned the style, it is not proven, it is worse, or it knows its texts by heart."""

from __future__ import annotations

from typing import Any

from bmcore.evaluate.verdict import round_up
from bmcore.messages import Message

RIVALS = {
    "5-gram Kneser-Ney": Message("counting words that follow each other (5-gram)"),
    "Before fine-tuning": Message("the model before fine-tuning"),
}
CLEARLY = 0.05  # share of characters in long copied spans, above that of real texts
LEAST = 8  # held-out texts: with fewer an interval over them says nothing


def judge(model: dict[str, Any], real: dict[str, Any], rival: float, difference: dict[str, Any], n_test: int) -> tuple[str, Message]:
    """The kind of verdict and its sentence.

    Parameters
    ----------
    model, real : dict
        What was measured of ours and of real held-out texts.
    rival : float
        Bits per byte of the best rival.
    difference : dict
        `against`, `value`, `low`, `high`: ours minus theirs, so below 0 is better.
    n_test : int
        Held-out texts.
    """
    fields = {"n": n_test, "ours": model["bits_per_byte"]["value"], "theirs": rival, "rival": RIVALS[difference["against"]]}
    ours, theirs = model["copied"]["share_over_50"], real["copied"]["share_over_50"]
    if ours["low"] > theirs["high"] + CLEARLY:
        return "memorised", Message(
            "Memorised: {share:.0f} % of what it writes stands word for word in the texts it learned from, in pieces of over 50 "
            "characters; of real new texts it is {real:.0f} %. Give it more texts, or train for less time.",
            share=100 * ours["value"], real=100 * theirs["value"])
    if n_test < LEAST:
        return "not_proven", Message(
            "Not proven: only {n} texts were held out, and with fewer than {least} luck decides. They cost it {ours:.2f} bits a byte, "
            "against {theirs:.2f} for {rival}. Give it more texts.", **fields, least=LEAST)
    if difference["high"] < 0 and ours["value"] > theirs["value"] + CLEARLY:
        return "not_proven", Message(
            "Not proven: it foresees new texts well ({ours:.2f} bits a byte, against {theirs:.2f} for {rival}), but it may copy: "
            "{share:.0f} % of what it writes stands word for word in the texts it learned from, in pieces of over 50 characters; of real "
            "new texts it is {real:.0f} %.", **fields, share=100 * ours["value"], real=100 * theirs["value"])
    if difference["high"] < 0 and ours["high"] > theirs["high"] + CLEARLY:
        return "learned", Message(
            "It learned the style: {n:,} texts it never saw cost it {ours:.2f} bits a byte, against {theirs:.2f} for {rival}. "
            "Whether it copies more than real new texts do, too few drafts were read to tell.", **fields)
    if difference["high"] < 0:
        return "learned", Message(
            "It learned the style: {n:,} texts it never saw cost it {ours:.2f} bits a byte, against {theirs:.2f} for {rival}. "
            "It does not copy: long pieces word for word are as rare as in real new texts.", **fields)
    if difference["low"] > 0:
        return "worse", Message(
            "Worse: {n:,} texts it never saw cost it {ours:.2f} bits a byte, against {theirs:.2f} for {rival}. "
            "Give it more time or more texts, or begin with a pretrained model.", **fields)
    return "not_proven", _not_proven(difference, n_test, fields)


def _not_proven(difference: dict[str, Any], n_test: int, fields: dict[str, Any]) -> Message:
    if difference["value"] >= 0:
        return Message(
            "Not proven: {n:,} texts it never saw cost it {ours:.2f} bits a byte, against {theirs:.2f} for {rival}. "
            "It is not ahead: give it more time or more texts.", **fields)
    needed = round_up(max(n_test + 1, n_test * ((difference["high"] - difference["value"]) / -difference["value"]) ** 2))
    return Message(
        "Not proven: {n:,} texts it never saw cost it {ours:.2f} bits a byte, against {theirs:.2f} for {rival}, but that may "
        "be luck. It would take about {needed:,} such texts to prove a difference of this size.", **fields, needed=int(needed))
