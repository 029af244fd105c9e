"""Pictures as files: one png a picture, or many on a contact sheet. Imports nothing heavy until it is used."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

COLUMNS = 10
_CELL = 56  # pixels that a small picture is enlarged to: 28 pixels are no bigger than a letter
_GAP = 4
_WIDEST = 4096  # pixels of a sheet
PAGE = 1_200_000  # pixels of a sheet that a page shows: in colour below 4 MB as a png


def png(image: np.ndarray) -> bytes:
    """A picture (h, w), (h, w, 1) or (h, w, 3) of uint8 as a png file."""
    from PIL import Image

    flat = image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image
    kept = io.BytesIO()
    Image.fromarray(flat).save(kept, "PNG")
    return kept.getvalue()


def sheet(images: np.ndarray, columns: int = COLUMNS, *, by_column: bool = False, most: int | None = None) -> np.ndarray:
    """A contact sheet: pictures (n, h, w[, c]) in rows on white, small ones enlarged without blur.

    Parameters
    ----------
    images : array of uint8
    columns : int
        Pictures in a row; fewer where that would be too wide.
    by_column : bool
        Fill column after column, so that the pictures of a class, which follow each other, stand above each other.
    most : int, optional
        Pixels of all pictures together; larger ones are made smaller.

    Returns
    -------
    array of uint8, (height, width) or (height, width, 3)

    Examples
    --------
    >>> import numpy as np
    >>> sheet(np.zeros((12, 8, 8, 1), dtype=np.uint8)).shape
    (116, 596)
    """
    import numpy as np

    images = np.asarray(images, dtype=np.uint8)
    images = images[..., None] if images.ndim == 3 else images  # (n, h, w, c)
    if most and images[..., 0].size > most:
        images = _smaller(images, (most / images[..., 0].size) ** 0.5)
    count, high, wide, channels = images.shape
    by = max(1, _CELL // max(high, wide))
    high, wide = high * by, wide * by
    columns = max(1, min(columns, count, (_WIDEST + _GAP) // (wide + _GAP)))
    rows = -(-count // columns)
    shown = np.full((rows * (high + _GAP) - _GAP, columns * (wide + _GAP) - _GAP, channels), 255, dtype=np.uint8)
    for number, image in enumerate(images):
        column, row = divmod(number, rows) if by_column else divmod(number, columns)[::-1]
        top, left = row * (high + _GAP), column * (wide + _GAP)
        shown[top : top + high, left : left + wide] = image.repeat(by, axis=0).repeat(by, axis=1)
    return shown[:, :, 0] if channels == 1 else shown


def _smaller(images: np.ndarray, share: float) -> np.ndarray:
    """Each picture at that share of its height and width."""
    import numpy as np
    from PIL import Image

    high, wide = (max(1, int(side * share)) for side in images.shape[1:3])
    flat = images[..., 0] if images.shape[3] == 1 else images
    found = np.stack([np.asarray(Image.fromarray(image).resize((wide, high), Image.Resampling.LANCZOS)) for image in flat])
    return found.reshape(len(images), high, wide, -1)
