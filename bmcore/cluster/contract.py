"""scikit-learn's contract for clustering estimators, kept without importing scikit-learn.

    class DBSCAN(Clusterer):                       # give it fit(X, y=None, sample_weight=None, ...) and labels_
        def fit(self, X, y=None, sample_weight=None, *, report=None):
            table = self._learn_table(X)           # check_params, forget the last fit, check X, set n_features_in_ and names
            weights = weights_of(sample_weight, len(table.X))
            ...
            self.labels_ = labels
            return self

        def predict(self, X):                      # only if it has one
            table = self._known_table(X)           # NotFittedError; the columns of fit, else DataError

`Transforms` beside it adds transform's part: `set_output`, `get_feature_names_out`, and `self._output(array, table)` to end
`transform` with. Everything from scikit-learn is imported inside methods that only scikit-learn itself calls.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from bmcore import params
from bmcore.base import Estimator
from bmcore.cluster import torch_pick
from bmcore.cluster.inputs import Table, check_distinct, table_of
from bmcore.cluster.routing import Routes
from bmcore.errors import DataError, NotFittedError, ParameterError
from bmcore.messages import Message

MOST_NAMES = 5  # shown in an error


class Clusterer(Routes, Estimator):
    """Base of the clustering estimators."""

    task: ClassVar[str] = "clustering"
    _estimator_type: ClassVar[str] = "clusterer"

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None, *, report: Callable[..., Any] | None = None) -> np.ndarray:
        """`fit(X)`, then `labels_`: (n,) int."""
        return self.fit(X, sample_weight=sample_weight, report=report).labels_

    def check_fitted(self) -> None:
        """Raise NotFittedError unless there are labels: a fit that was stopped half-way left none."""
        if not hasattr(self, "labels_"):
            raise NotFittedError("This {estimator} has learned nothing yet. Call fit, or load a saved one.", estimator=type(self).__name__)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "labels_")

    def _stored_params(self) -> dict[str, Any]:
        """Settings as JSON has them: arrays as lists; a function or a generator, which a file cannot hold, as the default."""
        known = params.declared(type(self))
        stored = {}
        for name, value in self.get_params().items():
            if hasattr(value, "tolist"):
                value = value.tolist()
            elif callable(value) or isinstance(value, np.random.RandomState | np.random.Generator):
                value = known[name].default
            stored[name] = value
        return stored

    def _learn_table(self, X: Any, *, sparse: bool = False) -> Table:
        """What `fit` begins with: checked settings, nothing left of an earlier fit, a checked table, its columns remembered."""
        self.check_params()
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("_")]:
            delattr(self, name)
        table = table_of(X, type(self).__name__, device=self.device, sparse=sparse)
        self.n_features_in_ = table.X.shape[1]
        if table.names is not None:
            self.feature_names_in_ = table.names
        return table

    def _known_table(self, X: Any) -> Table:
        """What `predict` begins with: a fitted estimator and a checked table of the columns that `fit` saw."""
        self.check_fitted()
        columns = getattr(X, "columns", None)
        if columns is not None and hasattr(X, "dtypes"):
            check_distinct(list(columns))
            self._check_names(list(columns))
        elif hasattr(self, "feature_names_in_"):
            self._warn("X does not have valid feature names, but {} was fitted with feature names")
        return table_of(X, type(self).__name__, columns=self.n_features_in_, device=self.device)

    def _check_names(self, names: list) -> None:
        learned = getattr(self, "feature_names_in_", None)
        texts = all(isinstance(name, str) for name in names)
        if learned is None or not texts:
            if learned is not None or (texts and names):
                self._warn("X has feature names, but {} was fitted without feature names" if learned is None
                           else "X does not have valid feature names, but {} was fitted with feature names")
            return
        learned = list(learned)
        if names == learned:
            return
        unseen, missing = sorted(set(names) - set(learned)), sorted(set(learned) - set(names))
        problem = Message("Feature names must be in the same order as they were in fit.\n")
        if unseen and missing:
            problem = Message("{one}{other}", one=_unseen(unseen), other=_missing(missing))
        elif unseen or missing:
            problem = _unseen(unseen) if unseen else _missing(missing)
        raise DataError("The feature names should match those that were passed during fit.\n{problem}", problem=problem)

    def _warn(self, template: str) -> None:
        warnings.warn(template.format(type(self).__name__), UserWarning, stacklevel=4)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        transforms = TransformerTags(preserves_dtype=["float64", "float32"]) if hasattr(self, "transform") else None
        return Tags(
            estimator_type="clusterer", target_tags=TargetTags(required=False), transformer_tags=transforms,
            input_tags=InputTags(sparse=False),
        )


class Transforms:
    """What a clusterer with `transform` promises besides: named columns, and answers as frames on demand."""

    def set_output(self, *, transform: str | None = None) -> Any:
        """Choose what `transform` returns: "default" (numpy), "pandas" or "polars"; None changes nothing."""
        if transform not in (None, "default", "pandas", "polars"):
            raise ParameterError(
                "Output {value} is unknown. It is one of default, pandas, polars.", value=repr(transform)[:80]
            )
        if transform is not None:
            # scikit-learn's clone copies an attribute of this name
            self._sklearn_output_config = {**getattr(self, "_sklearn_output_config", {}), "transform": transform}
        return self

    def get_feature_names_out(self, input_features: Iterable[str] | None = None) -> np.ndarray:
        """Names of the columns of `transform`: (k,) object, such as "kmeans0"."""
        self.check_fitted()
        if input_features is not None:
            given = list(input_features)
            learned = getattr(self, "feature_names_in_", None)
            if learned is not None and given != list(learned):
                raise DataError("input_features is not equal to feature_names_in_. Leave it out, or give the names that fit saw.")
            if len(given) != self.n_features_in_:
                raise DataError(
                    "input_features should have length equal to the number of columns that fit saw, {expected}; it has {n}.",
                    expected=self.n_features_in_, n=len(given),
                )
        return np.array([f"{type(self).__name__.lower()}{i}" for i in range(self._n_features_out)], dtype=object)

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, report: Callable[..., Any] | None = None
    ) -> Any:
        """`fit(X)`, then `transform(X)`."""
        return self.fit(X, sample_weight=sample_weight, report=report).transform(X)

    def _output(self, array: np.ndarray, table: Table) -> Any:
        """The array, or the frame that `set_output` or scikit-learn's own configuration asks for."""
        kind = getattr(self, "_sklearn_output_config", {}).get("transform")
        if kind is None and "sklearn" in sys.modules:
            kind = sys.modules["sklearn"].get_config()["transform_output"]
        if kind in ("pandas", "polars"):
            array = torch_pick.host(array)
        if kind == "pandas":
            import pandas as pd

            return pd.DataFrame(array, columns=self.get_feature_names_out(), index=table.index, copy=False)
        if kind == "polars":
            import polars as pl

            return pl.DataFrame(array, schema=list(self.get_feature_names_out()), orient="row")
        return array


def _listed(names: list[str]) -> str:
    return "".join(f"- {name}\n" for name in names[:MOST_NAMES]) + ("- ...\n" if len(names) > MOST_NAMES else "")


def _unseen(names: list[str]) -> Message:
    return Message("Feature names unseen at fit time:\n{names}", names=_listed(names))


def _missing(names: list[str]) -> Message:
    return Message("Feature names seen at fit time, yet now missing:\n{names}", names=_listed(names))
