"""The look at texts, in a process of its own."""

import pytest

from bmcore.data import refs
from bmcore.data.texts import store_texts
from bmcore.errors import DataError
from bmcore.ui import look


def test_texts(home):
    ref = store_texts([("a.txt", b"I love the colour of it. " * 90), ("b.txt", "质量很好。".encode() * 300)])
    found = look.request({"ref": ref, "writing": True})
    assert found["documents"] == 2 and found["languages"] == {"en": 1, "zh": 1} and found["table"] is None
    assert found["longest"] == 25 * 90 - 1 and found["examples"][0]["name"] == "a.txt" and found["notes"]
    assert len(found["examples"][0]["text"]) == 1_200


def test_tables(home):
    ref = refs.sample("dialogues_en")
    found = look.request({"ref": ref, "writing": True})
    assert found["table"]["column"] == "text" and "answer" in found["table"]["columns"] and found["documents"] > 500
    assert look.request({"ref": ref, "writing": True, "column": "answer"})["table"]["column"] == "answer"
    found = look.request({"ref": store_texts(b"id,n\n1,2\n3,4\n", "a.csv"), "writing": True})
    assert found["problem"] and found["table"]["columns"] == ["id", "n"] and found["documents"] == 0


def test_refused(home):
    with pytest.raises(DataError, match="PNG"):
        look.request({"ref": store_texts(b"\x89PNG" + b"x" * 9000, "a.txt"), "writing": True})
