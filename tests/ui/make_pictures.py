"""Hand-made runs that learned to make pictures, in every state, for page tests and for looking. No engine; the pictures are real files."""

from __future__ import annotations

import base64
import functools
import io
import json
import math
import time
from pathlib import Path

import numpy as np
from make_run import STATES, hold

CLASSES = tuple(str(digit) for digit in range(10))
VERDICTS = ("varied", "copies", "collapsed", "blurry", "worse", "not_proven")
SENTENCES = {
    "varied": "The generated pictures are new and varied: {share} % read as what was asked for.",
    "copies": "Many generated pictures are nearly copies of what it learned from: {share} %.",
    "collapsed": "The generated pictures are all alike: it found a few that work and makes no others.",
    "blurry": "The generated pictures are blurry. Give it more time.",
    "worse": "The simple method is better: {share} % against 81 %.",
    "not_proven": "It is not proven to be better than the simple method: {share} % against 81 %.",
}


def png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def picture(number: int, clear: float = 1.0, seed: int = 0, size: int = 28) -> np.ndarray:
    """Something like a digit: a ring and a stroke, under as much noise as is left."""
    dice = np.random.default_rng([number, seed])
    y, x = np.mgrid[0:size, 0:size] / (size - 1) * 2 - 1
    turn = 2 * math.pi * number / 10 + dice.normal(0, 0.12)
    ring = np.exp(-(((np.hypot(x, y * 0.8) - 0.35 - 0.03 * number) / 0.13) ** 2)) * (np.cos(np.arctan2(y, x) - turn) > -0.6)
    stroke = np.exp(-(((x * math.cos(turn) + y * math.sin(turn)) / 0.11) ** 2)) * (np.hypot(x, y) < 0.75)
    drawn = np.clip(ring + stroke, 0, 1)
    return np.clip(255 * (clear * drawn + (1 - clear) * dice.uniform(0, 1, (size, size))), 0, 255).astype(np.uint8)


@functools.cache
def sheet(clear: float = 1.0, rows: int = 10, columns: int = 10, seed: int = 0, size: int = 28) -> bytes:
    """Rows of classes, as a run writes them."""
    lines = [np.hstack([picture(r % 10, clear, seed + c, size) for c in range(columns)]) for r in range(rows)]
    return png(np.vstack(lines))


@functools.cache
def _learned() -> np.ndarray:
    return np.stack([picture(i % 10, seed=40 + i) for i in range(100)])


def make_pictures_run(
    home: Path,
    state: str,
    *,
    n: int = 0,
    verdict="varied",
    classes=True,
    estimator="Diffusion",
    title=None,
    scenario="image_studio",
    **spec,
) -> str:
    """Write a run folder in that state; returns its id. `running` and `queued` hold the run's lock until this process ends."""
    created = time.time() - 600 - 3600 * n
    name = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created)) + f"-{n:03d}p{STATES.index(state)}{'dg'[estimator == 'GAN']}abc"
    folder = Path(home) / "runs" / name
    folder.mkdir(parents=True, mode=0o700)
    found = evaluation(verdict, classes=classes, model=estimator)
    (folder / "spec.json").write_text(json.dumps(_spec(name, created, estimator, scenario, title) | spec))
    (folder / "status.json").write_text(json.dumps(_status(state, created, found)))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in _events(state, created, estimator)))
    (folder / "log.txt").write_text("reading the pictures\n")
    if state != "queued":
        _previews(folder, 12 if state == "done" else 5)
    if state == "done":
        (folder / "evaluation.json").write_text(json.dumps(found))
        (folder / "samples.png").write_bytes(sheet())
        (folder / "real.png").write_bytes(sheet(seed=40))
        (folder / "model").mkdir()
        images = _learned()
        labels = {"labels": np.array([str(i % 10) for i in range(100)])} if classes else {}
        np.savez(folder / "training.npz", images=images, names=np.array([f"digit_{i}.png" for i in range(100)]), **labels)
    if state in ("running", "queued"):
        hold(folder)
    return name


def make_pair(home: Path, states: tuple[str, str], *, n: int = 0, code: str = "0123abcd") -> tuple[str, str]:
    """Two runs side by side."""
    first = make_pictures_run(home, states[0], n=n, title=f"Diffusion ↔ GAN · #{code}")
    second = make_pictures_run(home, states[1], n=n, estimator="GAN", verdict="blurry", title=f"GAN ↔ Diffusion · #{code}")
    return first, second


def _spec(name: str, created: float, estimator: str, scenario: str, title) -> dict:
    return {
        "id": name,
        "created": created,
        "estimator": estimator,
        "task": "pictures",
        "preset": "balanced",
        "seed": 0,
        "versions": {},
        "origin": "page",
        "params": {"image_size": None, "minutes": 2.0, "steps": None, "seed": 0},
        "data": {"kind": "sample", "name": "digits_8x8"},
        "columns": {},
        "split": {"test": 0.15, "seed": 0},
        "choose": False,
        "scenario": scenario,
        "title": title,
    }


def _status(state: str, created: float, found: dict) -> dict:
    metric = found["metric"]
    ours, theirs = found["model"][metric], found["baselines"][0][metric]
    headline = {"metric": metric, **ours, "baseline": "PCA + Gaussian", "baseline_value": theirs["value"]}
    reason = {"template": "The folder {name!r} holds no pictures.", "values": {"name": "mine.zip"}}
    return {
        "state": "running" if state == "lost" else state,
        "since": created,
        "started": None if state == "queued" else created + 2,
        "ended": created + 140 if state in ("done", "failed", "cancelled") else None,
        "reason": reason if state == "failed" else None,
        "attempt": 1,
        "headline": headline | {"verdict": found["verdict"]["kind"], "model": found["model"]["name"]} if state == "done" else None,
    }


def _events(state: str, created: float, estimator: str) -> list[dict]:
    events = [{"t": created, "kind": "state", "state": "queued"}]
    if state == "queued":
        return events
    events += [{"t": created + 1, "kind": "phase", "phase": phase} for phase in ("data", "split", "train")]
    last = 1200 if state == "done" else 520
    for step in range(20, last + 1, 20):
        loss = 0.2 + 0.9 * math.exp(-step / 160) + 0.03 * math.sin(step)
        names = {"loss": loss} if estimator == "Diffusion" else {"loss_generator": loss, "loss_discriminator": 1.3 - loss / 2}
        spent = {"step": step, "total": 1200, "left_s": (1200 - step) / 10, "samples_per_s": 4200.0}
        events.append({"t": created + 3 + step / 10, "kind": "progress", "phase": "train", **spent, **names})
    if state == "done":
        events += [{"t": created + 130, "kind": "phase", "phase": phase} for phase in ("evaluate", "describe", "save")]
    note = {"template": "{n} files were no pictures and were left out: {names}.", "values": {"n": 2, "names": "a.txt, b.doc"}}
    return [*events, {"t": created + 2, "kind": "note", "message": note}]


def _previews(folder: Path, n: int) -> None:
    (folder / "previews").mkdir()
    entries = []
    for i in range(n):
        step = 100 * (i + 1)
        (folder / "previews" / f"{step}.png").write_bytes(sheet(clear=min(1.0, 0.1 + i / 10), rows=4))
        entries.append({"file": f"previews/{step}.png", "step": step, "seconds": step / 10})
    (folder / "previews.json").write_text(json.dumps(entries))


def _span(value: float, half: float = 0.012) -> dict:
    return {"value": value, "low": value - half, "high": value + half}


def _measured(name: str, accuracy: float | None, fid: float, recall: float) -> dict:
    return {
        "name": name,
        "feature_fid": _span(fid, 0.06 * fid),
        "feature_kid": _span(fid / 90, fid / 900),
        "precision": _span(0.86),
        "recall": _span(recall),
        "recall_of_real": recall / 0.9,
        "class_accuracy": None if accuracy is None else _span(accuracy),
        "copies": {"share": _span(0.011, 0.004), "expected": 0.012},
        "sharpness": {"value": 0.96},
        "samples_per_s": 2400.0,
        "seconds": 120.0,
    }


def evaluation(verdict: str = "varied", *, classes: bool = True, model: str = "Diffusion") -> dict:
    """An evaluation.json with plausible numbers."""
    ours = {"varied": 0.974, "not_proven": 0.82, "worse": 0.62}.get(verdict, 0.9)
    known = list(CLASSES) if classes else []
    mine, simple, real = (
        _measured(name, value if classes else None, fid, recall)
        for name, value, fid, recall in (
            (model, ours, 12.0 / ours, 0.78),
            ("PCA + Gaussian", 0.81, 44.0, 0.52),
            ("Real pictures", 0.985, 3.1, 0.9),
        )
    )
    metric = "class_accuracy" if classes else "feature_fid"
    message = {"template": SENTENCES[verdict], "values": {"share": f"{100 * ours:.0f}"}}
    return {
        "task": "pictures",
        "metric": metric,
        "n_train": 1527,
        "n_test": 270,
        "size": [28, 28, 1],
        "classes": known,
        "counts": [153] * len(known),
        "encoder": {"name": "small", "features": 64},
        "judge": {"accuracy": _span(0.982), "n": 270} if classes else None,
        "model": mine,
        "baselines": [simple, real],
        "difference": {"against": "PCA + Gaussian", "metric": metric, **_span(mine[metric]["value"] - simple[metric]["value"], 0.02)},
        "verdict": {"kind": verdict, "message": message},
        "by_class": [{"class": name, "n_train": 153, "accuracy": _span(ours - 0.006 * i)} for i, name in enumerate(known)],
        "reconstruction": {"psnr": 24.1, "ssim": 0.93},
        "inpainting": {"psnr": 17.3, "ssim": 0.81},
        "proof": None,
        "seconds": {"train": 120.0, "evaluate": 14.0},
    }


def text(pixels: np.ndarray) -> str:
    return base64.b64encode(png(pixels)).decode()


class Service:
    """The process that serves a run, as far as a page asks it."""

    def __init__(self):
        self.asked: list[tuple[str, dict]] = []

    def ask(self, method: str, body: dict) -> dict:
        self.asked.append((method, body))
        n = body.get("n", 1)
        label = body.get("label")
        labels = [label if label is not None else str(i % 10) for i in range(n)]
        pictures = [text(picture(int(one) if str(one).isdigit() else i, seed=body.get("seed", 0) + i)) for i, one in enumerate(labels)]
        near = [
            {"name": f"digit_{i}.png", "label": one, "distance": 1.5, "picture": text(picture(i % 10, seed=90 + i))}
            for i, one in enumerate(labels)
        ]
        return {
            "pictures": pictures,
            "width": 28,
            "height": 28,
            "labels": labels if method == "sample" else None,
            "nearest": near if body.get("nearest") else None,
            "judge": None,
        }


def look_answer(classes: bool = True) -> dict:
    """What the process that looks at pictures answers."""
    return {
        "n": 1797,
        "size": [28, 28, 1],
        "counts": [[name, 180] for name in CLASSES] if classes else [],
        "notes": [{"template": "{n} exact copies were found.", "values": {"n": 3}}],
        "sheet": base64.b64encode(sheet(rows=6, seed=50)).decode(),
        "examples": [{"label": name, "picture": text(picture(i, seed=70 + i))} for i, name in enumerate(CLASSES)] if classes else [],
        "problem": None,
    }
