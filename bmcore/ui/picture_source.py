"""Where pictures come from: a built-in sample, own files, or a data set from the hub.

An upload is written to the home folder at once; it is opened only in a process of its own.
"""

from __future__ import annotations

import hashlib

import streamlit as st

from bmcore.errors import BmcoreError, DataError
from bmcore.ui import source, states
from bmcore.ui.kinds import PictureScenario
from bmcore.ui.words import _, one_line, plain

PICTURES = ("png", "jpg", "jpeg", "webp")
MOST_FILES, MOST_BYTES = 20_000, 500 * 2**20


def choose(scenario: PictureScenario) -> dict | None:
    """Where the pictures come from, as a data reference; None until there are any."""
    words = {"sample": _("Sample"), "file": _("My pictures"), "hub": _("From the hub")}
    asked = st.query_params.get("source")
    chosen = st.segmented_control(
        _("Where the pictures come from"),
        list(words),
        default=asked if asked in words else "sample",
        required=True,
        format_func=words.get,
        key=f"{scenario.key}.source",
        persist_state="session",
    )
    return {"sample": _sample, "file": _own, "hub": source.hub}[chosen](scenario)


def _sample(scenario: PictureScenario) -> dict | None:
    from bmcore.data import refs
    from bmcore.data.samples import SAMPLES

    known = [name for name in scenario.samples if name in SAMPLES]
    if not known:
        return None
    name = st.selectbox(
        _("Sample"),
        known,
        format_func=lambda name: one_line(_(SAMPLES[name].title)),
        key=f"{scenario.key}.sample",
        persist_state="session",
    )
    sample = SAMPLES[name]
    st.caption(plain(_(sample.about)))
    st.caption(_("Licence: {licence}. Source: {source}.", licence=plain(sample.licence), source=plain(sample.source)))
    return refs.sample(name)


def _own(scenario: PictureScenario) -> dict | None:
    """A zip or several files, or a whole folder with its sub-folders."""
    key = scenario.key
    words = {"files": _("A zip or single files"), "folder": _("A folder")}
    way = st.segmented_control(
        _("How they are given"),
        list(words),
        default="files",
        required=True,
        format_func=words.get,
        key=f"{key}.way",
        label_visibility="collapsed",
    )
    given = st.file_uploader(
        _(scenario.ask_table) if way == "files" else _("A folder of pictures, with a sub-folder for each kind if there are kinds"),
        type=[*PICTURES, "zip"] if way == "files" else list(PICTURES),
        accept_multiple_files=True if way == "files" else "directory",
        key=f"{key}.pictures_{way}",
        help=_("They stay on this computer: they are stored in bmcore's home folder and sent nowhere."),
    )
    kept = f"{key}.stored_pictures"
    mark = _mark(given)
    if given and st.session_state.get(f"{kept}.mark") != mark:
        st.session_state.pop(kept, None)
        try:
            st.session_state[kept] = _stored(given)
            st.session_state[f"{kept}.mark"] = mark
        except BmcoreError as error:
            states.problem(error)
            return None
    if kept not in st.session_state:
        st.caption(_(scenario.ask_columns))
        return None
    st.caption(_("Stored: {name}", name=plain(st.session_state[kept].get("name", ""), 80)))
    return st.session_state[kept]


def _mark(given: list) -> str:
    """What tells one choice of files from another."""
    return hashlib.sha256("\n".join(one.file_id for one in given).encode()).hexdigest()


def _stored(given: list) -> dict:
    """The files, kept in the home folder.

    Raises
    ------
    DataError
        If they are too many or too large, or a zip stands among other files.
    """
    from bmcore.data.pictures import store_archive

    if len(given) > MOST_FILES:
        raise DataError("You gave {n:,} files; at most {most:,} are read. Give fewer.", n=len(given), most=MOST_FILES)
    if (total := sum(one.size for one in given)) > MOST_BYTES:
        raise DataError(
            "Your files have {size:,} MB; at most {most:,} MB are read. Give fewer or smaller ones.",
            size=total // 2**20,
            most=MOST_BYTES // 2**20,
        )
    zips = [one for one in given if one.name.lower().endswith(".zip")]
    if zips and len(given) > 1:
        raise DataError("You gave a zip together with other files. Give one zip, or only pictures.")
    if zips:
        return store_archive(zips[0].getvalue(), zips[0].name)
    return store_archive([(one.name, one.getvalue()) for one in given], _name(given))


def _name(given: list) -> str:
    """What a set of files is called: their folder, else how many."""
    top = given[0].name.replace("\\", "/").split("/")[0]
    return one_line(top if "/" in given[0].name else _("{n} pictures", n=len(given)), 60) + ".zip"
