"""Whether drafts stand word for word in the texts that a model learned from.

Runs inside the process of `bmcore.ui.look`, since it takes about 40 bytes of memory a character; imports no streamlit.

    {"ref", "column": null | "column", "copies": [draft, ...]}
    {"copies": [{"longest": characters, "passage": "..."}], "whole": whether all texts were looked at}
"""

from __future__ import annotations

PASSAGE = 300  # characters shown of a copied piece


def answer(request: dict) -> dict:
    """The longest piece of each draft that stands in the texts.

    Raises
    ------
    DataError, AssetError
        As `load_texts`.
    """
    from bmcore.data.texts import load_texts
    from bmcore.evaluate.copying import Copies

    texts = load_texts(request["ref"], request.get("column"))
    copies = Copies(texts.documents)
    found = [{"longest": one.longest, "passage": one.passage[:PASSAGE]} for one in copies.of(request["copies"])]
    return {"copies": found, "whole": copies.characters_ == sum(map(len, texts.documents))}
