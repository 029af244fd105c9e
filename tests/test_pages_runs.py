"""The list of all trainings, the stop button and the form that asks a model, by AppTest."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from make_run import make_run
from pagetest import button, open_page


def test_runs_page_compares_stops_resumes_and_deletes_in_two_steps(home, monkeypatch):
    from bmcore.runs import control, launch

    done = [make_run(home, "done", n=n, params={"model": "minilm", "epochs": 2 + n}) for n in range(2)]
    lost = make_run(home, "lost", n=5)
    at = open_page("runs")
    for name in done:
        at.checkbox(key=f"runs.tick:{name}").check()
    at.run()
    assert not at.exception
    assert "Comparison" in [element.value for element in at.subheader]
    table = at.dataframe[-1].value
    assert "epochs" in table["Setting"].tolist() and "model" not in table["Setting"].tolist()

    button(at, "runs.delete").click().run()
    assert (home / "runs" / done[0]).exists(), "the first step deletes nothing"
    button(at, "runs.delete_no").click().run()
    button(at, "runs.delete").click().run()
    button(at, "runs.delete_yes").click().run()
    assert not at.exception
    assert not any((home / "runs" / name).exists() for name in done) and (home / "runs" / lost).exists()

    asked = []
    monkeypatch.setattr(launch, "resume", asked.append)
    monkeypatch.setattr(control, "cancel", asked.append)
    at.checkbox(key=f"runs.tick:{lost}").check().run()
    button(at, "runs.resume").click().run()
    assert asked == [lost]


def test_stop_button_asks_the_run_to_end(home, monkeypatch):
    from bmcore.runs import control

    asked = []
    monkeypatch.setattr(control, "cancel", asked.append)
    name = make_run(home, "running")
    at = open_page("customer_service", run=name)
    button(at, "live.stop").click().run()
    assert asked == [name]


def test_many_runs_are_paged(home):
    for n in range(45):
        make_run(home, "done", n=n)
    at = open_page("runs")
    assert len(at.checkbox) == 20
    at.number_input(key="runs.page").set_value(3).run()
    assert len(at.checkbox) == 5


def test_try_it_asks_the_service(home, monkeypatch):
    from bmcore.serve import client

    class Service:
        def predict(self, texts):
            return [{"label": "Tops", "probabilities": {"Tops": 0.9, "<b>": 0.1}} for _ in texts]

    monkeypatch.setattr(client, "service", lambda name: Service())
    at = open_page("customer_service", run=make_run(home, "done"))
    button(at, "FormSubmitter:tryout.form").click().run()
    assert not at.exception
    assert any(element.value == "### Tops" for element in at.markdown)


def test_a_service_that_does_not_start_is_a_sentence(home, monkeypatch):
    from bmcore.errors import ServiceError
    from bmcore.serve import client

    def fail(name):
        raise ServiceError("The model could not be started.")

    monkeypatch.setattr(client, "service", fail)
    at = open_page("customer_service", run=make_run(home, "done"))
    button(at, "FormSubmitter:tryout.form").click().run()
    assert "could not be started" in at.error[0].value
