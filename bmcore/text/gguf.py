"""Reading a GGUF file: what it says about its model, and its tensors as numbers. The block formats of a Q4_K_M file are known.

Layouts: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. A block is 32 or 256 numbers as small whole numbers with shared scales.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np

from bmcore.errors import ModelError

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9


class File:
    """A GGUF file that lies on the disk.

    Attributes
    ----------
    facts : dict
        The file's own description: numbers, texts, lists of them.
    tensors : {name: (shape, type, byte at which it begins)}
        Shapes as numpy has them, the last axis running fastest.

    Raises
    ------
    ModelError
        If it is damaged.
    """

    def __init__(self, path: Path):
        self.content = np.memmap(path, np.uint8, "r")
        self.facts: dict[str, Any] = {}
        self.tensors: dict[str, tuple[tuple[int, ...], int, int]] = {}
        self._at = 0
        try:
            self._head()
        except (struct.error, KeyError, ValueError, UnicodeDecodeError, IndexError) as error:
            raise ModelError("The weights file {name} is damaged ({reason}). Fetch or export the model again.",
                             name=path.name, reason=str(error)[:80]) from error

    def read(self, name: str) -> np.ndarray:
        """A tensor as float32."""
        shape, kind, start = self.tensors[name]
        numbers, size, decode = _KINDS[kind]
        blocks = self.content[start:start + math.prod(shape) // numbers * size].reshape(-1, size)  # (blocks, bytes)
        return decode(blocks).reshape(shape)

    def _head(self) -> None:
        if bytes(self._take(4)) != b"GGUF" or self._number("I") != 3:
            raise ValueError("no GGUF 3")
        tensors, facts = self._number("Q"), self._number("Q")
        for _ in range(facts):
            name = self._text()
            self.facts[name] = self._value(self._number("I"))
        listed = [(self._text(), self._shape(), self._number("I"), self._number("Q")) for _ in range(tensors)]
        align = self.facts.get("general.alignment", 32)
        start = -(-self._at // align) * align
        self.tensors = {name: (shape, kind, start + offset) for name, shape, kind, offset in listed}

    def _shape(self) -> tuple[int, ...]:
        return tuple(self._number("Q") for _ in range(self._number("I")))[::-1]

    def _value(self, kind: int) -> Any:
        if kind == _TEXT:
            return self._text()
        if kind != _LIST:
            return self._number(_SCALARS[kind])
        inner, n = self._number("I"), self._number("Q")
        if inner in _SCALARS:
            return self._take(n * struct.calcsize(_SCALARS[inner])).view(np.dtype(_SCALARS[inner])).copy()
        return [self._value(inner) for _ in range(n)]

    def _text(self) -> str:
        return bytes(self._take(self._number("Q"))).decode("utf-8", "replace")

    def _number(self, code: str) -> Any:
        return struct.unpack("<" + code, bytes(self._take(struct.calcsize("<" + code))))[0]

    def _take(self, n: int) -> np.ndarray:
        if self._at + n > len(self.content):
            raise ValueError("file is cut")
        self._at += n
        return self.content[self._at - n:self._at]


def _half(part: np.ndarray) -> np.ndarray:
    """Pairs of bytes as numbers of 16 bits: (blocks, 1) float32."""
    return np.ascontiguousarray(part).view(np.float16).astype(np.float32)


def _f32(blocks: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(blocks).view(np.float32)


def _f16(blocks: np.ndarray) -> np.ndarray:
    return _half(blocks)


def _q8_0(blocks: np.ndarray) -> np.ndarray:
    """A scale and 32 whole numbers."""
    return _half(blocks[:, :2]) * np.ascontiguousarray(blocks[:, 2:]).view(np.int8)  # (blocks, 32)


def _q5_0(blocks: np.ndarray) -> np.ndarray:
    """A scale, the highest bits of 32 numbers, their lower 4 bits."""
    high = np.unpackbits(np.ascontiguousarray(blocks[:, 2:6]), axis=1, bitorder="little")  # (blocks, 32)
    low = np.concatenate([blocks[:, 6:] & 15, blocks[:, 6:] >> 4], axis=1)  # (blocks, 32)
    return _half(blocks[:, :2]) * ((low | high << 4).astype(np.float32) - 16)


def _q4_k(blocks: np.ndarray) -> np.ndarray:
    """8 groups of 32 numbers of 4 bits; each group has a scale and a least value of 6 bits."""
    packed, numbers = blocks[:, 4:16], blocks[:, 16:].reshape(-1, 4, 32)
    first, second, third = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scale = np.concatenate([first & 63, third & 15 | first >> 6 << 4], axis=1)  # (blocks, 8)
    least = np.concatenate([second & 63, third >> 4 | second >> 6 << 4], axis=1)
    values = np.stack([numbers & 15, numbers >> 4], axis=2).reshape(-1, 8, 32)  # (blocks, 8, 32)
    scaled = (_half(blocks[:, :2]) * scale)[:, :, None] * values
    return scaled - (_half(blocks[:, 2:4]) * least)[:, :, None]


def _q6_k(blocks: np.ndarray) -> np.ndarray:
    """16 groups of 16 numbers of 6 bits; each group has a scale of 8 bits."""
    low, high = blocks[:, :128].reshape(-1, 2, 2, 32), blocks[:, 128:192].reshape(-1, 2, 1, 32)
    scale = np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32)  # (blocks, 16)
    lower = np.concatenate([low & 15, low >> 4], axis=2)  # (blocks, 2, 4, 32)
    upper = high >> np.array([0, 2, 4, 6], np.uint8)[:, None] & 3
    values = (lower | upper << 4).astype(np.float32).reshape(-1, 16, 16) - 32
    return (_half(blocks[:, 208:]) * scale)[:, :, None] * values


_KINDS = {0: (1, 4, _f32), 1: (1, 2, _f16), 6: (32, 22, _q5_0), 8: (32, 34, _q8_0), 12: (256, 144, _q4_k), 14: (256, 210, _q6_k)}
