"""What a page about texts says and does at each of the five steps."""

from __future__ import annotations

from collections.abc import Callable

from bmcore.messages import Message
from bmcore.ui import flow, writing_data, writing_form, writing_live, writing_measures
from bmcore.ui.kinds import WritingScenario
from bmcore.ui.words import language


def _choose(scenario: WritingScenario):
    """The texts; samples in the visitor's language come first."""
    from bmcore.data.samples import SAMPLES

    mine = [name for name in scenario.samples if name in SAMPLES and SAMPLES[name].language == language()]
    return writing_data.choose(scenario.key, (*mine, *(name for name in scenario.samples if name not in mine)))


FLOW = flow.Flow(
    ask=Message("Learn to write like them"),
    doing=Message("Learning"),
    outcome=Message("did it learn the style, or only remember"),
    tryout=Message("several drafts at once, from safe to bold; keep the good ones"),
    choose=_choose,
    form=writing_form.form,
    watch=writing_live.watch,
    whole=writing_measures.whole,
    count=lambda found: found.get("n_train"),
    methods={"TextGenerator": (Message("Language model (GPT)"),)},
    soon=Message("as soon as there are texts"),
    lost=Message("texts that are no longer known"),
)


def page(scenario: WritingScenario, result: Callable, tryout: Callable) -> None:
    """The whole page; `result(run, evaluation)` and `tryout(run, evaluation)` draw steps 4 and 5 of a finished run."""
    flow.page(FLOW, scenario, result, tryout)
