"""The built-in samples that are pictures, each read from the file in its package: one function a sample, of the same name."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np

from bmcore import assets
from bmcore.data.pictures import Pictures

TILE = 32
# a photo is reduced until its shorter side is at most this long, so that none gives many more tiles than another
_SHORTER = 512
_PLAIN = 2.0  # standard deviation of the pixels; below it a tile shows nothing
_PHOTOS = {
    "astronaut": "astronaut.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "galaxies": "hubble_deep_field.jpg",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
}


def digits_28x28(folder: Path) -> Pictures:
    """5,000 digits of 28 x 28 pixels."""
    rows = _numbers(assets.read("digits_28x28", "mnist_5k.csv.gz"))
    return _digits(rows[:, :-1].astype(np.uint8), rows[:, -1])


def digits_8x8(folder: Path) -> Pictures:
    """1,797 digits of 8 x 8 pixels, whose 17 shades are spread over 0 to 255."""
    rows = _numbers((folder / "digits.csv.gz").read_bytes())
    return _digits(np.round(rows[:, :-1] * (255 / 16)).astype(np.uint8), rows[:, -1])


def photos(folder: Path) -> Pictures:
    """Tiles of six photos; the class is the photo. No two tiles overlap, so that none is partly in another."""
    tiles, labels, names = [], [], []
    for label, file in _PHOTOS.items():
        found, places = _tiles(_photo(assets.read("photos", file)))
        tiles.append(found)
        labels += [label] * len(found)
        names += [f"{label}/{y}-{x}.png" for y, x in places]
    return Pictures(np.concatenate(tiles), np.array(labels), names, [])


def _numbers(content: bytes) -> np.ndarray:
    import pandas as pd

    return pd.read_csv(io.BytesIO(gzip.decompress(content)), header=None).to_numpy(np.int64)


def _digits(pixels: np.ndarray, labels: np.ndarray) -> Pictures:
    side = int(pixels.shape[1] ** 0.5)
    names = [f"{label}/{place}.png" for place, label in enumerate(labels.tolist())]
    return Pictures(pixels.reshape(-1, side, side), labels, names, [])  # (n, h, w)


def _photo(content: bytes) -> np.ndarray:
    from PIL import Image

    photo = Image.open(io.BytesIO(content), formats=("PNG", "JPEG")).convert("RGB")
    shrink = min(1.0, _SHORTER / min(photo.size))
    size = (round(photo.width * shrink), round(photo.height * shrink))
    return np.asarray(photo.resize(size, Image.Resampling.LANCZOS) if shrink < 1 else photo)  # (h, w, 3)


def _tiles(photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tiles of a photo from its upper left corner on, and where each lies: row and column of tiles."""
    rows, columns = photo.shape[0] // TILE, photo.shape[1] // TILE
    grid = photo[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE, 3).swapaxes(1, 2)
    places = np.argwhere(grid.std(axis=(2, 3, 4)) >= _PLAIN)
    return np.ascontiguousarray(grid[places[:, 0], places[:, 1]]), places  # (n, TILE, TILE, 3)
