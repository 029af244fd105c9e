"""A trained flow, and everything that is made with it: new pictures, changed ones, filled-in ones, the way there."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch

from bmcore import device as devices
from bmcore.image import sampler
from bmcore.image.codec import PatchCodec, as_pixels, as_tensor
from bmcore.image.flow import TIMES, FlowMLP, mixed

STEPS = 6
GUIDANCE = 1.5
DISTILLED_STEPS = 2
BLOCK = 1024  # pictures at a time
BLOCK_NUMBERS = 1 << 20  # and latent numbers at a time, of a grid of tokens
ROUNDS = 2  # of each step of inpainting: the second lets what was made up fit what is known


class Flow:
    """Codec and network of one size and one set of classes.

    Parameters
    ----------
    transformer : FlowMLP or DiTTransformer2DModel
    codec : PatchCodec
    k : int
        Classes; a larger number says nothing about the class.
    distilled : bool
        Guidance is in the weights, and few steps are enough.
    """

    def __init__(self, transformer: torch.nn.Module, codec: PatchCodec, k: int, device: str, distilled: bool = False):
        self.transformer, self.codec = transformer.to(device), codec.to(device)
        self.k, self.device = k, device
        self.none = k if isinstance(transformer, FlowMLP) else transformer.config.num_embeds_ada_norm
        self.shape = (codec.config.components, codec.grid, codec.grid)
        self.finish(distilled)

    def finish(self, distilled: bool) -> None:
        """Training is over."""
        self.distilled, self.steps = distilled, DISTILLED_STEPS if distilled else STEPS

    # what an estimator asks for

    def sample(self, numbers: np.ndarray, seed: int, steps: int | None = None, guidance: float | None = None) -> np.ndarray:
        """(n, h, w, c) uint8 of these classes."""
        generator, points = torch.Generator().manual_seed(seed), sampler.path(steps or self.steps)
        size = self._block()
        parts = [self._drawn(self.noise(len(part), generator), part, points, guidance)
                 for part in np.split(numbers, range(size, len(numbers), size))]
        return np.concatenate(parts)

    def interpolate(self, shares: np.ndarray, seeds: tuple[int, int], numbers: np.ndarray) -> np.ndarray:
        """(n, h, w, c) uint8 on the way from one noise, and class, to another."""
        first, last = (self.noise(1, torch.Generator().manual_seed(seed))[0] for seed in seeds)
        x, weight = sampler.between(first, last, torch.from_numpy(shares)), torch.from_numpy(shares).float()
        start, end = (self.velocity(np.full(len(shares), number)) for number in numbers)
        weight = weight.to(self.device).view(-1, 1, 1, 1)
        one = numbers[0] == numbers[1]
        return self._solved(start if one else lambda x, s: torch.lerp(start(x, s), end(x, s), weight), x, sampler.path(self.steps))

    def edit(self, pixels: np.ndarray, strength: float, number: int, seed: int) -> np.ndarray:
        """The picture from its noisy copy at `strength` of the way."""
        if strength == 0:
            return pixels
        z = self.encode(pixels)
        points = sampler.path(self._many(), strength)
        x = mixed(z, self.noise(len(z), torch.Generator().manual_seed(seed)), torch.tensor(points[0], device=self.device).expand(len(z)))
        return self._solved(self.velocity(np.full(len(z), number)), x, points)

    def inpaint(self, pixels: np.ndarray, mask: np.ndarray, number: int, seed: int) -> np.ndarray:
        """The masked part made up. At each step what is known takes its true value, with as much noise as is left there."""
        if not mask.any():
            return pixels
        generator, known = torch.Generator().manual_seed(seed), self.encode(pixels)
        covered = torch.from_numpy(mask).to(self.device)[None, None]
        points, velocity = sampler.path(2 * self._many()), self.velocity(np.full(len(known), number))
        with torch.inference_mode():
            x = self.noise(len(known), generator)
            for s, to in itertools.pairwise(points):
                for round_ in range(ROUNDS if to else 1):
                    clean = self._merged(x - s * velocity(x, s), pixels, covered)
                    at = s if round_ + 1 < ROUNDS and to else to
                    x = mixed(clean, self.noise(len(known), generator), torch.tensor(at, device=self.device).expand(len(known)))
            made = self._pixels(x)
        return np.where(mask[None, ..., None], made, pixels)

    def _merged(self, z: torch.Tensor, pixels: np.ndarray, covered: torch.Tensor) -> torch.Tensor:
        """The guess of the clean picture with the known pixels put in."""
        x = self._decoded(z)
        return self._encoded(torch.where(covered, x, as_tensor(pixels).to(x)))

    def reconstruct(self, pixels: np.ndarray) -> np.ndarray:
        """There and back through the codec."""
        return np.concatenate([self._pixels(self.encode(part)) for part in np.split(pixels, range(BLOCK, len(pixels), BLOCK))])

    def trace(self, numbers: np.ndarray, seed: int, steps: int) -> np.ndarray:
        """(steps + 1, n, h, w, c) uint8: the pictures at each point of the way."""
        frames: list[np.ndarray] = []
        x = self.noise(len(numbers), torch.Generator().manual_seed(seed))
        with torch.inference_mode():
            frames.append(as_pixels(self._decoded(x)))  # polish is made for pictures, not for noise
            last = sampler.solve(self.velocity(numbers), x, sampler.path(steps), seen=lambda x: frames.append(as_pixels(self._decoded(x))))
            frames[-1] = self._pixels(last)
        return np.stack(frames)

    def forward(self, pixels: np.ndarray, times: list[float], seed: int) -> np.ndarray:
        """(len(times), h, w, c) uint8 on the way to noise."""
        z = self.encode(pixels).expand(len(times), *self.shape)
        noise = self.noise(1, torch.Generator().manual_seed(seed)).expand_as(z)
        return as_pixels(self._decoded(mixed(z, noise, torch.tensor(times, device=self.device))))

    # parts

    def noise(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """(n, components, grid, grid), drawn on the processor, so that a device does not change what a seed shows."""
        return torch.randn((n, *self.shape), generator=generator).to(self.device)

    def velocity(self, numbers: np.ndarray, guidance: float | None = None) -> Callable[[torch.Tensor, float], torch.Tensor]:
        """d x / d s for pictures of these classes."""
        guidance = (1.0 if self.distilled else GUIDANCE) if guidance is None else guidance
        labels = torch.from_numpy(np.asarray(numbers, np.int64)).to(self.device)
        labels = torch.where(labels < self.k, labels, self.none)
        blank = torch.full_like(labels, self.none)
        guided = guidance != 1 and bool((labels != blank).any())

        def at(x: torch.Tensor, s: float) -> torch.Tensor:
            direction = self.direction(x, s, labels)
            if guided:
                direction = torch.lerp(self.direction(x, s, blank), direction, guidance)
            return direction

        return at

    def direction(self, x: torch.Tensor, s: float, labels: torch.Tensor) -> torch.Tensor:
        """One evaluation of the network."""
        if isinstance(self.transformer, FlowMLP):  # time is the same for all: what it says is worked out once a class
            known = self.transformer.conditions(torch.full((self.none + 1,), s * TIMES, device=self.device),
                                                torch.arange(self.none + 1, device=self.device))
            return self.transformer.direction(x.flatten(1), known[labels])[..., None, None]
        with precise(self.device):
            timestep = torch.full((len(x),), s * TIMES, device=self.device)
            return self.transformer(x, timestep=timestep, class_labels=labels, return_dict=False)[0].float()

    def encode(self, pixels: np.ndarray) -> torch.Tensor:
        """(n, h, w, c) uint8 -> latents (n, components, grid, grid) of spread 1."""
        return self._encoded(as_tensor(pixels).to(self.device))

    def _encoded(self, x: torch.Tensor) -> torch.Tensor:
        return self.codec.encode(x).latents * self.codec.config.scaling_factor

    def _decoded(self, z: torch.Tensor) -> torch.Tensor:
        return self.codec.plain(z / self.codec.config.scaling_factor)

    @torch.no_grad()
    def soft(self, x: torch.Tensor, noise: float) -> torch.Tensor:
        """Pictures (n, c, h, w) through their short description, to which up to so much noise is added."""
        z = self._encoded(x)
        return self._decoded(z + noise * torch.rand((len(z), 1, 1, 1), device=z.device) * torch.randn_like(z))

    def _pixels(self, z: torch.Tensor) -> np.ndarray:
        return as_pixels(self.codec.decode(z / self.codec.config.scaling_factor).sample)

    def _drawn(self, x: torch.Tensor, numbers: np.ndarray, points: list[float], guidance: float | None) -> np.ndarray:
        return self._solved(self.velocity(numbers, guidance), x, points)

    def _solved(self, velocity: Callable[[torch.Tensor, float], torch.Tensor], x: torch.Tensor, points: list[float]) -> np.ndarray:
        with torch.inference_mode():
            return self._pixels(sampler.solve(velocity, x.to(self.device), points))

    def _many(self) -> int:
        return max(8, self.steps)

    def _block(self) -> int:
        return max(1, min(BLOCK, BLOCK_NUMBERS // int(np.prod(self.shape))))


def precise(device: str) -> torch.autocast:
    """bf16 where the hardware is fast at it."""
    return torch.autocast(device, dtype=torch.bfloat16, enabled=devices.precision(device) == "bf16")
