"""Step "try it": more pictures of the rare class, beside real ones, and a zip that says of every file that it is generated."""

from __future__ import annotations

import io
import time
import zipfile

import streamlit as st

from bmcore.ui import more_pictures_real, picture_ask, picture_sheet
from bmcore.ui.words import _, number, one_line, plain

MOST, SHOWN, FEW = 256, 40, 10


def draw(run, label: str) -> None:
    """The whole step. A change redraws this part of the page only."""
    _draw(run.id, label)


@st.fragment
def _draw(run_id: str, label: str) -> None:
    from bmcore import runs

    run = runs.get(run_id)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        n = st.number_input(_("How many"), 1, MOST, 40, key=f"more_pictures.n:{run_id}", width=160)
        help_ = _("The same number gives the same pictures again.")
        seed = st.number_input(_("Seed"), 0, 1_000_000, 1, key=f"more_pictures.seed:{run_id}", help=help_, width=160)
        name = _("Generate “{label}”", label=plain(label, 40))
        asked = st.button(name, type="primary", icon=":material/auto_awesome:", key=f"more_pictures.generate:{run_id}")
    kept = f"more_pictures.made:{run_id}"
    if asked:
        st.session_state[kept] = _made(run, label, int(n), int(seed))
    made = st.session_state.get(kept)
    if made:
        _show(run, label, *made)


def _made(run, label: str, n: int, seed: int) -> tuple[list[bytes], int] | None:
    """The pictures and their seed; None, and a sentence, where there are none."""
    made = picture_ask.ask(run.id, "sample", {"n": n, "label": label, "seed": seed})
    return (made.pngs, seed) if made else None


def _show(run, label: str, made: list[bytes], seed: int) -> None:
    beside(run, label, made[:SHOWN], key=f"more_pictures.try:{run.id}:{seed}")
    if len(made) > SHOWN:
        st.caption(_("The first {n} of {total}. All are in the download.", n=SHOWN, total=number(len(made))))
    st.download_button(
        _("Download {n} generated pictures", n=number(len(made))),
        lambda: archive(made, readme(run, label, len(made), seed)),
        file_name=f"generated-pictures-{run.id}.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        key=f"more_pictures.download:{run.id}",
        help=_("Every file's name begins with “generated-”, and a README says what they are and what made them."),
    )
    st.caption(_("Keep them in a folder of their own. Never test a classifier on them, and never pass one on as a real picture."))


def sheet(run, found: dict, label: str) -> None:
    """The newest sheet of the run, said to be generated, beside real pictures of the rare class."""
    left, right = st.columns([6, 5], gap="large")
    with left, st.container(border=True):
        _generated()
        png = picture_sheet.read(run.folder / "samples.png")
        alt = _("Generated, not real: a sheet of pictures, a row for each kind.")
        if png is None or not picture_sheet.sheet(png, alt=alt, key=f"more_pictures.sheet:{run.id}", room=480):
            st.caption(_("The sheet of generated pictures is missing from this run."))
        elif known := [plain(str(name), 30) for name in (found.get("classes") or [])[:10]]:
            st.caption(_("A row for each kind, from top to bottom: {names}.", names=", ".join(known)))
    with right:
        _real(run, label, key=f"more_pictures.real:{run.id}")


def _generated() -> None:
    st.badge(_("Generated, not real"), icon=":material/auto_awesome:", color="violet")


def beside(run, label: str, made: list[bytes], *, key: str) -> None:
    """Generated pictures, said to be so, beside real ones of the same class."""
    left, right = st.columns([6, 5], gap="large")
    with left, st.container(border=True):
        _generated()
        alts = [_("Generated, not real: “{label}”, picture {i} of {n}.", label=label, i=i + 1, n=len(made)) for i in range(len(made))]
        picture_sheet.row(made, alts=alts, key=f"{key}:made", room=72)
    with right:
        _real(run, label, key=f"{key}:real")


def _real(run, label: str, *, key: str) -> None:
    real = more_pictures_real.pictures(run, label, FEW)
    with st.container(border=True):
        st.badge(_("Real"), icon=":material/photo_camera:", color="green")
        if not real:
            st.caption(_("The real pictures of this run are no longer here."))
            return
        alts = [
            _("A real picture of “{label}” that it learned from, {i} of {n}.", label=label, i=i + 1, n=len(real)) for i in range(len(real))
        ]
        picture_sheet.row(real, alts=alts, key=key, room=72)
        st.caption(
            _(
                "“{label}”: it learned from these. A generated picture that is the twin of one teaches a classifier nothing.",
                label=plain(label),
            )
        )


def readme(run, label: str, n: int, seed: int) -> str:
    """What lies beside the pictures in the download."""
    values = {
        "n": n,
        "label": one_line(label, 60),
        "method": one_line(run.spec["estimator"], 40),
        "run": run.id,
        "seed": seed,
        "day": time.strftime("%Y-%m-%d"),
    }
    lines = [
        _("GENERATED, NOT REAL"),
        "",
        _("These {n} pictures of “{label}” are not photographs of anything. A model has made them up.", **values),
        _("Made by: bmcore, method {method}, training {run}, seed {seed}, on {day}.", **values),
        "",
        _("Use them only to train a classifier, beside real pictures. Test it on real pictures alone."),
        _("Do not show one as a real picture. They prove nothing about any person or thing."),
        _("They are no diagnosis, and neither they nor the model are a medical device."),
    ]
    return "\n".join(lines) + "\n"


def archive(made: list[bytes], about: str) -> bytes:
    """A zip of the pictures, each named for what it is, and the README.

    Examples
    --------
    >>> zipfile.ZipFile(io.BytesIO(archive([b"a"], "made up"))).namelist()
    ['README.txt', 'generated-001.png']
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as held:  # a PNG cannot be made smaller
        held.writestr("README.txt", about.encode())
        for i, one in enumerate(made, 1):
            held.writestr(f"generated-{i:03d}.png", one)
    return buffer.getvalue()
