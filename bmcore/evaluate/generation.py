"""Does a model write like the texts it learned from, better than counting does, and without copying them?

found = generation.evaluate(generator, train, test, seed=0)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.evaluate import generation_parts as parts
from bmcore.evaluate.copying import MOST, Copied, Copies
from bmcore.evaluate.generation_verdict import judge
from bmcore.evaluate.ngram import KneserNey
from bmcore.messages import Message

NGRAM, BEFORE, REAL = "5-gram Kneser-Ney", "Before fine-tuning", "Real texts"
WORK = 2e12  # bytes of held-out text times parameters: about 20 s of two cores
LEAST, LARGEST = 30_000, 400_000  # bytes of held-out text that are judged
DOCUMENT = 4000  # characters of a document that are judged, so that one long one does not stand for all
DRAFTS, CONTINUED, PROMPT = 20, 8, 120
TOKENS = 120
VOCABULARY = 2048  # of the n-gram model's own tokens, where the model brings others


def evaluate(generator: Any, train: Any, test: Any, *, seed: int = 0, report: Callable[..., Any] | None = None) -> dict[str, Any]:
    """Judge a fitted generator on texts that it has never seen.

    Use it when you want to know whether it learned more than counting, and whether it only repeats.

    Parameters
    ----------
    generator : TextGenerator
        Fitted on `train`.
    train, test : Texts
    seed : int
    report : callable, optional
        `report(step, total, phase="evaluate")`; it may raise Cancelled.

    Returns
    -------
    dict
        `task, metric, n_train, n_test, characters, model, baselines, difference, verdict, continuations, drafts, notes, seconds`; each
        figure with its 95 % interval, from resampled documents. `bits_per_byte`: less is better.

    Notes
    -----
    About 30 s for a small model on two cores. Long held-out texts are judged by their first 4,000 characters, and as many of them as
    the model's size allows; the notes say how many.

    Raises
    ------
    Cancelled
        From `report`.
    """
    steps = _Steps(report, 7)
    texts, notes = _judged(generator, test.documents, seed)
    steps()
    began = time.monotonic()
    nats, tokens, sizes = generator.losses(texts)
    bits, draws = nats / np.log(2), parts.resamples(len(texts), seed)
    scores = {"ours": bits, NGRAM: _ngram(generator, train.documents, texts, steps)}
    if getattr(generator, "before_", None):
        scores[BEFORE] = _before(generator).losses(texts)[0] / np.log(2)
    steps()
    spans = {name: parts.ratio(one, sizes, draws) for name, one in scores.items()}
    judged = time.monotonic() - began
    written = _written(generator, texts, seed, steps)
    copies = Copies(train.documents)
    if copies.characters_ < sum(map(len, train.documents)):
        notes.append(Message("Copied passages were looked for in the first {n:,} characters of the training texts.", n=MOST))
    found = {name: copies.of(written[name]) for name in ("drafts", "ours", "real")}
    steps()
    model = {
        "name": _name(generator), "bits_per_byte": parts.span(*spans["ours"]), "perplexity": _perplexity(nats, tokens, draws),
        **parts.variety(written["drafts"], seed), "copied": parts.copied(written["drafts"], found["drafts"], seed),
        "tokens_per_s": written_speed(generator, written), "seconds": float(getattr(generator, "seconds_", 0.0)),
        "parameters": int((getattr(generator, "counts_", None) or {}).get("parameters", 0)),
    }
    real = {"name": REAL, **parts.variety(written["real"], seed), "copied": parts.copied(written["real"], found["real"], seed)}
    rivals = [{"name": name, "bits_per_byte": parts.span(*spans[name])} for name in scores if name != "ours"]
    difference = _difference(spans)
    kind, message = judge(model, real, spans[difference["against"]][0], difference, len(texts))
    return {
        "task": "generation", "metric": "bits_per_byte", "n_train": len(train.documents), "n_test": len(texts),
        "characters": {"train": sum(map(len, train.documents)), "test": sum(map(len, texts))},
        "model": model, "baselines": [*rivals, real], "difference": difference,
        "verdict": {"kind": kind, "message": message.to_dict()},
        "continuations": _continued(written, found["ours"]), "drafts": _drafts(written["drafts"], found["drafts"]),
        "notes": [note.to_dict() for note in notes], "seconds": {"losses": judged, "all": time.monotonic() - began},
    }


class _Steps:
    """Counts what is done."""

    def __init__(self, report: Callable[..., Any] | None, total: int):
        self.report, self.total, self.done = report, total, 0

    def __call__(self) -> None:
        self.done = min(self.total, self.done + 1)
        if self.report is not None:
            self.report(self.done, self.total, phase="evaluate")


def _judged(generator: Any, documents: list[str], seed: int) -> tuple[list[str], list[Message]]:
    """As many held-out texts, by chance, as a model of this size reads in the time."""
    weights = (getattr(generator, "counts_", None) or {}).get("parameters") or 1_000_000
    most, chosen, size, cut = min(LARGEST, max(LEAST, int(WORK / weights))), [], 0, 0
    for row in np.random.default_rng(seed).permutation(len(documents)):
        if size >= most:
            break
        chosen.append(documents[row][:DOCUMENT])
        cut += len(documents[row]) > DOCUMENT
        size += len(chosen[-1].encode("utf-8", "replace"))
    notes = []
    if len(chosen) < len(documents):
        notes.append(Message(
            "Of {all:,} texts that were set aside, {n:,} were judged, drawn by chance.", all=len(documents), n=len(chosen)))
    if cut:
        notes.append(Message("{n:,} long texts were judged by their first {most:,} characters.", n=cut, most=DOCUMENT))
    return chosen, notes


def _ngram(generator: Any, train: list[str], texts: list[str], steps: _Steps) -> np.ndarray:
    """Bits that counting needs for each text: over the model's own tokens, or over tokens learned from the same texts."""
    from bmcore.text import gpt_tokenizer

    scratch = getattr(generator, "model", "scratch") == "scratch"
    known = _first(train, MOST)
    tokenizer = generator.tokenizer_ if scratch else gpt_tokenizer.learn(known, VOCABULARY)
    steps()
    rival = KneserNey().fit(gpt_tokenizer.encode(tokenizer, known), len(tokenizer))
    steps()
    return np.array([one.sum() for one in rival.losses(gpt_tokenizer.encode(tokenizer, texts))]) / np.log(2)


def _first(documents: list[str], most: int) -> list[str]:
    sizes = np.cumsum([len(text) for text in documents])
    return documents[:max(1, int(np.searchsorted(sizes, most)) + 1)]


def _before(generator: Any) -> Any:
    """The model that training began with."""
    return type(generator)(model=generator.before_, context_length=generator.context_length, device=generator.device).open()


def _written(generator: Any, texts: list[str], seed: int, steps: _Steps) -> dict[str, Any]:
    """Drafts from nothing, continuations of held-out beginnings, and real texts of the same length."""
    chosen = [text for text in texts if len(text) >= 2 * PROMPT][:CONTINUED] or texts[:CONTINUED]
    prompts = [_beginning(text) for text in chosen]
    began = time.monotonic()
    drafts = generator.generate([""] * DRAFTS, max_new_tokens=TOKENS, seed=seed)
    seconds = time.monotonic() - began
    steps()
    ours = generator.generate(prompts, max_new_tokens=TOKENS // 2, seed=seed)
    steps()
    usual = int(np.median([len(one) for one in drafts])) or 1
    return {
        "drafts": drafts, "ours": ours, "prompts": prompts, "seconds": seconds,
        "continued": [text[len(prompt):][:max(200, len(one))] for text, prompt, one in zip(chosen, prompts, ours, strict=True)],
        "real": [text[:usual] for text in texts[:200]],
    }


def _beginning(text: str) -> str:
    """The first third of a text, at most 120 characters, up to the end of a word where there is one."""
    start = text[:min(PROMPT, max(1, len(text) // 3))]
    return start.rsplit(" ", 1)[0] if " " in start[len(start) // 2:] else start


def written_speed(generator: Any, written: dict[str, Any]) -> float | None:
    """Tokens a second of all drafts at once."""
    tokenizer = getattr(generator, "tokenizer_", None)
    if tokenizer is None or not written["seconds"]:
        return None
    return sum(len(one) for one in tokenizer(written["drafts"], add_special_tokens=False)["input_ids"]) / written["seconds"]


def _perplexity(nats: np.ndarray, tokens: np.ndarray, draws: np.ndarray) -> dict[str, float]:
    value, drawn = parts.ratio(nats, tokens.astype(float), draws)
    return parts.span(float(np.exp(min(value, 700.0))), np.exp(np.minimum(drawn, 700.0)))


def _difference(spans: dict[str, tuple[float, np.ndarray]]) -> dict[str, Any]:
    """Ours minus the best rival: counting, or the model before fine-tuning."""
    against = min((name for name in spans if name != "ours"), key=lambda name: spans[name][0])
    (ours, drawn), (theirs, others) = spans["ours"], spans[against]
    return {"against": against, "metric": "bits_per_byte", **parts.span(ours - theirs, drawn - others)}


def _continued(written: dict[str, Any], found: list[Copied]) -> list[dict[str, Any]]:
    rows = zip(written["prompts"], written["continued"], written["ours"], found, strict=True)
    return [{"prompt": prompt, "real": real, "ours": ours, "copied": one.longest} for prompt, real, ours, one in rows]


def _drafts(texts: list[str], found: list[Copied]) -> list[dict[str, Any]]:
    rows = zip(texts, found, strict=True)
    return [{"text": text, "longest_copied": one.longest, "start": one.start, "nearest": one.passage} for text, one in rows]


def _name(generator: Any) -> str:
    if getattr(generator, "model", "scratch") == "scratch":
        return f"GPT from scratch ({getattr(generator, 'size', 'mini')})"
    base = "Gemma 3 270M" if generator.model == "gemma" else str(generator.model).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return f"{base} ({generator.method})"
