"""Step "result" of recommendations: the verdict and its two numbers, what the recommendations are like, for whom they work."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import charts, recommend_charts, recommend_steps
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.recommend_form import METHODS
from bmcore.ui.words import _, number, one_line, plain, signed

# verdict -> (box, icon)
LOOK = {
    "better": ("success", ":material/verified:"),
    "not_proven": ("warning", ":material/balance:"),
    "worse": ("error", ":material/trending_down:"),
}


def verdict(found: dict, scenario: RecommendScenario, run_id: str) -> None:
    """The sentence, then ours and the best of the simple ways with their intervals drawn."""
    box, icon = LOOK.get(found["verdict"]["kind"], LOOK["not_proven"])
    getattr(st, box)(f"**{plain(_(Message.from_dict(found['verdict']['message'])), 2000)}**", icon=icon)
    ours, rival = found["model"].get("ndcg_10"), against(found)
    if not measured(ours) or rival is None:
        return
    left, right = st.columns([4, 7], gap="large", vertical_alignment="center")
    with left:
        a, b = st.columns(2)
        change = signed(ours["value"] - rival["ndcg_10"]["value"], 3).replace("−", "-")
        clear = found["verdict"]["kind"] == "better"
        a.metric(called(found["model"]), f"{ours['value']:.3f}", change, help=_about(), delta_color="normal" if clear else "off")
        b.metric(called(rival), f"{rival['ndcg_10']['value']:.3f}", help=_about())
        st.caption(_tested(found, scenario))
    with right:
        rows = [(called(found["model"]), ours, charts.OURS)]
        for entry in sorted(rivals(found), key=lambda entry: -entry["ndcg_10"]["value"]):
            color = charts.CHANCE if entry["name"] == "Popularity" else charts.BASELINE
            rows.append((called(entry), entry["ndcg_10"], color))
        alt = "; ".join(f"{name} {v['value']:.3f} ({v['low']:.3f} – {v['high']:.3f})" for name, v, _c in rows)
        most = min(1.0, 1.15 * max(v["high"] for _n, v, _c in rows) or 1.0)
        title = _("NDCG@10 (bar: 95 % interval)")
        charts.intervals(rows, key=f"recommend_result.intervals:{run_id}", alt=alt, title=title, most=most, digits=3)


def _about() -> str:
    return _(
        "NDCG@10: how much of what somebody chose later stands among the first ten, and how near the top. 1 is perfect; every item of the "
        "catalogue competes, and what somebody already has is left out."
    )


def _tested(found: dict, scenario: RecommendScenario) -> str:
    values = {
        "n": number(found.get("n_test_users")),
        "unit": _(scenario.unit),
        "events": number(found.get("n_test")),
        "rows": _(scenario.events),
    }
    split = found.get("split") or {}
    if split.get("kind") == "time" and split.get("at"):
        at = one_line(split["at"], 40)[:10]
        return _("Tested on {n} {unit}: on the {events} {rows} after {at}, of which it knew nothing.", at=at, **values)
    return _("Tested on {n} {unit}: on {events} of their {rows}, drawn by chance and hidden from it.", **values)


def called(entry: dict) -> str:
    """What a method is called."""
    name = entry.get("name")
    return _(METHODS[name][0]) if name in METHODS else one_line(name or "?", 40)


def measured(value) -> bool:
    """Whether it is a value with an interval."""
    return isinstance(value, dict) and all(isinstance(value.get(name), int | float) for name in ("value", "low", "high"))


def rivals(found: dict) -> list[dict]:
    """The simple ways that were measured too."""
    return [entry for entry in found.get("baselines") or [] if isinstance(entry, dict) and measured(entry.get("ndcg_10"))]


def against(found: dict) -> dict | None:
    """The one that ours is compared with: the best."""
    named = (found.get("difference") or {}).get("against")
    known = rivals(found)
    return next((entry for entry in known if entry["name"] == named), max(known, key=lambda entry: entry["ndcg_10"]["value"], default=None))


def value(entry: dict, name: str) -> float | None:
    """One number of a method, or None."""
    found = entry.get(name)
    found = found.get("value") if isinstance(found, dict) else found
    return found if isinstance(found, int | float) else None


def plainly(found: dict, scenario: RecommendScenario) -> None:
    """What a person would notice: what is found, how much of the catalogue appears, how well known it is."""
    ours, rival = found["model"], against(found) or {}
    things, unit = _(scenario.items), _(scenario.unit)
    lines = []
    if (share := value(ours, "recall_10")) is not None:
        lines.append(_("Its first ten hold **{share} %** of what the {unit} chose later.", share=_percent(share), unit=unit))
    if (share := value(ours, "coverage_10")) is not None:
        lines.append(_("It shows **{share} %** of the catalogue to somebody.", share=_percent(share)) + _other(rival, "coverage_10"))
    if (bits := value(ours, "novelty_10")) is not None:
        lines.append(
            _(
                "Usually about **{share} %** of the {unit} have what it shows.",
                share=_percent(2**-bits),
                unit=unit,
            )
        )
    if (times := value(ours, "popularity_bias_10")) is not None:
        lines.append(_("That is **{times} times** as popular as what they chose by themselves.", times=f"{times:.1f}") + _times(rival))
    new_items, new_users = found.get("new_items_in_test"), found.get("new_users_in_test")
    if new_users:
        lines.append(
            _(
                "**{n}** {unit} came only later. They cannot be counted here; step 5 shows what they would see.",
                n=number(new_users),
                unit=unit,
            )
        )
    if new_items:
        lines.append(_("**{n}** {things} came only later.", n=number(new_items), things=things))
    st.markdown("\n".join(f"- {line}" for line in lines))


def _other(rival: dict, name: str) -> str:
    share = value(rival, name)
    return "" if share is None else " " + _("({other}: {share} %)", other=called(rival), share=_percent(share))


def _times(rival: dict) -> str:
    times = value(rival, "popularity_bias_10")
    return "" if times is None else " " + _("({other}: {times})", other=called(rival), times=f"{times:.1f}")


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.095 else f"{100 * share:.1f}"


def methods(found: dict, run_id: str) -> None:
    """Ours and every simple way, each number in a column."""
    rows = [
        {
            _("Method"): called(entry) + (f" ({_('ours')})" if entry is found["model"] else ""),
            _("NDCG@10"): _interval(entry.get("ndcg_10")),
            _("Recall@10"): _interval(entry.get("recall_10")),
            _("Recall@20"): _interval(entry.get("recall_20")),
            _("MAP@10"): _interval(entry.get("map_10")),
            _("Catalogue shown, %"): _hundred(entry, "coverage_10"),
            _("Surprise, bits"): _number(entry, "novelty_10"),
            _("Towards the popular"): _number(entry, "popularity_bias_10"),
            _("Learned in, s"): _number(entry, "seconds"),
        }
        for entry in [found["model"], *(entry for entry in found.get("baselines") or [] if isinstance(entry, dict))]
    ]
    alt = _("Every number of our method and of the simple ways.")
    st.dataframe(rows, hide_index=True, key=f"recommend_result.methods:{run_id}", alt=alt)


def _interval(found) -> str:
    return f"{found['value']:.3f}  ({found['low']:.3f} – {found['high']:.3f})" if measured(found) else "–"


def _hundred(entry: dict, name: str) -> float | None:
    found = value(entry, name)
    return None if found is None else round(100 * found, 1)


def _number(entry: dict, name: str) -> float | None:
    found = value(entry, name)
    return None if found is None else round(found, 2)


def history(found: dict, scenario: RecommendScenario, run_id: str) -> None:
    """How well it works by how much is known of somebody."""
    rows = [row for row in found.get("by_history") or [] if isinstance(row, dict) and measured(row.get("ndcg_10"))]
    if not rows:
        st.caption(_("There were too few people to tell apart by how much is known of them."))
        return
    recommend_charts.history(rows, called(found["model"]), called(against(found) or {}), scenario, key=f"recommend_result.history:{run_id}")
    st.caption(_("In brackets: how many {unit}.", unit=_(scenario.unit)))


def cold(found: dict, scenario: RecommendScenario, run_id: str) -> None:
    """Items that nobody had when it learned: found by their description alone."""
    new = found.get("cold")
    if not isinstance(new, dict) or not measured(new.get("recall_20")):
        st.caption(_("Not measured: it takes a column that describes the {things}, and enough of them.", things=_(scenario.items)))
        return
    ours, chance = new["recall_20"], float(new.get("chance") or 0)
    left, right = st.columns([5, 6], gap="large", vertical_alignment="center")
    left.markdown(
        _(
            "**{n}** {things} were taken out, as if nobody had them yet, and put in order for each of the {unit} by what describes them "
            "alone. The first 20 of them hold **{ours} %** of those that were really chosen; with shuffled descriptions it would be "
            "{chance} %.",
            n=number(new.get("n_items")),
            things=_(scenario.items),
            unit=_(scenario.unit),
            ours=_percent(ours["value"]),
            chance=_percent(chance),
        )
    )
    shuffled = new["shuffled"] if measured(new.get("shuffled")) else {"value": chance, "low": chance, "high": chance}
    rows = [(_("By description"), ours, charts.OURS), (_("Shuffled descriptions"), shuffled, charts.CHANCE)]
    alt = "; ".join(f"{name} {100 * v['value']:.1f} %" for name, v, _c in rows)
    most = min(1.0, 1.2 * max(ours["high"], shuffled["high"]) or 1.0)
    title = _("Recall@20 (bar: 95 % interval)")
    with right:
        charts.intervals(rows, key=f"recommend_result.cold:{run_id}", alt=alt, title=title, most=most, digits=3)


def more(run, found: dict) -> None:
    """Why this method, how it was trained: folded."""
    why = found.get("why")
    if isinstance(why, dict) and why.get("template"):
        st.markdown(f":blue[:material/lightbulb:] {plain(_(Message.from_dict(why)), 1000)}")
    with st.expander(_("Every number"), icon=":material/table_chart:"):
        methods(found, run.id)
        st.caption(
            _(
                "NDCG and MAP reward what stands near the top; recall is the share of what was chosen that is among the first. Surprise: "
                "how rare what is shown is, in bits; each bit more is half as many people. Towards the popular: how many times as popular "
                "as what people chose."
            )
        )
    with st.expander(_("How it was trained"), icon=":material/show_chart:"):
        recommend_steps.how(run)
