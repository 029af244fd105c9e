"""Diffusion: noise that is turned into pictures, step by step.

    diffusion = Diffusion(minutes=2).fit(images, labels)
    diffusion.sample(16, label="shoe", seed=0)

This file is the face: it imports no torch. `engine_diffusion` and what it needs are imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from bmcore.base import servable
from bmcore.errors import DataError
from bmcore.image import inputs
from bmcore.image.contract import Generator
from bmcore.messages import Message
from bmcore.params import Choice, Doc, Label, Range, Switch


class Diffusion(Generator):
    """Makes new pictures by turning noise into them along a straight path.

    Use it when you have some hundred pictures or more of one kind and want new ones like them, of a class if you say what each shows,
    or want to change or fill in a part of one. It covers all kinds of pictures it was given; a GAN can be sharper but leaves out some.

    {parameters}

    Attributes
    ----------
    image_shape_ : tuple
        Height, width and channels (1 grey, 3 colour) of its pictures, in pixels.
    classes_ : (k,) array or None
        Sorted labels.
    counts_ : dict
        Pictures learned of each class.
    history_ : list of dict
        step, seconds, loss (of training), held_out_loss and score (its negative) at each validation.
    notes_ : list of Message
        What the user should know.
    steps_ : int
        Updates made.
    seconds_ : float
        Time of the fit.

    Notes
    -----
    A picture is kept as some 150 numbers (the directions in which the pictures differ most), or larger ones as a grid of patches; the flow
    is learned on these, so two cores make hundreds of thousands of updates of pictures a minute. Weights are averaged over time, and those
    with the lowest loss on pictures held out of training are kept, so that it does not learn pictures by heart.

    Time: `minutes`, or `steps` times about 6 x 2 million operations a picture of the batch. Sampling: 2 thousand pictures or more a second
    on two cores at up to 32 pixels. Memory of the whole process: 0.7 GB for 5,000 digits of 28 x 28 and 0.95 GB for 60,000, 1.0 GB for
    3,000 colour pictures of 64 x 64, 1.6 GB for 1,000 of 128 x 128, 2.4 GB for 400 of 256 x 256.

    Raises
    ------
    DataError
        Pictures or labels that cannot be used.
    ParameterError
        A setting out of its range.

    References
    ----------
    Liu et al. (2022), Flow straight and fast, https://arxiv.org/abs/2209.03003; Lu et al. (2022), DPM-Solver++,
    https://arxiv.org/abs/2211.01095; Peebles and Xie (2022), DiT, https://arxiv.org/abs/2212.09748.

    Examples
    --------
    >>> import numpy as np
    >>> pictures = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    >>> diffusion = Diffusion(steps=2, batch_size=8, device="cpu").fit(pictures, [0, 1] * 10)
    >>> diffusion.sample(3, label=1).shape
    (3, 8, 8, 1)
    """

    def __init__(
        self,
        *,
        image_size: Annotated[
            int | None, Choice(None), Range(inputs.SMALLEST, inputs.LARGEST), Label("Picture size"),
            Doc("Side in pixels to bring the pictures to; none keeps their own."),
        ] = None,
        batch_size: Annotated[
            int | str, Choice("auto"), Range(2, 4096, log=True), Label("Batch size"),
            Doc("Pictures that one update sees; auto decides by device and size."),
        ] = "auto",
        learning_rate: Annotated[
            float | str, Choice("auto"), Range(1e-6, 1e-1, log=True), Label("Learning rate"),
            Doc("Size of an update; auto is what worked on digits and photos."),
        ] = "auto",
        minutes: Annotated[
            float, Range(0.05, 1440.0, log=True), Label("Minutes"), Doc("Time to learn for; training ends on time with its best weights."),
        ] = 2.0,
        steps: Annotated[
            int | None, Choice(None), Range(1, 10**7, log=True), Label("Updates"),
            Doc("How many updates to make in place of a time; none goes by the minutes."),
        ] = None,
        space: Annotated[
            str, Choice("auto", "picture", "patches"), Label("What is learned"),
            Doc("picture keeps each picture as a few numbers, patches as a grid of small squares; auto decides by size and device."),
        ] = "auto",
        components: Annotated[
            int | str, Choice("auto"), Range(2, 1024, log=True), Label("Components"),
            Doc("How many numbers a picture, or a patch, is kept as; more show finer detail and take longer to learn."),
        ] = "auto",
        distill: Annotated[
            bool, Switch(), Label("Distil"),
            Doc("Spend the last third of the time on learning to sample in 1 to 4 steps."),
        ] = False,
        seed: Annotated[int, Range(0, 2**31 - 1), Label("Seed"), Doc("Same seed, same data, same machine: same model.")] = 0,
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
        self.space = space
        self.components = components
        self.distill = distill
        self.seed = seed
        self.device = device

    @servable
    def edit(self, image: Any, strength: float = 0.5, label: Any = None, *, seed: int = 0) -> np.ndarray:
        """The picture made anew from a noisy copy of itself: (h, w, c) uint8.

        Parameters
        ----------
        image : uint8 (h, w) or (h, w, c)
            Brought to the learned size.
        strength : float
            0 keeps the picture, 1 keeps nothing of it.
        label : a class, optional
            What it is to become.
        """
        self.check_fitted()
        pixels, number = self._one(image, label)
        return self._engine.edit(pixels, inputs.number("strength", strength, 0.0, 1.0), number, _seed(seed))[0]

    @servable
    def inpaint(self, image: Any, mask: Any, label: Any = None, *, seed: int = 0) -> np.ndarray:
        """The picture with the masked part made up to fit the rest, which stays as it is: (h, w, c) uint8.

        Parameters
        ----------
        image : uint8 (h, w) or (h, w, c)
        mask : (h, w)
            Anything but 0 or False is to be filled in.
        label : a class, optional
        """
        self.check_fitted()
        pixels, number = self._one(image, label)
        return self._engine.inpaint(pixels, self._mask(mask, np.shape(image)[:2]), number, _seed(seed))[0]

    def reconstruct(self, images: Any) -> np.ndarray:
        """Pictures after their way into the numbers the model works on and back, (n, h, w, c) uint8: what it can show at best."""
        self.check_fitted()
        return self._engine.reconstruct(inputs.fitted(inputs.pictures_of(images), self.image_shape_))

    @servable
    def trace(self, n: int = 4, label: Any = None, *, seed: int = 0, steps: int = 8) -> np.ndarray:
        """How noise becomes pictures: (steps + 1, n, h, w, c) uint8, first the noise."""
        self.check_fitted()
        n, steps = inputs.whole("n", n, 1, 256), inputs.whole("steps", steps, 1, 256)
        numbers = inputs.asked_classes(label, self.classes_, n)
        return self._engine.trace(self.usual_classes(n, _seed(seed)) if numbers is None else numbers, seed, steps)

    def forward(self, image: Any, times: Iterable[float] = (0.0, 0.25, 0.5, 0.75, 1.0), *, seed: int = 0) -> np.ndarray:
        """How a picture becomes noise: (len(times), h, w, c) uint8, at these shares of the way from 0 to 1."""
        self.check_fitted()
        pixels, _ = self._one(image, None)
        return self._engine.forward(pixels, [inputs.number("times", time, 0.0, 1.0) for time in times], _seed(seed))

    def _one(self, image: Any, label: Any) -> tuple[np.ndarray, int]:
        numbers = inputs.asked_classes(label, self.classes_, 1)
        # the number after the last class says nothing about the class
        number = (0 if self.classes_ is None else len(self.classes_)) if numbers is None else int(numbers[0])
        return inputs.one_picture(image, self.image_shape_), number

    def _mask(self, mask: Any, size: tuple[int, int]) -> np.ndarray:
        known = np.asarray(mask)
        known = known[..., 0] if known.ndim == 3 and known.shape[-1] == 1 else known
        if known.ndim != 2 or known.shape != tuple(size) or known.dtype.kind not in "buif":
            raise DataError(
                "The mask has the shape {shape}. Give one number for each pixel of the picture, {h} rows of {w}: 0 where it stays.",
                shape=str(known.shape)[:80], h=size[0], w=size[1],
            )
        covered = np.where(known != 0, 255, 0).astype(np.uint8)[None, ..., None]
        return inputs.fitted(covered, (*self.image_shape_[:2], 1))[0, ..., 0] > 0

    def _learn(
        self, given: inputs.Learnable, report: Callable[..., Any], note: Callable[[Message], None], checkpoints: Path | None,
        watch: Callable[..., Any] | None, started: float,
    ) -> list[dict]:
        from bmcore.image import train_diffusion

        self._engine, history, self.steps_ = train_diffusion.fit(self.get_params(), given, report, note, checkpoints, watch, started)
        return history

    def _draw(self, numbers: np.ndarray, seed: int, steps: int | None, guidance: float | None) -> np.ndarray:
        return self._engine.sample(numbers, seed, steps, guidance)

    def _between(self, shares: np.ndarray, seeds: tuple[int, int], numbers: np.ndarray) -> np.ndarray:
        return self._engine.interpolate(shares, seeds, numbers)

    def _save_engine(self, folder: Path) -> None:
        from bmcore.image import stored_diffusion

        stored_diffusion.save(self._engine, folder)

    def _load_engine(self, folder: Path) -> None:
        from bmcore.image import stored_diffusion

        k = 0 if self.classes_ is None else len(self.classes_)
        self._engine = stored_diffusion.load(folder, self.image_shape_, k, self.device)


def _seed(seed: int) -> int:
    return inputs.whole("seed", seed, 0, 2**63 - 1)
