"""Runs that search past answers: a real worker, what it leaves, what it refuses, and its service."""

import json

import pandas as pd
import pytest

import bmcore
from bmcore import runs
from bmcore.errors import DataError, ParameterError
from bmcore.runs import spec, task_answers, tasks, work_answers
from bmcore.serve import answers as served
from bmcore.serve import endpoints
from bmcore.text.answers import AnswerSearch

COLUMNS = {"question": "asked", "answer": "said", "topic": "about"}


def pairs(n=40):
    """Two ways to ask of each thing, one answer for both; a copy, an empty answer, formulas, a row without a topic."""
    rows = [(f"{way} thing{i}", f"=answer {i}", "odd" if i % 2 else "even") for i in range(n) for way in ("where is", "which way to")]
    return pd.DataFrame([*rows, rows[0], ("no answer", None, "odd"), ("how many", "42", None)], columns=["asked", "said", "about"])


def request(**change):
    return {
        "estimator": "AnswerSearch", "params": {"method": "words"}, "data": {"kind": "sample", "name": "dialogues_en"},
        "columns": {"question": "text", "answer": "answer"}, **change,
    }


def test_a_whole_run(home):
    run = runs.train(estimator="AnswerSearch", data=pairs(), **COLUMNS, method="words")
    assert run.state == "done", (str(run.reason), run.log_tail())
    found = run.evaluation
    assert (found["n_pairs"], found["n_judged"]) == (81, 80) and found["verdict"]["kind"] == "better"
    assert run.headline["metric"] == "mrr" and run.headline["value"] == 1 and run.headline["model"] == "words"
    assert run.headline["baseline"] == "Most frequent answer" and run.headline["baseline_value"] < 0.5
    assert found["topics"]["n"] == 81 and {entry["topic"] for entry in found["topics"]["by_topic"]} == {"even", "odd"}
    phases = [event["phase"] for event in run.events()[0] if event["kind"] == "phase"]
    assert phases == ["data", "encode", "save", "evaluate"]
    notes = " ".join(map(str, run.notes))
    assert "1 rows without a question or without an answer" in notes and "1 copies of a pair" in notes and "Searches by" in notes
    search = bmcore.load(run.id)
    assert isinstance(search, AnswerSearch)
    assert search.search(["how many", "thing7 where"], k=1)[0][0]["answer"] == "42"
    assert not (run.folder / "checkpoints").exists()
    assert "dialogues" not in str(run.title()) and "Answer drafts" in str(run.title())


def test_a_run_that_was_interrupted_finds_the_same(home):
    run = runs.train(estimator="AnswerSearch", data=pairs(), **COLUMNS, method="words")
    before = {name: value for name, value in run.evaluation.items() if name != "seconds"}
    (run.folder / "evaluation.json").unlink()
    status = json.loads((run.folder / "status.json").read_text())
    (run.folder / "status.json").write_text(json.dumps(status | {"state": "failed", "headline": None}))
    runs.resume(run.id)
    runs.get(run.id)
    from tests.runs.conftest import wait

    wait(run, timeout=120)
    assert run.state == "done", (str(run.reason), run.log_tail())
    assert {name: value for name, value in run.evaluation.items() if name != "seconds"} == before


def test_the_row_of_the_task(home):
    made = spec.build(request(), "20240101-000000-abcdef")
    assert made["task"] == "answers" and made["columns"] == {"question": "text", "answer": "answer"}
    assert made["split"] == {"test": 0.2, "seed": 0} and made["params"]["method"] == "words"
    asks = tasks.asks("answers")
    assert asks is task_answers and tasks.works("answers") is work_answers
    assert tasks.judges("answers").__name__ == "bmcore.evaluate.answers"
    from bmcore.data.samples import SAMPLES

    own = asks.of_sample(SAMPLES["dialogues_en"], {})
    assert asks.columns(own) == {"question": "text", "answer": "answer", "topic": "category"}
    assert asks.names(own) == ("text", "answer", "category")
    assert asks.headline({"metric": "mrr"}) is None and asks.headline(None) is None


@pytest.mark.parametrize(("change", "error"), [
    ({"columns": {"question": "text"}}, DataError),
    ({"columns": {"question": "text", "answer": "text"}}, DataError),
    ({"columns": {"question": "text", "answer": 3}}, DataError),
    ({"columns": {"question": "text", "answer": "answer", "label": "x"}}, DataError),
    ({"split": {"test": 0.9}}, ParameterError),
    ({"split": {"max_train": 9}}, ParameterError),
    ({"choose": True}, ParameterError),
    ({"params": {"method": "magic"}}, ParameterError),
])
def test_refused_before_it_starts(change, error):
    with pytest.raises(error):
        spec.build(request(**change), "20240101-000000-abcdef")


def test_tables_that_cannot_be_used():
    few = pd.DataFrame({"q": ["a"] * 30, "a": ["b"] * 30})
    with pytest.raises(DataError, match="Only 1 different rows"):
        work_answers.pairs(few, {"question": "q", "answer": "a"})
    with pytest.raises(DataError, match="no column 'w'"):
        work_answers.pairs(few, {"question": "q", "answer": "w"})


def test_the_service():
    search = AnswerSearch(method="words").fit(["Where is my parcel?", "Can I pay by card?"], ["On its way.", "Yes."])
    entry = endpoints.of(AnswerSearch)["search"]
    found = entry.answer(search, entry.check({"questions": ["parcel \ud800"], "k": 1}))
    assert [row["answer"] for row in found["answers"][0]] == ["On its way."] and json.dumps(found)
    assert set(found["answers"][0][0]) == {"question", "answer", "score", "row"}
    assert entry.check(entry.example) == (entry.example["questions"], 5)
    assert "/search" in endpoints.openapi("x", {"search": entry})["paths"]


@pytest.mark.parametrize("body", [
    None, [], {}, {"questions": []}, {"questions": "a"}, {"questions": [1]}, {"questions": ["a"], "k": 0}, {"questions": ["a"], "k": True},
    {"questions": ["a"], "k": 101}, {"questions": ["a"], "more": 1}, {"questions": ["a" * 100_001]}, {"questions": ["a"] * 1001},
    {"questions": ["a"] * 200, "k": 100},
])
def test_refused_bodies(body):
    with pytest.raises(DataError):
        served.search_of(body)
