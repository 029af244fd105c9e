"""The run engine: a run is a process and a folder, and the folder is the only contract between the faces and the worker.

>>> from bmcore import runs
>>> runs.list_runs()
[]

`start` gives work to a detached process, `get` and `list_runs` read what it writes, `cancel`, `resume` and `delete` steer it.
`train` does all of it for a script. Nothing here imports torch: only the worker does.
"""

from __future__ import annotations

import importlib

_WHERE = {
    "Run": "store",
    "get": "store",
    "list_runs": "store",
    "start": "launch",
    "resume": "launch",
    "cancel": "control",
    "delete": "control",
    "train": "script",
    "load": "script",
    "follow": "script",
}
__all__ = list(_WHERE)


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(importlib.import_module(f"bmcore.runs.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'bmcore.runs' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
