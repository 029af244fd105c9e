"""A business scenario as data: what a page asks, with which sample, which columns, how long it takes, where it ends."""

from __future__ import annotations

from dataclasses import dataclass

from bmcore.messages import Message


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
    minutes: int


@dataclass(frozen=True)
class Scenario:
    """Everything a page needs to know about its business question. Its page is `pages/<key>.py`, its address `/<key>`."""

    key: str
    title: Message
    icon: str
    question: Message
    about: Message
    picture: str
    alt: Message
    questions: tuple[Question, ...]
    sample: str
    samples: tuple[str, ...]  # every built-in sample that fits
    estimator: str
    presets: tuple[Preset, ...]
    limits: tuple[Message, ...]

    def ask(self, key: str | None) -> Question:
        """The question of that key, or the first."""
        return next((entry for entry in self.questions if entry.key == key), self.questions[0])


CUSTOMER_SERVICE = Scenario(
    key="customer_service",
    title=Message("Customer service"),
    icon=":material/support_agent:",
    question=Message("Can a model sort our customers' messages?"),
    about=Message(
        "Train a small language model on messages that people have already sorted. Then see, on messages it never saw, "
        "whether it beats simply counting words."
    ),
    picture="customer_service.svg",
    alt=Message("Messages on the left go through a model in the middle and arrive at one of three departments on the right."),
    questions=(
        Question(
            "department",
            Message("Route a message to a department"),
            Message("Which department should this message go to?"),
            "department",
            Message("The dress is too tight at the waist and the zipper broke on the first day."),
        ),
        Question(
            "unhappy",
            Message("Flag an unhappy customer"),
            Message("Would this customer recommend us, or is somebody unhappy?"),
            "recommended",
            Message("The fabric feels cheap and I am sending it back."),
        ),
    ),
    sample="clothing_reviews",
    samples=("clothing_reviews", "dialogues_en", "dialogues_zh", "chinese_reviews"),
    estimator="TextClassifier",
    presets=(
        Preset("fast", Message("Fast"), Message("A first honest answer on a part of the messages."), 2),
        Preset("balanced", Message("Balanced"), Message("More messages, and the model reads each of them twice."), 12),
        Preset("best", Message("Best"), Message("Every message, the whole model. For a graphics card or a night."), 90),
    ),
    limits=(
        Message("The sample is 22,641 English reviews from one online shop for women's clothes: a model trained on it knows nothing else."),
        Message(
            "The built-in model, MiniLM, reads English. It does not know Chinese: "
            "for Chinese messages, choose a Chinese model from the hub."
        ),
        Message("The model can be confidently wrong. Let a person read whatever matters."),
    ),
)

# what the navigation and the home page show, in this order
SCENARIOS = (CUSTOMER_SERVICE,)
