"""Pictures: ours against diffusers' examples, on the same data, under the same budget, read by the same judge.

    python benchmarks/images.py --seconds 120 --rounds 1 --sample digits_28x28
    python benchmarks/images.py --part sampling
    python benchmarks/images.py --part throughput --device cuda

quality      Diffusion, GAN, and the two examples of `images_peers.py`, each in a process of its own and with the same seconds to learn.
             Then the same number of pictures of each class from everyone (`--pictures`; the script draws so slowly that more take hours;
             peers use DDIM with `--peer-steps`), and: share that the judge reads as the asked class, precision, recall, recall over that of
             real pictures, feature-FID to the held-out pictures (of the same number for everyone, so its bias is the same), share of copies
             (nearer to a training picture than the nearest 1 % of held-out ones are), samples a second, and the peak of memory.
sampling     Pictures a second of Diffusion, and seconds that DDPM takes with 1,000 steps for `--slow-pictures` pictures. Nothing is
             extrapolated; how many were drawn is said.
throughput   Training pictures a second of Diffusion on a grid of patches, and of a plain loop in the manner of the script (data loader,
             DDPM noise, AdamW, autocast to bf16 on a card) with the same network and batch; MFU where the card's peak is known.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # also without an installed package

import images_peers  # noqa: E402

ENGINES = ("Diffusion", "GAN", "course", "script")
COLUMNS = ("class_accuracy", "precision", "recall", "recall_of_real", "feature_fid", "copies", "samples_per_s", "seconds", "updates",
           "peak_mb")


def quality(given: argparse.Namespace) -> list[dict]:
    """One row an engine and round, and one for held-out real pictures."""
    from bmcore.evaluate.judge import Judge

    train, test, numbers, held = images_peers.data(given.sample)
    drawn = [row for round_ in range(given.rounds) for name in given.engines if (row := child(name, round_, given)) is not None]
    judge = Judge().fit(train.pixels, numbers.tolist(), seed=0)
    real = Real(train.pixels, test.pixels)
    accuracy = float((np.asarray(judge.predict(test.pixels)).astype(int) == held).mean())
    print(f"judge: {accuracy:.3f} on {len(held)} held-out pictures; FID and recall with {given.pictures} drawn pictures each")
    # the floor: training pictures in place of drawn ones, as many
    chosen = np.random.default_rng(0).permutation(len(train.pixels))[:given.pictures]
    others = np.delete(train.pixels, chosen, axis=0)
    rows = [{"engine": "real", "class_accuracy": accuracy} | real.measure(train.pixels[chosen], others)]
    floor = rows[0]["recall"]
    for name, round_, made, wanted, cost in drawn:
        read = np.asarray(judge.predict(made)).astype(int)
        rows.append({"engine": name, "round": round_, "class_accuracy": float((read == wanted).mean())} | real.measure(made) | cost)
    for row in rows:
        row["recall_of_real"] = row["recall"] / max(floor, 1e-9)
    return rows


def child(name: str, round_: int, given: argparse.Namespace) -> tuple | None:
    """(engine, round, what it drew, the classes asked for, what it cost); None where it failed, which is said."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "benchmarks" / "images_peers.py"), "--engine", name, "--seconds", str(given.seconds),
                   "--sample", given.sample, "--pictures", str(given.pictures), "--peer-steps", str(given.peer_steps),
                   "--device", given.device, "--seed", str(round_), "--out", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{name} failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}", file=sys.stderr)
            return None
        with np.load(Path(folder) / "drawn.npz") as found:
            return name, round_, found["drawn"], found["wanted"], json.loads((Path(folder) / "cost.json").read_text())


class Real:
    """Features of the real pictures, and what drawn ones are measured by."""

    def __init__(self, train: np.ndarray, test: np.ndarray):
        from bmcore.evaluate.encoder import encode
        from bmcore.evaluate.picture_metrics import nearest

        self.encode, self.train, self.test = encode, encode(train), encode(test)
        self.close = float(np.quantile(nearest(self.test, self.train)[0], 0.01))

    def measure(self, drawn: np.ndarray, among: np.ndarray | None = None) -> dict[str, float]:
        """`among` are the training pictures to look for copies in, where these are not all of them."""
        from bmcore.evaluate.picture_metrics import frechet, nearest, precision_recall

        fake = self.encode(drawn)
        precision, recall = precision_recall(self.test, fake)
        copies = nearest(fake, self.train if among is None else self.encode(among))[0].ravel() <= self.close
        return {"precision": float(np.mean(precision)), "recall": float(np.mean(recall)), "feature_fid": float(frechet(self.test, fake)),
                "copies": float(copies.mean())}


def sampling(given: argparse.Namespace) -> list[dict]:
    """Pictures a second, ours and DDPM with 1,000 steps."""
    import torch

    train, _, numbers, _ = images_peers.data(given.sample)
    made = images_peers.ours("Diffusion", given.seconds, given.device, train.pixels, numbers, 0)
    made.sample(64)
    rows, many = [], 4096
    for round_ in range(max(3, given.rounds)):
        begun = time.perf_counter()
        made.sample(many, seed=round_)
        rows.append({"engine": "Diffusion", "n": many, "samples_per_s": many / (time.perf_counter() - begun)})
    for name in [one for one in given.engines if one in images_peers.PEERS]:
        peer = images_peers.Peer(name, 0.0, given.device).fit(train.pixels[:128], numbers[:128])  # speed asks for no trained weights
        begun = time.perf_counter()
        peer.sample(np.arange(given.slow_pictures) % peer.k, 1000, ddpm=True)
        if given.device == "cuda":
            torch.cuda.synchronize()
        rate = given.slow_pictures / (time.perf_counter() - begun)
        best = float(np.median([row["samples_per_s"] for row in rows if row["engine"] == "Diffusion"]))
        rows.append({"engine": f"{name}, DDPM 1000", "n": given.slow_pictures, "samples_per_s": rate, "ours_over_it": best / rate})
    return rows


def throughput(given: argparse.Namespace) -> list[dict]:
    """Training pictures a second with the same network, ours and a plain loop."""
    from bmcore.image.diffusion import Diffusion

    train, _, numbers, _ = images_peers.data(given.sample)
    seen: list[dict] = []
    made = Diffusion(minutes=max(given.seconds / 60, 0.05), space="patches", device=given.device, batch_size=given.batch)
    made.fit(train.pixels, numbers, report=lambda step, total, **found: seen.append(found))
    rates = [found["samples_per_s"] for found in seen if "samples_per_s" in found]
    rows = [{"engine": "Diffusion", "samples_per_s": float(np.median(rates[len(rates) // 2:])),
             "mfu": next((found["mfu"] for found in reversed(seen) if "mfu" in found), None)}]
    rate, mfu = plain_loop(made._engine, train.pixels, numbers, given)
    rows.append({"engine": "plain loop", "samples_per_s": rate, "mfu": mfu, "ours_over_it": rows[0]["samples_per_s"] / rate})
    return rows


def plain_loop(engine, pixels: np.ndarray, numbers: np.ndarray, given: argparse.Namespace) -> tuple[float, float | None]:
    """(pictures a second, MFU) of the script's loop around a fresh copy of our network; the first 5 updates are left out."""
    import contextlib

    import torch
    from diffusers import DDPMScheduler
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset
    from torch.utils.flop_counter import FlopCounterMode

    from bmcore import device as devices

    device, net = given.device, type(engine.transformer).from_config(engine.transformer.config).to(given.device).train()
    latents = torch.cat([engine.encode(part).float().cpu() for part in np.split(pixels, range(512, len(pixels), 512))])  # (n, c, g, g)
    loader = DataLoader(TensorDataset(latents, torch.from_numpy(numbers)), given.batch, shuffle=True, drop_last=True)
    optimizer, scheduler = torch.optim.AdamW(net.parameters(), 1e-4), DDPMScheduler()
    bf16 = devices.precision(device) == "bf16"
    updates, begun, flops = 0, 0.0, 0.0
    while True:
        for clean, classes in loader:
            if updates == 5:
                begun = time.perf_counter()
            clean, classes = clean.to(device), classes.to(device)
            noise, times = torch.randn_like(clean), torch.randint(1000, (len(clean),), device=device)
            counter = FlopCounterMode(display=False) if updates == 0 else contextlib.nullcontext()
            with counter:
                with torch.autocast("cuda", torch.bfloat16) if bf16 else contextlib.nullcontext():
                    found = net(scheduler.add_noise(clean, noise, times), timestep=times, class_labels=classes).sample
                F.mse_loss(found[:, :clean.shape[1]].float(), noise).backward()
            flops = counter.get_total_flops() if updates == 0 else flops
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            updates += 1
            if device == "cuda":
                torch.cuda.synchronize() if updates in (5, 6) else None
            if updates > 6 and time.perf_counter() - begun > given.seconds:
                if device == "cuda":
                    torch.cuda.synchronize()
                each = (time.perf_counter() - begun) / (updates - 5)
                peak = devices.peak_flops(device)
                return given.batch / each, flops / each / peak if peak else None


def table(rows: list[dict]) -> str:
    """Rows under each other, a column where any has a value."""
    columns = ["engine", *(name for name in (*COLUMNS, "n", "mfu", "ours_over_it") if any(row.get(name) is not None for row in rows))]
    cells = [columns] + [["-" if row.get(name) is None else str(row[name]) if isinstance(row[name], str | int) else f"{row[name]:.4g}"
                          for name in columns] for row in rows]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--part", choices=["quality", "sampling", "throughput"], default="quality")
    asked.add_argument("--seconds", type=float, default=120.0, help="to learn, each engine")
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--sample", default="digits_28x28")
    asked.add_argument("--engines", type=lambda text: text.split(","), default=list(ENGINES), help=",".join(ENGINES))
    asked.add_argument("--pictures", type=int, default=500, help="drawn by each engine")
    asked.add_argument("--peer-steps", type=int, default=50, help="DDIM steps of the peers in quality")
    asked.add_argument("--slow-pictures", type=int, default=4, help="drawn by DDPM with 1,000 steps in sampling")
    asked.add_argument("--batch", type=int, default=256, help="of throughput")
    asked.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    asked.add_argument("--json", type=Path, help="also write the rows here")
    given = asked.parse_args()
    rows = {"quality": quality, "sampling": sampling, "throughput": throughput}[given.part](given)
    print(table(rows))
    if given.json:
        settings = {name: value for name, value in vars(given).items() if name != "json"}
        given.json.write_text(json.dumps({"part": given.part, "asked": settings, "rows": rows}, indent=1, default=str))


if __name__ == "__main__":
    main()
