"""DBSCAN: clusters of any shape where points are dense, and a name for what belongs nowhere.

    labels = DBSCAN(eps=0.3, min_samples=10).fit_predict(X)        # -1 is noise

This file is the face: it imports no compiler. The engine (`kernels_dbscan`, `engine_torch_dbscan`, or for distances that no tree
bounds `kernels_dbscan_blocks`) is imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore.cluster import distances, torch_pick
from bmcore.cluster.contract import Clusterer
from bmcore.cluster.kinds import KINDS, kind_of
from bmcore.cluster.specs import Function, Scripted, Settings
from bmcore.cluster.weights import signed_weights
from bmcore.errors import ParameterError
from bmcore.params import Choice, Doc, Label, Range


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
    components_ : (n_core, d) array of X's type, CSR for a sparse X
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
    Sparse tables, and every metric but Euclidean, Manhattan and Chebyshev, are compared by scikit-learn's own distances, a block of rows
    at a time, on the processor whatever `device` says. Given distances must be the same both ways.
    Differs from scikit-learn: no numbers beyond 1e150, no missing cells (so no nan_euclidean); it is no subclass of BaseEstimator.

    Time: about n log n in few dimensions; with many dimensions and no structure up to n * n / 2 distances. Memory: a float64 copy
    of X, about 17 bytes a row and at most a quarter of the copy for the tree, whatever eps is. All processors are used unless
    `n_jobs` says otherwise. The first fit after an installation compiles for about ten seconds. In blocks: 2 n * n distances, and up to
    100 MB beside X whatever eps is.

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
            str | Callable[..., float], Choice(*KINDS), Scripted(*distances.NAMES), Function(), Label("Distance"),
            Doc("How rows are compared. Fast for the first seven; the others compare every row with every other."),
        ] = "euclidean",
        metric_params: Annotated[
            dict | None, Settings(), Label("Settings of the distance"), Doc("Settings that a distance takes, as V of seuclidean."),
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
            Doc("Power of the minkowski distance: 1 is manhattan, 2 or none is euclidean, both fast; other distances ignore it."),
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
        X : (n, d) array, DataFrame, tensor or sparse table of scipy
            Numbers without missing cells; for metric="precomputed" the (n, n) distances, where a sparse table leaves out far pairs.
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

        X = self._learn_table(X, sparse=True).X
        weights, report = signed_weights(sample_weight, X.shape[0]), reporter(report)
        kind = None if hasattr(X, "nnz") else kind_of(self.metric, self.p, self.metric_params)
        if kind is None:
            X = torch_pick.host(X)
            core, labels = self._by_blocks(X, weights, report)
        else:
            cluster, where = self._engine(X)
            core, labels = cluster(X, float(self.eps), float(self.min_samples), kind=kind, weights=weights, report=report, **where)
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

    def _by_blocks(self, X: Any, weights: np.ndarray | None, report: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray]:
        from bmcore.cluster import kernels_dbscan_blocks

        known = distances.checked(X.astype(np.float64, copy=False), self.metric)
        settings = distances.settings_of(known, self.metric, self.p, self.metric_params)
        return kernels_dbscan_blocks.cluster(
            known, float(self.eps), float(self.min_samples), self.metric, settings, weights=weights, report=report
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse, tags.input_tags.pairwise = True, self.metric == distances.PRECOMPUTED
        return tags

    def _stored_params(self) -> dict[str, Any]:
        if callable(self.metric):
            raise ParameterError("A metric that is a function cannot be kept in a file. Keep labels_ instead, or use a metric with a name.")
        held = {name: value.tolist() if hasattr(value, "tolist") else value for name, value in (self.metric_params or {}).items()}
        return super()._stored_params() | {"metric_params": held or None}

    def _save(self, folder: Path) -> None:
        from bmcore import files
        from bmcore.cluster import stored

        host, components = torch_pick.host, torch_pick.host(self.components_)
        parts = {name: getattr(components, name) for name in stored.SPARSE} if hasattr(components, "nnz") else {"components": components}
        np.savez(folder / "dbscan.npz", labels=host(self.labels_), core_sample_indices=host(self.core_sample_indices_), **parts)
        files.write_json(folder / "columns.json", {"n": self.n_features_in_, "names": list(getattr(self, "feature_names_in_", [])) or None})

    def _load(self, folder: Path) -> None:
        from bmcore.cluster import stored

        with stored.damage(folder, "DBSCAN", "dbscan.npz", "columns.json"):
            arrays, told = stored.arrays(folder / "dbscan.npz", "labels", "core_sample_indices"), stored.document(folder / "columns.json")
            points = stored.table(folder / "dbscan.npz", "components", (len(arrays["core_sample_indices"]), told["n"]))
            labels = stored.positions(arrays["labels"], least=-1, below=len(arrays["labels"])).astype(np.int64)
            core = stored.positions(arrays["core_sample_indices"], below=len(labels)).astype(np.int64)
            names = stored.names(told.get("names"), points.shape[1])
            if len(core) != points.shape[0] or told["n"] != points.shape[1] or (labels[core] < 0).any():
                raise ValueError
        self.labels_, self.core_sample_indices_, self.components_ = labels, core, points
        self.n_features_in_ = points.shape[1]
        if names is not None:
            self.feature_names_in_ = names
