"""Clusters in a table: KMeans and DBSCAN. Names are resolved on first use (PEP 562), so importing costs nothing."""

from __future__ import annotations

import importlib

_WHERE = {
    "DBSCAN": "bmcore.cluster.dbscan",
    "KMeans": "bmcore.cluster.kmeans",
    "choose_eps": "bmcore.cluster.choose",
    "choose_k": "bmcore.cluster.choose",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'bmcore.cluster' has no attribute {name!r}")


def __dir__():
    return __all__
