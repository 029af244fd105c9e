"""Step "result": first the verdict and two numbers, then where messages went wrong, then the rest behind "more"."""

from __future__ import annotations

import streamlit as st

from bmcore.evaluate.names import NAMES, SHORT
from bmcore.messages import Message
from bmcore.ui import charts
from bmcore.ui.words import _, duration, number, one_line, plain, signed

# verdict -> (colour, icon)
LOOK = {
    "better": ("green", ":material/verified:"),
    "not_proven": ("orange", ":material/balance:"),
    "worse": ("red", ":material/trending_down:"),
}


def result(run) -> None:
    """Draw what came out of a finished run."""
    found = run.evaluation
    if not found:
        st.caption(_("This run has no evaluation."))
        return
    _verdict(found)
    left, right = st.columns([6, 5], gap="large")
    with left:
        st.markdown(f"##### {_('Where the messages went')}", anchors=False)
        charts.confusion(found["confusion"]["labels"], found["confusion"]["counts"], key=f"evaluate.confusion:{run.id}")
        st.caption(_("Each row is what a message really is, each column what the model said. On the diagonal it was right."))
    with right:
        _classes(found, run.id)
    _more(run, found)


def _verdict(found: dict) -> None:
    """The sentence, then ours and the baseline with their intervals drawn."""
    color, icon = LOOK.get(found["verdict"]["kind"], LOOK["not_proven"])
    show = {"green": st.success, "orange": st.warning, "red": st.error}[color]
    show(f"**{plain(_(Message.from_dict(found['verdict']['message'])), 2000)}**", icon=icon)
    against = _against(found)
    ours, theirs = found["model"]["macro_f1"], against["macro_f1"]
    left, right = st.columns([4, 7], gap="large", vertical_alignment="center")
    with left:
        a, b = st.columns(2)
        a.metric(_("Our model"), f"{ours['value']:.2f}", _delta(found), help=_metric_help())
        b.metric(_(SHORT.get(against["name"], Message("Simple comparison"))), f"{theirs['value']:.2f}", help=_metric_help())
        st.caption(
            _("Macro-F1 on {n} messages that neither had seen: 1 is perfect, and every answer counts the same.", n=number(found["n_test"]))
        )
    with right:
        rows = [(_("Our model"), ours, charts.OURS)]
        rows += [
            (
                _(SHORT.get(b["name"], Message("Simple comparison"))),
                b["macro_f1"],
                charts.CHANCE if b["name"] == "majority" else charts.BASELINE,
            )
            for b in sorted(found["baselines"], key=lambda b: -b["macro_f1"]["value"])
        ]
        words = "; ".join(f"{name} {v['value']:.2f} ({v['low']:.2f} – {v['high']:.2f})" for name, v, _c in rows)
        charts.intervals(rows, key="evaluate.intervals", alt=words)
    if found.get("hint"):
        st.caption(plain(_(Message.from_dict(found["hint"])), 1000))


def _metric_help() -> str:
    return _(
        "Macro-F1: for every answer, the balance of finding its messages and being right when naming it; then the average over all answers."
    )


def _against(found: dict) -> dict:
    name = found["difference"]["against"]
    return next((entry for entry in found["baselines"] if entry["name"] == name), found["baselines"][-1])


def _delta(found: dict) -> str:
    return signed(found["difference"]["value"], 2).replace("−", "-")


def _classes(found: dict, run_id: str) -> None:
    rows = sorted(found["per_class"], key=lambda row: -row["f1"])
    shown = rows if len(rows) <= 12 else rows[:6] + rows[-6:]
    st.markdown(f"##### {_('How well each answer is found')}", anchors=False)
    alt = "; ".join(f"{one_line(row['label'], 40)} {row['f1']:.2f}" for row in shown)
    charts.bars(
        [(row["label"], row["f1"]) for row in shown], _("F1: 1 is perfect"), key=f"evaluate.classes:{run_id}", alt=alt, percent=False
    )
    if len(rows) > 12:
        st.caption(_("The six best and the six worst of {n}.", n=len(rows)))
    scarce = min(rows, key=lambda row: row["support"], default=None)
    if scarce and scarce["support"] < 30:
        st.caption(
            _(
                "“{label}” was tested on {n} messages only: read its number with care.",
                label=plain(scarce["label"], 40),
                n=scarce["support"],
            )
        )


def _more(run, found: dict) -> None:
    with st.expander(_("Where it was most sure and wrong"), icon=":material/report:"):
        _errors(found["errors"], run.id)
    with st.expander(_("Every number"), icon=":material/table_chart:"):
        _numbers(found, run)


def _errors(errors: list[dict], run_id: str) -> None:
    if not errors:
        st.caption(_("There was no error on the test messages."))
        return
    rows = [
        {
            _("Message"): one_line(entry["text"], 500),
            _("It is"): one_line(entry["true"], 60),
            _("Model said"): one_line(entry["predicted"], 60),
            _("Sure, %"): round(100 * entry["probability"]),
        }
        for entry in errors
    ]
    st.caption(_("Read these first: often the answer in the table is debatable, or the message speaks of two things."))
    st.dataframe(
        rows,
        hide_index=True,
        key=f"evaluate.errors:{run_id}",
        alt=_("The {n} errors of which the model was most sure.", n=len(rows)),
        column_config={_("Message"): st.column_config.TextColumn(width="large")},
    )


def _numbers(found: dict, run) -> None:
    rows = [
        {
            _("Answer"): one_line(row["label"], 80),
            _("Precision"): round(row["precision"], 3),
            _("Recall"): round(row["recall"], 3),
            _("F1"): round(row["f1"], 3),
            _("Messages tested"): row["support"],
            _("Times said"): row["predicted"],
        }
        for row in found["per_class"]
    ]
    st.dataframe(rows, hide_index=True, key=f"evaluate.table:{run.id}", alt=_("Precision, recall and F1 of every answer."))
    models = [
        {
            _("Model"): _("Our model") if entry is found["model"] else _(NAMES.get(entry["name"], Message("Simple comparison"))),
            _("Macro-F1"): _interval(entry["macro_f1"]),
            _("Share right"): _interval(entry["accuracy"]),
        }
        for entry in [found["model"], *found["baselines"]]
    ]
    st.dataframe(
        models, hide_index=True, key=f"evaluate.models:{run.id}", alt=_("Macro-F1 and accuracy of our model and of the simple ones.")
    )
    difference = found["difference"]
    st.caption(
        _(
            "Difference in macro-F1: {value}, 95 % interval {low} to {high}. "
            "Learned from {n_train} messages, tested on {n_test}. Took {time}.",
            value=signed(difference["value"], 3),
            low=signed(difference["low"], 3),
            high=signed(difference["high"], 3),
            n_train=number(found["n_train"]),
            n_test=number(found["n_test"]),
            time=duration(run.seconds),
        )
    )


def _interval(value: dict) -> str:
    return f"{value['value']:.3f}  ({value['low']:.3f} – {value['high']:.3f})"
