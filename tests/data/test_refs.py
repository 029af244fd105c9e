"""References to data: content-addressed, verified, and never a path outside the home."""

import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bmcore.data import refs
from bmcore.errors import BmcoreError, DataError, StorageError

CSV = b"text,label\nhello,a\nbye,b\n"


def test_store_and_load(home):
    ref = refs.store(CSV, "my messages.csv")
    assert ref == {"kind": "file", "name": "my messages.csv", "stored": f"{ref['sha256']}.csv", "sha256": ref["sha256"], "bytes": len(CSV)}
    assert refs.load(ref).text.to_list() == ["hello", "bye"]
    assert stat.S_IMODE(os.stat(home / "data" / ref["stored"]).st_mode) == 0o600
    assert str(refs.title(ref)) == "my messages.csv"
    assert refs.store(CSV, "other.csv")["stored"] == ref["stored"]
    assert len(list((home / "data").iterdir())) == 1


def test_store_a_path(tmp_path, home):
    (tmp_path / "a.tsv").write_bytes(b"text\tlabel\nx\ty\n")
    assert refs.load(refs.store(tmp_path / "a.tsv", "a.tsv")).shape == (1, 2)


def test_changed_or_lost_file(home):
    ref = refs.store(CSV, "a.csv")
    path = home / "data" / ref["stored"]
    path.write_bytes(CSV.replace(b"hello", b"hullo"))
    with pytest.raises(DataError, match="has changed"):
        refs.load(ref)
    assert refs.load(refs.store(CSV, "a.csv")).text[0] == "hello"  # storing it again mends it
    path.unlink()
    with pytest.raises(DataError, match="no longer"):
        refs.load(ref)


def test_a_failed_write_leaves_nothing(home, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        refs.store(CSV, "a.csv")
    assert list((home / "data").iterdir()) == []


@pytest.mark.parametrize("name", ["a.exe", "a.csv.gz", "a.pkl", "a.html"])
def test_refused_endings(name):
    with pytest.raises(DataError, match="tables end in"):
        refs.store(CSV, name)


@pytest.mark.parametrize(
    "ref",
    [
        {},
        None,
        [],
        {"kind": "file"},
        {"kind": "file", "stored": "../../etc/passwd"},
        {"kind": "file", "stored": "a" * 64 + ".csv\n"},
        {"kind": "file", "stored": "a" * 64 + ".pkl"},
        {"kind": "file", "stored": 7},
        {"kind": "sample", "name": "../x"},
        {"kind": "other"},
        {"kind": "hub", "id": "../../x"},
        {"kind": "hub", "id": "a/b", "revision": "../main"},
        {"kind": "hub"},
    ],
)
def test_damaged_references(ref):
    with pytest.raises(DataError):
        refs.load(ref)


def test_sample_reference():
    assert refs.sample("dialogues_en") == {"kind": "sample", "name": "dialogues_en"}
    assert len(refs.load(refs.sample("dialogues_en"))) > 1000
    assert "English" in str(refs.title(refs.sample("dialogues_en")))
    with pytest.raises(DataError, match="There are: clothing_reviews"):
        refs.sample("clothing")


nasty = st.one_of(
    st.text(max_size=400),
    st.lists(
        st.sampled_from(["../", "..\\", "/", "..%2f", "CON", "NUL", "\x00", "\n", "a#b", ".csv", "~", "\u202e", "．．／", " ", "."]),
        max_size=12,
    ).map("".join),
    st.sampled_from(["x" * 300, "/etc/passwd", "C:\\x.csv", ".", "..", "", " ", ".csv", "CON.csv", "a\nb.csv"]),
)


@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=nasty, ending=st.sampled_from(["", ".csv", ".txt"]))
def test_no_name_becomes_a_path(home, name, ending):
    try:
        ref = refs.store(CSV, name + ending)
    except BmcoreError:
        return
    data = (home / "data").resolve()
    assert refs.path(ref).resolve().parent == data
    assert "/" not in ref["name"] and "\n" not in ref["name"] and len(ref["name"]) <= 100
    assert {entry.suffix for entry in data.iterdir()} <= {".csv", ".txt", ".tsv", ".json", ".jsonl"}
