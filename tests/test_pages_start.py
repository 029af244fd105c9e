"""From a table to a run, by AppTest. Only the home folder and the launcher's process are replaced."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from pagetest import button, open_page, words


@pytest.fixture
def launched(monkeypatch):
    """The process boundary: what would have been started is only noted."""
    found = []

    def popen(command, *args, **kwargs):
        if "exec" not in command:  # the process that looks into a table
            return real(command, *args, **kwargs)
        found.append(command)
        return real(["true"], stdin=subprocess.DEVNULL)

    real = subprocess.Popen
    from bmcore.runs import launch

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    return found


def run_of(at) -> str:
    """The run id in the address."""
    found = at.query_params["run"]
    return found if isinstance(found, str) else found[0]


def test_start_makes_one_run_whatever_the_clicks(home, launched):
    at = open_page("customer_service")
    at.selectbox(key="customer_service.sample").set_value("dialogues_en").run()
    assert not at.exception
    start = button(at, "customer_service.start")
    start.click().run()
    run_id = run_of(at)
    at.query_params.pop("run")  # as a second click that was on its way when the first one was answered
    at.run()
    button(at, "customer_service.start").click().run()
    assert run_of(at) == run_id
    assert len(list((home / "runs").iterdir())) == 1
    assert len(launched) == 1
    spec = json.loads((home / "runs" / run_id / "spec.json").read_text())
    assert spec["origin"] == "page" and spec["columns"] == {"text": "text", "label": "category"} and spec["preset"] == "fast"


def test_another_form_is_another_run(home, launched):
    at = open_page("customer_service")
    at.selectbox(key="customer_service.sample").set_value("dialogues_en").run()
    button(at, "customer_service.start").click().run()
    at.query_params.pop("run")  # as the browser's "back" does
    at.run()
    at.button_group(key="customer_service.preset").set_value("balanced").run()
    button(at, "customer_service.start").click().run()
    specs = [json.loads(file.read_text()) for file in (home / "runs").glob("*/spec.json")]
    assert sorted(spec["preset"] for spec in specs) == ["balanced", "fast"]


def test_new_training_is_another_run(home, launched):
    at = open_page("customer_service")
    at.selectbox(key="customer_service.sample").set_value("dialogues_en").run()
    button(at, "customer_service.start").click().run()
    button(at, "customer_service.again").click().run()
    button(at, "customer_service.start").click().run()
    assert len(list((home / "runs").iterdir())) == 2


def test_settings_are_drawn_from_the_declaration_and_checked(home, launched):
    from bmcore import TextClassifier, params

    at = open_page("customer_service")
    at.selectbox(key="customer_service.sample").set_value("dialogues_en").run()
    keys = {element.key for kind in (at.text_input, at.number_input, at.selectbox, at.toggle) for element in kind}
    assert {f"customer_service.{name}:fast" for name in params.declared(TextClassifier)} <= keys
    at.text_input(key="customer_service.learning_rate:fast").set_value("5").run()
    assert "learning_rate" in at.error[0].value.replace("\\", "")
    assert button(at, "customer_service.start").disabled
    at.text_input(key="customer_service.learning_rate:fast").set_value("0.001").run()
    button(at, "customer_service.start").click().run()
    spec = json.loads((home / "runs" / run_of(at) / "spec.json").read_text())
    assert spec["params"]["learning_rate"] == 0.001


def upload(name: str, content: bytes):
    at = open_page("customer_service", source="file")
    return at.file_uploader[0].set_value((name, content, "application/octet-stream")).run()


def test_upload_to_start(home, launched):
    rows = "".join(f"Where is order {i}?,delivery\nThe {i} is broken,returns\n" for i in range(30))
    at = upload("mine.csv", ("message,team\n" + rows).encode())
    assert not at.exception and not at.error
    assert at.selectbox[0].value == "message" and at.selectbox[1].value == "team"
    button(at, "customer_service.start").click().run()
    spec = json.loads((home / "runs" / run_of(at) / "spec.json").read_text())
    assert spec["data"]["kind"] == "file" and (home / "data" / spec["data"]["stored"]).stat().st_mode & 0o077 == 0


def _zip() -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.txt", "x")
    return out.getvalue()


BAD = {
    "empty.csv": b"",
    "header.csv": b"text,label\n",
    "one.csv": b"text,label\nhello,a\n",
    "class.csv": b"text,label\n" + b"hello you,a\n" * 30,
    "zip.csv": _zip(),
    "cut.parquet": b"PAR1" + b"\0" * 40,
    "lying.xlsx": b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
    "nul.csv": b"text,label\n\0\0\0,a\n" * 3,
    "cell.csv": b"text,label\n" + b"x" * 2**20 + b",a\n",
    "open.csv": b'text,label\n"never closed,a\n' * 5,
    "bad.jsonl": b'{"text": 1\n{{{{\n',
    "many.csv": b"text,label\n" + b"".join(b"hello %d,class%d\n" % (i, i // 2) for i in range(6000)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_upload_is_a_sentence(name, launched):
    at = upload(name, BAD[name])
    assert not at.exception
    starts = [element for element in at.button if element.key == "customer_service.start"]
    assert not starts or starts[0].disabled, "a bad table must not start"
    assert at.error or at.warning or at.info


def test_offline_offers_what_is_here(monkeypatch):
    from bmcore.data import samples
    from bmcore.errors import AssetError

    def fail(name, report=None):
        raise AssetError("The Python package index cannot be reached.")

    monkeypatch.setattr(samples, "present", lambda name: name.startswith("dialogues"))
    monkeypatch.setattr(samples, "fetch", fail)
    at = open_page("customer_service")
    button(at, "customer_service.fetch").click().run()
    assert "cannot be reached" in words(at)
    at.button_group(key="customer_service.preset").set_value("balanced").run()
    assert at.selectbox(key="customer_service.sample").value == "clothing_reviews", "only the offer's own button takes it"
    button(at, "customer_service.fetch").click().run()
    monkeypatch.undo()
    button(at, "customer_service.offline").click().run()
    assert at.selectbox(key="customer_service.sample").value == "dialogues_en"
    assert not at.exception
