"""What can be taken from a finished run that makes pictures: the contact sheet, the model, the script that repeats it, the service."""

from __future__ import annotations

import json
import shlex

import streamlit as st

from bmcore import params
from bmcore.base import estimator_class
from bmcore.ui import picture_sheet
from bmcore.ui.words import _

PORT = 8600


def draw(run, key: str) -> None:
    """The downloads, and the ways to go on with the model, folded."""
    path = run.folder / "samples.png"
    if path.is_file():
        st.download_button(
            _("Download the contact sheet"),
            lambda: picture_sheet.read(path) or b"",
            file_name=f"{key}_generated.png",
            mime="image/png",
            icon=":material/download:",
            on_click="ignore",
            key=f"picture_export.sheet:{run.id}",
        )
    with st.expander(_("Use it in your own product"), icon=":material/code:"):
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown(f"**{_('As a service')}**")
            st.caption(_("The first line starts it on this computer, the second asks it. /docs shows everything it answers."))
            st.code(service(run), language="bash", wrap_lines=True)
            st.markdown(f"**{_('The model')}**")
            st.caption(_("A folder of plain files, without code: copy it to wherever it is needed."))
            st.code(str(run.model_folder or ""), language=None, wrap_lines=True)
        with right:
            st.markdown(f"**{_('The script that repeats it')}**")
            st.code(script(run), language="python", wrap_lines=True)
            st.markdown(f"**{_('From a terminal')}**")
            st.code(line(run), language="bash", wrap_lines=True)


def service(run) -> str:
    """How the service is started and asked from a terminal."""
    asked = json.dumps({"n": 16, "seed": 1})
    return (
        f"python -m bmcore serve {run.id} --port {PORT}\n"
        f"curl -X POST http://127.0.0.1:{PORT}/sample -H 'content-type: application/json' -H 'accept: image/png' "
        f"-d '{asked}' -o generated.png"
    )


def script(run) -> str:
    """A script that makes the same run again and asks it for pictures."""
    spec = run.spec
    given = [repr(spec["estimator"]), _data(spec["data"])]
    given += [f"{name}={spec[name]!r}" for name in ("preset", "prove") if spec.get(name)]
    given += [f"{name}={value!r}" for name, value in _changed(spec).items()]
    lines = ",\n    ".join(given)
    return (
        f'import bmcore\n\nrun = bmcore.train(\n    {lines},\n)\nprint(run.evaluation["verdict"])\n'
        "model = bmcore.load(run.id)\npictures = model.sample(16, seed=1)\n"
    )


def line(run) -> str:
    """The same training from a terminal."""
    spec, data = run.spec, run.spec["data"]
    kinds = {"sample": ["--sample", data.get("name")], "hub": ["--hub", data.get("id")]}
    words = ["python", "-m", "bmcore", "train", spec["estimator"], *kinds.get(data.get("kind"), ["--data", "pictures.zip"])]
    if spec.get("preset"):
        words += ["--preset", spec["preset"]]
    if spec.get("prove"):
        words += [f"--prove={spec['prove']['class']}", "--keep", spec["prove"]["keep"]]
    for name, value in _changed(spec).items():
        words += ["--set", f"{name}={value}"]
    return shlex.join(map(str, words))


def _changed(spec: dict) -> dict:
    """The settings that differ from what the estimator and the preset would set by themselves."""
    cls = estimator_class(spec["estimator"])
    start = {name: entry.default for name, entry in params.declared(cls).items()}
    start |= cls.presets.get(spec.get("preset"), {}).get("params", {})
    return {name: value for name, value in spec["params"].items() if value != start.get(name)}


def _data(data: dict) -> str:
    if data.get("kind") == "sample":
        return f"sample={data.get('name')!r}"
    return repr(data) if data.get("kind") == "hub" else repr(str(data.get("name") or "pictures.zip"))
