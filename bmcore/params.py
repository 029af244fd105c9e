"""What a parameter may be, declared once in an estimator's `__init__` signature.

    def __init__(self, *, epochs: Annotated[int, Range(1, 100), Label("Epochs"), Doc("Passes over the training messages.")] = 3)

The same declaration checks `fit`, draws the form, makes the command-line option and fills the docstring. A parameter with
several specs takes whatever one of them takes: `Annotated[int | str, Choice("all"), Range(0, 48), ...]`.
"""

from __future__ import annotations

import functools
import inspect
import math
import typing
from dataclasses import dataclass
from typing import Any

from bmcore.errors import ParameterError
from bmcore.messages import Message


@dataclass(frozen=True)
class Range:
    """A number between `low` and `high`, both allowed. Whole numbers only if both bounds are `int`."""

    low: float
    high: float
    log: bool = False  # draw the form's slider on a logarithmic scale

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def takes(self, value: Any) -> bool:
        # 3.0 is no whole number: what counts with it, as range(), would fail later
        if isinstance(value, bool | str) or not hasattr(value, "__index__" if self.whole else "__float__"):
            return False
        try:
            number = float(value)
        except OverflowError:  # 10**400
            return False
        return math.isfinite(number) and self.low <= number <= self.high

    def parse(self, text: str) -> Any:
        return int(text) if self.whole else float(text)

    def allowed(self) -> Message:
        if self.whole:
            return Message("a whole number from {low} to {high}", low=self.low, high=self.high)
        return Message("a number from {low} to {high}", low=self.low, high=self.high)


class Choice:
    """One of a few named values (text, number or None)."""

    def __init__(self, *options: str | int | float | None):
        self.options = options

    def takes(self, value: Any) -> bool:
        return any(value is option or (type(value) is type(option) and value == option) for option in self.options)

    def parse(self, text: str) -> Any:
        for option in self.options:
            if text == str(option) or (option is None and text.lower() in ("none", "")):
                return option
        raise ValueError(text)

    def allowed(self) -> Message:
        return Message("one of {options}", options=", ".join(map(str, self.options)))


@dataclass(frozen=True)
class Text:
    """Free text up to `longest` characters."""

    longest: int = 1000

    def takes(self, value: Any) -> bool:
        return isinstance(value, str) and 0 < len(value) <= self.longest

    def parse(self, text: str) -> str:
        return text

    def allowed(self) -> Message:
        return Message("a text of 1 to {longest} characters", longest=self.longest)


@dataclass(frozen=True)
class Switch:
    """True or False."""

    def takes(self, value: Any) -> bool:
        return isinstance(value, bool)

    def parse(self, text: str) -> bool:
        words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
        if text.lower() not in words:
            raise ValueError(text)
        return words[text.lower()]

    def allowed(self) -> Message:
        return Message("true or false")


@dataclass(frozen=True)
class Label:
    """The parameter's name on a form."""

    text: str


@dataclass(frozen=True)
class Doc:
    """What the parameter does, in one sentence."""

    text: str


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of an estimator."""

    name: str
    default: Any
    specs: tuple
    label: str
    doc: str

    def takes(self, value: Any) -> bool:
        return any(spec.takes(value) for spec in self.specs)

    def allowed(self) -> Message:
        first, *others = (spec.allowed() for spec in self.specs)
        for other in others:
            first = Message("{one}, or {other}", one=first, other=other)
        return first

    def parse(self, text: str) -> Any:
        """A value from a command line or a form.

        Raises
        ------
        ParameterError
            If no spec takes the text.
        """
        for spec in self.specs:
            try:
                value = spec.parse(text)
            except ValueError:
                continue
            if spec.takes(value):
                return value
        raise self.error(text)

    def error(self, value: Any) -> ParameterError:
        return ParameterError(
            "Setting {name} cannot be {value}: it takes {allowed}. The default is {default}.",
            name=self.name, value=repr(value)[:80], allowed=self.allowed(), default=str(self.default),
        )


@functools.cache
def declared(cls: type) -> dict[str, Parameter]:
    """The parameters of an estimator class by name, in the order of its signature."""
    hints = typing.get_type_hints(cls.__init__, include_extras=True)
    found = {}
    for name, entry in inspect.signature(cls.__init__).parameters.items():
        if name == "self":
            continue
        notes = getattr(hints[name], "__metadata__", ())
        found[name] = Parameter(
            name=name,
            default=entry.default,
            specs=tuple(note for note in notes if hasattr(note, "takes")),
            label=next(note.text for note in notes if isinstance(note, Label)),
            doc=next(note.text for note in notes if isinstance(note, Doc)),
        )
    return found


def check(cls: type, values: dict[str, Any]) -> None:
    """Raise ParameterError for the first unknown name or refused value."""
    known = declared(cls)
    for name, value in values.items():
        if name not in known:
            raise ParameterError(
                "{estimator} has no setting {name!r}. Its settings are: {known}.",
                estimator=cls.__name__, name=name, known=", ".join(known),
            )
        if not known[name].takes(value):
            raise known[name].error(value)


def numpydoc(cls: type) -> str:
    """The `Parameters` section of a class's docstring, from its declaration."""
    lines = ["Parameters", "    ----------"]
    for entry in declared(cls).values():
        lines.append(f"    {entry.name} : {entry.allowed()}, default {entry.default!r}")
        lines.append(f"        {entry.doc}")
    return "\n".join(lines)
