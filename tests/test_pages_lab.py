"""The lab: what it computes, in the process where it computes, and the page in every state by AppTest."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from pagetest import TIMEOUT, button, words

from bmcore.cluster import KMeans
from bmcore.data import refs, shapes
from bmcore.errors import DataError
from bmcore.ui import lab_compute, lab_data

ROOT = Path(__file__).resolve().parents[1]
BLOBS = {"shape": "blobs", "n": 200, "noise": 0.1, "seed": 0}
COLUMNS = b"a,b,c,name\n" + b"".join(b"%d,%d,%d,x%d\n" % (i % 2 * 50 + i % 7, i % 2 * 90 + i % 5, i * 7 % 11, i) for i in range(60))


# what is computed

CASES = [
    ("moons", {"n_clusters": 2, "random_state": 0}),
    ("rings", {"n_clusters": 5, "random_state": 3, "init": "random"}),
    ("uniform", {"n_clusters": 9, "random_state": 1, "n_init": 7, "init": "random"}),
    ("bands", {"n_clusters": 3, "random_state": 2, "max_iter": 2}),
    ("densities", {"n_clusters": 1, "random_state": 0}),
    ("uniform", {"n_clusters": 20, "random_state": 5, "init": "random", "n_init": 1, "tol": 0.0}),  # more than 30 passes
]


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("name, params", CASES)
def test_steps_end_where_kmeans_ends(name, params, kind):
    X = shapes.SHAPES[name](400, seed=4)[0].astype(kind)
    model = KMeans(**params).fit(X)
    steps = lab_compute.lloyd_steps(X, model)
    assert (steps[-1]["labels"] == model.labels_).all()
    np.testing.assert_allclose(steps[-1]["centres"], model.cluster_centers_, rtol=1e-6, atol=1e-6)
    assert steps[-1]["inertia"] == pytest.approx(model.inertia_, rel=1e-6)
    assert steps[-1]["pass"] == model.n_iter_ and len(steps) == min(model.n_iter_, 30) + 1


@pytest.mark.parametrize("name, params", CASES)
def test_each_step_is_one_of_lloyds(name, params):
    """Against the definition: nearest centre, then the middle of one's points; inertia never rises."""
    X = shapes.SHAPES[name](400, seed=4)[0]
    steps = lab_compute.lloyd_steps(X, KMeans(**params).fit(X))
    assert all((centre == X).all(1).any() for centre in steps[0]["centres"]), "the first centres are points"
    for before, after in itertools.pairwise(steps):
        squares = ((X[:, None] - before["centres"]) ** 2).sum(2)
        nearest = squares.argmin(1)
        assert (before["labels"] == nearest).all()
        assert before["inertia"] == pytest.approx(squares.min(1).sum())
        assert after["inertia"] <= before["inertia"] * (1 + 1e-12)
        if after["pass"] == before["pass"] + 1:
            means = np.array([X[nearest == j].mean(0) for j in range(params["n_clusters"])])
            np.testing.assert_allclose(after["centres"], means, atol=1e-9)


def test_colours_are_matched_and_only_renumbered():
    labels, like = np.array([2, 2, 2, 0, 0, 1]), np.array([0, 0, 0, 1, 1, -1])
    order = lab_compute.matched(labels, 3, like)
    assert order.tolist() == [1, 2, 0]
    rng = np.random.default_rng(0)
    for k in (1, 4, 9):
        for most in (1, 3, 20):
            order = lab_compute.matched(rng.integers(0, k, 50), k, rng.integers(-1, most, 50))
            assert sorted(order) == list(range(k))


# the child process

def test_groups_in_a_real_child(home):
    asked = {"do": "groups", "data": BLOBS, "kmeans": {"n_clusters": 3, "random_state": 0}, "dbscan": {"eps": 0.3}}
    found = lab_compute.ask(asked)
    X, truth = shapes.blobs(200, noise=0.1, seed=0)
    np.testing.assert_allclose(found["points"], X, atol=1e-4)
    for part in (found["kmeans"], found["dbscan"]):
        assert part["k"] == 3 and part["agreement"] == 1.0 and len(part["labels"]) == 200
    assert found["kmeans"]["labels"] == found["dbscan"]["labels"], "the same group has the same colour"
    assert found["kmeans"]["inertia"] == pytest.approx(sum(X[truth == j].var(0).sum() * (truth == j).sum() for j in range(3)), rel=1e-4)
    assert found["kmeans"]["steps"][-1]["labels"] == found["kmeans"]["labels"]


def test_choices_in_a_real_child(home):
    assert lab_compute.ask({"do": "choose_k", "data": {**BLOBS, "n": 90}})["recommended"] == 3
    assert 0.02 < lab_compute.ask({"do": "choose_eps", "data": BLOBS, "min_samples": 5})["recommended"] < 1.2


def test_a_table_is_scaled_and_drawn_in_its_main_directions(home):
    ref = refs.store(COLUMNS, "mine.csv")
    seen = lab_compute.answer({"do": "columns", "data": {"ref": ref}})
    assert seen["rows"] == 60 and seen["names"] == ["a", "b", "c"]
    asked = {"do": "groups", "data": {"ref": ref, "features": None}, "kmeans": {"n_clusters": 2}, "dbscan": {"eps": 1.5}}
    found = lab_compute.answer(asked)
    assert found["axes"] == [] and len(found["points"][0]) == 2 and found["explained"][0] > 0.6
    assert found["kmeans"]["agreement"] is None
    asked["data"]["features"] = ["a", "b"]
    assert lab_compute.answer(asked)["axes"] == ["a", "b"]
    assert sorted(np.bincount(lab_compute.answer(asked)["kmeans"]["labels"])) == [30, 30]


def test_large_tables_are_cut(home, monkeypatch):
    monkeypatch.setattr(lab_compute, "MOST_ROWS", 150)
    monkeypatch.setattr(lab_compute, "MOST_DRAWN", 90)
    monkeypatch.setattr(lab_compute, "MOST_MOVING", 40)
    ref = refs.store(b"a,b\n" + b"".join(b"%d,%d\n" % (i % 13, i * i % 17) for i in range(400)), "big.csv")
    found = lab_compute.answer({"do": "groups", "data": {"ref": ref, "features": None}, "kmeans": {"n_clusters": 2}, "dbscan": {}})
    assert (found["rows"], found["used"], len(found["points"])) == (400, 150, 90) and len(found["moving"]) <= 40
    assert len(found["kmeans"]["labels"]) == len(found["dbscan"]["labels"]) == 90
    assert all(len(step["labels"]) == len(found["moving"]) for step in found["kmeans"]["steps"])


def test_one_method_may_fail_alone(home):
    found = lab_compute.answer({"do": "groups", "data": {**BLOBS, "n": 5}, "kmeans": {"n_clusters": 9}, "dbscan": {"eps": 9.0}})
    assert "n_clusters=9" in found["kmeans"]["error"]["template"].format(**found["kmeans"]["error"]["values"])
    assert found["dbscan"]["k"] == 1


def test_errors_are_sentences(home, monkeypatch):
    ref = refs.store(b"a,name\n1,x\n2,y\n4,z\n", "one.csv")
    with pytest.raises(DataError, match="two columns"):
        lab_compute.ask({"do": "groups", "data": {"ref": ref, "features": None}})
    with pytest.raises(DataError, match="could not be computed"):
        lab_compute.ask({"do": "groups", "data": {"shape": "no such shape", "n": 5, "seed": 0, "noise": 0}})
    monkeypatch.setattr(lab_compute, "WAIT_S", 0.05)
    with pytest.raises(DataError, match="longer than"):
        lab_compute.ask({"do": "groups", "data": BLOBS})


def test_the_server_stays_light():
    script = (
        "import sys, json\n"
        "from bmcore.base import estimator_class\n"
        "from bmcore.ui import lab_answers, lab_charts, lab_choose, lab_compute, lab_data, lab_methods, lab_steps\n"
        "estimator_class('KMeans'), estimator_class('DBSCAN')\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not set(json.loads(done.stdout)) & {"sklearn", "numba", "torch", "scipy", "transformers"}


# the page

def opened(**query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "pages" / "lab_clusters.py"), default_timeout=TIMEOUT)
    at.query_params["lang"] = "en"
    for name, value in query.items():
        at.query_params[name] = value
    return at


@pytest.fixture
def here(monkeypatch):
    """Answers from this process: the same code, without a second's wait for each."""
    asked = []
    monkeypatch.setattr(lab_compute, "ask", lambda request: asked.append(request) or lab_compute.answer(request))
    return asked


def test_first_visit_computes_for_real(home):
    at = opened().run()
    assert not at.exception and not at.error
    assert at.title[0].value == "Clustering lab"
    metrics = {(metric.label, metric.value) for metric in at.metric}
    assert ("Agrees with the truth", "1.00") in metrics and ("Groups", "2") in metrics
    assert "The first centres." in words(at)


@pytest.mark.parametrize("shape", [shape.key for shape in lab_data.SHAPES])
def test_every_shape(here, shape):
    at = opened()
    at.session_state["lab_clusters.n"] = 100
    at.session_state["lab_clusters.shape"] = shape
    at.run()
    assert not at.exception and not at.error
    assert here[-1]["data"]["shape"] == shape
    assert ("Agrees with the truth" in {metric.label for metric in at.metric}) == (shape != "uniform")
    assert set(shapes.SHAPES) == {shape.key for shape in lab_data.SHAPES}


def test_every_setting_is_there_and_reaches_the_method(here):
    from bmcore import DBSCAN, params

    at = opened().run()
    keys = {(element.key or "").split(":")[0] for kind in (at.text_input, at.number_input, at.selectbox, at.toggle) for element in kind}
    for cls in (KMeans, DBSCAN):
        own = {"n_clusters", "eps", "min_samples"}
        asked = {f"lab_clusters.{name}" if name in own else f"lab_clusters.{cls.__name__}.{name}" for name in params.declared(cls)}
        assert asked <= keys
    at.number_input(key="lab_clusters.n_clusters:moons").set_value(7)
    at.selectbox(key="lab_clusters.DBSCAN.metric:moons").set_value("manhattan")
    at.text_input(key="lab_clusters.KMeans.init:moons").set_value("random").run()
    assert here[-1]["kmeans"] == {"n_clusters": 7, "init": "random", "random_state": 0}
    assert here[-1]["dbscan"] == {"eps": 0.2, "min_samples": 5, "metric": "manhattan"}
    n = len(here)
    at.run()
    assert len(here) == n, "the same question is not computed twice"


def test_a_refused_setting_is_a_sentence(here):
    at = opened().run()
    at.text_input(key="lab_clusters.KMeans.tol:moons").set_value("-3").run()
    assert not at.exception and "tol" in at.error[0].value.replace("\\", "")
    at.text_input(key="lab_clusters.KMeans.tol:moons").set_value("0.1").run()
    assert not at.error and here[-1]["kmeans"]["tol"] == 0.1


def test_a_computing_that_fails_is_a_sentence(monkeypatch):
    def fail(request):
        raise DataError("This took longer than {n} seconds.", n=180)

    monkeypatch.setattr(lab_compute, "ask", fail)
    at = opened().run()
    assert not at.exception and "180 seconds" in at.error[0].value


def test_steps_by_slider_and_by_playing(here):
    at = opened().run()
    slider = next(element for element in at.slider if element.label == "Step")
    slider.set_value(2).run()
    assert "Pass 2 of" in words(at)
    button(at, "lab_clusters.play").click().run()
    assert "Pass 3 of" in words(at) and button(at, "lab_clusters.play").label == "Pause"
    last = len(lab_compute.answer(here[-1])["kmeans"]["steps"]) - 1
    for _ in range(last):
        at.run()  # as the timer would
    assert f"Pass {last} of {last}" in words(at) and "this is the result" in words(at)
    assert button(at, "lab_clusters.play").label == "Play"
    button(at, "lab_clusters.play").click().run()
    assert "The first centres" in words(at), "from the end it starts again"
    button(at, "lab_clusters.play").click().run()
    assert button(at, "lab_clusters.play").label == "Play"
    assert not at.exception


def test_a_choice_can_be_taken(here):
    at = opened()
    at.session_state["lab_clusters.n"] = 100
    at.session_state["lab_clusters.shape"] = "blobs"
    at.run()
    at.number_input(key="lab_clusters.n_clusters:blobs").set_value(8).run()
    button(at, "lab_clusters.choose_k").click().run()
    assert "Take 3 groups" in words(at)
    button(at, "lab_clusters.take:lab_clusters.n_clusters").click().run()
    assert at.number_input(key="lab_clusters.n_clusters:blobs").value == 3
    button(at, "lab_clusters.choose_eps").click().run()
    assert "eps" in words(at) and not at.exception
    button(at, "lab_clusters.take:lab_clusters.eps").click().run()
    assert not at.exception and here[-1]["dbscan"]["eps"] != 0.2


def uploaded(content: bytes, name: str = "mine.csv") -> AppTest:
    at = opened(source="file").run()
    assert not at.exception and "K-Means against DBSCAN" in words(at), "what comes later is listed"
    return at.file_uploader[0].set_value((name, content, "text/csv")).run()


def test_an_own_table_and_a_run_of_it(home, here, monkeypatch):
    from bmcore.runs import launch

    started = []
    real = subprocess.Popen

    def popen(command, *args, **kwargs):
        started.append(command)
        return real(["true"], stdin=subprocess.DEVNULL)

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    from bmcore.ui import nav

    left = {}
    monkeypatch.setattr(nav, "go", lambda key, **values: left.update(key=key, **values))
    at = uploaded(COLUMNS)
    assert not at.exception and not at.error
    at.multiselect[0].set_value(["a", "b"]).run()
    assert here[-1]["data"]["features"] == ["a", "b"]
    at.number_input(key=next(e.key for e in at.number_input if "n_clusters" in e.key)).set_value(2).run()
    button(at, "lab_clusters.train:KMeans").click().run()
    assert not at.exception and not at.error and len(started) == 1
    spec = json.loads((home / "runs" / left["run"] / "spec.json").read_text())
    assert left["key"] == "customer_segments" and spec["columns"] == {"prepare": "numeric", "features": ["a", "b"]}
    assert spec["params"]["n_clusters"] == 2 and spec["choose"] is False and spec["scenario"] == "lab_clusters"
    button(at, "lab_clusters.train:DBSCAN").click().run()
    assert left["key"] == "unusual" and len(started) == 2


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"a\n1\n2\n3\n", b"name,word\nx,y\nz,w\n", b"\x89PNG\r\n\x1a\n" + b"\0" * 64])
def test_a_table_that_cannot_be_used_is_a_sentence(here, content):
    at = uploaded(content)
    assert not at.exception
    assert at.error or at.info


def test_words_of_others_do_nothing(here):
    at = uploaded(b"<b>$x$</b>,:red[y]\n" + b"".join(b"%d,%d\n" % (i, i * i % 7) for i in range(40)), "<script>.csv")
    assert not at.exception and not at.error
    assert not any("<b>" in element.value.replace("\\<", "") for element in at.markdown)
