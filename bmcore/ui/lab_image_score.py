"""What the discriminator of a GAN makes of real and of generated pictures."""

from __future__ import annotations

import base64
import math

import streamlit as st

from bmcore.ui import charts, more_pictures_real, picture_ask, states
from bmcore.ui.words import _

MOST = 48


def draw(run) -> None:
    """A button, then both kinds of scores as points."""
    st.markdown(f"##### {_('What the other network thinks')}", anchors=False)
    st.caption(
        _(
            "The discriminator gives each picture a score: the higher, the more real it looks to it. If the points of both kinds lie in "
            "the same place, it can no longer tell them apart, and that is what the generator learns for."
        )
    )
    _draw(run.id)


@st.fragment
def _draw(run_id: str) -> None:
    from bmcore import runs

    kept = f"lab_images.scores:{run_id}"
    if st.button(_("Score real and generated pictures"), icon=":material/scatter_plot:", key=f"lab_images.score:{run_id}"):
        st.session_state[kept] = _scores(runs.get(run_id))
    found = st.session_state.get(kept)
    if not found:
        return
    real, made = found
    won = 100 * preferred(real, made)
    _strip(real, made, won, key=f"lab_images.strip:{run_id}")
    st.markdown(
        _(
            "Shown a real and a generated picture, it prefers the real one in **{share} %** of the pairs. At 50 % it only guesses; at "
            "100 % it always sees the difference.",
            share=f"{won:.0f}",
        )
    )
    st.caption(_("The real ones are among those it learned from, so it may know some of them by heart."))


def preferred(real: list[float], made: list[float]) -> float:
    """The share of pairs in which the real picture has the higher score; a tie is half.

    Examples
    --------
    >>> preferred([1.0, 3.0], [0.0, 2.0])
    0.75
    """
    wins = sum((a > b) + 0.5 * (a == b) for a in real for b in made)
    return wins / (len(real) * len(made))


def _scores(run) -> tuple[list[float], list[float]] | None:
    """Scores of real and of generated pictures; None, and a sentence, where there are none."""
    real = more_pictures_real.pictures(run, None, MOST)
    if not real:
        states.box("info", _("The real pictures of this run are no longer here."))
        return None
    made = picture_ask.ask(run.id, "sample", {"n": MOST, "seed": 3})
    if not made:
        return None
    both = [_asked(run.id, pngs) for pngs in (real, made.pngs)]
    return tuple(both) if all(both) else None


def _asked(run_id: str, pngs: list[bytes]) -> list[float] | None:
    answer = picture_ask.served(run_id, "score", {"pictures": [base64.b64encode(png).decode() for png in pngs]})
    if answer is None:
        return None
    given = answer.get("scores") if isinstance(answer, dict) else None
    found = [float(one) for one in given or [] if isinstance(one, int | float) and math.isfinite(one)] if isinstance(given, list) else []
    if len(found) != len(pngs):
        states.box("error", _("The model answered something that cannot be read. Try again."))
        return None
    return found


def _strip(real: list[float], made: list[float], won: float, *, key: str) -> None:
    """A point a picture, the two kinds above each other."""
    traces = []
    for height, (name, scores, color) in enumerate(((_("Generated"), made, "#b0679b"), (_("Real"), real, charts.GOOD))):
        spread = [height + 0.5 * (((7 * i) % 13) / 12 - 0.5) for i in range(len(scores))]  # so that equal scores do not hide each other
        marker = {"color": color, "size": 8, "opacity": 0.7}
        points = {"x": scores, "y": spread, "marker": marker, "hovertemplate": "%{x:.2f}"}
        traces.append({"type": "scatter", "mode": "markers", "name": name, **points})
    names = [_("Generated"), _("Real")]
    frame = charts.layout(
        260,
        xaxis=charts.axis(_("Score of the discriminator: right is more real to it")),
        yaxis=charts.axis(tickvals=[0, 1], ticktext=names, range=[-0.5, 1.5], showgrid=False, ticksuffix="  "),
    )
    low, high = sum(made) / len(made), sum(real) / len(real)
    alt = _("Scores of pictures as points. Mean of the real ones {a}, of the generated ones {b}.", a=f"{high:.2f}", b=f"{low:.2f}")
    charts.show(traces, frame, key=key, alt=alt)
