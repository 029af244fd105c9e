"""Device, precision, seeds."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from bmcore import device
from bmcore.errors import ParameterError


def test_auto_is_a_device_of_this_machine():
    assert device.resolve("auto") == ("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")


def test_an_absent_device_is_a_sentence():
    if torch.cuda.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(ParameterError, match="not on this machine"):
        device.resolve("cuda")
    with pytest.raises(ParameterError):
        device.resolve("tpu")


def test_processors_compute_in_fp32():
    assert device.precision("cpu") == "no"


def test_bf16_only_where_fast(monkeypatch):
    for major, wanted in ((7, "no"), (8, "bf16"), (9, "bf16")):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda major=major: (major, 0))
        assert device.precision("cuda") == wanted


def test_seeded_repeats_and_leaves_no_trace():
    before = device.capture_random()
    with device.seeded(3):
        first = (random.random(), np.random.rand(), torch.rand(()).item())
    with device.seeded(3):
        assert first == (random.random(), np.random.rand(), torch.rand(()).item())
    after = device.capture_random()
    assert before["python"] == after["python"]
    assert torch.equal(before["torch"], after["torch"])


def test_figures():
    assert device.gflops(0.02) > 0.1
    assert 2**20 < device.free_memory() < device.total_memory() == device.total_memory()
