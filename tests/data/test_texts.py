"""Texts: division, encodings, archives, tables, samples, the split."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

import bmcore
from bmcore.data import refs, texts_divide, texts_split
from bmcore.data.texts import Texts, from_frame, load_texts, split_texts, store_texts
from bmcore.errors import BmcoreError, DataError

SENTENCE = "The zip broke on the first day and the shop was kind about it. "
ZH = "这件衣服的质量很好，颜色也很漂亮，下次还会再来购买。"


def load(content, name="notes.txt"):
    return load_texts(store_texts(content, name))


def zipped(files, **options) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content, **options)
    return out.getvalue()


@pytest.mark.parametrize("border", ["---", "=====", "***", "* * *", "###", "-----  "])
def test_divided_at_a_line(home, border):
    documents = [f"{n}. {SENTENCE * 20}".strip() for n in range(5)]
    texts = load(f"\n{border}\n".join(documents).encode())
    assert texts.documents == documents


def test_divided_at_two_blank_lines_else_paragraphs(home):
    documents = [f"{n}. {SENTENCE * 10}\n\nSecond paragraph." for n in range(4)]
    assert load("\n\n \n".join(documents).encode()).documents == documents
    paragraphs = [f"{n}. {SENTENCE * 5}".strip() for n in range(40)]
    texts = load("\r\n\r\n".join(paragraphs).encode())
    assert "\n\n".join(texts.documents) == "\n\n".join(paragraphs)
    assert all(1_000 <= len(text) <= 3_000 for text in texts.documents[:-1])


def test_a_heading_or_a_list_is_no_border(home):
    text = "# Title\n\n- one\n- two\n\na --- b\n\n" + SENTENCE * 60
    assert load(text.encode(), "a.md").documents[0].startswith("# Title\n\n- one\n- two\n\na --- b")


@pytest.mark.parametrize("sentence", [SENTENCE, ZH, "x" * 63, "😀 great! "])
def test_one_giant_line(home, sentence):
    line = "".join(f"{n}{sentence}" for n in range(2_000))
    texts = load(line.encode())
    assert "".join("".join(texts.documents).split()) == "".join(line.split())
    assert max(map(len, texts.documents)) <= 3_000 and len(texts) > 5
    if sentence != "x" * 63:
        assert all(text[-1] in ".。!" for text in texts.documents[:-1])


def test_nothing_is_lost_or_blank_whatever_the_text():
    random = np.random.default_rng(0)
    letters = list("ab .\n\n\n-=é汉😀")
    for length in (1, 10, 1_000, 30_000, 100_000):
        text = "".join(random.choice(letters, length))
        for document in (found := list(texts_divide.divide(text.encode()))):
            assert document.strip() == document and document
        kept, given = "".join("".join(found).split()), "".join(text.split())
        assert [one for one in kept if one not in "-="] == [one for one in given if one not in "-="]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_one_file(home, encoding):
    documents = [f"{n}、{ZH * 9}" for n in range(12)]
    assert load("\n---\n".join(documents).encode(encoding)).documents == documents


def test_large_files_are_guessed_from_a_part(home, monkeypatch):
    from bmcore.data import texts_read

    monkeypatch.setattr(texts_read, "_SMALL", 1000)
    monkeypatch.setattr(texts_read, "_SAMPLE", 701)
    text = "plain " * 500 + "".join(f"{n}、{ZH}" for n in range(500))
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        assert "".join("".join(load(text.encode(encoding)).documents).split()) == "".join(text.split()), encoding
    texts = load(b"plain " * 2000 + "Für schöne Kleider ".encode("cp1252") * 200)
    assert "Für schöne" in texts.documents[-1] and "Western European" in str(texts.notes[0])


def test_mixed_encodings_in_a_zip(home):
    files = [
        ("a/utf8.txt", (ZH * 40).encode()), ("b/gb.txt", ("店家：" + ZH * 40).encode("gb18030")),
        ("c.md", ("西：" + ZH * 40).encode("utf-16")),
        ("d.txt", ("Günstig und schön " * 200).encode("latin-1")), ("picture.png", b"\x89PNG"), ("bad.txt", b"\0\1\2\3" * 500),
        ("empty.txt", b""), ("__MACOSX/._a.txt", b"x"), (".hidden.txt", b"x"),
    ]
    texts = load(zipped(files), "all.zip")
    assert texts.names == ["a/utf8.txt", "b/gb.txt", "c.md", "d.txt"]
    assert [text[0] for text in texts.documents] == ["这", "店", "西", "G"]
    told = " ".join(map(str, texts.notes))
    assert "read as GB18030: b/gb.txt" in told and "UTF-16: c.md" in told and "picture.png" in told
    assert "2 files are empty or not text" in told and "bad.txt" in told and "MACOSX" not in told


def test_long_files_are_divided_and_stay_together(home):
    files = [(f"{n:02}.txt", "".join(f"{n} {m} {SENTENCE}" for m in range(400)).encode()) for n in range(20)]
    files += [("short.txt", b"short " * 40)]
    texts = load(zipped(files), "all.zip")
    assert len(texts) > 100 and texts.names[1] == "00.txt (2)" and texts.names[-1] == "short.txt"
    train, test = split_texts(texts, seed=1)
    assert set(texts.sources[train]).isdisjoint(texts.sources[test]) and len(test)


def test_folder_and_several_uploads(home, tmp_path):
    place = tmp_path / "notes"
    (place / "sub").mkdir(parents=True)
    for name in ("a.txt", "sub/b.md", "c.csv", ".d.txt"):
        (place / name).write_text(name + SENTENCE * 30)
    (place / "link.txt").symlink_to(place / "a.txt")
    ref = store_texts(place)
    assert ref["holds"] == "texts" and load_texts(ref).names == ["a.txt", "sub/b.md"]
    ref = store_texts([("../x.txt", b"x" * 3000), ("../x.txt", b"y" * 3000)])
    assert load_texts(ref).names == ["2 x.txt", "x.txt"]
    with pytest.raises(DataError, match=r"no \.txt or \.md"):
        store_texts([("a.txt", b"x"), ("b.csv", b"x")])


@pytest.mark.parametrize("name, words", [
    ("../out.txt", "leads out"), ("/abs.txt", "leads out"), ("inner.zip", "another archive"),
])
def test_zip_guards(home, name, words):
    with pytest.raises(DataError, match=words):
        store_texts(zipped([("a.txt", b"x" * 3000), (name, b"x")]), "all.zip")


def test_zip_bombs(home):
    with pytest.raises(DataError, match="times its size"):
        store_texts(zipped([("a.txt", b"x" * (30 << 20))]), "all.zip")
    with pytest.raises(DataError, match="files; at most"):
        store_texts(zipped([(f"{n}.txt", b"") for n in range(20_001)]), "all.zip")


@pytest.mark.parametrize("name, content, words", [
    ("a.txt", b"", "empty"),
    ("a.txt", b" \n\n ", "is empty"),
    ("a.txt", SENTENCE.encode(), "There are 1 different texts"),
    ("a.txt", b"---\n".join([b"short\n"] * 9), "There are 1 different texts"),
    ("a.txt", b"\x89PNG\r\n" + b"x" * 9000, "PNG"),
    ("a.txt", b"PK\x03\x04" + b"x" * 9000, "ZIP"),
    ("a.txt", b"text \0 more " * 900, "not a text"),
    ("a.txt", bytes(range(1, 256)) * 90, "not a text"),
    ("a.txt", b"<!DOCTYPE html>" + b"x" * 9000, "web page"),
    ("a.docx", b"PK\x03\x04", "plain text"),
    ("a.zip", b"no zip", "no zip"),
])
def test_refused(home, name, content, words):
    with pytest.raises(DataError, match=words):
        load(content, name)


def test_a_file_that_changed_or_is_no_reference(home):
    ref = store_texts((SENTENCE * 99).encode(), "a.txt")
    refs.path(ref).write_bytes(b"other")
    with pytest.raises(DataError, match="has changed"):
        load_texts(ref)
    with pytest.raises(DataError, match="damaged"):
        load_texts({"kind": "file", "name": "x", "stored": "../../x.txt"})
    with pytest.raises(BmcoreError):
        load_texts({"kind": "sample", "name": "digits_8x8"})
    with pytest.raises(DataError, match="holds texts"):
        refs.load(refs.sample("shakespeare"))


def test_tables(home):
    frame = pd.DataFrame({"id": range(40), "body": [f"{n} {SENTENCE}\r\nBye.\0" for n in range(39)] + [None], "tag": "x"})
    texts = from_frame(frame)
    assert len(texts) == 39 and texts.documents[3] == f"3 {SENTENCE}\nBye." and "'body'" in str(texts.notes[0])
    with pytest.raises(DataError, match="holds numbers"):
        from_frame(frame, "id")
    with pytest.raises(DataError, match="no column 'nope'"):
        from_frame(frame, "nope")
    ref = store_texts(frame.replace("\0", "", regex=True).to_csv(index=False).encode(), "table.csv")
    assert "holds" not in ref and len(load_texts(ref, "body")) == 39
    assert len(load_texts(refs.sample("chinese_reviews"))) == 17_363


def test_copies_once_and_broken_letters_mended(home):
    frame = pd.DataFrame({"text": ["a" * 1500, "a" * 1500, "b\ud800" * 900]}, dtype=object)
    texts = from_frame(frame, "text")
    assert texts.documents == ["a" * 1500, "b?" * 900]
    assert "1 texts are exact copies" in str(texts.notes[0])


def test_100_000_tiny_documents(home):
    texts = load("\n---\n".join(f"note {n}" for n in range(100_000)).encode())
    assert len(texts) == 100_000
    train, test = split_texts(texts)
    assert len(train) + len(test) == 100_000 and 9_000 < len(test) < 11_000


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "gb18030"])
def test_200_mb_on_one_line(home, tmp_path, encoding):
    unit = (SENTENCE if encoding == "ascii" else ZH).encode(encoding)
    n = (200 * 2**20 - 100) // (len(unit) + 8)
    with (tmp_path / "one.txt").open("wb") as file:
        file.writelines(b"%07d " % number + unit for number in range(n))
    code = (
        "import resource, sys; from bmcore.data.texts import load_texts, store_texts; texts = load_texts(store_texts(sys.argv[1])); "
        "print(len(texts), max(map(len, texts.documents)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "one.txt")], capture_output=True, text=True, check=False)
    documents, longest, peak_mb = map(int, done.stdout.split())
    assert documents > 50_000 and longest <= 3_000 and peak_mb < 3 * 200


def test_many_near_copies_stay_together_beside_other_texts():
    draw = np.random.default_rng(0)
    words = [f"word{n}" for n in range(500)]
    body = " ".join(draw.choice(words, 120))
    copies = [f"{body} and {n} times more" for n in range(40)]
    others = [" ".join(draw.choice(words, 60)) for _ in range(200)]
    texts = Texts([*copies, *others])
    for seed in range(5):
        train, test = split_texts(texts, seed=seed)
        assert (test < 40).sum() in (0, 40) and (test >= 40).any() and texts_split.notes(texts, train, test) == []


def test_what_lies_on_both_sides_is_said():
    letters = Texts([f"{'Dear customer, thank you for your order. ' * 6} Number {n}: {'abc' * n}" for n in range(60)])
    train, test = split_texts(letters)
    assert "held-out texts begin like" in str(texts_split.notes(letters, train, test)[0])
    pieces = Texts([f"piece {n} of a book, with words {n * 7919}" for n in range(60)], sources=np.arange(60) % 3)
    train, test = split_texts(pieces)
    assert "Pieces of 3 files" in str(texts_split.notes(pieces, train, test)[0])


def test_split_keeps_near_copies_together_and_splits_form_letters():
    random = np.random.default_rng(0)
    start = ["".join(random.choice(list("abcdef "), 300)) for _ in range(50)]
    documents = [letter.upper() + "  " + str(n) for n, letter in enumerate(start)] + [letter + " and so on" for letter in start]
    train, test = split_texts(Texts(documents))
    assert {row % 50 for row in train}.isdisjoint({row % 50 for row in test}) and 6 <= len(test) <= 14
    letters = Texts(["Dear customer, " * 20 + str(n) for n in range(100)])
    assert len(split_texts(letters)[1]) == 10
    assert split_texts(Texts(["one", "two"]), test=0.01)[1].tolist() == [0]
    with pytest.raises(DataError, match="same words"):
        split_texts(Texts(["same " * 100 + "a", "same " * 100 + "b"]))


def test_shakespeare(home):
    texts = bmcore.load_sample("shakespeare")
    assert len(texts) == 918 and len(set(texts.documents)) == 918 and 4_950_000 < texts.characters < 5_010_000
    assert len(set(texts.sources)) == 42 and sum(name.startswith("The Sonnets") for name in texts.names) == 154
    everything = "\n".join(texts.documents)
    assert everything.isascii() and "Gutenberg" not in everything and "PERSONS REPRESENTED" not in everything
    assert "Who's there?" in texts.documents[texts.names.index("Hamlet, Prince Of Denmark, 1")]
    train, test = split_texts(texts)
    assert set(texts.sources[train]).isdisjoint(texts.sources[test])
    assert 0.05 < texts.take(test).characters / texts.characters < 0.15
