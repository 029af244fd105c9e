"""Hand-made runs of the rare pictures and of the image lab, in every state, for page tests and for looking. No engine."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from make_pictures import Service as Pictures
from make_pictures import evaluation, make_pictures_run, picture, text
from make_run import STATES

RARE, KEPT = "3", 25
SENTENCES = {
    "better": "A classifier trained with them recognises {with_} % of the {label}s instead of {without} %.",
    "not_proven": "It is not proven that they help: {with_} % of the {label}s against {repeated} % by repeating.",
    "worse": "They do harm: {with_} % of the {label}s are recognised, {repeated} % by repeating.",
}


def _span(value: float, half: float = 0.04) -> dict:
    return {"value": value, "low": value - half, "high": min(1.0, value + half)}


def proof(verdict: str = "better", label: str = RARE) -> dict:
    """What a run that was asked to prove it writes."""
    reached = {"better": 0.88, "not_proven": 0.79, "worse": 0.66}[verdict]
    recalls = {"without": 0.62, "repeated": 0.78, "with": reached}
    share = {name: f"{100 * value:.0f}" for name, value in recalls.items()}
    ways = {
        name: {
            "recall": _span(value, 0.07),
            "precision": _span(0.93),
            "f1": _span(value),
            "balanced_accuracy": _span(0.9 + value / 20, 0.008),
        }
        for name, value in recalls.items()
    }
    low, high = {"better": (0.002, 0.014), "not_proven": (-0.006, 0.008), "worse": (-0.013, -0.002)}[verdict]
    values = {"label": label, "with_": share["with"], "repeated": share["repeated"], "without": share["without"]}
    return {
        "class": label,
        "n_real": KEPT,
        "n_generated": 125,
        "n_test": 270,
        "n_test_class": 27,
        **ways,
        "difference": {"against": "repeated", "metric": "balanced_accuracy", "value": (low + high) / 2, "low": low, "high": high},
        "verdict": {"kind": verdict, "message": {"template": SENTENCES[verdict], "values": values}},
    }


def make_more_run(home: Path, state: str, *, proven: str = "better", found: dict | None = None, label: str = RARE, **more) -> str:
    """A run of the page of rare pictures; `found` replaces its proof."""
    more = {"scenario": "more_pictures", "prove": {"class": label, "keep": KEPT}} | more
    name = make_pictures_run(home, state, **more)
    if state == "done":
        written = evaluation() | {"proof": proof(proven, label) if found is None else found}
        (Path(home) / "runs" / name / "evaluation.json").write_text(json.dumps(written))
    return name


def make_lab_queue(home: Path, code: str, titles: list[str], states="done", settings=None) -> list[str]:
    """The runs of a queue of the image lab, in that order."""
    states = [states] * len(titles) if isinstance(states, str) else states
    ids = []
    for i, (title, state) in enumerate(zip(titles, states, strict=True)):
        method = "GAN" if title.startswith("GAN") else "Diffusion"
        params = {"minutes": 1.0} | (settings or [{}] * len(titles))[i]
        more = {"estimator": method, "verdict": "varied" if method == "Diffusion" else "blurry", "title": f"{title} · #{code}"}
        ids.append(make_pictures_run(home, state, n=len(titles) - i, scenario="lab_images", params=params, **more))
    return ids


class Service(Pictures):
    """The same for what only these pages ask."""

    def ask(self, method: str, body: dict) -> dict:
        if method == "score":
            self.asked.append((method, body))
            return {"scores": [0.5 * np.sin(i) + len(self.asked) % 2 for i in range(len(body["pictures"]))]}
        if method not in ("trace", "forward"):
            return super().ask(method, body)
        self.asked.append((method, body))
        n = body.get("n", 1)
        clear = [i / body["steps"] for i in range(body["steps"] + 1)] if method == "trace" else [1 - t for t in body["times"]]
        pictures = [text(picture(i % 10, share, seed=i)) for share in clear for i in range(n)]
        empty = {"width": 28, "height": 28, "labels": None, "nearest": None, "judge": None}
        return {"pictures": pictures, "frames": len(clear), **empty}


if __name__ == "__main__":  # python tests/ui/make_more_pictures.py HOME: every state; keeps the live ones alive until it is ended
    import sys

    made = {state: make_more_run(Path(sys.argv[1]), state, n=i) for i, state in enumerate(STATES)}
    made |= {kind: make_more_run(Path(sys.argv[1]), "done", n=10 + i, proven=kind) for i, kind in enumerate(("not_proven", "worse"))}
    make_lab_queue(Path(sys.argv[1]), "c0a1b2c3d", ["Diffusion", "GAN"])
    print(json.dumps(made), flush=True)
    while True:
        time.sleep(3600)
