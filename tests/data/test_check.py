"""The data check: every finding names a column and rows."""

import pandas as pd
import pytest

from bmcore.data import check
from bmcore.data.check import Finding
from bmcore.errors import DataError


def good(n=40):
    return pd.DataFrame({"text": [f"a message about thing {i}" for i in range(n)], "label": ["returns", "sizes"] * (n // 2)})


def find(frame, text="text", label="label"):
    return check.check_training(frame, text, label)


def one(frame, part, text="text", label="label", level=None):
    found = [finding for finding in find(frame, text, label) if part in str(finding.message)]
    assert len(found) == 1, [str(finding.message) for finding in find(frame, text, label)]
    assert level is None or found[0].level == level
    return found[0]


def test_a_good_table_has_no_findings():
    assert find(good()) == []
    check.require([])


def test_missing_column_names_the_near_one():
    finding = one(good(), "Did you mean 'text'?", text="Texts", level="error")
    assert "'Texts'" in str(finding.message)
    assert "text, label" in str(one(good(), "has no column", label="department").message)


def test_same_column():
    one(good(), "Choose two different columns", label="text", level="error")


def test_empty_texts_name_rows():
    frame = good()
    frame.loc[[1, 3], "text"] = [None, "   "]
    finding = one(frame, "empty in 2 rows (3, 5)", level="warning")
    assert finding.rows == (3, 5)
    assert len(check.usable(frame, "text", "label")) == 38


def test_wholly_empty_column():
    one(good().assign(label=None), "is empty in all 40 rows", level="error")


def test_one_class():
    one(good().assign(label="same"), "has only one value, 'same'", level="error")


def test_one_row_and_few_rows():
    for n in (2, 6):
        one(good(n), f"Only {n} rows", level="error")
    assert find(good(40)[:1])[0].level == "error"


def test_single_examples_are_dropped_with_a_warning():
    frame = good()
    frame.loc[5, "label"] = "rare"
    assert one(frame, "only one example", level="warning").rows == (7,)
    assert "rare" not in set(check.usable(frame, "text", "label").label)


def test_identifier_as_label():
    one(good().assign(label=[str(n) for n in range(40)]), "identifier or free text", level="error")


def test_three_thousand_classes():
    frame = pd.DataFrame({"text": [f"text {n}" for n in range(6000)], "label": [f"class {n % 3000}" for n in range(6000)]})
    assert "3000 different values" in str(one(frame, "at most 500", level="error").message)


def test_all_duplicates():
    one(good().assign(text="Hello"), "same text", level="error")


def test_some_duplicates_and_contradictions():
    frame = good()
    frame.loc[:9, "text"] = "hello THERE "
    assert one(frame, "repeat an earlier text").rows == tuple(range(3, 12))
    assert one(frame, "same text but different values").rows == tuple(range(2, 12))


def test_numeric_text():
    one(good().assign(text=range(40)), "holds numbers (row 2: 0)", level="error")


def test_long_cell():
    frame = good()
    frame.loc[4, "text"] = "word " * 220_000
    assert one(frame, "very long text in row 6", level="warning").rows == (6,)


def test_leak():
    frame = good()
    frame["text"] = frame.text + " [" + frame.label + "]"
    one(frame, "contains its own value", level="warning")


def test_notes_of_the_reader_are_passed_on():
    from bmcore.data.read import read_table

    frame = read_table(b"text,text,label\n" + b"".join(b"hello %d,x,%c\n" % (n, b"ab"[n % 2]) for n in range(20)), "a.csv")
    one(frame, "Two columns are named 'text'", level="warning")


def test_require_raises_the_first_error_only():
    from bmcore.messages import Message

    with pytest.raises(DataError, match="bad"):
        check.require([Finding("warning", Message("hm")), Finding("error", Message("bad"))])
    check.require([Finding("warning", Message("hm"))])


def test_labels_of_other_types():
    for labels in ([1, 2] * 20, [True, False] * 20, [1.5, 2.5] * 20):
        frame = good().assign(label=labels)
        assert find(frame) == []
        assert len(check.usable(frame, "text", "label")) == 40


def test_findings_survive_json():
    import json

    for finding in find(good(6).assign(label=[1] * 6)):
        json.dumps(finding.message.to_dict())


@pytest.mark.parametrize(
    ("labels", "kept"),
    [([1, "a"], ["1", "a"]), ([1, 2.5], [1, 2.5]), ([True, False], [True, False]), ([3, 4], [3, 4]), (["a", "b"], ["a", "b"])],
)
def test_only_labels_of_several_types_become_text(labels, kept):
    frame = good().assign(label=pd.Series(labels * 20, dtype=object))
    assert check.usable(frame, "text", "label")["label"].tolist() == kept * 20
