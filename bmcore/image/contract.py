"""What every model that makes pictures is. A new one implements five methods; everything else is shared.

    class Mine(Generator):
        def _learn(self, given, report, note, checkpoints, watch, started): ...  # -> history; sets self._engine and self.steps_
        def _draw(self, numbers, seed, steps, guidance): ...   # class numbers (n,) -> uint8 (n, h, w, c)
        def _between(self, shares, seeds, numbers): ...        # shares (n,) from 0 to 1, two seeds, two class numbers -> uint8 (n, h, w, c)
        def _save_engine(self, folder): ...
        def _load_engine(self, folder): ...                    # ModelError for a damaged folder

`given` is an `inputs.Learnable`: pixels (n, h, w, c) uint8, numbers (n,) int64, classes, k. This file imports no torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bmcore import files
from bmcore.base import Estimator, servable
from bmcore.errors import DataError, ModelError, NotFittedError
from bmcore.image import inputs
from bmcore.messages import Message


class Generator(Estimator):
    """Base of the models that make pictures."""

    task: ClassVar[str] = "pictures"
    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"minutes": 0.5}},
        "balanced": {"params": {"minutes": 2.0}},
        "best": {"params": {"minutes": 10.0}},
    }

    def fit(
        self, images: Any, labels: Any = None, *, report: Callable[..., Any] | None = None, checkpoints: str | Path | None = None,
        watch: Callable[..., Any] | None = None,
    ) -> Generator:
        """Learn from pictures of one size.

        Parameters
        ----------
        images : Pictures, or uint8 array (n, h, w) or (n, h, w, c)
            Grey (c = 1) or colour (c = 3), 0 to 255, at least 2.
        labels : sequence of n labels, optional
            What each shows; then a class can be asked for. Default: the labels of the Pictures.
        report : callable, optional
            `report(step, total, phase="train", updates=..., samples_per_s=..., loss=...)`: counts updates where `steps` is set, else tenths
            of a second. Raise Cancelled in it to stop. Default: a bar in a terminal.
        checkpoints : folder, optional
            Where resumable checkpoints are kept; training goes on from the newest valid one.
        watch : callable, optional
            `watch(step, seconds, pictures)`, about 30 times: pictures (m, h, w, c) uint8 from the same noise each time, 4 of each of the
            first 10 classes, 16 without classes.

        Raises
        ------
        DataError, ParameterError, RunError, StorageError, Cancelled
        """
        from bmcore.training.progress import reporter

        started = time.monotonic()
        self.check_params()
        self._forget()
        given = inputs.learnable(images, labels, self.image_size)
        notes: list[Message] = []
        tell = reporter(report)

        def note(message: Message) -> None:
            notes.append(message)
            if hasattr(tell, "note"):
                tell.note(message)

        history = self._learn(given, tell, note, Path(checkpoints) if checkpoints else None, watch, started)
        self.image_shape_, self.classes_ = given.pixels.shape[1:], given.classes
        self.history_, self.notes_ = history, notes
        self._counts = np.bincount(given.numbers, minlength=max(1, given.k)).tolist()
        self.seconds_ = time.monotonic() - started
        return self

    @servable
    def sample(
        self, n: int = 16, label: Any = None, *, seed: int = 0, steps: int | None = None, guidance: float | None = None,
    ) -> np.ndarray:
        """New pictures: (n, h, w, c) uint8. The same seed gives the same pictures on one device.

        Parameters
        ----------
        n : int
            1 to 100,000.
        label : a class, or a list of n classes
            Default: classes as often as in the data.
        seed : int
        steps : int, optional
            Evaluations of the network on the way from noise to picture, where the model takes several.
        guidance : float, optional
            How strongly a picture is pushed towards its class; 1 leaves it alone.

        Raises
        ------
        DataError, ParameterError
        """
        self.check_fitted()
        n, seed = inputs.whole("n", n, 1, inputs.MOST_ASKED), inputs.whole("seed", seed, 0, 2**63 - 1)
        numbers = inputs.asked_classes(label, self.classes_, n)
        return self._draw(self.usual_classes(n, seed) if numbers is None else numbers, seed, *_path(steps, guidance))

    @servable
    def interpolate(self, n: int = 8, *, seeds: tuple[int, int] = (0, 1), labels: Any = None) -> np.ndarray:
        """Pictures on the way from one to another: (n, h, w, c) uint8. The noise turns evenly from that of one seed to the other's.

        Parameters
        ----------
        n : int
            2 to 1,000.
        seeds : two ints
        labels : two classes, optional
            Of the first and of the last picture. Default: one class for all.

        Raises
        ------
        DataError, ParameterError
        """
        self.check_fitted()
        n, seeds = inputs.whole("n", n, 2, 1000), tuple(seeds)
        if len(seeds) != 2:
            raise DataError("seeds has {n} entries. Give two: of the first and of the last picture.", n=len(seeds))
        seeds = tuple(inputs.whole("seeds", seed, 0, 2**63 - 1) for seed in seeds)
        numbers = inputs.asked_classes(labels if labels is None or isinstance(labels, list | tuple | np.ndarray) else [labels] * 2,
                                       self.classes_, 2)
        if numbers is None:
            numbers = self.usual_classes(1, seeds[0]).repeat(2)
        return self._between(np.linspace(0, 1, n), seeds, numbers)

    @property
    def counts_(self) -> dict[Any, int]:
        """How many pictures of each class were learned; {} without classes."""
        self.check_fitted()
        return {} if self.classes_ is None else dict(zip(self.classes_.tolist(), self._counts, strict=True))

    def check_fitted(self) -> None:
        """Raise NotFittedError unless a fit has come to its end."""
        if not hasattr(self, "seconds_"):
            raise NotFittedError("This {estimator} has learned nothing yet. Call fit, or load a saved one.", estimator=type(self).__name__)

    # what a model implements

    def _learn(
        self, given: inputs.Learnable, report: Callable[..., Any], note: Callable[[Message], None], checkpoints: Path | None,
        watch: Callable[..., Any] | None, started: float,
    ) -> list[dict]:
        raise NotImplementedError

    def _draw(self, numbers: np.ndarray, seed: int, steps: int | None, guidance: float | None) -> np.ndarray:
        raise NotImplementedError

    def _between(self, shares: np.ndarray, seeds: tuple[int, int], numbers: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _save_engine(self, folder: Path) -> None:
        raise NotImplementedError

    def _load_engine(self, folder: Path) -> None:
        raise NotImplementedError

    # shared

    def usual_classes(self, n: int, seed: int) -> np.ndarray:
        """Class numbers (n,) int64 as often as in the data: those of the pictures that `sample` makes where no class is asked for."""
        share = np.asarray(self._counts, float)
        return np.random.default_rng(seed).choice(len(share), n, p=share / share.sum())

    def _forget(self) -> None:
        known = self.get_params()
        for name in [name for name in vars(self) if name not in known]:
            delattr(self, name)

    def _save(self, folder: Path) -> None:
        self._save_engine(folder)
        files.write_json(folder / "pictures.json", {
            "shape": list(self.image_shape_), "classes": None if self.classes_ is None else self.classes_.tolist(), "counts": self._counts,
            "history": self.history_, "notes": [message.to_dict() for message in self.notes_], "steps": self.steps_,
            "seconds": self.seconds_,
        })

    def _load(self, folder: Path) -> None:
        stored = files.read_json(folder / "pictures.json")
        try:
            self._take(stored)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._forget()
            raise ModelError(
                "{name} in the model folder is missing or damaged. Train or save the model again.", name="pictures.json"
            ) from error
        seconds = self.seconds_
        del self.seconds_  # fitted only once the engine is there
        self._load_engine(folder)
        self.seconds_ = seconds

    def _take(self, stored: dict[str, Any]) -> None:
        h, w, c = (int(side) for side in stored["shape"])
        classes, counts = stored["classes"], [int(count) for count in stored["counts"]]
        if not (min(h, w) >= inputs.SMALLEST and max(h, w) <= inputs.LARGEST and c in (1, 3)):
            raise ValueError("shape")
        if min(counts) < 0 or not sum(counts) or len(counts) != (1 if classes is None else len(classes)):
            raise ValueError("counts")
        if classes is not None and not (len(classes) <= inputs.MOST_CLASSES and all(isinstance(label, int | str) for label in classes)):
            raise ValueError("classes")
        self.image_shape_, self._counts = (h, w, c), counts
        self.classes_ = None if classes is None else inputs.classes_of(classes)
        self.history_, self.notes_ = list(stored["history"]), [Message.from_dict(entry) for entry in stored["notes"]]
        self.steps_, self.seconds_ = int(stored["steps"]), float(stored["seconds"])


def _path(steps: int | None, guidance: float | None) -> tuple[int | None, float | None]:
    return (
        None if steps is None else inputs.whole("steps", steps, 1, 1000),
        None if guidance is None else inputs.number("guidance", guidance, 0.0, 20.0),
    )
