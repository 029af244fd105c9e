import pytest

from bmcore.evaluate.hint import hint, subset
from bmcore.evaluate.verdict import Difference, judge, needed_messages
from bmcore.messages import Message


@pytest.mark.parametrize(("ours", "theirs", "low", "high", "kind", "words"), [
    (0.71, 0.62, 0.05, 0.13, "better", "Better: on 1,500 messages"),
    (0.60, 0.70, -0.14, -0.06, "worse", "Worse:"),
    (0.62, 0.60, -0.02, 0.06, "not_proven", "6,000 test messages to prove a difference of this size, 4,500 more than now"),
    (0.60, 0.62, -0.06, 0.02, "not_proven", "For now the simple one is the better choice"),
    (0.60, 0.60, 0.0, 0.0, "not_proven", "better choice"),
    (0.600001, 0.60, -0.02, 0.02, "not_proven", "so close"),
])
def test_sentence(ours, theirs, low, high, kind, words):
    found, message = judge(ours, theirs, "tfidf_logistic", Difference(ours - theirs, low, high), 1500)
    assert found == kind and words in str(message) and "the simple word-count model" in str(message)
    assert str(Message.from_dict(message.to_dict())) == str(message)


def test_width_goes_with_the_root_of_n():
    assert needed_messages(Difference(0.01, -0.02, 0.04), 500) == 4500


def test_needed_is_more_than_now():
    assert needed_messages(Difference(0.04, 0.0, 0.08), 1000) == 1001


@pytest.mark.parametrize(("points", "words"), [
    ([(1000, 0.5), (2000, 0.6), (4000, 0.68)], "More labelled messages would help: about"),
    ([(1000, 0.60), (2000, 0.61), (4000, 0.612)], "probably not what is missing"),
    ([(1000, 0.60), (2000, 0.55), (4000, 0.50)], "probably not what is missing"),
    ([(1000, 0.94), (2000, 0.95), (4000, 0.961)], "help a little"),
    ([(10, 0.2), (20, 0.9), (40, 0.99)], "almost never wrong"),
])
def test_hint(points, words):
    assert words in str(hint(points))


def test_hint_follows_a_known_curve():
    """error = n^-0.5: from 0.1 at 100 to 0.05 takes 400 messages, 300 more."""
    message = hint([(n, 1 - n**-0.5) for n in (25, 50, 100)])
    assert message.values["more"] == 300


@pytest.mark.parametrize("points", [[], [(10, 0.5)], [(10, 0.5), (20, 0.6)]])
def test_no_hint(points):
    assert hint(points) is None


def test_subset_keeps_every_class():
    import numpy as np

    codes = np.array([0] * 100 + [1] * 3 + [2])
    rows = subset(codes, 0.25)
    assert np.bincount(codes[rows]).tolist() == [25, 1, 1]
    assert (subset(codes, 0.25) == rows).all()
