"""One engine of `benchmarks/images.py` in a process of its own: learn for so many seconds, draw, write what was drawn and what it cost.

The peers follow diffusers' public examples, written anew:

script   `train_unconditional.py`: UNet2DModel with its six levels (128 to 512 channels, 114 M weights), batches of 16, AdamW (1e-4, betas
         0.95 and 0.999, weight decay 1e-6), 500 warm-up steps, gradients clipped to 1, DDPM with 1,000 linear steps, no averaging, float32.
course   the class-conditional one of the diffusion course: UNet2DModel with 32, 64, 64 channels, batches of 128, Adam at 1e-3,
         squaredcos_cap_v2, float32.

Both get the class through `num_class_embeds`, and constant rates after the warm-up, since a budget in seconds has no known last step. 28
pixels do not halve often enough for them, so pictures are padded with black to 32 and cut back.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # also without an installed package

PEERS = {"script": {"batch": 16, "rate": 1e-4, "warm": 500, "schedule": "linear"},
         "course": {"batch": 128, "rate": 1e-3, "warm": 0, "schedule": "squaredcos_cap_v2"}}
SIDE = 32


def unet(name: str, channels: int, classes: int):
    """The network of a peer."""
    from diffusers import UNet2DModel

    if name == "script":
        levels, attention = (128, 128, 256, 256, 512, 512), {4}
    else:
        levels, attention = (32, 64, 64), {1, 2}
    down = tuple("AttnDownBlock2D" if at in attention else "DownBlock2D" for at in range(len(levels)))
    up = tuple("AttnUpBlock2D" if len(levels) - 1 - at in attention else "UpBlock2D" for at in range(len(levels)))
    return UNet2DModel(sample_size=SIDE, in_channels=channels, out_channels=channels, layers_per_block=2, block_out_channels=levels,
                       down_block_types=down, up_block_types=up, num_class_embeds=classes)


def padded(pixels: np.ndarray):
    """(n, h, w, c) uint8 as (n, c, 32, 32) from -1 to 1."""
    import torch
    from torch.nn import functional as F

    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1  # (n, c, h, w)
    h, w = x.shape[2:]
    if max(h, w) > SIDE:
        return F.interpolate(x, (SIDE, SIDE), mode="bilinear", antialias=True)
    top, left = (SIDE - h) // 2, (SIDE - w) // 2
    return F.pad(x, (left, SIDE - w - left, top, SIDE - h - top), value=-1.0)


def cut(x, shape: tuple[int, int, int]) -> np.ndarray:
    """(n, c, 32, 32) from -1 to 1 as (n, h, w, c) uint8."""
    h, w, _ = shape
    if max(h, w) <= SIDE:
        top, left = (SIDE - h) // 2, (SIDE - w) // 2
        x = x[:, :, top:top + h, left:left + w]
    return ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


class Peer:
    """A peer with the two methods that a contest asks for."""

    def __init__(self, name: str, seconds: float, device: str = "cpu"):
        self.name, self.seconds, self.device = name, seconds, device

    def fit(self, images: np.ndarray, labels: np.ndarray):
        import torch
        from diffusers import DDPMScheduler
        from torch.nn import functional as F
        from torch.utils.data import DataLoader, TensorDataset

        torch.manual_seed(0)
        started, how = time.monotonic(), PEERS[self.name]
        self.shape, self.k = images.shape[1:], int(labels.max()) + 1
        data = DataLoader(TensorDataset(padded(images), torch.from_numpy(labels)), how["batch"], shuffle=True)
        self.net = unet(self.name, self.shape[2], self.k).to(self.device)
        self.scheduler = DDPMScheduler(num_train_timesteps=1000, beta_schedule=how["schedule"])
        if self.name == "script":
            optimizer = torch.optim.AdamW(self.net.parameters(), how["rate"], betas=(0.95, 0.999), weight_decay=1e-6)
        else:
            optimizer = torch.optim.Adam(self.net.parameters(), how["rate"])
        self.updates = self.seen = 0
        while True:
            for clean, classes in data:
                clean, classes = clean.to(self.device), classes.to(self.device)
                for group in optimizer.param_groups:
                    group["lr"] = how["rate"] * min(1.0, (self.updates + 1) / max(1, how["warm"]))
                noise, times = torch.randn_like(clean), torch.randint(1000, (len(clean),), device=self.device)
                loss = F.mse_loss(self.net(self.scheduler.add_noise(clean, noise, times), times, classes).sample, noise)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
                self.updates, self.seen = self.updates + 1, self.seen + len(clean)
                if time.monotonic() - started >= self.seconds:
                    return self

    def sample(self, numbers: np.ndarray, steps: int, ddpm: bool = False) -> np.ndarray:
        """DDIM in `steps` steps, or DDPM in all 1,000."""
        import torch
        from diffusers import DDIMScheduler

        scheduler = self.scheduler if ddpm else DDIMScheduler.from_config(self.scheduler.config)
        scheduler.set_timesteps(1000 if ddpm else steps)
        made, generator = [], torch.Generator().manual_seed(0)
        self.net.eval()
        for part in np.split(numbers, range(128, len(numbers), 128)):
            x = torch.randn((len(part), self.shape[2], SIDE, SIDE), generator=generator).to(self.device)
            classes = torch.from_numpy(part).to(self.device)
            with torch.inference_mode():
                for t in scheduler.timesteps:
                    x = scheduler.step(self.net(x, t, classes).sample, t, x).prev_sample
            made.append(cut(x, self.shape))
        return np.concatenate(made)


def ours(name: str, seconds: float, device: str, images: np.ndarray, labels: np.ndarray, seed: int):
    """A fitted estimator of bmcore."""
    from bmcore.base import estimator_class

    made = estimator_class(name)(minutes=max(seconds / 60, 0.05), seed=seed, device=device)
    return made.fit(images, labels, report=lambda *given, **more: None)


def data(sample: str, seed: int = 0):
    """(training Pictures, held-out Pictures, class number of each training and each held-out one)."""
    from bmcore.data.pictures import split_pictures
    from bmcore.data.samples import load_sample

    pictures = load_sample(sample)
    train, test = (pictures.take(rows) for rows in split_pictures(pictures, test=0.15, seed=seed))
    known = np.unique(np.asarray(train.labels).astype(str))
    return train, test, *(np.searchsorted(known, np.asarray(part.labels).astype(str)) for part in (train, test))


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--engine", required=True)
    asked.add_argument("--seconds", type=float, required=True)
    asked.add_argument("--sample", required=True)
    asked.add_argument("--pictures", type=int, required=True)
    asked.add_argument("--peer-steps", type=int, default=50)
    asked.add_argument("--device", default="cpu")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--out", type=Path, required=True)
    given = asked.parse_args()
    train, _, numbers, _ = data(given.sample)
    wanted = np.arange(given.pictures) % (int(numbers.max()) + 1)
    cost, started = {"before_mb": peak_mb()}, time.monotonic()
    if given.engine in PEERS:
        peer = Peer(given.engine, given.seconds, given.device).fit(train.pixels, numbers)
        cost |= {"seconds": time.monotonic() - started, "updates": peer.updates, "seen": peer.seen}
        begun = time.monotonic()
        drawn = peer.sample(wanted, given.peer_steps)
    else:
        made = ours(given.engine, given.seconds, given.device, train.pixels, numbers, given.seed)
        cost |= {"seconds": time.monotonic() - started, "updates": made.steps_}
        made.sample(8)  # the first call compiles and warms up
        begun = time.monotonic()
        drawn = made.sample(len(wanted), wanted.tolist(), seed=1)
    cost |= {"samples_per_s": len(drawn) / (time.monotonic() - begun), "peak_mb": peak_mb()}
    np.savez(given.out / "drawn.npz", drawn=drawn, wanted=wanted)
    (given.out / "cost.json").write_text(json.dumps(cost))


def peak_mb() -> float:
    """Most memory this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
