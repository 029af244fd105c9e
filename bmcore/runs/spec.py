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
from bmcore.runs import tasks

_KEYS = ("estimator", "params", "preset", "data", "columns", "split", "choose", "prove", "scenario", "title", "origin")
_PACKAGES = (
    "torch", "transformers", "tokenizers", "diffusers", "accelerate", "safetensors", "scikit-learn", "numpy", "numba", "pandas", "pyarrow",
    "Pillow", "streamlit",
)
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
    settings = _settings(cls, {**chosen.get("params", {}), **(request.get("params") or {})})
    own = tasks.asks(cls.task).entries({**request, "split": _plain(request.get("split") or {})}, chosen)
    if request.get("prove") is not None and "prove" not in own:
        raise ParameterError("{estimator} makes no pictures, so there is nothing to prove. Leave prove out.", estimator=cls.__name__)
    spec = {
        "id": id,
        "created": round(time.time(), 3),
        "estimator": request["estimator"],
        "task": cls.task,
        "params": settings,
        "preset": request.get("preset"),
        "data": _data(request.get("data")),
        **own,
        "scenario": _line(request.get("scenario"), 60),
        "title": _line(request.get("title"), 200),
        "seed": settings.get("seed", settings.get("random_state")) or 0,
        "versions": versions(),
        "origin": _line(request.get("origin"), 20) or "script",
    }
    if len(json.dumps(spec)) > _LONGEST:
        raise ParameterError("The description of this run is too long: it takes at most {n} characters.", n=_LONGEST)
    return spec


def _settings(cls: type, given: dict[str, Any]) -> dict[str, Any]:
    """Every setting of the estimator as JSON can hold it, so that the same spec always means the same run."""
    known = params.declared(cls)
    settings = _plain(given)
    params.check(cls, settings)
    settings = {name: settings.get(name, entry.default) for name, entry in known.items()}
    for name, value in settings.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ParameterError(
                "Setting {name} cannot be {value} in a run, which keeps its settings as text. Give a number, a text or a list.",
                name=name, value=repr(value)[:80],
            ) from None
    if "model" in settings and settings["model"] != known["model"].default:
        settings["model"] = _whole_path(settings["model"])
    if "random_state" in settings and settings["random_state"] is None:
        settings["random_state"] = 0  # a resumed run has to find what an uninterrupted one finds
    return settings


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
    """Scalars and arrays of numpy as Python's own, which JSON can hold."""
    return {name: value.tolist() if hasattr(value, "ndim") and hasattr(value, "tolist") else value for name, value in values.items()}


def _whole_path(value: Any) -> Any:
    """A folder given relative to here stays the same folder for a worker, which works elsewhere."""
    folder = os.path.expanduser(value) if isinstance(value, str) else ""
    return str(Path(folder).resolve()) if os.path.isdir(folder) else value


def _data(ref: Any) -> dict:
    if not isinstance(ref, dict) or ref.get("kind") not in ("sample", "file", "hub"):
        raise DataError("This run has no data. Give a sample, a file or a data set of the hub.")
    return ref


def _line(text: Any, longest: int) -> str | None:
    """One line of printable text, or None."""
    if not isinstance(text, str):
        return None
    return "".join(letter for letter in text if letter.isprintable()).strip()[:longest] or None
