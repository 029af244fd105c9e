"""A serving process: one model, HTTP on loopback, gone when idle.

    python -m bmcore serve RUN [--port 8080]
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bmcore.base import Estimator
from bmcore.errors import BmcoreError, RunError, ServiceError
from bmcore.messages import Message
from bmcore.serve.record import Record

IDLE_S = 900
_LOOK_S = 0.25  # between two looks for idleness, a stop or a deleted model


def main(run_id: str, port: int | None = None, idle_s: float = IDLE_S, told: Callable[[str], None] | None = None) -> int:
    """Serve a finished run until it is idle, stopped or deleted.

    Use it when a page, a script or another program on this computer needs answers from a trained model.

    Parameters
    ----------
    run_id : str
    port : int, optional
        By default one that is free.
    idle_s : float
        Seconds without a request after which the process ends.
    told : callable, optional
        Given the address once it is known; by default it is printed.

    Returns
    -------
    int
        0; also if the run is being served already, which is then said.

    Raises
    ------
    RunError
        If the run has no model.
    ServiceError
        If the port is taken or the model cannot be loaded.
    """
    from bmcore import runs
    from bmcore.runs import tasks

    run_ = runs.get(run_id)
    if run_.model_folder is None:
        raise RunError("Run {id} has no model to serve: it is {state}. Only a finished run can be served.", id=run_id, state=run_.state)
    model = tasks.asks(run_.spec.get("task", "classification")).model_class(run_.spec)
    return run(model, run_.model_folder, run_id, port=port, idle_s=idle_s, told=told)


def run(
    estimator: type[Estimator], folder: Path, name: str, *, port: int | None = None, idle_s: float = IDLE_S,
    told: Callable[[str], None] | None = None,
) -> int:
    """Serve `estimator.load(folder)` under `name`. See `main`."""
    record = Record(name)
    lock = record.take()
    if lock is None:
        _already(record, told)
        return 0
    try:
        record.clear()
        with _listen(port) as listener:
            return _serve(estimator, Path(folder), record, listener, idle_s, told or _print)
    finally:
        record.release(lock)


def _print(url: str) -> None:
    print(f"{url}/docs", flush=True)


def _already(record: Record, told: Callable[[str], None] | None) -> None:
    from bmcore.i18n import from_environment, translate

    found = record.read() or {}
    if told and "url" in found:
        told(found["url"])
        return
    message = Message("Run {id} is served already, at {url}.", id=record.name, url=found.get("url", "127.0.0.1"))
    print(translate(message, from_environment()), flush=True)


def _listen(port: int | None) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just given back can be had at once
    try:
        listener.bind(("127.0.0.1", port or 0))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServiceError(
            "Port {port} cannot be used ({reason}). Give another port from 1024 to 65535, or none and a free one is taken.",
            port=port, reason=getattr(error, "strerror", None) or str(error)) from error
    return listener


def _serve(estimator: type[Estimator], folder: Path, record: Record, listener: socket.socket, idle_s: float, told: Callable) -> int:
    import uvicorn

    from bmcore.serve import endpoints
    from bmcore.serve.app import build
    from bmcore.serve.holder import Holder

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that `finally` runs: uvicorn raises the signal again when it is done
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in a worker: others compute here too
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a saved model is whole; nothing may be fetched while serving
    asked = endpoints.of(estimator, folder)
    holder = Holder(lambda: estimator.load(folder))
    server = uvicorn.Server(uvicorn.Config(
        build(record.name, asked, holder), log_level="warning", access_log=False, server_header=False, lifespan="off",
        ws="none", limit_concurrency=200, timeout_graceful_shutdown=3, proxy_headers=False))
    threading.Thread(target=_watch, args=(server, holder, folder, record, idle_s), daemon=True).start()
    record.write(listener.getsockname()[1])
    told(f"http://127.0.0.1:{listener.getsockname()[1]}")
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        if not holder.close():  # nobody waits for this answer, and its memory is wanted; the kernel frees the lock
            record.clear()
            os._exit(0)
    if holder.error is not None:
        raise _reason(holder.error)
    return 0


def _watch(server, holder, folder: Path, record: Record, idle_s: float) -> None:
    """End the server when nobody asks, somebody says so, the model is deleted or never loaded."""
    while not server.should_exit:
        time.sleep(_LOOK_S)
        server.should_exit |= holder.idle_s > idle_s or record.stop.exists() or not folder.is_dir() or holder.state == "failed"


def _reason(error: Exception) -> BmcoreError:
    if isinstance(error, BmcoreError):
        return error
    failed = ServiceError("The model cannot be loaded ({kind}: {reason}). Train it again or repair its folder.",
                          kind=type(error).__name__, reason=" ".join(str(error).split())[:300])
    failed.__cause__ = error
    return failed
