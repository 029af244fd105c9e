"""What a run of pictures hands over: the model that makes them, and the training pictures that a new one is nearest to.

    model = bmcore.load(run_id)
    model.sample(16, label="3", seed=1)             # (16, h, w, c) uint8
    model.nearest(model.sample(4))[0]["name"]
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bmcore.base import Estimator, servable
from bmcore.errors import ModelError

if TYPE_CHECKING:
    import numpy as np

    from bmcore.image.contract import Generator

TRAINING = "training.npz"  # beside the model's folder, so that whoever copies the model takes no picture of anybody along


class PictureModel:
    """A generator of pictures together with what it learned from.

    Use it when a finished run has to make pictures, or somebody asks whether one of them is a copy.

    Parameters
    ----------
    generator : Generator
        Fitted.
    training : dict of str to array, optional
        images (n, h, w[, c]) uint8, names (n,), features (n, d), and labels (n,) where there are classes.

    Attributes
    ----------
    generator : Generator
        `Diffusion` or `GAN`.
    training : dict or None

    Notes
    -----
    Making pictures costs what the generator takes; the nearest training picture about 0.3 ms a picture and 20 ms for 20,000 to compare
    with. Memory: the model, and the training pictures once they are asked for (at most about 120 MB).

    Examples
    --------
    >>> PictureModel.task
    'pictures'
    """

    task: ClassVar[str] = "pictures"

    def __init__(self, generator: Generator, training: dict[str, np.ndarray] | None = None):
        self.generator = generator
        self._training, self._place = training, None

    def __repr__(self) -> str:
        return f"PictureModel({self.generator!r})"

    @property
    def classes_(self) -> np.ndarray | None:
        """The classes that can be asked for, (k,); None without."""
        return self.generator.classes_

    @property
    def training(self) -> dict[str, np.ndarray] | None:
        """The training pictures to compare with, read when they are asked for first."""
        if self._training is None and self._place is not None:
            self._training, self._place = _read(self._place), None
        return self._training

    @servable
    def sample(
        self, n: int = 16, label: Any = None, *, seed: int = 0, steps: int | None = None, guidance: float | None = None
    ) -> np.ndarray:
        """New pictures (n, h, w, c) uint8; see `Generator.sample`."""
        return self.generator.sample(n, label, seed=seed, steps=steps, guidance=guidance)

    @servable
    def interpolate(self, n: int = 8, *, seeds: tuple[int, int] = (0, 1), labels: Any = None) -> np.ndarray:
        """Pictures on the way from one to another; see `Generator.interpolate`."""
        return self.generator.interpolate(n, seeds=seeds, labels=labels)

    @servable
    def edit(self, image: np.ndarray, strength: float = 0.5, label: Any = None, seed: int = 0) -> np.ndarray:
        """A picture changed by so much; only a `Diffusion` can."""
        return self.generator.edit(image, strength=strength, label=label, seed=seed)

    @servable
    def inpaint(self, image: np.ndarray, mask: np.ndarray, label: Any = None, seed: int = 0) -> np.ndarray:
        """A picture with a part made anew; only a `Diffusion` can."""
        return self.generator.inpaint(image, mask, label=label, seed=seed)

    @servable
    def trace(self, n: int = 4, label: Any = None, seed: int = 0, steps: int = 8) -> np.ndarray:
        """The way from noise to pictures (steps + 1, n, h, w, c) uint8; only a `Diffusion` can."""
        return self.generator.trace(n, label=label, seed=seed, steps=steps)

    @servable
    def forward(self, image: np.ndarray, times: list[float], seed: int = 0) -> np.ndarray:
        """The way from a picture to noise, a frame for each time; only a `Diffusion` can."""
        return self.generator.forward(image, times, seed=seed)

    @servable
    def score(self, images: np.ndarray) -> np.ndarray:
        """How real each picture looks to the discriminator (n,); only a `GAN` can."""
        return self.generator.score(images)

    def labels_of(self, n: int, label: Any, seed: int) -> list[Any] | None:
        """The class of each picture that `sample(n, label, seed=seed)` makes; None without classes."""
        if self.classes_ is None:
            return None
        if label is None:
            return self.classes_[self.generator.usual_classes(n, seed)].tolist()
        return list(label) if isinstance(label, list | tuple) else [label] * n

    def nearest(self, images: np.ndarray) -> list[dict[str, Any]] | None:
        """The training picture most like each: name, label or None, distance of the features, picture; None where none were kept.

        Parameters
        ----------
        images : (n, h, w, c) uint8
        """
        import numpy as np

        from bmcore.evaluate.encoder import encode

        kept = self.training
        if kept is None:
            return None
        known = kept["features"].astype(np.float32)  # (m, d)
        found = []
        for feature in encode(images):
            distances = np.linalg.norm(known - feature, axis=1)
            at = int(distances.argmin())
            label = str(kept["labels"][at]) if "labels" in kept else None
            found.append({
                "name": str(kept["names"][at]), "label": label, "distance": round(float(distances[at]), 4), "picture": kept["images"][at],
            })
        return found

    def save(self, folder: str | Path) -> Path:
        """Write the generator alone into `folder`."""
        return self.generator.save(folder)

    @classmethod
    def load(cls, folder: str | Path) -> PictureModel:
        """Read a run's `model` folder; the training pictures lie beside it, or nowhere."""
        found = cls(Estimator.load(folder))
        place = Path(folder).parent / TRAINING
        found._place = place if place.is_file() else None
        return found


def _read(place: Path) -> dict[str, np.ndarray]:
    import zipfile

    import numpy as np

    try:
        with np.load(place, allow_pickle=False) as stored:
            kept = {name: stored[name] for name in ("images", "names", "features", "labels") if name in stored.files}
        sizes = {len(kept[name]) for name in kept} if {"images", "names", "features"} <= set(kept) else set()
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError("{name} in the folder of the run is damaged. Train the model again.", name=TRAINING) from error
    if len(sizes) != 1:
        raise ModelError("{name} in the folder of the run is damaged. Train the model again.", name=TRAINING)
    return kept
