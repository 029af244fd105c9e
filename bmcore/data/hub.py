"""Data sets from the Hugging Face hub: plain tables only, pinned to a commit, never a script."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, Any

from bmcore.data import read
from bmcore.errors import AssetError, DataError, StorageError

if TYPE_CHECKING:
    import pandas as pd

_ID = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PLAIN = re.compile(r"[A-Za-z0-9._/-]{1,100}")
_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
_ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl", ".json")
_MOST_PICTURES = 500 * 2**20  # of a Parquet file it is known only when it is read whether it holds pictures; of a table, less is fetched
# files that describe a data set and are not part of it
_NOT_DATA = {"dataset_infos.json", "dataset_info.json", "config.json", "state.json", "metadata.json"}


def resolve(ref: dict[str, Any]) -> dict[str, Any]:
    """The reference with its revision turned into a commit, so that the same rows come back next year.

    Raises
    ------
    DataError
        If the id cannot be one, or there is no plain table for the split.
    AssetError
        If the hub cannot be reached.
    """
    _check(ref)
    commit, files = _listing(ref)
    chosen = _chosen(files, ref)
    _check_size(sum(files[file] for file in chosen), ref["id"], _MOST_PICTURES if chosen[0].endswith(".parquet") else read.MAX_BYTES)
    return {**ref, "revision": commit}


def load(ref: dict[str, Any]) -> pd.DataFrame:
    """Download and read the files of the reference's split, at most 50 MB together.

    Raises
    ------
    DataError, AssetError
        As `resolve`.
    """
    import pandas as pd

    _check(ref)
    commit, files = _listing(ref)
    chosen = _chosen(files, ref)
    _check_size(sum(files[file] for file in chosen), ref["id"])
    frames = [read.read_table(_download(ref["id"], file, commit), file) for file in chosen]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    frame.attrs["notes"] = [note for one in frames for note in one.attrs.get("notes", [])]
    return frame


def fetched(ref: dict[str, Any], most: int) -> list[str]:
    """Download the files of the reference's split, at most so many bytes together, and give their paths.

    Raises
    ------
    DataError, AssetError
        As `resolve`.
    """
    _check(ref)
    commit, files = _listing(ref)
    chosen = _chosen(files, ref)
    _check_size(sum(files[file] for file in chosen), ref["id"], most)
    return [_download(ref["id"], file, commit) for file in chosen]


def _check(ref: dict[str, Any]) -> None:
    name = ref.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name) or ".." in name:
        raise DataError(
            "{id!r} cannot be a data set on the hub. An id looks like owner/name, for example cornell-movie-review-data/rotten_tomatoes.",
            id=str(name)[:100],
        )
    for field in ("revision", "config", "split"):
        value = ref.get(field)
        if value is not None and (not isinstance(value, str) or not _PLAIN.fullmatch(value) or ".." in value):
            raise DataError(
                "{value!r} cannot be the {field} of a data set. Leave it empty, or copy it from the data set's page.",
                value=str(value)[:100],
                field=field,
            )


def _listing(ref: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """The commit and its files with their sizes; from the local cache while offline, if the commit is known."""
    import huggingface_hub

    try:
        info = huggingface_hub.HfApi().dataset_info(ref["id"], revision=ref.get("revision"), files_metadata=True)
    except Exception as error:
        cached = _cached(ref)
        if cached:
            return cached
        raise _unreachable(ref["id"], error) from error
    return info.sha, {one.rfilename: one.size or 0 for one in info.siblings or []}


def _cached(ref: dict[str, Any]) -> tuple[str, dict[str, int]] | None:
    from pathlib import Path

    from huggingface_hub import constants

    commit = ref.get("revision")
    if not commit or not _COMMIT.fullmatch(commit):
        return None
    folder = Path(constants.HF_HUB_CACHE) / ("datasets--" + ref["id"].replace("/", "--")) / "snapshots" / commit
    files = {str(file.relative_to(folder)): file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    return (commit, files) if files else None


def _chosen(files: dict[str, int], ref: dict[str, Any]) -> list[str]:
    """The files of one kind that make up the split."""
    tables = sorted(
        file for file in files if file.lower().endswith(_ENDINGS) and file.rsplit("/", 1)[-1] not in _NOT_DATA and not file.startswith(".")
    )
    config, split = ref.get("config"), ref.get("split") or "train"
    if config:
        tables = [
            file
            for file in tables
            if config in file.split("/")[:-1] or file.rsplit("/", 1)[-1].startswith((config + "-", config + ".", config + "_"))
        ]
    if not tables:
        raise DataError(
            "The data set {id} has no plain table (parquet, csv, jsonl). Data sets that are made by a script are not run: choose another "
            "one.",
            id=ref["id"],
        )
    matching = [file for file in tables if _has_word(file, split)]
    if not matching and not any(_has_word(file, word) for file in tables for word in ("train", "test", "validation", "dev")):
        matching = tables if len(tables) == 1 else []
    if not matching:
        raise DataError(
            "The data set {id} has no table for split {split!r}. Its tables are: {files}.",
            id=ref["id"],
            split=split,
            files=", ".join(tables[:10]),
        )
    matching = _one_kind(matching)
    folders = {file.rpartition("/")[0] for file in matching}
    if not config and len(folders) > 1:
        raise DataError(
            "The data set {id} has several configurations: {folders}. Name the one you want.",
            id=ref["id"],
            folders=", ".join(sorted(folders)[:10]),
        )
    return matching


def _has_word(file: str, word: str) -> bool:
    return re.search(rf"(^|[/._-]){re.escape(word)}($|[/._-])", file) is not None


def _one_kind(files: list[str]) -> list[str]:
    """Parquet before csv before json, where a split comes in several."""
    return next(found for ending in _ENDINGS if (found := [file for file in files if file.lower().endswith(ending)]))


def _check_size(size: int, name: str, most: int = read.MAX_BYTES) -> None:
    if size > most:
        raise DataError(
            "This part of {id} is {size} MB; at most {most} MB are fetched. Choose a smaller split or configuration.",
            id=name,
            size=size // 2**20,
            most=most // 2**20,
        )


def _download(name: str, file: str, commit: str) -> str:
    import huggingface_hub

    try:
        return huggingface_hub.hf_hub_download(name, file, repo_type="dataset", revision=commit)
    except Exception as error:
        raise unwritable(name, error) or _unreachable(name, error) from error


def unwritable(name: str, error: Exception) -> StorageError | None:
    """What is to be said if it was the disk that refused, and not the hub."""
    full = any(words in str(error) for words in ("No space left on device", "os error 28", "Disk quota exceeded"))
    if not full and not (isinstance(error, OSError) and error.errno in _REFUSED):
        return None
    return StorageError(
        "{id} could not be stored ({reason}). Free some disk space, or set HF_HOME to a folder on another disk.",
        id=name,
        reason=getattr(error, "strerror", None) or os.strerror(errno.ENOSPC),
    )


def _unreachable(name: str, error: Exception) -> AssetError:
    from huggingface_hub import errors

    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE") or isinstance(error, errors.OfflineModeIsEnabled):
        return AssetError(
            "The data set {id} is on the hub, but HF_HUB_OFFLINE keeps this computer off it. Unset it, or use a built-in sample or your "
            "own file.",
            id=name,
        )
    if isinstance(error, errors.GatedRepoError):
        return AssetError(
            "The data set {id} asks you to accept its terms first. Open its page on the hub, accept, and log in with: hf auth login",
            id=name,
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError | errors.EntryNotFoundError):
        return AssetError("The hub has no public data set {id}, or not in that revision. Check the spelling on its page.", id=name)
    return AssetError(
        "The hub could not be reached for {id}. Check the connection, or set HF_ENDPOINT to a mirror; a built-in sample or your own file "
        "works without it.",
        id=name,
    )
