"""Faults by causing them: a full disk, a failing worker, many faces killed at random, damaged files."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bmcore import runs
from bmcore.data import refs
from bmcore.runs import store
from tests.runs.conftest import N, at_step, chain, kill, listed, wait, wait_until

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("habit", "words"),
    [
        ("faulty", "An unexpected error stopped the run: ZeroDivisionError"),
        ("picky", "Column 'text' is no good."),
        ("hungry", "memory of this machine is too small"),
    ],
)
def test_a_failure_has_a_reason_in_plain_words(request_, habit, words):
    run = wait(runs.start(request_(habit=habit)))
    assert run.state == "failed" and words in str(run.reason)
    assert "secret detail" not in str(run.reason)
    assert ("secret detail" in run.log_tail()) == (habit == "faulty")


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A home on a disk of 3 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", place], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount")
    monkeypatch.setenv("BMCORE_HOME", str(place))
    yield place
    for _ in range(50):
        if subprocess.run(["umount", place], check=False, capture_output=True).returncode == 0:
            break
        time.sleep(0.1)


def test_a_full_disk_is_the_reason_and_the_checkpoints_stay(request_, small_disk):
    ref = refs.store(b"text,label\n" + b"".join(b"text %d,%d\n" % (number, number % 2) for number in range(40)), "t.csv")
    run = wait(runs.start({**request_(habit="filling", size=1, steps=10), "data": ref}))
    assert run.state == "failed" and "disk space" in str(run.reason), run.log_tail()
    assert "No space left" in str(run.reason)
    assert len(list((run.folder / "checkpoints").glob("step-*.json"))) >= 1
    assert listed() == [run.id]
    runs.delete(run.id)
    assert listed() == []


def test_a_read_only_home_still_lists_its_runs(request_, small_disk):
    ref = refs.store(b"text,label\n" + b"".join(b"text %d,%d\n" % (number, number % 2) for number in range(40)), "t.csv")
    run = wait(runs.start({**request_(), "data": ref}))
    wait_until(
        lambda: subprocess.run(["mount", "-o", "remount,ro", small_disk], capture_output=True, check=False).returncode == 0, timeout=10
    )
    try:
        assert listed() == [run.id] and run.state == "done" and run.evaluation
        for call in (runs.delete, lambda _: runs.start({**request_(), "data": ref})):
            with pytest.raises(OSError, match="cannot be"):
                call(run.id)
        run.folder.stat()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)


def test_a_disk_full_at_every_write_of_a_start(request_, small_disk):
    """The disk fills up a little earlier each time: a start is a run or a sentence, and never half a run."""
    ref = refs.store(b"text,label\n" + b"".join(b"text %d,%d\n" % (number, number % 2) for number in range(40)), "t.csv")
    for free_kb in (0, 4, 8, 12, 16, 24):
        hog = small_disk / "hog"
        with open(hog, "wb") as file:
            room = os.statvfs(small_disk)
            file.write(bytes(max(0, room.f_bavail * room.f_frsize - free_kb * 1024)))
        try:
            run = runs.start({**request_(steps=1), "data": ref})
        except OSError as error:
            assert "disk space" in str(error)
        else:
            assert wait(run).state in ("failed", "lost", "done")
            assert run.state == "done" or run.reason
        assert not list(small_disk.glob("runs/.new*"))
        hog.unlink()
        for id in listed():
            runs.delete(id)


def test_several_faces_killed_at_random_lose_nothing(request_, home):
    """Readers and starters on one home, shot now and then: no torn read, no lost run."""
    request = request_(steps=1)
    face = (
        "import json, sys, time\nfrom bmcore import runs\nrequest = json.loads(sys.argv[1])\n"
        "for number in range(3):\n"
        "    print(runs.start(request).id, flush=True)\n"
        "    for _ in range(30):\n"
        "        for run in runs.list_runs(): run.state, run.spec['id'], run.progress, run.notes, run.title(), run.evaluation\n"
        "        time.sleep(0.01)\n"
    )
    import json

    chance = random.Random(N)
    faces = [
        subprocess.Popen(
            [sys.executable, "-c", face, json.dumps(request)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        for _ in range(3)
    ]
    time.sleep(0.5 + chance.random())
    faces[0].kill()
    printed = []
    for at, process in enumerate(faces):
        out, err = process.communicate(timeout=200)
        printed += [line for line in out.splitlines() if store._ID.fullmatch(line)]
        assert at == 0 or (process.returncode == 0 and err == ""), err
    assert set(printed) <= set(listed())
    for run in runs.list_runs():
        wait(run)
        assert run.state in ("done", "lost") and not run.damaged
        if run.state == "lost":  # its starter was shot before the worker was there
            wait(runs.resume(run.id))
        assert run.state == "done"


@pytest.mark.parametrize("round_", range(N))
def test_killed_at_random_several_times(request_, round_):
    chance = random.Random(round_)
    run = at_step(runs.start(request_(steps=40, pause=0.01)), 1)
    for _ in range(3):
        time.sleep(chance.random() * 0.3)
        if run.alive:
            kill(run)
        wait(run)
        runs.resume(run.id)
    assert wait(run).state == "done" and run.evaluation["chain"] == chain(40)


def test_terminated_by_a_shutdown(request_):
    run = at_step(runs.start(request_(steps=1000, pause=0.05)), 1)
    kill(run, signal.SIGTERM)
    assert wait(run).state == "failed" and "shutdown" in str(run.reason)


DAMAGE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe\x00",
    b"{}",
    b'{"state": 3}',
    b'{"estimator": []}',
    b"[" * 100_000,
    b'{"state": "flying"}',
    b'{"state": "running", "started": "yesterday", "reason": [], "attempt": null}',
    b'{"state": "failed", "reason": {"template": 3}}',
    b'{"state": "failed", "reason": {"template": "{a} {", "values": {"a": 1}}}',
    b'{"state":"done","headline":{"value":"x"}}',
]


@pytest.mark.parametrize("content", DAMAGE, ids=lambda content: content[:20].decode("latin-1"))
def test_damaged_files_are_a_run_that_can_be_deleted(home, content):
    for name in ("spec.json", "status.json", "events.jsonl", "evaluation.json", "lock"):
        folder = store.runs_folder() / store.new_id()
        folder.mkdir()
        files = {"spec.json": b'{"estimator": "Counter", "data": {"kind": 3}}', "status.json": b'{"state": "done", "attempt": 1}'}
        for other, good in (files | {name: content}).items():
            (folder / other).write_bytes(good)
        run = runs.get(folder.name)
        assert run.state in store.STATES and (run.reason is None or str(run.reason))
        assert all(entry is not Exception for entry in (run.progress, run.notes, run.curve(), run.evaluation, run.headline, run.seconds))
        assert str(run.title()) and run.created >= 0 and run.events()[1] >= 0 and repr(run)
        assert run.state != "lost" or run.damaged or run.reason
        from bmcore.commands.runs import details, print_run

        assert details(run)["id"] == run.id
        print_run(run)
        runs.delete(run.id)
    assert listed() == []
