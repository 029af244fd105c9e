"""Files that are no tables, at the size of the cap: refused quickly and with a reason, and never much more memory than the file itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bmcore.data import read
from bmcore.errors import DataError
from tests.visitor import Visitor
from tools.browser import server

pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 2**20
CAP_MB = read.MAX_BYTES / MEGABYTE

# each in a process of its own: reads what `MAKE` builds as an upload is read, and tells seconds, peak memory and the sentence
MEASURE = """
import io, json, os, random, sys, time, zipfile
import numpy, openpyxl, pandas, pyarrow.csv, pyarrow.parquet
from bmcore.data import columns, delimited, encodings, parquet, read, records, refs, sheets
from bmcore.errors import DataError
CAP = read.MAX_BYTES
def packed(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries: file.writestr(name, content)
    return out.getvalue()
def filled(start, unit): return start + unit * ((CAP - len(start)) // len(unit))
MAKE = {
    "nothing.csv": lambda: b"",
    "over.csv": lambda: bytes(CAP + 1),
    "over.parquet": lambda: b"PAR1" + bytes(CAP),
    "zeros.csv": lambda: bytes(CAP),
    "zeros.xlsx": lambda: bytes(CAP),
    "zeros.parquet": lambda: bytes(CAP),
    "noise.csv": lambda: random.Random(0).randbytes(2**20) * 50,
    "noise.jsonl": lambda: random.Random(0).randbytes(2**20) * 50,
    "lines.csv": lambda: b"\\n" * CAP,
    "lines.jsonl": lambda: b"\\n" * CAP,
    "commas.csv": lambda: b"," * CAP,
    "quotes.csv": lambda: b'"' * CAP,
    "open.csv": lambda: filled(b'text,label\\n"', b"hello,a\\n"),
    "cell.csv": lambda: filled(b"text,label\\n", b"x"),
    "half.csv": lambda: filled(b"text,label\\n" + b"x" * (CAP // 2) + b",a\\n", b"hello,a\\n"),
    "deep.json": lambda: b"[" * CAP,
    "deep.jsonl": lambda: b'{"a":' * (CAP // 5),
    "string.json": lambda: b'[{"a": "' + b"x" * (CAP - 20),
    "picture.csv": lambda: b"\\x89PNG\\r\\n\\x1a\\n" + bytes(CAP - 8),
    "cut.parquet": lambda: b"PAR1" + bytes(CAP - 8) + b"PAR1",
    "footer.parquet": lambda: b"PAR1" + bytes(CAP - 12) + b"\\xff\\xff\\xff\\x7fPAR1",
    "bomb.zip.csv": lambda: packed([("a.csv", bytes(4 * CAP))]),
    "bomb.xlsx": lambda: packed([("xl/workbook.xml", b"<x/>"), ("xl/worksheets/sheet1.xml", bytes(4 * CAP))]),
    "entries.xlsx": lambda: packed([("xl/workbook.xml", b"<x/>"), *((f"xl/{n}", b"") for n in range(20000))]),
    "gif_zip.xlsx": lambda: b"GIF89a" + packed([("xl/workbook.xml", b"<x/>")]),
    "pdf_csv.csv": lambda: b"%PDF-1.7\\ntext,label\\nhello,a\\n",
    "csv_zip.csv": lambda: b"text,label\\nhello,a\\n" * 1000 + packed([("a.csv", b"text,label\\n")]),
    "html_csv.csv": lambda: b"<!DOCTYPE html><script>1</script>\\ntext,label\\nhello,a\\n",
    "program.csv": lambda: b"MZ" + bytes(1000),
    "parquet.csv": lambda: b"PAR1text,label\\nhello,a\\n",
}
def peak(): return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
def measure(name):
    content = MAKE[name]()
    open("/proc/self/clear_refs", "w").write("5")
    before, began, said = peak(), time.process_time(), None
    try:
        refs.load(refs.store(content, name))
    except DataError as error:
        said = str(error)
    print(json.dumps([name, time.process_time() - began, peak() - before, said]), flush=True)
for name in MAKE:
    child = os.fork()
    if not child:
        measure(name)
        os._exit(0)
    os.waitpid(child, 0)
"""
NAMES = [line.split('"')[1] for line in MEASURE.splitlines() if line.startswith('    "')]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """name -> seconds of the processor, megabytes of the process that reads, what was said."""
    environment = {**os.environ, "BMCORE_HOME": str(tmp_path_factory.mktemp("uploads"))}
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, cwd=ROOT, check=True, env=environment)
    return {name: found for name, *found in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", NAMES)
def test_refused_quickly_and_in_little_memory(name, measured):
    seconds, megabytes, said = measured[name]
    assert said and name in said and len(said) < 1000
    assert megabytes < 3 * CAP_MB
    assert seconds < 6  # measured under 1 on a quiet machine; a shared one counts more for the same work


def test_a_thousand_files_cost_no_memory():
    """As many as somebody cares to send, one after the other."""
    process = psutil.Process()
    for n in range(1000):
        if n == 20:  # what is loaded once
            before = process.memory_info().rss
        name, content = f"{n}.csv", b"text,label\n%d,a\n" % n if n % 2 else b"\x00" * (n + 1)
        if n % 2:
            assert len(read.read_table(content, name)) == 1
        else:
            with pytest.raises(DataError, match=name):
                read.read_table(content, name)
    assert process.memory_info().rss - before < 20 * MEGABYTE


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uploads")
    with server(folder / "home", folder / "log.txt") as (url, process):
        yield url, psutil.Process(process.pid)


@pytest.mark.parametrize("told", [True, False], ids=["told its size", "in chunks"])
def test_the_server_refuses_what_is_over_the_cap(running, told):
    """400 MB are sent; the server refuses them and keeps none."""
    url, process = running
    size = 8 * read.MAX_BYTES
    with Visitor(url) as visitor:
        visitor.visit("customer_service", "source=file")
        before, peak = process.memory_info().rss, []

        def blocks():
            for _ in range(size // MEGABYTE):
                peak.append(process.memory_info().rss)
                yield bytes(MEGABYTE)

        found = visitor.send_file(visitor.upload_address("a.csv"), blocks(), size if told else None)
        assert found in (413, 0)
        assert max(peak) - before < 3 * read.MAX_BYTES
        visitor.visit()
        assert process.memory_info().rss - before < 3 * read.MAX_BYTES
