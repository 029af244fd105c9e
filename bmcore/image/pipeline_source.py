"""Where a pipeline's files lie: a folder, or the hub. Both list files with sizes, read small documents and weight headers, and fetch.

Nothing of the weights is fetched before `fetch`: what memory they need is known from their headers.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Protocol

from bmcore.assets import weights
from bmcore.errors import ModelError

DOCUMENT_CAP = 32 * 2**20  # bytes of a json file
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?")
Header = dict[str, tuple[str, tuple[int, ...]]]


class Source(Protocol):
    """What the guard and the memory estimate ask for."""

    name: str
    commit: str | None
    files: dict[str, int]  # path inside -> bytes

    def document(self, path: str) -> dict[str, Any]: ...
    def header(self, path: str) -> Header: ...
    def fetch(self, paths: list[str]) -> Path: ...


class Folder:
    """A pipeline in a local folder."""

    def __init__(self, folder: Path, name: str | None = None, commit: str | None = None):
        self.folder, self.name, self.commit = folder, name or folder.name, commit
        inside = [*folder.glob("*"), *folder.glob("*/*")]
        self.files = {path.relative_to(folder).as_posix(): path.stat().st_size for path in inside if path.is_file()}

    def document(self, path: str) -> dict[str, Any]:
        return read_document(self.folder / path, self.name)

    def header(self, path: str) -> Header:
        return weights.header(self.folder / path)

    def fetch(self, paths: list[str]) -> Path:
        return self.folder


class Hub:
    """A pipeline on the hub, pinned to the commit that the revision stands for now."""

    def __init__(self, model: str, revision: str | None):
        import huggingface_hub

        self.name, self.api = model, huggingface_hub.HfApi()
        info = self.api.model_info(model, revision=revision, files_metadata=True)
        self.commit = info.sha
        self.files = {one.rfilename: one.size or 0 for one in info.siblings or [] if _PLAIN.fullmatch(one.rfilename)}

    def document(self, path: str) -> dict[str, Any]:
        import huggingface_hub

        if self.files.get(path, 0) > DOCUMENT_CAP:
            raise damaged(path, self.name)
        return read_document(Path(huggingface_hub.hf_hub_download(self.name, path, revision=self.commit)), self.name)

    def header(self, path: str) -> Header:
        found = self.api.parse_safetensors_file_metadata(self.name, path, revision=self.commit)
        return {name: (entry.dtype, tuple(entry.shape)) for name, entry in found.tensors.items()}

    def fetch(self, paths: list[str]) -> Path:
        import huggingface_hub

        return Path(huggingface_hub.snapshot_download(self.name, revision=self.commit, allow_patterns=paths))


def source_of(model: str, revision: str | None) -> Source:
    """The folder of that name, or the hub's model, or what an earlier download left of it.

    Raises
    ------
    ModelError
        If it is nowhere.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return Folder(path)
    if model.startswith((".", "/", "~")) or model.count("/") != 1 or "\\" in model:
        raise ModelError("There is no model folder {model}. Give a folder that exists, or a hub id such as owner/name.", model=model)
    try:
        return Hub(model, revision)
    except Exception as error:
        if cached := _cached(model, revision):
            return Folder(cached, model, cached.name)
        raise unreachable(model, revision, error) from error


def _cached(model: str, revision: str | None) -> Path | None:
    import huggingface_hub

    try:
        return Path(huggingface_hub.snapshot_download(model, revision=revision, local_files_only=True))
    except Exception:  # nothing was fetched before, or the id cannot be one: the first error says more
        return None


def unreachable(model: str, revision: str | None, error: Exception) -> Exception:
    """What is to be said when the hub gave an error instead of a file."""
    from huggingface_hub import errors

    from bmcore.data.hub import unwritable

    if isinstance(error, ModelError):
        return error
    if refused := unwritable(model, error):
        return refused
    if isinstance(error, errors.HFValidationError):
        return ModelError("{model!r} is neither a model folder nor a hub id such as owner/name.", model=model)
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
        "The model {model!r} is not on this machine and the hub cannot be reached. Connect to the internet, or give a local folder.",
        model=model,
    )


def read_document(path: Path, name: str) -> dict[str, Any]:
    """A JSON object of a model, or a ModelError."""
    try:
        found = json.loads(path.read_bytes()) if path.stat().st_size <= DOCUMENT_CAP else None
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise damaged(path.name, name)
    return found


def damaged(file: str, model: str) -> ModelError:
    return ModelError("{name} of the model in {folder} is missing or damaged.", name=file, folder=model)
