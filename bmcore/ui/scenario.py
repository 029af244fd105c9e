"""The business scenarios as data: what a page asks, with which sample, which columns, how long it takes, where it ends."""

from __future__ import annotations

from bmcore.messages import Message
from bmcore.ui.cluster_scenarios import SEGMENTS, THEMES, UNUSUAL
from bmcore.ui.kinds import Preset, Question, Scenario, TextScenario
from bmcore.ui.more_pictures_scenario import MORE
from bmcore.ui.picture_scenarios import STUDIO
from bmcore.ui.recommend_scenarios import LEARNING, PRODUCTS
from bmcore.ui.writing_scenarios import WRITE

CUSTOMER_SERVICE = TextScenario(
    key="customer_service",
    title=Message("Customer service"),
    name=Message("Customer service"),
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
    estimators=("TextClassifier",),
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
    time=Message("A first answer in about {fast} minutes, a thorough one in {balanced}.", fast=2, balanced=12),
    click=Message("Use 22,641 messages by real shoppers. They are fetched once, 22 MB."),
    bring=Message("A CSV or Excel file with your messages and the department each one went to. It never leaves this computer."),
    ask_table=Message("A table with one message a row: CSV, TSV, Excel, JSON lines or Parquet, up to 50 MB"),
    ask_columns=Message("It needs a column with the text and a column with the answer that people gave, such as the department."),
    line="python -m bmcore train TextClassifier --sample clothing_reviews --text text --label department --preset fast",
)

# what the navigation and the home page show, in this order
SCENARIOS: tuple[Scenario, ...] = (CUSTOMER_SERVICE, SEGMENTS, THEMES, UNUSUAL, PRODUCTS, LEARNING, STUDIO, MORE, WRITE)
