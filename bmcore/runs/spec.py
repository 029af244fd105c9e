"""From a request to a run's spec: defaults from preset and estimator, everything checked before a folder is made."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from bmcore import params
from bmcore.base import estimator_class
from bmcore.errors import DataError, ParameterError

_KEYS = ("estimator", "params", "preset", "data", "columns", "split", "scenario", "title", "origin")
_SPLIT = {"test": 0.2, "seed": 0, "max_train": None, "max_test": None}
_ROWS = params.Range(2, 10_000_000)
_SPLIT_TAKES = {
    "test": (params.Range(0.01, 0.9),),
    "seed": (params.Range(0, 2**31 - 1),),
    "max_train": (_ROWS, params.Choice(None)),
    "max_test": (_ROWS, params.Choice(None)),
}
_PACKAGES = ("torch", "transformers", "accelerate", "safetensors", "scikit-learn", "numpy", "pandas", "pyarrow", "streamlit")
_LONGEST = 100_000  # bytes of JSON: a spec is read at every listing


def build(request: dict[str, Any], id: str) -> dict[str, Any]:
    """The spec of a run.

    Raises
    ------
    ParameterError
        For an unknown key, estimator, preset or setting, or a refused value.
    DataError
        If no data reference or columns are given.
    """
    for key in request:
        if key not in _KEYS:
            raise ParameterError("A run has no entry {name!r}. Its entries are: {known}.", name=str(key)[:80], known=", ".join(_KEYS))
    cls = estimator_class(request.get("estimator", ""))
    chosen = _preset(cls, request.get("preset"))
    settings = _plain({**chosen.get("params", {}), **(request.get("params") or {})})
    params.check(cls, settings)
    settings = {name: settings.get(name, entry.default) for name, entry in params.declared(cls).items()}
    if "model" in settings and settings["model"] != params.declared(cls)["model"].default:
        settings["model"] = _whole_path(settings["model"])
    spec = {
        "id": id,
        "created": round(time.time(), 3),
        "estimator": request["estimator"],
        "params": settings,
        "preset": request.get("preset"),
        "data": _data(request.get("data")),
        "columns": _columns(request.get("columns")),
        "split": _split(_plain({**chosen.get("split", {}), **(request.get("split") or {})})),
        "scenario": _line(request.get("scenario"), 60),
        "title": _line(request.get("title"), 200),
        "seed": settings.get("seed", 0),
        "versions": versions(),
        "origin": _line(request.get("origin"), 20) or "script",
    }
    if len(json.dumps(spec)) > _LONGEST:
        raise ParameterError("The description of this run is too long: it takes at most {n} characters.", n=_LONGEST)
    return spec


def versions() -> dict[str, str]:
    """What would have to be installed to repeat the run, found without importing it."""
    import bmcore

    found = {"python": platform.python_version(), "bmcore": bmcore.__version__}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _preset(cls: type, name: str | None) -> dict:
    if name is None:
        return {}
    if name not in cls.presets:
        raise ParameterError(
            "{estimator} has no preset {name!r}. Its presets are: {known}.",
            estimator=cls.__name__,
            name=str(name)[:80],
            known=", ".join(cls.presets),
        )
    return cls.presets[name]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Scalars of numpy as Python's own, which JSON can hold."""
    return {name: value.item() if getattr(value, "ndim", None) == 0 else value for name, value in values.items()}


def _whole_path(value: Any) -> Any:
    """A folder given relative to here stays the same folder for a worker, which works elsewhere."""
    folder = os.path.expanduser(value) if isinstance(value, str) else ""
    return str(Path(folder).resolve()) if os.path.isdir(folder) else value


def _data(ref: Any) -> dict:
    if not isinstance(ref, dict) or ref.get("kind") not in ("sample", "file", "hub"):
        raise DataError("This run has no data. Give a sample, a file or a data set of the hub.")
    return ref


def _columns(columns: Any) -> dict:
    columns = columns if isinstance(columns, dict) else {}
    for role in ("text", "label"):
        if not (isinstance(columns.get(role), str) and columns[role]):
            raise DataError("This run does not say which column holds the {role}. Give the name of one.", role=role)
    if columns["text"] == columns["label"]:
        raise DataError("Column {column!r} cannot be both the text and the label. Choose two columns.", column=columns["text"])
    return {role: columns[role] for role in ("text", "label")}


def _split(values: dict) -> dict:
    for name, value in values.items():
        if name not in _SPLIT:
            raise ParameterError("A split has no entry {name!r}. Its entries are: {known}.", name=str(name)[:80], known=", ".join(_SPLIT))
        specs = _SPLIT_TAKES[name]
        if not any(entry.takes(value) for entry in specs):
            raise ParameterError(
                "{name} cannot be {value}: it takes {allowed}.", name=name, value=repr(value)[:80], allowed=specs[0].allowed()
            )
    return {**_SPLIT, **values}


def _line(text: Any, longest: int) -> str | None:
    """One line of printable text, or None."""
    if not isinstance(text, str):
        return None
    return "".join(letter for letter in text if letter.isprintable()).strip()[:longest] or None
