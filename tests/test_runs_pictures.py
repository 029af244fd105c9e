"""Runs that learn to make pictures: the promises of every run, and what only they have. Real estimators, real workers, few steps."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import bmcore
from bmcore import cli, runs
from bmcore.commands import results
from bmcore.data import refs
from bmcore.data.pictures import Pictures
from bmcore.errors import DataError, ParameterError
from bmcore.runs import script_pictures, spec, task_pictures, work_pictures_files, work_pictures_previews
from bmcore.serve import sheets
from bmcore.serve.picture_model import PictureModel
from bmcore.ui import picture_sheet
from tests.runs.conftest import kill, wait, wait_until

DATA = {"kind": "sample", "name": "digits_8x8"}
PHASES = ["data", "split", "train", "evaluate", "prove", "describe", "save"]


ROOT = Path(__file__).parents[1]
QUICK, FEW = (f"{ROOT}/tests/runs/{name}{os.pathsep}{ROOT}" for name in ("quick", "few"))
LEFT = {
    "evaluation.json", "events.jsonl", "lock", "log.txt", "model", "previews", "previews.json", "real.png", "samples.png", "spec.json",
    "status.json", "training.npz",
}


@pytest.fixture(autouse=True)
def no_worker_stays(home, monkeypatch):
    """Workers have a judge that costs nothing: what the real one finds is in `whole`."""
    monkeypatch.setenv("PYTHONPATH", QUICK)
    yield
    for run in runs.list_runs():
        if run.alive:
            runs.cancel(run.id)
            kill(run)


def asked(**change):
    params, proof = {"steps": 30, "batch_size": 16}, {"class": "3", "keep": 20}
    return {"estimator": "Diffusion", "params": params, "data": DATA, "prove": proof, **change}


def done(run):
    wait(run)
    assert run.state == "done", (run.state, str(run.reason), run.log_tail())
    return run


def phases(run):
    return [event["phase"] for event in run.events()[0] if event["kind"] == "phase"]


def made(run):
    return bmcore.load(run.id).sample(8, seed=3).tobytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run with the real judge and the real proof, and what it makes. It has a home of its own."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("BMCORE_HOME", str(tmp_path_factory.mktemp("whole")))
        changed.setenv("PYTHONPATH", FEW)
        run = done(runs.start(asked(scenario="more_pictures")))
        return run, made(run)


def test_a_run_and_all_it_leaves(whole):
    run, _ = whole
    assert phases(run) == PHASES and str(run.title()) == "More pictures of 3" and run.spec["columns"] == {}
    assert {path.name for path in run.folder.iterdir()} == LEFT
    shown = json.loads((run.folder / "previews.json").read_text())
    assert 1 <= len(shown) <= work_pictures_previews.MOST and all((run.folder / entry["file"]).is_file() for entry in shown)
    assert any("20 are learned from" in str(note) for note in run.notes)


def test_what_the_real_judge_finds(whole):
    run, _ = whole
    found = run.evaluation
    assert found["task"] == "pictures" and found["model"]["name"] == "Diffusion" and found["judge"]["accuracy"]["value"] > 0.8
    assert [entry["name"] for entry in found["baselines"]] == ["PCA + Gaussian", "Real pictures"]
    assert run.headline["metric"] == found["metric"] == "class_accuracy" and run.headline["baseline"] == "PCA + Gaussian"
    assert run.headline["value"] == found["model"]["class_accuracy"]["value"] and run.headline["verdict"] == found["verdict"]["kind"]
    proof = found["proof"]
    assert proof["class"] == "3" and proof["n_real"] == 20 and proof["n_generated"] > 100 and len(proof["with"]) == 4


def test_sheets_of_made_and_real_pictures_are_alike(whole):
    run, _ = whole
    with Image.open(run.folder / "samples.png") as ours, Image.open(run.folder / "real.png") as real:
        assert ours.size == real.size == (596, 596) and ours.mode == real.mode
        sheet = np.asarray(real)
    with np.load(run.folder / "training.npz", allow_pickle=False) as kept:
        known = {(label, image.tobytes()) for label, image in zip(kept["labels"], kept["images"], strict=True)}
    places = [(row, column) for row in range(10) for column in range(10)]
    assert all((str(row), sheet[60 * row:60 * row + 56:7, 60 * column:60 * column + 56:7].tobytes()) in known for row, column in places)


def test_real_pictures_that_are_too_few_leave_places_white():
    train = Pictures(np.zeros((5, 8, 8), np.uint8), np.array([7, 7, 7, 9, 9]), list("abcde"), [])
    shown = work_pictures_files.learned(SimpleNamespace(classes_=np.array(["7", "9"])), train, 0)
    assert shown.shape == (20, 8, 8, 1) and [int(image.max()) for image in shown] == [*[0] * 3, *[255] * 7, *[0] * 2, *[255] * 8]
    assert len(work_pictures_files.learned(SimpleNamespace(classes_=None), train, 0)) == 5


def test_a_model_knows_what_it_learned_from(whole):
    run, _ = whole
    with np.load(run.folder / "training.npz", allow_pickle=False) as kept:
        assert len(kept["images"]) == len(kept["names"]) == len(kept["features"]) and (kept["labels"] == "3").sum() == 20
        first = kept["images"][:2]
    with zipfile.ZipFile(run.folder / "training.npz") as archive:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
    model = PictureModel.load(run.model_folder)
    assert [entry["distance"] < 0.1 for entry in model.nearest(first)] == [True, True]
    assert len(model.labels_of(5, None, 1)) == 5 and (model.sample(2, "3") == model.sample(2, [3, 3])).all()
    assert (model.sample(5, seed=1) == model.sample(5, model.labels_of(5, None, 1), seed=1)).all()


def test_from_the_terminal(whole, capsys, tmp_path, monkeypatch):
    run, _ = whole
    monkeypatch.setenv("BMCORE_HOME", str(run.folder.parents[1]))
    assert cli.main(["show", run.id]) == 0 and "PCA + Gaussian" in capsys.readouterr().out
    for name in ("made", "made.zip", "made.png"):
        line = ["sample", run.id, "--n", "12", "--label", "3", "--steps", "4", "--out", str(tmp_path / name)]
        assert cli.main(line) == 0
        assert cli.main(line) == 2 and "not overwritten" in capsys.readouterr().err
    files = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert files == sorted(zipfile.ZipFile(tmp_path / "made.zip").namelist()) and files[0] == "generated-00001-3.png" and len(files) == 12
    with Image.open(tmp_path / "made.png") as made_sheet:
        assert made_sheet.width == 596
    for wrong, words in (
        (["--n", "0"], "--n cannot be 0"), (["--n", "401", "--out", str(tmp_path / "many.png")], "at most 400"),
        (["--label", "cat", "--out", str(tmp_path / "cats")], "'cat'"), (["--out", str(tmp_path / "no" / "made")], "does not exist"),
    ):
        assert cli.main(["sample", run.id, *wrong]) == 2 and words in capsys.readouterr().err
    assert not (tmp_path / "cats").exists() and not list(tmp_path.glob(".*"))


def test_stopped_in_each_phase_and_resumed_gives_the_same(whole):
    run, attempts = runs.start(asked()), 1
    for phase in PHASES:
        wait_until(lambda run=run, phase=phase: phase in phases(run) or not run.alive)
        if phase == "train":
            run, attempts = _cancelled_while_it_learns(run), attempts + 1
        kill(run)
        wait(run)
        if run.state == "done":  # a kill that came too late ended nothing
            break
        assert run.state == "lost"
        attempts += 1
        run = runs.resume(run.id)
    assert made(done(run)) == whole[1] and run.status["attempt"] == attempts >= len(PHASES)
    assert {path.name for path in run.folder.iterdir()} == LEFT
    assert not list(run.folder.rglob(".*")) and not list(run.folder.rglob("*.tmp"))
    runs.delete(run.id)
    assert not run.folder.exists() and not runs.list_runs()


def _cancelled_while_it_learns(run):
    """The run resumed after that, going on where it was."""
    wait_until(lambda: (run.folder / "previews.json").is_file() or not run.alive)
    runs.cancel(run.id)
    assert wait(run).state == "cancelled" and run.reason is None
    run = runs.resume(run.id)
    wait_until(lambda: any("goes on from update" in str(note) for note in run.notes) or not run.alive)
    assert run.alive
    return run


def test_a_class_that_is_not_there_ends_the_run_with_a_sentence():
    run = wait(runs.start(asked(prove={"class": "cat", "keep": 5})))
    assert run.state == "failed" and "no class 'cat'" in str(run.reason)


def test_what_cannot_be_proved_is_refused_before_the_training():
    run = wait(runs.start(asked(prove={"class": "3", "keep": 1000})))
    assert run.state == "failed" and "Choose a class with fewer pictures" in str(run.reason)
    assert not any(entry.get("phase") == "train" for entry in run.curve())


@pytest.mark.parametrize(("change", "words"), [
    ({"columns": {"text": "a"}}, "no columns"), ({"choose": True}, "choose"), ({"prove": {"class": "3"}}, "prove takes"),
    ({"prove": {"class": "", "keep": 3}}, "class to prove"), ({"prove": {"class": "3", "keep": 0}}, "keep cannot be 0"),
    ({"split": {"test": 0.6}}, "test cannot be"), ({"split": {"by": 1}}, "no entry 'by'"), ({"data": None}, "no data"),
    ({"params": {"minutes": 0}}, "minutes"),
    ({"estimator": "EASE", "columns": {"user": "a", "item": "b"}, "params": {}}, "nothing to prove"),
])
def test_what_cannot_be_asked(change, words):
    with pytest.raises((ParameterError, DataError), match=words):
        spec.build(asked(**change), "id")


def test_a_spec_says_what_it_needs():
    built = spec.build(asked(prove={"class": 3, "keep": 25}), "id")
    assert built["prove"] == {"class": "3", "keep": 25} and built["split"] == {"test": 0.15, "seed": 0}
    assert {"diffusers", "Pillow"} <= set(built["versions"])
    assert "prove" not in spec.build(asked(prove=None), "id")
    assert str(task_pictures.title(built, refs.title(DATA))).startswith("Pictures like those of")


def test_the_script_does_it_again(capsys, monkeypatch):
    seen = {"metric": "m", "model": {"m": 0.5}, "verdict": {"kind": "varied"}}
    monkeypatch.setattr("bmcore.evaluate.pictures.evaluate", lambda *given, **named: seen)
    names = {}
    exec(script_pictures.script(spec.build(asked(), "id")), names)
    assert capsys.readouterr().out.splitlines()[-1] == "m 0.5 varied"
    assert (names["train"].labels == 3).sum() == 20 and names["made"].shape == (16, 8, 8, 1) and len(names["test"]) > 200


def test_previews_are_few_and_forget_what_never_happened(tmp_path):
    class Told:
        def check(self):
            pass

    shown = work_pictures_previews.Previews(tmp_path, Told())
    for step in range(1, 90):
        shown(step, step / 10, np.zeros((4, 8, 8, 1), np.uint8))
    listed = json.loads((tmp_path / "previews.json").read_text())
    assert len(listed) == 60 and listed[0]["step"] == 1 and listed[-1]["step"] == 89
    assert len(list((tmp_path / "previews").iterdir())) == 60
    again = work_pictures_previews.Previews(tmp_path, Told())
    again(39, 3.9, np.arange(12, dtype=np.uint8).repeat(64).reshape(12, 8, 8, 1))
    with Image.open(tmp_path / "previews" / "39.png") as classes:
        assert [classes.getpixel(place) for place in ((0, 0), (0, 180), (60, 0), (120, 180))] == [0, 3, 4, 11]
    again(40, 4.0, np.zeros((4, 8, 8, 3), np.uint8))
    listed = json.loads((tmp_path / "previews.json").read_text())
    assert listed[-1]["step"] == 40 and len(list((tmp_path / "previews").iterdir())) == len(listed)


def test_a_sheet():
    images = np.arange(12, dtype=np.uint8).repeat(64).reshape(12, 8, 8)
    grid = sheets.sheet(images, by_column=True, columns=6)
    assert grid[0, 0] == 0 and grid[60, 0] == 1 and grid[0, 60] == 2 and grid.dtype == np.uint8
    assert sheets.sheet(images, columns=6)[0, 60] == 1
    colour = sheets.sheet(np.zeros((3, 64, 64, 3), np.uint8))
    large = sheets.sheet(np.random.default_rng(0).integers(0, 256, (100, 256, 256, 3), np.uint8), most=sheets.PAGE)
    assert large.shape[0] > 1000 and len(sheets.png(large)) < picture_sheet.MOST_BYTES
    assert colour.shape == (64, 200, 3) and Image.open(io.BytesIO(sheets.png(colour))).mode == "RGB"


def test_the_terminal_refuses(capsys):
    assert cli.main(["train", "Diffusion", "--sample", "digits_8x8", "--prove", "3"]) == 2
    assert "belong together" in capsys.readouterr().err
    assert cli.main(["train", "Diffusion", "--sample", "digits_8x8", "--text", "a"]) == 2
    for evaluation in ({"task": "pictures"}, {"task": "pictures", "model": None, "baselines": 3}):
        results.show(evaluation)


def test_nothing_heavy_is_imported_to_start_a_run():
    code = (
        "import sys\nfrom bmcore.runs import spec, tasks, store, script_pictures\nfrom bmcore.serve import pictures, client\n"
        "spec.build({'estimator': 'Diffusion', 'data': {'kind': 'sample', 'name': 'digits_8x8'}}, 'id')\n"
        "pictures.endpoints(object, None)\n"
        "print([name for name in ('torch', 'diffusers', 'pandas', 'scipy', 'numba', 'sklearn') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
