"""The life of a serving process: start, find, idle, stop, death."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bmcore.errors import RunError, RunNotFoundError, ServiceError
from bmcore.messages import Message
from bmcore.serve import client
from bmcore.serve.record import Record

STUB = Path(__file__).with_name("stub.py")
NAME = "run-under-test"


def wait_until(true, seconds=60):
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    return true()


def test_started_found_stopped(stubbed):
    assert not client.alive(NAME)
    one = client.service(NAME)
    two = client.service(NAME)
    assert one == two and stubbed == [NAME] and client.alive(NAME)
    assert [answer["label"] for answer in one.predict(["hi", "x" * 80])] == ["short", "long"]
    assert one.predict([]) == []
    record = Record(NAME)
    assert stat.S_IMODE(record.file.stat().st_mode) == 0o600 and stat.S_IMODE(record.file.parent.stat().st_mode) == 0o700
    assert json.loads(record.file.read_text())["url"] == one.url
    pid = json.loads(record.file.read_text())["pid"]
    client.stop(NAME)
    assert not client.alive(NAME)
    assert list(record.file.parent.iterdir()) == []
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())  # and no zombie
    client.stop(NAME)


def test_more_texts_than_one_request_takes(stubbed):
    texts = ["a" * (i % 100) for i in range(2500)] + ["好" * 90_000] * 5
    answers = client.service(NAME).predict(texts)
    assert len(answers) == 2505 and answers[99]["label"] == "long" and answers[1000]["label"] == "short"


def test_refusals_come_back_as_sentences(stubbed):
    service = client.service(NAME)
    with pytest.raises(ServiceError, match="100,001 characters"):
        service.predict(["x" * 100_001])
    with pytest.raises(ServiceError, match="not a text") as caught:
        service.ask("predict", {"texts": [1]})
    assert isinstance(caught.value.message, Message) and caught.value.message.values == {"number": 0}
    with pytest.raises(ServiceError, match="nothing at"):
        service.ask("explain", {})


def test_a_service_that_has_ended_is_started_again(stubbed):
    service = client.service(NAME)
    client.stop(NAME)
    assert service.predict(["hi"])[0]["label"] == "short" and len(stubbed) == 2


def test_health_while_loading(home, folder, run_stub):
    (folder / "slow").write_text("6")
    child = run_stub()
    port = int(child.stdout.readline().split(":")[2].split("/")[0])
    status, answer = client._talk(port, "GET", "/health", None, 60)
    assert (status, answer["status"]) == (503, "loading")
    status, answer = client._talk(port, "POST", "/predict", b'{"texts": ["a"]}', 60)
    assert status == 503 and "still loading" in answer["error"]
    assert wait_until(lambda: client._health(port) == "ready")
    child.terminate()
    assert child.wait(60) == 0


def test_not_ready_in_time(stubbed, folder):
    (folder / "slow").write_text("3")
    with pytest.raises(ServiceError, match="not ready after 1 seconds"):
        client.service(NAME, wait_s=1)
    assert client.service(NAME).run_id == NAME and len(stubbed) == 1


def test_a_model_that_cannot_be_loaded(stubbed, folder):
    (folder / "broken").touch()
    with pytest.raises(ServiceError, match=r"last words were: The model in .* is broken"):
        client.service(NAME)
    assert not client.alive(NAME)


def test_a_program_that_cannot_be_started(monkeypatch):
    monkeypatch.setattr(client, "command", lambda name: [sys.executable, "-c", "raise SystemExit('no room')"])
    with pytest.raises(ServiceError, match="last words were: no room"):
        client.service(NAME)
    monkeypatch.setattr(client, "command", lambda name: ["/nowhere/python"])
    with pytest.raises(ServiceError, match="could not be started"):
        client.service(NAME)


def test_idle_exit(home, folder, run_stub):
    child = run_stub(0, 6)
    port = int(child.stdout.readline().split(":")[2].split("/")[0])
    assert wait_until(lambda: client._health(port) == "ready")
    client._post(f"http://127.0.0.1:{port}", "predict", {"texts": ["sleep 8"]})  # longer than the idle time, and not idle
    since = time.monotonic()
    assert child.wait(100) == 0
    assert 1 < time.monotonic() - since < 90
    assert list((home / "serving").iterdir()) == []


def test_ends_when_its_model_is_deleted(home, folder, run_stub):
    child = run_stub()
    child.stdout.readline()
    folder.rmdir()
    assert child.wait(60) == 0 and not client.alive(NAME)


def test_port_in_use(home, folder, run_stub):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        child = run_stub(other.getsockname()[1])
        assert child.wait(60) == 1
        assert f"Port {other.getsockname()[1]} cannot be used" in child.stderr.read()
    assert list((home / "serving").iterdir()) == []


@pytest.mark.parametrize("port", [70_000, -1])
def test_impossible_port(port):
    from bmcore.serve.server import _listen

    with pytest.raises(ServiceError, match="cannot be used"):
        _listen(port)


def test_chosen_port_on_loopback_only(home, folder, run_stub):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    child = run_stub(port)
    assert f"127.0.0.1:{port}/docs" in child.stdout.readline()
    listeners = Path("/proc/net/tcp").read_text()
    assert f"0100007F:{port:04X} 00000000:0000 0A" in listeners and f"00000000:{port:04X} 00000000:0000 0A" not in listeners
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 0


def test_two_starts_at_once(stubbed):
    found = []
    threads = [threading.Thread(target=lambda: found.append(client.service(NAME))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1


def test_second_process_says_where_the_first_is(home, folder, run_stub):
    first = run_stub()
    url = first.stdout.readline().strip().removesuffix("/docs")
    second = run_stub()
    assert second.wait(60) == 0 and f"served already, at {url}." in second.stdout.read()
    first.terminate()
    assert first.wait(60) == 0


def test_the_command_prints_one_document(home, folder):
    """`serve RUN --json`, in its own process; the model is the stub's."""
    code = (
        "import sys; from types import SimpleNamespace as S\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {str(STUB.parent)!r})\nimport stub\nfrom bmcore import cli, runs\nfrom bmcore.serve import server\n"
        "from bmcore.runs import task_text\ntask_text.model_class = lambda spec: stub.Stub\n"
        f"runs.get = lambda name: S(model_folder=Path({str(folder)!r}), state='done', spec={{'estimator': 'Stub'}})\n"
        f"sys.exit(cli.main(['serve', {NAME!r}, '--json']))"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=STUB.parents[2])
    try:
        assert wait_until(lambda: client.alive(NAME), 200)
        again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=STUB.parents[2], check=True)
    finally:
        child.terminate()
        printed = child.communicate(timeout=120)[0]
    found = json.loads(printed)
    assert found == {"id": NAME, "url": found["url"], "docs": found["url"] + "/docs"} and found["url"].startswith("http://127.0.0.1:")
    assert json.loads(again.stdout) == found


def test_killed_and_started_again(stubbed):
    first = client.service(NAME)
    os.kill(Record(NAME).read()["pid"], signal.SIGKILL)
    assert wait_until(lambda: not client.alive(NAME))
    assert Record(NAME).file.exists() and Record(NAME).read() is None  # a record without its lock counts for nothing
    assert first.predict(["hi"])[0]["label"] == "short" and client.alive(NAME)


def test_stopped_while_it_hangs(stubbed, folder):
    (folder / "slow").write_text("600")
    with pytest.raises(ServiceError):
        client.service(NAME, wait_s=1)
    pid = wait_until(lambda: Record(NAME).read())["pid"]
    since = time.monotonic()
    client.stop(NAME, wait_s=3)
    assert not client.alive(NAME) and time.monotonic() - since < 50
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())  # it does not sleep on in its loader


@pytest.mark.parametrize("name", ["", "../../etc", "a" * 41, "UPPER-CASE", "run under", "run-id-0\n", "x", None, 5])
def test_names_that_are_no_run(name):
    for call in (client.service, client.alive, client.stop):
        with pytest.raises(RunNotFoundError):
            call(name)


def test_client_imports_nothing_heavy():
    code = ("import sys, bmcore.serve.client; print(*{'torch', 'sklearn', 'scipy', 'numpy', 'pandas', 'starlette', 'uvicorn'}"
            " & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=STUB.parents[2], check=True)
    assert done.stdout.strip() == ""


def test_damaged_record(home, stubbed):
    record = Record(NAME)
    for content in (b"", b"[]", b'{"port": "x"}', b"\xff"):
        record.file.write_bytes(content)
        assert record.read() is None
    assert isinstance(client.service(NAME), client.Service)




def test_disk_full(run_stub, home):
    (home / "serving").mkdir(parents=True)
    (home / "serving" / f"{NAME}.lock").mkdir()  # cannot be opened as a file, even by root
    child = run_stub()
    assert child.wait(60) == 1 and "cannot be written" in child.stderr.read()


def test_only_a_finished_run_is_served(monkeypatch):
    from bmcore import runs
    from bmcore.serve import server

    with pytest.raises(RunNotFoundError):
        server.main("20260101-000000-nowhere")
    unfinished = SimpleNamespace(model_folder=None, state="failed")
    monkeypatch.setattr(runs, "get", lambda run_id: unfinished)
    with pytest.raises(RunError, match="it is failed"):
        server.main(NAME)


def test_the_text_classifier_serves_predict():
    from bmcore.serve import endpoints
    from bmcore.text.classifier import TextClassifier

    assert set(endpoints.of(TextClassifier)) == {"predict"}
