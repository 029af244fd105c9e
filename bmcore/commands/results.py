"""A result on the terminal: a function a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bmcore.commands.output import _, plain, table
from bmcore.evaluate.names import SHORT
from bmcore.messages import Message
from bmcore.runs import asked

_CONTINUED, _LINE = 3, 240  # continuations shown, and characters of each part


def show(evaluation: dict) -> None:
    """Verdict, then ours and the baselines. Nothing where the file is damaged."""
    try:
        SHOWN.get(str(evaluation.get("task", "classification")), classification)(evaluation)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return


def score(headline: dict | None) -> str:
    """A result in a cell: ours against the baseline; of some measures less is better, and those say so."""
    try:
        cell = f"{headline['value']:.3f} / {headline['baseline_value']:.3f}"
        return _("{cell} (less is better)", cell=cell) if asked.lower_is_better(headline.get("metric")) else cell
    except (KeyError, TypeError, ValueError):
        return "-"


def classification(evaluation: dict) -> None:
    """macro-F1 and accuracy with their intervals."""
    names = ("macro_f1", "accuracy")
    rows = [[_called(entry), *(_span(entry[name]) for name in names)] for entry in (evaluation["model"], *evaluation["baselines"])]
    _verdict(evaluation)
    table([_("model"), _("macro-F1 (95 %)"), _("accuracy (95 %)")], rows)


def _called(entry: dict) -> str:
    return _(SHORT[entry["name"]]) if entry["name"] in SHORT else entry["name"]


def clustering(evaluation: dict) -> None:
    """Silhouette and stability, then the groups by size."""
    names = ("silhouette", "stability")
    rows = [[_called(entry), *(_span(entry.get(name)) for name in names)] for entry in (evaluation["model"], *evaluation["baselines"])]
    words = {int(entry["cluster"]): _words(entry) for entry in evaluation.get("clusters") or ()}
    sizes = [
        [_("none") if entry["cluster"] == -1 else entry["cluster"], f"{entry['n']:,}", f"{100 * entry['share']:.1f} %",
         words.get(int(entry["cluster"]), "")]
        for entry in evaluation["sizes"][:30]
    ]
    _verdict(evaluation)
    table([_("model"), _("silhouette (95 %)"), _("stability (95 %)")], rows)
    print()
    table([_("group"), _("rows"), _("share"), _("what it is like")], sizes)
    if len(evaluation["sizes"]) > len(sizes):
        print(_("and {n} smaller groups", n=len(evaluation["sizes"]) - len(sizes)))


def recommendation(evaluation: dict) -> None:
    """NDCG, recall and MAP with their intervals, how much of the catalogue is shown, and whether new items find their people."""
    names = ("ndcg_10", "recall_10", "recall_20", "map_10")
    everyone = (evaluation["model"], *evaluation["baselines"])
    rows = [[_called(entry), *(_span(entry.get(name)) for name in names), _span(entry.get("coverage_10"))] for entry in everyone]
    _verdict(evaluation)
    head = [_("model"), _("NDCG@10 (95 %)"), _("recall@10 (95 %)"), _("recall@20 (95 %)"), _("MAP@10 (95 %)"), _("items shown")]
    table(head, rows)
    if cold := evaluation.get("cold"):
        print(_(
            "Items that nobody has bought yet: recall@20 {found} among {n} such items, {chance} with shuffled descriptions.",
            found=_span(cold["recall_20"]), n=cold["n_items"], chance=f"{cold['chance']:.3f}",
        ))


def pictures(evaluation: dict) -> None:
    """How near the pictures are to real ones, how varied, and whether they show what they should; then what a proof found."""
    everyone = (evaluation["model"], *evaluation["baselines"])
    names = ("class_accuracy", "feature_fid", "precision", "recall")
    rows = [
        [_called(entry), *(_span(entry.get(name)) for name in names), _span((entry.get("copies") or {}).get("share"))] for entry in everyone
    ]
    _verdict(evaluation)
    table([_("model"), _("right class (95 %)"), _("feature-FID (95 %)"), _("precision (95 %)"), _("recall (95 %)"), _("copies")], rows)
    if proof := evaluation.get("proof"):
        print()
        _proof(proof)


def _proof(proof: dict) -> None:
    print(plain(_(Message.from_dict(proof["verdict"]["message"]))))
    names = ("recall", "precision", "f1", "balanced_accuracy")
    kinds = ((_("without"), "without"), (_("repeated"), "repeated"), (_("with generated pictures"), "with"))
    head = [_("classifier"), _("recall (95 %)"), _("precision (95 %)"), _("F1 (95 %)"), _("balanced accuracy (95 %)")]
    table(head, [[words, *(_span(proof[kind].get(name)) for name in names)] for words, kind in kinds])


def generation(evaluation: dict) -> None:
    """Bits a byte with their intervals, how varied the drafts are, how much of them is copied, and some beginnings carried on."""
    everyone = (evaluation["model"], *evaluation["baselines"])
    rows = [
        [
            _called(entry), *(_span(entry.get(name)) for name in ("bits_per_byte", "distinct_2", "repetition")),
            *(_span((entry.get("copied") or {}).get(name)) for name in ("share_over_50", "texts_over_50")),
            _most((entry.get("copied") or {}).get("longest")),
        ]
        for entry in everyone
    ]
    _verdict(evaluation)
    head = [
        _("model"), _("bits a byte, less is better (95 %)"), _("different pairs of words"), _("repeats itself"),
        _("copied in long pieces"), _("texts with such a piece"), _("longest copy, characters"),
    ]
    table(head, rows)
    for shown in (evaluation.get("continuations") or ())[:_CONTINUED]:
        print()
        print(_("Beginning: {text}", text=_short(shown["prompt"])))
        print(_("Real: {text}", text=_short(shown["real"])))
        print(_("Ours: {text}", text=_short(shown["ours"])))


def answers(evaluation: dict) -> None:
    """How high the right answer stands, beside simpler ways of finding one."""
    names = ("mrr", "recall_1", "recall_5")
    rows = [[_called(entry), *(_span(entry.get(name)) for name in names)] for entry in (evaluation["model"], *evaluation["baselines"])]
    _verdict(evaluation)
    table([_("way of searching"), _("MRR (95 %)"), _("right answer first (95 %)"), _("among the first five (95 %)")], rows)


SHOWN: dict[str, Callable[[dict], None]] = {
    "classification": classification, "clustering": clustering, "recommendation": recommendation,
    "pictures": pictures, "generation": generation, "answers": answers,
}


def _verdict(evaluation: dict) -> None:
    print()
    print(plain(_(Message.from_dict(evaluation["verdict"]["message"]))))


def _span(score: Any) -> str:
    if not score or score.get("value") is None:
        return "-"
    if score.get("low") is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} ({score['low']:.3f} - {score['high']:.3f})"


def _words(entry: dict) -> str:
    """A group in a cell: its name, and the first thing to know about it."""
    name, profile = entry.get("name"), entry.get("profile") or [None]
    parts = [_(Message.from_dict(one)) if isinstance(one, dict) else one for one in (name, profile[0])]
    return ": ".join(str(part) for part in parts if part)


def _most(longest: Any) -> str:
    """The usual and the greatest length of a copied piece."""
    if not longest or longest.get("value") is None:
        return "-"
    return _("{usual}, at most {most}", usual=round(longest["value"]), most=round(longest.get("max") or longest["value"]))


def _short(text: Any) -> str:
    """A text on a line."""
    line = " ".join(plain(text).split())
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"
