"""The list of all trainings where some of them looked for groups."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
import json

import pytest
from make_clusters import SCENARIOS, make_cluster_run
from make_run import make_run
from pagetest import open_page, words

from bmcore.ui import nav, runlist, scores


def run_of(name):
    from bmcore import runs

    return runs.get(name)


def test_every_run_opens_on_its_own_page(home):
    made = {scenario: make_cluster_run(home, scenario, "done", n=n) for n, scenario in enumerate(SCENARIOS)}
    made["customer_service"] = make_run(home, "done", n=9)
    at = open_page("runs")
    assert not at.exception
    pages = {element.proto.page for element in at.get("page_link")}
    assert {page for page in pages if page in made} == set(made)
    assert {scenario: nav.page_of(run_of(name)) for scenario, name in made.items()} == {scenario: scenario for scenario in made}


def test_names_measures_and_verdicts_in_the_list(home):
    for n, (scenario, verdict) in enumerate(zip(SCENARIOS, scores.GROUPS, strict=True)):
        make_cluster_run(home, scenario, "done", n=n, verdict=verdict)
    make_run(home, "done", n=9)
    shown = words(open_page("runs"))
    assert "None from" not in shown
    for part in ("Groups of customers in", "Groups of messages in", "Unusual rows in", "clear groups", "weak groups", "no clear groups"):
        assert part in shown
    assert "Groups apart (silhouette)" in shown and "Right answers (macro-F1)" in shown


@pytest.mark.parametrize("spec", [{"task": "clustering"}, {"task": "clustering", "columns": {}}, {"columns": {"prepare": "later"}}])
def test_a_run_of_groups_always_has_a_name(home, spec):
    run = run_of(make_cluster_run(home, "themes", "lost", **spec))
    assert "None" not in runlist.name(run) and "Groups" in runlist.name(run)


def test_groups_and_classifiers_are_compared(home):
    made = [make_cluster_run(home, scenario, "done", n=n) for n, scenario in enumerate(SCENARIOS)]
    made += [make_run(home, "done", n=9), make_cluster_run(home, "themes", "failed", n=10)]
    at = open_page("runs")
    for name in made:
        at.checkbox(key=f"runs.tick:{name}").check()
    at.run()
    assert not at.exception and not at.error
    charts = " ".join(str(element.proto) for element in at.get("plotly_chart"))
    assert "Macro-F1" in charts and "Silhouette" in charts and "Distance to the groups" in charts
    assert {"estimator", "columns.prepare"} <= set(at.dataframe[-1].value["Setting"])


def test_two_runs_of_groups_are_compared(home):
    made = [make_cluster_run(home, "customer_segments", "done", n=n, params={"n_clusters": 4 + n}) for n in range(2)]
    at = open_page("runs")
    for name in made:
        at.checkbox(key=f"runs.tick:{name}").check()
    at.run()
    assert not at.exception
    assert at.dataframe[-1].value["Setting"].tolist() == ["n_clusters"]


def test_groups_too_few_to_measure_keep_their_verdict(home):
    name = make_cluster_run(home, "unusual", "done")
    path = home / "runs" / name / "status.json"
    status = json.loads(path.read_text())
    status["headline"] |= {"value": None, "low": None, "high": None, "baseline_value": None, "verdict": "none"}
    path.write_text(json.dumps(status))
    at = open_page("runs")
    assert not at.exception and "no clear groups" in words(at)
    at.checkbox(key=f"runs.tick:{name}").check().run()
    assert not at.exception
