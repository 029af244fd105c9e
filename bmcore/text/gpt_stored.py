"""What a TextGenerator keeps on disk, and how it comes by its model: from a fit, from a folder, or as somebody else trained it.

The model in memory is always a plain one: what LoRA learned is part of its weights, and kept by itself as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bmcore import device, files
from bmcore.errors import ModelError
from bmcore.messages import Message
from bmcore.text import gpt_source, models
from bmcore.training import lora

ADAPTER, LEARNED = "adapter", "training.json"


def take(estimator: Any, fitted: Any) -> None:
    """Give the estimator what its fit has learned.

    Parameters
    ----------
    fitted
        model (with LoRA layers or without), tokenizer, history, notes, counts, and of a trained model its `base`: {"model", "revision"}.
    """
    base = getattr(fitted, "base", None)
    estimator._adapter = lora.tensors(fitted.model) or None
    _put(estimator, _merged(fitted, estimator._adapter, base), fitted.tokenizer)
    estimator.history_, estimator.notes_, estimator.counts_ = fitted.history, fitted.notes, fitted.counts
    estimator.forecast_ = getattr(fitted, "forecast", None)
    _started_from(estimator, base)


def _merged(fitted: Any, learned: dict[str, Any] | None, base: dict[str, str | None] | None) -> Any:
    """A plain model. The frozen weights may have been rounded while it learned: those of the base are read afresh, as `load` will do."""
    if learned is None or base is None:
        return lora.merge(fitted.model)
    place, config = fitted.model.device, lora.config_of(learned)
    fitted.model = None  # its memory is needed
    model = gpt_source.open_base(base["model"], base["revision"])[0]
    lora.put(model, learned, config)
    return lora.merge(model).to(place)


def open_untrained(estimator: Any) -> None:
    """A model that was trained before, as it is."""
    if estimator.model == gpt_source.SCRATCH:
        raise ModelError("A model from scratch has to learn before it can write. Call fit, or choose gemma, a folder or a hub id.")
    model, tokenizer, source = gpt_source.open_base(estimator.model)
    _put(estimator, model.to(device.resolve(estimator.device)), tokenizer)
    estimator._adapter, estimator.forecast_, estimator.history_, estimator.notes_, estimator.seconds_ = None, None, [], [], 0.0
    estimator.counts_ = {"documents": 0, "tokens": 0, "parameters": sum(value.numel() for value in model.parameters())}
    _started_from(estimator, source.base())


def save(estimator: Any, folder: Path, merged: bool) -> None:
    """A plain transformers folder, or only what LoRA learned."""
    if estimator._adapter is not None and not merged:
        lora.save(estimator._adapter, folder / ADAPTER, _base_name(estimator), estimator.model_)
    else:
        with models.quiet():
            estimator.model_.save_pretrained(folder)
        estimator.tokenizer_.save_pretrained(folder)
    files.write_json(folder / LEARNED, {
        "base": estimator.base_, "history": estimator.history_, "counts": estimator.counts_, "seconds": estimator.seconds_,
        "forecast": estimator.forecast_, "notes": [message.to_dict() for message in estimator.notes_],
    })


def load(estimator: Any, folder: Path) -> None:
    """Read what `save` wrote."""
    stored = files.read_json(folder / LEARNED, {})
    estimator._adapter = None
    try:
        estimator.history_, estimator.counts_ = list(stored["history"]), dict(stored["counts"])
        estimator.seconds_, estimator.forecast_ = float(stored["seconds"]), stored.get("forecast")
        estimator.notes_ = [Message.from_dict(entry) for entry in stored["notes"]]
        base = stored["base"]
        _started_from(estimator, None if base is None else {"model": str(base["model"]), "revision": base["revision"]})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError("{name} in the model folder is missing or damaged. Train or save the model again.", name=LEARNED) from error
    _put(estimator, *_opened(estimator, folder))


def _opened(estimator: Any, folder: Path) -> tuple[Any, Any]:
    place = device.resolve(estimator.device)
    if (folder / "config.json").is_file():
        models.check_folder(folder)
        model, tokenizer = gpt_source.open_folder(folder)
        if (folder / ADAPTER).is_dir():
            estimator._adapter = lora.load(folder / ADAPTER)[0]
        return model.to(place), tokenizer
    if estimator.base_ is None:
        raise ModelError("{name} in the model folder is missing or damaged. Train or save the model again.", name="config.json")
    learned, config = lora.load(folder / ADAPTER)
    model, tokenizer, _ = gpt_source.open_base(estimator.base_["model"], estimator.base_["revision"])
    lora.put(model, learned, config)
    estimator._adapter = learned
    return lora.merge(model).to(place), tokenizer


def _put(estimator: Any, model: Any, tokenizer: Any) -> None:
    estimator.model_, estimator.tokenizer_ = model.eval(), tokenizer


def _started_from(estimator: Any, base: dict[str, str | None] | None) -> None:
    estimator.base_, estimator.before_ = base, None if base is None else base["model"]


def _base_name(estimator: Any) -> str:
    """The base as peft would find it: the folder of Gemma, else what was asked for."""
    found = gpt_source.present(estimator.before_)
    return str(found.absolute() if found else estimator.before_)
