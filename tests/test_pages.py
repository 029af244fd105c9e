"""Every page in every language and every state of a run, by AppTest. Only the home folder and the launcher's process are replaced."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_run import STATES, every_state, make_run  # noqa: E402
from pagetest import PAGES, button, open_page, words  # noqa: E402

from bmcore import i18n  # noqa: E402
from bmcore.ui.scenario import SCENARIOS  # noqa: E402
from bmcore.ui.words import for_chart, one_line, plain  # noqa: E402

LANGUAGES = ("en", "zh")
TITLES = {
    ("home", "en"): "Would AI help my business, and is that true?",
    ("home", "zh"): "AI 能帮到我的生意吗？是真的吗？",
    ("runs", "en"): "All trainings",
    ("runs", "zh"): "全部训练",
    **{(scenario.key, lang): i18n.translate(scenario.title, lang) for scenario in SCENARIOS for lang in LANGUAGES},
}
HOSTILE = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "[a](javascript:window.hit=1)",
    "![x](http://foreign.example/x.png)",
    "$\\href{javascript:alert(1)}{x}$",
    ":red[x]",
    ":material/home:",
    "**bold**",
    "`code`",
    "=cmd|'/c calc'!A0",
    "</b><svg onload=window.hit=1>",
]


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


def calm(at) -> bool:
    """No traceback and no exception box."""
    return not at.exception


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_empty(page, lang):
    at = open_page(page, lang)
    assert calm(at)
    assert [title.value for title in at.title] == [TITLES[page, lang]]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang):
    run_id = make_run(home, state)
    at = open_page("customer_service", lang, run=run_id)
    assert calm(at)
    text = words(at)
    sign = {
        "queued": "It is next: it starts as soon as the computer is free.",
        "running": "Messages a second",
        "failed": "This training failed.",
        "cancelled": "This training was stopped.",
        "lost": "This training was interrupted.",
        "done": "Where the messages went",
    }[state]
    if state == "queued":
        assert any(i18n.translate(known, lang) in text for known in (sign, "It is about to start."))
    else:
        assert i18n.translate(sign, lang).rstrip(".") in text
    keys = [element.key or "" for element in at.button]
    assert any(key.startswith("live.stop") for key in keys) == (state in ("queued", "running"))
    assert any(key.startswith("steps.resume") for key in keys) == (state in ("failed", "cancelled", "lost"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_lists_show_every_state(home, lang):
    every_state(home)
    at = open_page("runs", lang)
    assert calm(at)
    for state in ("Waiting", "Running", "Failed", "Stopped", "Interrupted", "Done"):
        assert i18n.translate(state, lang) in words(at)
    assert calm(open_page("home", lang))


def test_no_english_sentence_in_chinese(home):
    """Every sentence of our own on a Chinese page is Chinese."""
    ids = every_state(home)
    for query in ({}, *({"run": name} for name in ids.values())):
        at = open_page("customer_service", "zh", **query)
        labels = [element.label for element in [*at.button, *at.selectbox, *at.metric, *at.expander]]
        for text in [*labels, *(element.value for element in [*at.subheader, *at.title])]:
            assert any(ord(letter) > 0x2E80 for letter in text), text


@pytest.mark.parametrize("verdict", ["better", "not_proven", "worse"])
def test_verdicts_have_their_own_look(home, verdict):
    at = open_page("customer_service", run=make_run(home, "done", verdict=verdict))
    assert calm(at)
    boxes = {"better": at.success, "not_proven": at.warning, "worse": at.error}
    assert [len(found) for found in boxes.values()] == [int(name == verdict) for name in boxes]
    assert {"better": "0.84", "not_proven": "0.80", "worse": "0.74"}[verdict] == at.metric[0].value


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "20200101-000000-000abcdef", "a", "x" * 300, "..%2f..%2f", "<script>"])
def test_unknown_run_is_not_found(run_id):
    at = open_page("customer_service", run=run_id)
    assert calm(at)
    assert "There is no run" in at.warning[0].value
    assert button(at, "customer_service.start")


def test_start_makes_one_run_whatever_the_clicks(home, launched):
    at = open_page("customer_service")
    at.selectbox(key="customer_service.sample").set_value("dialogues_en").run()
    assert calm(at)
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
    assert calm(at) and not at.error
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
    assert calm(at)
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
    assert calm(at)


def test_runs_page_compares_stops_resumes_and_deletes_in_two_steps(home, monkeypatch):
    from bmcore.runs import control, launch

    done = [make_run(home, "done", n=n, params={"model": "minilm", "epochs": 2 + n}) for n in range(2)]
    lost = make_run(home, "lost", n=5)
    at = open_page("runs")
    for name in done:
        at.checkbox(key=f"runs.tick:{name}").check()
    at.run()
    assert calm(at)
    assert "Comparison" in [element.value for element in at.subheader]
    table = at.dataframe[-1].value
    assert "epochs" in table["Setting"].tolist() and "model" not in table["Setting"].tolist()

    button(at, "runs.delete").click().run()
    assert (home / "runs" / done[0]).exists(), "the first step deletes nothing"
    button(at, "runs.delete_no").click().run()
    button(at, "runs.delete").click().run()
    button(at, "runs.delete_yes").click().run()
    assert calm(at)
    assert not any((home / "runs" / name).exists() for name in done) and (home / "runs" / lost).exists()

    asked = []
    monkeypatch.setattr(launch, "resume", asked.append)
    monkeypatch.setattr(control, "cancel", asked.append)
    at.checkbox(key=f"runs.tick:{lost}").check().run()
    button(at, "runs.resume").click().run()
    assert asked == [lost]


def test_stop_button_asks_the_run_to_end(home, monkeypatch):
    from bmcore.runs import control

    asked = []
    monkeypatch.setattr(control, "cancel", asked.append)
    name = make_run(home, "running")
    at = open_page("customer_service", run=name)
    button(at, "live.stop").click().run()
    assert asked == [name]


def test_many_runs_are_paged(home):
    for n in range(45):
        make_run(home, "done", n=n)
    at = open_page("runs")
    assert len(at.checkbox) == 20
    at.number_input(key="runs.page").set_value(3).run()
    assert len(at.checkbox) == 5


def test_try_it_asks_the_service(home, monkeypatch):
    from bmcore.serve import client

    class Service:
        def predict(self, texts):
            return [{"label": "Tops", "probabilities": {"Tops": 0.9, "<b>": 0.1}} for _ in texts]

    monkeypatch.setattr(client, "service", lambda name: Service())
    at = open_page("customer_service", run=make_run(home, "done"))
    button(at, "FormSubmitter:tryout.form").click().run()
    assert calm(at)
    assert any(element.value == "### Tops" for element in at.markdown)


def test_a_service_that_does_not_start_is_a_sentence(home, monkeypatch):
    from bmcore.errors import ServiceError
    from bmcore.serve import client

    def fail(name):
        raise ServiceError("The model could not be started.")

    monkeypatch.setattr(client, "service", fail)
    at = open_page("customer_service", run=make_run(home, "done"))
    button(at, "FormSubmitter:tryout.form").click().run()
    assert "could not be started" in at.error[0].value


def test_hostile_names_do_not_break_pages(home):
    run_id = make_run(home, "done", classes=HOSTILE, title=HOSTILE[0], columns={"text": HOSTILE[1], "label": HOSTILE[2]})
    for at in (open_page("customer_service", run=run_id), open_page("home"), open_page("runs")):
        assert calm(at)
        for element in at.markdown:
            assert not element.allow_html
            assert "<script>" not in element.value.replace("\\<", "")


def test_damaged_run_folders_do_not_break_pages(home):
    run_id = make_run(home, "done")
    for name, content in (
        ("evaluation.json", "{}"),
        ("evaluation.json", "["),
        ("spec.json", "null"),
        ("status.json", "{"),
        ("events.jsonl", "\0\0"),
    ):
        file = home / "runs" / run_id / name
        kept = file.read_bytes()
        file.write_text(content)
        for page, query in (("customer_service", {"run": run_id}), ("home", {}), ("runs", {})):
            assert calm(open_page(page, **query)), (name, content, page)
        file.write_bytes(kept)


def test_open_to_the_network_needs_permission(home, monkeypatch):
    from bmcore.ui import web

    run_id = make_run(home, "done")
    monkeypatch.setattr(web, "bound_address", lambda: "0.0.0.0")
    for at in (open_page("customer_service", run=run_id), open_page("runs"), open_page("home")):
        assert "no login" in at.warning[0].value
        assert "Where the messages went" not in words(at) and not at.checkbox
    monkeypatch.setenv("BMCORE_OPEN_TO_NETWORK", "1")
    assert calm(open_page("customer_service", run=run_id)) and "Where the messages went" in words(open_page("customer_service", run=run_id))


def test_unexpected_error_is_calm(home, monkeypatch, caplog):
    from bmcore.ui import web

    shown = []
    monkeypatch.setattr("bmcore.ui.states.broken", shown.append)
    assert web.on_script_error(ValueError("secret detail"))
    assert len(shown[0]) == 8 and shown[0] in caplog.text


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_leaves_no_sign_unescaped(text):
    import re

    assert not re.search(r"(?<!\\)[<>\[\]$`*:]", plain(text))
    assert "<" not in for_chart(text)


def test_one_line_drops_control_and_direction_characters():
    assert one_line("a\x00b\nc\u202ed") == "a b c d"
    assert len(one_line("x" * 1000)) == 300
