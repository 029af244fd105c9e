"""The whole evaluation of generated pictures: against held-out real ones, against PCA + Gaussian, and against real pictures as the floor.

    train, test = (pictures.take(rows) for rows in split_pictures(pictures))
    evaluation = evaluate(Diffusion().fit(train.images, train.labels), train, test)

Everything is measured with equal numbers of pictures and the same classes in the same proportions: the distances depend on both. The
result is plain JSON: what a page draws and what `evaluation.json` holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.evaluate import picture_intervals as intervals
from bmcore.evaluate import picture_metrics as metrics
from bmcore.evaluate.encoder import SMALL
from bmcore.evaluate.judge import Judge
from bmcore.evaluate.picture_baselines import PCAGaussian
from bmcore.evaluate.picture_checks import judged
from bmcore.evaluate.picture_progress import Steps
from bmcore.evaluate.picture_repair import inpainting, reconstruction
from bmcore.evaluate.picture_sides import Familiar, Side, repeats, variety
from bmcore.evaluate.picture_verdict import Facts, judge
from bmcore.evaluate.picture_wanted import as_shape, asked, sampled

if TYPE_CHECKING:
    from bmcore.data.pictures import Pictures

MOST_JUDGED, MOST_LEARNED = 2000, 20_000  # held-out and generated pictures; training pictures searched for copies
TRIVIAL, REAL = "PCA + Gaussian", "Real pictures"
COMPARED = ("ours", "pca", "floor")


def evaluate(
    generator: Any, train: Pictures, test: Pictures, *, seed: int = 0, report: Callable | None = None, encoder: str = SMALL,
) -> dict:
    """Measure a generator that was fitted on `train`, and what it must be compared with, on `test`.

    Use it when a generator is trained and you want to know whether its pictures are new, varied and like real ones.

    Parameters
    ----------
    generator : Generator
        With `sample(n, label, seed=...)`, `image_shape_` and `classes_`; fitted on `train` and nothing else.
    train, test : Pictures
        Of one data set, as `split_pictures` parts it. They are brought to the generator's size.
    seed : int
        The same seed gives the same result.
    report : callable, optional
        `report(step, total, phase="evaluate")`; may raise `Cancelled`.
    encoder : str
        As in `encode`; it is named in the result, since a distance belongs to its encoder.

    Returns
    -------
    dict
        JSON: sizes, encoder, judge, model, baselines ("PCA + Gaussian", "Real pictures"), difference, verdict, by_class, reconstruction,
        inpainting, seconds. `n` says how many pictures each side has. `difference` is by how much nearer to the real pictures (feature-FID)
        the model is than PCA + Gaussian: above 0 it is better. "Real pictures" are training pictures against the held-out ones; their
        copies are those of the held-out ones.

    Raises
    ------
    DataError
        If a side has fewer than 2 pictures.

    Notes
    -----
    Training the judge takes the most: 10 s of 17 s for 4,250 + 750 digits of 28 x 28 on two busy cores, below 700 MB in all.
    """
    return _Evaluation(generator, train, judged(train, test), seed, Steps(report), encoder).result()


class _Evaluation:
    def __init__(self, generator: Any, train: Pictures, test: Pictures, seed: int, steps: Steps, encoder: str):
        self.start, self.seed, self.steps, self.encoder, self.generator = time.perf_counter(), seed, steps, encoder, generator
        shape = tuple(getattr(generator, "image_shape_", train.pixels.shape[1:]))
        draw = np.random.default_rng(seed)
        self.n = min(len(test), len(train), MOST_JUDGED)
        self.train, self.train_labels = as_shape(train.pixels, shape), train.labels
        rows = np.sort(draw.permutation(len(test))[:self.n])
        self.test, self.labels = as_shape(test.pixels, shape)[rows], None if test.labels is None else test.labels[rows]
        self.with_classes = train.labels is not None and test.labels is not None and len(np.unique(train.labels)) > 1
        self.sizes = (len(train), len(test))
        self.floor = asked(train.labels if self.with_classes else None, self.labels, len(train), self.n, draw)
        self.learned = np.sort(draw.permutation(len(train))[:MOST_LEARNED])

    def result(self) -> dict:
        reader = self._reader()
        after_judge = time.perf_counter()
        sides, per_second = self._sides()
        with self.steps.part("intervals", 100) as tick:
            compared = {key: sides[key].features for key in COMPARED}
            distances = intervals.Distances(sides["real"].features, compared, self.seed, tick)
        known = Familiar(sides["train"], sides["real"])
        scored = {key: self._scored(key, sides, distances, known, reader) for key in COMPARED}
        scored["ours"] |= {
            "name": type(self.generator).__name__, "samples_per_s": per_second,
            "seconds": round(float(getattr(self.generator, "seconds_", 0.0)), 3)}
        for one in scored.values():
            best = scored["floor"]["recall"]["value"]
            one["recall_of_real"] = one["recall"]["value"] / best if best else 0.0
        nearer = distances.nearer("ours", "pca")
        kind, message = judge(self._facts(scored, sides, nearer, known, reader))
        found = self._sized(reader) | {
            "model": scored["ours"], "baselines": [scored["pca"], scored["floor"]],
            "difference": {"against": TRIVIAL, "metric": "feature_fid", **nearer},
            "verdict": {"kind": kind, "message": message.to_dict()},
            "by_class": self._by_class(sides["ours"], reader),
            "reconstruction": reconstruction(self.generator, self.test, self.labels),
            "inpainting": inpainting(self.generator, self.test, self.labels, self.seed, self.steps.again),
            "proof": None,
        }
        end = time.perf_counter()
        self.steps.end()
        return found | {"seconds": {"judge": round(after_judge - self.start, 3), "evaluate": round(end - self.start, 3)}}

    def _reader(self) -> Judge | None:
        if not self.with_classes:
            return None
        with self.steps.part("judge", 1000) as tick:
            return Judge().fit(self.train, self.train_labels, seed=self.seed, report=tick)

    def _sides(self) -> tuple[dict[str, Side], float]:
        """Every set of pictures with its features, and the generator's pictures a second."""
        labels = self.labels if self.with_classes else None
        with self.steps.part("generate", self.n) as tick:
            start = time.perf_counter()
            ours = sampled(self.generator, self.n, labels, self.seed, tick)
            per_second = self.n / max(time.perf_counter() - start, 1e-9)
        trivial = PCAGaussian().fit(self.train, self.train_labels if self.with_classes else None, seed=self.seed)
        pictures = {
            "ours": ours, "pca": trivial.sample(self.n, labels, seed=self.seed), "floor": self.train[self.floor], "real": self.test,
            "train": self.train[self.learned],
        }
        names = {"ours": "", "pca": TRIVIAL, "floor": REAL, "real": "", "train": ""}
        with self.steps.part("encode", 4 * self.n + len(self.learned)) as tick:
            sides = {
                key: Side.of(names[key], images, None if key == "train" else labels, self.encoder, tick)
                for key, images in pictures.items()}
        return sides, round(per_second, 2)

    def _scored(self, key: str, sides: dict[str, Side], distances: intervals.Distances, known: Familiar, reader: Judge | None) -> dict:
        side, real = sides[key], sides["real"]
        inside, covered = metrics.precision_recall(real.features, side.features)
        copied = known.copies(real if key == "floor" else side)
        if key == "floor" and reader is not None:
            read = intervals.share(reader.predict(real.images) == self.labels)
        else:
            read = None if reader is None else intervals.share(reader.predict(side.images) == self.labels)
        self.steps.again()
        return {
            "name": side.name, "feature_fid": distances.interval(key), "feature_kid": intervals.kernel(side.features, real.features),
            "precision": intervals.share(inside), "recall": intervals.share(covered), "class_accuracy": read,
            "copies": {"share": intervals.share(copied), "expected": known.expected},
            "sharpness": {"value": _relative(metrics.sharpness(side.images), metrics.sharpness(real.images))},
            "variety": {"value": variety(side, real)}, "repeats": {"value": repeats(side, real)},
            "samples_per_s": None, "seconds": None,
        }

    def _facts(self, scored: dict[str, dict], sides: dict[str, Side], nearer: dict, known: Familiar, reader: Judge | None) -> Facts:
        ours, floor = scored["ours"], scored["floor"]
        return Facts(
            n=self.n, variety=ours["variety"]["value"], repeats=ours["repeats"]["value"], copies=ours["copies"]["share"]["value"],
            copies_low=ours["copies"]["share"]["low"], expected=known.expected, sharpness=ours["sharpness"]["value"],
            nearer=nearer["value"], nearer_low=nearer["low"], nearer_high=nearer["high"], distance=ours["feature_fid"]["value"],
            trivial=scored["pca"]["feature_fid"]["value"], recall=ours["recall_of_real"],
            precision=ours["precision"]["value"] / max(floor["precision"]["value"], 1e-9),
            **({} if reader is None else _read(ours["class_accuracy"], floor["class_accuracy"], scored["pca"]["class_accuracy"])),
        )

    def _sized(self, reader: Judge | None) -> dict:
        classes, counts = ([], []) if self.train_labels is None else np.unique(self.train_labels, return_counts=True)
        d = 64 if self.encoder == SMALL else None
        right = None if reader is None else intervals.share(reader.predict(self.test) == self.labels)
        return {
            "task": "pictures", "metric": "class_accuracy" if self.with_classes else "feature_fid", "n_train": self.sizes[0],
            "n_test": self.sizes[1], "n": self.n, "size": [int(side) for side in self.train.shape[1:]],
            "classes": [str(one) for one in classes], "counts": [int(count) for count in counts],
            "encoder": {"name": self.encoder, "features": d},
            "judge": None if right is None else {"accuracy": right, "n": self.n},
        }

    def _by_class(self, ours: Side, reader: Judge | None) -> list[dict]:
        if reader is None:
            return []
        right = reader.predict(ours.images) == self.labels
        return [
            {
                "class": str(label), "n_train": int((self.train_labels == label).sum()),
                "accuracy": intervals.share(right[self.labels == label]),
            }
            for label in np.unique(self.labels)
        ]


def _read(ours: dict[str, float], floor: dict[str, float], trivial: dict[str, float]) -> dict[str, float]:
    return {
        "read": ours["value"], "read_most": floor["value"], "read_trivial": trivial["value"],
        "read_more_high": intervals.more(ours, trivial)["high"],
    }


def _relative(energy: np.ndarray, real: np.ndarray) -> float:
    return float(energy.mean() / max(real.mean(), 1e-12))
