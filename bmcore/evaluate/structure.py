"""One sentence, computed: do the groups of a clustering exist, faintly, or not at all.

What counts is how far the groups get from "one cloud cut in pieces" (silhouette 0.45, say) towards "far apart" (silhouette 1):
the *way* is (ours - cloud) / (1 - cloud), and its lower 95 % bound decides, so one rule serves few and many columns. In a plane,
groups of equal size whose centres lie 6 standard deviations apart reach 0.3 to 0.4, 4 apart 0.1 to 0.2, 3 apart less than 0.05.

A curve or a ring cut in pieces goes that way too, since one cloud fills what they leave empty. So structure takes one thing more:
that every border between two groups is emptier than the groups (`bmcore.cluster.partitions.filled`).
The bounds below were set by simulation; `tests/test_evaluate_clustering.py` repeats a part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bmcore.cluster.silhouette import Bounded
from bmcore.messages import Message

CLEAR_WAY = 0.15  # lower bound of the way from one cloud to far apart, from which on groups are called structure
FAINT_WAY = 0.02  # ... and weak structure; a single cloud of another shape (a banana, a tilted box) stays below 0.07
EMPTY = 0.25  # rows at a border against rows at the centres, up to which groups are apart (in a plane 4.5 standard deviations)
FEW = 200  # rows below which an interval as wide as the difference is put down to the few rows
HEAP = 0.8  # share of the rows in groups from which on one group holds nearly all
STABLE = 0.75  # mean ARI of pairs of resamples
MOSTLY_NOISE = 0.5


@dataclass(frozen=True)
class Found:
    """What the judgement looks at."""

    n: int
    groups: int
    noise: float  # share of the rows
    splits: bool  # two groups or more that are not tiny beside the largest
    counting: int  # rows from which on a group counts
    largest: float  # share of the rows in groups that the largest has
    border: float  # rows at the fullest border between two groups against rows at their centres
    silhouette: Bounded
    stability: Bounded
    cloud: Bounded  # silhouette of the same algorithm on one cloud
    difference: Bounded  # ours minus the cloud's
    cloud_stability: Bounded
    shuffled: Bounded | None  # None with a single column
    shuffled_difference: Bounded | None
    by_density: bool

    @property
    def way(self) -> float:
        """Lower bound of the way from one cloud to groups far apart."""
        return self.difference.low / max(1 - self.cloud.value, 1e-9)

    @property
    def undecided(self) -> bool:
        """Far from one cloud, were it not for an interval that few rows make wide."""
        return self.n < FEW and self.way <= FAINT_WAY and self.difference.value / max(1 - self.cloud.value, 1e-9) >= CLEAR_WAY

    @property
    def looks_apart(self) -> bool:
        """With gaps between groups, of so few rows that the interval alone keeps them from being called structure."""
        return self.n < FEW and self.border <= EMPTY
    @property
    def only_by_density(self) -> bool:
        """Groups of any shape (rings): always found again, and never in a cloud, though silhouette does not see them."""
        return self.by_density and self.stability.low >= STABLE and self.cloud_stability.high < self.stability.low - 0.3


def judge(found: Found) -> tuple[str, Message]:
    """The kind of verdict and its sentence.

    Use it when a clustering, one cloud and shuffled columns have been measured the same way.

    Returns
    -------
    (str, Message)
        `"structure"`, `"weak"` or `"none"`.
    """
    fields = _fields(found)
    if not found.splits and found.largest < HEAP:
        return "none", Message(
            "No structure can be shown: too few rows a group. Of the {k} groups fewer than two have {counting:,} rows or more, from "
            "which on a group counts beside the largest. Ask for fewer groups, or come back with more rows.", **fields)
    if not found.splits:
        return "none", Message(
            "No structure: one group holds nearly all rows, the others are a few unusual rows each (separation {ours:.2f}). "
            "Look at them as exceptions, not as segments.", **fields)
    if found.undecided and not found.only_by_density:
        return "none", Message(
            "Too few rows to tell: these {k} groups look clearer than {cloud_name} cut the same way (separation {ours:.2f} against "
            "{cloud:.2f}; 1 is far apart), but with {n} rows the true difference may lie anywhere from {low:.2f} to {high:.2f}. {shuffle} "
            "Come back with more rows.", **fields)
    if found.way <= FAINT_WAY and not found.only_by_density:
        return "none", Message(
            "No structure: these {k} groups are no clearer than what {cloud_name} gives when it is cut the same way "
            "(separation {ours:.2f} against {cloud:.2f}; 1 is far apart). {shuffle} "
            "Do not build on these groups; another number of groups or other columns may tell more.", **fields)
    if found.noise > MOSTLY_NOISE:
        return "weak", Message(
            "Weak structure: the {k} groups are clearer than chance (separation {ours:.2f} against {cloud:.2f} for {cloud_name}), "
            "but {noise:.0%} of the rows belong to none of them. {shuffle}", **fields)
    if found.stability.value < STABLE:
        return "weak", Message(
            "Weak structure: the {k} groups are clearer than chance (separation {ours:.2f} against {cloud:.2f} for {cloud_name}), "
            "but on other parts of the rows other groups come out (agreement {stability:.2f}; 1 is always the same). {shuffle} "
            "Another number of groups may hold better.", **fields)
    if found.way < CLEAR_WAY and found.looks_apart and not found.only_by_density:
        return "weak", Message(
            "Weak structure: the {k} groups look apart (separation {ours:.2f} against {cloud:.2f} for {cloud_name}; 1 is far apart), but "
            "with {n} rows the true difference may lie anywhere from {low:.2f} to {high:.2f}. {shuffle} More rows would tell.", **fields)
    if found.way < CLEAR_WAY and not found.only_by_density:
        return "weak", Message(
            "Weak structure: the {k} groups are there but run into each other (separation {ours:.2f} against {cloud:.2f} for {cloud_name}; "
            "1 is far apart). {shuffle} Good for a rough picture; rows near a border could as well be in the next group.", **fields)
    if found.border > EMPTY and not found.by_density:
        return "weak", Message(
            "Weak structure: the {k} groups are clearer than chance (separation {ours:.2f} against {cloud:.2f} for {cloud_name}), but not "
            "all are apart: at one border between two groups rows lie {border:.0%} as dense as at their centres. {shuffle} This is "
            "what one long or bent shape gives when it is cut in pieces; do not take the groups for separate kinds.", **fields)
    return "structure", Message(
        "Structure: the {k} groups are really there. Their separation is {ours:.2f} (1 is far apart) against {cloud:.2f} for {cloud_name}, "
        "and on other parts of the rows the same groups come out (agreement {stability:.2f}; 1 is always the same). {shuffle}", **fields)


def _fields(found: Found) -> dict:
    return {
        "n": found.n, "counting": found.counting, "border": found.border, "low": found.difference.low, "high": found.difference.high,
        "k": found.groups, "ours": found.silhouette.value, "cloud": found.cloud.value, "stability": found.stability.value,
        "noise": found.noise, "cloud_name": Message("one cloud of the same spread without groups"), "shuffle": _shuffle(found)}


def _shuffle(found: Found) -> Message:
    """What shuffling the columns says beside it."""
    if found.shuffled is None:
        return Message("With a single column there is nothing to shuffle, so the cloud is the only comparison.")
    if found.shuffled_difference.low <= 0 and found.way > FAINT_WAY:
        return Message("Shuffled columns reach {shuffled:.2f}: the groups show in single columns, how these go together adds nothing.",
                       shuffled=found.shuffled.value)
    return Message("With each column shuffled by itself it is {shuffled:.2f}.", shuffled=found.shuffled.value)


def nothing_to_compare(n: int, groups: int, distinct: int, name: str) -> Message | None:
    """Why there is no verdict from figures: too few rows, one group, only noise. None where there is."""
    if n < 10:
        return Message("No structure can be shown with {n} rows: whether groups are real takes at least 10 rows, better 100.", n=n)
    if distinct < 2:
        return Message("No structure: all {n:,} rows are equal, so there is nothing to group.", n=n)
    if groups == 0:
        return Message("No structure: {name} found no group at all, every one of the {n:,} rows is noise. "
                       "A larger eps or a smaller min_samples finds groups if there are any.", name=name, n=n)
    if groups == 1:
        return Message("No structure: {name} put all rows into one group, so there is nothing to compare. "
                       "Ask for two groups or more, or use a smaller eps.", name=name)
    if distinct < 10:
        return Message("No verdict: the {n:,} rows have only {distinct} different ones, so the groups are these. Count them instead.",
                       n=n, distinct=distinct)
    if groups > n // 4:
        return Message("No structure can be shown: {groups:,} groups for {n:,} rows leave fewer than four rows each. Ask for fewer.",
                       groups=groups, n=n)
    return None
