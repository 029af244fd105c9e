"""The page that learns from pictures, in every state of a run, by AppTest.

Only the home folder, the launcher, the look and the service are replaced.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_pictures import VERDICTS, Service, look_answer, make_pair, make_pictures_run  # noqa: E402
from make_run import STATES  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import i18n  # noqa: E402
from bmcore.data import refs  # noqa: E402
from bmcore.errors import ParameterError  # noqa: E402
from bmcore.ui import look, picture_data  # noqa: E402
from bmcore.ui.picture_scenarios import STUDIO  # noqa: E402

PAGE = "image_studio"
HOSTILE = "<img src=x onerror=window.hit=1>[a](javascript:window.hit=1) ![x](http://foreign.example/x.png) $x$ :red[x] **b**"
SIGNS = {
    "queued": ("It is next: it starts as soon as the computer is free.", "It is about to start."),
    "running": ("Running for",),
    "failed": ("This training failed.",),
    "cancelled": ("This training was stopped.",),
    "lost": ("This training was interrupted.",),
    "done": ("Where it ends",),
}


@pytest.fixture(autouse=True)
def seen(monkeypatch):
    """The process that looks at pictures."""
    asked = []

    def request(given):
        asked.append(given)
        return look_answer()

    monkeypatch.setattr(look, "request", request)
    monkeypatch.setattr(picture_data, "waits", lambda ref: False)
    monkeypatch.setattr(picture_data, "_SAMPLES_SEEN", {})
    return asked


@pytest.fixture
def launched(monkeypatch):
    """The process boundary: what would have been started is only noted."""
    found = []

    def popen(command, *args, **kwargs):
        if "exec" not in command:
            return real(command, *args, **kwargs)
        found.append(command)
        return real(["true"], stdin=subprocess.DEVNULL)

    real = subprocess.Popen
    from bmcore.runs import launch

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    return found


@pytest.fixture
def service(monkeypatch):
    """The process that serves a run."""
    from bmcore.serve import client

    made = Service()
    monkeypatch.setattr(client, "service", lambda name: made)
    monkeypatch.setattr(client, "alive", lambda name: True)
    return made


def specs(home: Path) -> list[dict]:
    return [json.loads((folder / "spec.json").read_text()) for folder in sorted((home / "runs").iterdir())]


def pictures(at) -> int:
    """How many pictures are on the page; each has words for those who cannot see it."""
    found = [one for element in at.get("image") for one in element.proto.imgs]
    assert all(one.alt for one in found)
    return len(found)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang):
    at = open_page(PAGE, lang, run=make_pictures_run(home, state))
    assert not at.exception
    assert [title.value for title in at.title] == [i18n.translate(STUDIO.title, lang)]
    assert any(i18n.translate(sign, lang).rstrip(".") in words(at) for sign in SIGNS[state])
    keys = [element.key or "" for element in at.button]
    assert any(key.startswith("live.stop") for key in keys) == (state in ("queued", "running"))
    assert any(key.startswith("steps.resume") for key in keys) == (state in ("failed", "cancelled", "lost"))
    assert bool(pictures(at)) == (state in ("running", "done"))


def test_empty_lists_every_step_and_shows_the_sample(launched):
    at = open_page(PAGE)
    assert not at.exception and not at.error
    for n in range(1, 6):
        assert f"{n} · " in words(at)
    assert pictures(at) == 2 and "Real" in words(at)
    assert not button(at, f"{PAGE}.start").disabled


@pytest.mark.parametrize(("verdict", "classes"), [*((verdict, True) for verdict in VERDICTS), ("varied", False), ("not_proven", False)])
def test_verdicts_have_their_own_look(home, verdict, classes):
    at = open_page(PAGE, run=make_pictures_run(home, "done", verdict=verdict, classes=classes))
    assert not at.exception
    kind = {"varied": "success", "not_proven": "warning"}.get(verdict, "error")
    boxes = {"success": at.success, "warning": at.warning, "error": at.error}
    assert [len(found) for found in boxes.values()] == [int(name == kind) for name in boxes]
    assert ("Reads as what was asked for" in words(at)) == classes
    assert "feature-fid" in words(at).lower()


def test_generated_pictures_are_never_called_real(home, service):
    run_id = make_pictures_run(home, "done")
    at = open_page(PAGE, run=run_id)
    assert service.asked == [], "nothing is asked before somebody asks"
    assert "None of these pictures is real." in words(at)
    button(at, f"{PAGE}.compare:").click().run()
    assert service.asked[-1] == ("sample", {"n": 8, "label": None, "seed": 7, "nearest": True})
    alts = [one.alt for element in at.get("image") for one in element.proto.imgs]
    assert sum(alt.startswith("The nearest real picture: digit_") for alt in alts) == 8


def test_new_pictures_follow_the_sliders(home, service):
    run_id = make_pictures_run(home, "done")
    at = open_page(PAGE, run=run_id)
    button(at, f"{PAGE}.go.sample").click().run()
    assert service.asked[-1] == ("sample", {"n": 12, "label": None, "seed": 0, "steps": 6, "guidance": 1.5, "nearest": False})
    at.selectbox(key=f"{PAGE}.class:{run_id}").set_value("3").run()
    at.slider(key=f"{PAGE}.seed:{run_id}").set_value(41).run()
    assert service.asked[-1][1]["label"] == "3" and service.asked[-1][1]["seed"] == 41
    asked = len(service.asked)
    at.slider(key=f"{PAGE}.seed:{run_id}").set_value(0).run()
    assert len(service.asked) == asked, "the same question is answered from memory"
    assert any("Download these 12 pictures" in str(element.proto.label) for element in at.get("download_button"))


def test_the_way_from_one_to_another(home, service):
    run_id = make_pictures_run(home, "done", estimator="GAN")
    at = open_page(PAGE, run=run_id)
    mode = at.button_group(key=f"{PAGE}.mode:{run_id}")
    assert len(mode.options) == 2, "a GAN changes no pictures"
    mode.set_value("interpolate").run()
    at.selectbox(key=f"{PAGE}.class_second:{run_id}").set_value("7").run()
    button(at, f"{PAGE}.go.interpolate").click().run()
    assert not at.exception
    assert service.asked[-1] == ("interpolate", {"n": 8, "seeds": [1, 2], "labels": ["0", "7"]})


@pytest.mark.parametrize("mode", ["edit", "inpaint"])
def test_a_picture_is_changed(home, service, mode):
    run_id = make_pictures_run(home, "done")
    at = open_page(PAGE, run=run_id)
    at.button_group(key=f"{PAGE}.mode:{run_id}").set_value(mode).run()
    button(at, f"{PAGE}.go.{mode}").click().run()
    assert not at.exception and not at.error
    method, body = service.asked[-1]
    assert method == mode and body["picture"].startswith("iVBOR")
    assert ("mask" in body) == (mode == "inpaint") and ("strength" in body) == (mode == "edit")


def test_start_says_what_was_chosen(home, launched):
    at = open_page(PAGE)
    button(at, f"{PAGE}.start").click().run()
    assert not at.exception
    (spec,) = specs(home)
    assert spec["estimator"] == "Diffusion" and spec["scenario"] == PAGE and spec["preset"] == "balanced"
    assert spec["params"]["minutes"] == 2 and spec["data"] == {"kind": "sample", "name": "digits_28x28"}


def test_both_are_started_together_on_the_same_pictures(home, launched):
    at = open_page(PAGE)
    at.button_group(key=f"{PAGE}.method").set_value("both").run()
    at.button_group(key=f"{PAGE}.preset").set_value("fast").run()
    button(at, f"{PAGE}.start").click().run()
    assert not at.exception
    found = specs(home)
    assert {spec["estimator"] for spec in found} == {"Diffusion", "GAN"} and len(launched) == 2
    assert len({json.dumps([spec["data"], spec["split"], spec["params"]["minutes"]]) for spec in found}) == 1


@pytest.mark.parametrize("states", [("running", "queued"), ("done", "running"), ("done", "done"), ("done", "failed"), ("lost", "done")])
def test_a_pair_is_found_from_either_run(home, states):
    for run_id in make_pair(home, states):
        at = open_page(PAGE, run=run_id)
        assert not at.exception
        text = words(at)
        named = [option.content for group in at.button_group for option in group.proto.options] + [text]
        assert "Diffusion" in " ".join(named) and "GAN" in " ".join(named)
        assert ("Side by side" in text) == (states == ("done", "done"))


def test_a_pair_whose_partner_was_deleted_is_a_run(home):
    import shutil

    first, second = make_pair(home, ("done", "done"))
    shutil.rmtree(home / "runs" / second)
    at = open_page(PAGE, run=first)
    assert not at.exception and "Side by side" not in words(at) and "4 · Result" in words(at)


def test_at_most_eight_inputs_are_visible(home, launched):
    assert 0 < visible_inputs(open_page(PAGE).main) <= 8
    assert 0 < visible_inputs(open_page(PAGE, source="file").main) <= 8


def visible_inputs(block) -> int:
    """Widgets outside anything folded."""
    kinds = ("selectbox", "multiselect", "number_input", "text_input", "button_group", "file_uploader", "toggle", "text_area", "slider")
    if block.type == "expander":
        return 0
    children = getattr(block, "children", {}).values()
    return int(block.type in kinds) + sum(visible_inputs(child) for child in children)


def test_damaged_files_of_a_run_do_not_break_the_page(home, service):
    run_id = make_pictures_run(home, "done")
    folder = home / "runs" / run_id
    found = json.loads((folder / "evaluation.json").read_text())
    bare = {key: found[key] for key in ("task", "verdict", "model")}
    for name, content in (
        ("evaluation.json", "[]"),
        ("evaluation.json", json.dumps(bare)),
        ("evaluation.json", json.dumps({**bare, "model": {}})),
        ("evaluation.json", json.dumps({**found, "baselines": None, "by_class": [3, {}], "classes": None, "size": None, "judge": 3})),
        ("evaluation.json", json.dumps({**found, "difference": 1, "metric": "x", "encoder": None, "reconstruction": 1})),
        ("previews.json", "{"),
        ("previews.json", json.dumps([3, {"file": "../../spec.json", "step": 1, "seconds": 1}, {"file": "previews/9.png"}])),
        ("samples.png", "no picture"),
        ("real.png", "no picture"),
        ("training.npz", "no archive"),
    ):
        (folder / name).write_text(content)
        at = open_page(PAGE, run=run_id)
        assert not at.exception, (name, content[:80])
    for name in ("samples.png", "real.png", "previews.json", "training.npz", "evaluation.json"):
        (folder / name).unlink()
    at = open_page(PAGE, run=run_id)
    assert not at.exception and "This run has no evaluation." in words(at)


def test_words_that_are_markup_do_nothing(home, service):
    run_id = make_pictures_run(home, "done", title=HOSTILE)
    folder = home / "runs" / run_id
    found = json.loads((folder / "evaluation.json").read_text())
    found["classes"] = [HOSTILE, f"{HOSTILE}2"]
    found["by_class"] = [{"class": name, "n_train": 3, "accuracy": found["model"]["class_accuracy"]} for name in found["classes"]]
    found["model"]["name"] = found["encoder"]["name"] = HOSTILE
    (folder / "evaluation.json").write_text(json.dumps(found))
    at = open_page(PAGE, run=run_id)
    at.selectbox(key=f"{PAGE}.class:{run_id}").set_value(HOSTILE)
    button(at, f"{PAGE}.go.sample").click().run()
    assert not at.exception
    for element in [*at.markdown, *at.caption]:
        assert not element.allow_html
        assert "![x](" not in element.value and "<img" not in element.value.replace("\\<", "")


def test_an_answer_that_cannot_be_read_is_a_sentence(home, service):
    at = open_page(PAGE, run=make_pictures_run(home, "done"))
    for answer in ({}, [], {"pictures": []}, {"pictures": ["x"]}, {"pictures": [3]}):
        service.ask = lambda method, body, answer=answer: answer
        button(at, f"{PAGE}.go.sample").click().run()
        assert not at.exception and "cannot be read" in at.error[0].value, answer


def test_the_lists_of_runs_know_pictures(home):
    for i, verdict in enumerate(VERDICTS):
        make_pictures_run(home, "done", n=i, verdict=verdict, classes=bool(i % 2))
    at = open_page("runs")
    assert not at.exception
    for word in ("new and varied", "copies", "all alike", "blurry", "worse than simple", "not proven"):
        assert word in words(at)
    for box in at.checkbox[:4]:
        box.check()
    assert not at.run().exception
    assert not open_page("home").exception


def test_what_is_taken_away(home):
    run_id = make_pictures_run(home, "done")
    at = open_page(PAGE, run=run_id)
    codes = [code.value for code in at.code]
    script = next(code for code in codes if "bmcore.train(" in code)
    compile(script, "script", "exec")
    assert any(f"bmcore serve {run_id}" in code for code in codes)
    assert any(code == str(home / "runs" / run_id / "model") for code in codes)


@pytest.mark.parametrize("change", [
    {}, {"preset": "balanced"}, {"preset": "best", "params": {"minutes": 2.0, "distill": True, "steps": 40}},
    {"estimator": "GAN", "preset": "fast", "params": {"image_size": 16, "seed": 7}},
    {"prove": {"class": "- a 'flaw'", "keep": 30}, "params": {"learning_rate": 0.001}},
])
@pytest.mark.parametrize("data", [refs.sample("digits_8x8"), {"kind": "hub", "id": "ylecun/mnist", "revision": "a" * 40, "split": "train"}])
def test_line_and_script_make_the_same_run(home, monkeypatch, change, data):
    from bmcore import cli, runs
    from bmcore.runs import launch
    from bmcore.runs import spec as specs
    from bmcore.ui import picture_export

    made = SimpleNamespace(spec=specs.build({"estimator": "Diffusion", "data": data, **change}, "id"))
    asked = []

    def start(request, **_more):
        asked.append(request)
        raise ParameterError("That is enough.")

    monkeypatch.setattr(refs, "hub", lambda id: data)
    for module in (runs, launch):
        monkeypatch.setattr(module, "start", start)
    assert cli.main(shlex.split(picture_export.line(made))[3:]) == 2
    source = picture_export.script(made).partition("\nprint(")[0]
    with pytest.raises(ParameterError, match="enough"):
        exec(source, {})
    for request in asked:
        built = specs.build(request, "id")
        assert all(built.get(name) == made.spec.get(name) for name in ("estimator", "params", "data", "split", "prove"))
    assert len(asked) == 2
