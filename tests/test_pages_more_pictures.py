"""More training pictures: the page in every state of a run by AppTest, what its sentences claim, what its download says."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_more_pictures import KEPT, RARE, Service, make_more_run, proof  # noqa: E402
from make_pictures import CLASSES, look_answer  # noqa: E402
from make_run import STATES  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import i18n, runs  # noqa: E402
from bmcore.data import samples  # noqa: E402
from bmcore.serve import client  # noqa: E402
from bmcore.ui import look, more_pictures_proof, more_pictures_real, more_pictures_try, picture_data, picture_sheet, picture_source  # noqa: E402
from bmcore.ui.more_pictures_scenario import MORE  # noqa: E402

PAGE = "more_pictures"
HOSTILE = "<img src=x onerror=window.hit=1>[a](javascript:window.hit=1) $x$ :red[x] **b**"


@pytest.fixture
def service(monkeypatch):
    found = Service()
    monkeypatch.setattr(client, "alive", lambda run_id: True)
    monkeypatch.setattr(client, "service", lambda run_id: found)
    return found


@pytest.fixture
def seen(monkeypatch):
    """The sample is here and was looked at."""
    monkeypatch.setattr(samples, "present", lambda name: True)
    monkeypatch.setattr(look, "request", lambda asked: look_answer())
    monkeypatch.setattr(picture_data, "_SAMPLES_SEEN", {})


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
    return started


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang):
    at = open_page(PAGE, lang, run=make_more_run(home, state))
    assert not at.exception
    assert [title.value for title in at.title] == [i18n.translate(MORE.title, lang)]
    keys = [element.key or "" for element in at.button]
    assert any(key.startswith("live.stop") for key in keys) == (state in ("queued", "running"))
    assert any(key.startswith("steps.resume") for key in keys) == (state in ("failed", "cancelled", "lost"))


def test_the_page_says_what_it_is_not_and_what_the_sample_stands_for(home, seen):
    at = open_page(PAGE)
    assert not at.exception
    text = words(at)
    assert "do they help a classifier on real pictures" in text and "only copies" not in text
    assert "no diagnosis and no medical device" in text and "made rare on purpose" in text and "name a data set of the hub" in text


def test_a_press_starts_one_run_with_what_is_to_be_proved(home, seen, launched):
    at = open_page(PAGE)
    next(one for one in at.selectbox if (one.key or "").startswith(f"{PAGE}.rare")).set_value("7").run()
    button(at, f"{PAGE}.start").click().run()
    assert not at.exception and not at.error and len(launched) == 1
    (run,) = runs.list_runs()
    assert run.spec["prove"] == {"class": "7", "keep": KEPT} and run.spec["scenario"] == PAGE and run.spec["task"] == "pictures"


def test_the_sample_need_not_be_here_to_start(home, monkeypatch, launched):
    monkeypatch.setattr(samples, "present", lambda name: False)
    at = open_page(PAGE)
    button(at, f"{PAGE}.start").click().run()
    assert not at.exception and len(launched) == 1 and runs.list_runs()[0].spec["prove"] == {"class": "3", "keep": KEPT}


def test_pictures_of_one_kind_cannot_start(home, monkeypatch):
    monkeypatch.setattr(samples, "present", lambda name: True)
    monkeypatch.setattr(look, "request", lambda asked: look_answer(classes=False))
    monkeypatch.setattr(picture_data, "_SAMPLES_SEEN", {})
    at = open_page(PAGE)
    assert not at.exception and "all of one kind" in words(at)
    assert not any((one.key or "").startswith(f"{PAGE}.start") and not one.disabled for one in at.button)


@pytest.mark.parametrize(("counts", "options"), [
    ([["fine", 90], ["flaw", 12], ["dent", 40]], ["flaw (12)", "dent (40)"]), ([["fine", 40], ["flaw", 40]], []),
])
def test_only_a_kind_that_is_rare_can_be_filled_up(home, monkeypatch, counts, options):
    ref = {"kind": "pictures", "path": "x", "sha256": "0" * 64}
    monkeypatch.setattr(picture_source, "choose", lambda scenario: ref)
    monkeypatch.setattr(look, "request", lambda asked: look_answer() | {"counts": counts})
    at = open_page(PAGE)
    assert not at.exception
    chosen = [one.options for one in at.selectbox if (one.key or "").startswith(f"{PAGE}.rare")]
    assert chosen == ([options] if options else [])
    assert ("No kind of picture is rare here" in words(at)) == (not options)
    assert any((one.key or "").startswith(f"{PAGE}.start") for one in at.button) == bool(options)


@pytest.mark.parametrize("kind", ["better", "not_proven", "worse"])
def test_the_verdict_comes_first_and_has_its_look(home, kind):
    at = open_page(PAGE, run=make_more_run(home, "done", proven=kind))
    assert not at.exception
    box = {"better": at.success, "not_proven": at.warning, "worse": at.error}[kind]
    expected = {"better": "instead of 62 %", "not_proven": "not proven that they help", "worse": "do harm"}[kind]
    assert expected in box[0].value.replace("\\", "")
    reached = {"better": "88 %", "not_proven": "79 %", "worse": "66 %"}[kind]
    assert [one.value for one in at.metric][:3] == ["62 %", "78 %", reached]
    certain = {"better": "wholly above zero", "not_proven": "holds zero", "worse": "wholly below zero"}[kind]
    assert certain in words(at) and "only 27 real pictures" in words(at).lower()


def test_the_plain_words_add_up():
    lines = "\n".join(more_pictures_proof.sentences({"proof": proof()})).replace("\\", "")
    assert "Of 27 real “3”" in lines and "**17**" in lines and "**21**" in lines and "**24**" in lines and "The other 3" in lines
    assert "**25** real pictures" in lines and "**125** generated" in lines


@pytest.mark.parametrize("damage", [
    {}, [], "x", {"class": "3"}, {"verdict": None}, {**proof(), "with": None}, {**proof(), "without": {"recall": 1}},
    {**proof(), "verdict": {"kind": "better"}},
])  # fmt: skip
def test_a_damaged_proof_is_a_sentence(home, damage):
    at = open_page(PAGE, run=make_more_run(home, "done", found=damage))
    assert not at.exception and "no proof on real pictures" in words(at)


@pytest.mark.parametrize("left_out", ["difference", "n_test_class", "n_real", "n_test", "class"])
def test_a_proof_without_a_part_still_shows_the_rest(home, left_out):
    found = {name: value for name, value in proof().items() if name != left_out}
    found |= {"without": {**found["without"], "precision": None}}
    at = open_page(PAGE, run=make_more_run(home, "done", found=found))
    assert not at.exception and len(at.metric) >= 3


def test_missing_and_damaged_files(home):
    name = make_more_run(home, "done")
    folder = home / "runs" / name
    (folder / "training.npz").write_bytes(b"PK\x03\x04 damaged")
    (folder / "samples.png").write_bytes(b"no picture")
    at = open_page(PAGE, run=name)
    assert not at.exception and "no longer here" in words(at) and "missing from this run" in words(at)
    (folder / "evaluation.json").write_text("[1")
    at = open_page(PAGE, run=name)
    assert not at.exception and "has no evaluation" in words(at)


def test_generated_ones_are_named_so_and_come_as_a_zip(home, service):
    name = make_more_run(home, "done")
    at = open_page(PAGE, run=name)
    button(at, "more_pictures.generate").click().run()
    assert not at.exception and ("sample", {"n": 40, "label": RARE, "seed": 1}) in service.asked
    assert "Generated, not real" in words(at)
    assert any((one.key or "").startswith("more_pictures.download") for one in at.get("download_button"))


def test_the_zip_says_of_every_file_that_it_is_generated(home):
    run = runs.get(make_more_run(home, "done"))
    about = more_pictures_try.readme(run, RARE, 2, 5)
    held = zipfile.ZipFile(io.BytesIO(more_pictures_try.archive([b"a", b"b"], about)))
    assert held.namelist() == ["README.txt", "generated-001.png", "generated-002.png"]
    said = held.read("README.txt").decode()
    assert "GENERATED, NOT REAL" in said and "Diffusion" in said and run.id in said and "no diagnosis" in said and "seed 5" in said


def test_real_pictures_are_read_without_the_rest(home):
    import numpy as np

    run = runs.get(make_more_run(home, "done"))
    found = more_pictures_real.pictures(run, RARE, 4)
    assert len(found) == 4 and {picture_sheet.size(one) for one in found} == {(28, 28)}
    from PIL import Image

    stored = np.load(run.folder / "training.npz")
    rows = [i for i, one in enumerate(stored["labels"]) if one == RARE][:4]
    for one, row in zip(found, rows, strict=True):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(one))), stored["images"][row])
    assert more_pictures_real.pictures(run, "none such", 4) == []
    spread = [np.asarray(Image.open(io.BytesIO(one))) for one in more_pictures_real.pictures(run, None, 5)]
    n = len(stored["images"])
    assert all(np.array_equal(one, stored["images"][i * n // 5]) for i, one in enumerate(spread)) and len(spread) == 5
    assert len(more_pictures_real.pictures(run, None, n + 9)) == n


def test_words_of_others_do_nothing(home):
    at = open_page(PAGE, run=make_more_run(home, "done", label=HOSTILE))
    assert not at.exception
    for element in [*at.markdown, *at.caption, *at.success]:
        assert "<img" not in element.value.replace("\\<", "") and "](javascript" not in element.value, element.value


def test_the_scenario_can_be_asked_for():
    assert set(MORE.samples) <= set(samples.SAMPLES) and RARE in CLASSES and MORE.labelled and not MORE.both


def test_the_server_stays_light():
    modules = "more_pictures_form, more_pictures_proof, more_pictures_real, more_pictures_try, lab_image_start, lab_image_live"
    script = f"import sys, json\nfrom bmcore.ui import {modules}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not set(json.loads(done.stdout)) & {"sklearn", "numba", "torch", "scipy", "transformers", "diffusers"}
