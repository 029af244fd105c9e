"""The parts of a saved model that diffusers does not have itself. Import this module, then `DiffusionPipeline.from_pretrained(folder)`."""

from __future__ import annotations

from bmcore.image.codec import PatchCodec
from bmcore.image.flow import FlowMLP

__all__ = ["FlowMLP", "PatchCodec"]
