"""What a clustering run saves: how its table was prepared together with the groups that were found, so that new rows find theirs.

    model = bmcore.load(run_id)
    model.predict([{"recency_days": 3, "frequency": 9, "money": 420.0}])
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bmcore import files
from bmcore.base import Estimator, servable
from bmcore.cluster import stored
from bmcore.data.prepared import Preparation, load_preparation
from bmcore.errors import DataError, ModelError

if TYPE_CHECKING:
    import pandas as pd

NAMES = "names.json"
_NUMBER = re.compile("-?[0-9]{1,9}")
_BLOCK = 2_000_000  # distances held at a time
_PART = 20_000  # records prepared at a time
_TREE_COLUMNS = 16  # with more, a search tree looks at nearly every point
_LOG = ("customer", "date")  # the roles that make a table a purchase log


class ClusterModel:
    """A preparation and a clusterer: raw rows in, groups out.

    Use it when new customers, messages or readings have to be put into the groups that a run has found.

    Parameters
    ----------
    preparation : Preparation
        Fitted.
    clusterer : KMeans or DBSCAN
        Fitted on what the preparation made.
    names : dict of int to str, optional
        What groups are called.

    Attributes
    ----------
    labels_ : ndarray of shape (n,), int
        Group of each row the clusterer learned from; -1 is none (noise).
    names_ : dict of int to str

    Notes
    -----
    `predict` of m rows holds at most 2,000,000 distances (16 MB) besides the m rows. The model folder is the clusterer's own
    (`Estimator.load` opens it alone) with a folder `preparation` in it.

    Examples
    --------
    >>> ClusterModel.task
    'clustering'
    """

    task: ClassVar[str] = "clustering"

    def __init__(self, preparation: Preparation, clusterer: Estimator, names: dict[int, str] | None = None):
        self.preparation, self.clusterer, self.names_ = preparation, clusterer, dict(names or {})
        self._tree: Any = None

    def __repr__(self) -> str:
        return f"ClusterModel({self.preparation.kind}, {self.clusterer!r})"

    @property
    def labels_(self) -> np.ndarray:
        return self.clusterer.labels_

    @servable
    def predict(self, records: list | pd.DataFrame) -> np.ndarray:
        """Group of each record: (m,) int; -1 where DBSCAN finds none near enough.

        Parameters
        ----------
        records : list of dict, list of str or DataFrame
            As `example()` shows.

        Raises
        ------
        DataError
            If a record lacks a column or holds something else than a number where one is needed.
        """
        return self.assign(records)[0]

    def assign(self, records: list | pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """(group of each record, its distance): to the group's centre, for DBSCAN to the nearest dense point; NaN if there is none."""
        if hasattr(records, "to_dict"):
            return self.assign_table(records)[1:]
        records = list(records)
        if not records:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        parts = [self.place(self.preparation.transform(records[at : at + _PART])) for at in range(0, len(records), _PART)]
        return np.concatenate([labels for labels, _ in parts]), np.concatenate([distances for _, distances in parts])

    def assign_table(self, frame: pd.DataFrame, text: str | None = None) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        """(table, group of each of its rows, distance of each); `text` is the column of messages if it is not the one learned from.

        A purchase log becomes a table of its customers, any other table stays as it is.
        """
        columns = self.preparation.columns
        if self.preparation.kind == "purchases" and all(columns.get(role) in frame.columns for role in _LOG):
            from bmcore.data.rfm import summary

            table, _ = summary(self.preparation.read(frame))
            return table, *self.place(self.preparation.apply(table))
        if self.preparation.kind == "messages":
            column = text or columns["text"]
            need([column], frame)
            texts = frame[column].astype("object").where(frame[column].notna(), "").astype(str)
            return frame, *self.assign(texts.tolist())
        names = list(self.preparation.example()[0])
        need(names, frame)
        parts = []
        for at in range(0, max(1, len(frame)), _PART):
            some = frame[names].iloc[at : at + _PART].astype("object")
            parts.append(self.assign(some.where(some.notna(), None).to_dict("records")))
        return frame, np.concatenate([labels for labels, _ in parts]), np.concatenate([distances for _, distances in parts])

    def place(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(group, distance) of prepared rows."""
        if hasattr(self.clusterer, "cluster_centers_"):
            labels = np.asarray(self.clusterer.predict(X))
            return labels, _lengths(X, self.clusterer.cluster_centers_, labels)
        from bmcore.cluster.newcomers import predict_new

        learned = self.clusterer
        labels = predict_new(
            learned.components_, learned.labels_[learned.core_sample_indices_], X, learned.eps, metric=learned.metric, p=learned.p,
            n_jobs=learned.n_jobs, report=lambda step, total, **metrics: None,
        )
        return labels, self._to_cores(X)

    def _to_cores(self, X: np.ndarray) -> np.ndarray:
        """Distance of each row to the nearest dense point: (m,); NaN if there is none."""
        from bmcore.cluster.kinds import kind_of

        learned, cores = self.clusterer, self.clusterer.components_
        if not len(cores):
            return np.full(len(X), np.nan)
        power = {2: 2.0, 1: 1.0, 0: np.inf}[kind_of(learned.metric, learned.p, learned.metric_params)]
        if power == 2.0 and cores.shape[1] > _TREE_COLUMNS:
            return _lengths(X, cores, nearest(X, cores))
        if self._tree is None:
            from scipy.spatial import cKDTree

            self._tree = cKDTree(cores)
        return self._tree.query(X, p=power)[0]

    def distances(self, X: np.ndarray) -> np.ndarray | None:
        """How far each row it learned from lies out: (n,). To the centre of its group; for DBSCAN the distance of noise to the nearest
        dense point and NaN for all others, or None for more than 16 columns, where that takes too long."""
        if hasattr(self.clusterer, "cluster_centers_"):
            return _lengths(X, self.clusterer.cluster_centers_, self.labels_)
        if X.shape[1] > _TREE_COLUMNS:
            return None
        found, noise = np.full(len(X), np.nan), np.flatnonzero(self.labels_ < 0)
        found[noise] = self._to_cores(X[noise])
        return found

    def example(self) -> list:
        """One record as `predict` takes it, in a list."""
        return self.preparation.example()

    def save(self, folder: str | Path) -> Path:
        """Write both parts, the clusterer last: a folder without it is not a saved model."""
        folder = Path(folder)
        self.preparation.save(folder / "preparation")
        write_names(folder, self.names_)
        self.clusterer.save(folder)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> ClusterModel:
        """Read what `save` wrote.

        Raises
        ------
        ModelError
            If it is something else, or damaged.
        """
        folder = Path(folder)
        clusterer = Estimator.load(folder)
        if getattr(clusterer, "task", "") != cls.task:
            raise ModelError("{folder} holds a {found}, which finds no groups.", folder=str(folder), found=type(clusterer).__name__)
        return cls(load_preparation(folder / "preparation"), clusterer, read_names(folder))


def write_names(folder: Path, names: dict[int, str]) -> None:
    """What the groups are called, known only after the model was saved."""
    files.write_json(folder / NAMES, {str(cluster): name for cluster, name in names.items()})


def read_names(folder: Path) -> dict[int, str]:
    """What `write_names` wrote; whatever else the file holds is left out."""
    listed = stored.document(folder / NAMES)
    listed = listed if isinstance(listed, dict) else {}
    return {int(key): name for key, name in listed.items() if _NUMBER.fullmatch(key) and isinstance(name, str)}


def need(names: list[str], frame: pd.DataFrame) -> None:
    """Raise DataError for the first column a table of new rows does not have."""
    have = [str(name) for name in frame.columns]
    for name in names:
        if name not in have:
            raise DataError(
                "The table has no column {column!r}, which the groups depend on. Its columns are: {columns}.",
                column=name[:100], columns=", ".join(have)[:300],
            )


def nearest(X: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Position of the point nearest to each row: (m,). Blocks of distances, never all of them.

    Examples
    --------
    >>> nearest(np.array([[0.1], [2.9]]), np.array([[3.0], [0.0]])).tolist()
    [1, 0]
    """
    points = np.asarray(points, dtype=np.float64)
    squares = np.einsum("ij,ij->i", points, points)
    rows = max(1, _BLOCK // len(points))
    found = np.empty(len(X), dtype=np.int64)
    for at in range(0, len(X), rows):
        block = np.asarray(X[at : at + rows], dtype=np.float64) @ (-2.0 * points.T)
        block += squares  # |x|^2 is the same for every point
        found[at : at + rows] = block.argmin(axis=1)
    return found


def _lengths(X: np.ndarray, points: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Distance of each row to its chosen point: (m,) float64."""
    rows = max(1, _BLOCK // max(1, X.shape[1]))
    found = np.empty(len(X))
    for at in range(0, len(X), rows):
        apart = X[at : at + rows].astype(np.float64) - np.asarray(points, dtype=np.float64)[chosen[at : at + rows]]
        found[at : at + rows] = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    return found
