"""Two runs on the same pictures under the same budget: started together, found again from either of them.

The title of each holds the code of the pair, so a refresh, a deep link and another face all find both.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import states
from bmcore.ui.kinds import PictureScenario

_TITLE = re.compile(r"(?P<name>\w{1,40}) ↔ (?P<other>\w{1,40}) · #(?P<code>[0-9a-f]{8})")


def title(name: str, other: str, code: str) -> str:
    """What one run of a pair is called.

    Examples
    --------
    >>> title("GAN", "Diffusion", "0123abcd")
    'GAN ↔ Diffusion · #0123abcd'
    """
    return f"{name} ↔ {other} · #{code}"


def code(run) -> str | None:
    """The code of the pair that a run belongs to."""
    found = _TITLE.fullmatch(run.spec["title"] or "")
    return found["code"] if found else None


def of(run, order: tuple[str, ...]) -> list:
    """The run and its partner, in the order of the methods; the run alone where it has none, or none any more."""
    wanted = code(run)
    if wanted is None:
        return [run]
    partner = _partner(run, wanted)
    place = {name: i for i, name in enumerate(order)}
    return sorted([run, *([partner] if partner else [])], key=lambda one: place.get(one.spec["estimator"], len(order)))


def _partner(run, wanted: str):
    from bmcore import runs

    kept = f"picture_pair.partner:{run.id}"
    try:
        if kept in st.session_state:
            return runs.get(st.session_state[kept])
        for one in runs.list_runs():
            if one.id != run.id and one.spec["scenario"] == run.spec["scenario"] and code(one) == wanted:
                st.session_state[kept] = one.id
                return one
    except BmcoreError:
        st.session_state.pop(kept, None)
    return None


def launch(scenario: PictureScenario, request: dict, names: tuple[str, str]) -> None:
    """Start both and open the first. Pressed twice, it makes no second pair; the slot runs one after the other."""
    from bmcore import runs

    nonce = st.session_state.setdefault(f"{scenario.key}.token", secrets.token_hex(16))
    wish = json.dumps([nonce, names, request], sort_keys=True)
    shared = hashlib.sha256(wish.encode()).hexdigest()
    made = []
    for name, other in (names, names[::-1]):
        asked = request | {"estimator": name, "title": title(name, other, shared[:8]), "scenario": scenario.key, "origin": "page"}
        try:
            made.append(runs.start(asked, token=f"{shared}:{name}"))
        except BmcoreError as error:
            states.problem(error)
            break
    if not made:
        st.session_state.pop(f"{scenario.key}.token", None)
        return
    st.query_params["run"] = made[0].id
    if len(made) == 2:
        st.rerun()
