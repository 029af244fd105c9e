"""Good tables in every form a person may have them."""

import io

import numpy as np
import pandas as pd
import pytest

import bmcore
from bmcore.data import read
from bmcore.errors import DataError

TEXTS = [
    "Hello, world",
    'She said "no"',
    "two\nlines",
    "Größe é",
    "NA",
    "None",
    "007",
    "null",
    "  spaced  ",
    "😀 emoji",
    "مرحبا",
    "质量很好，发货也快，下次还会再来买的",
]
FRAME = pd.DataFrame({"text": TEXTS, "number": range(len(TEXTS)), "code": [f"{n:03d}" for n in range(len(TEXTS))]})


def same(frame, want=FRAME):
    assert frame.columns.to_list() == want.columns.to_list()
    for column in want:
        assert frame[column].to_list() == want[column].to_list()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(encoding, separator):
    content = FRAME.to_csv(index=False, sep=separator).encode(encoding)
    frame = read.read_table(content, "table.csv")
    same(frame)
    assert frame.number.dtype == "int64"


def test_latin_1_and_windows():
    content = "text;label\nGröße – café, élève;a\nrésumé “quoted”;b\n".encode("cp1252")
    frame = read.read_table(content, "table.csv")
    assert frame.text.to_list() == ["Größe – café, élève", "résumé “quoted”"]
    assert "Western European" in frame.attrs["notes"][0]["template"]
    assert read.read_table("text,label\nélève allé,a\n".encode("latin-1"), "t.csv").text[0] == "élève allé"


def test_gb18030_short():
    assert read.read_table("文本,标签\n质量很好,好评\n太差了,差评\n".encode("gb18030"), "t.csv")["文本"].to_list() == ["质量很好", "太差了"]


def test_chinese_utf16_without_mark():
    content = ("文本,标签\n" + "质量很好,好评\n" * 50).encode("utf-16-le")
    assert len(read.read_table(content, "t.csv")) == 50


def test_xlsx():
    buffer = io.BytesIO()
    want = FRAME.assign(text=[text.strip() for text in TEXTS])
    want.to_excel(buffer, index=False)
    frame = read.read_table(buffer.getvalue(), "table.xlsx")
    same(frame, want)
    assert frame.number.dtype == "int64" and frame.code[7] == "007"


def test_xlsx_second_sheet_gaps_and_dates():
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer) as writer:
        pd.DataFrame().to_excel(writer, sheet_name="Empty")
        pd.DataFrame({"text": ["a", None, "c"], "n": [1, None, 3], "day": pd.to_datetime(["2026-01-02"] * 3)}).to_excel(
            writer, sheet_name="Real", index=False
        )
        FRAME.to_excel(writer, sheet_name="Other", index=False)
    frame = read.read_table(buffer.getvalue(), "table.xlsx")
    assert frame.n.dtype == "Int64" and frame.text.isna().to_list() == [False, True, False]
    assert frame.day[0].startswith("2026-01-02")
    assert "several sheets" in frame.attrs["notes"][0]["template"]


@pytest.mark.parametrize("ending", ["jsonl", "json", "ndjson"])
def test_json(ending):
    content = FRAME.to_json(orient="records", lines=ending != "json", force_ascii=False).encode()
    frame = read.read_table(content, f"table.{ending}")
    same(frame)
    assert frame.number.dtype == "int64"


def test_json_kinds():
    content = b'[{"a": 1, "b": 1.5, "c": true, "d": {"x": [1]}, "e": null, "f": "1"}, {"a": 2, "b": 2, "c": false, "e": "late", "g": 1}]'
    frame = read.read_table(content, "t.json")
    assert frame.a.to_list() == [1, 2] and frame.b.to_list() == [1.5, 2.0] and frame.c.to_list() == [True, False]
    assert frame.d[0] == '{"x": [1]}' and frame.f[0] == "1" and frame.e[1] == "late" and frame.g.dtype == "Int64"


def test_json_larger_than_a_step():
    content = ("[" + ",\n".join(f'{{"text": "{"é" * 50} {n}", "n": {n}}}' for n in range(30_000)) + "]").encode()
    frame = read.read_table(content, "t.json")
    assert len(frame) == 30_000 and frame.n.to_list() == list(range(30_000)) and frame.text[29_999].endswith("é 29999")


def test_wrapped_json():
    assert len(read.read_table(b'{"count": 2, "data": [{"a": 1}, {"a": 2}]}', "t.json")) == 2


def test_parquet(tmp_path):
    FRAME.assign(picture=[b"\x00\xff"] * len(FRAME), tags=[["x"]] * len(FRAME), kind=pd.Categorical(["u"] * len(FRAME))).to_parquet(
        tmp_path / "t.parquet"
    )
    frame = read.read_table(tmp_path / "t.parquet")
    assert frame.columns.to_list() == ["text", "number", "code", "tags", "kind"]
    same(frame[["text", "number", "code"]])
    assert frame.tags[0] == '["x"]' and frame.kind[0] == "u"
    assert "binary data" in frame.attrs["notes"][0]["template"]


def test_sources(tmp_path):
    content = FRAME.to_csv(index=False).encode()
    (tmp_path / "t.csv").write_bytes(content)
    upload = io.BytesIO(content)
    upload.name = "upload.csv"
    for source in (tmp_path / "t.csv", str(tmp_path / "t.csv"), content, bytearray(content), upload, io.StringIO(content.decode())):
        same(bmcore.read_table(source))


def test_header_is_trimmed_and_made_distinct():
    frame = read.read_table(b" text , text,,\nx,y,z,\n", "t.csv")
    assert frame.columns.to_list() == ["text", "text (2)", "column 3"]
    assert len(frame.attrs["notes"]) == 1


def test_header_over_two_lines_and_excels_separator_line():
    assert read.read_table(b'sep=;\r\n"long\r\nname";b\r\n1;2\r\n', "t.csv").columns.to_list() == ["long name", "b"]


def test_trailing_separator_on_every_row():
    frame = read.read_table(b"text,label\n" + b"a,b,\n" * 2000, "t.csv")
    assert frame.shape == (2000, 2) and frame.attrs["notes"] == []


def test_one_column_with_commas():
    frame = read.read_table(b"message\nhello, you\nfine\nno, thanks, bye\n", "t.txt")
    assert frame.message.to_list() == ["hello, you", "fine", "no, thanks, bye"]


def test_long_whole_numbers_with_gaps_are_not_rounded():
    frame = read.read_table(b"n,b\n9007199254740993,1\n9007199254740992,2\n,3\n", "t.csv")
    assert frame.n.dtype == "Int64" and frame.n.tolist()[:2] == [9007199254740993, 9007199254740992] and frame.n.isna().sum() == 1


def test_short_rows_are_filled_in_place():
    frame = read.read_table(b"a,b,c\n1,2,3\n4\n5,6,7\n8,9\n10,11,12\n", "t.csv")
    assert frame.a.to_list() == [1, 4, 5, 8, 10] and frame.c.isna().to_list() == [False, True, False, True, False]
    assert "filled up" in frame.attrs["notes"][0]["template"] and frame.attrs["notes"][0]["values"]["row"] == 3


def test_few_long_rows_are_left_out_with_a_note():
    lines = [b"text,label"] + [b"hello,a"] * 300 + [b"well, hello,a"] + [b"bye,b"] * 10
    frame = read.read_table(b"\n".join(lines), "t.csv")
    assert len(frame) == 310 and frame.attrs["notes"][0]["values"]["row"] == 302


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2", ""], "Int64"),
        (["1.5", "2", ""], "float64"),
        (["01", "2"], "str"),
        (["+49123", "1"], "str"),
        (["1e400", "1"], "str"),
        (["inf", "1"], "str"),
        (["nan", "1"], "str"),
        (["12345678901234567890", "1"], "str"),
        (["True", "False"], "str"),
        (["1,5", "2"], "str"),
        (["2026-01-01", "01/02/2026"], "str"),
        (["-3", "4"], "int64"),
        (["1e3", "2"], "float64"),
        (["0x1F", "1"], "str"),
        (["1_000", "2"], "str"),
        (["9" * 500, "1"], "str"),
    ],
)
def test_numbers_and_what_is_none(cells, kind):
    frame = read.read_table("\n".join(["a|b"] + [f"{cell}|x" for cell in cells]).encode(), "t.csv")
    assert str(frame.a.dtype) == kind
    if kind == "str":
        assert frame.a.to_list() == cells


def test_only_empty_cells_are_missing():
    frame = read.read_table(b'a,b\n,x\n"",x\n ,x\nNA,x\nnan,x\n#N/A,x\n', "t.csv")
    assert frame.a.isna().to_list() == [True, True, False, False, False, False]


def test_without_an_ending_the_content_tells():
    assert read.read_table(b'[{"a": 1}]').shape == (1, 1)
    assert read.read_table(b'{"a": 1}\n{"a": 2}\n').shape == (2, 1)
    assert read.read_table(b"a,b\n1,2\n").shape == (1, 2)


def test_nearly_utf8_is_read_with_a_note():
    content = ("text,label\n" + "grüße,a\n" * 50).encode() + b"br\xffken,b\n"
    frame = read.read_table(content, "t.csv")
    assert frame.text[0] == "grüße" and "broken" in frame.attrs["notes"][0]["template"]


def test_large_file_is_refused_unread(tmp_path):
    import resource

    with (tmp_path / "big.csv").open("wb") as file:
        file.truncate(60 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="larger than 50 MB"):
        read.read_table(tmp_path / "big.csv")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5_000  # KiB

    class Endless(io.RawIOBase):
        name, taken = "endless.csv", 0

        def read(self, n=-1):
            assert 0 < n <= read.MAX_BYTES + 1
            Endless.taken += n
            return b"x" * n

    with pytest.raises(DataError, match="larger than 50 MB"):
        read.read_table(Endless())
    assert Endless.taken <= read.MAX_BYTES + 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../a.csv", "a.csv"), ("a\nb\x00.csv", "a b .csv"), ("C:\\x\\a.csv", "a.csv"), ("", "table"), ("x" * 300 + ".csv", None)],
)
def test_display_name(name, shown):
    got = read.display_name(name)
    assert shown in (None, got) and len(got) <= 100 and got.isprintable()


def test_round_trip_of_random_tables():
    random = np.random.default_rng(0)
    pieces = ["a", "é", "汉", ",", ";", '"', "\n", "\t", "|", " ", "😀", "1"]
    for _ in range(60):
        texts = ["x" + "".join(random.choice(pieces, random.integers(0, 12))) for _ in range(20)]
        want = pd.DataFrame({"text": texts, "label": random.choice(["u", "v"], 20), "n": random.integers(0, 99, 20)})
        same(read.read_table(want.to_csv(index=False).encode(), "t.csv"), want)
