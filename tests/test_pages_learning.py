"""The learning path: its made-up table, the path that is worked out, and the page in every state of a run by AppTest."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_recommend import TITLES, make_recommend_run  # noqa: E402
from make_run import STATES  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import i18n  # noqa: E402
from bmcore.data import refs  # noqa: E402
from bmcore.data.catalogue import catalogue  # noqa: E402
from bmcore.errors import DataError  # noqa: E402
from bmcore.recommend.model import RecommenderModel  # noqa: E402
from bmcore.recommend.paths import path_of  # noqa: E402
from bmcore.recommend.popularity import Popularity  # noqa: E402
from bmcore.serve import client  # noqa: E402
from bmcore.ui import learning_data, recommend_ask, recommend_look, roles  # noqa: E402
from bmcore.ui import learning_template as template  # noqa: E402
from bmcore.ui.recommend_scenarios import LEARNING  # noqa: E402

PAGE = "learning_path"
HOSTILE = "<img src=x onerror=window.hit=1>[a](javascript:window.hit=1) $x$ :red[x] **b**"
WITH_LEVELS = {"user": "learner", "item": "exercise", "title": "name", "difficulty": "difficulty", "requires": "requires"}


# the made-up table

def test_the_template_is_always_the_same_and_keeps_its_own_order():
    rows = list(csv.DictReader(template.content().decode().splitlines()))
    assert tuple(rows[0]) == template.COLUMNS == tuple(learning_data.COLUMNS)
    done = defaultdict(set)
    for row in rows:
        needs = [one for one in row["requires"].split(";") if one]
        assert set(needs) <= done[row["learner"]], "nobody does what they are not ready for"
        assert row["exercise"] not in done[row["learner"]] and 0 < float(row["score"]) <= 1
        done[row["learner"]].add(row["exercise"])
    assert len(done) == template.LEARNERS and set.union(*done.values()) <= set(template.COURSE)
    assert "made_up" in template.NAME and len(template.content()) < 200_000


def test_the_page_understands_every_column_of_the_template(home):
    ref = refs.store(template.content(), template.NAME)
    seen = recommend_look.answer({"ref": ref, "roles": roles.plainly(LEARNING.roles), "columns": None})
    assert seen["problem"] is None and seen["found"]["users"] == template.LEARNERS
    used = {name for value in seen["columns"].values() for name in (value if isinstance(value, list) else [value])}
    assert used == set(template.COLUMNS)
    assert seen["columns"]["difficulty"] == "difficulty" and seen["columns"]["requires"] == "requires"


# the path

@pytest.fixture(scope="module")
def model():
    frame = pd.DataFrame(
        [
            *[(f"p{i}", "sums", "Sums", 1, "", "numbers") for i in range(9)],
            *[(f"p{i}", "algebra", "Algebra", 2, "sums", "letters") for i in range(3)],
            *[(f"p{i}", "calculus", "Calculus", 3, "algebra;sums", "letters") for i in range(6)],
            *[(f"p{i}", "poetry", "Poetry", 1, "", "words") for i in range(4)],
            *[(f"p{i}", "proofs", "Proofs", 9, "", "letters") for i in range(8)],
        ],
        columns=["user", "item", "name", "level", "needs", "skill"],
    )
    items = catalogue(frame, "item", "name", about=["skill"], difficulty="level", requires="needs")
    return RecommenderModel(Popularity().fit(frame), items)


def steps(model, done, k=5, diversity=0.0, reach=None):
    found = path_of(model, dict.fromkeys(done, 1.0), k, diversity, reach)
    return found, [step["item"] for step in found["steps"]]


def test_what_is_required_comes_first_and_is_explained(model):
    found, order = steps(model, ["sums"])
    # by popularity proofs (8) and calculus (6) are first; algebra is rarer and comes because calculus needs it
    assert order == ["proofs", "algebra", "calculus", "poetry"]
    algebra, calculus = found["steps"][1], found["steps"][2]
    assert algebra["toward"] == "Calculus" and algebra["requires"] == [{"item": "sums", "title": "Sums", "step": None}]
    assert calculus["toward"] is None and {need["title"]: need["step"] for need in calculus["requires"]} == {"Algebra": 2, "Sums": None}
    assert found["done"] == {"n": 1, "titles": ["Sums"]} and found["level"] == 1 and found["difficulty"] == [1, 9] and found["ordered"]
    assert all(step["because"] or step["why"] for step in found["steps"]), "every step says why"


def test_difficulty_keeps_the_path_within_reach(model):
    _found, order = steps(model, ["sums"], reach=0.25)  # two of the eight levels between the easiest and the hardest
    assert order == ["algebra", "calculus", "poetry"], "proofs are far too hard"
    assert steps(model, ["sums"], reach=0.125)[1] != ["proofs"]
    assert "proofs" in steps(model, ["sums"], reach=1.0)[1]


def test_who_has_done_nothing_and_who_has_done_everything(model):
    found, order = steps(model, [])
    assert order[0] == "sums" and found["level"] is None and found["done"]["n"] == 0
    assert order.index("sums") < order.index("algebra") < order.index("calculus")
    assert steps(model, ["sums", "algebra", "calculus", "poetry", "proofs"])[1] == []
    assert len(steps(model, [], k=2)[1]) == 2


def test_variety_changes_the_aims_and_keeps_the_prerequisites(model):
    found, order = steps(model, ["sums"], k=3, diversity=1.0)
    assert order[:2] == ["proofs", "algebra"] and found["steps"][1]["toward"] is None, "shared with proofs by the fewest people"
    for dial in (0.0, 0.3, 0.7, 1.0):
        order = steps(model, [], diversity=dial)[1]
        assert order.index("sums") < order.index("algebra") < order.index("calculus")


def test_a_table_without_order_or_difficulty(home):
    frame = pd.DataFrame({"user": [1, 1, 2, 2, 3], "item": [1, 2, 2, 3, 3]})
    found, order = steps(RecommenderModel(Popularity().fit(frame)), [1])
    assert order == [2, 3] and found["difficulty"] is None and found["ordered"] is False and found["level"] is None


# the page

@pytest.fixture
def paths(monkeypatch):
    """What the service was asked; it answers with a path of two steps."""
    asked = []

    def served(run_id, method, request):
        assert method == "path"
        asked.append(request)
        need = [{"item": "a", "title": "Sums", "step": None}, {"item": "b", "title": "Algebra", "step": 1}]
        because = [{"title": TITLES[0], "share": 0.41}]
        first = {"item": "b", "title": "Algebra", "difficulty": 2.0, "requires": [], "toward": "Calculus", "because": because, "why": None}
        why = {"template": "Chosen by {n} of {total} users.", "values": {"n": 5, "total": 9}}
        last = {"item": "c", "title": HOSTILE, "difficulty": None, "requires": need, "toward": None, "because": [], "why": why}
        done = {"n": len((request.get("histories") or [[1, 2]])[0]), "titles": ["Sums", HOSTILE]}
        return {"paths": [{"steps": [first, last], "done": done, "level": 1.5, "difficulty": [1.0, 5.0], "ordered": True}]}

    monkeypatch.setattr(recommend_ask, "served", served)
    return asked


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang, paths):
    at = open_page(PAGE, lang, run=make_recommend_run(home, PAGE, state))
    assert not at.exception
    assert [title.value for title in at.title] == [i18n.translate(LEARNING.title, lang)]
    keys = [element.key or "" for element in at.button]
    assert any(key.startswith("live.stop") for key in keys) == (state in ("queued", "running"))
    assert any(key.startswith("steps.resume") for key in keys) == (state in ("failed", "cancelled", "lost"))


def test_a_path_is_there_at_once_and_says_why(home, paths):
    at = open_page(PAGE, run=make_recommend_run(home, PAGE, "done", columns=WITH_LEVELS))
    assert not at.exception and not at.error
    text = words(at)
    assert paths[0]["users"] == [7] and paths[0]["reach"] == 0.25 and paths[0]["k"] == 5
    assert "It has to come before: Calculus" in text and "needs Sums: done" in text and "needs Algebra: step 1" in text
    assert "●●○○○ difficulty 2" in text and "difficulty not known" in text and "Level reached: 1.5" in text
    assert f"because they did {TITLES[0]} (41 %)" in text and "Chosen by 5 of 9 users" in text
    assert "does not measure whether anybody learned" in text and "need not be what teaches most" in text


def test_the_dials_reach_the_path_and_the_same_is_not_asked_twice(home, paths):
    name = make_recommend_run(home, PAGE, "done", columns=WITH_LEVELS)
    at = open_page(PAGE, run=name)
    at.slider(key=f"{PAGE}.variety:{name}").set_value(40).run()
    assert paths[-1]["diversity"] == 0.4
    next(element for element in at.button_group if element.key == f"{PAGE}.reach:{name}").set_value(0.0).run()
    assert "reach" not in paths[-1] and not at.exception
    n = len(paths)
    at.run()
    assert len(paths) == n


def test_ticking_what_was_done(home, paths):
    name = make_recommend_run(home, PAGE, "done")
    at = open_page(PAGE, run=name)
    next(element for element in at.button_group if element.key == f"{PAGE}.whom:{name}").set_value("basket").run()
    assert not at.exception and paths[-1]["histories"] == [[]], "somebody who has done nothing has a path too"
    for item in (100, 103):
        next(element for element in at.button_group if element.key == f"{PAGE}.chip:{name}").set_value(item).run()
    assert paths[-1]["histories"] == [[100, 103]] and "users" not in paths[-1]
    assert not any((element.key or "").startswith(f"{PAGE}.reach") for element in at.button_group), "no difficulty in this table"


def test_a_path_that_cannot_be_had_is_a_sentence(home, monkeypatch):
    class Service:
        def ask(self, method, body):
            raise DataError("The table has no {user!r}.", user="x")

    monkeypatch.setattr(client, "alive", lambda run_id: True)
    monkeypatch.setattr(client, "service", lambda run_id: Service())
    at = open_page(PAGE, run=make_recommend_run(home, PAGE, "done"))
    assert not at.exception and "The table has no 'x'" in at.error[0].value.replace("\\", "")


def test_words_of_others_do_nothing(home, paths):
    at = open_page(PAGE, run=make_recommend_run(home, PAGE, "done", columns=WITH_LEVELS, titles=(HOSTILE, *TITLES[:20])))
    assert not at.exception
    for element in [*at.markdown, *at.caption]:
        assert "<img" not in element.value.replace("\\<", "") and "](javascript" not in element.value, element.value


def test_the_sample_is_named_for_what_it_is(home):
    at = open_page(PAGE)
    assert not at.exception
    assert "people rating films, standing in for learners" in words(at) and "no prerequisites and no difficulty" in words(at)
    assert "Nobody in it is real" in words(at)
    at = open_page(PAGE, source="hub")
    assert learning_data.HUB in words(at) and "not tried here" in words(at)


def test_the_made_up_table_can_be_used_at_once(home, monkeypatch):
    from bmcore.runs import launch

    real, started = subprocess.Popen, []

    def popen(command, *args, **kwargs):
        if "exec" not in command:
            return real(command, *args, **kwargs)
        started.append(command)
        return real(["true"], stdin=subprocess.DEVNULL)

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    at = open_page(PAGE)
    button(at, f"{PAGE}.use_template").click().run()
    assert not at.exception and not at.error and template.NAME in words(at)
    assert f"**{template.LEARNERS}** learners" in words(at)
    button(at, f"{PAGE}.start").click().run()
    assert not at.exception and not at.error and len(started) == 1
    run = at.query_params["run"]
    spec = json.loads((home / "runs" / (run if isinstance(run, str) else run[0]) / "spec.json").read_text())
    assert spec["scenario"] == PAGE and spec["columns"]["difficulty"] == "difficulty" and spec["columns"]["requires"] == "requires"
    assert spec["columns"]["user"] == "learner" and spec["data"]["name"] == template.NAME


def test_the_server_stays_light():
    script = (
        "import sys, json\n"
        "from bmcore.ui import learning_data, learning_steps, learning_try\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not set(json.loads(done.stdout)) & {"sklearn", "numba", "torch", "scipy", "transformers"}
