"""What `TextToImage` does in a process that may import torch and diffusers: load a pipeline, make pictures, train LoRA."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bmcore import device as devices
from bmcore import files
from bmcore.errors import BmcoreError, ModelError, ParameterError
from bmcore.image import inputs, memory
from bmcore.image.lora import LoRA
from bmcore.image.pipeline_files import COMPONENTS, look
from bmcore.messages import Message


class Painter:
    """A pipeline: looked at when made, loaded by `prepare`.

    Parameters
    ----------
    settings : dict
        The estimator's parameters.
    base : dict or None
        What a LoRA belongs to; it goes before the settings' model and revision.
    learning : bool
        Whether it is to be trained, which half precision without bf16 is too coarse for.
    """

    def __init__(self, settings: dict[str, Any], base: dict[str, Any] | None, learning: bool):
        self.asked, self.device = _asked(settings, base), devices.resolve(settings["device"])
        self.dtype = _dtype(self.device, learning)
        self.found = look(*self.asked, half=self.dtype != torch.float32)
        self.shape = memory.shape_of(self.found)
        self.size, self.pipeline, self.lora, self.bytes = 0, None, None, None

    def serves(self, settings: dict[str, Any], base: dict[str, Any] | None, learning: bool) -> bool:
        """Whether it is what these settings ask for."""
        device = devices.resolve(settings["device"])
        return self.asked == _asked(settings, base) and self.device == device and not (learning and self.dtype == torch.float16)

    def prepare(self, settings: dict[str, Any], learning: bool) -> None:
        """Take the picture size of the settings, refuse what memory cannot hold, then fetch and load."""
        self.size = self._size(settings["image_size"])
        memory.check(
            self.found, self.shape, size=self.size, batch=settings["batch_size"], rank=settings["rank"] if learning else None,
            width=self.dtype.itemsize, device=self.device, loaded=self.pipeline is not None,
        )
        if self.pipeline is None:
            self.pipeline = self._load()

    def _size(self, asked: int | None) -> int:
        size, factor = asked or self.shape.native, self.shape.factor
        if size % factor:
            raise ParameterError(
                "image_size cannot be {size} with {model}: it takes multiples of {factor}, such as {near}.",
                size=size, model=self.found.source.name, factor=factor, near=max(1, round(size / factor)) * factor,
            )
        return size

    def _load(self) -> Any:
        import diffusers

        folder, kind = self.found.fetch(), getattr(diffusers, self.found.kind)
        absent = dict.fromkeys((set(COMPONENTS) - set(self.found.components)) & set(inspect.signature(kind).parameters))
        try:
            with _quiet():
                pipeline = kind.from_pretrained(
                    folder, **absent, dtype=self.dtype, use_safetensors=True, variant=self.found.variant, local_files_only=True,
                    trust_remote_code=False,
                )
        except Exception as error:
            raise ModelError(
                "The model in {folder} cannot be opened ({reason}). Fetch or export it again, or choose another one.",
                folder=self.found.source.name, reason=" ".join(str(error).split())[:160],
            ) from error
        pipeline.set_progress_bar_config(disable=True)
        for part in pipeline.components.values():
            if isinstance(part, torch.nn.Module):
                part.requires_grad_(False).eval()
        pipeline.vae.enable_slicing()  # one picture at a time
        return pipeline.to(self.device)

    @property
    def denoiser(self) -> torch.nn.Module:
        return getattr(self.pipeline, self.found.denoiser)

    def use(self, content: bytes | None) -> None:
        """Compute with this LoRA file from now on; None: with the model alone."""
        if content is self.bytes:
            return
        if self.lora is not None:
            self.lora.detach()
        self.lora = None if content is None else LoRA.from_bytes(content, self.found.denoiser, self.denoiser).attach(self.denoiser)
        self.bytes = content

    def base(self) -> dict[str, str | None]:
        """What a LoRA trained here belongs to; a folder by its full path, a hub model by its commit."""
        model = self.asked[0]
        path = Path(model).expanduser()
        return {"model": str(path.resolve()) if path.is_dir() else model, "revision": self.found.source.commit, "pipeline": self.found.kind}

    def draw(self, prompts: list[str], negative: str | None, seed: int, steps: int, guidance: float, batch: int,
             report: Callable[..., Any] | None = None) -> np.ndarray:
        """One picture a prompt: (n, h, w, 3) uint8."""
        drawn = np.empty((len(prompts), self.size, self.size, 3), np.uint8)
        total = -(-len(prompts) // batch) * steps
        for start in range(0, len(prompts), batch):
            part = prompts[start:start + batch]
            noise = [torch.Generator().manual_seed(seed + start + at) for at in range(len(part))]
            done = start // batch * steps
            with _quiet(), _explained(self.found.source.name):
                found = self.pipeline(
                    prompt=part, negative_prompt=None if negative is None else [negative] * len(part), num_inference_steps=steps,
                    guidance_scale=guidance, height=self.size, width=self.size, generator=noise, output_type="np",
                    callback_on_step_end=_telling(report, done, total),
                ).images
            drawn[start:start + len(part)] = np.rint(np.clip(np.nan_to_num(found), 0, 1) * 255).astype(np.uint8)
        return drawn


def fit(painter: Painter, settings: dict[str, Any], pixels: np.ndarray, texts: list[str], report: Callable[..., Any],
        note: Callable[[Message], None], checkpoints: Path | None, watch: Callable[..., Any] | None) -> tuple[list[dict], int, bytes]:
    """Train a LoRA by the settings: (history, updates, diffusers' LoRA file)."""
    from bmcore.image.lora_task import LoRATask
    from bmcore.training.budget import Budget, BudgetLoop

    pixels = inputs.fitted(inputs.resized(pixels, painter.size), (painter.size, painter.size, 3))
    painter.use(None)
    with devices.seeded(settings["seed"]):
        lora = LoRA.beside(painter.denoiser, settings["rank"]).attach(painter.denoiser)
        try:
            task = LoRATask(painter, lora, settings, pixels, texts, report, _fingerprint(painter, settings, pixels, texts))
            budget = Budget(steps=settings["steps"], seconds=None if settings["steps"] else 60 * settings["minutes"], device=painter.device)
            loop = BudgetLoop(task, budget, report, note, checkpoints, watch)
            history = loop.run()
        finally:
            lora.detach()
            painter.denoiser.disable_gradient_checkpointing()
    return history, loop.position.step, lora.to_bytes(painter.found.denoiser)


def _asked(settings: dict[str, Any], base: dict[str, Any] | None) -> tuple[str, str | None]:
    chosen = base or settings
    return chosen["model"], chosen["revision"]


def _dtype(device: str, learning: bool) -> torch.dtype:
    if device != "cuda":
        return torch.float32
    if devices.precision(device) == "bf16":
        return torch.bfloat16
    return torch.float32 if learning else torch.float16


def _fingerprint(painter: Painter, settings: dict[str, Any], pixels: np.ndarray, texts: list[str]) -> str:
    """Same settings, model and data, same text."""
    chosen = {**settings, "base": painter.base(), "texts": texts, "shape": pixels.shape}
    digest = hashlib.sha256(json.dumps(chosen, sort_keys=True, default=files.plain).encode())
    digest.update(np.ascontiguousarray(pixels))
    return digest.hexdigest()


def _telling(report: Callable[..., Any] | None, done: int, total: int) -> Callable[..., dict]:
    def tell(pipeline: Any, step: int, timestep: Any, given: dict) -> dict:
        if report is not None:
            report(min(total, done + step + 1), total, phase="sample")
        return {}

    return tell


@contextlib.contextmanager
def _explained(model: str) -> Iterator[None]:
    """What a pipeline raises has no sentence of ours yet."""
    try:
        yield
    except BmcoreError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ModelError("Memory ran out while making pictures with {model}. Set batch_size to 1 or choose a smaller image_size.",
                         model=model) from error
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            "The model in {folder} cannot make pictures ({reason}). Choose another one, or another image_size.",
            folder=model, reason=" ".join(str(error).split())[:160],
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No warnings and bars of a load that is as it should be."""
    from diffusers.utils import logging as ours
    from transformers.utils import logging as theirs

    before = [(one, one.get_verbosity()) for one in (ours, theirs)]
    for one, _ in before:
        one.set_verbosity_error()
        one.disable_progress_bar()
    try:
        yield
    finally:
        for one, level in before:
            one.set_verbosity(level)
            one.enable_progress_bar()
