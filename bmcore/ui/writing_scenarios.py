"""The scenario of a model that learns to write like somebody's texts: words, samples and limits."""

from __future__ import annotations

from bmcore.messages import Message
from bmcore.ui.kinds import Preset, WritingScenario

WRITE = WritingScenario(
    key="write_like_us",
    title=Message("Write like us"),
    name=Message("Write like us"),
    icon=":material/edit_note:",
    question=Message("Can a model draft texts in our own voice?"),
    about=Message(
        "Train a small language model on your descriptions, reviews, posts or letters and read what it writes while it learns. Then see "
        "whether it foresees new texts better than simple counting, or only repeats what it was given."
    ),
    picture="write_like_us.svg",
    alt=Message("A pile of texts on the left; on the right three drafts in the same manner, one of them marked with a star."),
    sample="clothing_reviews",
    samples=("clothing_reviews", "shakespeare", "chinese_reviews"),
    estimators=("TextGenerator",),
    limits=(
        Message("It knows no facts. Prices, sizes and promises in a draft are invented: check every one of them."),
        Message("From nothing, in minutes, it learns tone, words and spelling, but not to think from one sentence to the next."),
        Message("It writes only the language of your texts, unless it starts from a model that knows more."),
        Message("What stands in your texts can come out again, names and numbers too. Leave out what nobody else may read."),
    ),
    time=Message("First drafts within seconds, a judged result in about {fast} minutes.", fast=3),
    click=Message("Use 22,641 reviews by real shoppers in English, plays by Shakespeare, or Chinese shop reviews. They are fetched once."),
    bring=Message("Text files, a zip of them, or a table with a column of texts. They never leave this computer."),
    ask_table=Message("Text files (.txt, .md), a zip of them, or a table with a column of texts"),
    ask_columns=Message("In one file, put a line of three dashes between texts. Several files: a text each."),
    line="python -m bmcore train TextGenerator --sample clothing_reviews --minutes 2",
    go=Message("Start learning"),
    unit=Message("texts to learn from"),
    data_title=Message("Your texts"),
    presets=(
        Preset("fast", Message("Fast"), Message("A first look: words and spelling appear, sentences hardly."), 0.5),
        Preset("balanced", Message("Balanced"), Message("Enough for short texts on a few subjects, such as reviews."), 2),
        Preset("best", Message("Best"), Message("For longer or more varied texts. A graphics card gets much further."), 10),
    ),
    misuse=Message(
        "Never publish a draft as the word of a customer. An invented review that is shown as real deceives people, and in many countries "
        "it is against the law. Use drafts as a start for texts that you sign yourself."
    ),
)
