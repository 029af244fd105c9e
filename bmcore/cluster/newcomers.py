"""Rows that DBSCAN has not seen: the cluster that each would join."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore import params
from bmcore.cluster import distances, torch_pick
from bmcore.cluster.inputs import table_of
from bmcore.cluster.kinds import kind_of
from bmcore.errors import DataError, ParameterError


def predict_new(
    core_points: np.ndarray, core_labels: np.ndarray, X: Any, eps: float, *, metric: str | Callable[..., float] = "euclidean",
    metric_params: dict | None = None, p: float | None = None, n_jobs: int | None = None, report: Callable[..., Any] | None = None,
) -> np.ndarray:
    """The cluster that rows DBSCAN has not seen would join: that of the nearest core point within `eps`, else -1.

    Parameters
    ----------
    core_points : (n_core, d) array
        `components_` of a fitted DBSCAN.
    core_labels : (n_core,) int array
        `labels_[core_sample_indices_]`.
    X : (m, d) array, DataFrame or tensor
    eps, metric, metric_params, p, n_jobs
        As in DBSCAN, but for distances that are given or that take settings from the data.

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
    from bmcore.cluster.dbscan import DBSCAN
    from bmcore.training.progress import reporter

    params.check(DBSCAN, {"eps": eps, "metric": metric, "metric_params": metric_params, "p": p, "n_jobs": n_jobs})
    kind = kind_of(metric, p, metric_params)
    if kind is None:
        _check_settled(metric, metric_params)
    core_points, core_labels = checked_core(torch_pick.host(core_points), torch_pick.host(core_labels))
    X = table_of(X, "DBSCAN", columns=core_points.shape[1]).X
    if not len(core_points):
        return np.full(len(X), -1, np.int64)
    if kind is None:
        settings = distances.settings_of(X, metric, p, metric_params)
        return distances.lowest_nearest(X, core_points, core_labels, float(eps), metric, settings, reporter(report))
    from bmcore.cluster import kernels_dbscan
    from bmcore.compute.pool import workers

    return kernels_dbscan.assign(core_points, core_labels, X, float(eps), kind=kind, threads=workers(n_jobs), report=reporter(report))


def _check_settled(metric: str | Callable[..., float], given: dict | None) -> None:
    needed = {"seuclidean": "V", "mahalanobis": "VI"}.get(str(metric))
    if metric == distances.PRECOMPUTED:
        raise ParameterError("Given distances say nothing of rows that were not among them. Fit again with the new rows.")
    if needed and needed not in (given or {}):
        raise ParameterError(
            "The distance {metric} takes its settings from the rows that were learned. Give them: metric_params={{\"{needed}\": ...}}.",
            metric=metric, needed=needed,
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
