"""Sentences for people that can be stored in a file and still be translated later.

A run fails at night and its reason is read next day in another language, so a sentence is kept as its English template
and its values, never as finished text. `tools/messages.py` collects the templates for the catalogue.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any


class Message:
    """A sentence: an English template and the values that fill it.

    Parameters
    ----------
    template : str
        English text with `str.format` fields. Always a literal, so that the catalogue finds it.
    **values
        What fills the fields. Another `Message` is translated together with this one.

    Examples
    --------
    >>> message = Message("Column {column!r} has {n} empty cells.", column="text", n=3)
    >>> str(message)
    "Column 'text' has 3 empty cells."
    >>> Message.from_dict(message.to_dict()) == message
    True
    """

    __slots__ = ("template", "values")

    def __init__(self, template: str, /, **values: Any):
        self.template = template
        self.values = values

    def render(self, gettext: Callable[[str], str] = str) -> str:
        """The finished text, its template looked up with `gettext`."""
        values = {key: value.render(gettext) if isinstance(value, Message) else value for key, value in self.values.items()}
        for template in (gettext(self.template), self.template):  # a faulty translation must not hide the sentence
            with contextlib.suppress(KeyError, IndexError, ValueError, AttributeError, TypeError):
                return template.format(**values) if values else template
        return self.template

    def to_dict(self) -> dict:
        """A JSON object that `from_dict` reads back."""
        values = {key: value.to_dict() if isinstance(value, Message) else _plain(value) for key, value in self.values.items()}
        return {"template": self.template, "values": values}

    @classmethod
    def from_dict(cls, stored: dict) -> Message:
        """Read what `to_dict` wrote."""
        values = {
            key: cls.from_dict(value) if isinstance(value, dict) and "template" in value else value
            for key, value in stored.get("values", {}).items()
        }
        return cls(stored["template"], **values)

    def __str__(self) -> str:
        return self.render()

    def __repr__(self) -> str:
        return f"Message({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(str(self))


def _plain(value: Any) -> Any:
    """JSON's own types pass, everything else becomes its text."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return str(value)
