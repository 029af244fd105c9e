"""Runs with an estimator that costs nothing, in real worker processes."""

import contextlib
import hashlib
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from bmcore import base, runs
from bmcore.runs import locks

collect_ignore = ["fake", "few", "poor", "quick"]  # only workers read it
FAKE = Path(__file__).parent / "fake"
N = int(os.environ.get("BMCORE_FAULTS_N", "3"))


@pytest.fixture(autouse=True)
def counter(home, monkeypatch):
    """`Counter` is known here and in every worker; workers that a test leaves behind are ended."""
    monkeypatch.setitem(base.ESTIMATORS, "Counter", "fake_estimator")
    monkeypatch.setenv("PYTHONPATH", f"{FAKE}{os.pathsep}{FAKE.parents[2]}")
    monkeypatch.syspath_prepend(str(FAKE))
    yield
    for folder in home.glob("runs/*/"):
        found = locks.holder(folder / "lock")
        if found and found[0] != os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(found[0], signal.SIGKILL)
    sys.modules.pop("fake_estimator", None)


@pytest.fixture
def request_(home):
    """`request_(steps=...)`: what `start` takes."""
    from bmcore.data import refs

    rows = "".join(f"message number {number},{'ab'[number % 2]}\n" for number in range(40))
    ref = refs.store(f"text,label\n{rows}".encode(), "messages.csv")

    def build(**params):
        return {"estimator": "Counter", "params": params, "data": ref, "columns": {"text": "text", "label": "label"}, "origin": "script"}

    return build


def wait(run, *states, timeout=180.0):
    """The run once its state is one of `states` (by default any last one)."""
    states = states or ("done", "failed", "cancelled", "lost")
    end = time.monotonic() + timeout
    while run.state not in states:
        assert time.monotonic() < end, f"{run} is not {states}; {run.status}; {run.log_tail()}"
        time.sleep(0.03)
    return run


def wait_until(true, timeout=180.0):
    end = time.monotonic() + timeout
    while not (found := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.03)
    return found


def kill(run, sent=signal.SIGKILL):
    """Send a signal to the worker of a run; its pid, or None if the run ended before."""
    found = wait_until(lambda: locks.holder(run.folder / "lock") or not run.alive)
    if found is True:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.kill(found[0], sent)
    return found[0]


def phases(run):
    """The phases a run has begun, in order, those of every attempt."""
    return [event["phase"] for event in run.events()[0] if event["kind"] == "phase"]


def stopped_in_each(run, names, stop):
    """The finished run, stopped once in each of these phases and resumed each time; the phases where that came in time."""
    stopped = []
    for name in names:
        wait_until(lambda run=run, name=name: name in phases(run) or not run.alive)
        if run.alive:
            stop(run)
        if wait(run).state == "done":
            break
        assert run.state in ("lost", "cancelled"), (run.state, str(run.reason), run.log_tail())
        stopped.append(name)
        run = runs.resume(run.id)
    assert wait(run, timeout=300).state == "done", (run.state, str(run.reason), run.log_tail())
    return run, stopped


def at_step(run, step):
    """The run once it has counted to `step`."""
    wait_until(lambda: run.progress.get("step", 0) >= step and run.progress.get("phase") == "train")
    return run


def chain(steps):
    """What an uninterrupted run counts to."""
    value = "start"
    for _ in range(steps):
        value = hashlib.sha256(value.encode()).hexdigest()
    return value


def together(count, work):
    """Call `work()` in `count` processes at once; what each printed into its pipe."""
    pipes = []
    begin_r, begin_w = os.pipe()
    for _ in range(count):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(begin_w)
                os.read(begin_r, 1)  # all wait here until the pipe is closed
                os.write(writing, str(work()).encode())
                status = 0
            except BaseException as error:
                os.write(writing, f"{type(error).__name__}: {error}".encode())
            finally:
                os._exit(status)
        os.close(writing)
        pipes.append((pid, reading))
    os.close(begin_r)
    os.close(begin_w)
    answers = []
    for pid, reading in pipes:
        with os.fdopen(reading, "rb") as pipe:
            answers.append(pipe.read().decode())
        os.waitpid(pid, 0)
    return answers


def listed():
    return [run.id for run in runs.list_runs()]
