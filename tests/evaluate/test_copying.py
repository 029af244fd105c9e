"""What stands word for word in the training texts, against a slow search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmcore.evaluate.copying import LONG, SEED, Copies

TEXT = st.text("ab c好\n", max_size=120)


def slow(text: str, documents: list[str]) -> tuple[int, int]:
    """(longest span of at least 16, characters in spans over 50)."""
    inside, longest = np.zeros(len(text), bool), 0
    for start in range(len(text)):
        end = start
        while end < len(text) and any(text[start:end + 1] in one for one in documents):
            end += 1
        longest = max(longest, end - start)
        if end - start > LONG:
            inside[start:end] = True
    return (longest if longest >= SEED else 0), int(inside.sum())


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, max_size=4), TEXT, st.integers(0, 60))
def test_as_the_slow_one(documents, text, cut):
    text += (documents[0][cut:] if documents else "")
    found = Copies(documents).of([text])[0]
    assert (found.longest, found.over) == slow(text, documents)
    assert text[found.start:found.start + found.longest] == found.passage


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(30, 90), st.integers(0, 2))
def test_spans_in_texts_that_say_the_same_over_and_over(seed, length, changes):
    """More than a hundred places of each window, of which one goes on as the text does."""
    draw = np.random.default_rng(seed)
    form = "".join(draw.choice(list("ab "), length))
    documents = [form + "".join(draw.choice(list("abc"), 12)) for _ in range(120)]
    text = draw.choice(documents) + form[: length // 2] + draw.choice(documents)[draw.integers(0, 9):]
    for at in draw.integers(0, len(text), changes):
        text = text[:at] + "x" + text[at + 1:]
    found = Copies(documents).of([text])[0]
    assert (found.longest, found.over) == slow(text, documents)
    assert text[found.start:found.start + found.longest] == found.passage


@pytest.mark.parametrize("around", ["", "zzz", "something else before it: "])
def test_the_first_text_is_found_from_its_first_letter(around):
    known = "The quick brown fox jumps over the lazy dog while nobody at all is looking."
    for text in (around + known, around + known[:50], known[:40] + around + known):
        found = Copies([known, "Another one."]).of([text])[0]
        assert (found.longest, found.over) == slow(text, [known, "Another one."])


def test_a_span_does_not_go_from_one_document_to_the_next():
    a, b = "one sentence that ends here, ", "and another that begins there."
    assert Copies([a, b]).of([a + b])[0].longest == len(b)
    assert Copies([a + b]).of([a + b])[0].over == len(a + b)


def test_nothing_to_find():
    assert Copies([]).of(["a text of more than sixteen characters"])[0].longest == 0
    assert Copies(["short"]).of(["", "short"]) == [(0, 0, "", 0)] * 2
    assert Copies(["with \x00 a border in it, which is no character"]).of(["\x00" * 30])[0].longest == 0
