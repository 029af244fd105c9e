"""One picture file, hostile until decoded: its header is checked, then it is decoded, turned, cut to a square and reduced.

pixels = read_picture(content, "cat.jpg", size=64)
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from bmcore.data import picture_headers
from bmcore.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 40_000_000
MAX_BYTES = 50 * 2**20
LEAST, MOST = 8, 256  # height and width of what is learned from
_LARGE, _MOST_RATIO = 1_000_000, 200  # a picture of more pixels than this is refused if its bytes are packed more than this
_LEAST_SIDE = 4
_TURNS = {2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (4,), 7: (6,), 8: (2,)}  # EXIF orientation -> Pillow's transpositions
# two channels of a grey picture in a colour file differ by rounding only
_GREY = 2


def check(content: bytes, name: str) -> picture_headers.Header:
    """The header of a picture file that may be decoded. Only its first bytes are looked at.

    Raises
    ------
    DataError
        If it is no PNG, JPEG or WebP, empty, larger than the caps or animated.
    """
    if not content:
        raise DataError("{name} is empty. Give the picture again.", name=name)
    if len(content) > MAX_BYTES:
        raise DataError("{name} has more than {most} MB. Save the picture smaller.", name=name, most=MAX_BYTES // 2**20)
    header = picture_headers.read(content)
    if header is None:
        raise DataError("{name} is no picture: its content is neither PNG, JPEG nor WebP. Save it as one of these.", name=name)
    _check_size(header, len(content), name)
    return header


def _check_size(header: picture_headers.Header, n_bytes: int, name: str) -> None:
    width, height, pixels = header.width, header.height, header.width * header.height
    if pixels > MAX_PIXELS:
        raise DataError(
            "{name} has {width} x {height} pixels; at most {most} million are decoded. Save the picture smaller.",
            name=name, width=width, height=height, most=MAX_PIXELS // 1_000_000,
        )
    if min(width, height) < _LEAST_SIDE:
        raise DataError(
            "{name} has {width} x {height} pixels; at least {least} x {least} are needed. Leave it out.",
            name=name, width=width, height=height, least=_LEAST_SIDE,
        )
    if header.animated:
        raise DataError("{name} is an animation; a picture has one frame. Save the frame that you want.", name=name)
    if picture_headers.too_many_scans(header) or (pixels > _LARGE and pixels * 3 > _MOST_RATIO * n_bytes):
        raise DataError(
            "{name} unpacks to more than {most} times its size: it is nearly empty or made to fill the memory. Leave it out.",
            name=name, most=_MOST_RATIO,
        )


def read_picture(content: bytes, name: str, *, size: int | None = None) -> np.ndarray:
    """The pixels of one picture file.

    Use it when a single picture comes from outside: an upload, the body of a request.

    Parameters
    ----------
    content : bytes
        A PNG, JPEG or WebP file.
    name : str
        What messages call it.
    size : int, optional
        Height and width of the square to bring it to; by default the square in its middle as it is.

    Returns
    -------
    (size, size) or (size, size, 3) uint8
        Grey if the picture is. Turned as its EXIF says, transparency on white. Of 16 bits the upper eight in use: those of the lower
        twelve where no pixel is brighter.

    Raises
    ------
    DataError
        If it is refused or broken.

    Notes
    -----
    About 0.2 ms for a small picture, 0.1 s for a photo of 12 megapixels. Memory: at most eight bytes a pixel.
    """
    header = check(content, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broken EXIF and sizes, which are looked at here
            return _decode(content, header, size)
    except Exception as error:  # Pillow has an error of its own for nearly every way in which a file can be broken
        raise DataError("{name} is cut or damaged. Give the picture again.", name=name) from error


def _decode(content: bytes, header: picture_headers.Header, size: int | None) -> np.ndarray:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(content), formats=(header.kind,)) as image:
        if image.size != (header.width, header.height):
            raise ValueError("two sizes")
        turn = _orientation(image)
        if size is not None:
            image.draft(None, (2 * size, 2 * size))  # a JPEG is decoded at a half, a quarter or an eighth
        found = _turned(_square(_plain(image), size), turn)
    pixels = np.asarray(_on_white(found))
    return pixels if pixels.ndim == 2 else _without_colour(pixels)


def _orientation(image: Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # EXIF is written by everybody, and a broken one hides no picture
        return 1


def _plain(image: Image) -> Image:
    """Modes that can be reduced: L and RGB, or RGBA where something is transparent."""
    if image.mode.startswith("I") or image.mode == "F":
        from PIL import Image as pillow

        return pillow.fromarray(_upper_eight(np.asarray(image).astype(np.int64)))
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        image.load()
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "LA", "La") else "RGB")


def _upper_eight(pixels: np.ndarray) -> np.ndarray:
    """The upper eight bits in use: detectors and X-ray machines write 12 bits into files of 16, which would be nearly black."""
    bits = next((n for n in (8, 12) if pixels.max(initial=0) < 1 << n), 16)
    return (pixels >> bits - 8).clip(0, 255).astype(np.uint8)


def _square(image: Image, size: int | None) -> Image:
    """The square in the middle, reduced with antialiasing."""
    from PIL import Image as pillow

    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    if size is None or size == side:
        return image.crop(box)
    filter = pillow.Resampling.LANCZOS if size < side else pillow.Resampling.BICUBIC
    return image.resize((size, size), filter, box=box, reducing_gap=3.0)


def _turned(image: Image, orientation: int) -> Image:
    for turn in _TURNS.get(orientation, ()):
        image = image.transpose(turn)
    return image


def _on_white(image: Image) -> Image:
    if image.mode != "RGBA":
        return image
    from PIL import Image as pillow

    return pillow.alpha_composite(pillow.new("RGBA", image.size, "white"), image).convert("RGB")


def _without_colour(pixels: np.ndarray) -> np.ndarray:
    """A colour file that shows only grey, as grey."""
    low, high = pixels.min(-1), pixels.max(-1)
    return pixels[..., 1].copy() if int((high - low).max(initial=0)) <= _GREY else pixels
