"""Runs that learn to recommend: the shared promises of every run, and what only they have. Real estimators, real workers."""

import json
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
from bmcore.commands import results
from bmcore.data import refs
from bmcore.errors import DataError, ParameterError
from bmcore.runs import spec, tasks, work_recommend_map
from tests.runs.conftest import N, kill, phases, stopped_in_each, wait, wait_until

PHASES = ["data", "split", "train", "evaluate", "refit", "describe", "save"]
COLUMNS = {"user": "who", "item": "what", "time": "when", "name": "called", "about": ["kind"], "traits": ["town"]}


def purchases(users=80, items=24):
    """Two kinds of people and two kinds of things; who is of a kind buys that kind. One thing was bought last, by one person."""
    draw = np.random.default_rng(0)
    rows = []
    for user in range(users):
        kind = user % 2
        for item in draw.choice(np.arange(kind, items, 2), 7, replace=False):
            day = np.datetime64("2024-01-01") + int(draw.integers(0, 200))
            rows.append((f"=c{user}", int(item), str(day), f"=thing {item}", ("tea", "tool")[item % 2], ("Rome", "Oslo")[kind]))
    rows.append(("=c0", 99, "2024-12-31", "the new one", "tea", "Rome"))
    return pd.DataFrame(rows, columns=["who", "what", "when", "called", "kind", "town"])


def case(estimator="EASE", **change):
    """What `train` takes."""
    return {"estimator": estimator, "data": purchases(), **COLUMNS, **change}


@pytest.fixture(autouse=True)
def no_worker_stays(home):
    yield
    for run in runs.list_runs():
        if run.alive:
            runs.cancel(run.id)
            kill(run)


def start(asked):
    return runs.train(**asked, detach=True)


def done(run, timeout=300):
    wait(run, timeout=timeout)
    assert run.state == "done", (run.state, str(run.reason), run.log_tail())
    return run


def left(run):
    """What a run leaves, without times."""
    lists = bmcore.load(run.id).recommend(users=["=c0", "=c1"], k=5)
    parts = {name: entry for name, entry in run.evaluation.items() if name != "seconds"}
    for entry in (parts["model"], *parts["baselines"], parts["cold"] or {}):
        entry.pop("seconds", None)
    return lists, (run.folder / "recommendations.csv").read_bytes(), (run.folder / "map.json").read_bytes(), parts


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run, made once in a home of its own, and what it leaves."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("BMCORE_HOME", str(tmp_path_factory.mktemp("whole")))
        run = done(start(case()))
        return run, left(run)


@pytest.fixture
def finished(whole, monkeypatch):
    """That run, in its home."""
    monkeypatch.setenv("BMCORE_HOME", str(whole[0].folder.parents[1]))
    return whole[0]


def test_a_run_and_all_it_leaves(finished):
    run = finished
    found = run.evaluation
    assert found["task"] == "recommendation" and found["n_users"] == 80 and found["n_items"] == 25 and found["split"]["kind"] == "time"
    assert found["verdict"]["kind"] in ("better", "not_proven", "worse") and found["choice"] is None
    assert {entry["name"] for entry in found["baselines"]} == {"Popularity", "ItemKNN"}
    assert found["model"]["ndcg_10"]["value"] > 1.3 * found["baselines"][0]["ndcg_10"]["value"]
    assert run.headline["metric"] == "ndcg_10" and run.headline["value"] == found["model"]["ndcg_10"]["value"]
    assert phases(run) == PHASES and "Recommendations from" in str(run.title())
    assert not (run.folder / "checkpoints").exists() and oct(run.folder.stat().st_mode)[-3:] == "700"
    assert {path.suffix for path in run.model_folder.rglob("*") if path.is_file()} <= {".json", ".npz"}
    notes = " ".join(map(str, run.notes))
    assert "fitted again on all" in notes
    json.dumps(found, allow_nan=False)


def test_the_table_and_the_map(finished):
    run = finished
    table = pd.read_csv(run.folder / "recommendations.csv", encoding="utf-8-sig")
    assert table.columns.tolist() == ["customer", "item", "title", "score", "rank"]
    assert table["customer"].nunique() == 80 and table["customer"].str.startswith("'=c").all()
    assert table["title"].str.match("'=thing|the new").all()
    assert table.groupby("customer")["rank"].apply(list).map(lambda ranks: ranks == list(range(1, len(ranks) + 1))).all()
    had = purchases().assign(who=lambda frame: "'" + frame["who"])[["who", "what"]].itertuples(index=False, name=None)
    assert not set(had) & set(table[["customer", "item"]].itertuples(index=False, name=None))
    own = table[table["rank"] == 1]
    assert (own["item"] % 2 == own["customer"].str[3:].astype(int) % 2).mean() > 0.9
    drawn = json.loads((run.folder / "map.json").read_text())
    assert len(drawn["points"]) == len(drawn["item"]) == len(drawn["title"]) == len(drawn["group"]) == len(drawn["popularity"]) == 25
    assert set(drawn["group"]) == {"tea", "tool"} and sorted(drawn["popularity"], reverse=True) == drawn["popularity"]
    points, odd = np.array(drawn["points"]), np.array([group == "tool" for group in drawn["group"]])
    near = np.argsort(np.linalg.norm(points[:, None] - points[None], axis=2), axis=1)[:, 1:4]
    assert (odd[near] == odd[:, None]).mean() > 0.9


def test_what_is_saved_has_learned_from_everything(finished):
    """The newest purchase is in the test, and in the model."""
    model = bmcore.load(finished.id)
    assert 99 in model.recommender.item_ids_ and model.recommender.history_.sum() == len(purchases())
    assert finished.evaluation["new_items_in_test"] >= 1


def test_the_choice_that_was_judged_is_saved_and_said():
    run = done(start(case("AutoRecommender")))
    model = bmcore.load(run.id)
    assert run.evaluation["choice"] == type(model.recommender).__name__ == run.headline["model"]
    why = run.evaluation["why"]["template"]
    assert why in [note.template for note in run.notes]


def test_killed_in_each_phase_and_resumed_gives_the_same(whole):
    run, killed = stopped_in_each(start(case()), PHASES, kill)
    assert {"train", "evaluate", "describe"} <= set(killed)
    assert left(run) == whole[1]
    assert not list(run.folder.glob(".*")) and not list(run.folder.glob("*.tmp"))
    assert len(run.notes) == len({str(note) for note in run.notes})


def test_a_choice_survives_a_kill():
    run = start(case("AutoRecommender"))
    wait_until(lambda: (run.folder / "checkpoints" / "tried").is_dir() or not run.alive)
    if run.alive:
        kill(run)
    wait(run)
    if run.state != "done":
        done(runs.resume(run.id))
    expected = left(done(start(case("AutoRecommender"))))
    assert left(run) == expected and run.evaluation["why"]


@pytest.mark.slow
def test_killed_at_random_and_resumed_gives_the_same(whole):
    expected, chance = whole[1], random.Random(0)
    for _ in range(max(1, N // 3)):
        run = start(case())
        for _ in range(2):
            time.sleep(chance.random() * 4)
            if run.alive:
                kill(run)
            wait(run)
            if run.state == "done":
                break
            runs.resume(run.id)
        assert left(done(run)) == expected


def test_what_is_finished_is_not_repeated():
    run = start(case())
    wait_until(lambda: (run.folder / "model").is_dir() or not run.alive)
    if run.alive:
        kill(run)
    wait(run)
    before = len(phases(run))
    if run.state == "lost":
        done(runs.resume(run.id))
        assert not {"train", "refit"} & set(phases(run)[before:])


def test_cancelled_in_a_phase_and_resumed(whole):
    run, cancelled = stopped_in_each(start(case()), ["data", "train", "evaluate", "describe"], lambda run: runs.cancel(run.id))
    assert {"train", "evaluate"} <= set(cancelled) and left(run) == whole[1]


def test_from_the_terminal_to_an_answer(tmp_path, capsys):
    """train --json, show, runs, predict for known customers and for new visitors: one run, one result."""
    purchases().to_csv(tmp_path / "purchases.csv", index=False)
    options = ["--user", "who", "--item", "what", "--time", "when", "--name", "called", "--about", "kind", "--traits", "town"]
    assert cli.main(["train", "EASE", "--data", str(tmp_path / "purchases.csv"), *options, "--title", "Shop", "--json"]) == 0
    run = runs.get(json.loads(capsys.readouterr().out)["id"])
    assert run.spec["columns"] == {
        "user": "who", "item": "what", "time": "when", "title": "called", "about": ["kind"], "traits": ["town"]}
    assert run.spec["split"] == {"test": 0.2, "seed": 0} and str(run.title()) == "Shop"
    assert cli.main(["show", run.id]) == 0
    printed = capsys.readouterr().out
    assert "NDCG@10" in printed and "Popularity" in printed and "ItemKNN" in printed and "recall@20" in printed
    assert cli.main(["runs"]) == 0 and results.score(run.headline) in capsys.readouterr().out
    source, target = str(tmp_path / "in.csv"), str(tmp_path / "out.csv")
    pd.DataFrame({"who": ["=c1", "=c0", "=c1", "nobody"]}).to_csv(source, index=False)
    assert cli.main(["predict", run.id, source, target, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 30
    found = pd.read_csv(target, encoding="utf-8-sig")
    assert found.columns.tolist() == ["customer", "rank", "item", "title", "score"]
    assert found["customer"].drop_duplicates().tolist() == ["'=c1", "'=c0", "nobody"]
    model = bmcore.load(run.id)
    assert found["item"][:10].tolist() == [entry["item"] for entry in model.recommend(users=["=c1"])[0]]
    pd.DataFrame({"who": ["new", "new"], "what": [1, 3]}).to_csv(source, index=False)
    assert cli.main(["predict", run.id, source, target]) == 0
    found = pd.read_csv(target, encoding="utf-8-sig")
    assert found["item"][:5].mod(2).eq(1).all() and not set(found["item"]) & {1, 3}
    pd.DataFrame({"else": ["new"]}).to_csv(source, index=False)
    assert cli.main(["predict", run.id, source, target]) == 2 and "'who'" in capsys.readouterr().err
    assert cli.main(["predict", run.id, source, target, "--text", "else"]) == 2


@pytest.mark.parametrize(("change", "words"), [
    ({"item": "nothing"}, "nothing"),
    ({"weight": "kind", "about": None}, "kind"),
    ({"data": purchases().assign(who="one")}, "one"),
    ({"data": purchases().assign(before=lambda frame: frame["what"].map({0: "2", 2: "0"})), "requires": "before"}, "needs"),
])
def test_a_run_whose_columns_are_wrong_fails_with_a_sentence(change, words):
    run = start(case(**change))
    assert wait(run).state == "failed" and words in str(run.reason)
    assert "Traceback" not in run.log_tail()


def request(**change):
    ref = refs.store(b"a,b\n1,2\n3,4\n", "t.csv")
    return {"estimator": "EASE", "data": ref, "columns": {"user": "a", "item": "b"}, **change}


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"columns": {}}, DataError, "user"),
    ({"columns": {"user": "a"}}, DataError, "item"),
    ({"columns": {"user": "a", "item": ""}}, DataError, "item"),
    ({"columns": {"user": "a", "item": "a"}}, DataError, "two uses"),
    ({"columns": {"user": "a", "item": "b", "label": "c"}}, DataError, "no use for 'label'"),
    ({"columns": {"user": "a", "item": "b", "about": "c"}}, DataError, "list"),
    ({"columns": {"user": "a", "item": "b", "about": ["b"]}}, DataError, "two uses"),
    ({"columns": {"user": "a", "item": "b", "traits": [3]}}, DataError, "traits"),
    ({"columns": 3}, DataError, "user"),
    ({"split": {"test": 2}}, ParameterError, "test"),
    ({"split": {"max_train": 2}}, ParameterError, "max_train"),
    ({"choose": True}, ParameterError, "choose"),
    ({"params": {"colour": 0}}, ParameterError, "colour"),
])
def test_a_request_that_cannot_be_meant_leaves_nothing(change, error, words):
    with pytest.raises(error, match=words):
        runs.start(request(**change))
    assert runs.list_runs() == []


def test_a_title_may_be_what_an_item_is_about():
    built = spec.build(request(columns={"user": "a", "item": "b", "title": "c", "about": ["c", "d"], "traits": []}), "id")
    assert built["columns"] == {"user": "a", "item": "b", "title": "c", "about": ["c", "d"]} and built["task"] == "recommendation"


def test_a_sample_knows_its_columns():
    from bmcore.data.samples import sample

    task = tasks.asks("recommendation")
    own = {"user": "user", "item": "item", "weight": "rating", "time": "timestamp", "title": "title", "about": ["genres"],
           "traits": ["age", "gender", "occupation"]}
    assert task.columns(task.of_sample(sample("movielens_100k"), {})) == own
    given = task.columns(task.of_sample(sample("movielens_100k"), {"about": ["title"], "traits": ["age"]}))
    assert given == {**{role: own[role] for role in ("user", "item", "weight", "time")}, "about": ["title"], "traits": ["age"]}
    with pytest.raises(DataError, match="user"):
        task.columns(task.of_sample(sample("cdnow"), {}))


def test_a_result_in_a_line():
    task = tasks.asks("recommendation")
    found = {
        "metric": "ndcg_10", "model": {"name": "EASE", "ndcg_10": {"value": 0.4, "low": 0.3, "high": 0.5}},
        "baselines": [{"name": "Popularity", "ndcg_10": {"value": 0.2}}], "difference": {"against": "Popularity"},
        "verdict": {"kind": "better"},
    }
    assert task.headline(found) == {
        "metric": "ndcg_10", "value": 0.4, "low": 0.3, "high": 0.5, "baseline": "Popularity", "baseline_value": 0.2, "verdict": "better",
        "model": "EASE"}
    assert results.score(task.headline({**found, "baselines": []})) == "-"
    assert task.headline({}) is None and task.headline({"metric": "x", "model": 3}) is None


@pytest.mark.parametrize("n", [2, 3, 9, 11, 60])
def test_a_map_of_few_items(n):
    from scipy.sparse import random as sparse_random

    X = sparse_random(30, n, 0.4, format="csr", dtype=np.float32, random_state=0)
    points = work_recommend_map.place(X)
    assert points.shape == (n, 2) and np.isfinite(points).all()
    np.testing.assert_array_equal(points, work_recommend_map.place(X))


def test_groups_are_few_or_none():
    assert work_recommend_map.groups(["red; big", "blue", "red"]) == ["red", "blue", "red"]
    assert work_recommend_map.groups([f"word {i}" for i in range(50)]) == [None] * 50
    assert work_recommend_map.groups(["same", "same"]) == [None, None]


def test_the_table_of_very_many_is_whole_though_written_in_parts(tmp_path, monkeypatch):
    from bmcore.recommend.model import RecommenderModel
    from bmcore.recommend.popularity import Popularity
    from bmcore.runs import work_recommend_files
    from bmcore.runs.report import Report

    model = RecommenderModel(Popularity().fit(purchases(), user="who", item="what"))
    for name, customers in (("whole", 1000), ("parts", 30)):
        monkeypatch.setattr(work_recommend_files, "CUSTOMERS", customers)
        (tmp_path / name).mkdir()
        work_recommend_files.write(tmp_path / name, model, Report(tmp_path / name))
    whole, parts = ((tmp_path / name / "recommendations.csv").read_bytes() for name in ("whole", "parts"))
    assert whole == parts and pd.read_csv(tmp_path / "parts" / "recommendations.csv")["customer"].nunique() == 80


def test_a_damaged_result_is_shown_without_a_traceback(capsys):
    whole = {
        "task": "recommendation", "verdict": {"message": {"template": "Better.", "values": {}}}, "baselines": [],
        "model": {"name": "EASE", "ndcg_10": {"value": 0.4, "low": 0.3, "high": 0.5}, "coverage_10": {"value": 0.2}},
        "cold": {"n_items": 7, "recall_20": {"value": 0.3, "low": 0.2, "high": 0.4}, "chance": 0.1},
    }
    for change in ({}, {"model": None}, {"baselines": 3}, {"cold": {}}, {"verdict": {}}):
        results.show({**whole, **change})
        shown = capsys.readouterr().out
        assert change or ("0.400 (0.300 - 0.500)" in shown and "Better." in shown and "0.300 (0.200 - 0.400) among 7" in shown)


def test_nothing_heavy_is_imported_to_start_a_run():
    code = (
        "import sys\nfrom bmcore.runs import spec, tasks, store\nfrom bmcore.serve import recommendations\n"
        "spec.build({'estimator': 'EASE', 'data': {'kind': 'file', 'name': 'x.csv'}, 'columns': {'user': 'a', 'item': 'b'}}, 'id')\n"
        "recommendations.endpoints(object, None)\n"
        "print([name for name in ('torch', 'pandas', 'scipy', 'numba', 'sklearn') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("estimator", ["ALS", "ItemKNN", "Popularity"])
def test_every_recommender_can_be_run(estimator):
    run = done(start(case(estimator, time=None, traits=None)))
    assert run.evaluation["model"]["name"] == estimator and run.evaluation["split"]["kind"] == "per_user"
    assert estimator not in {entry["name"] for entry in run.evaluation["baselines"]} and run.headline["baseline_value"] is not None
    assert len(bmcore.load(run.id).recommend(users=["=c0"], k=3)[0]) == 3


def test_films_from_the_terminal(capsys):
    """The built-in sample knows its columns."""
    assert cli.main(["train", "AutoRecommender", "--sample", "movielens_100k", "--preset", "balanced", "--json"]) == 0
    run = runs.get(json.loads(capsys.readouterr().out)["id"])
    found = run.evaluation
    assert run.spec["columns"]["about"] == ["genres"] and found["choice"] == "EASE" and found["split"]["kind"] == "time"
    assert (found["n_users"], found["n_items"], found["n_interactions"]) == (943, 1682, 100_000)
    assert found["model"]["ndcg_10"]["value"] > 0.15 and found["cold"]["recall_20"]["low"] > 1.5 * found["cold"]["chance"]
    entry = bmcore.load(run.id).recommend(histories=[[50]], k=1)[0][0]  # Star Wars
    assert entry["title"] == "Return of the Jedi (1983)" and entry["because"][0]["title"] == "Star Wars (1977)"
    drawn = json.loads((run.folder / "map.json").read_text())
    assert len(drawn["points"]) == 1682 and len(set(drawn["group"])) > 10
