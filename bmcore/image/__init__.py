"""Pictures: models that learn from a founder's own pictures and make new ones. Names are resolved on first use (PEP 562)."""

from __future__ import annotations

import importlib

_WHERE = {
    "Diffusion": "bmcore.image.diffusion",
    "GAN": "bmcore.image.gan",
    "Generator": "bmcore.image.contract",
    "TextToImage": "bmcore.image.text_to_image",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'bmcore.image' has no attribute {name!r}")


def __dir__():
    return __all__
