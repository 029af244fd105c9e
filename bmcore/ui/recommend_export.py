"""What can be taken from a finished run: the file of recommendations, the model, the script that repeats it, the service."""

from __future__ import annotations

import json
import os

import streamlit as st

from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _, number

PORT = 8600
LARGEST = 200_000_000  # bytes that a download may take of the server's memory


def draw(run, scenario: RecommendScenario) -> None:
    """The download, and the ways to go on with the model, folded."""
    _file(run, scenario)
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


def _file(run, scenario: RecommendScenario) -> None:
    """recommendations.csv, opened only when somebody presses the button."""
    path = run.folder / "recommendations.csv"
    try:
        size = os.stat(path).st_size
    except OSError:
        return
    if size > LARGEST:
        st.caption(_(
            "The recommendations for all {unit} are a file of {size} MB, too large to be sent from here. It lies on this computer:",
            unit=_(scenario.unit), size=number(size / 1e6),
        ))
        st.code(str(path), language=None, wrap_lines=True)
        return
    st.download_button(
        _("Download recommendations for all {unit}", unit=_(scenario.unit)),
        lambda: path.read_bytes(),
        file_name=f"{scenario.key}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"recommend_export.file:{run.id}",
        help=_(
            "A CSV file, {size} kB. Cells that a spreadsheet would run as a formula are made harmless.", size=number(max(1, size / 1000))
        ),
    )


def service(run) -> str:
    """How the service is started and asked from a terminal."""
    examples = (run.evaluation or {}).get("examples") or [{}]
    user = examples[0].get("user", 1) if isinstance(examples[0], dict) else 1
    asked = json.dumps({"users": [user], "k": 10}, ensure_ascii=True).replace("'", "\\u0027")
    return (
        f"python -m bmcore serve {run.id} --port {PORT}\n"
        f"curl -X POST http://127.0.0.1:{PORT}/recommend -H 'content-type: application/json' -d '{asked}'"
    )


def script(run) -> str:
    """A script that makes the same run again and asks it."""
    spec = run.spec
    data = spec["data"]
    given = [f"sample={data['name']!r}"] if data.get("kind") == "sample" else [repr(str(data.get("name") or data.get("id") or "table.csv"))]
    # `title` is the name of a run there
    given += [f"{'name' if role == 'title' else role}={column!r}" for role, column in spec["columns"].items()]
    given += [f"{name}={value!r}" for name, value in spec["params"].items()]
    lines = ",\n    ".join([repr(spec["estimator"]), *given])
    return f'import bmcore\n\nrun = bmcore.train(\n    {lines},\n)\nprint(run.evaluation["verdict"])\nmodel = bmcore.load(run.id)\n'
