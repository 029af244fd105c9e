"""How a GAN learns: one update of both networks, an averaged generator, and a distance that chooses the best of its states."""

from __future__ import annotations

import copy
import hashlib
import math
from dataclasses import dataclass

import numpy as np
import torch

from bmcore.image import distance, losses
from bmcore.image.augment import augment
from bmcore.image.codec import as_pixels, as_tensor
from bmcore.image.inputs import Learnable
from bmcore.image.networks_gan import PictureDiscriminator, PictureGenerator

NOISE = 64
PENALTY = 2.0  # for pictures of 784 numbers; it grows with the root of their number, as differences between pictures do
EVERY = 4  # updates from one penalty to the next
AVERAGE = 0.995
LEAST_RATE = 0.05  # the learning rate falls to this share along a cosine
WARM = 50  # updates until the learning rate is full
BETAS = (0.0, 0.99)
SMALL = 2000  # pictures up to which all augmentation is needed; more need shifts only
BLOCK = 256  # pictures drawn at a time
WATCHED = 4  # pictures of a class shown during training


@dataclass
class Settings:
    """What the face passes on."""

    batch_size: int
    learning_rate: float
    seed: int
    device: str


class GanTask:
    """Both networks as a task of `training.budget.BudgetLoop`."""

    def __init__(self, given: Learnable, settings: Settings):
        self.settings, self.device, self.parts = settings, settings.device, 1
        self.samples = settings.batch_size
        self.k = max(1, given.k)
        learned, kept = held_out(given.numbers, settings.seed)
        self.pictures_in = as_tensor(given.pixels[learned]).to(self.device)  # n, c, h, w
        self.labels = torch.from_numpy(given.numbers[learned]).to(self.device)  # n
        self.ruler = distance.Ruler(given.pixels[learned], given.pixels[kept], given.numbers[kept])
        height, width, channels = given.pixels.shape[1:]
        sizes = {"height": height, "width": width, "channels": channels, "classes": self.k, "base": 64 if self.device == "cuda" else 16}
        self.generator = PictureGenerator(noise=NOISE, **sizes).to(self.device)
        self.discriminator = PictureDiscriminator(**sizes).to(self.device)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.last = Last().to(self.device)
        self.modules = {"generator": self.generator, "discriminator": self.discriminator, "average": self.average, "last": self.last}
        self.optimizers = {
            name: torch.optim.Adam(self.modules[name].parameters(), settings.learning_rate, betas=BETAS, fused=self.device != "mps")
            for name in ("generator", "discriminator")
        }
        self.gamma = PENALTY * math.sqrt(height * width * channels / 784)
        self.changes = "translation" if len(learned) > SMALL else "brightness translation cutout"
        self.fingerprint = fingerprint(given, settings)
        self.spread = 1.0

    # one update

    def step(self, step: int, done: float) -> dict[str, torch.Tensor]:
        """First the discriminator, then the generator, then the average."""
        self._rate(step, done)
        found = self._discriminator_step(losses.lazy_weight(step, EVERY)) | self._generator_step()
        share = min(AVERAGE, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.generator.parameters()), 1 - share)
        return found

    def _rate(self, step: int, done: float) -> None:
        factor = LEAST_RATE + (1 - LEAST_RATE) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, done)))
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * factor * min(1.0, (step + 1) / WARM)

    def _parts(self) -> list[torch.Tensor]:
        rows = torch.randint(len(self.labels), (self.settings.batch_size,), device=self.device)
        return list(rows.chunk(self.parts))

    def _noise(self, n: int) -> torch.Tensor:
        return torch.randn(n, NOISE, device=self.device)

    def _judged(self, pictures: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self.discriminator(augment(pictures, names=self.changes), labels)

    def _discriminator_step(self, weight: float) -> dict[str, torch.Tensor]:
        total = torch.zeros((), device=self.device)
        penalty = torch.zeros((), device=self.device)
        self.optimizers["discriminator"].zero_grad(set_to_none=True)
        for rows in self._parts():
            share, real, labels = len(rows) / self.settings.batch_size, self.pictures_in[rows], self.labels[rows]
            with torch.no_grad():
                fake = self.generator(self._noise(len(rows)), labels)
            scores = self._judged(torch.cat([real, fake]), torch.cat([labels, labels]))  # 2n
            loss = losses.discriminator_loss(scores[:len(rows)], scores[len(rows):])
            total += share * loss.detach()
            if weight:
                flat = self._penalty(real, fake, labels)
                penalty += share * flat.detach()
                loss = loss + weight * flat
            (share * loss).backward()
        self.optimizers["discriminator"].step()
        if weight:
            self.last.penalty.copy_(penalty)
        return {"loss_discriminator": total, "penalty": self.last.penalty.clone()}

    def _penalty(self, real: torch.Tensor, fake: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self.gamma / 2 * sum(losses.zero_centred(lambda x: self._judged(x, labels), pictures) for pictures in (real, fake))

    def _generator_step(self) -> dict[str, torch.Tensor]:
        total = torch.zeros((), device=self.device)
        self.optimizers["generator"].zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        try:
            for rows in self._parts():
                share, labels = len(rows) / self.settings.batch_size, self.labels[rows]
                with torch.no_grad():
                    real = self._judged(self.pictures_in[rows], labels)
                loss = losses.generator_loss(real, self._judged(self.generator(self._noise(len(rows)), labels), labels))
                total += share * loss.detach()
                (share * loss).backward()
        finally:
            self.discriminator.requires_grad_(True)
        self.optimizers["generator"].step()
        return {"loss_generator": total}

    # what the loop asks for now and then

    def validate(self) -> dict[str, float]:
        """Minus the distance to pictures that were not learned from; the variety of generated pictures beside the real ones'."""
        numbers = self.ruler.asked
        found, self.spread = self.ruler.measure(drawn(self.average, numbers, 0), numbers)
        return {"score": -found, "variety": self.spread}

    def pictures(self) -> np.ndarray:
        """The first ten classes, from the same noise each time."""
        numbers = np.repeat(np.arange(min(10, self.k)), WATCHED if self.k > 1 else 4 * WATCHED)
        return drawn(self.average, numbers, self.settings.seed)

    def halve(self) -> bool:
        """Smaller parts of the same batch."""
        if self.parts * 2 > self.settings.batch_size:
            return False
        self.parts *= 2
        return True


class Last(torch.nn.Module):
    """The last penalty: a checkpoint must hold it, since it is reported at the updates between two penalties too."""

    def __init__(self):
        super().__init__()
        self.register_buffer("penalty", torch.zeros(()))


def held_out(numbers: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows that choose the best state: a tenth of each class, or all for both where that would be too few."""
    order = np.random.default_rng(seed).permutation(len(numbers))
    if len(numbers) < 100:
        return np.arange(len(numbers)), np.arange(len(numbers))
    kept = np.concatenate([rows[:len(rows) // 10] for rows in (order[numbers[order] == one] for one in np.unique(numbers))])
    if len(kept) < 10:
        return np.arange(len(numbers)), np.arange(len(numbers))
    return np.setdiff1d(order, kept), np.sort(kept)


def fingerprint(given: Learnable, settings: Settings) -> str:
    """Of everything that training depends on."""
    digest = hashlib.sha256(repr((settings, given.pixels.shape, given.k)).encode())
    digest.update(np.ascontiguousarray(given.pixels))
    digest.update(np.ascontiguousarray(given.numbers))
    return digest.hexdigest()


def noise_of(n: int, seed: int, size: int) -> torch.Tensor:
    """(n, size) noise of a seed, drawn on the processor so that it is the same everywhere."""
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def drawn(generator: PictureGenerator, numbers: np.ndarray, seed: int) -> np.ndarray:
    """Pictures of these classes: (n, h, w, c) uint8."""
    device = next(generator.parameters()).device
    noise, labels = noise_of(len(numbers), seed, generator.config.noise), torch.from_numpy(np.asarray(numbers, np.int64))
    parts = [
        as_pixels(generator(noise[at:at + BLOCK].to(device), labels[at:at + BLOCK].to(device))) for at in range(0, len(numbers), BLOCK)
    ]
    return np.concatenate(parts)


@torch.inference_mode()
def between(generator: PictureGenerator, shares: np.ndarray, seeds: tuple[int, int], numbers: np.ndarray) -> np.ndarray:
    """Pictures on the way: the noise turns evenly, the class embedding moves straight."""
    device, size = next(generator.parameters()).device, generator.config.noise
    first, last = (noise_of(1, seed, size)[0] for seed in seeds)
    share = torch.from_numpy(np.asarray(shares, np.float32))[:, None]  # n, 1
    angle = torch.arccos((torch.dot(first, last) / (first.norm() * last.norm())).clamp(-1, 1))
    if angle < 1e-3:
        noise = first + share * (last - first)
    else:
        noise = (torch.sin((1 - share) * angle) * first + torch.sin(share * angle) * last) / torch.sin(angle)
    codes = generator.class_code(torch.from_numpy(np.asarray(numbers, np.int64)).to(device))  # 2, hidden
    share = share.to(device)
    parts = [
        as_pixels(generator.draw(noise[at:at + BLOCK].to(device), codes[0] + share[at:at + BLOCK] * (codes[1] - codes[0])))
        for at in range(0, len(shares), BLOCK)
    ]
    return np.concatenate(parts)
