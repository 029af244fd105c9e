"""What a scenario is made of: its words, its data, what it asks of a table. A page reads these; none of it draws."""

from __future__ import annotations

from dataclasses import dataclass

from bmcore.messages import Message


@dataclass(frozen=True)
class Scenario:
    """What every page has. Its page is `pages/<key>.py`, its address `/<key>`."""

    key: str
    title: Message
    name: Message  # in the list of pages: at most 25 letters
    icon: str
    question: Message
    about: Message
    picture: str
    alt: Message
    sample: str
    samples: tuple[str, ...]  # every built-in sample that fits
    estimators: tuple[str, ...]  # the first is what it starts with
    limits: tuple[Message, ...]
    time: Message  # how long until there is an answer
    click: Message  # what its sample is, for whoever wants to start at once
    bring: Message  # what table to bring
    ask_table: Message  # the words above the upload
    ask_columns: Message  # what the table must hold
    line: str  # the same from a terminal

    @property
    def estimator(self) -> str:
        return self.estimators[0]


@dataclass(frozen=True)
class Question:
    """One thing a scenario can answer, and the column of the sample that teaches it."""

    key: str
    title: Message
    about: Message
    label: str  # the sample's column that holds the answer
    example: Message  # a message to try it with


@dataclass(frozen=True)
class Preset:
    """A ready-made choice: its name, what it is good for, and the minutes it takes on two processor cores."""

    key: str
    title: Message
    about: Message
    minutes: float


@dataclass(frozen=True)
class TextScenario(Scenario):
    """Messages with an answer each, and a model that learns to give it."""

    questions: tuple[Question, ...]
    presets: tuple[Preset, ...]

    def ask(self, key: str | None) -> Question:
        """The question of that key, or the first."""
        return next((entry for entry in self.questions if entry.key == key), self.questions[0])


@dataclass(frozen=True)
class Role:
    """What a column of the table is for, and the names by which it is guessed."""

    key: str
    title: Message
    guesses: tuple[str, ...]
    needed: bool = True
    many: bool = False  # a list of columns; none chosen means every column of numbers
    takes: tuple[str, ...] = ("number", "date", "text")  # kinds of columns that can have it
    rare: bool = False  # asked for in a fold


@dataclass(frozen=True)
class Shape:
    """One kind of table: what a row is, which columns it needs. Its key is the kind of preparation."""

    key: str
    row: Message  # what one row of it is
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class TableScenario(Scenario):
    """A table whose columns have roles, and a method that finds something out about its rows."""

    go: Message  # the words on the button that starts it
    unit: Message  # whom or what it is about: "customers"
    data_title: Message  # the heading of the step with the table


@dataclass(frozen=True)
class ClusterScenario(TableScenario):
    """Rows without answers, and a method that finds groups among them."""

    shapes: tuple[Shape, ...]
    count: int | None  # the number of groups that K-Means starts with; None lets it choose
    group: Message  # what a group is called: "Segment"
    single: Message  # what a row that belongs to no group is called
    alone: bool  # whether those rows are what the page is about

    def shape(self, key: str | None) -> Shape:
        """The shape of that key, or the first."""
        return next((entry for entry in self.shapes if entry.key == key), self.shapes[0])


@dataclass(frozen=True)
class RecommendScenario(TableScenario):
    """Who took what, and a method that says what each should be shown next.

    `{what}` in a sentence is a list of item names, `{n}` and `{share}` are numbers.
    """

    roles: tuple[Role, ...]
    helps: Message  # which further columns make more of the table
    stands: Message | None  # what the rows of the sample stand for, where the page does not say it elsewhere
    items: Message  # what is recommended: "products"
    events: Message  # the rows: "purchases"
    one: Message  # "Customer", above a column of them
    item: Message  # "Product", above a column of them
    had: Message  # "They bought"
    because: Message  # why an item is shown: "because they bought {what}"
    hit: Message  # what a hit is: "they did buy it later"
    basket: Message  # what a new visitor fills: "Basket"


@dataclass(frozen=True)
class PictureScenario(Scenario):
    """Pictures, and a model that learns to make more of the kind.

    `methods` are what the form offers: names of estimators, and where `both` is allowed two of them side by side.
    """

    go: Message  # the words on the button that starts it
    unit: Message  # "pictures"
    data_title: Message  # the heading of the step with the pictures
    presets: tuple[Preset, ...]
    both: bool = False  # whether two methods may be started together, on the same pictures under the same budget
    labelled: bool = False  # whether the pictures must have at least two classes


@dataclass(frozen=True)
class WritingScenario(Scenario):
    """Texts, and a model that learns to write like them."""

    go: Message  # the words on the button that starts it
    unit: Message  # what a run learned from: "texts to learn from"
    data_title: Message  # the heading of the step with the texts
    presets: tuple[Preset, ...]
    misuse: Message  # what its drafts must not be used for, and why
