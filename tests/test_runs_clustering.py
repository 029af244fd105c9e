"""Runs that look for groups: the shared promises of every run, and what only they have. Real estimators, real workers."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bmcore
from bmcore import cli, runs
from bmcore.data import refs
from bmcore.errors import DataError, ParameterError
from bmcore.runs import spec, tasks
from tests.runs.conftest import N, kill, phases, stopped_in_each, wait, wait_until

PHASES = ["data", "prepare", "choose", "train", "evaluate", "describe", "save"]
CENTRES = np.array([[0.0, 0.0, 0.0], [9.0, 0.0, 5.0], [0.0, 9.0, 5.0]])


def blobs(n=240):
    """Three groups in three columns, a few rows far from all of them, a name and a label."""
    draw = np.random.default_rng(0)
    X = CENTRES[np.arange(n) % 3] + draw.normal(0, 0.5, (n, 3))
    X[-4:] = draw.uniform(30, 40, (4, 3))
    frame = pd.DataFrame(X, columns=["height", "weight", "age"])
    return frame.assign(who=[f"=row {i}" for i in range(n)], kind=["odd" if i >= n - 4 else "usual" for i in range(n)])


def purchases(customers=120):
    """Half of the customers buy often and much, the others once and little."""
    draw = np.random.default_rng(0)
    rows = []
    for customer in range(customers):
        often = customer % 2
        for day in draw.integers(200 if often else 0, 300, 12 if often else 1):
            rows.append((f"c{customer}", str(np.datetime64("2024-01-01") + day), round(float(draw.uniform(80, 120) if often else 9), 2)))
    return pd.DataFrame(rows, columns=["buyer", "day", "paid"])


CASES = {
    "KMeans numeric": ("KMeans", blobs, {"prepare": "numeric", "features": ["height", "weight", "age"], "key": "who"}, {"n_clusters": 3}),
    "DBSCAN numeric": (
        "DBSCAN", blobs, {"prepare": "numeric", "features": ["height", "weight", "age"], "key": "who", "label": "kind"}, {"eps": 0.5}),
    "KMeans purchases": (
        "KMeans", purchases, {"prepare": "purchases", "customer": "buyer", "date": "day", "money": "paid"}, {"n_clusters": 2}),
}


@pytest.fixture(params=CASES)
def case(request):
    """What `train` takes, small."""
    return asked(request.param)


def asked(name):
    estimator, table, columns, params = CASES[name]
    return {"estimator": estimator, "data": table(), **columns, **params}


@pytest.fixture(autouse=True)
def no_worker_stays(home):
    yield
    for run in runs.list_runs():
        if run.alive:
            runs.cancel(run.id)
            kill(run)


def start(case):
    return runs.train(**case, detach=True)


def done(run, timeout=300):
    wait(run, timeout=timeout)
    assert run.state == "done", (run.state, run.reason, run.log_tail())
    return run


def table_of(run):
    return (run.folder / "clusters.csv").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Labels and files of uninterrupted runs, made once each."""
    kept = {}

    def of(case):
        same = [(estimator, table().shape) == (case["estimator"], case["data"].shape) for estimator, table, *_ in CASES.values()]
        name = list(CASES)[same.index(True)]
        if name not in kept:
            run = done(start(case))
            kept[name] = (np.array(bmcore.load(run.id).labels_), table_of(run), without_times(run.evaluation))
        return kept[name]

    return of


def without_times(evaluation):
    return {key: value for key, value in evaluation.items() if key != "seconds"}


def test_a_run_and_all_it_leaves(case):
    run = done(start(case))
    found = run.evaluation
    assert found["task"] == "clustering" and found["prepare"] == case["prepare"]
    assert found["verdict"]["kind"] in ("structure", "weak", "none")
    assert {"clusters", "holdout", "outliers", "agreement", "over_time", "by", "choice", "sizes", "baselines"} <= set(found)
    assert sum(entry["n"] for entry in found["clusters"]) == found["n"] == sum(entry["n"] for entry in found["sizes"])
    assert run.headline["metric"] == "silhouette" and run.headline["verdict"] == found["verdict"]["kind"]
    assert phases(run) == [phase for phase in PHASES if phase != "choose"]
    model = bmcore.load(run.id)
    table = pd.read_csv(run.folder / "clusters.csv", encoding="utf-8-sig")
    assert table["cluster"].tolist() == model.labels_.tolist() and len(table) == found["n"]
    assert "cluster_name" in table and table["distance"].notna().any()
    drawn = json.loads((run.folder / "map.json").read_text())
    assert len(drawn["points"]) == len(drawn["cluster"]) == len(drawn["row"]) == found["n"]
    assert not (run.folder / "checkpoints").exists() and oct(run.folder.stat().st_mode)[-3:] == "700"
    assert {path.suffix for path in run.model_folder.rglob("*") if path.is_file()} <= {".json", ".npz"}
    labels, distances = model.assign(model.example())
    assert len(labels) == len(distances) == 1
    assert "Groups of" in str(run.title())


def test_unusual_rows_and_what_they_agree_with():
    run = done(start(asked("DBSCAN numeric")))
    found, table = run.evaluation, pd.read_csv(run.folder / "clusters.csv", encoding="utf-8-sig")
    assert {entry["row"] for entry in found["outliers"]} >= {236, 237, 238, 239}
    assert found["agreement"]["label"] == "kind" and found["agreement"]["recall"] == 1
    odd = table[table["kind"] == "odd"]
    assert (odd["cluster"] == -1).all() and odd["why"].str.contains("–").all() and (odd["distance"] > 0.5).all()
    assert table["who"].iloc[0] == "'=row 0"


@pytest.mark.slow
def test_killed_at_random_and_resumed_gives_the_same(case, whole):
    labels, table, evaluation = whole(case)
    chance = random.Random(str(case["estimator"]))
    for _ in range(max(1, N // 3)):
        run = start(case)
        for _ in range(2):
            time.sleep(chance.random() * 4)
            if run.alive:
                kill(run)
            wait(run)
            if run.state == "done":
                break
            runs.resume(run.id)
        done(run)
        np.testing.assert_array_equal(bmcore.load(run.id).labels_, labels)
        assert table_of(run) == table and without_times(run.evaluation) == evaluation


def test_killed_in_each_phase_and_resumed_gives_the_same(whole):
    case = asked("KMeans numeric")
    labels, table, evaluation = whole(case)
    run, killed = stopped_in_each(start(case), [phase for phase in PHASES if phase != "choose"], kill)
    assert {"evaluate", "describe"} <= set(killed)
    np.testing.assert_array_equal(bmcore.load(run.id).labels_, labels)
    assert table_of(run) == table and without_times(run.evaluation) == evaluation
    assert not list(run.folder.glob(".*")) and not list(run.folder.glob("*.tmp"))


def test_what_is_finished_is_not_repeated():
    run = start(asked("KMeans numeric"))
    wait_until(lambda: (run.folder / "checkpoints" / "judged.json").exists() or not run.alive)
    if run.alive:
        kill(run)
    wait(run)
    before = len(phases(run))
    (run.folder / "evaluation.json").unlink(missing_ok=True)
    if run.state == "lost":
        done(runs.resume(run.id))
        assert not {"prepare", "train"} & set(phases(run)[before:])
        assert len(run.notes) == len({str(note) for note in run.notes})


def test_cancelled_in_each_phase_and_resumed():
    run = start({**asked("KMeans numeric"), "choose": True})
    run, cancelled = stopped_in_each(run, ["data", "prepare", "choose", "train", "evaluate", "describe"], lambda run: runs.cancel(run.id))
    assert {"choose", "evaluate"} <= set(cancelled)
    assert run.evaluation["k"] == run.evaluation["choice"]["recommended"] in (3, 4)


def test_from_the_terminal_to_an_answer(tmp_path, capsys):
    """train --choose --json, show, runs, predict: one run, one result."""
    blobs(120).to_csv(tmp_path / "people.csv", index=False)
    assert cli.main([
        "train", "KMeans", "--data", str(tmp_path / "people.csv"), "--prepare", "numeric", "--features", "height, weight,age",
        "--key", "who", "--choose", "--set", "n_init=3", "--json",
    ]) == 0
    shown = json.loads(capsys.readouterr().out)
    run = runs.get(shown["id"])
    assert run.spec["columns"] == {"prepare": "numeric", "features": ["height", "weight", "age"], "key": "who"} and run.spec["choose"]
    assert run.spec["split"] == {} and run.spec["params"]["n_init"] == 3 and run.spec["params"]["random_state"] == 0
    assert run.evaluation["choice"]["method"] == "k" and phases(run) == PHASES
    assert cli.main(["show", run.id]) == 0
    printed = capsys.readouterr().out
    assert str(run.notes[-1]) in printed and "silhouette" in printed and "shuffled columns" in printed
    assert cli.main(["runs"]) == 0 and "Groups of rows" in capsys.readouterr().out
    new = pd.DataFrame({"who": ["=1+1", "b"], "height": [0.1, 9.0], "weight": [0.2, None], "age": [0, 5]})
    new.to_csv(tmp_path / "new.csv", index=False)
    assert cli.main(["predict", run.id, str(tmp_path / "new.csv"), str(tmp_path / "out.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 2
    found = pd.read_csv(tmp_path / "out.csv", encoding="utf-8-sig")
    assert found["who"].tolist() == ["'=1+1", "b"] and found["cluster"][0] == bmcore.load(run.id).labels_[0]
    new.drop(columns="weight").to_csv(tmp_path / "new.csv", index=False)
    assert cli.main(["predict", run.id, str(tmp_path / "new.csv"), str(tmp_path / "out.csv")]) == 2
    assert "'weight'" in capsys.readouterr().err


def test_a_purchase_log_becomes_its_customers(tmp_path):
    run = done(start(asked("KMeans purchases")))
    table, labels, distances = bmcore.load(run.id).assign_table(purchases())
    assert len(table) == len(labels) == len(distances) == 120
    np.testing.assert_array_equal(labels, bmcore.load(run.id).labels_)  # the same log gives the same groups
    records = table[["recency_days", "frequency", "money"]].to_dict("records")
    np.testing.assert_array_equal(bmcore.load(run.id).predict(records), labels)


@pytest.mark.parametrize(("change", "words"), [
    ({"features": ["height", "nothing"]}, "nothing"),
    ({"features": ["height", "who"]}, "'who'"),
    ({"features": ["height"], "label": "colour"}, "colour"),
])
def test_a_run_whose_columns_are_wrong_fails_with_a_sentence(change, words):
    run = start({"estimator": "KMeans", "data": blobs(), "prepare": "numeric", **change})
    assert wait(run).state == "failed" and words in str(run.reason)
    assert "Traceback" not in run.log_tail()


def test_too_many_groups_is_a_sentence():
    run = start({**asked("KMeans numeric"), "data": blobs(30), "n_clusters": 500})
    assert wait(run).state == "failed" and "500" in str(run.reason) and "Traceback" not in run.log_tail()


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A home on a disk of 3 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", place]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    monkeypatch.setenv("BMCORE_HOME", str(place))
    yield place
    for _ in range(100):
        if subprocess.run(["umount", place], check=False, capture_output=True).returncode == 0:
            break
        time.sleep(0.1)


def test_a_disk_that_fills_up_while_clusters_are_written(small_disk):
    """The table takes little room as it is stored and much as csv."""
    n = 1800
    data = blobs(n).assign(who=["long " * 500 + str(i % 3) for i in range(n)])
    run = start({**asked("KMeans numeric"), "data": data})
    assert wait(run, timeout=200).state == "failed" and "disk space" in str(run.reason), run.log_tail()
    assert not (run.folder / "clusters.csv").exists() and not list(run.folder.glob(".clusters*"))
    assert run.evaluation is None and (run.folder / "model").is_dir()
    before = len(phases(run))
    subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
    done(runs.resume(run.id))
    assert "train" not in phases(run)[before:] and len(pd.read_csv(run.folder / "clusters.csv")) == n


def request(**change):
    ref = refs.store(b"a,b\n1,2\n3,4\n", "t.csv")
    return {"estimator": "KMeans", "data": ref, "columns": {"prepare": "numeric", "features": ["a", "b"]}, **change}


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"columns": {}}, DataError, "numeric, purchases, messages"),
    ({"columns": {"prepare": "flying"}}, DataError, "numeric, purchases, messages"),
    ({"columns": {"prepare": ["numeric"]}}, DataError, "numeric"),
    ({"columns": {"text": "a", "label": "b"}}, DataError, "prepare"),
    ({"columns": {"prepare": "numeric", "customer": "a"}}, DataError, "no use for 'customer'"),
    ({"columns": {"prepare": "numeric", "features": "a"}}, DataError, "list"),
    ({"columns": {"prepare": "numeric", "features": []}}, DataError, "list"),
    ({"columns": {"prepare": "numeric", "features": ["a", 3]}}, DataError, "features"),
    ({"columns": {"prepare": "numeric", "features": ["a", "a"]}}, DataError, "two uses"),
    ({"columns": {"prepare": "numeric", "features": ["a"], "label": "a"}}, DataError, "two uses"),
    ({"columns": {"prepare": "purchases", "customer": "a"}}, DataError, "date"),
    ({"columns": {"prepare": "purchases", "date": "a", "customer": ""}}, DataError, "customer"),
    ({"columns": {"prepare": "messages", "time": "a"}}, DataError, "text"),
    ({"split": {"test": 0.2}}, ParameterError, "split"),
    ({"choose": "yes"}, ParameterError, "choose"),
    ({"params": {"n_clusters": 0}}, ParameterError, "n_clusters"),
    ({"params": {"init": lambda X, k, random_state: X[:k]}}, ParameterError, "init"),
])
def test_a_request_that_cannot_be_meant_leaves_nothing(change, error, words):
    with pytest.raises(error, match=words):
        runs.start(request(**change))
    assert runs.list_runs() == []


@pytest.mark.parametrize("wrong", [{"features": 3}, {"prepare": ["numeric"]}, {"customer": "a"}, {"n_clusters": "many"}, {"colour": 1}])
def test_a_script_that_cannot_be_meant(wrong):
    for source in ({"data": blobs()}, {"sample": "dialogues_en"}):
        with pytest.raises((DataError, ParameterError)):
            runs.train("KMeans", **source, **{"prepare": "numeric", **wrong})
    assert runs.list_runs() == []


@pytest.mark.parametrize("wrong", [{"metric": "cosine"}, {"metric": "minkowski", "p": 3}, {"metric": "precomputed"}])
def test_a_run_takes_the_distances_that_its_pages_measure_with(wrong):
    with pytest.raises(ParameterError, match="DBSCAN in a script"):
        runs.train("DBSCAN", data=blobs(), prepare="numeric", eps=1.0, **wrong)
    assert runs.list_runs() == []


def test_choose_is_for_groups_only():
    with pytest.raises(ParameterError, match="choose"):
        runs.start({**request(), "estimator": "TextClassifier", "columns": {"text": "a", "label": "b"}, "choose": True})


def test_a_spec_says_all_that_is_needed_to_repeat_it():
    built = spec.build(request(params={"init": np.array([[0.0, 0.0], [1.0, 1.0]]), "n_clusters": np.int64(2)}), "id")
    assert built["task"] == "clustering" and built["params"]["random_state"] == 0 and built["seed"] == 0 and built["split"] == {}
    assert built["params"]["init"] == [[0.0, 0.0], [1.0, 1.0]] and built["choose"] is False and json.dumps(built)
    assert spec.build(request(params={"random_state": 7}), "id")["seed"] == 7


def test_a_spec_of_before_is_a_classification(home):
    from tests.runs.test_store import made

    run = made(home, columns={"text": "t", "label": "department"}, data={"kind": "file", "name": "m.csv"})
    assert run.spec["task"] == "classification" and str(run.title()) == "department from m.csv"
    assert str(made(home, task="flying", data={"kind": "file", "name": "m.csv"}).title())


def test_a_sample_knows_its_columns():
    from bmcore.data.samples import sample

    task = tasks.asks("clustering")
    assert task.of_sample(sample("cdnow"), {}) == {
        "prepare": "purchases", "customer": "customer", "date": "date", "money": "money", "quantity": "quantity"}
    assert task.of_sample(sample("german_credit"), {"features": ["age", "amount"]}) == {
        "prepare": "numeric", "features": ["age", "amount"], "label": "credit"}
    assert task.of_sample(sample("clothing_reviews"), {"by": "rating"}) == {"prepare": "messages", "text": "text", "by": "rating"}
    assert task.of_sample(sample("cdnow"), {"prepare": "numeric", "features": ["money"]}) == {"prepare": "numeric", "features": ["money"]}


def test_nothing_heavy_is_imported_to_start_a_run():
    code = (
        "import sys\nfrom bmcore.runs import spec, tasks, store\n"
        "spec.build({'estimator': 'DBSCAN', 'data': {'kind': 'file', 'name': 'x.csv'}, 'columns': {'prepare': 'numeric'}}, 'id')\n"
        "print([name for name in ('torch', 'pandas', 'scipy', 'numba', 'sklearn') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert found.stdout.strip() == "[]"
