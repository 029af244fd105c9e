"""The scenario of a kind of picture that is rare: words, samples and limits."""

from __future__ import annotations

from bmcore.messages import Message
from bmcore.ui.kinds import PictureScenario
from bmcore.ui.picture_scenarios import PRESETS

# what steps 4 and 5 will show
PROMISE = (Message("do they help a classifier on real pictures"), Message("make more of the rare kind and download them"))
MORE = PictureScenario(
    key="more_pictures",
    title=Message("More training pictures"),
    name=Message("More training pictures"),
    icon=":material/library_add:",
    question=Message("One kind of picture is rare. Would generated ones help?"),
    about=Message(
        "A flaw that seldom happens, a finding that few people have: a classifier sees too few of them to learn from. Generate more, "
        "then see on real pictures that were set aside whether a classifier that learned from them is better. "
        "Often it is not, and then you know."
    ),
    picture="more_pictures.svg",
    alt=Message("On the left sixteen parts, one of them scratched; on the right the same with six dashed, made-up ones added."),
    sample="digits_28x28",
    samples=("digits_28x28", "digits_8x8"),
    estimators=("Diffusion", "GAN"),
    limits=(
        Message("It is no diagnosis and no medical device, and what it makes says nothing about any person."),
        Message(
            "A generated picture is never a real one. It holds no finding that the real ones did not already show, and may show what does "
            "not exist."
        ),
        Message("The proof counts for this classifier, these pictures and this source. Another camera, clinic or line needs its own."),
        Message("From very few real pictures it learns little: below about 20 of the rare kind, collecting more real ones is worth more."),
    ),
    time=Message("A judged answer in about {fast} minutes.", fast=5),
    click=Message(
        "Use handwritten digits with one digit made rare on purpose, standing in for a rare flaw or finding. They are fetched once."
    ),
    bring=Message("A zip or a folder of pictures with a sub-folder for each kind. They never leave this computer."),
    ask_table=Message("Your pictures: a zip with a folder for each kind (PNG, JPEG, WebP)"),
    ask_columns=Message("It needs at least two kinds, each in a sub-folder of its own: for example `fine` and `scratched`."),
    line="python -m bmcore train Diffusion --sample digits_28x28 --preset balanced",
    go=Message("Generate and prove it"),
    unit=Message("pictures"),
    data_title=Message("Your pictures"),
    presets=PRESETS,
    labelled=True,
)
