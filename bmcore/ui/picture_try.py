"""Step "try it" of pictures: new ones, the way from one to another, a picture changed, a part of one filled in. Each change is answered."""

from __future__ import annotations

import base64

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import picture_ask, picture_made, picture_result
from bmcore.ui.picture_source import PICTURES
from bmcore.ui.words import _, one_line

MOST_SEED, MOST_UPLOAD = 999, 5 * 2**20
# what can be tried -> (its name, the methods that can)
MODES = {
    "sample": (Message("New pictures"), ("Diffusion", "GAN")),
    "interpolate": (Message("From one to another"), ("Diffusion", "GAN")),
    "edit": (Message("Change a picture"), ("Diffusion",)),
    "inpaint": (Message("Fill in a part"), ("Diffusion",)),
}
# the part that is made anew -> (its name, left, top, right, bottom)
PARTS = {
    "right": (Message("Right half"), (0.5, 0, 1, 1)),
    "left": (Message("Left half"), (0, 0, 0.5, 1)),
    "top": (Message("Upper half"), (0, 0, 1, 0.5)),
    "bottom": (Message("Lower half"), (0, 0.5, 1, 1)),
    "middle": (Message("Square in the middle"), (0.25, 0.25, 0.75, 0.75)),
    "corner": (Message("Corner at the top right"), (0.5, 0, 1, 0.5)),
}


def draw(run, found: dict, key: str) -> None:
    """The whole step. A change redraws this part of the page only. `key` begins the keys of its widgets."""
    classes = [name for name in found.get("classes") or [] if isinstance(name, str | int)]
    size = found.get("size") if isinstance(found.get("size"), list) and len(found["size"]) == 3 else [28, 28, 1]
    _draw(run.id, tuple(classes), (int(size[1]), int(size[0])), key)


@st.fragment
def _draw(run_id: str, classes: tuple, size: tuple[int, int], key: str) -> None:
    from bmcore import runs

    run = runs.get(run_id)
    known = {name: words for name, (words, methods) in MODES.items() if run.spec["estimator"] in methods}
    mode = st.segmented_control(
        _("What to try"),
        list(known),
        default="sample",
        required=True,
        format_func=lambda name: _(known[name]),
        key=f"{key}.mode:{run_id}",
    )
    {"sample": _sample, "interpolate": _between, "edit": _edit, "inpaint": _fill}[mode](run, classes, size, key)


def _go(key: str, run_id: str, mode: str, words: str, ready: bool = True) -> bool:
    """A button that starts it; from then on every change is answered at once."""
    kept = f"{key}.going.{mode}:{run_id}"
    if st.button(words, type="primary", icon=":material/auto_awesome:", key=f"{key}.go.{mode}:{run_id}", disabled=not ready):
        st.session_state[kept] = True
    return bool(st.session_state.get(kept)) and ready


def _class(classes: tuple, key: str, label: str, anything: str | None = None, start: int = 0):
    """Which kind, at first the one in place `start`; None means any."""
    if not classes:
        return None
    options = [None, *classes] if anything else list(classes)
    shown = {name: anything if name is None else one_line(name, 60) for name in options}
    return st.selectbox(label, options, start % len(options), format_func=shown.get, key=key)


def _seed(key: str, label: str, usual: int = 0) -> int:
    return st.slider(
        label, 0, MOST_SEED, usual, key=key, help=_("The noise it starts from. The same number gives the same pictures again.")
    )


def _sample(run, classes: tuple, size: tuple[int, int], key: str) -> None:
    """New pictures of a kind, with the nearest training picture beside each."""
    left, right = st.columns([4, 7], gap="large")
    with left:
        label = _class(classes, f"{key}.class:{run.id}", _("What it should show"), _("A bit of everything"))
        seed = _seed(f"{key}.seed:{run.id}", _("Start from noise number"))
        n = st.slider(_("How many"), 1, 32, 12, key=f"{key}.n:{run.id}")
        body = {"n": n, "label": label, "seed": seed}
        if run.spec["estimator"] == "Diffusion":
            body |= _path(run, key, bool(classes))
        near = st.toggle(_("Show the nearest real picture beside each"), key=f"{key}.near:{run.id}")
        going = _go(key, run.id, "sample", _("Make pictures"))
    with right:
        made = picture_ask.ask(run.id, "sample", {**body, "nearest": near}) if going else None
        if made:
            picture_made.shown(made, key=f"{key}.made:{run.id}")
            picture_made.downloads(made, key=f"{key}.sample:{run.id}", name=f"generated_{seed}")
        elif not going:
            st.caption(_("Press the button, and new pictures appear here. They then change with every slider."))


def _path(run, key: str, classes: bool) -> dict:
    """How a diffusion model goes from noise to picture."""
    steps = st.slider(
        _("Steps from noise to picture"),
        1,
        32,
        2 if run.spec["params"].get("distill") else 6,
        key=f"{key}.steps:{run.id}",
        help=_("More steps are slower and often finer. 4 to 8 are usually enough."),
    )
    if not classes:
        return {"steps": steps}
    guidance = st.slider(
        _("Stick to the kind (guidance)"),
        1.0,
        5.0,
        1.0 if run.spec["params"].get("distill") else 1.5,  # a distilled model has it in its weights
        0.5,
        key=f"{key}.guidance:{run.id}",
        help=_("1 leaves it alone. More makes each picture more typical of its kind, and all of them more alike."),
    )
    return {"steps": steps, "guidance": guidance}


def _between(run, classes: tuple, size: tuple[int, int], key: str) -> None:
    """A strip of pictures from one noise to another, or from one kind to another."""
    left, right = st.columns([4, 7], gap="large")
    with left:
        first = _seed(f"{key}.first:{run.id}", _("From noise number"), 1)
        second = _seed(f"{key}.second:{run.id}", _("To noise number"), 2)
        labels = None
        if classes:
            one = _class(classes, f"{key}.class_first:{run.id}", _("From"))
            other = _class(classes, f"{key}.class_second:{run.id}", _("To"), start=-1)
            labels = [one, other]
        n = st.slider(_("Pictures on the way"), 3, 16, 8, key=f"{key}.between:{run.id}")
        going = _go(key, run.id, "interpolate", _("Show the way"))
    with right:
        body = {"n": n, "seeds": [first, second], **({"labels": labels} if labels else {})}
        made = picture_ask.ask(run.id, "interpolate", body) if going else None
        if made:
            picture_made.shown(made, key=f"{key}.strip:{run.id}", room=60, gap="xsmall")
            st.caption(_("If the pictures in between look right too, it has learned more than to repeat what it saw."))
            picture_made.downloads(made, key=f"{key}.strip:{run.id}", name="generated_between")
        elif not going:
            st.caption(_("Press the button, and a strip of pictures appears here."))


def _edit(run, classes: tuple, size: tuple[int, int], key: str) -> None:
    """A picture as a start: noise is put on it and taken away again."""
    left, right = st.columns([4, 7], gap="large")
    with left:
        given = _start(run, key)
        strength = st.slider(
            _("How much may change, %"),
            10,
            95,
            60,
            5,
            key=f"{key}.strength:{run.id}",
            help=_("Little keeps the picture as it is; much keeps only its rough shape."),
        )
        label = _class(classes, f"{key}.class_edit:{run.id}", _("What it should become"), _("Anything"))
        seed = _seed(f"{key}.seed_edit:{run.id}", _("Start from noise number"))
        going = _go(key, run.id, "edit", _("Change it"), ready=given is not None)
    with right:
        if not going:
            st.caption(_("Choose a picture and press the button: what becomes of it appears here."))
            return
        made = picture_ask.ask(run.id, "edit", {"picture": _text(given), "strength": strength / 100, "label": label, "seed": seed})
        picture_made.changed(given, made, key=f"{key}.edited:{run.id}", name="generated_edit")


def _fill(run, classes: tuple, size: tuple[int, int], key: str) -> None:
    """A part of a picture made anew to fit the rest."""
    left, right = st.columns([4, 7], gap="large")
    with left:
        given = _start(run, key)
        part = st.selectbox(_("The part to make anew"), list(PARTS), format_func=lambda name: _(PARTS[name][0]), key=f"{key}.part:{run.id}")
        label = _class(classes, f"{key}.class_fill:{run.id}", _("What it should show"), _("Anything"))
        seed = _seed(f"{key}.seed_fill:{run.id}", _("Start from noise number"))
        going = _go(key, run.id, "inpaint", _("Fill it in"), ready=given is not None)
    with right:
        if not going:
            st.caption(_("Choose a picture and a part of it: what is filled in appears here."))
            return
        mask = picture_ask.mask(*size, PARTS[part][1])
        made = picture_ask.ask(run.id, "inpaint", {"picture": _text(given), "mask": _text(mask), "label": label, "seed": seed})
        picture_made.changed(given, made, key=f"{key}.filled:{run.id}", name="generated_filled")


def _start(run, key: str) -> bytes | None:
    """The picture to start from: one of the data or an own one. An own one is only passed on, never opened here."""
    examples = picture_result.examples(run)
    own = st.file_uploader(
        _("A picture of your own") if not examples else _("A picture of your own, instead of one from the data"),
        type=list(PICTURES),
        key=f"{key}.own:{run.id}",
        max_upload_size=MOST_UPLOAD // 2**20,
    )
    if own is not None:
        if own.size > MOST_UPLOAD:
            st.caption(_("This picture is larger than {n} MB. Give a smaller one.", n=MOST_UPLOAD // 2**20))
            return None
        return own.getvalue()
    if not examples:
        return None
    names = [f"{i + 1} · {label}" if label else str(i + 1) for i, (label, _png) in enumerate(examples)]
    at = st.selectbox(_("A picture from the data"), range(len(examples)), format_func=names.__getitem__, key=f"{key}.example:{run.id}")
    return examples[at][1]


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
