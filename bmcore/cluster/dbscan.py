"""DBSCAN: clusters of any shape where points are dense, and a name for what belongs nowhere.

    labels = DBSCAN(eps=0.3, min_samples=10).fit_predict(X)        # -1 is noise

This file is the face: it imports no compiler. The engine (`kernels_dbscan`) is imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore.cluster.contract import Clusterer
from bmcore.cluster.inputs import table_of
from bmcore.cluster.specs import Settings
from bmcore.errors import DataError, ModelError, ParameterError
from bmcore.params import Choice, Doc, Label, Range

# which distance the engine computes: 2 Euclidean, 1 sum of differences, 0 largest difference
KINDS = {"euclidean": 2, "l2": 2, "manhattan": 1, "cityblock": 1, "l1": 1, "chebyshev": 0, "minkowski": None}


class DBSCAN(Clusterer):
    """Finds clusters of any shape and number as dense regions, and leaves sparse points out as noise.

    Use it when you do not know how many clusters there are, when they are not round, or when you look for what fits nowhere.
    Put the columns on one scale first: `eps` is a distance across all of them.

    {parameters}

    Attributes
    ----------
    labels_ : (n,) int64 array
        The cluster of each row; -1 is noise. Clusters are numbered in the order of their first core row, and a row on the border
        of several clusters gets the lowest number, as in scikit-learn.
    core_sample_indices_ : (n_core,) int64 array
        Rows with at least `min_samples` rows within `eps`, themselves included.
    components_ : (n_core, d) array of X's type
        Those rows.
    n_features_in_ : int
        Columns that `fit` saw.
    feature_names_in_ : (d,) object array
        Their names, if all of them are text.

    Notes
    -----
    Exact: distances are computed in float64 from the values given (float32 or float64), summed in the order of the columns, and
    compared as squares with eps * eps. scikit-learn's k-d tree does the same; its brute-force search, which it takes above 15
    columns, subtracts products instead, so points whose distance is eps to the last digits may fall on the other side there.
    Weights are summed in float64.

    Time: about n log n in few dimensions; with many dimensions and no structure up to n * n / 2 distances. Memory: a float64 copy
    of X, about 17 bytes a row and at most a quarter of the copy for the tree, whatever eps is. All processors are used unless
    `n_jobs` says otherwise. The first fit after an installation compiles for about ten seconds.

    References
    ----------
    Ester, Kriegel, Sander, Xu, A density-based algorithm for discovering clusters (1996), KDD; Schubert et al., DBSCAN revisited,
    revisited (2017), https://doi.org/10.1145/3068335.

    Examples
    --------
    >>> DBSCAN(eps=3, min_samples=2).fit_predict([[1, 2], [2, 2], [2, 3], [8, 7], [8, 8], [25, 80]])
    array([ 0,  0,  0,  1,  1, -1])
    """

    presets: ClassVar[dict[str, dict]] = {"fast": {"params": {}}, "balanced": {"params": {}}, "best": {"params": {}}}

    def __init__(
        self,
        eps: Annotated[
            float, Range(1e-300, 1e300, log=True), Label("Reach"),
            Doc("Two rows are neighbours up to this distance; the most important setting, in units of the scaled columns."),
        ] = 0.5,
        *,
        min_samples: Annotated[
            int, Range(1, 2**31 - 1), Label("Smallest neighbourhood"),
            Doc("Rows within reach, itself included, that make a row the core of a cluster; more finds fewer, denser clusters."),
        ] = 5,
        metric: Annotated[
            str, Choice(*KINDS), Label("Distance"),
            Doc("How rows are compared; for cosine distance c scale the rows to length 1 and take euclidean with eps = sqrt(2 c)."),
        ] = "euclidean",
        metric_params: Annotated[
            dict | None, Settings(), Label("Settings of the distance"), Doc("Must be none or empty: these distances have no settings."),
        ] = None,
        algorithm: Annotated[
            str, Choice("auto", "ball_tree", "kd_tree", "brute"), Label("Search"),
            Doc("Accepted for scikit-learn's sake; there is one search, with the same result."),
        ] = "auto",
        leaf_size: Annotated[
            int, Range(1, 2**31 - 1), Label("Leaf size"), Doc("Accepted for scikit-learn's sake; changes nothing."),
        ] = 30,
        p: Annotated[
            float | None, Choice(None), Range(0.0, 1e6), Label("Power"),
            Doc("Power of the minkowski distance: 1 is manhattan, 2 or none is euclidean; other distances ignore it."),
        ] = None,
        n_jobs: Annotated[
            int | None, Choice(None), Range(-1024, -1), Range(1, 1024), Label("Threads"),
            Doc("Threads that compute; none and -1 take every processor."),
        ] = None,
        device: Annotated[
            str, Choice("auto", "cpu"), Label("Device"), Doc("Where to compute; the processor is the only choice so far."),
        ] = "auto",
    ):
        self.eps = eps
        self.min_samples = min_samples
        self.metric = metric
        self.metric_params = metric_params
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.n_jobs = n_jobs
        self.device = device

    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, report: Callable[..., Any] | None = None
    ) -> DBSCAN:
        """Find the clusters of a table.

        Parameters
        ----------
        X : (n, d) array, DataFrame or tensor
            Numbers without missing cells.
        y : ignored
        sample_weight : (n,) array, optional
            How often each row counts towards `min_samples`; zero and negative weights are allowed, as in scikit-learn.
        report : callable, optional
            `report(step, total, phase="train")`, several times a second; raise Cancelled in it to stop.

        Raises
        ------
        DataError, ParameterError, Cancelled
        """
        from bmcore.cluster import kernels_dbscan
        from bmcore.cluster.pool import workers
        from bmcore.training.progress import reporter

        X = self._learn_table(X).X
        kind = kind_of(self.metric, self.p, self.metric_params)
        core, labels = kernels_dbscan.cluster(
            X, float(self.eps), float(self.min_samples), kind=kind, weights=signed_weights(sample_weight, len(X)),
            threads=workers(self.n_jobs), report=reporter(report),
        )
        self.labels_, self.core_sample_indices_ = labels, np.flatnonzero(core)
        self.components_ = X[self.core_sample_indices_]
        return self

    def _save(self, folder: Path) -> None:
        from bmcore import files

        np.savez(
            folder / "dbscan.npz", labels=self.labels_, core_sample_indices=self.core_sample_indices_, components=self.components_
        )
        files.write_json(folder / "columns.json", {"n": self.n_features_in_, "names": list(getattr(self, "feature_names_in_", [])) or None})

    def _load(self, folder: Path) -> None:
        from bmcore import files

        columns = files.read_json(folder / "columns.json")
        try:
            with np.load(folder / "dbscan.npz", allow_pickle=False) as stored:
                self.labels_, self.components_ = stored["labels"], stored["components"]
                self.core_sample_indices_ = stored["core_sample_indices"]
            self.n_features_in_ = int(columns["n"])
        except (OSError, ValueError, KeyError, TypeError):
            raise ModelError(
                "{folder} is not a saved DBSCAN: dbscan.npz or columns.json is missing or damaged. Save the model again.",
                folder=str(folder),
            ) from None
        if columns.get("names"):
            self.feature_names_in_ = np.array(columns["names"], dtype=object)


def predict_new(
    core_points: np.ndarray, core_labels: np.ndarray, X: Any, eps: float, *, metric: str = "euclidean", p: float | None = None,
    n_jobs: int | None = None, report: Callable[..., Any] | None = None,
) -> np.ndarray:
    """The cluster that rows DBSCAN has not seen would join: that of the nearest core point within `eps`, else -1.

    Parameters
    ----------
    core_points : (n_core, d) array
        `components_` of a fitted DBSCAN.
    core_labels : (n_core,) int array
        `labels_[core_sample_indices_]`.
    X : (m, d) array, DataFrame or tensor
    eps, metric, p, n_jobs
        As in DBSCAN.

    Returns
    -------
    (m,) int64 array
        Of equally near core points the one with the lowest label counts.

    Raises
    ------
    DataError, Cancelled

    Examples
    --------
    >>> predict_new(np.array([[0.0], [5.0]]), np.array([0, 1]), [[0.4], [4.7], [9.0]], eps=0.5)
    array([ 0,  1, -1])
    """
    from bmcore.cluster import kernels_dbscan
    from bmcore.cluster.pool import workers
    from bmcore.training.progress import reporter

    core_points = np.asarray(core_points)
    X = table_of(X, "DBSCAN", columns=core_points.shape[1]).X
    if not len(core_points):
        return np.full(len(X), -1, np.int64)
    return kernels_dbscan.assign(
        np.ascontiguousarray(core_points), np.ascontiguousarray(core_labels, dtype=np.int64), X, float(eps),
        kind=kind_of(metric, p, None), threads=workers(n_jobs), report=reporter(report),
    )


def kind_of(metric: str, p: float | None, metric_params: dict | None) -> int:
    """The engine's number of a distance.

    Raises
    ------
    ParameterError
        For minkowski with another power than 1 or 2, and for settings of a distance.
    """
    if metric_params:
        raise ParameterError(
            "metric_params holds {names}, but the distances here take no settings. Leave it out; scale the columns to weight them.",
            names=", ".join(map(str, metric_params))[:80],
        )
    if KINDS[metric] is not None:
        return KINDS[metric]
    if p not in (None, 1, 2):
        raise ParameterError("Minkowski's p is {p}, but only 1 and 2 are computed. Choose one of them, or metric=\"chebyshev\".", p=str(p))
    return 1 if p == 1 else 2


def signed_weights(sample_weight: Any, n: int) -> np.ndarray | None:
    """Checked weights: (n,) float64, or None if every row counts once. DBSCAN's may be zero or negative.

    Raises
    ------
    DataError
        Not one finite number a row, or nothing but zeros.
    """
    if sample_weight is None:
        return None
    sample_weight = sample_weight.detach().cpu().numpy() if hasattr(sample_weight, "detach") else sample_weight
    try:
        weights = np.array(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("sample_weight must hold one number a row.") from None
    weights = np.full(n, float(weights)) if weights.ndim == 0 else weights
    if weights.shape != (n,):
        raise DataError(
            "sample_weight has the shape {shape}, but there are {n} rows. Give one weight a row.", shape=str(weights.shape), n=n
        )
    bad = np.flatnonzero(~np.isfinite(weights))
    if len(bad):
        raise DataError(
            "The weight of row {row} is {value}. Give a finite number; it may be zero or negative.",
            row=int(bad[0]), value=str(weights[bad[0]]),
        )
    if not weights.any():
        raise DataError("Every weight is zero, so no row counts. Give a weight other than zero to at least one row.")
    return None if (weights == 1).all() else weights
