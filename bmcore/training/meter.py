"""Throughput of a training: samples, tokens and FLOP a second, over the last ten seconds or so."""

from __future__ import annotations

import time

WINDOW = 10.0  # seconds after which half of what is old is forgotten


class Meter:
    """Counts work and says how fast it goes.

    Parameters
    ----------
    peak : float or None
        FLOP/s that the device could reach; with it `rates` tells the share used (MFU).
    """

    def __init__(self, peak: float | None = None):
        self.peak, self.start = peak, time.monotonic()
        self.samples = self.tokens = self.flops = 0.0

    def count(self, samples: int, tokens: int, flops: float) -> None:
        """Add the work of one step."""
        self.samples, self.tokens, self.flops = self.samples + samples, self.tokens + tokens, self.flops + flops

    def pause(self, seconds: float) -> None:
        """Leave out seconds in which something else was done."""
        self.start += seconds

    def rates(self) -> dict[str, float]:
        """samples_per_s, tokens_per_s and, where the device's peak is known, mfu."""
        seconds = max(time.monotonic() - self.start, 1e-9)
        found = {"samples_per_s": self.samples / seconds, "tokens_per_s": self.tokens / seconds}
        if self.peak:
            found["mfu"] = self.flops / seconds / self.peak
        if seconds > WINDOW:
            self.start += seconds / 2
            self.samples, self.tokens, self.flops = self.samples / 2, self.tokens / 2, self.flops / 2
        return found
