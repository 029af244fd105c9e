"""What each column of a table is for: asked with an input a role. And what a reading process has said of a table, kept."""

from __future__ import annotations

import json
from dataclasses import asdict

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import look
from bmcore.ui.kinds import Role
from bmcore.ui.words import _, one_line

_SAMPLES_SEEN: dict[str, dict] = {}
MOST_KEPT = 24


def seen(asked: dict) -> dict:
    """The answer of the reading process, kept: for everybody where the table is built in, else for this visitor only."""
    name = json.dumps(asked, sort_keys=True)
    kept = _SAMPLES_SEEN if asked["ref"]["kind"] == "sample" else st.session_state.setdefault("roles.seen", {})
    if name not in kept:
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        with st.spinner(_("Reading the table")):
            kept[name] = look.request(asked)
    return kept[name]


def tail(ref: dict) -> str:
    """The end of a widget's key: another table has other columns, and so its own widgets."""
    return f"{ref.get('name') or ref.get('id')}:{ref.get('sha256', '')[:8]}"


def plainly(roles: tuple[Role, ...], **changed) -> list[dict]:
    """Roles as the reading process takes them."""
    return [{name: value for name, value in asdict(role).items() if name != "title"} | changed for role in roles]


def ask(prefix: str, roles: list[Role], guessed: dict, table: dict, tail: str, empty: Message) -> dict:
    """Role -> chosen column, two beside each other. `empty` is what a list says in which nothing is chosen."""
    columns = {}
    sides = st.columns(2)
    for i, role in enumerate(roles):
        with sides[i % 2]:
            value = _role(f"{prefix}.{role.key}:{tail}", role, guessed.get(role.key), table, empty)
        if value:
            columns[role.key] = value
    return columns


def _role(key: str, role: Role, guessed, table: dict, empty: Message):
    fitting = [name for name in table["columns"] if table["kinds"][name] in ("any", *role.takes)]
    if role.many:
        return st.multiselect(
            _(role.title),
            fitting,
            default=[name for name in guessed or () if name in fitting],
            placeholder=_(empty),
            format_func=one_line,
            key=key,
            persist_state="session",
            max_selections=64,
        )
    options = fitting if role.needed else [None, *fitting]
    return st.selectbox(
        _(role.title),
        options,
        index=options.index(guessed) if guessed in options else 0 if options else None,
        format_func=lambda name: _("(none)") if name is None else one_line(name),
        key=key,
        persist_state="session",
    )
