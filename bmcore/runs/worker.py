"""The process of a run: `python -m bmcore exec RUN_FOLDER`. What a launcher starts, here or on a cluster.

It holds the run's lock all its life, waits for a slot, works, and writes how it ended. Whatever kills it, the lock tells.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import re
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from bmcore.cores import cores
from bmcore.errors import BmcoreError, Cancelled, RunError
from bmcore.home import home
from bmcore.messages import Message
from bmcore.runs import locks, slots, store, tasks
from bmcore.runs.report import Report
from bmcore.runs.status import Terminated, why, write_status

RESERVE = "reserve"  # given back when the disk is full, so that the last word can still be written
_RESERVE_BYTES = 64 * 1024
_WATCH_S = 0.3
_NICE = 5  # the web server beside us stays quick
_OOM_SCORE = 500  # if the machine runs out of memory this process goes, not the web server
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|KEY", re.I)


def main(folder: str | Path, lock: int | None = None) -> int:
    """Work a run to its end.

    Parameters
    ----------
    folder : path of a folder that holds spec.json
    lock : int, optional
        Descriptor of the run's lock file, already locked by the launcher.

    Returns
    -------
    int
        0 done, 1 failed, 130 cancelled.
    """
    folder = Path(folder).absolute()
    if not (folder / "spec.json").is_file():
        raise RunError("{folder} is not the folder of a run: it has no spec.json.", folder=str(folder))
    store.check_id(folder.name)
    if lock is None or not locks.same_file(lock, folder / "lock"):
        lock = locks.take(folder / "lock", wait_s=1.0)
    if lock is None:
        raise RunError("Another process works at run {id} already.", id=folder.name)
    os.set_inheritable(lock, False)
    locks.sign(lock, os.getpid())
    if store.Run(folder).status["state"] == "done":  # a cluster may send a job twice
        locks.release(lock)
        return 0
    signal.signal(signal.SIGTERM, _terminate)
    _settle()
    code = _Worker(folder).work()
    locks.release(lock)  # the last word is written: whoever resumes or deletes need not wait until torch has gone
    return code


def _terminate(*_) -> None:
    raise Terminated


def _settle() -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, str(cores()))
    # threads that wait by spinning take the core from the one they wait for, once anything else runs here: 2 to 5 times slower
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))


class _Worker:
    def __init__(self, folder: Path):
        self.folder = folder
        self.run = store.Run(folder)
        self.attempt = self.run.status["attempt"]
        self.started: float | None = None
        self.report: Report | None = None

    def work(self) -> int:
        try:
            self._reserve()
            self.report = Report(self.folder)
            threading.Thread(target=self._watch, daemon=True).start()
            headline = self._train()
        except BaseException as error:  # also KeyboardInterrupt: whatever ends the work is written down
            return self._ended(error)
        return self._last("done", None, headline)

    def _train(self) -> dict | None:
        before = self.run.status["state"]
        if before != "queued":  # no launcher was here: started by hand, or on a cluster
            self.attempt += before in store.STATES
            (self.folder / "cancel").unlink(missing_ok=True)
            write_status(self.folder, "queued", attempt=self.attempt)
        self.report.state("queued")
        _, device = slots.acquire(self.folder.name, self.report.check)
        if device is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = device
        self.started = round(time.time(), 3)
        write_status(self.folder, "running", attempt=self.attempt, started=self.started)
        self.report.state("running")
        from bmcore.runs import workflow

        return workflow.work(self.run, self.report)

    def _watch(self) -> None:
        """Until the first report nobody would look at `cancel`, and importing torch and loading a model take seconds."""
        while not self.report.begun:
            if (self.folder / "cancel").exists():
                _thread.interrupt_main(signal.SIGTERM)
                return
            time.sleep(_WATCH_S)

    def _ended(self, error: BaseException) -> int:
        stopped = isinstance(error, Cancelled | KeyboardInterrupt) or (isinstance(error, Terminated) and (self.folder / "cancel").exists())
        with contextlib.suppress(OSError):
            if not stopped and not isinstance(error, BmcoreError):
                print(_without_secrets(traceback.format_exc()), file=sys.stderr, flush=True)
        return self._last("cancelled" if stopped else "failed", None if stopped else self._why(error), None)

    def _why(self, error: BaseException) -> Message | None:
        try:
            return why(error, tasks.asks(self.run.spec["task"]).NO_MEMORY)
        except Exception:  # no memory for an import, or a spec that is damaged: there is a sentence all the same
            return why(error)

    def _last(self, state: str, reason: Message | None, headline: dict | None) -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            (self.folder / RESERVE).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            slots.leave(self.folder.name)
        with contextlib.suppress(OSError, AttributeError):
            self.report.state(state)
        ended = round(time.time(), 3)
        try:
            write_status(self.folder, state, attempt=self.attempt, started=self.started, ended=ended, reason=reason, headline=headline)
        except OSError as error:  # not even this can be written: readers see the free lock and call it lost
            with contextlib.suppress(OSError):
                print(f"{state}: {reason or ''} ({error})", file=sys.stderr, flush=True)
            return 1
        return {"done": 0, "cancelled": 130}.get(state, 1)

    def _reserve(self) -> None:
        (self.folder / RESERVE).write_bytes(bytes(_RESERVE_BYTES))


def _without_secrets(text: str) -> str:
    for name, value in os.environ.items():
        if _SECRET.search(name) and len(value) >= 8:
            text = text.replace(value, "***")
    return text.replace(str(home()), "$BMCORE_HOME")
