"""What a model learned from, for people: how much, which words are usual, and some examples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from bmcore.data.texts import Texts
from bmcore.runs.work_generation_data import Halves

NAME = "corpus.json"
WORDS, EXAMPLES = 40, 5
_CUT = 1_200  # characters of an example
_READ = 5_000_000  # characters that words are counted in
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_WORD = re.compile(r"[^\W\d_]{3,}")
# words that every English text is full of say nothing about this one
_USUAL = (
    "the and for are but not you your all any can had her was one our out has him his how its may new now old see two way who did get let "
    "say she too use that with have this will from they know want been good much some time very when come here just like long make many "
    "more only over such take than them well were what which their there would about could other these into then also because being "
    "where while should those had does doing each few nor once same upon thee thou thy hath shall"
)
_EVERYWHERE = frozenset(_USUAL.split())


def corpus(halves: Halves, report: Callable | None = None) -> dict[str, Any]:
    """`corpus.json`: counts, usual words and examples.

    Returns
    -------
    dict
        `{"documents": {"train", "test"}, "characters": {"train", "test"}, "length": {"median", "longest"} in characters,
        "words": [{"word", "count"}], "counted": characters that words were counted in, "examples": [{"text", "name", "characters"}]}`.
    """
    train, test = halves.train, halves.test
    lengths = list(map(len, train.documents))
    words, counted = usual(train.documents, report)
    return {
        "documents": {"train": len(train), "test": len(test)},
        "characters": {"train": sum(lengths), "test": test.characters},
        "length": {"median": int(median(lengths)), "longest": max(lengths)},
        "words": [{"word": word, "count": count} for word, count in words],
        "counted": counted,
        "examples": _examples(train),
    }


def usual(documents: list[str], report: Callable | None = None) -> tuple[list[tuple[str, int]], int]:
    """(the most usual words with how often they occur, characters looked at). Of Chinese, pairs of characters that are next to each other.

    Examples
    --------
    >>> usual(["Soft fabric. Soft and warm.", "Soft!"])[0]
    [('soft', 3), ('fabric', 1), ('warm', 1)]
    """
    counts: Counter[str] = Counter()
    read = 0
    for number, text in enumerate(documents):
        if report and number % 1000 == 0:
            report(number, len(documents))
        part = text[: max(0, _READ - read)]
        read += len(part)
        counts.update(_words(part))
        if read >= _READ:
            break
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:WORDS], read


def _words(text: str) -> Iterator[str]:
    for found in _CHINESE.findall(text):
        yield from (found[at : at + 2] for at in range(len(found) - 1))
    yield from (word for word in _WORD.findall(_CHINESE.sub(" ", text).lower()) if word not in _EVERYWHERE)


def _examples(texts: Texts) -> list[dict[str, Any]]:
    """Some documents, evenly over all."""
    rows = [at * len(texts) // EXAMPLES for at in range(min(EXAMPLES, len(texts)))] if len(texts) > EXAMPLES else list(range(len(texts)))
    return [
        {
            "text": texts.documents[row][:_CUT],
            "name": texts.names[row] if texts.names else None,
            "characters": len(texts.documents[row]),
        }
        for row in rows
    ]
