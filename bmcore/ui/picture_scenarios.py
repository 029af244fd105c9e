"""The scenarios with pictures: a studio that learns to make more of the kind, and one that helps where pictures are rare."""

from __future__ import annotations

from bmcore.messages import Message
from bmcore.ui.kinds import PictureScenario, Preset

PRESETS = (
    Preset("fast", Message("Fast"), Message("A first honest look. Enough to see whether it catches on at all."), 0.5),
    Preset("balanced", Message("Balanced"), Message("Clear pictures of small things, such as the digits."), 2),
    Preset("best", Message("Best"), Message("For photos and for many classes. A graphics card gets much further in the same time."), 10),
)

STUDIO = PictureScenario(
    key="image_studio",
    title=Message("Image studio"),
    name=Message("Image studio"),
    icon=":material/palette:",
    question=Message("Can a model make new pictures in the style of ours?"),
    about=Message(
        "Train a small model on your own pictures and watch it learn. Then see whether what it makes is new and varied, or only copies, "
        "beside a simple method that had the same pictures."
    ),
    picture="image_studio.svg",
    alt=Message("A grid of noise on the left becomes clearer from step to step until, on the right, it is a new picture."),
    sample="digits_28x28",
    samples=("digits_28x28", "digits_8x8", "photos"),
    estimators=("Diffusion", "GAN"),
    limits=(
        Message("It knows nothing but the pictures it was given. It makes more of the kind, not anything you describe in words."),
        Message("On a computer without a graphics card it stays with small pictures, up to about 64 pixels wide."),
        Message("What it makes is never a real picture. Say so wherever you show one; it proves nothing about the world."),
        Message("It may come close to a picture it learned from. Look at the nearest ones before you publish, and mind whose they are."),
    ),
    time=Message("First pictures within seconds, a judged result in about {fast} minutes.", fast=2),
    click=Message("Use 5,000 handwritten digits by real people, 28 pixels wide. They are fetched once."),
    bring=Message("A zip or a folder of pictures; a sub-folder for each kind, if there are kinds. They never leave this computer."),
    ask_table=Message("Your pictures: a zip, or several files (PNG, JPEG, WebP)"),
    ask_columns=Message("At least 2 pictures, better some hundreds. What they show is the name of the folder they lie in."),
    line="python -m bmcore train Diffusion --sample digits_28x28 --preset balanced",
    go=Message("Start learning"),
    unit=Message("pictures"),
    data_title=Message("Your pictures"),
    presets=PRESETS,
    both=True,
)
