"""What the groups of a finished run are called and what is known of each. Draws nothing."""

from __future__ import annotations

from bmcore.messages import Message
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, one_line

# what the columns made of purchases are called: in a sentence or on a form, and above a narrow column
COLUMNS = {
    "recency_days": (Message("Days since last purchase"), Message("Days ago")),
    "frequency": (Message("Days with a purchase"), Message("Purchases")),
    "money": (Message("Money spent in all"), Message("Money")),
    "items": (Message("Items bought in all"), Message("Items")),
    "first": (Message("First purchase"), Message("First")),
    "last": (Message("Last purchase"), Message("Last")),
}


def column(name: object, *, purchases: bool = True, short: bool = False) -> str:
    """A column's name for people, as plain text."""
    return _(COLUMNS[name][short]) if purchases and name in COLUMNS else one_line(name, 40)


def direction(axis: str, *, purchases: bool) -> str:
    """The title of a map's axis, such as "+money −recency_days", with the columns as people call them."""
    for name in COLUMNS if purchases else ():
        axis = axis.replace(name, column(name, short=True))
    return one_line(axis, 80)


def clusters(found: dict) -> list[dict]:
    """The groups, as a list whose entries are whole enough to be shown."""
    return [entry for entry in found.get("clusters") or [] if isinstance(entry, dict) and isinstance(entry.get("cluster"), int)]


def names(found: dict, scenario: ClusterScenario) -> dict[int, str]:
    """Group -> what it is called, in the visitor's language; plain text, not Markdown."""
    if scenario.alone:  # which crowd a row belongs to does not matter there
        return dict.fromkeys((row["cluster"] for row in found.get("sizes") or []), _("Usual")) | {-1: _(scenario.single)}
    out: dict[int, str] = {}
    for entry in clusters(found):
        called = words(entry)[:3]
        known = sentence(entry.get("name"))
        out[entry["cluster"]] = known or (", ".join(called) if called else f"{_(scenario.group)} {entry['cluster'] + 1}")
    for row in found.get("sizes") or []:
        out.setdefault(row["cluster"], f"{_(scenario.group)} {row['cluster'] + 1}")
    out[-1] = _(scenario.single)
    return out


def words(entry: dict) -> list[str]:
    """The distinguishing words of a theme, the strongest first."""
    given = (
        word[0] if isinstance(word, list) and word else word.get("word") if isinstance(word, dict) else word
        for word in entry.get("words") or []
    )
    return [one_line(word, 24) for word in given if isinstance(word, str)]


def sentence(stored) -> str | None:
    """A stored message in the visitor's language, or a stored text, as plain text; None where there is none."""
    if isinstance(stored, dict) and isinstance(stored.get("template"), str):
        return one_line(_(Message.from_dict(stored)), 300)
    return one_line(stored, 300) or None if isinstance(stored, str) else None
