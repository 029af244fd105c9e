"""KMeans: rows into k groups around their means, as scikit-learn does it and faster.

    kmeans = KMeans(5).fit(X)
    kmeans.labels_, kmeans.predict(new_rows)

This file is the face: it imports no engine. `fitting`, `lloyd` and the compiled kernels, or `engine_torch_kmeans`, are imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore.base import servable
from bmcore.cluster import torch_pick
from bmcore.cluster.contract import Clusterer, Transforms
from bmcore.cluster.routing import UNCHANGED
from bmcore.cluster.specs import ArrayLike, Function, RandomState
from bmcore.cluster.weights import weights_of
from bmcore.params import Choice, Doc, Label, Range, Switch


class KMeans(Transforms, Clusterer):
    """Sorts rows into k groups so that rows are close to the mean of their group.

    Use it when you want a given number of compact groups of similar size and every row in one of them. The columns should be on
    comparable scales. Arguments, attributes and results are those of scikit-learn's KMeans, so it can take that one's place, but for
    what the notes name.

    {parameters}

    Attributes
    ----------
    cluster_centers_ : (k, d) array of the table's type
        The mean of each group, in the table's units.
    labels_ : (n,) int32
        The group of each row; equal to `predict` of the same table.
    inertia_ : float
        Sum over the rows of weight times squared distance to the own centre.
    n_iter_ : int
        Passes over the rows until nothing moved.
    n_features_in_ : int
        Columns of the table.
    feature_names_in_ : (d,) object
        Their names, if the table had any and all were text.

    Notes
    -----
    Exact: each row gets the centre that is nearest in float64, the first of equals, whatever the type of the table; float32 is
    used only where its rounding cannot change the answer. Same seed, same table, same number of threads: same result.

    Differs from scikit-learn: a sparse table is refused (give X.toarray()), as are numbers beyond 1e150; the same seed draws other
    first centres; it is no subclass of BaseEstimator.

    Time: n k d a pass at most, less as centres settle; at most 16 times that, mostly less, for the first centres: each is the best of
    16 rows, where scikit-learn tries 2 + log k. Memory beside the table: 4 n d + 24 n bytes at most.
    Threads: as many as there are processors, or OMP_NUM_THREADS. The first call compiles for some seconds, once a machine.

    Raises
    ------
    DataError
        A table that cannot be used: no numbers, NaN, fewer rows than groups.
    ParameterError
        A setting out of its range.

    References
    ----------
    Lloyd (1982), Least squares quantization in PCM; Arthur and Vassilvitskii (2007), k-means++; Hamerly (2010), Making k-means
    even faster.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [9.0, 9.0], [9.0, 8.0]])
    >>> kmeans = KMeans(2, random_state=0).fit(X)
    >>> bool(kmeans.labels_[0] == kmeans.labels_[1] != kmeans.labels_[2])
    True
    >>> kmeans.inertia_
    1.0
    """

    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"n_init": 1, "max_iter": 50}},
        "balanced": {"params": {"n_init": 3, "max_iter": 300}},
        "best": {"params": {"n_init": 10, "max_iter": 1000, "tol": 1e-6}},
    }

    def __init__(
        self,
        n_clusters: Annotated[int, Range(1, 1_000_000, log=True), Label("Groups"), Doc("How many groups to make.")] = 8,
        *,
        init: Annotated[
            str | Any, Choice("k-means++", "random"), Function(), ArrayLike(), Label("First centres"),
            Doc("k-means++ spreads them, random takes random rows; an array gives them, a function of (X, k, random_state) makes them."),
        ] = "k-means++",
        n_init: Annotated[
            int | str, Choice("auto"), Range(1, 1_000_000), Label("Starts"),
            Doc("Fits from different first centres, of which the best is kept; auto is 1, but 10 for random ones or a function."),
        ] = "auto",
        max_iter: Annotated[int, Range(1, 1_000_000, log=True), Label("Most passes"), Doc("Passes after which a fit stops.")] = 300,
        tol: Annotated[
            float, Range(0.0, 1e300), Label("Tolerance"),
            Doc("A fit ends when the squared moves of the centres sum to less than this share of the mean variance of the columns."),
        ] = 1e-4,
        verbose: Annotated[int | bool, Range(0, 100), Switch(), Label("Verbose"), Doc("Above 0 a bar in a terminal shows progress.")] = 0,
        random_state: Annotated[
            Any, RandomState(), Label("Seed"), Doc("Same seed, same table, same machine: same groups."),
        ] = None,
        copy_x: Annotated[bool, Switch(), Label("Copy"), Doc("Accepted for compatibility; the table is never changed.")] = True,
        algorithm: Annotated[
            str, Choice("lloyd", "elkan"), Label("Algorithm"), Doc("Accepted for compatibility; both give the same groups."),
        ] = "lloyd",
        device: Annotated[
            str, Choice("auto", "cpu", "cuda"), Label("Device"),
            Doc("Where to compute; auto takes a CUDA card for tensors on it and for large tables, else the processor."),
        ] = "auto",
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm
        self.device = device

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, report: Callable[..., Any] | None = None) -> KMeans:
        """Find the groups.

        Parameters
        ----------
        X : (n, d) array, DataFrame, tensor or list of rows
            Finite numbers. float32 and float64 are kept, other types become float64.
        y : ignored
        sample_weight : (n,) array of numbers of at least 0, optional
            How much each row counts.
        report : callable, optional
            `report(step, total, phase=..., inertia=...)` after each pass; raise Cancelled in it to stop. Default: silence.

        Raises
        ------
        DataError, ParameterError, Cancelled
        """
        table = self._learn_table(X)
        weight = weights_of(sample_weight, len(table.X))
        from bmcore.training.progress import reporter, silent

        engine, where = self._engine(table.X, fit=True)
        found = engine.fit(self.get_params(), table.X, weight, reporter(report) if report or self.verbose else silent, **where)
        self.cluster_centers_, self.labels_ = found.centres, found.labels
        self.inertia_, self.n_iter_ = found.inertia, found.n_iter
        return self

    @servable
    def predict(self, X: Any) -> np.ndarray:
        """The group whose centre is nearest to each row: (n,) int32."""
        table = self._known_table(X)
        engine, where = self._engine(table.X)
        return engine.nearest(table.X, self._centres_for(table.X), **where)

    def transform(self, X: Any) -> Any:
        """Distance of each row to each centre: (n, k) of the table's type, or a frame after `set_output`."""
        table = self._known_table(X)
        engine, where = self._engine(table.X)
        return self._output(engine.distances(table.X, self._centres_for(table.X), **where), table)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Minus the inertia of new rows: the larger, the closer they are to the centres."""
        table = self._known_table(X)
        weight = weights_of(sample_weight, len(table.X))
        engine, where = self._engine(table.X)
        return -engine.cost(table.X, weight, self._centres_for(table.X), **where)

    def set_score_request(self, *, sample_weight: bool | str | None = UNCHANGED) -> KMeans:
        """Whether `score` is to be given weights; see `set_fit_request`."""
        return self._ask("score", sample_weight)

    def _engine(self, X: Any, *, fit: bool = False) -> tuple[Any, dict[str, str]]:
        """The module that computes, and the device to tell it."""
        device = torch_pick.where(self.device, X)
        if device:
            from bmcore.cluster import engine_torch_kmeans

            return engine_torch_kmeans, {"device": device}
        from bmcore.cluster import fitting, lloyd

        return (fitting if fit else lloyd), {}

    def _centres_for(self, X: Any) -> Any:
        return self.cluster_centers_ if torch_pick.is_tensor(X) else torch_pick.host(self.cluster_centers_)

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)

    def _save(self, folder: Path) -> None:
        from bmcore import files

        host = torch_pick.host
        np.savez(folder / "kmeans.npz", cluster_centers=host(self.cluster_centers_), labels=host(self.labels_))
        names = getattr(self, "feature_names_in_", None)
        files.write_json(folder / "kmeans.json", {
            "inertia": self.inertia_, "n_iter": self.n_iter_, "names": None if names is None else list(names),
        })

    def _load(self, folder: Path) -> None:
        from bmcore.cluster import stored

        with stored.damage(folder, "KMeans", "kmeans.npz", "kmeans.json"):
            arrays, told = stored.arrays(folder / "kmeans.npz", "cluster_centers", "labels"), stored.document(folder / "kmeans.json")
            centres = stored.points(arrays["cluster_centers"])
            labels = stored.positions(arrays["labels"], below=len(centres)).astype(np.int32)
            inertia, n_iter, names = float(told["inertia"]), int(told["n_iter"]), stored.names(told.get("names"), centres.shape[1])
            if not len(centres) or not np.isfinite(inertia):
                raise ValueError
        self.cluster_centers_, self.labels_, self.inertia_, self.n_iter_ = centres, labels, inertia, n_iter
        self.n_features_in_ = centres.shape[1]
        if names is not None:
            self.feature_names_in_ = names
