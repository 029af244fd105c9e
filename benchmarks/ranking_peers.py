"""What LensKit, RecTools, implicit and scikit-learn say of the same lists: figures for tests/evaluate/test_ranking.py.

    python -m venv peers && peers/bin/pip install rectools lenskit "pyarrow==20.*"
    peers/bin/python benchmarks/ranking_peers.py lenskit rectools tests/evaluate/ranking_peers.json
    python benchmarks/ranking_peers.py implicit scikit-learn tests/evaluate/ranking_peers.json

The file holds lists and relevance, made from a seed, and per peer its version and its figures for every user (implicit: means). A run
keeps the figures of peers it was not asked for. It imports nothing of bmcore: a peer that shared our code would prove nothing.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np

USERS, ITEMS, LONGEST, KS = 60, 80, 20, (5, 10, 20)


def problem() -> dict:
    """Lists of 20, and for each user 1 to 40 relevant items, some without any hit and some with hits alone."""
    draw = np.random.default_rng(7)
    lists = np.stack([draw.permutation(ITEMS)[:LONGEST] for _ in range(USERS)])
    relevant = [draw.permutation(ITEMS)[: draw.integers(1, 41)].tolist() for _ in range(USERS)]
    relevant[0] = [one for one in range(ITEMS) if one not in lists[0]][:7]
    relevant[1] = lists[1][:3].tolist()
    relevant[2] = lists[2].tolist() + [one for one in range(ITEMS) if one not in lists[2]][:10]
    train = [sorted(draw.permutation(np.setdiff1d(np.arange(ITEMS), lists[row]))[: draw.integers(1, 30)].tolist()) for row in range(USERS)]
    return {"lists": lists.tolist(), "relevant": relevant, "train": train, "items": ITEMS}


def lenskit(problem: dict) -> dict:
    """NDCG discounts by log2(rank + 1) with `offset=1`; Recall divides by min(k, relevant)."""
    from lenskit.data import ItemList
    from lenskit.metrics import NDCG, Hit, LogRankWeight, Recall
    from lenskit.metrics.ranking import AveragePrecision

    out = {}
    pairs = [(ItemList(item_ids=np.array(one), ordered=True), ItemList(item_ids=np.array(two)))
             for one, two in zip(problem["lists"], problem["relevant"], strict=True)]
    for k in KS:
        metrics = {
            "ndcg": NDCG(k, weight=LogRankWeight(offset=1)), "recall_of_possible": Recall(k), "hit": Hit(k), "ap": AveragePrecision(k),
        }
        for name, metric in metrics.items():
            out[f"{name}_{k}"] = [float(metric.measure_list(*pair)) for pair in pairs]
    return out


def rectools(problem: dict) -> dict:
    """NDCG with `divide_by_achievable`; MAP divides by all relevant items."""
    import pandas as pd
    from rectools.metrics import MAP, NDCG, AvgRecPopularity, CatalogCoverage, HitRate, MeanInvUserFreq, Recall

    def table(rows: list) -> pd.DataFrame:
        return pd.DataFrame([(user, item, rank + 1) for user, row in enumerate(rows) for rank, item in enumerate(row)],
                            columns=["user_id", "item_id", "rank"])

    reco, chosen, train = table(problem["lists"]), table(problem["relevant"]), table(problem["train"])
    out = {}
    for k in KS:
        each = {"ndcg": NDCG(k, divide_by_achievable=True), "recall": Recall(k), "hit": HitRate(k), "ap_of_relevant": MAP(k)}
        for name, metric in each.items():
            out[f"{name}_{k}"] = metric.calc_per_user(reco, chosen)[list(range(USERS))].tolist()
        out[f"novelty_{k}"] = float(MeanInvUserFreq(k).calc(reco, train))
        out[f"popularity_{k}"] = float(AvgRecPopularity(k).calc(reco, train))
        out[f"coverage_{k}"] = float(CatalogCoverage(k, normalize=True).calc(reco, range(problem["items"])))
    return out


def implicit(problem: dict) -> dict:
    """Means over users, of a model that gives the stored lists. `precision` is all hits over all min(k, relevant)."""
    from implicit.evaluation import ranking_metrics_at_k
    from scipy.sparse import csr_matrix

    class Model:
        def recommend(self, ids, *args, N=10, **kwargs):
            top = np.array(problem["lists"], np.int32)[ids][:, :N]
            return top, np.zeros(top.shape, np.float32)

    def matrix(rows: list) -> csr_matrix:
        dense = np.zeros((USERS, problem["items"]), np.float32)
        for user, row in enumerate(rows):
            dense[user, row] = 1
        return csr_matrix(dense)

    out = {}
    for k in KS:
        found = ranking_metrics_at_k(Model(), matrix(problem["train"]), matrix(problem["relevant"]), K=k, show_progress=False)
        out.update({f"{name}_{k}": float(found[theirs]) for name, theirs in (("ndcg", "ndcg"), ("map", "map"), ("pooled", "precision"))})
    return out


def scikit_learn(problem: dict) -> dict:
    from sklearn.metrics import ndcg_score

    scores, true = (np.zeros((USERS, problem["items"])) for _ in range(2))
    for user, (ranked, chosen) in enumerate(zip(problem["lists"], problem["relevant"], strict=True)):
        scores[user, ranked] = np.arange(LONGEST, 0, -1)
        true[user, chosen] = 1
    return {f"ndcg_{k}": [float(ndcg_score(true[[user]], scores[[user]], k=k)) for user in range(USERS)] for k in KS}


PEERS = {"lenskit": lenskit, "rectools": rectools, "implicit": implicit, "scikit-learn": scikit_learn}


def main(peers: list[str], path: Path) -> None:
    stored = json.loads(path.read_text()) if path.exists() else {"peers": {}}
    given = problem()
    for name in peers:
        stored["peers"][name] = {"version": importlib.metadata.version(name), "figures": _rounded(PEERS[name](given))}
        print(name, stored["peers"][name]["version"])
    path.write_text(json.dumps({"problem": given, "peers": stored["peers"]}, separators=(",", ":")) + "\n")


def _rounded(figures: dict) -> dict:
    """Nine decimals: far below what the test allows."""
    return {name: np.round(values, 9).tolist() for name, values in figures.items()}


if __name__ == "__main__":
    if len(sys.argv) < 3 or not set(sys.argv[1:-1]) <= set(PEERS):
        sys.exit(__doc__)
    main(sys.argv[1:-1], Path(sys.argv[-1]))
