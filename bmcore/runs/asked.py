"""What several tasks share: a checked split, and a result in a line against the usual rival."""

from __future__ import annotations

from typing import Any

from bmcore.errors import ParameterError

LOWER = ("bits_per_byte", "perplexity", "feature_fid")  # of these less is better


def split(request: dict[str, Any], preset: dict[str, Any], usual: dict[str, Any], takes: dict[str, tuple]) -> dict[str, Any]:
    """How rows are held out: what the request says, else the preset, else `usual`.

    Parameters
    ----------
    request, preset : dict
        Each with a "split", or without one.
    usual : dict
        Every entry of a split and its value where nobody gave one.
    takes : dict of str to tuple
        What each entry takes: any of these; a complaint names the first.

    Raises
    ------
    ParameterError
        For an entry that is not known, or a refused value.
    """
    values = {**preset.get("split", {}), **(request.get("split") or {})}
    for name, value in values.items():
        if name not in usual:
            raise ParameterError("A split has no entry {name!r}. Its entries are: {known}.", name=str(name)[:80], known=", ".join(usual))
        allowed = takes[name]
        if not any(entry.takes(value) for entry in allowed):
            raise ParameterError(
                "{name} cannot be {value}: it takes {allowed}.", name=name, value=repr(value)[:80], allowed=allowed[0].allowed()
            )
    return {**usual, **values}


def headline(evaluation: dict[str, Any], usual: str) -> dict[str, Any] | None:
    """The result in a line, against the rival that the evaluation names, or `usual` where it names none; None where it is damaged."""
    try:
        metric, ours = evaluation["metric"], evaluation["model"]
        against = (evaluation.get("difference") or {}).get("against") or usual
        rivals = [entry.get(metric) or {} for entry in evaluation.get("baselines") or () if entry["name"] == against]
        return {
            "metric": metric,
            **{name: (ours.get(metric) or {}).get(name) for name in ("value", "low", "high")},
            "baseline": against,
            "baseline_value": rivals[0].get("value") if rivals else None,
            "verdict": evaluation["verdict"]["kind"],
            "model": ours.get("name"),
        }
    except (KeyError, TypeError, AttributeError):
        return None


def lower_is_better(metric: Any) -> bool:
    """Whether less of this metric is better.

    Examples
    --------
    >>> lower_is_better("bits_per_byte"), lower_is_better("ndcg_10")
    (True, False)
    """
    return metric in LOWER
