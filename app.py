"""The server: `streamlit run app.py`.

An ASGI app around the pages, with security headers, a Host check, `/health` and a start-up that keeps reruns fast.
The main script lies inside `pages/`, so that no `pages/` folder stands beside it: Streamlit's older automatic page
mode would otherwise answer the first deep link after every start.
"""

from __future__ import annotations

import contextlib
import gc
import runpy
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from bmcore import __version__
from bmcore.ui import web

MAP = Path(__file__).resolve().parent / "pages" / "_map.py"


async def health(request):
    """Says that the server answers, for a proxy or a monitor."""
    return JSONResponse({"status": "ok", "version": __version__})


@contextlib.asynccontextmanager
async def lifespan(app):
    """Streamlit collects garbage after every rerun: what start-up made need not be walked again."""
    gc.collect()
    gc.freeze()
    yield


app = st.App(
    MAP,
    routes=[Route("/health", health)],
    middleware=[Middleware(web.Guard)],
    lifespan=lifespan,
    on_script_error=web.on_script_error,
)

if __name__ == "__main__":  # a host that can only run scripts; `streamlit run` finds `app` and does not come here
    runpy.run_path(str(MAP), run_name="__main__")
