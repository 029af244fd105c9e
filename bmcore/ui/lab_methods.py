"""K-Means against DBSCAN: the settings of each, what each found, and a real run with the same settings."""

from __future__ import annotations

import hashlib
import secrets

import streamlit as st

from bmcore import params
from bmcore.base import estimator_class
from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import cluster_form, lab_answers, lab_charts, nav, states, train
from bmcore.ui.lab_data import Points
from bmcore.ui.words import _, number

MOST_GROUPS = 50


def kmeans(points: Points) -> dict | None:
    """The settings of K-Means that differ from its defaults; None where one is refused."""
    _head("KMeans")
    key = count_key(points)
    st.session_state.setdefault(key, points.n_clusters)
    label, about = _words("KMeans", "n_clusters")
    k = st.number_input(label, 1, MOST_GROUPS, help=about, key=key, persist_state="session")
    # a seed, so that the steps and the chart tell one story
    return _all("KMeans", points, {"n_clusters": k}, {"random_state": 0})


def dbscan(points: Points) -> dict | None:
    """The settings of DBSCAN that differ from its defaults; None where one is refused."""
    _head("DBSCAN")
    left, right = st.columns(2)
    key = reach_key(points)
    st.session_state.setdefault(key, points.eps)
    with left:
        label, about = _words("DBSCAN", "eps")
        eps = st.number_input(label, 0.0001, 1000.0, step=0.01, format="%.4g", help=about, key=key, persist_state="session")
    with right:
        label, about = _words("DBSCAN", "min_samples")
        few = st.number_input(label, 1, 1000, 5, help=about, key=f"lab_clusters.min_samples:{points.tail}", persist_state="session")
    return _all("DBSCAN", points, {"eps": eps, "min_samples": few}, {})


def count_key(points: Points) -> str:
    return f"lab_clusters.n_clusters:{points.tail}"


def reach_key(points: Points) -> str:
    return f"lab_clusters.eps:{points.tail}"


def _head(name: str) -> None:
    st.subheader(_(cluster_form.METHODS[name][0]), anchor=False)
    st.caption(_(cluster_form.METHODS[name][1]))


def _words(estimator: str, name: str) -> tuple[str, str]:
    """A setting's label and explanation, from its declaration."""
    entry = params.declared(estimator_class(estimator))[name]
    return _(entry.label), f"{_(entry.doc)} ({entry.name})"


def _all(name: str, points: Points, main: dict, given: dict) -> dict | None:
    try:
        changed = train.settings(f"lab_clusters.{name}", estimator_class(name), given, tail=points.tail, without=tuple(main))
    except BmcoreError as error:
        states.problem(error)
        return None
    return {**given, **changed, **main}


def result(name: str, points: Points, found: dict, settings: dict) -> None:
    """The chart and the numbers of one method."""
    part = found["kmeans" if name == "KMeans" else "dbscan"]
    if "error" in part:
        states.problem(Message.from_dict(part["error"]))
        return
    key = f"lab_clusters.map:{name}"
    lab_charts.groups(found, part["labels"], key=key, alt=_alt(name, part, found), centres=part.get("centres"))
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Groups"), number(part["k"]))
        if name == "DBSCAN":
            st.metric(_("In no group"), _("{percent} %", percent=f"{100 * part['noise'] / found['used']:.1f}"))
        else:
            st.metric(_("Passes"), number(part["passes"]))
        if part["agreement"] is not None:
            about = _("How well the groups agree with those the points were made in: 1 is the same, 0 is chance (adjusted Rand index).")
            st.metric(_("Agrees with the truth"), f"{part['agreement']:.2f}".replace("-", "−"), help=about)
    st.caption(_sentence(name, part))
    if "ref" in points.data:
        _train(name, points, settings)


def _alt(name: str, part: dict, found: dict) -> str:
    sizes = sorted((part["labels"].count(cluster) for cluster in set(part["labels"]) if cluster >= 0), reverse=True)
    return _(
        "{method}: {n} points drawn in {k} groups, the largest of {sizes} points.",
        method=_(cluster_form.METHODS[name][0]),
        n=number(len(found["points"])),
        k=part["k"],
        sizes=", ".join(map(number, sizes[:6])) or "0",
    )


def _sentence(name: str, part: dict) -> str:
    if name == "DBSCAN":
        return _("{n} points have enough neighbours to be the core of a group.", n=number(part["core"]))
    words = _("Squared distances to the own centre sum to {value}.", value=f"{part['inertia']:,.4g}")
    return words if part["settled"] else f"{words} {_('It was stopped before it had settled: allow more passes.')}"


def _train(name: str, points: Points, settings: dict) -> None:
    """A real run on the whole table, with these settings: evaluated, kept, served."""
    words = _("Groups all rows with these settings, says whether the groups are real, and keeps the model.")
    if not st.button(_("Train this as a run"), icon=":material/play_arrow:", help=words, key=f"lab_clusters.train:{name}"):
        return
    from bmcore import runs

    columns = {"prepare": "numeric", **({"features": points.data["features"]} if points.data["features"] else {})}
    request = {"estimator": name, "params": settings, "data": points.data["ref"], "columns": columns}
    request |= {"scenario": "lab_clusters", "origin": "page"}
    nonce = st.session_state.setdefault("lab_clusters.token", secrets.token_hex(16))
    try:
        run = runs.start(request, token=nonce + hashlib.sha256(lab_answers.name(request).encode()).hexdigest())
    except BmcoreError as error:
        states.problem(error)
        return
    nav.go(nav.page_of(run), run=run.id)
