"""bmcore: real AI demos for startups that tell the truth.

>>> import bmcore
>>> sorted(bmcore.__all__)[:9]
['ALS', 'AnswerSearch', 'AutoRecommender', 'DBSCAN', 'Diffusion', 'EASE', 'GAN', 'ItemKNN', 'KMeans']
>>> sorted(bmcore.__all__)[9:13]
['Popularity', 'TextClassifier', 'TextGenerator', 'TextToImage']
>>> sorted(bmcore.__all__)[13:]
['load', 'load_sample', 'read_table', 'runs', 'train']

Names are resolved on first use (PEP 562), so `import bmcore` costs a few milliseconds and never imports torch.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_WHERE = {
    "ALS": "bmcore.recommend.als",
    "AnswerSearch": "bmcore.text.answers",
    "AutoRecommender": "bmcore.recommend.auto",
    "DBSCAN": "bmcore.cluster.dbscan",
    "Diffusion": "bmcore.image.diffusion",
    "EASE": "bmcore.recommend.ease",
    "GAN": "bmcore.image.gan",
    "ItemKNN": "bmcore.recommend.itemknn",
    "KMeans": "bmcore.cluster.kmeans",
    "Popularity": "bmcore.recommend.popularity",
    "TextClassifier": "bmcore.text.classifier",
    "TextGenerator": "bmcore.text.generator",
    "TextToImage": "bmcore.image.text_to_image",
    "load": "bmcore.runs",
    "load_sample": "bmcore.data.samples",
    "read_table": "bmcore.data.read",
    "train": "bmcore.runs",
}
__all__ = [*_WHERE, "runs"]


def __getattr__(name: str):
    if name == "runs":
        return importlib.import_module("bmcore.runs")
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'bmcore' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
