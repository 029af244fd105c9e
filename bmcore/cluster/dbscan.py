"""DBSCAN: clusters of any shape where points are dense, and a name for what belongs nowhere.

    labels = DBSCAN(eps=0.3, min_samples=10).fit_predict(X)        # -1 is noise

This file is the face: it imports no compiler. The engine (`kernels_dbscan`, or `engine_torch_dbscan`) is imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore import params
from bmcore.cluster import torch_pick
from bmcore.cluster.contract import Clusterer
from bmcore.cluster.inputs import table_of
from bmcore.cluster.specs import Settings
from bmcore.errors import DataError, ParameterError
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
    Differs from scikit-learn: no sparse table, no numbers beyond 1e150, no metric but those above (not cosine, precomputed or a
    function), and minkowski only with p of 1 or 2; it is no subclass of BaseEstimator.

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
            str, Choice("auto", "cpu", "cuda"), Label("Device"),
            Doc("Where to compute; auto takes a CUDA card for tensors on it and for large tables, else the processor."),
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
        from bmcore.training.progress import reporter

        X = self._learn_table(X).X
        kind = kind_of(self.metric, self.p, self.metric_params)
        cluster, where = self._engine(X)
        core, labels = cluster(
            X, float(self.eps), float(self.min_samples), kind=kind, weights=signed_weights(sample_weight, len(X)),
            report=reporter(report), **where,
        )
        self.labels_ = labels
        self.core_sample_indices_ = core.nonzero()[:, 0] if torch_pick.is_tensor(core) else np.flatnonzero(core)
        self.components_ = X[self.core_sample_indices_]
        return self

    def _engine(self, X: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
        """The function that computes, and where."""
        device = torch_pick.where(self.device, X)
        if device:
            from bmcore.cluster import engine_torch_dbscan

            return engine_torch_dbscan.cluster, {"device": device}
        from bmcore.cluster import kernels_dbscan
        from bmcore.compute.pool import workers

        return kernels_dbscan.cluster, {"threads": workers(self.n_jobs)}

    def _save(self, folder: Path) -> None:
        from bmcore import files

        host = torch_pick.host
        np.savez(
            folder / "dbscan.npz", labels=host(self.labels_), core_sample_indices=host(self.core_sample_indices_),
            components=host(self.components_),
        )
        files.write_json(folder / "columns.json", {"n": self.n_features_in_, "names": list(getattr(self, "feature_names_in_", [])) or None})

    def _load(self, folder: Path) -> None:
        from bmcore.cluster import stored

        with stored.damage(folder, "DBSCAN", "dbscan.npz", "columns.json"):
            arrays = stored.arrays(folder / "dbscan.npz", "labels", "core_sample_indices", "components")
            points, told = stored.points(arrays["components"]), stored.document(folder / "columns.json")
            labels = stored.positions(arrays["labels"], least=-1, below=len(arrays["labels"])).astype(np.int64)
            core = stored.positions(arrays["core_sample_indices"], below=len(labels)).astype(np.int64)
            names = stored.names(told.get("names"), points.shape[1])
            if len(core) != len(points) or told["n"] != points.shape[1] or (labels[core] < 0).any():
                raise ValueError
        self.labels_, self.core_sample_indices_, self.components_ = labels, core, points
        self.n_features_in_ = points.shape[1]
        if names is not None:
            self.feature_names_in_ = names


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
    DataError, ParameterError, Cancelled

    Examples
    --------
    >>> predict_new(np.array([[0.0], [5.0]]), np.array([0, 1]), [[0.4], [4.7], [9.0]], eps=0.5)
    array([ 0,  1, -1])
    """
    from bmcore.cluster import kernels_dbscan
    from bmcore.compute.pool import workers
    from bmcore.training.progress import reporter

    params.check(DBSCAN, {"eps": eps, "metric": metric, "p": p, "n_jobs": n_jobs})
    core_points, core_labels = checked_core(torch_pick.host(core_points), torch_pick.host(core_labels))
    X = table_of(X, "DBSCAN", columns=core_points.shape[1]).X
    if not len(core_points):
        return np.full(len(X), -1, np.int64)
    return kernels_dbscan.assign(
        core_points, core_labels, X, float(eps),
        kind=kind_of(metric, p, None), threads=workers(n_jobs), report=reporter(report),
    )


def checked_core(points: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Core points and their labels as the engine reads them: it looks up one label a point without asking how many there are."""
    points, labels = np.asarray(points), np.asarray(labels)
    if labels.shape != points.shape[:1] or points.ndim != 2 or (len(labels) and labels.dtype.kind not in "iu"):
        raise DataError(
            "core_points has the shape {points} and core_labels {labels}. Give one row and one whole number a core point.",
            points=str(points.shape), labels=str(labels.shape),
        )
    return table_of(points, "DBSCAN").X if len(points) else points, np.ascontiguousarray(labels, dtype=np.int64)


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
    except (TypeError, ValueError, OverflowError):
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
