"""The look at pictures: how many of what, what was left out and why, and some of them on one sheet.

Runs inside the process of `bmcore.ui.look`; imports no streamlit.

    {"ref", "pictures": true, "size": null | 8..256}
    {"n", "size": [h, w, c], "own_size": [h, w], "classes": [{"name", "n"}], "counts": [[name, n]], "notes": [Message],
     "sheet": base64 PNG of up to 60 pictures, "examples": [{"label", "picture": base64 PNG}], "problem": null}

What cannot be read is the error of the look, as with tables.
"""

from __future__ import annotations

import base64
import io

from bmcore.data.picture_names import MOST_LABEL

COLUMNS, MOST, CELL, MOST_CLASSES, MOST_NOTES = 10, 60, 56, 500, 20


def answer(request: dict) -> dict:
    """The look itself.

    Raises
    ------
    DataError, AssetError
        As `load_pictures`.
    """
    from bmcore.data.pictures import load_pictures

    return _found(load_pictures(request["ref"], size=request.get("size")))


def _found(pictures) -> dict:
    counts = [[str(name)[:MOST_LABEL], n] for name, n in list(pictures.classes.items())[:MOST_CLASSES]]
    size = [int(side) for side in pictures.pixels.shape[1:]]
    return {
        "n": len(pictures),
        "size": size,
        "own_size": list(pictures.own_size or size[:2]),
        "classes": [{"name": name, "n": n} for name, n in counts],
        "counts": counts,
        "notes": [note.to_dict() for note in pictures.notes[:MOST_NOTES]],
        "sheet": _text(_sheet(pictures)),
        "examples": [
            {"label": str(name)[:MOST_LABEL], "picture": _text(pictures.images[_of(pictures, name)[0]])}
            for name in list(pictures.classes)[:COLUMNS]
        ],
        "problem": None,
    }


def _of(pictures, name):
    import numpy as np

    return np.flatnonzero(pictures.labels == name)


def rows(pictures) -> list[list[int]]:
    """Which pictures stand in each row of the sheet: a class a row, or a class a column, or as many as there are."""
    import numpy as np

    if pictures.labels is None:
        chosen = np.unique(np.linspace(0, len(pictures) - 1, min(MOST, len(pictures))).astype(int)).tolist()
        return [chosen[start : start + COLUMNS] for start in range(0, len(chosen), COLUMNS)]
    members = [_of(pictures, name).tolist() for name in list(pictures.classes)[:MOST]]
    if len(members) <= MOST // COLUMNS:
        return [rows[:COLUMNS] for rows in members]
    if len(members) <= COLUMNS:
        return [row for place in range(MOST // COLUMNS) if (row := [rows[place] if place < len(rows) else -1 for rows in members])]
    each = max(1, MOST // len(members))
    flat = [row for rows in members for row in rows[:each]][:MOST]
    return [flat[start : start + COLUMNS] for start in range(0, len(flat), COLUMNS)]


def _sheet(pictures):
    """Up to 60 pictures side by side, tiny ones enlarged without blur."""
    import numpy as np

    side = pictures.images.shape[1]
    times = max(1, CELL // side)
    cell = min(side * times, CELL)
    lines = rows(pictures)
    sheet = np.full((cell * len(lines), cell * max(map(len, lines)), *pictures.images.shape[3:]), 255, np.uint8)
    for y, line in enumerate(lines):
        for x, row in enumerate(line):
            if row >= 0:
                sheet[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell] = _fitted(pictures.images[row], times, cell)
    return sheet


def _fitted(image, times: int, cell: int):
    import numpy as np
    from PIL import Image

    if image.shape[0] <= cell:
        return image.repeat(times, 0).repeat(times, 1)
    return np.asarray(Image.fromarray(image).resize((cell, cell), Image.Resampling.LANCZOS))


def _text(image) -> str:
    from PIL import Image

    shown = Image.fromarray(image)
    shown.thumbnail((COLUMNS * CELL, COLUMNS * CELL))
    if max(image.shape[:2]) > 2 * CELL and image.shape[0] == image.shape[1]:
        shown.thumbnail((2 * CELL, 2 * CELL))
    out = io.BytesIO()
    shown.save(out, "PNG", optimize=False)
    return base64.b64encode(out.getvalue()).decode()
