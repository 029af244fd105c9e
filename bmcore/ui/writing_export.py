"""What can be taken from a finished run that writes: the model in one zip, the service, the script, the lines for a terminal."""

from __future__ import annotations

import io
import json

import streamlit as st

from bmcore.ui.words import _, language

PORT, MOST = 8600, 200_000_000  # bytes that a page hands out; larger ones go by the terminal


def draw(run) -> None:
    """The download, and the ways to go on with the model, folded."""
    if size(run) <= MOST:
        st.download_button(
            _("Download the model"), lambda: packed(run), file_name=f"{run.id}.zip", mime="application/zip", icon=":material/download:",
            on_click="ignore", key=f"writing_export.zip:{run.id}",
            help=_("A zip: a plain transformers folder, its card, its figures and the script that repeats it. No training text is in it."),
        )  # fmt: skip
    with st.expander(_("Use it in your own product"), icon=":material/code:"):
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown(f"**{_('As a service')}**")
            st.caption(_("The first line starts it on this computer, the second asks it. /docs shows everything it answers."))
            st.code(service(run), language="bash", wrap_lines=True)
            st.markdown(f"**{_('From a terminal')}**")
            st.code(terminal(run), language="bash", wrap_lines=True)
        with right:
            from bmcore.runs import script_generation

            st.markdown(f"**{_('The script that repeats it')}**")
            st.code(script_generation.script(run.spec), language="python", wrap_lines=True)


def size(run) -> int:
    """Bytes of the model's folder."""
    folder = run.model_folder
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder else 0


def packed(run) -> bytes:
    """The zip, made when it is asked for."""
    from bmcore.runs import export

    target = io.BytesIO()
    export.pack(run, target, language())
    return target.getvalue()


def service(run) -> str:
    """How the service is started and asked from a terminal."""
    asked = json.dumps({"prompt": "", "drafts": 2, "stream": True})
    return (
        f"python -m bmcore serve {run.id} --port {PORT}\n"
        f"curl -N http://127.0.0.1:{PORT}/generate -H 'content-type: application/json' -d '{asked}'"
    )


def terminal(run) -> str:
    """Drafts and the zip from a terminal."""
    return f"python -m bmcore generate {run.id} --drafts 3\npython -m bmcore export {run.id} model.zip"
