"""The lab's computing, in a process of its own: `python -m bmcore.ui.lab_compute` reads a request from stdin, answers on stdout.

The compiled kernels and scikit-learn's searches would stay in a server process for good, and a setting that takes for ever
should hurt nobody else. This file imports no streamlit.

    {"do": "columns", "data": {"ref": {...}}}                      -> {"rows", "names", "notes"}
    {"do": "groups", "data": {...}, "kmeans": {...}, "dbscan": {...}} -> {"points", "axes", "rows", "kmeans", "dbscan", "steps", ...}
    {"do": "choose_k" | "choose_eps", "data": {...}, "min_samples": 5} -> what `to_dict` of the choice gives

"data" is {"shape", "n", "noise", "seed"} or {"ref", "features": [...] | null}. Settings that are absent have their default.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from typing import Any

import numpy as np

from bmcore.errors import BmcoreError, DataError
from bmcore.messages import Message

MOST_ROWS, MOST_DRAWN, MOST_MOVING = 20_000, 5_000, 1_500
MOST_STEPS = 30
WAIT_S = 180


def ask(request: dict) -> dict:
    """Start the process and return its answer.

    Raises
    ------
    DataError
        With the sentence that the computing gave, or if it took too long or died.
    """
    from bmcore.home import home
    from bmcore.runs.launch import environment

    command, sent = [sys.executable, "-m", "bmcore.ui.lab_compute"], json.dumps(request).encode()
    try:
        done = subprocess.run(command, input=sent, capture_output=True, timeout=WAIT_S, check=False, cwd=home(), env=environment())
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise DataError(
            "This took longer than {n} seconds and was stopped. Take fewer points, fewer groups or fewer starts.", n=WAIT_S
        ) from error
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise DataError(
            "The groups could not be computed: the memory of this computer may be too small. Take fewer points or columns."
        ) from error
    if "error" in answer:
        raise DataError(Message.from_dict(answer["error"]))
    return answer


def answer(request: dict) -> dict:
    """The computing itself."""
    if request["do"] == "columns":
        prepared = _prepared(request["data"])
        return {"rows": len(prepared.X), "names": list(prepared.names), "notes": [note.to_dict() for note in prepared.notes][:10]}
    table = _Table(request["data"])
    if request["do"] == "groups":
        return _groups(table, request.get("kmeans") or {}, request.get("dbscan") or {})
    from bmcore.cluster import choose_eps, choose_k

    found = choose_k(table.X) if request["do"] == "choose_k" else choose_eps(table.X, int(request.get("min_samples", 5)))
    return found.to_dict()


class _Table:
    """The points: a shape whose groups are known, or somebody's columns, scaled as a run scales them."""

    def __init__(self, data: dict):
        self.truth, self.notes = None, []
        if "shape" in data:
            self._draw(data)
        else:
            prepared = _prepared(data)
            self.X, self.names, self.notes = prepared.X, list(prepared.names), list(prepared.notes)
        self.rows = len(self.X)
        if self.rows > MOST_ROWS:
            some = np.random.default_rng(0).choice(self.rows, MOST_ROWS, replace=False)
            self.X = self.X[np.sort(some)]
        if self.X.shape[1] < 2:
            raise DataError("The lab draws a plane, so it needs two columns of numbers that vary. Choose at least two.")

    def _draw(self, data: dict) -> None:
        from bmcore.data.shapes import SHAPES

        noise = {} if data["shape"] == "uniform" else {"noise": float(data["noise"])}
        self.X, truth = SHAPES[data["shape"]](min(int(data["n"]), MOST_ROWS), seed=int(data["seed"]), **noise)
        self.names, self.truth = ["x", "y"], truth if truth.max() >= 0 else None

    def agreement(self, labels: np.ndarray) -> float | None:
        """How well groups agree with those the points were made in (ARI); None where nobody knows."""
        from bmcore.cluster.partitions import ari

        return None if self.truth is None else round(float(ari(labels, self.truth)), 4)


def _prepared(data: dict):
    from bmcore.data import refs
    from bmcore.data.prepared import preparation

    frame = refs.load(data["ref"])
    frame.columns = [str(name) for name in frame.columns]
    return preparation("numeric", {"features": data.get("features"), "key": None, "label": None}).fit(frame)


def _groups(table: _Table, kmeans: dict, dbscan: dict) -> dict:
    """Both methods on the same points; one that fails says why and leaves the other alone."""
    plane = _Plane(table)
    drawn = np.arange(len(table.X))
    if len(drawn) > MOST_DRAWN:
        drawn = np.sort(np.random.default_rng(1).choice(len(drawn), MOST_DRAWN, replace=False))
    moving = drawn[:: -(-len(drawn) // MOST_MOVING)]
    dense = _tried(_dbscan, table, dbscan)
    like = None if "error" in dense else dense["labels"]
    round_ = _tried(_kmeans, table, kmeans, like, plane, moving)
    for found in (dense, round_):
        if "labels" in found:
            found["labels"] = found["labels"][drawn].tolist()
    return {
        "points": plane.of(table.X[drawn]),
        "moving": plane.of(table.X[moving]),
        "axes": plane.axes,
        "explained": plane.explained,
        "rows": table.rows,
        "used": len(table.X),
        "notes": [note.to_dict() for note in table.notes][:10],
        "dbscan": dense,
        "kmeans": round_,
    }


def _tried(work, *given) -> dict:
    try:
        return work(*given)
    except BmcoreError as error:
        return {"error": error.message.to_dict()}


def _dbscan(table: _Table, params: dict) -> dict:
    from bmcore.cluster import DBSCAN

    model = DBSCAN(**params).fit(table.X)
    labels = np.asarray(model.labels_)
    return {
        "labels": labels,
        "k": int(labels.max()) + 1,
        "noise": int((labels < 0).sum()),
        "core": len(model.core_sample_indices_),
        "agreement": table.agreement(labels),
    }


def _kmeans(table: _Table, params: dict, like: np.ndarray | None, plane: _Plane, moving: np.ndarray) -> dict:
    from bmcore.cluster import KMeans

    if params.get("random_state") is None:  # the steps have to be those of this very fit
        params = {**params, "random_state": secrets.randbelow(2**32)}
    model = KMeans(**params).fit(table.X)
    labels = np.asarray(model.labels_)
    order = matched(labels, len(model.cluster_centers_), like)
    steps = [
        {
            "pass": step["pass"],
            "inertia": short(step["inertia"]),
            "labels": order[step["labels"][moving]].tolist(),
            "centres": plane.of(step["centres"][np.argsort(order)]),
        }
        for step in lloyd_steps(table.X, model)
    ]
    return {
        "labels": order[labels],
        "k": len(np.unique(labels)),
        "inertia": short(model.inertia_),
        "passes": int(model.n_iter_),
        "settled": int(model.n_iter_) < model.max_iter,
        "centres": plane.of(np.asarray(model.cluster_centers_)[np.argsort(order)]),
        "agreement": table.agreement(labels),
        "steps": steps,
    }


def lloyd_steps(X: np.ndarray, model: Any) -> list[dict]:
    """What a fitted KMeans went through: its first centres, and after each pass the centres, labels and inertia.

    Use it when people should see how K-Means arrives. At most 30 passes are given, the last one always among them.

    Parameters
    ----------
    X : (n, d) array
    model : KMeans
        Fitted on X with a whole number as `random_state`; of several starts, the one that was kept is shown.

    Returns
    -------
    list of dict
        "pass": 0 for the first centres; "centres": (k, d); "labels": (n,), the nearest of these centres; "inertia".

    Notes
    -----
    Each pass is a fit of KMeans from the centres before, with `max_iter=1`. Time: about twice that of the fit.
    """
    from bmcore.cluster import KMeans, lloyd

    settings = {**model.get_params(), "n_init": 1, "verbose": 0}
    centres = _kept_start(X, model, settings)
    steps = [{"pass": 0, "centres": centres, "labels": lloyd.nearest(X, centres), "inertia": lloyd.cost(X, None, centres)}]
    for number in range(1, min(model.n_iter_, MOST_STEPS) + 1):
        last = number == MOST_STEPS  # where passes are left out, the end is the model itself
        step = model if last else KMeans(**{**settings, "init": centres, "max_iter": 1, "tol": 0.0}).fit(X)
        centres = step.cluster_centers_
        steps.append({"pass": model.n_iter_ if last else number, "centres": centres, "labels": step.labels_, "inertia": step.inertia_})
    return steps


def _kept_start(X: np.ndarray, model: Any, settings: dict) -> np.ndarray:
    """The first centres of the start that won: drawn as the fit drew them, each start run to its end."""
    from bmcore.cluster import KMeans, fitting
    from bmcore.cluster.kernels_kmeans_seed import BLOCK
    from bmcore.cluster.lloyd import Lloyd
    from bmcore.cluster.specs import generator_of
    from bmcore.compute.threads import sharing
    from bmcore.training.progress import silent

    random = generator_of(model.random_state)
    starts = []
    with sharing(len(X), BLOCK) as shares:
        engine = Lloyd(X, None, shares)
        for _ in range(fitting.starts_of(model.get_params())):
            about_mean = fitting.first_centres(settings, engine, model.n_clusters, random, silent)
            starts.append(_rows_at(X, about_mean + engine.frame.origin))
    return starts[0] if len(starts) == 1 else min(starts, key=lambda first: KMeans(**{**settings, "init": first}).fit(X).inertia_)


def _rows_at(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The rows that centres were taken from: adding the mean again has cost them their last digits."""
    return np.array([X[((X - centre) ** 2).sum(1).argmin()] for centre in centres])


def matched(labels: np.ndarray, k: int, like: np.ndarray | None) -> np.ndarray:
    """New numbers for k groups, so that those that share most rows with a group of `like` have its number, hence its colour.

    Examples
    --------
    >>> matched(np.array([1, 1, 0, 0]), 3, np.array([0, 0, 1, -1])).tolist()
    [1, 0, 2]
    """
    order = np.full(k, -1)
    if like is not None:
        shared = np.zeros((k, k), np.int64)
        np.add.at(shared, (labels[(like >= 0) & (like < k)], like[(like >= 0) & (like < k)]), 1)
        for _ in range(k):
            ours, theirs = np.unravel_index(shared.argmax(), shared.shape)
            if shared[ours, theirs] <= 0:
                break
            order[ours] = theirs
            shared[ours], shared[:, theirs] = -1, -1
    order[order < 0] = np.setdiff1d(np.arange(k), order)
    return order


class _Plane:
    """Where points lie on the chart: two columns as they are, more along their two principal directions."""

    def __init__(self, table: _Table):
        from bmcore.cluster.projection import axes

        middle, directions, explained = axes(table.X)
        self._flat = table.X.shape[1] == 2
        self._middle, self._directions = middle, directions[:2]
        self.axes = table.names if self._flat else []
        self.explained = [short(share) for share in explained[:2]]

    def of(self, X: np.ndarray) -> list[list[float]]:
        placed = X if self._flat else (np.asarray(X, np.float64) - self._middle) @ self._directions.T
        return np.round(np.asarray(placed, np.float64), 4).tolist()


def short(value: float) -> float:
    """Six digits."""
    return float(f"{float(value):.6g}")


def main() -> None:
    try:
        found = answer(json.load(sys.stdin))
    except BmcoreError as error:
        found = {"error": error.message.to_dict()}
    sys.stdout.write(json.dumps(found, ensure_ascii=True))


if __name__ == "__main__":
    main()
