"""Real pictures of a run, as PNG: what generated ones are shown beside. Draws nothing, and reads no more of the file than it shows."""

from __future__ import annotations

import struct
import zipfile
import zlib
from functools import lru_cache

from bmcore.ui.picture_sheet import SIGNATURE

LONGEST_SIDE = 1024
_COLOUR = {1: 0, 3: 2}  # channels -> colour type of a PNG


def pictures(run, label: str | None, n: int) -> list[bytes]:
    """`n` real pictures that the run learned from: the first of that class if one is named, else from everywhere, since pictures come class
    by class. Empty where the file is absent or damaged."""
    path = run.folder / "training.npz"
    try:
        mark = path.stat()
    except OSError:
        return []
    return list(_kept(str(path), mark.st_mtime_ns, mark.st_size, label, n))


@lru_cache(maxsize=32)
def _kept(path: str, _changed: int, _bytes: int, label: str | None, n: int) -> tuple[bytes, ...]:
    try:
        with zipfile.ZipFile(path) as held:
            return tuple(_read(held, _rows(held, label, n)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError):
        return ()


def _rows(held: zipfile.ZipFile, label: str | None, n: int) -> list[int] | int:
    """Which pictures: the first of that class, in order; or how many at even distances."""
    if label is None:
        return n
    import numpy as np

    with held.open("labels.npy") as file:
        known = np.lib.format.read_array(file, allow_pickle=False)
    return [i for i, one in enumerate(known.tolist()) if str(one) == label][:n]


def _read(held: zipfile.ZipFile, rows: list[int] | int) -> list[bytes]:
    """Those rows of the array, or so many at even distances, without the others in memory."""
    import numpy as np

    found = []
    with held.open("images.npy") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_column, kind = read(file)
        if kind != np.uint8 or by_column or len(shape) not in (3, 4) or max(shape[1:3]) > LONGEST_SIDE:
            raise ValueError(shape)
        start, each = file.tell(), int(np.prod(shape[1:]))
        few = min(rows, shape[0]) if isinstance(rows, int) else 0
        for row in [i * shape[0] // few for i in range(few)] if isinstance(rows, int) else rows:
            if row >= shape[0]:
                break
            file.seek(start + row * each)
            found.append(png(file.read(each), shape[2], shape[1], shape[3] if len(shape) == 4 else 1))
    return found


def png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """Bytes of grey or colour pixels as a PNG.

    Examples
    --------
    >>> png(bytes(4), 2, 2, 1)[:8] == SIGNATURE
    True
    """
    each = width * channels
    if len(pixels) != each * height:
        raise ValueError(len(pixels))
    lines = b"".join(b"\0" + pixels[i : i + each] for i in range(0, len(pixels), each))
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR[channels], 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
