"""The torch engines of KMeans and DBSCAN, run on the processor: equal to the compiled ones and to a brute force, small in memory."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from bmcore import DBSCAN, KMeans
from bmcore.cluster import engine_torch_dbscan, engine_torch_kmeans, fitting, kernels_dbscan, torch_pick, torch_table
from bmcore.errors import Cancelled, DataError, ParameterError
from bmcore.training.progress import silent

FEW = settings(max_examples=30, deadline=None)
CARD = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=CARD)]


def blobs(n=2000, d=4, k=5, seed=0, dtype=np.float64, spread=10.0):
    random = np.random.default_rng(seed)
    middles = random.normal(size=(k, d)) * spread
    return (middles[random.integers(k, size=n)] + random.normal(size=(n, d))).astype(dtype)


def both(X, weight=None, **settings_):
    """The fit of either engine."""
    params = KMeans(**settings_).get_params()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return engine_torch_kmeans.fit(params, X, weight, silent, device="cpu"), fitting.fit(params, X, weight, silent)


def oracle_labels(X, centres):
    """The nearest centre in float64 by differences, and the rows in which the two nearest differ by 1e-6 of the distance."""
    X, centres = np.float64(X), np.float64(centres)
    distances = np.sqrt(((X[:, None] - centres[None]) ** 2).sum(2))
    two = np.sort(distances, axis=1)[:, :2]
    clear = np.ones(len(X), bool) if len(centres) == 1 else two[:, 1] > two[:, 0] * (1 + 1e-6)
    return distances.argmin(1), clear


class Largest(TorchDispatchMode):
    """The most bytes that one tensor made by torch had."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for one in made if isinstance(made, tuple | list) else (made,):
            if isinstance(one, torch.Tensor):
                self.bytes = max(self.bytes, one.untyped_storage().nbytes())
        return made


@pytest.fixture
def small_pieces(monkeypatch):
    """A budget so small that tables of a test come in many pieces."""
    monkeypatch.setattr(torch_table, "BUDGET", 1 << 14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [900, 6000])
def test_kmeans_is_that_of_the_processor(n, dtype, weighted, small_pieces):
    for seed in range(3):
        X = blobs(n, 5, 9, seed, dtype, spread=3)
        weight = np.random.default_rng(seed).integers(0, 4, n).astype(float) if weighted else None
        ours, theirs = both(X, weight, n_clusters=9, random_state=seed, n_init=2)
        np.testing.assert_array_equal(ours.labels, theirs.labels)
        np.testing.assert_allclose(ours.centres, theirs.centres, rtol=1e-6, atol=1e-6)
        assert ours.n_iter == theirs.n_iter
        assert ours.inertia == pytest.approx(theirs.inertia, rel=1e-9)
        assert (ours.labels.dtype, ours.centres.dtype) == (np.int32, dtype)


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_kmeans_far_from_the_origin(init):
    for shift, scale in [(1e4, 1), (0, 1e-20), (1e15, 100), (0, 1e30)]:
        X = blobs(2000, 3, 6) * scale + shift
        ours, theirs = both(X, n_clusters=6, random_state=1, init=init, n_init=1)
        np.testing.assert_array_equal(ours.labels, theirs.labels)
        assert ours.inertia == pytest.approx(theirs.inertia, rel=1e-6)


@FEW
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 4), st.booleans())
def test_kmeans_labels_of_lattices_are_those_of_a_brute_force(seed, k, d, single):
    random = np.random.default_rng(seed)
    X = random.integers(0, 4, (60, d)).astype(np.float32 if single else np.float64)
    start = X[random.choice(60, k, replace=False)] + random.integers(0, 2, (k, d)) / 2
    ours, theirs = both(X, n_clusters=k, init=start, tol=0.0)
    expected, clear = oracle_labels(X, ours.centres)
    np.testing.assert_array_equal(ours.labels[clear], expected[clear])
    if ours.n_iter == theirs.n_iter and np.allclose(ours.centres, theirs.centres):
        np.testing.assert_array_equal(ours.labels[clear], theirs.labels[clear])


def test_kmeans_ties_go_to_the_first_centre():
    X = np.array([[0.0], [1.0], [2.0]])
    for centres in ([[0.0], [2.0]], [[2.0], [0.0]], [[1.0], [1.0]]):
        labels = engine_torch_kmeans.nearest(X, np.array(centres), device="cpu")
        assert labels.tolist() == np.abs(X - np.array(centres).T).argmin(1).tolist()


def test_kmeans_rows_too_close_to_tell_in_float32():
    X = blobs(3000, 8, 1, spread=0)
    pair = np.stack([X[0], X[0] + 1e-9])  # parted by less than float32 sees from the origin
    X[:1000] = X[0] + np.random.default_rng(0).normal(size=(1000, 8)) * 1e-9
    expected, clear = oracle_labels(X, pair)
    assert (engine_torch_kmeans.nearest(X, pair, device="cpu") == expected)[clear].all() and clear[:1000].sum() > 900


def test_kmeans_empty_groups_take_the_farthest_rows():
    X = np.array([[0.0], [1.0], [2.0], [50.0], [80.0]])
    ours, theirs = both(X, n_clusters=3, init=np.array([[1.0], [1000.0], [2000.0]]), max_iter=1)
    np.testing.assert_allclose(ours.centres.ravel(), [1.0, 80.0, 50.0])
    np.testing.assert_allclose(ours.centres, theirs.centres)
    np.testing.assert_array_equal(ours.labels, theirs.labels)


def test_kmeans_few_distinct_rows():
    X = np.repeat([[1.0, 2.0], [3.0, 4.0]], 50, axis=0)
    ours, theirs = both(X, n_clusters=5, random_state=0)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    with pytest.warns(match="distinct"):
        engine_torch_kmeans.fit(KMeans(5).get_params(), X, None, silent, device="cpu")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kmeans_tensors_give_tensors(device, dtype):
    X = torch.as_tensor(blobs(), dtype=dtype, device=device)
    found = engine_torch_kmeans.fit(KMeans(5, random_state=0).get_params(), X, None, silent, device=device)
    assert found.centres.device == found.labels.device == X.device and found.centres.dtype == dtype
    assert torch.equal(engine_torch_kmeans.nearest(X, found.centres, device=device), found.labels)
    assert engine_torch_kmeans.cost(X, None, found.centres, device=device) == pytest.approx(found.inertia)
    apart = engine_torch_kmeans.distances(X, found.centres, device=device)
    assert apart.dtype == dtype and torch.equal(apart.argmin(1).int(), found.labels)


def test_kmeans_errors_and_stopping():
    params = KMeans(5, init=np.zeros((4, 4))).get_params()
    with pytest.raises(ParameterError, match="initial centers"):
        engine_torch_kmeans.fit(params, blobs(), None, silent, device="cpu")
    with pytest.raises(DataError, match="n_samples=3"):
        engine_torch_kmeans.fit(params, blobs(3), None, silent, device="cpu")

    def stop(step, total, **metrics):
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        engine_torch_kmeans.fit(KMeans(5).get_params(), blobs(), None, stop, device="cpu")


def test_kmeans_holds_no_table_of_rows_by_groups(monkeypatch):
    n, d, k = 20_000, 4, 300
    monkeypatch.setattr(torch_table, "BUDGET", 1 << 19)
    X = torch.as_tensor(blobs(n, d, k, dtype=np.float32))
    with Largest() as seen:
        engine_torch_kmeans.fit(KMeans(k, random_state=0, max_iter=3).get_params(), X, None, silent, device="cpu")
    assert seen.bytes <= max(torch_table.BUDGET, 8 * n * d) < 4 * n * k / 8


def dbscan_both(X, eps, least, kind=2, weights=None):
    ours = engine_torch_dbscan.cluster(X, eps, least, kind=kind, weights=weights, report=silent, device="cpu")
    theirs = kernels_dbscan.cluster(np.ascontiguousarray(X), eps, least, kind=kind, weights=weights, report=silent)
    return ours, theirs


def check(X, eps, least, kind=2, weights=None):
    ours, theirs = dbscan_both(X, float(eps), float(least), kind, weights)
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])
    assert (ours[0].dtype, ours[1].dtype) == (bool, np.int64)
    return ours


@pytest.mark.parametrize("d", [1, 2, 3, 4, 7, 16, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dbscan_is_that_of_the_processor(d, dtype):
    X = blobs(5000, d, 8, d, dtype)
    X[:1500] += np.random.default_rng(0).standard_t(2, (1500, d)).astype(dtype) * 3  # tails, and rows far away
    for factor in (0.2, 0.6, 1.2):
        for least in (1, 5, 40):
            check(X, factor * np.sqrt(d), least)


@FEW
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3, 4, 6]), st.sampled_from([0, 1, 2]), st.integers(1, 9))
def test_dbscan_duplicates_and_ties(seed, d, kind, least):
    random = np.random.default_rng(seed)
    X = random.integers(0, 7, (150, d)).astype(float) * random.choice([1.0, 0.1, 1e6])
    step = np.abs(X[X != 0]).min(initial=1e9) if X.any() else 1.0
    for eps in (step, step * np.sqrt(2), step * 3):
        check(X, eps, least, kind)


@FEW
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3, 5]), st.sampled_from([0, 1, 2]))
def test_dbscan_weights_of_any_sign(seed, d, kind):
    random = np.random.default_rng(seed)
    X = random.normal(size=(200, d))
    for weights in (random.integers(0, 4, 200).astype(float), random.integers(-3, 4, 200).astype(float)):
        check(X, 0.5, 4, kind, weights)


@pytest.mark.parametrize("shift", [1e4, -1e9, 1e15])
@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_dbscan_far_from_the_origin(shift, d):
    X = np.round(blobs(1500, d, 4, dtype=np.float64) * 4) / 4
    check(X + shift, 0.5 * d, 5)
    X[0], X[1] = 1e18, -1e18  # two rows so far off that cells between them cannot be counted
    check(X, 0.5 * d, 5)


@pytest.mark.parametrize("d", [2, 5])
def test_dbscan_extremes(d):
    X = blobs(300, d, 3)
    for eps in (1e-300, 1e-9, 1e9, 1e300):
        check(X, eps, 3)
    check(X[:1], 1.0, 1)
    check(X[:1], 1.0, 2)
    check(np.repeat(X[:1], 3000, axis=0), 0.1, 5)
    check(X * 1e-160, 1e-160, 5)


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_dbscan_a_long_chain_in_any_order(d):
    n = 4000
    X = np.zeros((n, d))
    X[:, 0] = np.random.default_rng(d).permutation(n)
    labels = check(X, 1.0, 3)[1]
    assert (labels == 0).all()
    X[X[:, 0] > 2000] += 0.5
    assert len(np.unique(check(X, 1.0, 3)[1])) == 2


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("d", [2, 6])
def test_dbscan_tensors_give_tensors(device, d):
    X = blobs(3000, d)
    core, labels = engine_torch_dbscan.cluster(
        torch.as_tensor(X, device=device), 1.5, 5.0, report=silent, device=device)
    assert core.device.type == labels.device.type == device and core.dtype == torch.bool and labels.dtype == torch.int64
    np.testing.assert_array_equal(labels.cpu().numpy(), kernels_dbscan.cluster(X, 1.5, 5.0, report=silent)[1])


@pytest.mark.parametrize(("n", "d", "eps"), [(20_000, 2, 0.05), (20_000, 2, 50.0), (12_000, 8, 2.0), (12_000, 8, 50.0)])
def test_dbscan_memory_is_linear(n, d, eps, monkeypatch):
    from bmcore.cluster import torch_blocks, torch_cells

    monkeypatch.setattr(torch_cells, "PAIRS", 1 << 12)
    monkeypatch.setattr(torch_blocks, "SIZE", 256)
    X = torch.as_tensor(blobs(n, d))
    with Largest() as seen:
        engine_torch_dbscan.cluster(X, eps, 5.0, report=silent, device="cpu")
    assert seen.bytes <= max(8 * n * d, 16 * n, 8 * 256 * 256, 16 * (1 << 12))


def test_progress_rises_and_a_report_can_stop():
    for d in (2, 6):
        steps = []
        engine_torch_dbscan.cluster(
            blobs(3000, d), 1.0, 5.0, report=lambda step, total, steps=steps, **more: steps.append((step, total)), device="cpu")
        assert steps == sorted(steps) and steps[0][0] == 0 and steps[-1][0] == steps[-1][1]

        def stop(step, total, **more):
            if step > 300:
                raise Cancelled("Stopped.")

        with pytest.raises(Cancelled):
            engine_torch_dbscan.cluster(blobs(3000, d), 1.0, 5.0, report=stop, device="cpu")


def test_products_are_exact_inside_and_as_before_outside():
    backend = torch.backends.cuda.matmul
    before = backend.fp32_precision
    backend.fp32_precision = "tf32"
    try:
        with torch_table.exact():
            assert backend.fp32_precision == "ieee" and not torch.is_grad_enabled()
        assert backend.fp32_precision == "tf32"
    finally:
        backend.fp32_precision = before


@pytest.fixture
def forced(monkeypatch):
    """The faces take the torch engines, on the processor."""
    monkeypatch.setattr(torch_pick, "FORCED", "cpu")


def test_kmeans_keeps_a_tensor_where_it_is(forced, tmp_path):
    X = torch.as_tensor(blobs())
    kmeans = KMeans(5, random_state=0).fit(X)
    answers = kmeans.labels_, kmeans.cluster_centers_, kmeans.predict(X), kmeans.transform(X)
    assert all(isinstance(answer, torch.Tensor) for answer in answers) and torch.equal(kmeans.labels_, kmeans.predict(X))
    assert kmeans.score(X) == pytest.approx(-kmeans.inertia_)
    on_processor = KMeans(5, random_state=0, device="cpu").fit(X)
    np.testing.assert_array_equal(kmeans.labels_.numpy(), on_processor.labels_)
    assert isinstance(kmeans.predict(X.numpy()), np.ndarray) and isinstance(on_processor.labels_, np.ndarray)
    assert kmeans.set_output(transform="pandas").transform(X).shape == (2000, 5)
    kmeans.save(tmp_path / "model")
    np.testing.assert_array_equal(KMeans.load(tmp_path / "model").predict(X.numpy()), kmeans.labels_.numpy())


def test_dbscan_keeps_a_tensor_where_it_is(forced, tmp_path):
    X = torch.as_tensor(blobs(d=2))
    made, plain = DBSCAN(1.0).fit(X), DBSCAN(1.0, device="cpu").fit(X)
    for name in ("labels_", "core_sample_indices_", "components_"):
        np.testing.assert_array_equal(getattr(made, name).numpy(), getattr(plain, name))
        assert isinstance(getattr(plain, name), np.ndarray)
    made.save(tmp_path / "model")
    np.testing.assert_array_equal(DBSCAN.load(tmp_path / "model").labels_, plain.labels_)


@pytest.mark.parametrize("face", [KMeans, DBSCAN])
def test_unusable_tensors_are_explained(forced, face):
    X = torch.as_tensor(blobs())
    X[7, 2] = torch.nan
    with pytest.raises(DataError, match="Row 7, column 2"):
        face().fit(X)
    for table, words in [(X[0], "1 dimensions"), (X[:0], "no rows"), (X[:, :0], "no columns"), (X.to(torch.complex64), "Complex")]:
        with pytest.raises(DataError, match=words):
            face().fit(table)
    assert face().fit(torch.arange(40).reshape(20, 2)).labels_.shape == (20,)


def test_what_goes_to_a_card(monkeypatch):
    small, large = np.zeros((10, 2)), np.broadcast_to(0.0, (1 << 20, 2))
    monkeypatch.setattr(torch_pick.devices, "card", lambda: True)
    assert [torch_pick.where(device, X) for device in ("auto", "cpu") for X in (small, large)] == [None, "cuda", None, None]
    monkeypatch.setattr(torch_pick.devices, "card", lambda: False)
    assert torch_pick.where("auto", large) is None
    if not torch.cuda.is_available():
        with pytest.raises(ParameterError, match="cuda"):
            KMeans(1, device="cuda").fit(small)


@CARD
@pytest.mark.parametrize("d", [2, 3, 16])
def test_a_card_agrees_with_the_processor(d):
    X = blobs(50_000, d, 20, dtype=np.float32)
    params = KMeans(20, random_state=0, tol=0.0).get_params()
    ours, theirs = engine_torch_kmeans.fit(params, X, None, silent, device="cuda"), fitting.fit(params, X, None, silent)
    assert ours.inertia == pytest.approx(theirs.inertia, rel=1e-5)
    expected, clear = oracle_labels(X, ours.centres)
    np.testing.assert_array_equal(ours.labels[clear], expected[clear])
    core, labels = engine_torch_dbscan.cluster(X, 0.5 * d**0.5, 5.0, report=silent, device="cuda")
    theirs = kernels_dbscan.cluster(X, 0.5 * d**0.5, 5.0, report=silent)
    np.testing.assert_array_equal(core, theirs[0])
    np.testing.assert_array_equal(labels, theirs[1])
