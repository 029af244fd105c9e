"""Fetching: whole or absent, verified, one at a time. A small package index on this machine plays the outside world."""

import hashlib
import http.server
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile

import pytest

from bmcore import assets
from bmcore.assets import download
from bmcore.errors import AssetError, Cancelled

CONTENT = random.Random(0).randbytes(100_000)  # nothing to compress: a cut archive is really cut
WHEEL, SDIST = "bmcore_asset_check-1.0-py3-none-any.whl", "bmcore_asset_check-1.0.tar.gz"


def wheel():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bmcore_asset_check/data.csv", CONTENT)
        archive.writestr("bmcore_asset_check/__init__.py", "raise SystemExit('imported')")
        archive.writestr("bmcore_asset_check-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bmcore-asset-check\nVersion: 1.0\n")
        archive.writestr("bmcore_asset_check-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("bmcore_asset_check-1.0.dist-info/RECORD", "")
    return buffer.getvalue()


def sdist():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in (("bmcore_asset_check/data.csv", CONTENT), ("setup.py", b"raise SystemExit('run')")):
            entry = tarfile.TarInfo(f"bmcore_asset_check-1.0/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


FILES = {WHEEL: wheel(), SDIST: sdist()}


def asset(archive, **changes):
    inside = "bmcore_asset_check/data.csv" if archive == WHEEL else "bmcore_asset_check-1.0/bmcore_asset_check/data.csv"
    values = {
        "key": "check",
        "package": "bmcore-asset-check",
        "version": "1.0",
        "archive": archive,
        "size": len(FILES[archive]),
        "sha256": hashlib.sha256(FILES[archive]).hexdigest(),
        "licence": "none",
        "members": (assets.Member(inside, len(CONTENT), hashlib.sha256(CONTENT).hexdigest()),),
    }
    return assets.Asset(**{**values, **changes})


class Index(http.server.BaseHTTPRequestHandler):
    """A package index with one project; `how` decides what happens to its archives."""

    how, served = "well", []

    def do_GET(self):
        name = self.path.rstrip("/").rsplit("/", 1)[-1]
        if name in FILES:
            return self.archive(FILES[name], name)
        if name != "bmcore-asset-check" or Index.how == "missing":
            return self.send_error(404)
        links = "".join(f'<a href="/files/{file}">{file}</a>' for file in FILES)
        return self.answer(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")

    def archive(self, content, name):
        Index.served.append(name)
        if Index.how == "error":
            return self.send_error(503)
        if Index.how == "other":
            content = content[:-1] + b"\x01"
        if Index.how == "longer":
            content += b"x" * 1000
        if Index.how == "slow":
            time.sleep(0.5)
        if Index.how == "stuck":
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:1000])
            self.wfile.flush()
            return time.sleep(6)
        return self.answer(content, "application/octet-stream")

    def answer(self, content, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def index(monkeypatch, tmp_path):
    """The local index, and an empty assets folder."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    monkeypatch.setenv("BMCORE_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Index.how, Index.served = "well", []
    yield Index
    server.shutdown()
    server.server_close()


@pytest.fixture(params=[WHEEL, SDIST], ids=["wheel by pip", "sdist by index"])
def archive(request, monkeypatch):
    monkeypatch.setitem(assets.ASSETS, "check", asset(request.param))
    return request.param


def left():
    """Everything in the assets folder that is not a lock."""
    return sorted(path.name for path in assets.folder().rglob("*") if path.is_file() and not path.name.endswith(".lock")), list(
        assets.folder().glob(".fetch-*")
    )


def test_fetch_verify_read(index, archive):
    assert not assets.present("check")
    told = []
    folder = assets.fetch("check", lambda step, total, **metrics: told.append((step, total, metrics["phase"])))
    assert assets.present("check") and (folder / "data.csv").read_bytes() == CONTENT == assets.read("check", "data.csv")
    assert left() == (["data.csv"], [])
    assert told and all(0 <= step <= total and phase == "fetch" for step, total, phase in told)
    assets.fetch("check")
    assert index.served == [archive]


def test_one_download_serves_every_asset_of_the_same_archive(index, archive, monkeypatch):
    monkeypatch.setitem(assets.ASSETS, "check_too", asset(archive, key="check_too"))
    assets.fetch("check")
    assert assets.present("check_too") and assets.read("check_too", "data.csv") == CONTENT
    assets.fetch("check_too")
    assert index.served == [archive] and left() == (["data.csv", "data.csv"], [])


def test_bytes_so_far_while_folders_vanish(tmp_path, monkeypatch):
    """pip sweeps its own folders while the progress is measured: what is gone counts as nothing."""
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "a.whl").write_bytes(b"1234567")
    (tmp_path / "b.whl").write_bytes(b"12345")
    scan = os.scandir

    def racing(path):
        if str(path).endswith("gone"):
            shutil.rmtree(path, ignore_errors=True)
        return scan(path)

    monkeypatch.setattr(os, "scandir", racing)
    assert download._downloaded(tmp_path) == 5


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("other", "another content"),
        ("longer", "another content"),
        ("missing", "PIP_INDEX_URL to a mirror"),
        ("error", "PIP_INDEX_URL to a mirror"),
    ],
)
def test_failures_leave_nothing(index, archive, how, words):
    index.how = how
    with pytest.raises(AssetError, match=words) as caught:
        assets.fetch("check")
    assert "dialogues_en" in str(caught.value)
    assert left() == ([], []) and not assets.present("check")
    index.how = "well"
    assets.fetch("check")
    assert assets.present("check")


def test_no_network(index, archive, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(AssetError, match=r"127\.0\.0\.1.*Connect to the internet.*dialogues_en"):
        assets.fetch("check")
    assert left() == ([], [])


def test_full_disk(index, archive, monkeypatch):
    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AssetError, match="disk is full"):
        assets.fetch("check")
    assert left() == ([], [])


def test_folder_that_cannot_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BMCORE_ASSETS", str(tmp_path / "file" / "assets"))
    with pytest.raises(AssetError, match="Set BMCORE_HOME"):
        assets.fetch("clothing_reviews")


def test_cancel_leaves_nothing(index, archive):
    def stop(*_, **__):
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        assets.fetch("check", stop)
    assert left() == ([], [])


def test_wrong_member(index, monkeypatch):
    monkeypatch.setitem(assets.ASSETS, "check", asset(SDIST, members=(assets.Member("bmcore_asset_check-1.0/setup.py", 5, "0" * 64),)))
    with pytest.raises(AssetError, match="another content"):
        assets.fetch("check")
    monkeypatch.setitem(assets.ASSETS, "check", asset(SDIST, members=(assets.Member("gone.csv", 5, "0" * 64),)))
    with pytest.raises(AssetError, match=r"does not hold gone\.csv"):
        assets.fetch("check")
    assert left() == ([], [])


def test_changed_copy_is_noticed_and_removed(index, archive):
    path = assets.fetch("check") / "data.csv"
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(AssetError, match="damaged"):
        assets.read("check", "data.csv")
    assert not assets.present("check")
    with pytest.raises(AssetError, match="--fetch check"):
        assets.read("check", "data.csv")
    assets.fetch("check")
    assert assets.read("check", "data.csv") == CONTENT


CHILD = """
import sys
from bmcore import assets
member = assets.Member(sys.argv[1], int(sys.argv[2]), sys.argv[3])
assets.ASSETS["check"] = assets.Asset("check", "bmcore-asset-check", "1.0", sys.argv[4], int(sys.argv[5]), sys.argv[6], (member,), "none")
assets.fetch("check")
"""


def child(archive):
    one = asset(archive)
    member = one.members[0]
    return subprocess.Popen([sys.executable, "-c", CHILD, member.path, str(member.size), member.sha256, archive, str(one.size), one.sha256])


def test_kill_in_the_middle(index, archive):
    index.how = "stuck"
    process = child(archive)
    until = time.monotonic() + 120
    while not index.served:
        assert time.monotonic() < until, "nothing was asked for"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not assets.present("check") and len(list(assets.folder().glob(".fetch-*"))) == 1
    index.how = "well"
    assets.fetch("check")
    assert assets.read("check", "data.csv") == CONTENT
    assert left() == (["data.csv"], [])


def test_a_running_fetch_is_not_swept(index, archive):
    with assets._lock("clothing_reviews"):
        (assets.folder() / ".fetch-clothing_reviews-abc").mkdir()
        assets.fetch("check")
        assert (assets.folder() / ".fetch-clothing_reviews-abc").exists()


def test_four_at_once_fetch_once(index, archive):
    index.how = "slow"
    children = [child(archive) for _ in range(4)]
    assert [process.wait() for process in children] == [0, 0, 0, 0]
    assert index.served == [archive]
    assert left() == (["data.csv"], [])


def test_without_pip_a_wheel_comes_through_the_index(index, monkeypatch):
    monkeypatch.setitem(assets.ASSETS, "check", asset(WHEEL))
    real = download.importlib.util.find_spec
    monkeypatch.setattr(download.importlib.util, "find_spec", lambda name, *rest: None if name == "pip" else real(name, *rest))
    assets.fetch("check")
    assert assets.read("check", "data.csv") == CONTENT


def test_index_url(monkeypatch):
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setattr(download, "_pip_setting", lambda name: {"global.index-url": "https://mirror.example/simple"}.get(name, ""))
    assert download.index_url() == "https://mirror.example/simple/"
    monkeypatch.setattr(download, "_pip_setting", lambda name: "")
    assert download.index_url() == download.INDEX


def test_secrets_of_the_mirror_are_not_shown(index, archive, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:9/simple")
    with pytest.raises(AssetError) as caught:
        assets.fetch("check")
    assert "secret" not in str(caught.value)


def test_unknown_name():
    for call in (assets.fetch, assets.present):
        with pytest.raises(AssetError, match="There are: clothing_reviews"):
            call("../x")
