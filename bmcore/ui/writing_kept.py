"""Drafts that somebody liked, kept in the run's folder: they are there again tomorrow. Draws nothing."""

from __future__ import annotations

from bmcore import files

NAME, MOST, LONGEST = "favourites.json", 200, 20_000


def read(run) -> list[str]:
    """The kept drafts, the newest first; a damaged file counts as none."""
    found = files.read_json(run.folder / NAME, [])
    return [text[:LONGEST] for text in found[:MOST] if isinstance(text, str) and text.strip()] if isinstance(found, list) else []


def keep(run, text: str) -> None:
    """Keep one; what is kept already moves to the front.

    Raises
    ------
    StorageError
        If the disk is full.
    """
    text = text[:LONGEST]
    files.write_json(run.folder / NAME, [text, *(one for one in read(run) if one != text)][:MOST])


def drop(run, text: str) -> None:
    """Keep one no longer.

    Raises
    ------
    StorageError
        If the disk is full.
    """
    files.write_json(run.folder / NAME, [one for one in read(run) if one != text])
