"""Activations below the trained layers, kept from one pass: fp32 in memory while small, else float16 in a temporary file.

The file is unlinked at once and lives as long as it is open, so a killed process leaves nothing behind.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from bmcore import device as devices
from bmcore.errors import StorageError

MEMORY_CAP = 2**30  # bytes of fp32 activations that may stay in memory
MEMORY_SHARE = 0.125  # and never more than this share of the machine's, which is the same after a resume


class States:
    """(T, d) activations of each text.

    Parameters
    ----------
    lengths : (n,) int array
        Tokens of each text.
    width : int
        d.
    folder : Path, optional
        Where the temporary file goes if one is needed.
    """

    def __init__(self, lengths: np.ndarray, width: int, folder: Path | None = None):
        self.offsets = np.concatenate([[0], np.cumsum(lengths)])
        shape = (int(self.offsets[-1]), width)
        self.on_disk = shape[0] * width * 4 > min(MEMORY_CAP, MEMORY_SHARE * devices.total_memory())
        self.data = self._file(shape, folder) if self.on_disk else np.empty(shape, dtype=np.float32)

    def _file(self, shape: tuple[int, int], folder: Path | None) -> np.ndarray:
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.truncate(0)
                _reserve(file, shape[0] * shape[1] * 2)
                return np.memmap(file, dtype=np.float16, mode="r+", shape=shape)
        except OSError as error:
            raise StorageError(
                "The activations of the frozen layers need {mb} MB on disk ({reason}). "
                "Free some disk space, use fewer texts, or train all layers.",
                mb=shape[0] * shape[1] * 2 // 2**20, reason=error.strerror or str(error),
            ) from error

    def put(self, batch: np.ndarray, states: torch.Tensor, left: bool = False) -> None:
        """Keep the activations (B, T, d) of a batch of texts."""
        values = states.float().cpu().numpy()
        for place, index in enumerate(batch):
            start, stop = self.offsets[index:index + 2]
            self.data[start:stop] = values[place, -(stop - start):] if left else values[place, :stop - start]

    def get(self, batch: np.ndarray, device: str, left: bool = False) -> torch.Tensor:
        """The activations (B, T, d), zero where there is padding."""
        lengths = self.offsets[batch + 1] - self.offsets[batch]
        width = int(lengths.max())
        out = np.zeros((len(batch), width, self.data.shape[1]), dtype=np.float32)
        for place, index in enumerate(batch):
            span = slice(width - lengths[place], width) if left else slice(0, lengths[place])
            out[place, span] = self.data[self.offsets[index]:self.offsets[index + 1]]
        return torch.from_numpy(out).to(device, non_blocking=True)


def _reserve(file, size: int) -> None:
    """Claim the space now: a full disk met through a memory map would kill the process."""
    import os

    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, max(size, 1))
    else:
        file.truncate(max(size, 1))
