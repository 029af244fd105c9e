"""The known-answer test: who can judge, exact ranks on a made memory, each verdict, topics."""

import numpy as np
import pytest

from bmcore.evaluate import answers_verdict
from bmcore.evaluate.answers import evaluate, span, values
from bmcore.messages import Message
from bmcore.text.answers import AnswerSearch


def made(n=40, shared=True):
    """n kinds of question, each asked in two ways that share a word of their own (or none), with one answer for both."""
    questions = [f"{way} {'thing' + str(i) if shared else way + str(i)}" for i in range(n) for way in ("where", "which")]
    return questions, [f"answer {i}" for i in range(n) for _ in range(2)]


def test_words_that_always_find_it_are_useful():
    found = evaluate(AnswerSearch(method="words").fit(*made()))
    assert (found["n_judged"], found["n_questions"], found["n_answers"]) == (80, 80, 40)
    assert found["model"]["mrr"] == {"value": 1, "low": 1, "high": 1} and found["model"]["recall_1"]["value"] == 1
    assert found["difference"]["against"] == "Most frequent answer" and found["verdict"]["kind"] == "better"
    assert [entry["name"] for entry in found["baselines"]] == ["Most frequent answer"]
    assert "no model helped" in str(Message.from_dict(found["verdict"]["message"]))
    assert len(found["examples"]) == 8 and all(entry["found"][0]["right"] for entry in found["examples"])


def test_words_that_find_nothing_are_not_better_than_no_search():
    found = evaluate(AnswerSearch(method="words").fit(*made(shared=False)))
    assert found["model"]["recall_1"]["value"] == 0 and found["verdict"]["kind"] in ("not_proven", "worse")


def test_most_frequent_answers_rank_by_other_questions_only():
    # "x" is given to three questions, "y" to two, "z" to one
    search = AnswerSearch(method="words").fit(["a1", "b1", "c1", "d1", "e1", "f1"], ["x", "x", "x", "y", "y", "z"])
    found = evaluate(search)
    # asked for a1: x still stands at two others, as y does (between 1 and 2); for d1: y at one other, as z (between 2 and 3), x before
    assert found["n_judged"] == 5
    assert found["baselines"][0]["mrr"]["value"] == pytest.approx((3 / 1.5 + 2 / 2.5) / 5)


def test_too_few_repeated_answers_cannot_be_judged():
    questions = [f"question {i}" for i in range(60)]
    none = evaluate(AnswerSearch(method="words").fit(questions, [f"answer {i}" for i in range(60)]))
    assert none["n_judged"] == 0 and none["model"]["mrr"]["value"] is None and none["verdict"]["kind"] == "not_judged"
    assert "of 60 questions only 0" in str(Message.from_dict(none["verdict"]["message"]))
    assert len(none["examples"]) == 8
    few = evaluate(AnswerSearch(method="words").fit(questions, [f"answer {max(i, 10)}" for i in range(60)]))
    assert few["n_judged"] == 11 and few["verdict"]["kind"] == "not_judged" and few["model"]["mrr"]["value"] is not None


def test_copies_of_a_question_do_not_give_the_answer_away():
    search = AnswerSearch(method="words").fit(["same words", "Same words?", "others entirely"], ["x", "x", "y"])
    assert evaluate(search)["n_judged"] == 0


def test_auto_is_judged_with_the_way_that_the_others_choose():
    questions, answers = made(24)
    search = AnswerSearch(device="cpu").fit(questions, answers)
    found = evaluate(search, seed=3)
    assert found["n_judged"] == 48 and search.method_ == "words"  # perfect here, and measured to be
    assert found["model"]["mrr"]["value"] == 1 and found["verdict"]["kind"] == "better"
    fixed = evaluate(AnswerSearch(method="meaning", device="cpu").fit(questions, answers))
    assert fixed["difference"]["against"] == "BM25" and fixed["verdict"]["kind"] == "worse"
    assert {entry["name"] for entry in fixed["baselines"]} == {"BM25", "Most frequent answer"}
    assert evaluate(search, seed=3)["model"] == found["model"]


def test_topics():
    topics = [("even", "odd")[i % 2] for i in range(40) for _ in range(2)]
    found = evaluate(AnswerSearch(method="words").fit(*made()), topics)["topics"]
    assert found["n"] == 80 and found["frequent"]["value"] == 0.5 and found["difference"]["value"] == 0
    assert [(entry["topic"], entry["n"]) for entry in found["by_topic"]] == [("even", 40), ("odd", 40)]
    assert 0.4 < found["ours"]["value"] < 0.8  # the first is of the same topic, the other four by chance


@pytest.mark.parametrize(("gap", "kind"), [((0.2, 0.1, 0.3), "better"), ((-0.2, -0.3, -0.1), "worse"), ((0.1, -0.1, 0.3), "not_proven")])
def test_each_verdict(gap, kind):
    side = {"mrr": {"value": 0.5}, "recall_5": {"value": 0.7}}
    gap = dict(zip(("value", "low", "high"), gap, strict=True))
    assert answers_verdict.judge(side, side, "BM25", gap, 80, 80, 90, "both")[0] == kind
    assert answers_verdict.judge(side, side, "BM25", gap, 29, 29, 90, "both")[0] == "not_judged"


def test_measures():
    ranks = np.array([1, 2, 10, np.inf])
    assert values("mrr", ranks).tolist() == [1, 0.5, 0.1, 0]
    assert values("recall_1", ranks).tolist() == [1, 0, 0, 0] and values("recall_5", ranks).sum() == 2
    draws = np.random.default_rng(0).integers(0, 4, (2000, 4))
    found = span(values("mrr", ranks), draws)
    assert found["value"] == pytest.approx(0.4) and found["low"] < 0.4 < found["high"]
