"""The true path: a real model, a real worker, from the terminal, seen by every face."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bmcore
from bmcore import cli, runs
from bmcore.runs import locks
from bmcore.ui.live import PHASES

ROOT = Path(__file__).parents[1]
TRAIN = ["train", "TextClassifier", "--sample", "dialogues_en", "--text", "text", "--label", "category"]


@pytest.fixture
def table(tmp_path):
    """150 real questions of three topics."""
    frame = bmcore.load_sample("dialogues_en")
    kept = frame[frame["category"].isin(frame["category"].value_counts().index[:3])].groupby("category").head(50)
    kept.to_csv(tmp_path / "questions.csv", index=False)
    return tmp_path / "questions.csv"


def wait(run, *states):
    end = time.monotonic() + 200
    while run.state not in states:
        assert time.monotonic() < end, f"{run} {run.log_tail()}"
        time.sleep(0.1)


def test_from_the_terminal_to_an_answer(home, table, tmp_path, capsys):
    """train --json, show, predict: one run, one result."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bmcore",
            "train",
            "TextClassifier",
            "--data",
            str(table),
            *TRAIN[4:],
            "--epochs",
            "1",
            "--set",
            "trainable_layers=1",
            "--json",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    run = runs.get(shown["id"])
    assert shown["state"] == run.state == "done" and run.spec["origin"] == "terminal" and run.spec["params"]["epochs"] == 1
    assert run.evaluation["verdict"]["kind"] in ("better", "not_proven", "worse") and run.headline["baseline"]
    phases = [event["phase"] for event in run.events()[0] if event["kind"] == "phase"]
    assert list(dict.fromkeys(phases)) == list(PHASES) == sorted(phases, key=list(PHASES).index), "the ticks on the page never go back"
    assert {"loss", "samples_per_s", "left_s"} <= set(run.curve()[-1]) | set().union(*run.curve())
    pd.DataFrame({"note": ["=HYPERLINK(1)", "fine", "-3"], "text": ["Who won the world cup?", "", "What is a computer?"]}).to_csv(
        tmp_path / "in.csv", index=False
    )
    assert cli.main(["predict", run.id, str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 3
    written = (tmp_path / "out.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["note"].tolist() == ["'=HYPERLINK(1)", "fine", "-3"]
    assert found["predicted"].isna().tolist() == [False, True, False] and found["probability"][0] > 0
    model = bmcore.load(run.id)
    assert model.predict(["Who won the world cup?"])[0] == found["predicted"][0]


def weights(run):
    from safetensors.numpy import load_file

    return load_file(run.model_folder / "model.safetensors")


def test_killed_in_training_and_resumed_equals_uninterrupted(home, table, monkeypatch):
    """kill -9 in the middle of real training; the server's place is taken by a script that ends."""
    # the last weights: the best ones might be those from before the first step
    settings = {"text": "text", "label": "category", "epochs": 6, "max_length": 32, "trainable_layers": 1, "early_stopping": False}
    whole = bmcore.train("TextClassifier", table, **settings, report=lambda step, total, **metrics: None)
    monkeypatch.setenv("BMCORE_CHECKPOINT_SECONDS", "0")
    run = bmcore.train("TextClassifier", table, **settings, detach=True)
    while not list(run.folder.glob("checkpoints/step-*/MANIFEST.json")):
        assert run.state in ("queued", "running"), (run.reason, run.log_tail())
        time.sleep(0.02)
    pid, _ = locks.holder(run.folder / "lock")
    os.kill(pid, signal.SIGKILL)
    wait(run, "lost")
    monkeypatch.delenv("BMCORE_CHECKPOINT_SECONDS")
    runs.resume(run.id)
    wait(run, "done", "failed", "lost")
    assert run.state == "done", (run.reason, run.log_tail())
    assert run.status["attempt"] == 2 and run.evaluation
    assert any("goes on from step" in str(note) for note in run.notes), run.notes
    found = weights(run)
    for name, value in weights(whole).items():
        np.testing.assert_allclose(found[name], value, atol=1e-6, rtol=0, err_msg=name)


@pytest.mark.parametrize("label", ["answers", "text"])
def test_a_run_whose_columns_are_wrong_fails_with_a_sentence(home, capsys, label):
    assert cli.main([*TRAIN[:-1], label]) in (1, 2)
    assert "Traceback" not in capsys.readouterr().err
    for run in runs.list_runs():
        assert run.state == "failed" and "answers" in str(run.reason)
