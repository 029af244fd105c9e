"""The look at texts: how many, how long, in which languages, some of them, and what was left out.

Runs inside the process of `bmcore.ui.look`; imports no streamlit.

    {"ref", "writing": true, "column": null | "column"}
    {"documents", "characters", "mean", "longest", "languages": {"en" | "zh" | "other": documents},
     "examples": [{"name", "text", "characters"}], "notes": [Message],
     "table": null | {"rows", "columns", "column", "head"},
     "problem": null | Message}

A table whose column cannot be used still shows its columns and the problem; what cannot be read at all is the error of the look.
"""

from __future__ import annotations

import re

from bmcore.errors import BmcoreError

EXAMPLES, CUT, MOST_NOTES = 6, 1_200, 20
_LOOKED_AT, _START = 1_000, 1_000  # documents and characters of each by which languages are guessed
_CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_KANA_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_WORDS = re.compile(r"[^\W\d_]+")
# the most usual words of English: no text of some length is without them, and few are words of other languages
_ENGLISH = frozenset((
    "the", "and", "of", "to", "in", "is", "it", "for", "that", "you", "with", "was", "are", "this", "but", "not", "have", "be", "on",
    "as", "my", "they", "at", "i", "we", "so", "very", "love", "her", "his",
))
_LEAST_CHINESE, _LEAST_ENGLISH = 0.2, 0.12


def answer(request: dict) -> dict:
    """The look itself.

    Raises
    ------
    DataError, AssetError
        As `load_texts`, but for a table.
    """
    from bmcore.data import refs
    from bmcore.data.texts import load_texts

    ref, column = request["ref"], request.get("column")
    if _is_table(ref):
        return _of_table(refs.load(ref), ref, column)
    return {**_found(load_texts(ref)), "table": None, "problem": None}


def _is_table(ref: dict) -> bool:
    from bmcore.data import refs

    return not refs.is_texts(ref) and not refs.is_pictures(ref) and not str(ref.get("stored", "")).endswith(".txt")


def _of_table(frame, ref: dict, column: str | None) -> dict:
    from bmcore.data import texts, texts_read
    from bmcore.data.samples import SAMPLES
    from bmcore.ui.cluster_look import rows

    frame.columns = [str(name) for name in frame.columns]
    table = {"rows": len(frame), "columns": list(frame.columns), "column": column, "head": rows(frame)}
    try:
        own = SAMPLES[ref["name"]].text_column if ref.get("kind") == "sample" else None
        table["column"] = column or own or texts_read.longest(frame)
        return {**_found(texts.from_frame(frame, table["column"])), "table": table, "problem": None}
    except BmcoreError as error:
        nothing = {"documents": 0, "characters": 0, "mean": 0, "longest": 0, "languages": {}, "examples": [], "notes": []}
        return {**nothing, "table": table, "problem": error.message.to_dict()}


def _found(texts) -> dict:
    import numpy as np

    lengths = np.array([len(text) for text in texts.documents])
    chosen = np.unique(np.linspace(0, len(texts) - 1, min(EXAMPLES, len(texts))).astype(int)).tolist()
    looked = np.unique(np.linspace(0, len(texts) - 1, min(_LOOKED_AT, len(texts))).astype(int)).tolist()
    guessed = [language(texts.documents[row][:_START]) for row in looked]
    return {
        "documents": len(texts),
        "characters": int(lengths.sum()),
        "mean": int(lengths.mean()),
        "longest": int(lengths.max()),
        "languages": {one: round(guessed.count(one) / len(looked) * len(texts)) for one in ("en", "zh", "other") if one in guessed},
        "examples": [
            {"name": texts.names[row] if texts.names else None, "text": texts.documents[row][:CUT], "characters": int(lengths[row])}
            for row in chosen
        ],
        "notes": [note.to_dict() for note in texts.notes[:MOST_NOTES]],
    }


def language(text: str) -> str:
    """A guess: "en", "zh" or "other".

    Examples
    --------
    >>> [language(text) for text in ("I love the colour of it.", "质量很好，下次还会买。", "Der Stoff ist sehr schön.")]
    ['en', 'zh', 'other']
    """
    letters = sum(letter.isalpha() for letter in text)
    if letters and len(_CHINESE.findall(text)) >= _LEAST_CHINESE * letters and not _KANA_HANGUL.search(text):
        return "zh"
    words = [word.lower() for word in _WORDS.findall(text)]
    usual = sum(word in _ENGLISH for word in words)
    return "en" if words and usual >= _LEAST_ENGLISH * len(words) else "other"
