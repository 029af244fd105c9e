"""What `Diffusion.fit` does in a process that may import torch: codec, network, held-out pictures, updates."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bmcore import device as devices
from bmcore import files
from bmcore.image import distill, polish
from bmcore.image.codec import PatchCodec
from bmcore.image.engine_diffusion import Flow, precise
from bmcore.image.flow import TIMES, FlowMLP, drawn_times, mixed
from bmcore.image.inputs import Learnable
from bmcore.messages import Message
from bmcore.training.budget import TENTHS, Budget, BudgetLoop

WHOLE = 64  # pixels a side up to which "auto" keeps a whole picture as one vector, on a processor; half of it on an accelerator
COMPONENTS = 150  # of a whole picture, grey; twice as many in colour
TOKENS = 16  # a side, of a grid of patches
HELD_OUT, MOST_HELD_OUT, LEAST_PICTURES = 0.05, 512, 20
DROPPED = 0.1  # share of pictures whose class is hidden, for guidance
WARM = 0.02  # share of the budget in which the learning rate grows
AVERAGE = 16.0  # weights are averaged over about the last 5 % of the updates, however many there are
ENCODED = 2048  # pictures at a time
SHIFTED = 0.5  # share of pictures that are moved by a pixel: a few thousand are otherwise learned by heart within two minutes
SHIFTED_FROM, SHIFTED_TO = 16, 20_000  # pixels a side, below which a pixel is much; pictures, above which there is no need


def fit(settings: dict[str, Any], given: Learnable, report: Callable[..., None], note: Callable[[Message], None],
        checkpoints: Path | None, watch: Callable[..., Any] | None, started: float) -> tuple[Flow, list[dict], int]:
    """(flow, history, updates) by the estimator's settings."""
    device = devices.resolve(settings["device"])
    with devices.seeded(settings["seed"]):
        flow = _fresh(settings, given, device)
        seconds = None if settings["steps"] else settings["minutes"] * 60
        _polish(flow, given.pixels, settings, seconds, report, started)
        task = FlowTask(flow, given, settings)
        budget = Budget(settings["steps"], seconds, device)
        loop = BudgetLoop(task, budget, report, note, checkpoints, watch, started)
        history = loop.run()
    flow.transformer = task.modules["average"].requires_grad_(False).eval()
    flow.finish(settings["distill"])
    return flow, history, loop.position.step


def _fresh(settings: dict[str, Any], given: Learnable, device: str) -> Flow:
    h, w, c = given.pixels.shape[1:]
    space, components = settings["space"], settings["components"]
    if space == "auto":
        space = "picture" if max(h, w) <= (WHOLE if device == "cpu" else WHOLE // 2) else "patches"
    if space == "picture":
        codec = PatchCodec.learn(given.pixels, None, (COMPONENTS * (c + 1) // 2) if components == "auto" else components, settings["seed"])
        d = codec.config.components
        return Flow(FlowMLP(d, 512, 3, given.k, sample_size=1, out_channels=d), codec, given.k, device)
    side = max(2, 2 ** math.ceil(math.log2(max(h, w) / TOKENS)))
    codec = PatchCodec.learn(given.pixels, (side, side), min(side * side * c, 64) if components == "auto" else components, settings["seed"])
    return Flow(_transformer(codec, large=device != "cpu"), codec, given.k, device)


def _polish(
    flow: Flow, pixels: np.ndarray, settings: dict[str, Any], seconds: float | None, report: Callable[..., None], started: float
) -> None:
    """Give a codec that leaves something out a network that puts it back, within a small share of the budget."""
    config, steps = flow.codec.config, settings["steps"]
    if config.components >= flow.codec.numbers or len(pixels) < polish.LEAST or min(pixels.shape[1:3]) < polish.SMALLEST:
        return
    begun, most = time.monotonic(), polish.MOST if seconds else min(polish.MOST, int(polish.SHARE * steps))

    def done(updates: int) -> float:
        now = time.monotonic()
        report(*(((now - started) * TENTHS, seconds * TENTHS) if seconds else (0, steps)), phase="train", updates=0)
        return max(updates / most if most else 1.0, (now - begun) / (polish.SHARE * seconds) if seconds else 0.0)

    flow.codec = flow.codec.polished(polish.WIDTH)
    # pictures come class by class: the first ones would be of few classes
    rows = np.sort(np.random.default_rng(settings["seed"]).permutation(len(pixels))[: polish.MOST * polish.BATCH])
    x = torch.from_numpy(pixels[rows]).to(flow.device)
    polish.teach(flow.codec.polish, flow.soft, x, done)


def _transformer(codec: PatchCodec, large: bool) -> torch.nn.Module:
    from diffusers import DiTTransformer2DModel

    # 1000 classes whatever there are: the pipeline asks for no class by that number
    network = DiTTransformer2DModel(
        num_attention_heads=6 if large else 4, attention_head_dim=64 if large else 32, in_channels=codec.config.components,
        out_channels=codec.config.components, num_layers=12 if large else 4, sample_size=codec.grid, patch_size=1, num_embeds_ada_norm=1000,
    )
    torch.nn.init.zeros_(network.proj_out_2.weight)
    torch.nn.init.zeros_(network.proj_out_2.bias)
    for block in network.transformer_blocks:
        block.norm1.emb.class_embedder.dropout_prob = 0.0  # every block would forget the class on its own; we hide it from all at once
        torch.nn.init.zeros_(block.norm1.linear.weight)
        torch.nn.init.zeros_(block.norm1.linear.bias)
    return network


class FlowTask:
    """Updates of one flow network on pictures that stay encoded on the device."""

    def __init__(self, flow: Flow, given: Learnable, settings: dict[str, Any]):
        self.flow, self.device, self.k = flow, flow.device, given.k
        small = isinstance(flow.transformer, FlowMLP)
        self.samples = settings["batch_size"] if settings["batch_size"] != "auto" else 256 if small or flow.device != "cpu" else 64
        self.rate = settings["learning_rate"] if settings["learning_rate"] != "auto" else 2e-3 if small else 6e-4
        self.parts, self.distills = 1, settings["distill"]
        network = flow.transformer.train()
        self.modules = {"network": network, "average": copy.deepcopy(network).requires_grad_(False).eval()}
        if self.distills:
            self.modules |= {"teacher": copy.deepcopy(self.modules["average"]), "turn": torch.nn.Module()}
            self.modules["turn"].register_buffer("done", torch.tensor(False))  # a checkpoint holds buffers
        self.optimizers = {"adamw": torch.optim.AdamW(network.parameters(), self.rate, betas=(0.9, 0.99), weight_decay=0.01,
                                                      fused=flow.device in ("cpu", "cuda"))}
        operations = network.flops() if small else 2.0 * flow.codec.grid**2 * sum(value.numel() for value in network.parameters())
        self.flops = 3 * self.samples * operations
        self._give(given, settings)

    def _give(self, given: Learnable, settings: dict[str, Any]) -> None:
        n = len(given.pixels)
        z = self._encoded(given.pixels)
        labels = torch.from_numpy(given.numbers if given.k else np.full(n, self.flow.none)).to(self.device)
        held = min(MOST_HELD_OUT, round(n * HELD_OUT)) if n >= LEAST_PICTURES else 0
        order = torch.from_numpy(np.random.default_rng(settings["seed"]).permutation(n)).to(self.device)
        self.held, self.held_labels = z[order[:held]], labels[order[:held]]
        self.z, self.labels = z[order[held:]], labels[order[held:]]
        moves = isinstance(self.flow.transformer, FlowMLP) and min(given.pixels.shape[1:3]) >= SHIFTED_FROM and n <= SHIFTED_TO
        learned = given.pixels[order[held:].cpu().numpy()]
        self.shifted = torch.stack([self._encoded(one) for one in shifts(learned)]) if moves else None  # (8, n, components, 1, 1)
        known = {name: value for name, value in settings.items() if name not in ("device", "minutes", "steps")}
        digest = hashlib.sha256(json.dumps(known, sort_keys=True, default=files.plain).encode())
        digest.update(given.pixels.tobytes() + given.numbers.tobytes())
        self.fingerprint = digest.hexdigest()
        self.shown = np.repeat(np.arange(min(10, given.k)), 4) if given.k else np.zeros(16, np.int64)

    def _encoded(self, pixels: np.ndarray) -> torch.Tensor:
        return torch.cat([self.flow.encode(part) for part in np.split(pixels, range(ENCODED, len(pixels), ENCODED))])

    def _latents(self, rows: torch.Tensor) -> torch.Tensor:
        """Of these pictures, some of them moved."""
        x0 = self.z[rows]
        if self.shifted is None:
            return x0
        where = torch.randint(len(self.shifted), rows.shape, device=self.device)
        moved = torch.rand(rows.shape, device=self.device) < SHIFTED
        return torch.where(moved[:, None, None, None], self.shifted[where, rows], x0)

    def step(self, step: int, done: float) -> dict[str, torch.Tensor]:
        """One update."""
        students = self.distills and done >= distill.FROM
        if students:
            done = self._turn(done)
        for group in self.optimizers["adamw"].param_groups:
            group["lr"] = self.rate * rate_factor(done) * (distill.RATE if students else 1)
        rows = torch.randint(len(self.z), (self.samples,), device=self.device)
        x0, labels = self._latents(rows), self.labels[rows]
        hidden = torch.rand(self.samples, device=self.device) < DROPPED
        loss = self._descend(x0, labels if students else torch.where(hidden, self.flow.none, labels), students)
        if step:
            self._average(1 - (1 - 1 / (step + 1)) ** (AVERAGE + 1))
        return {"loss": loss}

    def _descend(self, x0: torch.Tensor, labels: torch.Tensor, students: bool) -> torch.Tensor:
        total = torch.zeros((), device=self.device)
        if students:
            x, s, target = distill.lesson(self._as(self.modules["teacher"]), x0, labels)
        else:
            s, noise = drawn_times(len(x0), self.device), torch.randn_like(x0)
            x, target = mixed(x0, noise, s), noise - x0
        for part in zip(*(value.chunk(self.parts) for value in (x, s, labels, target)), strict=True):
            loss = self._loss(self.modules["network"], *part) * (len(part[0]) / len(x0))
            loss.backward()
            total += loss.detach()
        optimizer = self.optimizers["adamw"]
        torch.nn.utils.clip_grad_norm_(self.modules["network"].parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return total

    def _loss(self, network: torch.nn.Module, x: torch.Tensor, s: torch.Tensor, labels: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        with precise(self.device):
            guess = network(x, timestep=s * TIMES, class_labels=labels, return_dict=False)[0]
        return torch.nn.functional.mse_loss(guess.float(), target)

    @torch.no_grad()
    def _average(self, share: float) -> None:
        torch._foreach_lerp_(list(self.modules["average"].parameters()), list(self.modules["network"].parameters()), share)

    def _turn(self, done: float) -> float:
        """From the first update of the last part on, the averaged weights so far are the teacher; its share of the budget is a budget."""
        turn = self.modules["turn"].done
        if not turn:
            for name in ("teacher", "network"):
                self.modules[name].load_state_dict(self.modules["average"].state_dict())
            turn.fill_(True)
        return (done - distill.FROM) / (1 - distill.FROM)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Loss of the averaged weights on pictures that are not learned from, at evenly spread points of the path."""
        if not len(self.held):
            return {}
        students = self.distills and bool(self.modules["turn"].done)
        times = (torch.arange(len(self.held), device=self.device) + 0.5) / len(self.held)
        found = []
        for _ in range(4):
            s, noise = times[torch.randperm(len(times), device=self.device)], torch.randn_like(self.held)
            x, target = mixed(self.held, noise, s), noise - self.held
            if students:
                x, s, target = distill.lesson(self._as(self.modules["teacher"]), self.held, self.held_labels)
            found.append(self._loss(self.modules["average"], x, s, self.held_labels, target))
        loss = float(torch.stack(found).mean())
        return {"held_out_loss": loss, "score": -loss if students or not self.distills else -loss - distill.BEHIND}

    def pictures(self) -> np.ndarray:
        """From the same noise each time."""
        return self._as(self.modules["average"]).sample(self.shown, 0)

    def halve(self) -> bool:
        """Smaller parts of the same batch."""
        self.parts *= 2
        return self.parts <= self.samples

    def _as(self, network: torch.nn.Module) -> Flow:
        flow = copy.copy(self.flow)
        flow.transformer = network
        return flow


def rate_factor(done: float) -> float:
    """Short linear growth, then half a cosine down to near 0."""
    return min(1.0, (done + 1e-4) / WARM) * max(0.5 * (1 + math.cos(math.pi * done)), 1e-3)


def shifts(pixels: np.ndarray) -> list[np.ndarray]:
    """Pictures moved by one pixel in each of 8 directions; their edges are repeated."""
    h, w = pixels.shape[1:3]
    wide = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    return [wide[:, top:top + h, left:left + w] for top in range(3) for left in range(3) if (top, left) != (1, 1)]
