"""A file is whole or absent, whatever moment the writer dies in."""

import os
import subprocess
import sys

import pytest

from bmcore import files
from bmcore.errors import StorageError

KILLED_AT = """
import os, signal, sys
sys.path.insert(0, {root!r})
from bmcore import files
left = int(sys.argv[1])
def dying(real):
    def call(*args, **kwargs):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return real(*args, **kwargs)
    return call
os.fsync, os.replace, os.fdopen = dying(os.fsync), dying(os.replace), dying(os.fdopen)
files.write_json({path!r}, {{"state": "new"}})
"""


def test_killed_at_every_step_of_a_write(tmp_path, request):
    path = tmp_path / "status.json"
    seen = set()
    for step in range(6):
        files.write_json(path, {"state": "old"})
        script = KILLED_AT.format(root=str(request.config.rootpath), path=str(path))
        done = subprocess.run([sys.executable, "-c", script, str(step)])
        state = files.read_json(path)["state"]
        seen.add((done.returncode == 0, state))
        if done.returncode == 0:
            assert state == "new"
            break
    assert (False, "old") in seen
    assert (True, "new") in seen


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(ValueError):
        files.write_json(path, {"a": float("nan")})
    assert files.read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_read_json_of_what_is_not_json(tmp_path):
    (tmp_path / "torn.json").write_bytes(b'{"a": ')
    assert files.read_json(tmp_path / "torn.json", default={}) == {}
    assert files.read_json(tmp_path / "absent.json") is None


def test_home_is_private_and_a_bad_one_is_a_sentence(home, monkeypatch, tmp_path):
    from bmcore import home as module

    assert oct(module.home().stat().st_mode & 0o777) == "0o700"
    assert oct(module.subfolder("runs").stat().st_mode & 0o777) == "0o700"
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("BMCORE_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StorageError, match="Set BMCORE_HOME"):
        module.home()
