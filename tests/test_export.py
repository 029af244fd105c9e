"""Exported cells are harmless, numbers are untouched, the file is whole or absent."""

import csv
import io
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.data.export import safe, safe_csv
from bmcore.errors import Cancelled, StorageError

BAD = [
    "=1+1",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "＝1",
    "=",
    "-",
    "+86 138 0000",
    "\x00=1",
    "\u200b=1",
    "\ufeff=1",
    " \u2060\x01@a",
]
GOOD = ["-5", "+5", "-1.5e3", "-1,234.50", "-1.234,50", "hello", "a=b", "", "007", "1-2", "😀", "'=1", "a; b|c", "good ;-)"]


@pytest.mark.parametrize("cell", BAD)
def test_a_cell_that_begins_like_a_formula(cell):
    assert safe(cell) == "'" + cell.replace("\x00", "")


@pytest.mark.parametrize("cell", [*GOOD, -5, 5, -5.5, True, None, np.float64(-2), np.int64(-2)])
def test_a_cell_that_stays(cell):
    assert safe(cell) is cell or safe(cell) == cell


@pytest.mark.parametrize(
    ("cell", "harmless"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a\t@x", "a\t'@x"),
        ("a | \u200b+1", "a | \u200b'+1"),
        (";=1", ";'=1"),
        ("=1;-2", "'=1;'-2"),
        ("-1;-2", "'-1;'-2"),
    ],
)
def test_a_formula_behind_another_separator(cell, harmless):
    assert safe(cell) == harmless


def test_a_report_can_stop_it_and_the_old_file_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("bmcore.data.export._CHUNK", 7)
    frame, told = pd.DataFrame({"a": range(20)}), []
    path = safe_csv(frame, tmp_path / "out.csv", report=lambda *step: told.append(step))
    assert told == [(0, 20), (7, 20), (14, 20)]
    old = path.read_bytes()

    def stop(done, total):
        if done:
            raise Cancelled("This run was asked to stop.")

    with pytest.raises(Cancelled):
        safe_csv(frame * 2, path, report=stop)
    assert path.read_bytes() == old and len(list(tmp_path.iterdir())) == 1


def read(path):
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_table_comes_out_harmless(tmp_path):
    frame = pd.DataFrame(
        {
            "=name": ["=1+1", "-5", "plain, with comma"],
            "n": [-5, 0, 7],
            "x": [-5.5, np.nan, 1e-7],
            "big": pd.array([2**60, None, -1], "Int64"),
            "when": pd.to_datetime(["2024-01-01", None, "2024-01-02"]),
            "kind": pd.Categorical(["@a", "b", "@a"]),
            "any": [["=list"], None, {"a": 1}],
        }
    )
    path = safe_csv(frame, tmp_path / "out.csv")
    assert read(path) == [
        ["'=name", "n", "x", "big", "when", "kind", "any"],
        ["'=1+1", "-5", "-5.5", str(2**60), "2024-01-01", "'@a", "['=list']"],
        ["-5", "0", "", "", "", "b", ""],
        ["plain, with comma", "7", "1e-07", "-1", "2024-01-02", "'@a", "{'a': 1}"],
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_many_rows_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("bmcore.data.export._CHUNK", 7)
    frame = pd.DataFrame({"a": [f"={i}" for i in range(50)], "b": range(50)})
    rows = read(safe_csv(frame, tmp_path / "out.csv"))
    assert rows[1:] == [[f"'={i}", str(i)] for i in range(50)]
    assert read(safe_csv(frame.head(0), tmp_path / "out.csv")) == [["a", "b"]]


def test_names_that_repeat_and_letters_no_file_can_hold(tmp_path):
    frame = pd.DataFrame([["a", "=b"]], columns=["x", "x"])
    assert read(safe_csv(frame, tmp_path / "out.csv")) == [["x", "x"], ["a", "'=b"]]
    odd = pd.DataFrame({"x": pd.Series(["\ud800=1", "中文"], dtype=object)})
    assert read(safe_csv(odd, tmp_path / "out.csv"))[1:] == [["?=1"], ["中文"]]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=10))
def test_no_cell_ever_begins_like_a_formula(tmp_path, cells):
    rows = read(safe_csv(pd.DataFrame({"a": cells, "b": 1}), tmp_path / "out.csv"))
    assert len(rows) == len(cells) + 1
    for (cell, _), given_ in zip(rows[1:], cells, strict=True):
        assert cell == safe(given_)
        number = cell.lstrip("+-").replace(".", "").replace(",", "").replace("e", "").replace("E", "").replace("+", "").replace("-", "")
        assert not cell.lstrip().startswith(("=", "+", "-", "@")) or number.isdigit()


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = safe_csv(pd.DataFrame({"a": [1]}), tmp_path / "out.csv")
    old = path.read_bytes()

    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"out\.csv"):
        safe_csv(pd.DataFrame({"a": [2]}), path)
    assert path.read_bytes() == old and len(list(tmp_path.iterdir())) == 1
    monkeypatch.undo()
    with pytest.raises(StorageError):
        safe_csv(pd.DataFrame({"a": [2]}), tmp_path / "no" / "out.csv")
