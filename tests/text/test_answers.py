"""Search of past answers: BM25 by hand, ways of searching that find what they must, the choice between them, saving."""

import json
import math

import numpy as np
import pytest

from bmcore.errors import DataError, ModelError, ParameterError
from bmcore.text import answers_choice
from bmcore.text.answers import AnswerSearch
from bmcore.text.answers_memory import Memory, best, fused
from bmcore.text.answers_words import WordIndex, alike, unspaced, words_of

QUESTIONS = ["Where is my parcel?", "where is my parcel", "Can I pay by card?", "I want my money back", "我的包裹在哪里", "可以刷卡吗"]
ANSWERS = ["On its way.", "It is at the depot.", "Yes.", "We refund you.", "在路上。", "可以。"]


@pytest.fixture
def by_words():
    return AnswerSearch(method="words").fit(QUESTIONS, ANSWERS)


def test_bm25_is_the_formula_worked_out_by_hand():
    # lengths 3, 1, 2 (mean 2); "parcel" stands in two texts of three, "lost" in one, twice
    index = WordIndex(["parcel lost lost", "parcel", "late refund"])
    common, rare = math.log(1 + 1.5 / 2.5), math.log(1 + 2.5 / 1.5)
    long, short = 1.2 * (0.25 + 0.75 * 3 / 2), 1.2 * (0.25 + 0.75 * 1 / 2)
    expected = [common * 1 / (1 + long) + rare * 2 / (2 + long), common * 1 / (1 + short), 0.0]
    assert index.scores("Parcel LOST?") == pytest.approx(expected, rel=1e-6)
    assert index.scores("parcel parcel")[1] == pytest.approx(2 * expected[1], rel=1e-6)  # as Lucene: a word asked twice counts twice
    assert index.scores("nothing known").tolist() == [0, 0, 0]


def test_bm25_equals_a_plain_loop_over_random_texts():
    draw = np.random.default_rng(0)
    texts = [" ".join(f"w{n}" for n in draw.zipf(1.5, draw.integers(1, 12)) if n < 50) for _ in range(80)]
    bags = [text.split() for text in texts]
    mean = sum(map(len, bags)) / len(bags)
    asked = "w1 w3 w7 w40"
    expected = []
    for bag in bags:
        total = 0.0
        for word in asked.split():
            held = sum(word in other for other in bags)
            idf = math.log(1 + (len(bags) - held + 0.5) / (held + 0.5))
            total += idf * bag.count(word) / (bag.count(word) + 1.2 * (0.25 + 0.75 * len(bag) / mean)) if word in bag else 0
        expected.append(total)
    assert WordIndex(texts).scores(asked) == pytest.approx(expected, rel=1e-5)


def test_words_of_every_kind_of_writing():
    assert words_of("Don’t STOP_now, ÉCOLE 3.5") == ["don't", "stop", "now", "école", "3", "5"]
    assert words_of("好") == ["好"]
    assert words_of("ｆｕｌｌ退款カード") == ["full", "退款", "款カ", "カー", "ード"]
    assert words_of("?!") == [] and words_of("") == []
    assert alike("What? ") == alike("what") != alike("what not")
    assert alike("？！") == "?!"
    assert unspaced("我的包裹 abc") and not unspaced("my parcel 包")


def test_nearest_by_words(by_words):
    found = by_words.search(["my parcel is late", "包裹", "zzz"], k=3)
    assert [row["answer"] for row in found[0]][:2] == ["On its way.", "It is at the depot."]
    assert found[0][0]["question"] == "Where is my parcel?" and found[0][0]["row"] == 0 and found[0][0]["score"] > 0
    assert [row["answer"] for row in found[1]] == ["在路上。"]
    assert found[2] == []


def test_one_answer_to_many_questions_does_not_crowd_out_the_others():
    often = [f"Where is my parcel {n}" for n in range(700)]
    others = ["parcel torn open by rain", "parcel sent to another town", "parcel lost on its way here"]
    made = AnswerSearch(method="words").fit([*often, *others], [*["On its way."] * 700, "Sorry.", "We ask.", "We refund."])
    (found,) = made.search(["Where is my parcel"], k=4)
    assert {one["answer"] for one in found} == {"On its way.", "Sorry.", "We ask.", "We refund."} and found[0]["answer"] == "On its way."


def test_no_answer_twice_and_no_more_than_asked():
    search = AnswerSearch(method="words").fit(["a b", "a c", "a d"], ["Same.", "same", "Other"])
    assert [row["answer"] for row in search.search(["a"], k=5)[0]] == ["Same.", "Other"]
    assert len(search.search(["a"], k=1)[0]) == 1


def test_both_ways_share_ranks_of_equal_scores_and_leave_one_out():
    words, meaning = np.array([2.0, 2.0, -np.inf, 1.0]), np.array([0.1, 0.2, 0.9, 0.3])
    found, scores = fused(words, meaning, 4)
    halves = {0: (1, 4), 1: (1, 3), 2: (None, 1), 3: (3, 2)}
    expected = {place: sum(30.5 / (60 + rank) for rank in ranks if rank) for place, ranks in halves.items()}
    assert found.tolist() == sorted(expected, key=expected.get, reverse=True)
    assert scores == pytest.approx(sorted(expected.values(), reverse=True))
    memory = Memory(["a", "b", "a?"], ["x", "y", "z"], np.eye(2, dtype=np.float32))
    assert memory.near("meaning", "a", np.array([1.0, 0.0], np.float32), 5)[0].tolist() == [0, 1]
    assert memory.top("meaning", None, np.array([1.0, 0.0], np.float32), 5, without=0)[0].tolist() == [1]
    assert memory.rows_of(0).tolist() == [0, 2]


def test_best_keeps_the_earlier_of_equal_ones():
    assert best(np.array([1.0, 3.0, 1.0, 1.0, -np.inf]), 2)[0].tolist() == [1, 0]
    assert best(np.array([1.0, -np.inf]), 5)[0].tolist() == [0]
    assert best(np.full(3, -np.inf), 2)[0].tolist() == []


def test_meaning_finds_what_shares_no_word():
    search = AnswerSearch(method="meaning", device="cpu").fit(QUESTIONS[:4], ANSWERS[:4])
    assert search.search(["Please refund me"], k=1)[0][0]["answer"] == "We refund you."
    assert search.vectors_.shape == (3, 384)  # two of the questions are one
    both = AnswerSearch(method="both", device="cpu").fit(QUESTIONS[:4], ANSWERS[:4])
    assert 0 < both.search(["where is the parcel"], k=1)[0][0]["score"] <= 1


def test_auto_takes_words_where_the_model_does_not_know_the_language():
    search = AnswerSearch(device="cpu").fit(QUESTIONS[4:] * 2, ["a", "b", "c", "d"])
    assert search.method_ == "words" and search.unknown_ > 0.3
    assert "MiniLM does not know" in str(search.why_)
    english = AnswerSearch(device="cpu").fit(QUESTIONS[:4], ANSWERS[:4])
    assert english.method_ == "both" and english.n_tried_ == 0 and "too few" in str(english.why_)


def test_the_choice_follows_a_clear_measurement_and_no_other():
    close = {"words": np.full(40, 2.0), "meaning": np.full(40, 2.0), "both": np.full(40, 2.0)}
    assert answers_choice.choose(close, 0.0)[0] == "both"
    assert answers_choice.choose(close, 0.9)[0] == "words"
    clear = {**close, "words": np.ones(40)}
    way, why = answers_choice.choose(clear, 0.0)
    assert way == "words" and "clearly better" in str(why)
    lucky = {**close, "meaning": np.r_[1.0, 3.0, np.full(38, 2.0)]}  # one question of forty more than lost
    assert answers_choice.choose(lucky, 0.0)[0] == "both"
    few = {name: values[:29] for name, values in clear.items()}
    assert answers_choice.choose(few, 0.0)[0] == "both"


def test_judges_are_questions_whose_answer_another_question_has():
    memory = Memory(["a", "A?", "b", "c", "d"], ["x", "y", "X!", "z", "z."])
    assert answers_choice.judges(memory).tolist() == [0, 1, 2, 3]
    assert answers_choice.judges(Memory(["a", "a?"], ["x", "x!"])).tolist() == []  # one question only


def test_saved_and_loaded_it_finds_the_same(tmp_path, by_words):
    again = AnswerSearch.load(by_words.save(tmp_path / "model"))
    assert again.search(["parcel", "刷卡"]) == by_words.search(["parcel", "刷卡"])
    assert str(again.why_) == str(by_words.why_)
    pairs = tmp_path / "model" / "pairs.json"
    stored = json.loads(pairs.read_text())
    for damage in ({**stored, "answers": []}, {**stored, "method": "both"}, {"questions": 1}, []):
        pairs.write_text(json.dumps(damage))
        with pytest.raises((ModelError, DataError)):
            AnswerSearch.load(tmp_path / "model")


@pytest.mark.parametrize(("questions", "answers"), [(["a"], ["b"]), (["a", "b"], ["c"]), ("ab", "cd"), (["a", None], ["b", "c"]), ([], [])])
def test_refused(questions, answers):
    with pytest.raises(DataError):
        AnswerSearch(method="words").fit(questions, answers)


@pytest.mark.parametrize("k", [0, 101, 1.5, True, "5"])
def test_refused_k(by_words, k):
    with pytest.raises(ParameterError):
        by_words.search(["a"], k=k)


def test_empty_and_odd_questions(by_words):
    assert by_words.search([]) == []
    assert by_words.search(["", "   ", "?!", "\x00", "🙂" * 500, "\ud800"]) == [[]] * 6


def test_half_a_character_is_replaced(tmp_path):
    search = AnswerSearch(method="both", device="cpu").fit(["late \ud800", "lost"], ["yes \udc00", "no"])
    assert AnswerSearch.load(search.save(tmp_path / "model")).search(["late"], k=1)[0][0]["answer"] == "yes ?"
