"""The terminal's face."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bmcore import cli, runs
from bmcore.commands import doctor, output, predict, results
from bmcore.errors import ParameterError
from bmcore.runs import store, tasks
from bmcore.runs.status import write_status

ROOT = Path(__file__).parents[1]
VERBS = (
    "doctor", "samples", "train", "runs", "show", "cancel", "resume", "delete", "predict", "sample", "generate", "answer", "export",
    "serve", "exec",
)


def bmcore(*arguments, **kwargs):
    return subprocess.run([sys.executable, "-m", "bmcore", *arguments], capture_output=True, text=True, check=False, cwd=ROOT, **kwargs)


@pytest.fixture
def finished(home):
    folder = store.runs_folder() / store.new_id()
    folder.mkdir()
    score = {"macro_f1": {"value": 0.7, "low": 0.6, "high": 0.8}, "accuracy": {"value": 0.7, "low": 0.6, "high": 0.8}}
    (folder / "spec.json").write_text(
        json.dumps(
            {"estimator": "TextClassifier", "created": 1.8e9, "title": "我的\x1b[31m", "columns": {"text": "text", "label": "label"}}
        )
    )
    (folder / "evaluation.json").write_text(
        json.dumps(
            {
                "metric": "macro_f1",
                "model": {"name": "TextClassifier", **score},
                "baselines": [{"name": "majority", **score}],
                "verdict": {"kind": "better", "message": {"template": "Better.", "values": {}}},
            }
        )
    )
    write_status(folder, "done", attempt=1, started=1.8e9, ended=1.8e9 + 3700, headline={"value": 0.7, "baseline_value": 0.5})
    return runs.get(folder.name)


def test_every_verb_has_help(capsys):
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    for verb in VERBS:
        assert verb in shown
        assert cli.main([verb, "--help"]) == 0
    assert cli.main(["train", "TextClassifier", "--help"]) == 0
    shown = capsys.readouterr().out
    for name in ("--epochs", "--learning-rate", "--batch-tokens", "--trainable-layers", "--set", "--detach", "--hub"):
        assert name in shown
    assert cli.main(["train", "KMeans", "--help"]) == 0
    shown = capsys.readouterr().out
    for name in ("n-clusters", "prepare", "features", "key", "customer", "date", "money", "quantity", "time", "by", "choose"):
        assert f"--{name} " in shown


def test_listing_imports_nothing_heavy(home):
    code = (
        "import sys\nfrom bmcore.cli import main\nmain(['runs'])\n"
        "print([name for name in ('torch', 'pandas', 'numpy', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_runs_and_show(finished, capsys):
    assert cli.main(["runs"]) == 0
    shown = capsys.readouterr().out
    assert finished.id in shown and "0.700 / 0.500" in shown and "1:01:40" in shown and "\x1b" not in shown
    assert cli.main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "done"
    assert cli.main(["show", finished.id]) == 0
    shown = capsys.readouterr().out
    assert "Better." in shown and "0.700 (0.600 - 0.800)" in shown
    assert cli.main(["show", finished.id, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["id"] == finished.id and found["state"] == "done" and found["evaluation"]["metric"] == "macro_f1"


def test_steering(finished, capsys):
    for verb in ("cancel", "resume"):
        assert cli.main([verb, finished.id, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"id": finished.id, "state": "done"}
    assert cli.main(["delete", finished.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": finished.id, "state": "deleted"}
    assert cli.main(["show", finished.id]) == 2


MEANT = ["--sample", "dialogues_en", "--text", "text", "--label", "category"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["show"],
        ["show", "../../etc"],
        ["show", "a\nb"],
        ["cancel", "nobody-here"],
        ["resume", "nobody-here"],
        ["generate", "nobody-here"],
        ["answer", "nobody-here", "Why?"],
        ["export", "nobody-here", "out.zip"],
        ["delete", "nobody-here"],
        ["train"],
        ["train", "Nothing", *MEANT],
        ["train", "TextClassifier"],
        ["train", "TextClassifier", "--data", "/nowhere.csv", "--text", "a", "--label", "b"],
        ["train", "TextClassifier", "--sample", "nothing"],
        ["train", "TextClassifier", *MEANT, "--set", "epochs"],
        ["train", "TextClassifier", *MEANT, "--set", "epochs=x"],
        ["train", "TextClassifier", *MEANT, "--set", "colour=red"],
        ["train", "TextClassifier", *MEANT, "--epochs", "0"],
        ["train", "TextClassifier", *MEANT, "--preset", "huge"],
        ["train", "TextClassifier", *MEANT, "--data", "x.csv"],
        ["train", "TextClassifier", "--data", __file__, "--text", "a"],
        ["train", "TextClassifier", "--hub", "../x", "--text", "a", "--label", "b"],
        ["train", "TextClassifier", *MEANT, "--prepare", "numeric"],
        ["train", "TextClassifier", *MEANT, "--choose"],
        ["train", "KMeans", "--data", "/nowhere.csv", "--prepare", "numeric"],
        ["train", "KMeans", "--data", __file__],
        ["train", "KMeans", "--data", __file__, "--prepare", "flying"],
        ["train", "KMeans", "--data", __file__, "--prepare", "numeric", "--features", ","],
        ["train", "KMeans", "--data", __file__, "--prepare", "purchases", "--customer", "a"],
        ["train", "KMeans", "--data", __file__, "--prepare", "messages"],
        ["train", "KMeans", "--sample", "dialogues_en", "--prepare", "messages", "--customer", "a"],
        ["train", "KMeans", "--sample", "dialogues_en", "--set", "n_clusters=0"],
        ["train", "DBSCAN", "--sample", "dialogues_en", "--eps", "none"],
        ["predict", "nobody-here", "in.csv", "out.csv"],
        ["serve", "nobody-here"],
        ["serve", "nobody-here", "--port", "70000"],
        ["serve", "x", "--port", "no"],
        ["exec", "/nowhere"],
        ["exec", "/tmp"],
        ["samples", "--fetch", "nothing"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_sentence(home, capsys, arguments):
    assert cli.main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.strip() and "Traceback" not in shown.err
    assert len(shown.err.strip().splitlines()) == 1, shown.err
    assert runs.list_runs() == []


def test_a_fault_of_ours_is_one_sentence_too(home, capsys, monkeypatch):
    monkeypatch.setattr(runs, "list_runs", lambda: 1 / 0)
    assert cli.main(["runs"]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_home_that_cannot_be_made(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BMCORE_HOME", str(tmp_path / "file" / "home"))
    for arguments in (["runs"], ["train", "TextClassifier", *MEANT], ["show", "nobody-here"]):
        assert cli.main(arguments) == 2
        assert "BMCORE_HOME" in capsys.readouterr().err
    assert [entry["level"] for entry in doctor._home()] == ["error"]


def test_samples(capsys):
    assert cli.main(["samples", "--json"]) == 0
    found = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert found["dialogues_en"]["present"] and found["clothing_reviews"]["rows"] == 22_641
    assert cli.main(["samples", "--fetch", "dialogues_en"]) == 0
    assert "BSD-3" in capsys.readouterr().out


def test_doctor_names_a_remedy_for_each_problem(home, monkeypatch):
    monkeypatch.setitem(doctor.PACKAGES, "no-such-package-anywhere", "1.0")
    monkeypatch.setitem(doctor.PACKAGES, "numpy", "99")
    monkeypatch.setattr(doctor, "LEAST_MEMORY", 10**18)
    monkeypatch.setattr(doctor, "LEAST_DISK", 10**18)
    monkeypatch.setattr(doctor, "_device", lambda: doctor._check("Device", "ok", "none"))
    found = doctor.checks()
    bad = [entry for entry in found if entry["level"] != "ok"]
    assert {"no-such-package-anywhere", "numpy", "Free memory", "Free disk", "Hugging Face hub"} <= {entry["check"] for entry in bad}
    assert all(entry["remedy"] for entry in bad)
    assert not any(entry["remedy"] for entry in found if entry["level"] == "ok")


def test_where_the_hub_is_asked_for(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert doctor._address() == ("huggingface.co", 443)
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example:8443/x")
    assert doctor._address() == ("mirror.example", 8443)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:99999")
    assert doctor._address() == ("huggingface.co", 443)


def test_cells_that_would_run_are_made_harmless(home, tmp_path, monkeypatch, finished):
    """What `predict` writes begins with Excel's mark and holds no formula; the model is a stand-in."""
    monkeypatch.setattr(runs, "load", lambda id: Constant())
    frame = pd.DataFrame({"text": ["a", "b", "c"], "note": ["=1+1", "@x", "+49 30 123"], "=head": ["-5", "+3.2", ""]})
    frame.to_csv(tmp_path / "in.csv", index=False)
    assert cli.main(["predict", finished.id, str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]) == 0
    written = (tmp_path / "out.csv").read_bytes()
    found = pd.read_csv(tmp_path / "out.csv", dtype=str, encoding="utf-8-sig")
    assert written.startswith(b"\xef\xbb\xbf") and found["note"].tolist() == ["'=1+1", "'@x", "'+49 30 123"]
    assert found["'=head"].tolist()[:2] == ["-5", "+3.2"] and found["predicted"].tolist() == ["yes"] * 3


class Constant:
    """Answers yes."""

    classes_ = np.array(["no", "yes"], dtype=object)

    def predict_proba(self, texts):
        return np.tile([0.25, 0.75], (len(texts), 1))


GROUPS = {
    "task": "clustering",
    "metric": "silhouette",
    "k": 2,
    "model": {"name": "KMeans", "silhouette": {"value": 0.5, "low": 0.4, "high": 0.6}, "stability": None},
    "baselines": [{"name": "shuffled_columns", "silhouette": {"value": 0.1, "low": 0.0, "high": 0.2}, "stability": {"value": 0.2}}],
    "difference": {"against": "shuffled_columns", "metric": "silhouette", "value": 0.4, "low": 0.3, "high": 0.5},
    "verdict": {"kind": "structure", "message": {"template": "Structure.", "values": {}}},
    "sizes": [{"cluster": 0, "n": 1200, "share": 0.6}, {"cluster": 1, "n": 600, "share": 0.3}, {"cluster": -1, "n": 200, "share": 0.1}],
    "clusters": [
        {"cluster": 0, "name": {"template": "Loyal", "values": {}}, "profile": [{"template": "{n} rows", "values": {"n": 1200}}]},
        {"cluster": 1, "name": "size, \x1b[31mfit", "profile": []},
        {"cluster": -1, "name": None, "profile": []},
    ],
}


@pytest.mark.parametrize(
    "change", [{}, {"clusters": None}, {"baselines": []}, {"model": None}, {"sizes": 3}, {"clusters": [{"cluster": "x"}]}]
)
def test_a_clustering_is_shown(finished, capsys, change):
    """Verdict and sizes; a damaged one is no traceback."""
    (finished.folder / "evaluation.json").write_text(json.dumps({**GROUPS, **change}))
    assert cli.main(["show", finished.id]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "Traceback" not in shown
    if not change:
        assert "Structure." in shown and "0.500 (0.400 - 0.600)" in shown and "1,200" in shown and "60.0 %" in shown
        assert "Loyal: 1200 rows" in shown and "none" in shown


def test_a_clustering_in_a_line():
    task = tasks.asks("clustering")
    found = task.headline(GROUPS)
    assert found["value"] == 0.5 and found["baseline_value"] == 0.1 and found["verdict"] == "structure" and found["k"] == 2
    empty = {**GROUPS, "model": {"name": "DBSCAN", "silhouette": None}, "baselines": [], "difference": None}
    assert task.headline(empty)["value"] is None and results.score(task.headline(empty)) == "-" and results.score(found) == "0.500 / 0.100"
    assert task.headline({}) is None and task.headline({"metric": "x", "model": 3}) is None


def test_the_text_column_is_found_or_asked_for():
    frame = pd.DataFrame({"message": ["a"], "n": [1]})
    assert predict.text_column(frame, None, "text") == "message"
    assert predict.text_column(frame, "n", "text") == "n"
    assert predict.text_column(frame.assign(text=["b"]), None, "text") == "text"
    for asked, more in (("nothing", {}), (None, {"other": ["b"]})):
        with pytest.raises(ValueError, match="columns"):
            predict.text_column(frame.assign(**more), asked, "text")


def test_chinese_is_aligned_and_translated(capsys, monkeypatch):
    output.table(["a", "b"], [["中文", "x"], ["ab", "y"]])
    assert capsys.readouterr().out.splitlines() == ["a     b", "中文  x", "ab    y"]
    monkeypatch.setattr(output.i18n, "translate", lambda text, language, **values: f"{language}:{text}")
    monkeypatch.setenv("BMCORE_LANG", "zh")
    assert output._("Run") == "zh:Run"


def test_a_closed_pipe_ends_quietly(finished):
    done = subprocess.run(f"{sys.executable} -m bmcore runs | true", shell=True, capture_output=True, text=True, check=False, cwd=ROOT)
    time.sleep(0.1)
    assert "Traceback" not in done.stderr


def test_an_answer_from_the_terminal(tmp_path, capsys):
    pair = "Where is parcel {n}?,Parcel {n} is on its way,post\nIs it blue {n}?,Yes,colour\n"
    said = "".join(pair.format(n=number) for number in range(30))
    (tmp_path / "past.csv").write_text(f"q,a,t\n{said}")
    line = ["train", "AnswerSearch", "--data", str(tmp_path / "past.csv"), "--question", "q", "--answer", "a", "--topic", "t"]
    assert cli.main([*line, "--method", "words", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert run["state"] == "done" and run["spec"]["columns"] == {"question": "q", "answer": "a", "topic": "t"}
    assert cli.main(["answer", run["id"], "Where is parcel 7?", "--k", "2"]) == 0
    shown = capsys.readouterr().out
    assert "Parcel 7 is on its way" in shown.splitlines()[1] and shown.startswith("1. near: ")
    assert cli.main(["answer", run["id"], "parcel 7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answers"][0]["question"] == "Where is parcel 7?"
    for wrong, words in ((["  "], "question is empty"), (["Why?", "--k", "0"], "--k cannot be 0")):
        assert cli.main(["answer", run["id"], *wrong]) == 2 and words in capsys.readouterr().err
    assert cli.main(["predict", run["id"], str(tmp_path / "past.csv"), str(tmp_path / "b.csv")]) == 2
    assert "one question at a time" in capsys.readouterr().err
    for verb in (["generate", run["id"]], ["export", run["id"], str(tmp_path / "a.zip")]):
        assert cli.main(verb) != 0 and run["id"] in capsys.readouterr().err


def test_an_option_may_have_the_name_of_an_estimator(tmp_path, capsys):
    (tmp_path / "m.csv").write_text("message,label\n" + "a,x\nb,y\n" * 9)
    line = ["train", "--title", "KMeans", "TextClassifier", "--data", str(tmp_path / "m.csv"), "--text", "message", "--label", "label"]
    assert cli.main([*line, "--epochs", "no"]) == 2
    said = capsys.readouterr().err
    assert "epochs" in said and "nrecognized" not in said  # it is an option of TextClassifier, with a wrong value


@pytest.mark.parametrize(
    ("line", "english", "chinese"),
    [
        (["generate"], "The following arguments are required: RUN", "缺少：训练"),
        (["serve", "x", "--port", "y"], "invalid int value: 'y'", "'y' 不能当作 int"),
        (["runs", "--bar"], "Unrecognized arguments: --bar", "不认识：--bar"),
        (["nothing"], "invalid choice: 'nothing'", "没有 'nothing' 这一项"),
        (["answer", "x", "y", "--k"], "expected one argument", "后面要跟一个值"),
    ],
)
def test_what_cannot_be_meant_is_said_in_the_terminals_language(capsys, monkeypatch, line, english, chinese):
    monkeypatch.setenv("LANGUAGE", "de")
    for language, words in (("en", english), ("zh", chinese)):
        monkeypatch.setenv("BMCORE_LANG", language)
        assert cli.main(line) == 2
        assert words in capsys.readouterr().err
    assert os.environ["LANGUAGE"] == "de"


def test_help_has_no_english_left_in_chinese(capsys, monkeypatch):
    monkeypatch.setenv("BMCORE_LANG", "zh")
    for verb in VERBS:
        assert cli.main([verb, "--help"]) == 0
        assert not re.search("usage|positional|options|show this", capsys.readouterr().out)


def test_what_has_no_runs_says_where_it_is_trained(home, capsys):
    assert cli.main(["train", "TextToImage", "--sample", "digits_8x8"]) == 2
    assert "bmcore.image.TextToImage(model=FOLDER).fit(" in capsys.readouterr().err
    with pytest.raises(ParameterError, match="in a script"):
        runs.train("TextToImage", sample="digits_8x8")
    assert runs.list_runs() == []
