"""Ids, events and reports: what is read and written, without a worker."""

import json
import math
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bmcore import runs
from bmcore.errors import Cancelled, RunError, RunNotFoundError
from bmcore.messages import Message
from bmcore.runs import events, locks, report, script, slots, store
from bmcore.runs.status import why, write_status


def made(home, state="done", **spec):
    folder = store.runs_folder() / store.new_id()
    folder.mkdir(mode=0o700)
    (folder / "spec.json").write_text(json.dumps({"estimator": "Counter", "created": time.time(), **spec}))
    write_status(folder, state, attempt=1)
    return store.Run(folder)


def test_ids_sort_by_time_and_list_newest_first(home):
    found = []
    for _ in range(3):
        found.append(made(home).id)
        time.sleep(0.002)
    assert found == sorted(found) and all(store._ID.fullmatch(id) for id in found)
    assert [run.id for run in runs.list_runs()] == found[::-1]


NASTY = [
    "../x",
    "..%2f..%2fetc",
    "a#b",
    "CON",
    "a\0bcdefgh",
    "x" * 300,
    "abcdefgh\n",
    "аbcdefgh",
    "/etc/passwd",
    "",
    ".",
    "..",
    "-",
    "ABCDEFGH",
    "１２３４５６７８",
    None,
    3,
    ["a"],
    "--------",
    "00000000-",
    "~root-home",
]


@pytest.mark.parametrize("id", NASTY, ids=repr)
def test_a_foreign_or_invented_id_is_not_found(home, id):
    for call in (runs.get, runs.cancel, runs.resume, runs.delete, runs.load):
        with pytest.raises(RunNotFoundError):
            call(id)


@given(st.text(max_size=60))
@settings(max_examples=2000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_text_leads_out_of_the_home(home, text):
    try:
        id = store.check_id(text)
    except RunNotFoundError:
        return
    assert (home / "runs" / id).resolve().parent == (home / "runs").resolve()


def test_a_link_is_no_run(home, tmp_path):
    (store.runs_folder() / "20260101-000000").symlink_to(tmp_path)
    with pytest.raises(RunNotFoundError):
        runs.get("20260101-000000")
    assert runs.list_runs() == []


def test_numbers_that_cannot_be(home):
    run = made(home)
    (run.folder / "spec.json").write_text('{"estimator": "Counter", "created": NaN, "seed": 1e999, "title": 5}')
    (run.folder / "status.json").write_text('{"state": "done", "started": -1e400, "attempt": -3, "ended": 1' + "0" * 400 + "}")
    assert run.created == 0 and run.spec["seed"] == 0 and run.seconds is None and run.status["attempt"] == 1


def test_lost_is_derived_and_a_lock_is_what_lives(home):
    run = made(home, "running")
    assert run.state == "lost" and "Resume" in str(run.reason)
    lock = locks.take(run.folder / "lock")
    assert run.state == "running" and run.alive
    assert locks.take(run.folder / "lock") is None
    locks.release(lock)
    assert run.state == "lost"


def test_a_last_word_between_two_looks_is_heard(home, monkeypatch):
    """The worker writes `done` and lets go after the reader saw `running` and before it tries the lock."""
    run = made(home, "running")

    def free(_):
        write_status(run.folder, "done", attempt=1)
        return False

    monkeypatch.setattr(locks, "held", free)
    assert run.state == "done"


def test_events_drop_what_is_torn(home):
    run = made(home)
    writer = events.Writer(run.folder)
    writer.write("phase", phase="train")
    writer.write("progress", phase="train", step=1, total=3)
    path = run.folder / events.NAME
    with path.open("ab") as file:
        file.write(b'{"t": 1, "kind": "progress", "st')
    found, offset = run.events()
    assert [event["kind"] for event in found] == ["phase", "progress"]
    writer.close()
    again = events.Writer(run.folder)  # the next attempt
    again.write("note", message=Message("Hello {who}.", who="you").to_dict())
    found, end = run.events(offset)
    assert [event["kind"] for event in found] == ["note"] and end == path.stat().st_size
    assert run.events(end) == ([], end) and run.events(10**9) == ([], 10**9)
    assert [str(note) for note in run.notes] == ["Hello you."]
    assert run.progress["step"] == 1
    again.close()


def test_a_curve_is_short_and_keeps_what_was_measured(home):
    run = made(home)
    writer = events.Writer(run.folder)
    for step in range(1, 2001):
        writer.write("progress", phase="train", step=step, total=2000, loss=1 / step, **({"dev_macro_f1": 0.5} if step % 400 == 0 else {}))
    curve = run.curve()
    assert len(curve) <= 500 and curve[0]["step"] == 1 and curve[-1]["step"] == 2000
    assert sum("dev_macro_f1" in point for point in curve) == 5
    writer.write("progress", phase="train", step=1500, total=2000)  # resumed from an earlier checkpoint
    assert run.curve()[-1]["step"] == 1500
    assert run.progress["step"] == 1500
    writer.close()


def test_a_report_is_thinned_and_stops_when_asked(home):
    run = made(home)
    tell = report.Report(run.folder)
    for step in range(1, 1001):
        tell(step, 1000, phase="train", loss=math.nan if step == 1 else 1.0, **({"dev_macro_f1": 0.5} if step == 500 else {}))
    written = [event for event in run.events()[0] if event["kind"] == "progress"]
    assert len(written) < 100
    assert {1, 500, 1000} <= {event["step"] for event in written}
    assert "loss" not in written[0]
    (run.folder / "cancel").touch()
    with pytest.raises(Cancelled):
        tell(1, 1000, phase="train")


def test_numbers_from_numpy_become_json(home):
    import numpy as np

    run = made(home)
    report.Report(run.folder)(np.int64(1), np.int64(2), phase="train", loss=np.float32(0.5), lr=np.array(1e-4), name="text")
    assert run.progress["step"] == 1 and run.progress["loss"] == 0.5 and run.progress["lr"] == 1e-4 and "name" not in run.progress


def test_time_left_follows_what_is_measured():
    left = report.TimeLeft({"encode": 10.0, "train": 30.0, "evaluate": 10.0})
    left.enter("encode", 0.0)
    for second in range(1, 21):
        guess = left.guess(second / 20, float(second))  # twice as slow as forecast
    assert guess == pytest.approx(80, rel=0.1)
    left.enter("train", 20.0)
    for second in range(1, 31):
        guess = left.guess(second / 60, 20.0 + second)
    assert guess == pytest.approx(30 + 20, rel=0.1)
    left.enter("evaluate", 80.0)
    assert report.TimeLeft({}).guess(0.0, 1.0) is None


def test_time_left_in_a_phase_that_has_no_forecast():
    left = report.TimeLeft({"encode": 10.0, "train": 30.0, "evaluate": 20.0})
    left.enter("data", 0.0)
    left.guess(0.0, 0.0)
    assert left.guess(0.5, 4.0) == pytest.approx(4 + 60, rel=0.1), "everything is still to come"
    left = report.TimeLeft({"encode": 10.0, "train": 30.0, "evaluate": 20.0})
    left.enter("evaluate", 0.0)  # a resumed run, whose model is there already
    left.enter("baseline", 20.0)
    left.guess(0.0, 20.0)
    assert left.guess(0.5, 25.0) == pytest.approx(5, rel=0.1), "nothing comes after the last phase of the forecast"


def test_time_left_of_a_resumed_phase():
    left = report.TimeLeft()
    left.enter("train", 0.0)
    left.guess(0.5, 0.1)
    assert left.guess(0.6, 10.0) == pytest.approx(40, rel=0.1)


def test_the_queue_forgets_the_dead(home):
    dead, waiting = made(home, "queued"), made(home, "queued")
    lock = locks.take(waiting.folder / "lock")
    slots.enqueue(dead.id)
    slots.enqueue(waiting.id)
    (home / "slots" / "waiting" / "rubbish").touch()
    assert slots.position(waiting.id) == 1 and slots.position(dead.id) == 1
    held, _ = slots.acquire(waiting.id, lambda: None)
    assert sorted(path.name for path in (home / "slots" / "waiting").iterdir()) == ["rubbish"]
    os.close(held)
    locks.release(lock)


def test_a_slot_an_accelerator(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 5")
    assert slots.devices() == ["2", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert slots.devices() == [None]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(slots, "_names", lambda _: ["nvidia0", "nvidia1", "nvidiactl"])
    assert slots.devices() == ["0", "1"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "disk space"),
        (OSError(30, "Read-only file system"), "Read-only"),
        (RuntimeError("safetensors: I/O error: No space left on device (os error 28)"), "disk space"),
        (MemoryError(), "memory"),
        (RuntimeError("CUDA out of memory. Tried"), "memory"),
        (KeyError("x"), "KeyError"),
        (RunError("Plain {a}.", a=1), "Plain 1."),
    ],
)
def test_why(home, error, words):
    assert words in str(why(error))


def test_load_needs_a_finished_run(home):
    with pytest.raises(RunError, match="has no model yet"):
        runs.load(made(home, "failed").id)


def test_train_waits_and_tells(home, request_):
    request = request_()
    seen = []
    run = runs.train(
        "Counter",
        data=request["data"],
        text="text",
        label="label",
        steps=4,
        title="mine",
        report=lambda step, total, **metrics: seen.append((metrics["phase"], step)),
    )
    assert run.state == "done" and run.spec["origin"] == "script" and run.spec["params"]["steps"] == 4
    assert ("train", 4) in seen
    with pytest.raises(RunError, match="ZeroDivisionError"):
        runs.train("Counter", data=request["data"], text="text", label="label", habit="faulty")


def test_train_takes_a_frame_and_an_estimator(home):
    import pandas as pd
    from fake_estimator import Counter

    frame = pd.DataFrame({"text": [f"text {number}" for number in range(40)], "label": [number % 2 for number in range(40)]})
    run = runs.train(Counter(steps=2), frame, text="text", label="label")
    assert run.state == "done" and run.spec["data"]["stored"].endswith(".parquet") and run.evaluation["rows"] == [32, 8]
    assert runs.train(Counter(steps=100, pause=0.1), frame, text="text", label="label", detach=True).state in store.ACTIVE


def test_interrupting_a_script_stops_the_run(home, request_):
    def interrupt(step, total, **_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.train("Counter", data=request_()["data"], text="text", label="label", steps=1000, pause=0.05, report=interrupt)
    from tests.runs.conftest import wait

    assert wait(runs.list_runs()[0]).state == "cancelled"


def test_a_bar_in_a_terminal(capsys):
    bar = script._Bar()
    bar._wanted = True
    bar(1, 2, phase="train", loss=0.5)
    bar(2, 2, phase="train", loss=0.4)
    bar(1, 1, phase="evaluate")
    bar.close()
    assert "train: 100%" in capsys.readouterr().err
