"""One sentence, computed: are the answers found better than those that counting words finds, or can it not be said."""

from __future__ import annotations

from bmcore.messages import Message
from bmcore.text.answers_choice import LEAST

NAMES = {"BM25": Message("counting shared words (BM25)"), "Most frequent answer": Message("always showing the most frequent answers")}


def judge(
    ours: dict, theirs: dict, against: str, gap: dict, n: int, n_able: int, n_questions: int, method: str
) -> tuple[str, Message]:
    """The kind of verdict and its sentence.

    Parameters
    ----------
    ours, theirs : dict
        Measures as {"value", "low", "high"}.
    against : str
        Key of `NAMES`.
    gap : dict
        Mean reciprocal rank, ours less theirs, with its interval.
    n, n_able, n_questions : int
        Questions judged, questions that could be, and all different ones.
    method : {"words", "meaning", "both"}

    Returns
    -------
    (str, Message)
        `"not_judged"` with fewer than 30 questions, else `"better"`, `"worse"` or `"not_proven"` as the whole interval says.
    """
    if n < LEAST:
        return "not_judged", Message(
            "Cannot be judged: of {all:,} questions only {n:,} have an answer that was also given to another question, and with fewer "
            "than {least} luck decides. Look at the examples and judge for yourself, or bring past questions of which several got the "
            "same answer.", all=n_questions, n=n_able, least=LEAST,
        )
    fields = {
        "n": n, "all": n_questions, "ours": 100 * ours["recall_5"]["value"], "theirs": 100 * theirs["recall_5"]["value"],
        "rival": NAMES[against], "mrr": ours["mrr"]["value"], "other": theirs["mrr"]["value"],
    }
    if gap["low"] > 0 and method == "words":
        return "better", Message(
            "Useful: the right answer is among the first five for {ours:.0f} of 100 questions, against {theirs:.0f} for {rival}. Asked: "
            "{n:,} of {all:,} questions whose right answer is known (mean reciprocal rank {mrr:.2f} against {other:.2f}). The search is "
            "itself a count of shared words: no model helped here.", **fields)
    if gap["low"] > 0:
        return "better", Message(
            "Better: the right answer is among the first five for {ours:.0f} of 100 questions, against {theirs:.0f} for {rival}. Asked: "
            "{n:,} of {all:,} questions whose right answer is known (mean reciprocal rank {mrr:.2f} against {other:.2f}; the difference is "
            "almost surely, 95 %, between {low:.2f} and {high:.2f}).", low=gap["low"], high=gap["high"], **fields)
    if gap["high"] < 0:
        return "worse", Message(
            "Worse: the right answer is among the first five for {ours:.0f} of 100 questions, against {theirs:.0f} for {rival}. Asked: "
            "{n:,} of {all:,} questions whose right answer is known (mean reciprocal rank {mrr:.2f} against {other:.2f}). Search by words.",
            **fields)
    return "not_proven", Message(
        "Not proven: the right answer is among the first five for {ours:.0f} of 100 questions, against {theirs:.0f} for {rival}. Only "
        "{n:,} of {all:,} questions have a right answer that is known, too few to tell the two apart (mean reciprocal rank {mrr:.2f} "
        "against {other:.2f}; the difference is almost surely, 95 %, between {low:.2f} and {high:.2f}).",
        low=gap["low"], high=gap["high"], **fields)
