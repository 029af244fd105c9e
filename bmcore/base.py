"""What every estimator is: scikit-learn's contract, safe files, and a list of what it can serve. Imports nothing heavy.

An estimator's own file is a torch-free face; the engine beside it is imported inside methods, in a worker or a serving process.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from bmcore import files, params
from bmcore.errors import ModelError, NotFittedError, ParameterError

# name -> where its class is, so that a name costs no import until it is used
ESTIMATORS = {
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
}


def estimator_class(name: str) -> type[Estimator]:
    """The class of that name.

    Raises
    ------
    ParameterError
        If there is none.
    """
    if name not in ESTIMATORS:
        raise ParameterError(
            "There is no estimator {name!r}. There are: {known}.", name=str(name)[:80], known=", ".join(sorted(ESTIMATORS))
        )
    return getattr(importlib.import_module(ESTIMATORS[name]), name)


def servable(method: Callable) -> Callable:
    """Mark a method that a serving process offers as an endpoint of the same name."""
    method.servable = True
    return method


def _stored(folder: Path) -> tuple[str, dict[str, Any]]:
    """The name and the settings that estimator.json holds.

    Raises
    ------
    ModelError
        If it is missing or damaged.
    """
    try:
        stored = files.read_json(folder / "estimator.json")
    except RecursionError:
        stored = None
    stored = stored if isinstance(stored, dict) else {}
    name, settings = stored.get("estimator"), stored.get("params", {})
    if not isinstance(name, str) or name not in ESTIMATORS or not isinstance(settings, dict):
        raise ModelError(
            "{folder} is not a saved bmcore model: estimator.json is missing or damaged. Give the folder that save() or a run wrote.",
            folder=str(folder),
        )
    return name, settings


class Estimator:
    """Parameters, checks, save and load. `__init__` of a subclass stores keyword arguments and does nothing else."""

    task: ClassVar[str] = ""
    # name -> {"params": {...}, "split": {...}}: the ready-made choices of a form, from fast to best
    presets: ClassVar[dict[str, dict]] = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__doc__ and "{parameters}" in cls.__doc__:
            cls.__doc__ = cls.__doc__.replace("{parameters}", params.numpydoc(cls))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments as they are now."""
        return {name: getattr(self, name) for name in params.declared(type(self))}

    def set_params(self, **values: Any) -> Estimator:
        """Change arguments by name; unknown names are refused."""
        known = params.declared(type(self))
        for name, value in values.items():
            if name not in known:
                params.check(type(self), {name: value})
            setattr(self, name, value)
        return self

    def check_params(self) -> None:
        """Raise ParameterError for the first argument out of its range. `fit` calls it first."""
        params.check(type(self), self.get_params())

    def check_fitted(self) -> None:
        """Raise NotFittedError unless a learned attribute (one that ends in `_`) is there."""
        if not any(name.endswith("_") and not name.startswith("_") for name in vars(self)):
            raise NotFittedError("This {estimator} has learned nothing yet. Call fit, or load a saved one.", estimator=type(self).__name__)

    def save(self, folder: str | Path) -> Path:
        """Write everything `load` needs into `folder`: safetensors, npz and json only."""
        self.check_fitted()
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._save(folder)
        # written last: a folder without it is not a saved model
        files.write_json(folder / "estimator.json", {"estimator": type(self).__name__, "params": self._stored_params()})
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Estimator:
        """Read what `save` wrote."""
        folder = Path(folder)
        name, settings = _stored(folder)
        found = estimator_class(name)
        if not issubclass(found, cls):
            raise ModelError("{folder} holds a {found}, not a {asked}.", folder=str(folder), found=found.__name__, asked=cls.__name__)
        params.check(found, settings)
        estimator = found(**settings)
        estimator._load(folder)
        return estimator

    def __repr__(self) -> str:
        known = params.declared(type(self))
        # an array equals nothing as a whole
        changed = {
            name: value for name, value in self.get_params().items()
            if value is not known[name].default and (type(value) is not type(known[name].default) or value != known[name].default)
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def _stored_params(self) -> dict[str, Any]:
        """The settings as estimator.json keeps them."""
        return self.get_params()

    def _save(self, folder: Path) -> None:
        raise NotImplementedError

    def _load(self, folder: Path) -> None:
        raise NotImplementedError
