"""Bad files: either a table or one sentence that names the row or column and what to do. Never another error."""

import contextlib
import gzip
import io
import json
import time
import zipfile

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmcore.data import check, read, sheets
from bmcore.errors import DataError

CSV = b"text,label\nhello,a\nbye,b\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100


def parquet(frame):
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def book(fill):
    workbook, buffer = openpyxl.Workbook(), io.BytesIO()
    fill(workbook.active)
    workbook.save(buffer)
    return buffer.getvalue()


def archive(entries, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return buffer.getvalue()


def rebuilt(extra):
    """A real workbook with more or other parts."""
    source = zipfile.ZipFile(io.BytesIO(book(lambda sheet: sheet.append(["text", "label"]))))
    entries = {name: source.read(name) for name in source.namelist()}
    return archive([*{**entries, **extra}.items()])


def dictionary_bomb():
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array(["x" * 100_000]))
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"text": words}), buffer)
    return buffer.getvalue()


GOOD_BOOK = book(lambda sheet: [sheet.append(row) for row in (["text", "label"], ["hello", "a"])])
GOOD_PARQUET = parquet(pd.DataFrame({"text": ["hello"] * 50, "label": ["a"] * 50}))
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 10) for c in range(98, 110))
    + b"]>"
    + b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    + b'<sheetData><row><c t="inlineStr"><is><t>&m;</t></is></c></row></sheetData></worksheet>'
)

# name -> (file name, content, words that the sentence holds; None where a table is the right answer)
REFUSED = {
    "nothing": ("a.csv", b"", "empty"),
    "nothing.xlsx": ("a.xlsx", b"", "empty"),
    "spaces": ("a.csv", b"  \n\n \n", "empty"),
    "mark only": ("a.csv", b"\xef\xbb\xbf", "empty"),
    "utf16 mark only": ("a.csv", b"\xff\xfe", "empty"),
    "header only": ("a.csv", b"text,label\n", "row 1"),
    "header only, no line end": ("a.csv", b"text,label", "row 1"),
    "empty header": ("a.csv", b",,\n1,2,3\n", "Row 1"),
    "too large": ("a.csv", b"x" * (read.MAX_BYTES + 1), "larger than 50 MB"),
    "zip as csv": ("a.csv", archive([("a.csv", CSV)]), "ZIP archive"),
    "zip as xlsx": ("a.xlsx", archive([("a.csv", CSV)]), "ZIP archive"),
    "xlsx as csv": ("a.csv", GOOD_BOOK, "Excel workbook"),
    "parquet as csv": ("a.csv", GOOD_PARQUET, "Parquet"),
    "parquet as xlsx": ("a.xlsx", GOOD_PARQUET, "Parquet"),
    "csv as xlsx": ("a.xlsx", CSV, "cut, damaged or renamed"),
    "csv as parquet": ("a.parquet", CSV, "cut, damaged or renamed"),
    "png as csv": ("a.csv", PNG, "PNG picture"),
    "png as xlsx": ("a.xlsx", PNG, "PNG picture"),
    "jpeg": ("a.csv", b"\xff\xd8\xff\xe0" + bytes(99), "JPEG"),
    "gif": ("a.tsv", b"GIF89a" + bytes(99), "GIF"),
    "pdf as csv": ("a.csv", b"%PDF-1.7\n1 0 obj", "PDF"),
    "gzip": ("a.csv", gzip.compress(CSV), "gzip"),
    "old xls": ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "old Office"),
    "sqlite": ("a.csv", b"SQLite format 3\x00" + bytes(99), "SQLite"),
    "program": ("a.csv", b"\x7fELF" + bytes(99), "program"),
    "web page": ("a.csv", b"<!DOCTYPE html><html><body>Sign in", "web page"),
    "exe ending": ("a.exe", CSV, "tables end in"),
    "double ending": ("a.csv.gz", CSV, "tables end in"),
    "NUL": ("a.csv", b"text,label\nhe\x00llo,a\n", "Line 2"),
    "NULs only": ("a.csv", bytes(1000), "NUL"),
    "NUL tail": ("a.csv", CSV * 100 + bytes(512), "NUL"),
    "cut utf-16": ("a.csv", "text,label\nhä,a\n".encode("utf-16")[:-1], "cut or damaged"),
    "false utf-16 mark": ("a.csv", b"\xff\xfe" + b"\x00\xd8" * 9, "line 1"),
    "open quote": ("a.csv", b'text,label\n"hello,a\nbye,b\nmore,c\n', "row 2"),
    "open quote late": ("a.csv", b'text,label\nhi,a\n"hello,a\nbye,b\nmore,c\n', "row 3"),
    "open quote, last column": ("a.csv", b'text,label\nhello,"a\nbye,b\nmore,c\n', "row 2"),
    "lone quote cell": ("a.csv", b'text,label\n",a\n', "row 2"),
    "ragged": ("a.csv", b"text,label\nhello, you,a\nbye,b\n", "Row 2"),
    "ragged text": ("a.csv", b"text,label\n" + b"one, two, three,a\n" * 500, "Row 2"),
    "all short": ("a.csv", b"a,b,c,d,e\n1,2,3,4,5\n" + b"1,2\n" * 5000, "row 1"),
    "100,000 columns": ("a.csv", ",".join(f"c{n}" for n in range(100_000)).encode() + b"\n1\n", "columns"),
    "1,001 columns": ("a.csv", b",".join([b"c"] * 1001) + b"\n" + b",".join([b"1"] * 1001), "1001 columns"),
    "12 MB cell": ("a.csv", b'text,label\n"' + b"x" * (12 << 20) + b'",a\n', "row 2, column 'text'"),
    "40 MB cell": ("a.csv", b'text,label\n"' + b"x" * (40 << 20) + b'",a\n', "MB"),
    "jsonl cut": ("a.jsonl", b'{"text": "a"}\n{"text": "b', "Line 2"),
    "jsonl list": ("a.jsonl", b"[1, 2]\n", "Entry 1"),
    "jsonl numbers": ("a.jsonl", b"1\n2\n", "Entry 1"),
    "jsonl empty objects": ("a.jsonl", b"{}\n{}\n", "no columns"),
    "jsonl deep": ("a.jsonl", b'{"a": ' + b"[" * 100_000 + b"\n", "Line 1"),
    "jsonl python": ("a.jsonl", b"{'text': 'a'}\n", "Line 1"),
    "json cut": ("a.json", b'[{"text": "a"}, {"text": "b"', "Entry 2"),
    "json object": ("a.json", b'{"text": "a", "more": {"x": 1}}', "is an object"),
    "json empty list": ("a.json", b"[]", "no rows"),
    "json text": ("a.json", b'"hello"', "list of objects"),
    "json list of lists": ("a.json", b"[[1, 2], [3, 4]]", "Entry 1"),
    "json deep": ("a.json", b"[" * 200_000, "Entry 1"),
    "json many keys": ("a.json", json.dumps([{f"k{n}": n for n in range(1500)}]).encode(), "columns"),
    "json is csv": ("a.json", CSV, "list of objects"),
    "cut parquet": ("a.parquet", GOOD_PARQUET[:-20], "damaged Parquet"),
    "parquet head only": ("a.parquet", b"PAR1", "damaged Parquet"),
    "parquet middle overwritten": ("a.parquet", GOOD_PARQUET[:8] + b"\xff" * 40 + GOOD_PARQUET[48:], "Parquet"),
    "parquet without rows": ("a.parquet", parquet(pd.DataFrame({"text": pd.Series([], dtype="str")})), "no rows"),
    "parquet binary only": ("a.parquet", parquet(pd.DataFrame({"image": [b"\xff\x00"]})), "no column of texts"),
    "parquet dictionary bomb": ("a.parquet", dictionary_bomb(), "unpacks to more"),
    "cut xlsx": ("a.xlsx", GOOD_BOOK[:-200], "damaged"),
    "xlsx without cells": ("a.xlsx", book(lambda sheet: None), "no sheet"),
    "xlsx header only": ("a.xlsx", book(lambda sheet: sheet.append(["text", "label"])), "row 1"),
    "xlsx far corner": ("a.xlsx", book(lambda sheet: [sheet.append(["text"]), sheet.cell(1048576, 16384, "x")]), "XXX"),
    "xlsx cell beyond header": ("a.xlsx", book(lambda sheet: [sheet.append(["text"]), sheet.append(["a", "b"])]), "Row 2"),
    "xlsx bomb": ("a.xlsx", rebuilt({"xl/media/x.bin": b"\x00" * (sheets.MAX_UNPACKED + 1)}), "unpacks to"),
    "xlsx ratio": ("a.xlsx", rebuilt({"xl/media/x.bin": b"\x00" * (20 << 20)}), "unpacks to"),
    "xlsx 2,000 entries": ("a.xlsx", rebuilt({f"xl/x{n}": b"" for n in range(2000)}), "parts"),
    "xlsx laughs": ("a.xlsx", rebuilt({"xl/worksheets/sheet1.xml": LAUGHS}), "save it as CSV"),
    "xlsx broken xml": ("a.xlsx", rebuilt({"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row>"}), "save it as CSV"),
    "xlsx without workbook": ("a.xlsx", archive([("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")]), "save it as CSV"),
}
REFUSED["xlsx far corner"] = ("a.xlsx", REFUSED["xlsx far corner"][1], None)

ACCEPTED = {
    "mark": ("a.csv", b"\xef\xbb\xbf" + CSV),
    "double header": ("a.csv", b"text,text\nhello,a\n"),
    "one column": ("a.csv", b"text\nhello\nbye\n"),
    "inf": ("a.csv", b"n,label\ninf,a\n-inf,b\n"),
    "10^400": ("a.csv", b"n,label\n1e400,a\n" + b"1" + b"0" * 400 + b",b\n"),
    "mixed dates": ("a.csv", b"d,label\n2026-01-02,a\n02/01/2026,b\n2. Januar,b\n"),
    "right-to-left": ("a.csv", "نص,label\nمرحبا \u202e,a\n".encode()),
    "emoji": ("a.csv", "text,label\n😀👩‍👩‍👧,a\n".encode()),
    "old mac line ends": ("a.csv", b"text,label\rhello,a\rbye,b\r"),
    "mixed line ends": ("a.csv", b"text,label\r\nhello,a\nbye,b\r\n"),
    "quote inside": ("a.csv", b'text,label\n5" screen,a\n'),
    "json inf": ("a.json", b'[{"n": 1e400}, {"n": NaN}, {"n": -Infinity}]'),
    "json large": ("a.json", b'[{"n": ' + b"9" * 5000 + b"}]"),
    "json lone surrogate": ("a.json", b'[{"text": "\\ud800 x"}]'),
    "jsonl blank lines": ("a.jsonl", b'\n{"a": 1}\n\n'),
    "upper-case ending": ("A.CSV", CSV),
    "formula": ("a.csv", b"text,label\n=1+1,a\n"),
    "8 MB cell": ("a.csv", b'text,label\n"' + b"x" * (8 << 20) + b'",a\n'),
}


def test_there_are_enough():
    assert len(REFUSED) + len(ACCEPTED) >= 60


@pytest.mark.parametrize("case", list(REFUSED))
def test_refused(case):
    name, content, words = REFUSED[case]
    start = time.process_time()
    try:
        frame = read.read_table(content, name)
    except DataError as error:
        message = str(error)
        assert words is None or words in message, message
        assert name in message or "a.csv" in message
        assert message.count(". ") + message.count(": ") + message.count("; ") >= 1, f"no remedy: {message}"
    else:
        assert words is None and len(frame)
    assert time.process_time() - start < 8  # measured under 2 s each; the limit allows for a busy machine


@pytest.mark.parametrize("case", list(ACCEPTED))
def test_accepted(case):
    name, content = ACCEPTED[case]
    frame = read.read_table(content, name)
    assert len(frame)
    label = frame.columns[-1]
    for finding in check.check_training(frame, frame.columns[0], label):
        assert str(finding.message)


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=300), ending=st.sampled_from(["csv", "tsv", "txt", "xlsx", "jsonl", "json", "parquet", ""]))
def test_any_bytes(content, ending):
    with contextlib.suppress(DataError):
        assert len(read.read_table(content, f"a.{ending}" if ending else None))


@settings(max_examples=300, deadline=None)
@given(content=st.text(alphabet="ab,;\t|\"\n\r 1é\x00'[]{}:", max_size=80), ending=st.sampled_from(["csv", "jsonl", "json"]))
def test_any_text(content, ending):
    with contextlib.suppress(DataError):
        assert len(read.read_table(content.encode(), f"a.{ending}"))


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 4000), new=st.binary(min_size=1, max_size=8), which=st.sampled_from([GOOD_BOOK, GOOD_PARQUET]))
def test_flipped_bytes(at, new, which):
    at %= len(which)
    with contextlib.suppress(DataError):
        read.read_table(which[:at] + new + which[at + len(new) :], "a.xlsx" if which is GOOD_BOOK else "a.parquet")


def test_memory_of_a_full_size_file(tmp_path):
    """Peak memory stays below three times the cap."""
    import subprocess
    import sys

    path = tmp_path / "full.csv"
    line = ",".join(['"the order arrived late and I want my money back 你好 é"'] * 3).encode() + b",dep\n"
    path.write_bytes(b"a,b,c,label\n" + line * ((read.MAX_BYTES - 100) // len(line)))
    code = (
        "import sys, pandas, pyarrow.csv; from bmcore.data import read, columns, delimited, encodings, records\n"
        "def peak(): return next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('VmHWM'))\n"
        "before = peak(); read.read_table(sys.argv[1]); print((peak() - before) / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 3 * read.MAX_BYTES / 2**20
