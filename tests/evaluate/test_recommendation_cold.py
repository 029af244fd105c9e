"""New items by their description: what tells something is found, what tells nothing is not taken for more."""

import numpy as np
import pandas as pd
import pytest

from bmcore.data.catalogue import catalogue
from bmcore.data.interactions import read_interactions
from bmcore.evaluate.recommendation_cold import _best, _ranked, _shuffled, cold_start
from bmcore.recommend.content import Content
from bmcore.recommend.itemknn import ItemKNN

GROUPS = ["red wine grape", "steel screw bolt", "novel poem book", "apple pear plum"]


def told():
    """Everybody chooses in one group of 60 items, and its items share their words."""
    draw = np.random.default_rng(0)
    rows = [(user, int(one)) for user in range(150) for one in (user % 4) * 60 + draw.permutation(60)[:20]]
    items = pd.DataFrame([{"item": one, "name": f"No {one}", "words": GROUPS[one // 60]} for one in range(240)])
    return read_interactions(pd.DataFrame(rows, columns=["u", "i"]), user="u", item="i"), catalogue(items, "item", "name", ["words"])


def untold(seed, n_users=200, n_items=190):
    """Some items are far more popular than others, and words are drawn without regard to anything."""
    draw = np.random.default_rng(seed)
    popular = draw.permutation(1 / np.arange(1, n_items + 1) ** 0.8)
    rows = [(user, one) for user in range(n_users) for one in draw.choice(n_items, 12, replace=False, p=popular / popular.sum())]
    words = [" ".join(draw.choice([f"w{number}" for number in range(40)], 4)) for _ in range(n_items)]
    items = pd.DataFrame({"item": range(n_items), "words": words})
    return read_interactions(pd.DataFrame(rows, columns=["u", "i"]), user="u", item="i"), catalogue(items, "item", about=["words"])


def measured(log, table, seed=0):
    return cold_start(ItemKNN().fit(log, items=table), log, table, None, seed, lambda: None)[0]


def test_new_items_are_found_by_what_is_said_of_them():
    log, table = told()
    found = measured(log, table)
    assert found["n_items"] == 60 and found["chance"] == pytest.approx(1 / 3, abs=0.03) and found["n"] > 100
    assert found["recall_20"]["low"] > 2 * found["chance"] and found["recall_20"]["low"] > found["shuffled"]["high"]
    again = measured(log, table)
    assert {**again, "seconds": 0} == {**found, "seconds": 0}


def test_descriptions_that_say_nothing_are_seldom_taken_for_more():
    found = [measured(*untold(seed), seed) for seed in range(40)]
    above = [one["recall_20"]["low"] > one["chance"] for one in found]
    below = [one["recall_20"]["high"] < one["chance"] for one in found]
    assert sum(above) <= 3 and sum(below) <= 3  # 2.5 % of 40 is 1; with a bootstrap over users alone they were 11 and 13
    assert np.mean([one["recall_20"]["value"] - one["chance"] for one in found]) == pytest.approx(0, abs=0.03)


def test_equal_scores_fall_in_any_order():
    scores = np.zeros((3000, 10), np.float32)
    scores[:, 3], scores[:, 7] = 1, -np.inf
    found = _best(scores, 10, np.random.default_rng(0))
    assert (found[:, 0] == 3).all() and (found[:, 9] == -1).all() and not (found == 7).any()
    assert np.allclose(np.bincount(found[:, 1], minlength=10)[[0, 1, 2, 4, 5, 6, 8, 9]] / 3000, 1 / 8, atol=0.03)


def test_a_shuffle_of_columns_is_one_of_descriptions():
    """Content read anew from shuffled descriptions gives the same scores to other items."""
    _, table = untold(3)
    known, cold = list(range(130)), np.arange(130, 190)
    order = np.random.default_rng(0).permutation(60)
    other = table.copy()
    other.loc[cold, "about"] = table.loc[cold, "about"].to_numpy()[order]
    scores = np.random.default_rng(1).random((20, 130))
    plain, shuffled = (Content().fit(one, known).extend(scores)[:, 130:] for one in (table, other))
    assert np.allclose(shuffled, plain[:, order], atol=1e-6)


def test_the_shuffled_recall_is_that_of_shuffled_lists():
    log, table = untold(4)
    cold = np.arange(0, 190, 3)
    left = ~np.isin(log.items, cold)
    model = ItemKNN().fit(log.part(left), items=table)
    ranked, relevant = _ranked(model, log, left, cold, 0, lambda: None)
    mine, draw, brute = relevant.toarray() > 0, np.random.default_rng(9), []
    for _ in range(200):
        item = draw.permutation(len(cold))
        brute.append(np.mean([own[item[row[:20]]].sum() / own.sum() for own, row in zip(mine, ranked, strict=True)]))
    found = _shuffled(ranked, relevant, 0)
    assert found["value"] == pytest.approx(np.mean(brute), abs=0.02)
    assert found["high"] - found["low"] == pytest.approx(np.subtract(*np.quantile(brute, [0.975, 0.025])), rel=0.3)
