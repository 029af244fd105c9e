"""Step "result" of pictures: the verdict and its two numbers, what was made beside real ones, how it learned, class by class."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import charts, more_pictures_real, picture_charts, picture_live, picture_measures, picture_sheet, picture_steps, states
from bmcore.ui.picture_measures import against, called, floor, measured, text
from bmcore.ui.words import _, duration, number, one_line, plain, signed

ROWS, EXAMPLES = 10, 50  # kinds, and pictures of all of them
# verdict -> (box, icon)
LOOK = {
    "varied": ("success", ":material/verified:"),
    "not_proven": ("warning", ":material/balance:"),
    "copies": ("error", ":material/content_copy:"),
    "collapsed": ("error", ":material/filter_none:"),
    "blurry": ("error", ":material/blur_on:"),
    "worse": ("error", ":material/trending_down:"),
}


def verdict(found: dict, run_id: str) -> None:
    """The sentence, then ours and the simple method with their intervals drawn."""
    box, icon = LOOK.get(found["verdict"].get("kind"), LOOK["not_proven"])
    getattr(st, box)(f"**{plain(_(Message.from_dict(found['verdict']['message'])), 2000)}**", icon=icon)
    metric = picture_measures.metric(found)
    ours, rival = found["model"].get(metric), against(found)
    if not measured(ours) or rival is None:
        return
    left, right = st.columns([5, 6], gap="large", vertical_alignment="center")
    with left:
        a, b = st.columns([2, 3])
        title, about, _axis, better = picture_measures.METRICS[metric]
        change = ours["value"] - rival[metric]["value"]
        shown = signed(100 * change, 0) if metric in picture_measures.SHARES else signed(change, 2)
        color = {"higher": "normal", "lower": "inverse"}[better]
        a.metric(called(found["model"]), text(metric, ours), shown.replace("−", "-"), help=_(about), delta_color=color)
        b.metric(called(rival), text(metric, rival[metric]), help=_(about))
        st.caption(f"**{_(title)}.** {_(about)}")
        st.caption(_tested(found))
    with right:
        _intervals(found, metric, run_id)


def _tested(found: dict) -> str:
    return _(
        "Learned from {train} pictures; {test} others were kept away from it and are what it is compared with.",
        train=number(found.get("n_train")),
        test=number(found.get("n_test")),
    )


def _intervals(found: dict, metric: str, run_id: str) -> None:
    rows = [(called(found["model"]), found["model"][metric], charts.OURS)]
    for entry in (against(found), floor(found)):
        if entry and measured(entry.get(metric)):
            color = charts.GOOD if entry.get("name") == picture_measures.REAL else charts.BASELINE
            rows.append((called(entry), entry[metric], color))
    alt = "; ".join(f"{name} {v['value']:.3g} ({v['low']:.3g} – {v['high']:.3g})" for name, v, _c in rows)
    most = 1.02 if metric in picture_measures.SHARES else 1.1 * max(v["high"] for _n, v, _c in rows)
    title = _(picture_measures.METRICS[metric][2])
    charts.intervals(rows, key=f"picture_result.intervals:{run_id}", alt=alt, title=title, most=most or 1)


def sheets(run, found: dict) -> None:
    """What it made beside real pictures, each clearly named."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(picture_sheet.generated())
        png = picture_sheet.read(run.folder / "samples.png")
        classes = ", ".join(plain(name, 30) for name in (found.get("classes") or [])[:10])
        alt = (
            _("A sheet of generated pictures, a row for each kind: {names}.", names=classes)
            if classes
            else _("A sheet of generated pictures.")
        )
        if png is None or not picture_sheet.sheet(png, alt=alt, key=f"picture_result.made.{run.id}"):
            st.caption(_("The sheet of generated pictures is missing from this run."))
        elif classes:
            st.caption(_("From top to bottom: {names}. None of these pictures is real.", names=classes))
        else:
            st.caption(_("None of these pictures is real."))
    with right:
        st.markdown(f":green-badge[{_('Real')}]")
        real(run)


def real(run) -> None:
    """Pictures it learned from: the sheet that the run laid out like its own, or single ones."""
    png = picture_sheet.read(run.folder / "real.png")
    if png and picture_sheet.sheet(png, alt=_("Some of the pictures to learn from."), key=f"picture_result.real.{run.id}"):
        st.caption(_("Pictures that it learned from, for comparison."))
        return
    found = examples(run)
    if not found:
        st.caption(_("The pictures themselves are not here any more."))
        return
    alts = [_("Real picture: {label}", label=label) if label else _("Real picture {n}", n=i + 1) for i, (label, _png) in enumerate(found)]
    picture_sheet.row([png for _label, png in found], alts=alts, key=f"picture_result.real.{run.id}", room=56)
    st.caption(_("Pictures that it learned from, for comparison."))


def examples(run) -> list[tuple[str, bytes]]:
    """Some pictures that it learned from, with what each shows: of every kind as many."""
    known = (run.evaluation or {}).get("classes")
    known = [str(name) for name in known[:ROWS]] if isinstance(known, list) else []
    if not known:
        return [("", png) for png in more_pictures_real.pictures(run, None, EXAMPLES)]
    each = max(1, EXAMPLES // len(known))
    return [(one_line(name, 60), png) for name in known for png in more_pictures_real.pictures(run, name, each)]


def learned(run) -> None:
    """The same pictures from the first step to the last, by a slider."""
    found = picture_live.previews(run)
    if len(found) < 2:
        st.caption(_("No pictures from its training were kept."))
        return
    _slide(run.id)


@st.fragment
def _slide(run_id: str) -> None:
    from bmcore import runs

    run = runs.get(run_id)
    found = picture_live.previews(run)
    at = st.slider(
        _("From the first picture to the last"),
        1,
        len(found),
        len(found),
        key=f"picture_result.at:{run_id}",
        help=_("Each is made from the same noise, so you see one picture grow."),
    )
    preview = found[min(at, len(found)) - 1]
    png = picture_sheet.read(preview.path)
    if png is None or not picture_live.shown(run, preview, png, room=420, tail="slide"):
        st.caption(_("This one is missing. Move on to another."))


def classes(found: dict, run_id: str) -> None:
    """How often a picture of each kind is read as what was asked for."""
    rows = found.get("by_class")
    if not isinstance(rows, list) or not picture_charts.by_class(rows, key=f"picture_result.classes:{run_id}"):
        st.caption(_("These pictures have no kinds, so there is nothing to tell apart."))
        return
    judge = found.get("judge") if isinstance(found.get("judge"), dict) else {}
    if measured(judge.get("accuracy")):
        st.caption(
            _(
                "Read by a small network that learned from the real pictures only. It reads {share} % of unseen real ones rightly.",
                share=f"{100 * judge['accuracy']['value']:.0f}",
            )
        )


def more(run, found: dict) -> None:
    """All that was measured, and how it was trained, folded."""
    with st.expander(_("All that was measured"), icon=":material/table_chart:"):
        picture_measures.table(found, run.id)
    with st.expander(_("How it was trained"), icon=":material/show_chart:"):
        picture_steps.how(run)


def compare(both: list) -> None:
    """Two finished runs beside each other: their pictures, then every number of both."""
    for column, run in zip(st.columns(2, gap="large"), both, strict=True):
        with column:
            box = LOOK.get(run.evaluation["verdict"].get("kind"), LOOK["not_proven"])
            st.markdown(f"##### {picture_steps.name(run)}", anchors=False)
            getattr(st, box[0])(plain(_(Message.from_dict(run.evaluation["verdict"]["message"])), 2000), icon=box[1])
            png = picture_sheet.read(run.folder / "samples.png")
            st.markdown(picture_sheet.generated())
            alt = _("A sheet of pictures generated by {method}.", method=picture_steps.name(run))
            if png is None or not picture_sheet.sheet(png, alt=alt, key=f"picture_result.beside.{run.id}", room=480):
                st.caption(_("The sheet of generated pictures is missing from this run."))
            st.caption(_("Learned for {time}.", time=duration(run.seconds)))
    picture_measures.beside({picture_steps.name(run): run.evaluation for run in both}, key=f"picture_result.pair:{both[0].id}")
    if len({str(run.spec["params"].get("minutes")) for run in both}) > 1:
        states.box("info", _("The two did not have the same time, so they are not quite comparable."))
