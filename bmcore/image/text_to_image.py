"""TextToImage: pictures from a sentence with a Stable Diffusion class model, and LoRA to teach it your own pictures.

    painter = TextToImage()
    pictures = painter.sample("a red teapot on a wooden table", 2)
    painter.fit(my_pictures, "a photo of our teapot").sample("our teapot on the moon")

This file is the face: it imports neither torch nor diffusers. The engine is imported in methods.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore import files
from bmcore.assets.weights import header
from bmcore.base import Estimator
from bmcore.errors import DataError, ModelError, NotFittedError, ParameterError
from bmcore.image import inputs
from bmcore.image.pipeline_files import LORA_FILE
from bmcore.messages import Message
from bmcore.params import Choice, Doc, Label, Range, Text

LONGEST = 2000  # characters of a sentence


class TextToImage(Estimator):
    """Makes pictures from sentences with a diffusers pipeline, which can learn your own pictures (LoRA).

    Use it when you want pictures of what a sentence says, in the style of your brand or with your product, and have a graphics card. It
    works untrained; `fit` teaches it from about 10 to 100 of your pictures. Before anything is downloaded, the memory it needs is told
    from the hub's listing, and a machine that cannot hold it is told so.

    {parameters}

    Attributes
    ----------
    image_shape_ : tuple (h, w, 3)
        Of the pictures it learned and makes.
    captions_ : list of str
        The different sentences it learned.
    base_ : dict
        model, revision (the commit, on the hub) and pipeline (class of diffusers) that the LoRA belongs to.
    history_ : list of dict
        One entry a tenth of the training: step, seconds, loss.
    notes_ : list of Message
        What the user should know, such as a batch cut for lack of memory.
    steps_ : int
        Updates done.
    seconds_ : float
        Of the fit, download and preparation included.

    Notes
    -----
    Time: a picture of 512 pixels takes about 60 evaluations of a network of 860 million weights, some seconds on a graphics card and some
    minutes on two cores. Memory: the weights (2 bytes each on a card with bf16 or fp16, 4 bytes on a processor) and the activations of one
    batch; all of it stays on one device. A picture that the model's own safety check refuses comes back black.

    References
    ----------
    Rombach et al., Latent diffusion (2022), https://arxiv.org/abs/2112.10752; Hu et al., LoRA (2021), https://arxiv.org/abs/2106.09685.

    Examples
    --------
    >>> TextToImage(rank=4).get_params()["rank"]
    4
    """

    task: ClassVar[str] = "text_to_image"
    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"minutes": 5.0, "rank": 4}},
        "balanced": {"params": {"minutes": 15.0}},
        "best": {"params": {"minutes": 45.0, "rank": 16}},
    }

    def __init__(
        self,
        *,
        model: Annotated[
            str, Text(500), Label("Model"),
            Doc("A hub id such as owner/name, or a local folder, of a Stable Diffusion 1, 2, XL or 3 pipeline; safetensors only."),
        ] = "stable-diffusion-v1-5/stable-diffusion-v1-5",
        revision: Annotated[
            str | None, Choice(None), Text(200), Label("Model revision"),
            Doc("Branch, tag or commit of a hub model; none takes its main branch."),
        ] = None,
        image_size: Annotated[
            int | None, Choice(None), Range(8, 2048), Label("Picture size"),
            Doc("Side of the pictures in pixels; none takes the size the model was made for."),
        ] = None,
        sampling_steps: Annotated[
            int, Range(1, 1000, log=True), Label("Sampling steps"), Doc("Steps from noise to picture; more take longer and look finer."),
        ] = 30,
        guidance: Annotated[
            float, Range(0.0, 30.0), Label("Guidance"), Doc("How strongly a picture is pushed towards its sentence; 1 leaves it alone."),
        ] = 7.5,
        rank: Annotated[
            int, Range(1, 256, log=True), Label("LoRA rank"), Doc("Inner width of what is learned; more holds more detail."),
        ] = 8,
        learning_rate: Annotated[float, Range(1e-7, 1e-1, log=True), Label("Learning rate"), Doc("Step size of the training.")] = 1e-4,
        minutes: Annotated[
            float, Range(0.05, 1440.0, log=True), Label("Minutes"), Doc("How long to train, once the model is loaded."),
        ] = 15.0,
        steps: Annotated[
            int | None, Choice(None), Range(1, 10_000_000), Label("Training steps"),
            Doc("Train this many updates instead of minutes."),
        ] = None,
        batch_size: Annotated[int, Range(1, 256, log=True), Label("Batch size"), Doc("Pictures computed at a time.")] = 1,
        seed: Annotated[int, Range(0, 2**31 - 1), Label("Seed"), Doc("Same seed, same data, same machine: same model.")] = 0,
        device: Annotated[
            str, Choice("auto", "cpu", "cuda", "mps"), Label("Device"),
            Doc("Where to compute; auto takes a graphics card if there is one."),
        ] = "auto",
    ):
        self.model = model
        self.revision = revision
        self.image_size = image_size
        self.sampling_steps = sampling_steps
        self.guidance = guidance
        self.rank = rank
        self.learning_rate = learning_rate
        self.minutes = minutes
        self.steps = steps
        self.batch_size = batch_size
        self.seed = seed
        self.device = device

    def open(self) -> TextToImage:
        """Look at the model, tell whether this machine can hold it, fetch it and load it; `sample` and `fit` do so on first use.

        Raises
        ------
        ParameterError, ModelError, StorageError
        """
        self.check_params()
        self._opened(learning=False)
        return self

    def fit(
        self, images: Any, captions: Any = None, *, report: Callable[..., Any] | None = None, checkpoints: str | Path | None = None,
        watch: Callable[..., Any] | None = None,
    ) -> TextToImage:
        """Teach the model your pictures: LoRA beside the attention layers of its denoiser. The model itself is not changed.

        Parameters
        ----------
        images : Pictures, or uint8 array (n, h, w) or (n, h, w, 3)
            Cut to the centre square and brought to the model's size.
        captions : str, or sequence of n str or labels, optional
            What the pictures show: one sentence for all, or one each. Default: the labels of the Pictures.
        report : callable, optional
            `report(step, total, phase=..., loss=...)`; raise Cancelled in it to stop. Default: a bar in a terminal.
        checkpoints : folder, optional
            Where resumable checkpoints are kept; training goes on from the newest valid one.
        watch : callable, optional
            `watch(step, seconds, pictures)`, now and then: pictures (m, h, w, 3) uint8 of up to 4 captions from the same noise each time.

        Raises
        ------
        DataError, ParameterError, ModelError, RunError, StorageError, Cancelled
        """
        from bmcore.training.progress import reporter

        started = time.monotonic()
        self.check_params()
        pixels, texts = inputs.pictures_of(images), _captions(images, captions)
        self._forget()
        tell, notes = reporter(report), []
        opened = self._opened(learning=True)

        from bmcore.image import engine_text

        history, steps, self._lora = engine_text.fit(
            opened, self.get_params(), pixels, texts, tell, _noting(tell, notes), Path(checkpoints) if checkpoints else None, watch
        )
        self.history_, self.notes_, self.steps_, self.base_ = history, notes, steps, opened.base()
        self.captions_, self.image_shape_ = sorted(set(texts)), (opened.size, opened.size, 3)
        self.seconds_ = time.monotonic() - started
        return self

    def sample(
        self, prompt: str, n: int = 1, *, seed: int = 0, steps: int | None = None, guidance: float | None = None,
        negative: str | None = None, report: Callable[..., Any] | None = None,
    ) -> np.ndarray:
        """New pictures of what a sentence says: (n, h, w, 3) uint8. Works untrained too.

        Picture i starts from the noise of `torch.Generator().manual_seed(seed + i)`, whatever else is asked.

        Parameters
        ----------
        prompt : str
        n : int
            1 to 1,000.
        seed : int
        steps, guidance : optional
            Default: the estimator's own (`sampling_steps`, `guidance`).
        negative : str, optional
            What the pictures shall not show.
        report : callable, optional
            `report(step, total, phase="sample")`; raise Cancelled in it to stop.

        Raises
        ------
        ParameterError, DataError, ModelError, StorageError, Cancelled
        """
        self.check_params()
        asked = [_sentence("prompt", prompt)] * inputs.whole("n", n, 1, 1000)
        negative = None if negative is None else _sentence("negative", negative)
        seed = inputs.whole("seed", seed, 0, 2**62)
        steps = self.sampling_steps if steps is None else inputs.whole("steps", steps, 1, 1000)
        guidance = self.guidance if guidance is None else inputs.number("guidance", guidance, 0.0, 30.0)
        return self._opened(learning=False).draw(asked, negative, seed, steps, guidance, self.batch_size, report)

    def check_fitted(self) -> None:
        """Raise NotFittedError unless a fit has come to its end."""
        if not hasattr(self, "seconds_"):
            raise NotFittedError("This {estimator} has learned nothing yet. Call fit, or load a saved one.", estimator=type(self).__name__)

    def _opened(self, learning: bool) -> Any:
        """The pipeline as the settings ask for it, loaded once."""
        from bmcore.image import engine_text

        settings, base = self.get_params(), getattr(self, "base_", None)
        opened = getattr(self, "_pipeline", None)
        if opened is None or not opened.serves(settings, base, learning):
            vars(self).pop("_pipeline", None)  # before the next one takes its memory
            opened = None
            opened = self._pipeline = engine_text.Painter(settings, base, learning)
        opened.prepare(settings, learning)
        opened.use(getattr(self, "_lora", None))
        return opened

    def _forget(self) -> None:
        for name in ("history_", "notes_", "steps_", "base_", "captions_", "image_shape_", "seconds_", "_lora"):
            vars(self).pop(name, None)

    def _save(self, folder: Path) -> None:
        files.write_bytes(folder / LORA_FILE, self._lora)
        files.write_json(folder / "learned.json", {
            "base": self.base_, "shape": list(self.image_shape_), "captions": self.captions_, "history": self.history_,
            "notes": [message.to_dict() for message in self.notes_], "steps": self.steps_, "seconds": self.seconds_,
        })

    def _load(self, folder: Path) -> None:
        if not (folder / LORA_FILE).is_file():
            raise _lacking(LORA_FILE)
        header(folder / LORA_FILE)
        stored = files.read_json(folder / "learned.json")
        try:
            self.base_ = {name: None if stored["base"][name] is None else str(stored["base"][name])
                          for name in ("model", "revision", "pipeline")}
            h, w, c = (int(side) for side in stored["shape"])
            self.image_shape_, self.captions_ = (h, w, c), [str(text) for text in stored["captions"]]
            self.history_, self.notes_ = list(stored["history"]), [Message.from_dict(entry) for entry in stored["notes"]]
            self.steps_, seconds = int(stored["steps"]), float(stored["seconds"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _lacking("learned.json") from error
        self._lora, self.seconds_ = (folder / LORA_FILE).read_bytes(), seconds


def _captions(images: Any, captions: Any) -> list[str]:
    """A sentence for each picture."""
    n = len(getattr(images, "images", images))
    if n < 1:
        raise DataError("There are no pictures to learn from. Give at least one, better ten or more.")
    if captions is None and not isinstance(images, np.ndarray):
        captions = getattr(images, "labels", None)
    if captions is None:
        raise DataError("Say what the pictures show: give captions, one sentence for all of them or a list with one for each.")
    if isinstance(captions, str):
        return [_sentence("captions", captions)] * n
    found = [_sentence("captions", str(text)) for text in captions]
    if len(found) != n:
        raise DataError("There are {n} pictures and {labels} captions. Give one for all, or exactly one for each.", n=n, labels=len(found))
    return found


def _sentence(name: str, text: Any) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise ParameterError("{name} must be a text of 1 to {most} characters, not {given}.",
                             name=name, most=LONGEST, given=repr(text)[:60])
    return text


def _lacking(name: str) -> ModelError:
    return ModelError("{name} in the model folder is missing or damaged. Train or save the model again.", name=name)


def _noting(tell: Any, notes: list[Message]) -> Callable[[Message], None]:
    def note(message: Message) -> None:
        notes.append(message)
        if hasattr(tell, "note"):
            tell.note(message)

    return note
