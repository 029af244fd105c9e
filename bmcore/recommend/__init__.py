"""Recommendations: the right item for a known user, a new user and a new item. Names are resolved on first use (PEP 562)."""

from __future__ import annotations

import importlib

_WHERE = {
    "ALS": "bmcore.recommend.als",
    "AutoRecommender": "bmcore.recommend.auto",
    "EASE": "bmcore.recommend.ease",
    "ItemKNN": "bmcore.recommend.itemknn",
    "Popularity": "bmcore.recommend.popularity",
    "Reason": "bmcore.recommend.contract",
    "Recommender": "bmcore.recommend.contract",
    "RecommenderModel": "bmcore.recommend.model",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'bmcore.recommend' has no attribute {name!r}")


def __dir__():
    return __all__
