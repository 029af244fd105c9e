"""The recommender lab: queues as run folders, the page in every state of one by AppTest, and what its sentences claim."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from pathlib import Path
from statistics import fmean

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_recommend import evaluation, make_recommend_run  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import params  # noqa: E402
from bmcore.base import estimator_class  # noqa: E402
from bmcore.data import refs  # noqa: E402
from bmcore.errors import ParameterError, RunError  # noqa: E402
from bmcore.ui import lab_recommend_forecast as forecast  # noqa: E402
from bmcore.ui import lab_recommend_form as form  # noqa: E402
from bmcore.ui import lab_recommend_queue as queue  # noqa: E402
from bmcore.ui import lab_recommend_result as result  # noqa: E402

PAGE, ALL, SWEEP = "lab_recommend", "c0a1b2c3d", "s201b2c3d"
NAMES = [method.title for method in queue.METHODS.values()]
DEFAULT = float(params.declared(estimator_class("EASE"))["regularization"].default)
LOG = b"user,item,rating\n" + b"".join(b"%d,%d,%d\n" % (i % 12, (i * i + i // 12) % 9, 1 + i % 5) for i in range(90))


@pytest.fixture
def launched(monkeypatch):
    """The process boundary: what would have been started is only noted."""
    found = []

    def popen(command, *args, **kwargs):
        if "exec" not in command:  # the process that looks into a table
            return real(command, *args, **kwargs)
        found.append(command)
        return real(["true"], stdin=subprocess.DEVNULL)

    real = subprocess.Popen
    from bmcore.runs import launch

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    return found


def made(home: Path, code: str, titles: list[str], states="done", *, ndcg=0.2, half=0.01, settings=None) -> list[str]:
    """The runs of a queue, in that order; `ndcg` and `half` are numbers, or a list of them, one a run."""
    states = [states] * len(titles) if isinstance(states, str) else states
    ids = []
    for i, (title, state) in enumerate(zip(titles, states, strict=True)):
        chosen = {"estimator": estimator_of(title), "params": (settings or [{}] * len(titles))[i]}
        name = lab_run(home, state, title=f"{title} · #{code}", n=len(titles) - i + int(code[1:3], 16), **chosen)
        ids.append(name)
        if state == "done":
            found = evaluation()
            value = ndcg[i] if isinstance(ndcg, list) else ndcg
            found["model"]["ndcg_10"] = {"value": value, "low": value - half, "high": value + half}
            found["seconds"]["refit"] = 0.5 * (i + 1)
            (home / "runs" / name / "evaluation.json").write_text(json.dumps(found))
    return ids


def lab_run(home: Path, state: str, **more) -> str:
    """A run that the lab has started."""
    name = make_recommend_run(home, "product_recommendations", state, **more)
    path = home / "runs" / name / "spec.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"scenario": "lab_recommend"}))
    return name


def estimator_of(title: str) -> str:
    return next(method.estimator for method in queue.METHODS.values() if title.startswith(method.title))


def swept(home: Path, states="done", **more) -> list[str]:
    values = [DEFAULT / 10, DEFAULT / 2, DEFAULT, 3 * DEFAULT]
    titles = [entry.title for entry in queue.sweep("ease", "regularization", values)]
    return made(home, SWEEP, titles, states, settings=[{"regularization": value} for value in values], **more)


# queues

def test_every_method_can_be_built_and_knows_its_settings():
    for method in queue.METHODS.values():
        params.check(estimator_class(method.estimator), method.params)
    asked = {(method.estimator, *method.params.values()) for method in queue.METHODS.values()}
    assert asked == {
        ("EASE",), ("ALS",), ("ItemKNN", "cosine"), ("ItemKNN", "tfidf"), ("ItemKNN", "bm25"), ("Popularity",)
    }  # fmt: skip
    assert not form.numbers("Popularity")


@pytest.mark.parametrize("estimator", ["EASE", "ALS", "ItemKNN"])
def test_suggested_values_are_allowed_different_and_hold_the_default(estimator):
    known = form.numbers(estimator)
    assert known and "seed" not in known
    for entry in known.values():
        values = form.suggested(estimator, entry)
        assert 2 <= len(values) <= queue.MOST_VALUES and len(set(values)) == len(values) and all(map(entry.takes, values))
        assert entry.default in values or (estimator, entry.name) in form.VALUES
        typed = ", ".join(f"{value:g}" for value in values)
        assert form.parsed(entry, typed) == sorted(values)


def test_typed_values_are_read_or_refused_in_a_sentence():
    entry = form.numbers("ItemKNN")["neighbours"]
    assert form.parsed(entry, "50; 20，20 100") == [20, 50, 100]
    for text, word in (("5", "2 to 8"), ("", "2 to 8"), ("1 2 3 4 5 6 7 8 9", "2 to 8"), ("5, x", "neighbours"), ("5, 0", "neighbours")):
        with pytest.raises(ParameterError, match=word):
            form.parsed(entry, text)


def test_a_queue_is_runs_that_know_each_other(home, launched):
    entries = queue.every(list(queue.METHODS))
    columns = {"user": "user", "item": "item", "weight": "rating"}
    ref = refs.store(LOG, "log.csv")
    code = queue.code_of("c", "nonce", ref, columns, entries)
    first = queue.start(code, ref, columns, entries)
    assert [run.id for run in queue.start(code, ref, columns, entries)] == [run.id for run in first], "pressed twice, one queue"
    assert len(launched) == len(NAMES)
    found = queue.members(code)
    assert [member.name for member in found] == NAMES
    specs = [member.run.spec for member in found]
    assert {json.dumps(spec["split"]) for spec in specs} == {json.dumps(queue.SPLIT)} and all(spec["data"] == ref for spec in specs)
    assert {spec["scenario"] for spec in specs} == {"lab_recommend"}
    assert queue.code_of("c", "another", ref, columns, entries) != code
    assert [known for known, _entries in queue.queues()] == [code] and queue.members("../../etc") == [] == queue.members("c99999999")


def test_a_sweep_changes_one_setting(home, launched):
    ref, columns = refs.store(LOG, "log.csv"), {"user": "user", "item": "item"}
    entries = queue.sweep("knn_cosine", "neighbours", [5, 10])
    queue.start(SWEEP, ref, columns, entries)
    found = queue.members(SWEEP)
    assert [(member.name, member.parameter, member.value) for member in found] == [
        ("ItemKNN cosine", "neighbours", 5), ("ItemKNN cosine", "neighbours", 10)
    ]  # fmt: skip
    assert {member.run.spec["params"]["similarity"] for member in found} == {"cosine"}
    assert found[0].title == "ItemKNN cosine · neighbours=5"


def test_a_refused_run_leaves_the_part_before_it(home, launched, monkeypatch):
    from bmcore.runs import slots

    count = itertools.count()

    def admit():
        if next(count) == 2:
            raise RunError("{n} runs are waiting already.", n=40)

    monkeypatch.setattr(slots, "admit", admit)
    at = uploaded()
    button(at, "lab_recommend.start").click().run()
    assert not at.exception and "40 runs are waiting" in at.error[0].value and "Open the part of the queue" in words(at)
    (code, entries), = queue.queues()  # fmt: skip
    assert len(entries) == 2 and code.startswith("c")


# what is claimed

def test_the_flattery_is_the_expected_best_of_equals():
    dice, n, error = random.Random(0), 5, 0.01
    best = fmean(max(dice.gauss(0.3, error) for _ in range(n)) for _ in range(20_000)) - 0.3
    spans = [{"value": 0.3, "low": 0.3 - 1.96 * error, "high": 0.3 + 1.96 * error}] * n
    assert result.flattered(spans) == pytest.approx(best, rel=0.03)
    # tested on the same people the values move together, which makes it less: never more than what is said
    common = [dice.gauss(0, error) for _ in range(20_000)]
    shared = fmean(max(0.7 * one + 0.714 * dice.gauss(0, error) for _ in range(n)) for one in common)
    assert shared < result.flattered(spans)
    assert result.flattered(spans[:1]) == 0


def test_a_forecast_grows_with_the_work_and_a_long_one_warns():
    entries = queue.every(list(queue.METHODS))
    small = forecast.seconds(entries, 943, 1682, 100_000, 100.0)
    assert 30 < small < forecast.LONG_S < forecast.seconds(entries, 138_000, 27_000, 20_000_000, 100.0)
    assert forecast.seconds(entries[:2], 943, 1682, 100_000, 100.0) < small


# the page

def uploaded(content: bytes = LOG):
    at = open_page(PAGE, source="file")
    assert not at.exception and "as soon as there is a table" in words(at)
    return at.file_uploader[0].set_value(("log.csv", content, "text/csv")).run()


def test_start_all_algorithms_from_an_own_table(home, launched):
    at = uploaded()
    assert not at.exception and not at.error
    assert "Expected: about" in words(at) and button(at, "lab_recommend.start").label == "Start 6 runs"
    button(at, "lab_recommend.start").click().run()
    assert not at.exception and not at.error and len(launched) == 6
    code = at.query_params["queue"]
    code = code if isinstance(code, str) else code[0]
    assert [member.name for member in queue.members(code)] == NAMES
    assert all(name in words(at) for name in NAMES)
    reloaded = open_page(PAGE, queue=code)
    assert not reloaded.exception and all(name in words(reloaded) for name in NAMES)
    button(reloaded, "lab_recommend.again").click().run()
    assert not reloaded.exception and "Earlier queues" in words(reloaded) and len(launched) == 6


def test_leaving_algorithms_out(home, launched):
    at = uploaded()
    pills = next(element for element in at.button_group if element.key == "lab_recommend.methods")
    pills.set_value(["knn_bm25", "ease"]).run()
    button(at, "lab_recommend.start").click().run()
    assert [member.name for member in queue.queues()[0][1]] == ["EASE", "ItemKNN BM25"]
    at = uploaded()
    next(element for element in at.button_group if element.key == "lab_recommend.methods").set_value([]).run()
    assert button(at, "lab_recommend.start").disabled


def test_start_a_sweep(home, launched):
    at = uploaded()
    next(element for element in at.button_group if element.key == "lab_recommend.kind").set_value("s").run()
    assert not at.exception and not at.error
    at.selectbox(key="lab_recommend.method").set_value("knn_tfidf").run()
    field = next(element for element in at.text_input if element.key.startswith("lab_recommend.values:knn_tfidf"))
    field.set_value("3, 5, zwei").run()
    assert not at.exception and "zwei" in at.error[0].value and button(at, "lab_recommend.start").disabled
    field = next(element for element in at.text_input if element.key.startswith("lab_recommend.values:knn_tfidf"))
    field.set_value("3, 5, 9").run()
    button(at, "lab_recommend.start").click().run()
    assert not at.exception and len(launched) == 3
    assert [member.value for member in queue.queues()[0][1]] == [3, 5, 9]


def test_all_done_is_compared(home):
    made(home, ALL, NAMES, ndcg=[0.28, 0.25, 0.23, 0.235, 0.276, 0.12])
    at = open_page(PAGE, queue=ALL)
    assert not at.exception and not at.error
    text = words(at)
    assert "EASE** is the best of 6: NDCG@10 0.280." in text and "The same list for everybody reaches 0.120." in text
    assert "overlaps with those of: ItemKNN BM25." in text, "and with no others"
    assert "6 of 6 runs have ended." in text and "proven better than ItemKNN" in text
    table = at.dataframe[-1].value
    assert list(table.iloc[:, 0]) == NAMES
    assert {"NDCG@10", "Recall@10", "Recall@20", "MAP@10", "Seconds of learning"} <= set(table.columns)
    assert {"Catalogue shown, %", "Surprise, bits", "Towards the popular"} <= set(table.columns)
    assert list(table["Seconds of learning"]) == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert not any((element.key or "").startswith("lab_recommend.stop") for element in at.button)
    for measure in result.MEASURES:
        next(element for element in at.button_group if element.key == "lab_recommend.measure").set_value(measure).run()
        assert not at.exception


def test_a_queue_in_every_state(home):
    states = ["done", "failed", "cancelled", "lost", "running", "queued"]
    made(home, ALL, NAMES, states)
    at = open_page(PAGE, queue=ALL)
    assert not at.exception and not at.error
    text = words(at)
    assert all(word in text for word in ("Done", "Failed", "Stopped", "Interrupted", "Running", "Waiting"))
    assert "4 of 6 runs have ended." in text and "EASE**: NDCG@10 0.200. 2 are not through yet." in text
    assert "Column 'when' is not in the table" in text, "why it failed"
    assert button(at, "lab_recommend.stop").label == "Stop all 2"


def test_one_button_stops_all_of_a_queue_and_nothing_else(home, monkeypatch):
    from bmcore.runs import control

    stopped = []
    monkeypatch.setattr(control, "cancel", stopped.append)
    ids = made(home, ALL, NAMES[:3], ["done", "running", "queued"])
    swept(home, "queued")
    at = open_page(PAGE, queue=ALL)
    button(at, "lab_recommend.stop").click().run()
    assert not at.exception and stopped == [ids[2], ids[1]], "the last first, so that none starts meanwhile"


def test_a_sweep_marks_the_best_and_says_what_that_is_worth(home):
    swept(home, ndcg=[0.20, 0.26, 0.25, 0.21])
    at = open_page(PAGE, queue=SWEEP)
    assert not at.exception and not at.error
    text = words(at)
    assert f"Regularization = {DEFAULT / 2:g}** is the best of 4: NDCG@10 0.260." in text
    assert "flatters the winner" in text and "by up to 0.005" in text and "test the chosen value once" in text
    assert f"It is 0.010 ahead of the default, {DEFAULT:g}, which is more than that." in text
    assert "outermost" not in text


KEPT = [([0.203, 0.2], "no more than that: keep the default"), ([0.2, 0.203], "The default is the best of them")]


@pytest.mark.parametrize("ndcg, word", KEPT)
def test_the_default_is_kept_unless_there_is_a_reason(home, ndcg, word):
    titles = [entry.title for entry in queue.sweep("ease", "regularization", [DEFAULT / 2, DEFAULT])]
    made(home, SWEEP, titles, ndcg=ndcg, half=0.03, settings=[{"regularization": DEFAULT / 2}, {"regularization": DEFAULT}])
    assert word in words(open_page(PAGE, queue=SWEEP))


def test_the_outermost_value_is_pointed_out(home):
    swept(home, ndcg=[0.20, 0.21, 0.25, 0.26])
    assert "outermost" in words(open_page(PAGE, queue=SWEEP))


@pytest.mark.parametrize("code", ["c99999999", "../../etc/passwd", "x", "<script>", "c" * 400])
def test_an_unknown_queue_is_a_sentence(home, code):
    at = open_page(PAGE, queue=code)
    assert not at.exception and "There is no such queue" in at.warning[0].value
    assert button(at, "lab_recommend.start")


DAMAGES = ["{}", "[]", "no json", '{"model": {"ndcg_10": {"value": "x"}}}', '{"model": 3, "baselines": 4, "seconds": 5}']


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_evaluation_hides_no_other_run(home, damage):
    ids = made(home, ALL, NAMES[:2])
    (home / "runs" / ids[0] / "evaluation.json").write_text(damage)
    at = open_page(PAGE, queue=ALL)
    assert not at.exception and "ALS**: NDCG@10 0.200." in words(at)


def test_deleted_runs_are_left_out(home):
    import shutil

    ids = made(home, ALL, NAMES)
    for name in ids[1:]:
        shutil.rmtree(home / "runs" / name)
    at = open_page(PAGE, queue=ALL)
    assert not at.exception and "1 of 1 runs have ended." in words(at)


def test_foreign_titles_make_no_queue(home):
    make_recommend_run(home, "product_recommendations", "done", title=f"EASE · #{ALL}")
    lab_run(home, "done", n=1, title="#c123 $x$ · #")
    assert queue.queues() == []


def test_the_server_stays_light():
    script = (
        "import sys, json\n"
        "from bmcore.base import estimator_class\n"
        "from bmcore.ui import lab_recommend_form, lab_recommend_live, lab_recommend_start\n"
        "[estimator_class(name) for name in ('EASE', 'ALS', 'ItemKNN', 'Popularity')]\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not set(json.loads(done.stdout)) & {"sklearn", "numba", "torch", "scipy", "transformers"}
