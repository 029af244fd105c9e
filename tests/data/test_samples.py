"""Built-in data sets: counts, columns, and what is said when one cannot be fetched."""

import subprocess
import sys
import time

import pytest

import bmcore
from bmcore.data import samples
from bmcore.errors import AssetError, DataError


@pytest.mark.parametrize("name", [name for name, one in samples.SAMPLES.items() if one.kind == "table"])
def test_sample_is_what_it_says(name):
    frame, told = bmcore.load_sample(name), samples.SAMPLES[name]
    assert tuple(frame.columns) == told.columns
    assert len(frame) == told.rows
    named = [one for value in told.roles.values() for one in (value if isinstance(value, list) else [value])]
    assert {*told.label_columns, *named} <= set(told.columns)
    assert told.text_column is None or frame[told.text_column].notna().all()
    assert samples.present(name)
    assert told.licence and told.source and str(told.about)


def test_clothing_reviews():
    frame = bmcore.load_sample("clothing_reviews")
    assert len(frame) == 22_641
    assert frame.department.isna().sum() == 13
    assert frame.department.nunique() == 6
    assert set(frame.recommended) == {"yes", "no"}
    assert 0.80 < (frame.recommended == "yes").mean() < 0.84
    assert frame.rating.between(1, 5).all() and frame.item.dtype.kind == "i"
    start = time.process_time()
    bmcore.load_sample("clothing_reviews")
    assert time.process_time() - start < 1


def test_chinese_reviews():
    frame = bmcore.load_sample("chinese_reviews")
    assert set(frame.sentiment) == {"positive", "negative"}
    assert not frame.text.duplicated().any()
    assert not frame.text.str.contains("\ufeff").any()


def test_dialogues():
    frame = bmcore.load_sample("dialogues_en")
    asked = frame[frame.text == "What is a computer?"]
    assert len(asked) == 4 and (asked.category == "computers").all()
    assert not frame.duplicated().any()


def test_cdnow():
    frame = bmcore.load_sample("cdnow")
    assert frame.customer.nunique() == 23_570 and frame.customer[0] == "00001"
    assert (frame.date.min(), frame.date.max()) == ("1997-01-01", "1998-06-30")
    assert frame.iloc[2].to_list() == ["00002", "1997-01-12", 5, 77.0]
    assert frame.money.sum() == pytest.approx(2_500_315.63) and frame.quantity.min() >= 1
    assert frame.duplicated().sum() == 255


def test_movielens():
    frame = bmcore.load_sample("movielens_100k")
    assert (frame.user.nunique(), frame.item.nunique()) == (943, 1682) and frame.rating.between(1, 5).all()
    assert not frame.duplicated(["user", "item"]).any() and frame.title.notna().all()
    assert frame.iloc[0].to_list() == [196, 242, 3, 881250949, "Kolya (1996)", "Comedy", 49, "M", "writer"]
    assert frame[frame.item == 1].iloc[0][["title", "genres"]].to_list() == ["Toy Story (1995)", "Animation, Children's, Comedy"]
    assert frame.rating.value_counts().sort_index().to_list() == [6110, 11370, 27145, 34174, 21201]
    assert frame[frame.genres == ""].title.nunique() == 2 and frame.groupby("item").title.nunique().max() == 1


def test_german_credit():
    frame = bmcore.load_sample("german_credit")
    assert frame.credit.value_counts().to_dict() == {"good": 700, "bad": 300}
    assert frame.iloc[0][["duration", "amount", "age", "purpose"]].to_list() == [6, 1169, 67, "radio/television"]
    assert len(frame.select_dtypes("number").columns) == 7 and not frame.isna().any().any()


def test_shuttle():
    frame = bmcore.load_sample("shuttle")
    assert frame.state.value_counts().to_dict() == {"normal": 45_586, "anomaly": 3_511}
    assert len(frame.select_dtypes("number").columns) == 9


def test_unknown_sample():
    for call in (bmcore.load_sample, samples.present, samples.fetch):
        with pytest.raises(DataError, match="There are: clothing_reviews"):
            call("nothing")


def test_corpus_not_installed(monkeypatch):
    monkeypatch.setattr(samples.importlib.util, "find_spec", lambda name: None)
    assert not samples.present("dialogues_en")
    with pytest.raises(AssetError, match="pip install chatterbot-corpus"):
        samples.load_sample("dialogues_en")


def test_listing_imports_nothing_heavy():
    code = (
        "import sys; from bmcore.data.samples import SAMPLES, present; present('dialogues_en'); import bmcore.data.refs, bmcore.data.read; "
        "heavy = {'pandas', 'numpy', 'pyarrow', 'yaml', 'torch', 'sklearn', 'huggingface_hub', 'requests', 'chatterbot_corpus'}; "
        "sys.exit(str(heavy & set(sys.modules) or 0) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
