"""What the pages cost: CPU of start and first home page, memory of the server, modules it must not hold, a rerun with a result.

    python benchmarks/startup.py [--rounds 3]

The peer is an empty Streamlit app on the same machine, in turn with ours (A B A B); the median of paired differences counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ui")]
from make_run import make_run  # noqa: E402

HEAVY = ("torch", "transformers", "sklearn", "diffusers", "accelerate", "scipy")
EMPTY = "import streamlit as st\nst.title('empty')\n"
# a server whose process can be asked which modules it holds
PROBE = """
import json, os, sys, threading, time
def tell():
    while True:
        time.sleep(0.2)
        open({out!r} + "~", "w").write(json.dumps(sorted(name for name in list(sys.modules) if "." not in name)))
        os.replace({out!r} + "~", {out!r})
threading.Thread(target=tell, daemon=True).start()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A Streamlit server in a process of its own."""

    def __init__(self, folder: Path, script: str, home: Path, probe: Path | None = None):
        self.port = free_port()
        environment = {
            **os.environ,
            "BMCORE_HOME": str(home),
            "STREAMLIT_SERVER_PORT": str(self.port),
            "STREAMLIT_SERVER_HEADLESS": "true",
            "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
            "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        }
        if probe:
            (folder_probe := probe.parent / "probe").mkdir(exist_ok=True)
            (folder_probe / "sitecustomize.py").write_text(PROBE.format(out=str(probe)))
            environment["PYTHONPATH"] = str(folder_probe)
        self.process = psutil.Popen(
            [sys.executable, "-m", "streamlit", "run", script],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        self.wait()

    def wait(self) -> None:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=2).read()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("The server did not start.")

    def cpu(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system

    def memory(self) -> float:
        return self.process.memory_info().rss / 2**20

    def visit(self, page: str = "", query: str = "", times: int = 1) -> None:
        """Open a page as a browser does, over the websocket, and wait for its script to finish, `times` times."""
        asyncio.run(asyncio.wait_for(_visit(self.port, page, query, times), 120))

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)


async def _visit(port: int, page: str, query: str, times: int) -> None:
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.asyncio.client import connect

    origin = f"http://127.0.0.1:{port}"
    async with connect(f"ws://127.0.0.1:{port}/_stcore/stream", origin=origin, subprotocols=["streamlit"], max_size=None) as connection:
        for _ in range(times):
            message = BackMsg()
            message.rerun_script.query_string = query
            message.rerun_script.page_name = page
            await connection.send(message.SerializeToString())
            while True:
                answer = ForwardMsg()
                answer.ParseFromString(await connection.recv())
                if answer.WhichOneof("type") == "script_finished":
                    break


def start_cost(rounds: int, folder: Path) -> tuple[list[float], list[float], float]:
    """CPU-seconds of start and first page: ours, the empty app's; and our memory after the home page."""
    (folder / "empty").mkdir()
    (folder / "empty" / "empty.py").write_text(EMPTY)
    ours, theirs, memory = [], [], 0.0
    for _ in range(rounds):
        for kind, costs in (("empty", theirs), ("ours", ours)):
            server = Server(folder / "empty", "empty.py", folder / "home") if kind == "empty" else Server(ROOT, "app.py", folder / "home")
            server.visit()
            costs.append(server.cpu())
            if kind == "ours":
                memory = max(memory, server.memory())
            server.end()
    return ours, theirs, memory


def every_page(folder: Path) -> tuple[float, list[str], float]:
    """Memory after every page, heavy modules found, CPU-seconds of a rerun of the customer-service page with a finished run."""
    run_id = make_run(folder / "home", "done")
    server = Server(ROOT, "app.py", folder / "home", folder / "modules.json")
    server.visit()
    for page in sorted(path.stem for path in (ROOT / "pages").glob("[a-z]*.py")):
        server.visit(page)
    server.visit("customer_service", f"run={run_id}", 3)
    before = server.cpu()
    server.visit("customer_service", f"run={run_id}", 21)
    rerun = (server.cpu() - before) / 21
    memory = server.memory()
    time.sleep(1)
    held = json.loads((folder / "modules.json").read_text())
    server.end()
    return memory, [name for name in HEAVY if name in held], rerun


def line(name: str, value: str, limit: str, good: bool) -> None:
    print(f"{name:<58}{value:>12}   limit {limit:<10}{'ok' if good else 'MISSED'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, theirs, home_memory = start_cost(args.rounds, folder)
        memory, heavy, rerun = every_page(folder)
    beyond = statistics.median(a - b for a, b in zip(ours, theirs, strict=True))
    print(
        f"start and first page, CPU-seconds: ours {statistics.median(ours):.2f}, an empty app {statistics.median(theirs):.2f}, "
        f"ratio {statistics.median(ours) / statistics.median(theirs):.2f}"
    )
    line("beyond an empty Streamlit app, CPU-seconds", f"{beyond:.2f}", "1.00", beyond < 1)
    line("server memory after the home page, MB", f"{home_memory:.0f}", "100", home_memory < 100)
    line("server memory after every page, MB", f"{memory:.0f}", "200", memory < 200)
    line("rerun of customer service with a result, CPU-ms", f"{1000 * rerun:.0f}", "150", rerun < 0.15)
    line("heavy modules in the server", ", ".join(heavy) or "none", "none", not heavy)
    return 0 if beyond < 1 and home_memory < 100 and memory < 200 and rerun < 0.15 and not heavy else 1


if __name__ == "__main__":
    sys.exit(main())
