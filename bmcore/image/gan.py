"""GAN: two networks, one that draws pictures and one that tells them from real ones, learn from each other.

    gan = GAN(minutes=2.0).fit(pictures)
    gan.sample(16, label="3")

This file is the face: it imports no engine. The networks, their losses and the training are imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from bmcore.base import servable
from bmcore.errors import ParameterError
from bmcore.image import inputs
from bmcore.image.contract import Generator
from bmcore.messages import Message
from bmcore.params import Choice, Doc, Label, Range

COLLAPSED = 0.25  # share of the real pictures' variance


class GAN(Generator):
    """Learns to make new pictures like those given, by a contest of two networks.

    Use it when a picture must be made in one pass of a small network, or to see how such a contest goes; `Diffusion` is steadier and
    usually shows more of the variety of the data.

    {parameters}

    Attributes
    ----------
    image_shape_ : (h, w, c)
        Of the pictures it makes, in pixels.
    classes_ : (k,) int64 or object, or None
        What can be asked for.
    counts_ : dict
        How many pictures of each class were learned.
    history_ : list of dict
        step, seconds, loss_generator, loss_discriminator, penalty, variety (variance of generated pictures divided by that of real ones)
        and score (minus the Fréchet distance on principal components), about ten times.
    notes_ : list of Message
    steps_ : int
        Updates.
    seconds_ : float
        Time of the fit.

    Notes
    -----
    Relativistic pairing loss; the slope of the discriminator is punished at real and generated pictures (R1 and R2), at every fourth
    update with four times the weight; the discriminator sees shifted pictures, and where there are at most 2,000 also brighter and partly
    covered ones; pictures are drawn by an exponential moving average of the generator. The state with the smallest distance to a tenth of
    the pictures that is not learned from is kept.

    Time: as set. Memory of the whole process: 0.7 GB for 5,000 digits of 28 x 28, 1.0 GB for 3,000 colour pictures of 64 x 64, 1.7 GB
    for 1,000 of 128 x 128, 3.3 GB for 400 of 256 x 256.

    Raises
    ------
    DataError, ParameterError, RunError

    References
    ----------
    Huang et al. (2024), The GAN is dead; long live the GAN! A modern baseline GAN. Zhao et al. (2020), Differentiable augmentation for
    data-efficient GAN training. Miyato and Koyama (2018), cGANs with projection discriminator.

    Examples
    --------
    >>> import numpy as np
    >>> pictures = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    >>> gan = GAN(steps=2, batch_size=4).fit(pictures, report=lambda *args, **metrics: None)
    >>> gan.sample(3).shape
    (3, 8, 8, 1)
    """

    def __init__(
        self, *,
        image_size: Annotated[
            int | None, Choice(None), Range(8, 256), Label("Picture size"),
            Doc("Side in pixels that pictures are brought to; none: their own."),
        ] = None,
        batch_size: Annotated[int, Range(2, 4096, log=True), Label("Batch size"), Doc("Pictures of one update.")] = 64,
        learning_rate: Annotated[
            float, Range(1e-6, 1e-1, log=True), Label("Learning rate"),
            Doc("Size of an update at its largest; both networks have the same."),
        ] = 1e-3,
        minutes: Annotated[
            float, Range(0.05, 1440.0, log=True), Label("Minutes"), Doc("Training ends after this time with its best weights."),
        ] = 2.0,
        steps: Annotated[
            int | None, Choice(None), Range(1, 10**7, log=True), Label("Updates"),
            Doc("End after so many updates and do not look at the time."),
        ] = None,
        seed: Annotated[int, Range(0, 2**31 - 1), Label("Seed"), Doc("Another seed gives another model of the same kind.")] = 0,
        device: Annotated[
            str, Choice("auto", "cpu", "cuda", "mps"), Label("Device"),
            Doc("Where to compute; auto takes a graphics card if there is one."),
        ] = "auto",
    ):
        self.image_size = image_size
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.minutes = minutes
        self.steps = steps
        self.seed = seed
        self.device = device

    @servable
    def score(self, images: Any, labels: Any = None) -> np.ndarray:
        """The discriminator's score of pictures: (n,) float32. The higher, the more real they look; only differences mean something.

        Parameters
        ----------
        images : Pictures, or uint8 array (n, h, w) or (n, h, w, c)
            Brought to the learned size where they differ.
        labels : a class, or n classes, optional
            What they are meant to show. Default: the class that fits each best.

        Raises
        ------
        DataError
        """
        self.check_fitted()
        from bmcore.image import stored_gan

        pixels = inputs.fitted(inputs.pictures_of(images), self.image_shape_)
        return stored_gan.scores(self._engine[1], pixels, inputs.asked_classes(labels, self.classes_, len(pixels)))

    def _learn(
        self, given: inputs.Learnable, report: Callable[..., Any], note: Callable[[Message], None], checkpoints: Path | None,
        watch: Callable[..., Any] | None, started: float,
    ) -> list[dict]:
        from bmcore import device as devices
        from bmcore.image.engine_gan import GanTask, Settings
        from bmcore.training.budget import Budget, BudgetLoop

        device = devices.resolve(self.device)
        with devices.seeded(self.seed):
            task = GanTask(given, Settings(int(self.batch_size), float(self.learning_rate), int(self.seed), device))
            budget = Budget(steps=self.steps, seconds=None if self.steps else 60.0 * self.minutes, device=device)
            loop = BudgetLoop(task, budget, report, note, checkpoints, watch, started)
            history = loop.run()
        self._engine = (task.average.eval(), task.discriminator.eval().requires_grad_(False))
        self.steps_ = loop.position.step
        best = max(history, key=lambda entry: entry.get("score", -np.inf))
        if best.get("variety", 1.0) < COLLAPSED:
            note(Message(
                "The generated pictures vary only {share} % as much as the real ones: the GAN has collapsed to a few pictures. "
                "Train longer, choose a smaller learning rate, or take Diffusion.", share=round(100 * best["variety"]),
            ))
        return history

    def _draw(self, numbers: np.ndarray, seed: int, steps: int | None, guidance: float | None) -> np.ndarray:
        from bmcore.image import engine_gan

        if steps is not None or guidance is not None:
            raise ParameterError("A GAN makes a picture in one pass, so it takes neither steps nor guidance. Leave them out.")
        return engine_gan.drawn(self._engine[0], numbers, seed)

    def _between(self, shares: np.ndarray, seeds: tuple[int, int], numbers: np.ndarray) -> np.ndarray:
        from bmcore.image import engine_gan

        return engine_gan.between(self._engine[0], shares, seeds, numbers)

    def _save_engine(self, folder: Path) -> None:
        from bmcore.image import stored_gan

        stored_gan.save(folder, *self._engine)

    def _load_engine(self, folder: Path) -> None:
        from bmcore.image import stored_gan

        self._engine = stored_gan.load(folder, self.image_shape_, 1 if self.classes_ is None else len(self.classes_), self.device)
