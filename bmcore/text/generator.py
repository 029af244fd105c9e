"""TextGenerator: a language model that learns to write like your texts, from nothing or from a model that knows a language already.

    writer = TextGenerator(minutes=2).fit(reviews)
    writer.generate("The dress", seed=1)

This file is the face: it imports neither torch nor transformers. The engine (`gpt_*`) is imported in methods.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore.base import Estimator, servable
from bmcore.errors import DataError, NotFittedError
from bmcore.messages import Message
from bmcore.params import Choice, Doc, Label, Range, Text
from bmcore.text.gpt_inputs import documents_of, learnable, prompts_of


class TextGenerator(Estimator):
    """Learns to write like the texts it is given: a GPT.

    Use it when you want drafts in the manner of your own texts, or want to see how a language model comes about. `model="scratch"` starts
    from nothing, and learns spelling, words and tone from a few hundred texts or more; a model that has been trained before (`"gemma"`, a
    folder, a hub id) knows a language already and needs fewer. Its texts are drafts: it knows no facts, and may repeat what it was given.

    {parameters}

    Attributes
    ----------
    model_ : transformers causal language model
        Float32, in eval mode, on the device. `save_pretrained` makes a plain folder of it.
    tokenizer_ : PreTrainedTokenizerFast
        Text to pieces of a word and back.
    history_ : list of dict
        One entry a validation: step, seconds, train_loss, validation_loss (nats a token).
    counts_ : dict
        documents and tokens it learned from, parameters of the model.
    notes_ : list of Message
        What the user should know, such as a batch cut for lack of memory.
    forecast_ : dict
        What the memory was expected to be: bytes and its parts, see `bmcore.text.gpt_memory`.
    before_ : str or None
        The model that it started from; None where it started from nothing.
    seconds_ : float
        Of the fit, preparation included.

    Notes
    -----
    Time: about 6 operations a parameter and token learned. Memory: with method full 16 bytes a parameter (weights, gradient, two averages),
    with lora 4, and the activations of a batch; refused before it starts where the machine cannot hold it. Writing costs one pass of the
    model a token, and 8 bytes a layer, unit and token of context.

    References
    ----------
    Radford et al., GPT-2 (2019), https://openai.com/index/better-language-models/; Hu et al., LoRA (2021),
    https://arxiv.org/abs/2106.09685.

    Examples
    --------
    >>> TextGenerator(minutes=2).get_params()["minutes"]
    2
    """

    task: ClassVar[str] = "generation"
    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"minutes": 0.5}},
        "balanced": {"params": {"minutes": 2.0}},
        "best": {"params": {"minutes": 10.0}},
    }

    def __init__(
        self,
        *,
        model: Annotated[
            str, Text(500), Label("Model"),
            Doc("scratch (starts from nothing), gemma (Gemma 3 270M, knows English, Chinese and more), a local folder, or a hub id such as "
                "owner/name; safetensors only."),
        ] = "scratch",
        size: Annotated[
            str, Choice("nano", "mini", "small"), Label("Size"),
            Doc("How large a model from scratch is; a larger one needs more time and texts."),
        ] = "mini",
        method: Annotated[
            str, Choice("full", "lora"), Label("Method"),
            Doc("full trains all weights; lora trains small matrices beside those of a model that was trained before, with less memory."),
        ] = "full",
        context_length: Annotated[
            int, Range(16, 4096, log=True), Label("Context length"), Doc("Pieces of a word (tokens) that the model sees at a time."),
        ] = 256,
        epochs: Annotated[int, Range(1, 1000, log=True), Label("Epochs"), Doc("Passes over the texts, where no minutes are given.")] = 3,
        minutes: Annotated[
            float | None, Choice(None), Range(0.02, 1440.0, log=True), Label("Minutes"), Doc("How long to train, instead of epochs."),
        ] = None,
        learning_rate: Annotated[
            float | None, Choice(None), Range(1e-6, 1e-1, log=True), Label("Learning rate"),
            Doc("Step size of the training; none chooses it by model and method."),
        ] = None,
        batch_tokens: Annotated[
            int, Range(64, 1048576, log=True), Label("Tokens in a batch"), Doc("Tokens learned in one update."),
        ] = 4096,
        lora_rank: Annotated[
            int, Range(1, 256, log=True), Label("LoRA rank"), Doc("Inner width of what lora learns; more holds more detail."),
        ] = 8,
        seed: Annotated[int, Range(0, 2**31 - 1), Label("Seed"), Doc("Same seed, same data, same machine: same model.")] = 0,
        device: Annotated[
            str, Choice("auto", "cpu", "cuda", "mps"), Label("Device"),
            Doc("Where to compute; auto takes a graphics card if there is one."),
        ] = "auto",
    ):
        self.model, self.size, self.method, self.context_length = model, size, method, context_length
        self.epochs, self.minutes, self.learning_rate, self.batch_tokens = epochs, minutes, learning_rate, batch_tokens
        self.lora_rank, self.seed, self.device = lora_rank, seed, device

    def fit(
        self, texts: Any, *, report: Callable[..., Any] | None = None, checkpoints: str | Path | None = None,
        watch: Callable[..., Any] | None = None,
    ) -> TextGenerator:
        """Learn to write like these texts.

        Parameters
        ----------
        texts : Texts, or sequence of str
            A twentieth of them, at least one, chooses the best weights.
        report : callable, optional
            `report(step, total, phase=..., loss=..., tokens_per_s=...)`; raise Cancelled in it to stop. Default: a bar in a terminal.
        checkpoints : folder, optional
            Where resumable checkpoints are kept; training goes on from the newest valid one.
        watch : callable, optional
            `watch(step, seconds, [str, ...])`, about 12 times: drafts from the same seed each time.

        Raises
        ------
        DataError, ParameterError, ModelError, RunError, StorageError, Cancelled
        """
        from bmcore.training.progress import reporter

        started = time.monotonic()
        self.check_params()
        documents = learnable(texts, self.get_params())
        self._forget()

        from bmcore.text import gpt_engine, gpt_stored

        fitted = gpt_engine.fit(self, documents, reporter(report), Path(checkpoints) if checkpoints else None, watch)
        gpt_stored.take(self, fitted)
        self.seconds_ = time.monotonic() - started
        return self

    def open(self) -> TextGenerator:
        """Load a model that has been trained before, to write with it as it is. Raises ParameterError, ModelError, AssetError."""
        from bmcore.text import gpt_stored

        self.check_params()
        self._forget()
        gpt_stored.open_untrained(self)
        return self

    @servable
    def generate(
        self, prompt: str | Sequence[str] = "", *, max_new_tokens: int = 120, temperature: float = 0.8, top_p: float = 0.95,
        stop: str | Sequence[str] | None = None, seed: int = 0, cancelled: Callable[[], bool] | None = None,
        notes: list[Message] | None = None,
    ) -> str | list[str]:
        """What the model writes after the prompt, without the prompt; of a list of prompts, a list. Same seed, same text.

        Parameters
        ----------
        prompt : str or sequence of str
            "" starts a text of its own. Prompt i of a list is written with the seed `seed + i`.
        max_new_tokens : int
            1 to 100,000. Beyond the context the model goes on from its last half.
        temperature : float
            0 to 10; 0 takes the most probable token every time.
        top_p : float
            Tokens are drawn from the most probable ones that together have this share.
        stop : str or sequence of str, optional
            A text ends before the first of these.
        cancelled : callable, optional
            Asked before every token; True ends the texts where they are.
        notes : list, optional
            Gets a Message where a prompt was longer than the context.

        Raises DataError, ModelError, NotFittedError.
        """
        from bmcore.text import gpt_decode

        written = gpt_decode.generate(
            *self._ready(), prompts_of(prompt), max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, stop=stop,
            seed=seed, context=self.context_length, cancelled=cancelled, notes=notes,
        )
        return written[0] if isinstance(prompt, str) else written

    def stream(
        self, prompt: str = "", *, max_new_tokens: int = 120, temperature: float = 0.8, top_p: float = 0.95,
        stop: str | Sequence[str] | None = None, seed: int = 0, cancelled: Callable[[], bool] | None = None,
        notes: list[Message] | None = None,
    ) -> Iterator[str]:
        """The same text as `generate`, in pieces as they come: whole characters only. Closing the iterator stops the model."""
        from bmcore.text import gpt_decode

        return gpt_decode.stream(
            *self._ready(), prompts_of(prompt)[0], max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, stop=stop,
            seed=seed, context=self.context_length, cancelled=cancelled, notes=notes,
        )

    @servable
    def next_tokens(self, prompt: str = "", *, temperature: float = 1.0, top_p: float = 1.0, k: int = 20) -> list[dict[str, Any]]:
        """The k most probable next tokens: token, id, probability (after temperature and top_p) and raw (the model's own)."""
        from bmcore.text import gpt_next

        return gpt_next.next_tokens(
            *self._ready(), prompts_of(prompt)[0], temperature=temperature, top_p=top_p, k=k, context=self.context_length)

    @servable
    def tokens(self, text: str) -> list[dict[str, Any]]:
        """The text cut into tokens: token, id and surprise (bits; None for the first)."""
        from bmcore.text import gpt_next

        return gpt_next.tokens(*self._ready(), prompts_of(text)[0], context=self.context_length)

    @servable
    def attention(self, text: str) -> dict[str, Any]:
        """Who looks at whom: tokens, layers, heads, weights (layers, heads, T, T), T at most 64."""
        from bmcore.text import gpt_next

        return gpt_next.attention(*self._ready(), prompts_of(text)[0], context=self.context_length)

    @servable
    def perplexity(self, texts: Any) -> float:
        """The geometric mean of 1 / probability of a token: how many tokens the model hesitates between. It depends on the tokenizer."""
        nats, tokens, _ = self._judged(texts)
        return float(np.exp(min(nats.sum() / tokens.sum(), 700.0)))

    def bits_per_byte(self, texts: Any) -> float:
        """Bits the model needs for a byte (UTF-8) of these texts: comparable across models, the less the better."""
        nats, _, size = self._judged(texts)
        return float(nats.sum() / np.log(2) / size.sum())

    def score(self, texts: Any) -> float:
        """Minus `bits_per_byte`: the higher the better."""
        return -self.bits_per_byte(texts)

    def losses(self, texts: Any, report: Callable[..., Any] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per document: (n,) float64 nats summed, (n,) int64 tokens predicted, (n,) int64 bytes; see `bmcore.text.gpt_losses`."""
        from bmcore.text import gpt_decode, gpt_losses

        model, tokenizer = self._ready()
        context = gpt_decode.context_of(model, self.context_length)
        return gpt_losses.losses(model, tokenizer, documents_of(texts), context, report)

    def export_merged(self, folder: str | Path) -> Path:
        """Write a plain transformers folder in which what LoRA learned is part of the weights. `load` opens it too."""
        return self._write(folder, merged=True)

    def save(self, folder: str | Path) -> Path:
        """Write a plain transformers folder; of method lora only `adapter/` (peft's format), which needs its base model to be opened."""
        return self._write(folder, merged=False)

    def check_fitted(self) -> None:
        """Raise NotFittedError unless there is a model to write with."""
        if not hasattr(self, "model_"):
            raise NotFittedError("This {estimator} has learned nothing yet. Call fit, or load a saved one.", estimator=type(self).__name__)

    def _write(self, folder: str | Path, merged: bool) -> Path:
        self._merged = merged
        try:
            return super().save(folder)
        finally:
            del self._merged

    def _save(self, folder: Path) -> None:
        from bmcore.text import gpt_stored

        gpt_stored.save(self, folder, merged=self._merged)

    def _load(self, folder: Path) -> None:
        from bmcore.text import gpt_stored

        gpt_stored.load(self, folder)

    def _ready(self) -> tuple[Any, Any]:
        self.check_fitted()
        return self.model_, self.tokenizer_

    def _judged(self, texts: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = self.losses(texts)
        if not found[1].sum():
            raise DataError("There is no text to judge. Give at least one of at least one character.")
        return found

    def _forget(self) -> None:
        for name in ("model_", "tokenizer_", "history_", "notes_", "counts_", "seconds_", "before_", "forecast_", "base_", "_adapter"):
            vars(self).pop(name, None)
