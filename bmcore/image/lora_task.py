"""LoRA training of a pipeline's denoiser: what it predicts, and one update. The budget, checkpoints and the rest are BudgetLoop's.

Pictures are encoded once, sentences too; an update touches the denoiser alone. What is drawn in an update depends on the seed and the
number of the update only, so a resumed training goes on as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F

from bmcore.errors import ModelError
from bmcore.image.lora import LoRA

if TYPE_CHECKING:
    from bmcore.image.engine_text import Painter

WARM = 10  # updates until the full learning rate
CLIP = 1.0
ENCODED = 4  # pictures or sentences at a time
SHOWN = 4


class Target:
    """The noisy picture and what the denoiser shall say about it, by the scheduler's `prediction_type`.

    epsilon: the noise; v_prediction: sqrt(a) noise - sqrt(1 - a) picture; sample: the picture; flow: noise - picture, on the straight way
    (1 - s) picture + s noise.
    """

    def __init__(self, scheduler: Any):
        kind, levels = scheduler.config.get("prediction_type"), getattr(scheduler, "alphas_cumprod", None)
        straight = levels is None or kind == "flow_prediction"
        self.kind = "flow" if straight else (kind or "epsilon")
        self.levels = None if straight else levels.detach().float().cpu()
        self.shift = float(scheduler.config.get("shift") or scheduler.config.get("flow_shift") or 1.0)
        if self.kind not in ("epsilon", "v_prediction", "sample", "flow"):
            raise ModelError(
                "The model's scheduler predicts {kind}, which cannot be trained here. Choose another model.", kind=str(self.kind)[:60]
            )

    def times(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Random times, as the denoiser counts them: (n,)."""
        if self.levels is not None:
            return torch.randint(len(self.levels), (n,), generator=generator)
        share = torch.sigmoid(torch.randn(n, generator=generator))  # the middle of the way matters most (Esser et al. 2024)
        return 1000 * self.shift * share / (1 + (self.shift - 1) * share)

    def pair(self, clean: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(noisy, what is to be predicted), both of the shape of `clean` (n, c, h, w)."""
        if self.levels is None:
            share = (times / 1000).view(-1, 1, 1, 1)
            return (1 - share) * clean + share * noise, noise - clean
        level = self.levels[times].view(-1, 1, 1, 1)
        noisy = level.sqrt() * clean + (1 - level).sqrt() * noise
        wanted = {"epsilon": noise, "sample": clean, "v_prediction": level.sqrt() * noise - (1 - level).sqrt() * clean}
        return noisy, wanted[self.kind]


class LoRATask:
    """One fit, as BudgetLoop wants it."""

    def __init__(self, painter: Painter, lora: LoRA, settings: dict[str, Any], pixels: np.ndarray, texts: list[str],
                 report: Callable[..., Any], fingerprint: str):
        self.painter, self.lora, self.fingerprint = painter, lora, fingerprint
        self.rate, self.seed = settings["learning_rate"], settings["seed"]
        self.samples, self.parts = min(settings["batch_size"], len(pixels)), 1
        self.batch, self.sampling = settings["batch_size"], (settings["sampling_steps"], settings["guidance"])
        self.modules = {"lora": lora}
        self.optimizers = {"lora": torch.optim.AdamW(lora.parameters(), lr=self.rate, weight_decay=1e-2)}
        self.target = Target(painter.pipeline.scheduler)
        self.sentences = sorted(set(texts))
        place = {text: at for at, text in enumerate(self.sentences)}
        self.captions = torch.tensor([place[text] for text in texts])
        total = len(self.sentences) + len(pixels)
        self.conditions = _encoded_texts(painter, self.sentences, report, total)
        self.latents = _encoded_pictures(painter, pixels, report, len(self.sentences), total)
        painter.denoiser.enable_gradient_checkpointing()

    def step(self, step: int, done: float) -> dict[str, torch.Tensor]:
        """One update of the LoRA."""
        optimizer = self.optimizers["lora"]
        for group in optimizer.param_groups:
            group["lr"] = self.rate * min(1.0, (step + 1) / WARM)
        optimizer.zero_grad(set_to_none=True)
        generator = torch.Generator().manual_seed(self.seed + 1_000_003 * (step + 1))
        rows = self._rows(step)
        clean, noise = self.latents[rows], torch.randn(self.latents[rows].shape, generator=generator)
        times = self.target.times(len(rows), generator)
        noisy, wanted = self.target.pair(clean, noise, times)
        loss = torch.zeros((), device=self.painter.device)
        for part in torch.arange(len(rows)).tensor_split(self.parts):
            predicted = self._predict(noisy[part], times[part], self.captions[rows[part]])
            piece = F.mse_loss(predicted.float(), wanted[part].to(self.painter.device)) * (len(part) / len(rows))
            piece.backward()
            loss += piece.detach()
        torch.nn.utils.clip_grad_norm_(self.lora.parameters(), CLIP)
        optimizer.step()
        return {"loss": loss}

    def _rows(self, step: int) -> torch.Tensor:
        """Each picture once before any comes again: (samples,)."""
        n = len(self.latents)
        places = np.arange(step * self.samples, (step + 1) * self.samples)
        orders = {turn: np.random.default_rng([self.seed, turn]).permutation(n) for turn in set((places // n).tolist())}
        return torch.tensor([orders[place // n][place % n] for place in places.tolist()])

    def _predict(self, noisy: torch.Tensor, times: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        """What the denoiser says: (n, c, h, w)."""
        device, dtype, size = self.painter.device, self.painter.dtype, self.painter.size
        noisy, times = noisy.to(device, dtype), times.to(device)
        texts = self.conditions["texts"][captions].to(device, dtype)  # (n, words, width)
        if "pooled" not in self.conditions:
            return self.painter.denoiser(noisy, times, encoder_hidden_states=texts).sample
        pooled = self.conditions["pooled"][captions].to(device, dtype)  # (n, width)
        if self.painter.found.denoiser == "transformer":
            return self.painter.denoiser(noisy, timestep=times, encoder_hidden_states=texts, pooled_projections=pooled).sample
        sizes = torch.tensor([[size, size, 0, 0, size, size]], device=device, dtype=dtype).expand(len(noisy), 6)
        added = {"text_embeds": pooled, "time_ids": sizes}
        return self.painter.denoiser(noisy, times, encoder_hidden_states=texts, added_cond_kwargs=added).sample

    def validate(self) -> dict[str, float]:
        """Nothing is held out of a few dozen pictures."""
        return {}

    def pictures(self) -> np.ndarray:
        """Up to 4 of the learned sentences from the same noise."""
        steps, guidance = self.sampling
        return self.painter.draw(self.sentences[:SHOWN], None, 0, steps, guidance, self.batch)

    def halve(self) -> bool:
        """Smaller parts of a batch."""
        if self.parts >= self.samples:
            return False
        self.parts *= 2
        return True


@torch.no_grad()
def _encoded_texts(painter: Painter, sentences: list[str], report: Callable[..., Any], total: int) -> dict[str, torch.Tensor]:
    """texts (k, words, width) and, for the larger models, pooled (k, width)."""
    pipeline, found = painter.pipeline, []
    for start in range(0, len(sentences), ENCODED):
        report(start, total, phase="encode")
        part = sentences[start:start + ENCODED]
        given = {"device": painter.device, "num_images_per_prompt": 1, "do_classifier_free_guidance": False}
        if painter.found.kind == "StableDiffusion3Pipeline":
            given |= {"prompt_2": None, "prompt_3": None}
        found.append([None if one is None else one.float().cpu() for one in pipeline.encode_prompt(prompt=part, **given)])
    texts = torch.cat([one[0] for one in found])
    return {"texts": texts} if len(found[0]) < 4 else {"texts": texts, "pooled": torch.cat([one[2] for one in found])}


@torch.no_grad()
def _encoded_pictures(painter: Painter, pixels: np.ndarray, report: Callable[..., Any], done: int, total: int) -> torch.Tensor:
    """Latents (n, c, h, w) as the denoiser sees them; encoded in float32, since half precision overflows in some of these encoders."""
    vae, kept, found = painter.pipeline.vae, painter.dtype, []
    scale, shift = vae.config.scaling_factor, getattr(vae.config, "shift_factor", None) or 0.0
    if kept != torch.float32:
        vae.to(torch.float32)
    try:
        for start in range(0, len(pixels), ENCODED):
            report(done + start, total, phase="encode")
            part = torch.from_numpy(pixels[start:start + ENCODED]).permute(0, 3, 1, 2)  # (n, 3, h, w)
            found.append(vae.encode(part.to(painter.device, torch.float32) / 127.5 - 1).latent_dist.mode().cpu())
    finally:
        if kept != torch.float32:
            vae.to(kept)
    return (torch.cat(found) - shift) * scale
