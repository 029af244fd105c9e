"""Pictures that a model has just made: shown for what they are, beside real ones where asked for, and to be taken away."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import picture_ask, picture_sheet
from bmcore.ui.words import _, plain

NEAREST = 8


def shown(made: picture_ask.Made, *, key: str, room: int = 84, gap: str = "small") -> None:
    """Generated pictures, each with its kind; with the nearest real one beside it where that was asked for."""
    st.markdown(picture_sheet.generated() + (f" :green-badge[{_('Real')}]" if made.nearest else ""))
    alts = [
        _("Generated picture {n}, asked to be {label}", n=i + 1, label=made.labels[i])
        if made.labels
        else _("Generated picture {n}", n=i + 1)
        for i in range(len(made.pngs))
    ]
    if not made.nearest:
        captions = [plain(label, 20) for label in made.labels] or None
        picture_sheet.row(made.pngs, alts=alts, captions=captions, key=key, room=room, gap=gap)
        return
    with st.container(horizontal=True, gap="medium"):
        for i, (png, near) in enumerate(zip(made.pngs, made.nearest, strict=True)):
            with st.container(width=2 * room + 30, gap=None):
                if near is None:
                    picture_sheet.row([png], alts=[alts[i]], captions=[_("generated")], key=f"{key}.{i}", room=room)
                    continue
                real = _("The nearest real picture: {name}", name=near.name)
                picture_sheet.row([png, near.png], alts=[alts[i], real], captions=[_("generated"), _("real")], key=f"{key}.{i}", room=room)
                st.caption(plain(" · ".join(part for part in (near.label, near.name) if part), 60))
    st.caption(_("On the left of each pair what was made, on the right the picture it learned from that is most like it."))


def downloads(made: picture_ask.Made, *, key: str, name: str) -> None:
    """One picture as a file, more as a zip."""
    if len(made.pngs) == 1:
        st.download_button(
            _("Download the picture"),
            made.pngs[0],
            file_name=f"{name}.png",
            mime="image/png",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}.png",
        )
        return
    st.download_button(
        _("Download these {n} pictures", n=len(made.pngs)),
        lambda: picture_ask.zipped(made.pngs, made.labels),
        file_name=f"{name}.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}.zip",
        help=_("A zip of PNG files. Each file name says that the picture is generated."),
    )


def changed(given: bytes, made: picture_ask.Made | None, *, key: str, name: str) -> None:
    """Before and after."""
    if made is None:
        return
    before, after = st.columns(2)
    with before:
        st.markdown(f":green-badge[{_('Real')}] {_('before')}")
        if not picture_sheet.size(given) or not picture_sheet.sheet(
            given, alt=_("The picture it started from."), key=f"{key}.before", room=224
        ):
            st.caption(_("Your picture is not shown here: it was passed on to the model as it is."))
    with after:
        st.markdown(f"{picture_sheet.generated()} {_('after')}")
        picture_sheet.sheet(made.pngs[0], alt=_("The picture that was made of it."), key=f"{key}.after", room=224)
    downloads(made, key=key, name=name)


@st.fragment
def nearest(run_id: str, key: str) -> None:
    """New pictures beside what they are most like among those it learned from, once somebody asks."""
    st.caption(_("Make a few and look at the picture it learned from that is nearest to each. Were they the same, it would only remember."))
    kept = f"{key}.compared:{run_id}"
    if st.button(_("Compare with the nearest real pictures"), icon=":material/compare:", key=f"{key}.compare:{run_id}"):
        st.session_state[kept] = True
    if not st.session_state.get(kept):
        return
    made = picture_ask.ask(run_id, "sample", {"n": NEAREST, "label": None, "seed": 7, "nearest": True})
    if made:
        shown(made, key=f"{key}.nearest:{run_id}")
