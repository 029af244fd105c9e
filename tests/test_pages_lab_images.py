"""The image lab: queues as run folders, the page in every state of one by AppTest, and the figures that look inside a model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_more_pictures import Service, make_lab_queue  # noqa: E402
from make_pictures import look_answer  # noqa: E402
from make_run import STATES  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import runs  # noqa: E402
from bmcore.data import refs, samples  # noqa: E402
from bmcore.errors import ServiceError  # noqa: E402
from bmcore.serve import client  # noqa: E402
from bmcore.ui import lab_image_form as form  # noqa: E402
from bmcore.ui import lab_image_queue as queue  # noqa: E402
from bmcore.ui import lab_image_score as score  # noqa: E402
from bmcore.ui import lab_recommend_form, look, picture_data  # noqa: E402

PAGE, BOTH, SWEEP = "lab_images", "c0a1b2c3d", "s201b2c3d"


@pytest.fixture
def service(monkeypatch):
    found = Service()
    monkeypatch.setattr(client, "alive", lambda run_id: True)
    monkeypatch.setattr(client, "service", lambda run_id: found)
    return found


@pytest.fixture
def launched(monkeypatch):
    from bmcore.runs import launch

    real, started = subprocess.Popen, []

    def popen(command, *args, **kwargs):
        if "exec" not in command:
            return real(command, *args, **kwargs)
        started.append(command)
        return real(["true"], stdin=subprocess.DEVNULL)

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    monkeypatch.setattr(samples, "present", lambda name: True)
    monkeypatch.setattr(look, "request", lambda asked: look_answer())
    monkeypatch.setattr(picture_data, "_SAMPLES_SEEN", {})
    return started


def pressed(at, key: str):
    return button(at, key).click().run()


# queues

@pytest.mark.parametrize("method", list(queue.METHODS))
def test_suggested_values_are_allowed_and_different(method):
    known = lab_recommend_form.numbers(method)
    assert known and "seed" not in known
    for entry in known.values():
        values = form.suggested(entry)
        assert len(values) >= 2 and len(set(values)) == len(values) and all(map(entry.takes, values)), entry.name
        assert lab_recommend_form.parsed(entry, ", ".join(f"{value:g}" for value in values)) == sorted(values)


def test_a_queue_is_found_again_and_is_made_once(home, launched):
    ref = refs.sample("digits_8x8")
    entries = queue.compared({"Diffusion": {"minutes": 0.5}, "GAN": {"minutes": 0.5}})
    code = queue.named("c", "nonce", ref, entries)
    queue.start(code, ref, entries)
    queue.start(code, ref, entries)
    found = queue.members(code)
    assert [entry.name for entry in found] == ["Diffusion", "GAN"] and len(launched) == 2
    assert {json.dumps(entry.run.spec["split"]) for entry in found} == {json.dumps(queue.SPLIT)}
    assert queue.members("../../etc") == [] == queue.members("c99999999")


def test_a_sweep_changes_one_setting(home, launched):
    ref = refs.sample("digits_8x8")
    queue.start(SWEEP, ref, queue.sweep("Diffusion", {"minutes": 0.5}, "batch_size", [32, 64]))
    assert [(one.name, one.parameter, one.value) for one in queue.members(SWEEP)] == [
        ("Diffusion", "batch_size", 32), ("Diffusion", "batch_size", 64)
    ]  # fmt: skip
    assert queue.members(SWEEP)[0].title == "Diffusion · batch_size=32"


def test_the_page_starts_both_methods_under_one_budget(home, launched):
    at = open_page(PAGE)
    assert not at.exception
    pressed(at, f"{PAGE}.start")
    assert not at.exception and not at.error and len(launched) == 2
    ((code, entries),) = queue.queues()
    assert code.startswith("c") and {entry.run.spec["params"]["minutes"] for entry in entries} == {form.MINUTES}
    assert [entry.run.spec["estimator"] for entry in entries] == ["Diffusion", "GAN"]


def test_the_page_starts_a_sweep(home, launched):
    at = open_page(PAGE)
    next(one for one in at.button_group if one.key == f"{PAGE}.kind").set_value("s").run()
    assert not at.exception
    pressed(at, f"{PAGE}.start")
    assert not at.exception and not at.error
    ((code, entries),) = queue.queues()
    assert code.startswith("s") and len(entries) == len(launched) >= 2


# the page of a queue

@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang):
    make_lab_queue(home, BOTH, ["Diffusion", "GAN"], ["done", state])
    at = open_page(PAGE, lang, queue=BOTH)
    assert not at.exception and len(at.title) == 1
    stops = [one for one in at.button if (one.key or "").startswith(f"{PAGE}.stop")]
    assert bool(stops) == (state in ("queued", "running"))


def test_no_such_queue_and_earlier_ones(home):
    make_lab_queue(home, BOTH, ["Diffusion", "GAN"])
    at = open_page(PAGE, queue="c12345678")
    assert not at.exception and "no such queue" in words(at) and "Earlier queues" in words(at)


@pytest.mark.parametrize("damage", ["[1", "{}", "[]", '{"task": "pictures"}'])
def test_a_damaged_evaluation(home, damage):
    for name in make_lab_queue(home, BOTH, ["Diffusion", "GAN"]):
        (home / "runs" / name / "evaluation.json").write_text(damage)
    at = open_page(PAGE, queue=BOTH)
    assert not at.exception and "as soon as the first run has ended" in words(at)


def test_half_an_evaluation_and_no_files(home):
    for name in make_lab_queue(home, BOTH, ["Diffusion", "GAN"]):
        path = home / "runs" / name / "evaluation.json"
        found = json.loads(path.read_text())
        path.write_text(json.dumps(found | {"model": {"name": "GAN"}, "baselines": None, "difference": None}))
        for file in ("samples.png", "training.npz", "events.jsonl"):
            (home / "runs" / name / file).write_bytes(b"")
    at = open_page(PAGE, queue=BOTH)
    assert not at.exception and "No measure was taken" in words(at) and "kept no learning curve" in words(at)


def test_noise_and_back_frame_by_frame(home, service):
    make_lab_queue(home, BOTH, ["Diffusion", "GAN"])
    at = pressed(open_page(PAGE, queue=BOTH), f"{PAGE}.forward")
    assert not at.exception and service.asked[-1][0] == "forward" and len(service.asked[-1][1]["times"]) == 11
    at.slider[0].set_value(11).run()
    assert "100 % noise" in words(at)
    pressed(at, f"{PAGE}.trace")
    assert not at.exception and service.asked[-1] == ("trace", {"n": 6, "seed": 1, "steps": 8})
    slider = next(one for one in at.slider if (one.key or "").startswith(f"{PAGE}.trace_at"))
    assert (slider.min, slider.max) == (0, 8)
    slider.set_value(0).run()
    assert "Nothing but noise" in words(at) and not at.exception


def test_the_discriminator_scores_both_kinds(home, service):
    ids = make_lab_queue(home, BOTH, ["Diffusion", "GAN"])
    at = open_page(PAGE, queue=BOTH)
    next(one for one in at.selectbox if one.key == f"{PAGE}.inside:{BOTH}").set_value(ids[1]).run()
    pressed(at, f"{PAGE}.score")
    assert not at.exception and [name for name, _body in service.asked].count("score") == 2
    assert "prefers the real one in" in words(at)


def test_the_share_of_pairs():
    assert score.preferred([2.0, 3.0], [0.0, 1.0]) == 1.0 and score.preferred([1.0], [1.0]) == 0.5


def test_an_answer_that_cannot_be_read_and_none_at_all(home, monkeypatch):
    class Silent:
        def ask(self, method, body):
            if method == "trace":
                raise ServiceError("The model did not answer (status {status}).", status=500)
            return {"pictures": [1], "scores": "x"}

    monkeypatch.setattr(client, "alive", lambda run_id: True)
    monkeypatch.setattr(client, "service", lambda run_id: Silent())
    make_lab_queue(home, BOTH, ["Diffusion"])
    at = open_page(PAGE, queue=BOTH)
    pressed(at, f"{PAGE}.forward")
    assert not at.exception and "cannot be read" in at.error[0].value.replace("\\", "")
    pressed(at, f"{PAGE}.trace")
    assert not at.exception and any("status 500" in one.value.replace("\\", "") for one in at.error)


def test_stop_asks_every_run_to_end(home):
    ids = make_lab_queue(home, BOTH, ["Diffusion", "GAN"], ["running", "queued"])
    pressed(open_page(PAGE, queue=BOTH), f"{PAGE}.stop")
    assert all((runs.get(name).folder / "cancel").exists() or runs.get(name).state == "cancelled" for name in ids)
