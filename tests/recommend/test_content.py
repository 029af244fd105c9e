"""New items by their description: known answers, an independent TF-IDF, recall of items nobody has bought, damaged files."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from bmcore.data import vectors as reading
from bmcore.errors import DataError, ModelError
from bmcore.recommend import likeness
from bmcore.recommend.content import Content

TEXTS = ["red running shoe", "blue running shoe", "green tea, loose", "black tea in bags", "蓝色跑鞋", "红色的跑鞋", "",
         "tea, tea and more tea"]


def table(titles, about=None):
    return pd.DataFrame({"item": range(len(titles)), "title": titles, "about": about or [""] * len(titles)})


# vectors --------------------------------------------------------------------------------------------------------------------


def test_tfidf_is_scikit_learns():
    from sklearn.feature_extraction.text import TfidfVectorizer

    ours = reading.TfIdf().fit(TEXTS)
    theirs = TfidfVectorizer(analyzer=reading.words, sublinear_tf=True, vocabulary=ours.terms_)
    assert np.allclose(ours.transform(TEXTS).toarray(), theirs.fit_transform(TEXTS).toarray(), atol=1e-6)


def test_tfidf_rows_have_length_one_or_none():
    X = reading.TfIdf().fit(TEXTS).transform([*TEXTS, "nobody said this"])
    lengths = np.sqrt(X.multiply(X).sum(axis=1)).A1 if hasattr(X, "A1") else np.linalg.norm(X.toarray(), axis=1)
    assert np.allclose(lengths, [1, 1, 1, 1, 1, 1, 0, 1, 0], atol=1e-6)


def test_tfidf_of_nothing():
    X = reading.TfIdf().fit([]).transform(["a word", ""])
    assert X.shape == (2, 0) and X.nnz == 0
    assert reading.TfIdf().fit(["", "!?"]).transform([]).shape == (0, 0)


@given(st.lists(st.text(max_size=40), max_size=8))
def test_tfidf_reads_any_text(texts):
    X = reading.TfIdf().fit(texts).transform(texts)
    lengths = np.linalg.norm(X.toarray(), axis=1)
    assert np.all((lengths == 0) | (np.abs(lengths - 1) < 1e-5))
    assert [bool(reading.words(text)) for text in texts] == (lengths > 0).tolist()


def test_chinese_and_numbers():
    assert reading.words("ＮＩＫＥ 42码 跑步鞋") == ["nike", "42", "码", "跑步", "步鞋"]


def test_minilm_knows_meaning():
    read = reading.vectors("minilm").fit([])
    X = read.transform(["running shoes", "sneakers for jogging", "a pot of tea", " "])
    assert X.shape == (4, 384) and X.dtype == np.float32
    assert X[0] @ X[1] > X[0] @ X[2] + 0.2 and not X[3].any()
    read.transform(["蓝色的跑步鞋"])
    assert "tfidf" in str(read.notes_[0])


def test_unknown_kind():
    with pytest.raises(DataError, match="tfidf, minilm"):
        reading.vectors("word2vec")


HOSTILE = [
    b"", b"[]", b"{", b'{"kind": "tfidf"}', b'{"kind": ["tfidf"], "state": {}}', b'{"kind": "tfidf", "state": []}',
    b'{"kind": "tfidf", "state": {"n": 2, "terms": ["a", "a"], "counts": [1, 1]}}',
    b'{"kind": "tfidf", "state": {"n": 2, "terms": ["a"], "counts": [3]}}',
    b'{"kind": "tfidf", "state": {"n": 2, "terms": ["a"], "counts": [NaN]}}',
    b'{"kind": "tfidf", "state": {"n": true, "terms": ["a"], "counts": [1]}}',
    b'{"kind": "os.system", "state": {}}', b"[" * 100_000,
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_damaged_vectors(tmp_path, content):
    (tmp_path / "vectors.json").write_bytes(content)
    with pytest.raises(ModelError, match="missing or damaged"):
        reading.load_vectors(tmp_path)


# neighbours -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_nearest_in_blocks_is_brute_force(monkeypatch, kind):
    rng = np.random.default_rng(0)
    new, known = np.maximum(rng.integers(-4, 5, (2, 30, 5)), 0).astype(np.float32)  # sums without rounding
    known[7:12] = known[3]  # equal ones: the earlier first
    monkeypatch.setattr(likeness, "_BLOCK", 100)
    found, close = likeness.nearest(kind(new), kind(known), 8)
    brute = new @ known.T
    for row in range(30):
        order = [place for place in np.argsort(-brute[row], kind="stable")[:8] if brute[row, place] > 0]
        assert found[row].tolist() == order + [-1] * (8 - len(order))
        assert np.allclose(close[row][: len(order)], brute[row][order])
    assert (likeness.nearest(kind(known), kind(known), 3, skip=np.arange(30))[0] != np.arange(30)[:, None]).all()


# content --------------------------------------------------------------------------------------------------------------------

SHOP = table([*TEXTS[:4], "yellow running shoe", "white tea", "", "螺丝刀"])


def test_a_new_item_is_scored_as_what_it_is_like():
    content = Content().fit(SHOP, [0, 1, 2, 3])
    found = content.extend(np.array([[3.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]))
    assert found.shape == (2, 8) and found.dtype == np.float32
    assert np.array_equal(found[:, :4], [[3, 2, 0, 0], [0, 0, 1, 1]])
    assert found[0, 4] > found[0, 5] and found[1, 4] < found[1, 5]
    assert np.isneginf(found[:, 6:]).all()  # no description; words that no other item has
    assert str(content.because(5)).startswith("described like '") and str(content.because(5)).count(" tea") == 2
    assert content.because(7) is None and content.because(0) is None
    assert [str(note).split(" items")[0] for note in content.notes_] == ["1 of 4", "1 of 4"]
    assert set(content.neighbours(4)[0].tolist()) == {0, 1}


def test_the_formula():
    content = Content().fit(SHOP, [0, 1, 2, 3])
    scores = np.array([[3.0, 2.0, 0.0, 0.5]], np.float32)
    X = content.vectors_.toarray().astype(np.float64)
    apart, cosine = scores[0] - scores[0].mean(), X @ X[:4].T
    told = {place: cosine[place] @ apart / (1 + cosine[place].sum()) for place in (4, 5)}
    alone = cosine[:4] - np.diag(np.diag(cosine[:4]))
    guess = alone @ apart / (1 + alone.sum(axis=1))
    slope, spread = guess @ apart / (guess @ guess), np.sqrt(apart @ apart / (guess @ guess))
    expected = [scores.mean() + np.sqrt(slope * spread) * told[place] for place in (4, 5)]
    assert np.allclose(content.extend(scores)[0, 4:6], expected, rtol=1e-5)


@given(st.floats(0.01, 100), st.floats(-50, 50), st.integers(0, 100))
def test_any_scale_of_scores_will_do(scale, shift, seed):
    content = Content().fit(SHOP, [0, 1, 2, 3])
    scores = np.random.default_rng(seed).random((3, 4))
    plain, changed = content.extend(scores)[:, 4:6], content.extend(scores * scale + shift)[:, 4:6]
    assert np.allclose(changed, plain * scale + shift, atol=1e-3 * (scale + abs(shift)))


def test_an_item_described_only_now():
    content = Content().fit(SHOP, [0, 1, 2, 3])
    scores = np.array([[3.0, 2.0, 0.0, 0.0]], np.float32)
    weights = content.place(["yellow running shoe", "unheard-of"])
    assert weights.shape == (2, 4)
    found = content.score(scores, weights)
    assert found[0, 0] == pytest.approx(content.extend(scores)[0, 4]) and np.isneginf(found[0, 1])
    assert "shoe" in str(content.described_like(weights[0]))


def test_ids_of_any_type_and_items_outside_the_catalogue():
    shop = pd.DataFrame({"item": np.array([7, 8], dtype=np.int64), "title": ["red shoe", "blue shoe"]})
    content = Content().fit(shop, np.array(["x", 7], dtype=object))
    assert content.items_.tolist() == ["x", 7, 8] and content.described_.tolist() == [False, True, True]
    assert np.isfinite(content.extend(np.ones((1, 2)))).all()
    # a title that is only the id says nothing
    bare = Content().fit(pd.DataFrame({"item": [1, 2], "title": ["1", "2"], "about": [None, np.nan]}), [1])
    assert not bare.described_.any() and np.isneginf(bare.extend(np.ones((2, 1)))[:, 1]).all()


@pytest.mark.parametrize("known", [[], [0], list(range(8))])
def test_no_known_item_one_and_all(known):
    content = Content().fit(SHOP, known)
    found = content.extend(np.ones((2, len(known))))
    assert found.shape == (2, 8) and not np.isnan(found).any()


def test_equal_scores_stay_equal():
    content = Content().fit(SHOP, [0, 1, 2, 3])
    assert content.extend(np.zeros((1, 4)))[0, 4:6].tolist() == [0, 0]


GENRES = ["war", "love", "space", "ghosts", "money", "music"]


def world(rng, n_users=150, n_items=240):
    """Users who like two genres; items with one or two genres and a title of random words."""
    genres = [sorted(rng.choice(6, rng.integers(1, 3), replace=False)) for _ in range(n_items)]
    taste = np.array([np.isin(np.arange(6), rng.choice(6, 2, replace=False)) for _ in range(n_users)])
    chance = np.array([[0.35 if taste[user][own].all() else 0.03 for own in genres] for user in range(n_users)])
    titles = [" ".join(f"word{number}" for number in rng.integers(0, 400, 3)) for _ in range(n_items)]
    return (rng.random(chance.shape) < chance).astype(np.float32), table(titles, [" ".join(GENRES[g] for g in own) for own in genres])


def test_items_nobody_has_bought_are_found_by_those_who_would_like_them():
    rng = np.random.default_rng(0)
    X, catalogue = world(rng)
    cold = rng.choice(240, 24, replace=False)
    known = np.setdiff1d(np.arange(240), cold)
    S = X[:, known].T @ X[:, known]
    lengths = np.sqrt(np.diag(S)) + 1e-9
    np.fill_diagonal(S, 0)
    content = Content().fit(catalogue, known.tolist())
    found = content.extend(X[:, known] @ (S / np.outer(lengths, lengths)))
    order = np.array(content.items_, dtype=np.int64)
    found[:, : len(known)][X[:, known] > 0] = -np.inf
    top = order[np.argsort(-found, axis=1)[:, :20]]
    wanted = [np.intersect1d(np.flatnonzero(row), cold) for row in X]
    recall = np.array([np.isin(own, row).mean() for own, row in zip(wanted, top, strict=True) if len(own)])
    low = np.percentile([rng.choice(recall, len(recall)).mean() for _ in range(500)], 2.5)
    assert low > 1.5 * 20 / 240  # by chance: 20 places among all items
    assert 0.04 < np.isin(top, cold).mean() < 0.3  # a tenth of the items: they neither vanish nor flood


# files ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tfidf", "minilm"])
def test_saved_and_loaded(tmp_path, kind):
    content = Content(kind).fit(SHOP, [0, 1, 2, 3])
    again = Content.load(content.save(tmp_path / "content"), content.items_)
    scores = np.random.default_rng(0).random((3, 4))
    assert np.array_equal(again.extend(scores), content.extend(scores))
    assert again.notes_ == content.notes_ and again.because(4) == content.because(4)
    assert np.allclose(again.place(["a red shoe"]).toarray(), content.place(["a red shoe"]).toarray())


@pytest.mark.parametrize("name", ["content.npz", "content.json", "vectors/vectors.json"])
def test_damaged_files(tmp_path, name):
    content = Content().fit(SHOP, [0, 1, 2, 3])
    content.save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"PK\x03\x04" + whole[4:-9]):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(ModelError, match="damaged"):
            Content.load(tmp_path, content.items_)


def test_files_that_do_not_fit(tmp_path):
    content = Content().fit(SHOP, [0, 1, 2, 3])
    content.save(tmp_path)
    with pytest.raises(ModelError):
        Content.load(tmp_path, content.items_[:-1])
    told = json.loads((tmp_path / "content.json").read_text())
    for change in ({"known": -1}, {"known": 5}, {"known": True}, {"kind": None}, {"titles": [1] * 8}, {"notes": "x"}):
        (tmp_path / "content.json").write_text(json.dumps({**told, **change}))
        with pytest.raises(ModelError):
            Content.load(tmp_path, content.items_)
    (tmp_path / "content.json").write_text(json.dumps(told))
    np.savez(tmp_path / "content.npz", vectors=np.array([{}], dtype=object))
    with pytest.raises(ModelError):
        Content.load(tmp_path, content.items_)
