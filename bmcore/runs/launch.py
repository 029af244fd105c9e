"""Starting work: a detached process per run, exactly one, that outlives whoever started it.

The launcher takes the run's lock and the worker inherits it, so a run is never without a lock before its worker is dead.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bmcore import files
from bmcore.errors import ParameterError, RunError
from bmcore.home import home, subfolder
from bmcore.messages import Message
from bmcore.runs import locks, slots, spec, store
from bmcore.runs.status import steering, storage_error, write_status
from bmcore.runs.store import Run

# the worker needs the hub's token for private models; every other secret of the server stays with the server
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY", re.I)
_PASSED = ("HF_TOKEN", "HF_TOKEN_PATH", "HUGGING_FACE_HUB_TOKEN", "TOKENIZERS_PARALLELISM")
_PACKAGE = Path(__file__).resolve().parents[2]


def start(request: dict[str, Any], token: str | None = None) -> Run:
    """Make a run and its worker, and return at once.

    Use it when a page or a command line starts work; a script uses `train`.

    Parameters
    ----------
    request : dict
        estimator, data (reference), columns; and if wanted params, preset, split, choose, scenario, title, origin.
    token : str, optional
        Names this wish. The same token again returns the same run, however many ask at once.

    Raises
    ------
    ParameterError, DataError
        If the request cannot be meant.
    RunError
        If too many runs wait.
    StorageError
        If the home folder cannot be written.
    """
    try:
        if token is None:
            return _make(request, store.new_id())
        return _once(request, token)
    except OSError as error:
        raise storage_error(error) from error


def _once(request: dict[str, Any], token: str) -> Run:
    if not isinstance(token, str) or not 0 < len(token) <= 1000:
        raise ParameterError("A start token is a text of 1 to {longest} characters.", longest=1000)
    path = subfolder("tokens") / hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    handle = locks.take(path, wait_s=60)
    if handle is None:
        raise RunError("This run is being started by another process that does not get on. Try again in a minute.")
    try:
        id = os.pread(handle, 100, 0).decode("ascii", "replace")
        with contextlib.suppress(LookupError):
            return store.get(id)
        id = store.new_id()
        os.ftruncate(handle, 0)  # before the run is there: whoever dies in between must not leave a second one to be made
        os.pwrite(handle, id.encode(), 0)
        os.fsync(handle)
        return _make(request, id)
    finally:
        os.close(handle)


def _make(request: dict[str, Any], id: str) -> Run:
    built = spec.build(request, id)
    slots.admit()
    parent = store.runs_folder()
    beside = Path(tempfile.mkdtemp(dir=parent, prefix=".new-"))  # mode 0700
    lock = None
    try:
        files.write_json(beside / "spec.json", built)
        write_status(beside, "queued", attempt=1)
        lock = locks.take(beside / "lock")
        os.rename(beside, parent / id)  # a reader sees a whole run, with its lock held
        files.fsync_folder(parent)
        slots.enqueue(id)
        return _launch(parent / id, lock, attempt=1)
    except BaseException:
        for place in (beside, parent / id):  # no worker has started, so nothing of the run stays
            shutil.rmtree(place, ignore_errors=True)
        slots.leave(id)
        raise
    finally:
        if lock is not None:
            os.close(lock)


def resume(id: str) -> Run:
    """Go on with a cancelled, failed or lost run from its newest checkpoint, in the same folder.

    A run that is alive or done is returned as it is, so asking twice does no harm.

    Raises
    ------
    RunNotFoundError
        If there is none.
    RunError
        If its files are damaged.
    """
    run = store.get(id)
    attempt = run.status["attempt"]
    with steering(id):
        lock = locks.take(run.folder / "lock", wait_s=1.0)
        if lock is None:
            if run.status["state"] in store.ACTIVE and (run.folder / "cancel").exists():
                raise RunError("Run {id} is still stopping. Resume it once it has stopped.", id=run.id)
            return run
        try:
            return _go_on(run, lock, attempt)
        finally:
            os.close(lock)


def _go_on(run: Run, lock: int, attempt: int) -> Run:
    if not (run.folder / "spec.json").exists():
        raise store.not_found(run.id)  # deleted while we waited for the lock
    if run.damaged:
        raise RunError("The files of run {id} are damaged, so it cannot go on. Delete it and start a new one.", id=run.id)
    if run.status["state"] == "done" or run.status["attempt"] != attempt:
        return run  # finished, or somebody else resumed it while we waited for the lock
    slots.admit()
    (run.folder / "cancel").unlink(missing_ok=True)
    write_status(run.folder, "queued", attempt=attempt + 1)
    slots.enqueue(run.id)
    return _launch(run.folder, lock, attempt + 1)


def _launch(folder: Path, lock: int, attempt: int) -> Run:
    try:
        # straight to a file: a pipe that nobody drains would stop the worker
        with open(os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            process = detached(["-m", "bmcore", "exec", str(folder), "--lock", str(lock)], lock, log)
    except OSError as error:
        reason = Message("The worker process could not be started ({reason}).", reason=error.strerror or str(error))
        write_status(folder, "failed", attempt=attempt, ended=time.time(), reason=reason)
        slots.leave(folder.name)
    else:
        with contextlib.suppress(OSError):  # the worker signs as well; it is at work already, so nothing may fail here
            locks.sign(lock, process.pid)
    return Run(folder)


def detached(arguments: list[str], lock: int, log: Any = subprocess.DEVNULL) -> subprocess.Popen:
    """Python in a session of its own, with no terminal, holding `lock`, that outlives this process."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=home(),
        env=environment(),
        pass_fds=[lock],
        start_new_session=True,
    )
    # somebody has to wait for a child, or it stays a zombie for as long as the server lives
    with contextlib.suppress(RuntimeError):  # no thread to be had: the worker is at work all the same
        threading.Thread(target=process.wait, name=f"wait-{process.pid}", daemon=True).start()
    return process


def environment() -> dict[str, str]:
    """What a process of ours is given: this package and this home folder, and no secret of the server."""
    kept = {name: value for name, value in os.environ.items() if name in _PASSED or not _SECRET.search(name)}
    paths = [str(_PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {
        "BMCORE_HOME": str(home()),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8:replace",
    }
