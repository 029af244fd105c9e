"""Cancelling and deleting, by any face, any number of times."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bmcore import files, runs
from bmcore.errors import RunError, RunNotFoundError, StorageError
from bmcore.runs import control, launch, locks, stop
from tests.runs.conftest import at_step, chain, kill, listed, together, wait, wait_until


def test_cancel_stops_within_a_step_and_resume_goes_on(request_):
    run = at_step(runs.start(request_(steps=200, pause=0.05)), 3)
    assert set(together(20, lambda: runs.cancel(run.id).id)) == {run.id}
    assert wait(run).state == "cancelled"
    assert run.reason is None and not run.alive
    assert [event["state"] for event in run.events()[0] if event["kind"] == "state"][-1] == "cancelled", "its own word, not the helper's"
    assert runs.cancel(run.id).state == "cancelled"
    wait(runs.resume(run.id))
    assert run.state == "done" and run.evaluation["chain"] == chain(200) and run.status["attempt"] == 2


def test_cancel_before_the_first_step(request_):
    """While torch is imported or a model loaded nobody reports; the worker looks all the same."""
    run = wait(runs.start(request_(habit="hung")), "running")
    (run.folder / "cancel").touch()  # without the helper that would end it in the end
    assert wait(run).state == "cancelled" and run.reason is None


def test_resume_of_a_run_that_is_still_stopping(request_):
    run = wait(runs.start(request_(habit="deaf")), "running")
    wait_until(lambda: (run.folder / "checkpoints" / "child").exists())
    (run.folder / "cancel").touch()
    with pytest.raises(RunError, match="still stopping"):
        runs.resume(run.id)
    os.killpg(kill(run), signal.SIGKILL)
    wait(run)


def test_cancel_while_queued_works_at_once(request_):
    first = at_step(runs.start(request_(steps=1000, pause=0.05)), 1)
    second = runs.start(request_())
    wait_until(lambda: second.events()[0])
    (second.folder / "cancel").touch()  # without the helper that would end it in the end
    assert wait(second).state == "cancelled"
    assert first.state == "running" and second.queue_position is None
    assert not list(Path(os.environ["BMCORE_HOME"]).glob("slots/waiting/*"))


def test_one_helper_a_run(request_):
    run = runs.start(request_(habit="stuck"))
    wait_until(lambda: run.progress.get("phase") == "train")
    together(20, lambda: runs.cancel(run.id).id)
    helpers = [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"bmcore.runs.stop" in _read(path) and str(run.folder).encode() in _read(path)
    ]
    assert len(helpers) == 1
    assert wait(run).state == "cancelled"  # stuck in a step, but SIGTERM after 10 s is enough


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_deaf_worker_is_dead_with_its_children_in_35_s(request_):
    run = runs.start(request_(habit="deaf"))
    child = int(wait_until(lambda: _read(run.folder / "checkpoints" / "child")))
    assert stop.TERM_S < stop.KILL_S <= 25
    runs.cancel(run.id)
    assert wait(run).state == "cancelled"
    wait_until(lambda: locks.started(child) is None or _zombie(child))
    wait_until(lambda: run.status["state"] == "cancelled")


def _zombie(pid):
    return b"State:\tZ" in _read(Path(f"/proc/{pid}/status"))


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(stop, "TERM_S", 0.3)
    monkeypatch.setattr(stop, "KILL_S", 0.8)
    monkeypatch.setattr(stop, "GIVE_UP_S", 1.5)


def test_a_stopped_worker_is_ended(request_, short):
    run = at_step(runs.start(request_(steps=1000, pause=0.05)), 1)
    kill(run, signal.SIGSTOP)
    stop.main(run.folder, locks.take(run.folder / "cancel"))
    wait(run)
    assert run.status["state"] == "cancelled" and run.status["started"]


def test_a_foreign_process_is_never_ended(request_, short):
    """The lock is held, but the process that its file names began at another time: the pid was used again."""
    run = wait(runs.start(request_()))
    launch.write_status(run.folder, "running", attempt=1)
    stranger = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
    held = locks.take(run.folder / "lock", wait_s=5)
    try:
        for signed in (
            {"pid": stranger.pid, "started": "boot:1"},
            {"pid": stranger.pid, "started": None},
            {"pid": 1, "started": "x"},
            [],
            {"pid": -1},
        ):
            files.write_json(run.folder / "signed", signed)
            os.pwrite(held, (run.folder / "signed").read_bytes().ljust(200), 0)
            stop.main(run.folder, locks.take(run.folder / "cancel") or pytest.fail("no cancel file"))
            (run.folder / "cancel").unlink()
        assert stranger.poll() is None
    finally:
        os.close(held)
        stranger.kill()
        stranger.wait()


def test_a_cancel_withdrawn_by_resume_ends_nothing(request_, short):
    run = at_step(runs.start(request_(steps=40, pause=0.05)), 1)
    kill(run)
    wait(run, "lost")
    helper = locks.take(run.folder / "cancel")
    assert run.state == "cancelled"  # asked for, and dead
    runs.resume(run.id)
    stop.main(run.folder, helper)
    assert run.state in ("queued", "running")
    assert wait(run).state == "done"


def test_a_clock_moved_by_an_hour_changes_no_state(request_, monkeypatch):
    run = at_step(runs.start(request_(steps=1000, pause=0.05)), 1)
    for hours in (-1, 1):
        shifted = time.time() + hours * 3600
        monkeypatch.setattr(time, "time", lambda shifted=shifted: shifted)
        assert run.state == "running" and run.seconds >= 0
        monkeypatch.undo()


def test_delete(request_, home):
    run = at_step(runs.start(request_(steps=1000, pause=0.05)), 1)
    with pytest.raises(RunError, match="Cancel it first"):
        runs.delete(run.id)
    kill(run)
    wait(run, "lost")
    answers = together(10, lambda: runs.delete(run.id))
    assert sorted(answers)[0] == "None" and sum("RunNotFoundError" in answer for answer in answers) == 9
    assert listed() == [] and not list((home / "trash").iterdir())
    for call in (runs.get, runs.cancel, runs.resume, runs.delete, runs.load):
        with pytest.raises(RunNotFoundError):
            call(run.id)
    # a reader that held the run in its hands
    assert run.state == "lost" and run.progress == {} and run.notes == [] and run.curve() == [] and run.log_tail() == ""
    assert run.evaluation is None and run.model_folder is None and str(run.title()) and run.seconds is None


def test_readers_in_the_middle_of_a_delete(request_):
    found, over = [], threading.Event()

    def read():
        while not over.is_set():
            for run in runs.list_runs():
                try:
                    found.append(
                        (run.state, run.reason, run.progress, run.title(), run.evaluation, run.headline, run.seconds, run.queue_position)
                    )
                except Exception as error:
                    found.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        run = wait(runs.start(request_()))
        runs.delete(run.id)
    over.set()
    reader.join()
    assert found and not [entry for entry in found if isinstance(entry, Exception)]


def test_a_folder_that_cannot_be_written(request_, monkeypatch):
    run = at_step(runs.start(request_(steps=1000, pause=0.05)), 1)

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(control.locks, "take", refuse)
    for call in (runs.cancel, runs.delete):
        with pytest.raises(StorageError, match="Read-only"):
            call(run.id)
    monkeypatch.undo()
    assert run.state == "running"


def test_the_file_goes_with_its_last_run(request_, home):
    first, second = (wait(runs.start(request_(steps=steps))) for steps in (1, 2))
    (given,) = (home / "data").iterdir()
    fresh, forgotten = (home / "data" / f"{letter * 64}.csv" for letter in "ab")
    for path in (fresh, forgotten):
        path.write_text("a\n1\n")
    os.utime(forgotten, (0, 0))
    runs.delete(first.id)
    assert given.exists() and fresh.exists() and not forgotten.exists()
    runs.delete(second.id)
    assert list((home / "data").iterdir()) == [fresh]
