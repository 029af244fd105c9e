"""Opening a causal language model safely: Gemma, a local folder or a hub id; safetensors only, no code from the model, nothing missing.

A hub model's size is asked for before any of it is fetched.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bmcore.errors import ModelError
from bmcore.text import gemma, gpt_memory, models

SCRATCH = "scratch"
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Source:
    """A model's files on this machine."""

    name: str  # as it was asked for
    folder: Path
    revision: str | None = None  # the commit, of a hub model

    def base(self) -> dict[str, str | None]:
        """What is written beside a model that was made from this one."""
        return {"model": self.name, "revision": self.revision}


def locate(model: str, revision: str | None = None, report: Callable[..., Any] | None = None) -> Source:
    """The model's folder, fetched if need be and checked.

    Raises
    ------
    ModelError
        If it is nowhere, is not safetensors, wants to run its own code, or Gemma's terms are not accepted.
    AssetError, StorageError
    """
    if model == gemma.NAME:
        return Source(model, gemma.gemma_folder(report=report))
    path = Path(os.path.expanduser(model))
    if os.path.isdir(path):  # unlike path.is_dir(), also for a name that no disk would take
        source = Source(model, path)
    else:
        folder = _fetch(model, revision)
        source = Source(model, folder, folder.name if _COMMIT.fullmatch(folder.name) else revision)
    models.check_folder(source.folder)
    return source


def open_base(model: str, revision: str | None = None, report: Callable[..., Any] | None = None) -> tuple[Any, Any, Source]:
    """(float32 model in eval mode on the processor, fast tokenizer, where it is from).

    Raises
    ------
    ModelError, AssetError, StorageError
    """
    source = locate(model, revision, report)
    return *open_folder(source.folder), source


def open_folder(folder: Path) -> tuple[Any, Any]:
    """(model, tokenizer) of a checked folder.

    Raises
    ------
    ModelError
        If it is no causal language model, if weights are missing or no numbers, or the tokenizer is of another model.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        with models.quiet():
            model, loaded = AutoModelForCausalLM.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, output_loading_info=True,
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ModelError(
            "The model in {folder} cannot be opened to write texts ({reason}). Choose a causal language model, such as GPT-2, Qwen or "
            "Llama.", folder=folder.name, reason=" ".join(str(error).split())[:160],
        ) from error
    _check(folder, model.eval(), tokenizer, loaded)
    model.config.use_cache = True
    return model, tokenizer


def _check(folder: Path, model: Any, tokenizer: Any, loaded: dict[str, Any]) -> None:
    lacking = {*loaded["missing_keys"], *(entry[0] if isinstance(entry, tuple) else entry for entry in loaded["mismatched_keys"])}
    if lacking:
        raise ModelError(
            "The weights in {folder} do not fit its config.json: {name} is missing or has another shape. Fetch or export the model again.",
            folder=folder.name, name=min(lacking),
        )
    if any(not bool(value.isfinite().all()) for value in model.parameters()):
        raise ModelError(
            "The weights in {folder} hold values that are not numbers (NaN or infinity). Fetch or export the model again.",
            folder=folder.name,
        )
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError("The model in {folder} has no tokenizer.json. Choose a model with a fast tokenizer.", folder=folder.name)
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise ModelError("The tokenizer in {folder} knows more words than the model. The files do not belong together.", folder=folder.name)
    if tokenizer.pad_token is None and tokenizer.eos_token is not None:
        tokenizer.pad_token = tokenizer.eos_token
    _try(folder, model)


def _try(folder: Path, model: Any) -> None:
    """Refuse what could only fail, or learn wrongly, after a long wait."""
    from bmcore.text import gpt_trial

    if not gpt_trial.looks_back_only(model):
        raise ModelError(
            "The model in {folder} reads a text from both sides, as BERT does, so it cannot write. Choose a causal language model, such as "
            "GPT-2, Qwen or Llama.", folder=folder.name,
        )
    if not (gpt_trial.can_be_trained(model) and gpt_trial.can_write(model)):
        raise ModelError(
            "The model in {folder} ({kind}) cannot be trained here: texts that are learned side by side would see each other, as with "
            "models that carry a state along the text. Choose a model of attention only, such as GPT-2, Qwen 3, Llama or Gemma 3.",
            folder=folder.name, kind=str(model.config.model_type)[:40],
        )


def _fetch(model: str, revision: str | None) -> Path:
    """A hub model's folder on this machine."""
    if model.startswith((".", "/", "~")) or model.count("/") > 1 or "\\" in model:
        raise ModelError(
            "There is no model folder {model}. Give a folder that exists, a hub id such as owner/name, gemma, or scratch.", model=model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    from bmcore.data.hub import unwritable

    try:
        try:
            return Path(snapshot_download(model, revision=revision, allow_patterns=list(models.ALLOWED), local_files_only=True))
        except HFValidationError:
            raise
        except Exception:
            _ask_first(model, revision)
            return Path(snapshot_download(model, revision=revision, allow_patterns=list(models.ALLOWED)))
    except HFValidationError as error:
        raise ModelError(
            "{model!r} is neither a model folder nor a hub id such as owner/name. Give one of these, or gemma, or scratch.", model=model
        ) from error
    except OSError as error:
        raise unwritable(model, error) or _unreached(model, revision, error) from error


def _ask_first(model: str, revision: str | None) -> None:
    """Refuse a hub model that this machine cannot hold, before its download."""
    from huggingface_hub import HfApi

    found = getattr(HfApi().model_info(model, revision=revision), "safetensors", None)
    if found is not None and found.total:
        gpt_memory.check_weights(model, int(found.total))


def _unreached(model: str, revision: str | None, error: OSError) -> ModelError:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return ModelError(
            "The model {model} asks you to accept its terms first. Open its page on the hub, accept, and log in with: hf auth login",
            model=model,
        )
    if isinstance(error, errors.HfHubHTTPError) and not isinstance(error, errors.LocalEntryNotFoundError):
        return ModelError(
            "The hub has no model {model!r} (revision {revision}) that you may read. Check the id.",
            model=model, revision=str(revision or "main"),
        )
    return ModelError(
        "The model {model!r} is not on this machine and the hub cannot be reached. Connect to the internet, give a local folder, or choose "
        "scratch, which needs no download.", model=model,
    )


def present(model: str) -> Path | None:
    """The model's folder if it is on this machine: nothing is fetched, nothing heavy imported."""
    if model == gemma.NAME:
        return gemma.place() if gemma.gemma_present() else None
    path = Path(os.path.expanduser(model))
    return path if path.is_dir() else None
