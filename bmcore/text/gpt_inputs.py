"""What a TextGenerator is given: documents to learn from or to judge, and prompts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bmcore.errors import DataError, ParameterError


def documents_of(texts: Any) -> list[str]:
    """The documents of Texts, of a list of texts, or of one text; those without any character that can be seen are left out.

    Raises
    ------
    DataError
        If one of them is no text.

    Examples
    --------
    >>> documents_of("one"), documents_of(["one", " ", "two"])
    (['one'], ['one', 'two'])
    """
    texts = getattr(texts, "documents", texts)
    given: Iterable[Any] = [texts] if isinstance(texts, str) else texts
    # a table and a dict would give their names
    if isinstance(given, dict | bytes) or hasattr(given, "columns") or not hasattr(given, "__iter__"):
        raise DataError("The texts are a {kind}. Give a list of texts, such as one column of a table.", kind=type(given).__name__)
    found = list(given)
    for number, text in enumerate(found):
        if not isinstance(text, str):
            raise DataError(
                "Text {number} is no text but {value}. Give a list of texts, without empty cells.", number=number + 1, value=repr(text)[:60]
            )
    # half a surrogate pair is no text for a tokenizer or a file
    return [text.encode("utf-8", "replace").decode() for text in found if text.strip()]


def learnable(texts: Any, settings: dict[str, Any]) -> list[str]:
    """The documents of a fit.

    Raises
    ------
    DataError
        If there are too few to learn from.
    ParameterError
        If the settings contradict each other.
    """
    if settings["method"] == "lora" and settings["model"] == "scratch":
        raise ParameterError(
            "Method lora needs a model that was trained before, and scratch starts from nothing. Choose method full, or another model.")
    documents = documents_of(texts)
    if len(documents) < 2:
        raise DataError(
            "There are {n} texts to learn from, and 2 is the least: one learns, one judges. Bring more texts, better some hundred.",
            n=len(documents),
        )
    return documents


def prompts_of(given: Any) -> list[str]:
    """One prompt or several, as a list."""
    prompts = [given] if isinstance(given, str) else list(given) if isinstance(given, list | tuple) else [given]
    for prompt in prompts:
        if not isinstance(prompt, str):
            raise DataError("The prompt is {value}. Give a text.", value=repr(prompt)[:60])
    return [prompt.encode("utf-8", "replace").decode() for prompt in prompts]
