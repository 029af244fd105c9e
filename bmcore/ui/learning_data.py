"""Step "your learners": what the sample is and is not, the columns a school would upload, and a made-up table that has them all."""

from __future__ import annotations

import csv

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import learning_template as template
from bmcore.ui import recommend_data, states
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _

SHOWN = 6
# column of the made-up table -> what it holds, and whether a table can do without
COLUMNS = {
    "learner": (Message("who it was"), True),
    "exercise": (Message("what they worked on: an exercise, a lesson or a course"), True),
    "name": (Message("what it is called"), False),
    "skill": (Message("what it is about: also brings in exercises that nobody has done yet"), False),
    "score": (Message("how well it went, above 0; 1 for right, and leave out what was wrong"), False),
    "time": (Message("when: the test is then on what came later"), False),
    "difficulty": (Message("how hard it is: a number, higher is harder"), False),
    "requires": (Message("what has to come before, with semicolons between"), False),
}
HUB = "ASSISTments/FoundationalASSIST"


def choose(scenario: RecommendScenario) -> recommend_data.Chosen | None:
    """Draw the step. Returns None until there is a table."""
    chosen = recommend_data.choose(scenario)
    source = st.session_state.get(f"{scenario.key}.source", "sample")
    if source == "sample":
        states.box(
            "info",
            _("These are people rating films, standing in for learners and exercises: bmcore comes with no open table of a school."),
            _("Films have no prerequisites and no difficulty. To see what those do, use the made-up table below, or your own."),
        )
    elif source == "hub":
        st.caption(
            _(
                "For example {name}: answers of pupils to exercises in mathematics. It was not tried here: it asks you to agree to its "
                "terms on huggingface.co first, is not for commercial use, and may be larger than the 50 MB that a table may have here.",
                name=f"`{HUB}`",
            )
        )
    with st.expander(_("The columns a school would upload, and a made-up table to try"), icon=":material/table_view:"):
        _template(scenario)
    return chosen


def _template(scenario: RecommendScenario) -> None:
    left, right = st.columns([5, 6], gap="large")
    with left:
        lines = [f"- **{name}**{'' if needed else _(' (if you have it)')}: {_(about)}" for name, (about, needed) in COLUMNS.items()]
        st.markdown("\n".join(lines))
        st.caption(_("Other names will do: you say what each column is for. An attempt is a row."))
    with right:
        rows = list(csv.DictReader(template.content().decode().splitlines()))
        st.dataframe(rows[:SHOWN], hide_index=True, key=f"{scenario.key}.template", alt=_("The first rows of the made-up table."))
        st.caption(_("Made up by dice: {n} learners, {k} exercises. Nobody in it is real.", n=template.LEARNERS, k=len(template.COURSE)))
        with st.container(horizontal=True, gap="small"):
            st.button(
                _("Use this table here"),
                icon=":material/play_arrow:",
                key=f"{scenario.key}.use_template",
                on_click=_use,
                args=(scenario.key,),
            )
            st.download_button(
                _("Download it as a form to fill in"),
                template.content(),
                file_name=template.NAME,
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
                key=f"{scenario.key}.download_template",
            )


def _use(key: str) -> None:
    """Before the page is drawn: the made-up table stands where an upload would."""
    from bmcore.data import refs

    try:
        st.session_state[f"{key}.stored"] = refs.store(template.content(), template.NAME)
    except BmcoreError as error:
        states.problem(error)
        return
    st.session_state[f"{key}.source"] = "file"
