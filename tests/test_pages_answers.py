"""The section "Answer drafts" of the customer-service page, by AppTest. Only the home folder, the launcher and the service are replaced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_answers import Service, make_answers_run, make_writer  # noqa: E402
from make_run import STATES, make_run  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore.errors import ServiceError  # noqa: E402
from bmcore.ui import answers_data, answers_draft  # noqa: E402

PAGE = "customer_service"
HOSTILE = "<img src=x onerror=window.hit=1>[a](javascript:window.hit=1) ![x](http://foreign.example/x.png) $x$ :red[x] **b**"


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


@pytest.fixture
def serving(monkeypatch):
    """Replace the processes that serve runs by a made service."""
    from bmcore.serve import client

    def serve(**change):
        made = Service(**change)
        monkeypatch.setattr(client, "service", lambda name: made)
        monkeypatch.setattr(client, "alive", lambda name: True)
        return made

    return serve


def asked(at, text="Where is my parcel?"):
    """The page after a question."""
    next(area for area in at.text_area if area.key.startswith("answers.text")).set_value(text)
    return button(at, "FormSubmitter:answers.form").click().run()


def parameter(at, name):
    found = at.query_params[name]
    return found if isinstance(found, str) else found[0]


def test_closed_it_is_a_heading_a_sentence_and_a_button():
    at = open_page(PAGE)
    assert not at.exception and "Answer drafts" in [entry.value for entry in at.subheader]
    assert not any((element.key or "").startswith("answers.") for element in at.selectbox)
    assert "Nothing is ever sent by itself." in words(at)


def test_a_sample_is_chosen_and_started(home, launched):
    at = button(open_page(PAGE), "answers.open").click().run()
    assert not at.exception and "BSD" in words(at)
    at.selectbox(key="answers.sample").set_value("dialogues_zh").run()
    start = button(at, "answers.start")
    assert not start.disabled
    start.click().run()
    assert not at.exception and len(launched) == 1
    spec = json.loads((home / "runs" / parameter(at, "drafts") / "spec.json").read_text())
    assert spec["task"] == "answers" and spec["data"]["name"] == "dialogues_zh" and spec["scenario"] == PAGE
    assert spec["columns"] == {"question": "text", "answer": "answer", "topic": "category"}


def test_one_column_with_two_uses_cannot_start():
    at = button(open_page(PAGE), "answers.open").click().run()
    next(box for box in at.selectbox if box.key.startswith("answers.answer:")).set_value("text").run()
    assert not at.exception and button(at, "answers.start").disabled and "One column has two uses" in words(at)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang):
    at = open_page(PAGE, lang, drafts=make_answers_run(home, state))
    assert not at.exception
    keys = [element.key or "" for element in at.button]
    assert any(key.startswith("live.stop") for key in keys) == (state in ("queued", "running"))
    assert any(key.startswith("steps.resume") for key in keys) == (state in ("failed", "cancelled", "lost"))
    assert any(area.key.startswith("answers.text") for area in at.text_area) == (state == "done")
    assert button(at, "customer_service.start")  # the page above is as it was


@pytest.mark.parametrize("verdict", ["better", "not_proven", "worse", "not_judged"])
def test_the_quality_stands_before_the_question(home, verdict):
    at = open_page(PAGE, drafts=make_answers_run(home, verdict=verdict))
    assert not at.exception
    boxes = {"better": at.success, "not_proven": at.warning, "worse": at.error, "not_judged": at.info}
    assert [len(found) for found in boxes.values()] == [int(name == verdict) for name in boxes]
    text = words(at)
    assert ("In the first five" in text) == (verdict != "not_judged")
    assert text.index("Searches by both") < text.index("Ask a question")
    assert "By topic" in text and "The right topic is not yet the right answer" in text


def test_opened_from_the_list_it_moves_beside_the_page_s_own_run(home):
    name = make_answers_run(home)
    at = open_page(PAGE, run=name)
    assert not at.exception and parameter(at, "drafts") == name and "run" not in at.query_params
    both = open_page(PAGE, run=make_run(home, "done", n=3), drafts=name)
    assert not both.exception and "Where the messages went" in words(both) and "Ask a question" in words(both)
    assert "Answer drafts from" in words(open_page("runs"))
    button(at, "answers.again").click().run()
    assert not at.exception and "drafts" not in at.query_params and button(at, "answers.start")


@pytest.mark.parametrize("name", ["../../etc/passwd", "20200101-000000-000abcdef", "a", "<script>", "x" * 300])
def test_foreign_ids_get_a_sentence(name):
    at = open_page(PAGE, drafts=name)
    assert not at.exception and at.warning


def test_another_kind_of_run_gets_a_sentence(home):
    at = open_page(PAGE, drafts=make_run(home, "done"))
    assert not at.exception and "does not search answers" in words(at)


@pytest.mark.parametrize(
    "damage", [None, {}, {"task": "answers"}, {"task": "answers", "verdict": {"message": 1}, "model": {"method": "x"}}]
)
def test_a_damaged_evaluation_is_a_sentence(home, damage):
    name = make_answers_run(home)
    (home / "runs" / name / "evaluation.json").write_text(json.dumps(damage))
    at = open_page(PAGE, drafts=name)
    assert not at.exception and "This run has no evaluation." in words(at)


def test_answers_with_their_questions_and_scores(home, serving):
    made = serving()
    at = asked(open_page(PAGE, drafts=make_answers_run(home)))
    assert not at.exception and made.asked == [("search", {"questions": ["Where is my parcel?"], "k": 5})]
    assert "On its way." in words(at) and "0.91" in words(at) and "By a day." in words(at)
    assert "first train a model on your own texts" in words(at)
    asked(at, "  ")
    assert "Write a question first." in words(at) and len(made.asked) == 1
    asked(at, "nothing")
    assert "No past question shares a word" in words(at)


def test_a_draft_is_streamed_from_the_nearest_answers_and_kept(home, serving):
    made, writer = serving(), make_writer(home)
    at = asked(open_page(PAGE, drafts=make_answers_run(home)))
    assert "A small model repeats words" in words(at) and "Nothing is sent from here." in words(at)
    button(at, "answers.write").click().run()
    assert not at.exception and made.closed
    method, body = made.asked[-1]
    assert method == "generate" and body["prompt"].endswith("Question: Where is my parcel?\nAnswer:")
    assert body["prompt"].index("By a day.") < body["prompt"].index("On its way.") and "\nQuestion:" in body["stop"]
    draft = next(area for area in at.text_area if "answers.draft" in area.key)
    assert draft.value == "We are **sorry**." and "7 tokens were cut" in words(at)
    assert next(box for box in at.selectbox if box.key.startswith("answers.writer")).value == writer
    button(at, "answers.write").click().run()
    assert made.asked[-1][1]["seed"] == body["seed"] + 1  # another draft, not the same again
    asked(at, "Another question?")
    assert not any("answers.draft" in area.key for area in at.text_area)  # the old draft does not stand beside new sources


def test_a_writer_that_fails_leaves_a_sentence_and_what_came(home, serving):
    serving(error=ServiceError("The model's process ended."))
    make_writer(home)
    at = asked(open_page(PAGE, drafts=make_answers_run(home)))
    button(at, "answers.write").click().run()
    assert not at.exception and "The model's process ended." in words(at)
    assert next(area for area in at.text_area if "answers.draft" in area.key).value == "We are **sorry**."
    serving(pieces=())
    button(at, "answers.write").click().run()
    assert not at.exception and "The model wrote nothing." in words(at)


def test_a_service_that_cannot_be_started_is_a_sentence(home, monkeypatch):
    from bmcore.serve import client

    def refuse(name):
        raise ServiceError("No room.")

    monkeypatch.setattr(client, "service", refuse)
    at = asked(open_page(PAGE, drafts=make_answers_run(home)))
    assert not at.exception and "No room." in words(at)


def test_what_people_wrote_is_never_markdown(home, serving):
    serving(text=HOSTILE, pieces=(HOSTILE,))
    make_writer(home)
    at = asked(open_page(PAGE, drafts=make_answers_run(home, text=HOSTILE)))
    button(at, "answers.write").click().run()
    assert not at.exception
    for element in (*at.markdown, *at.caption, *at.info, *at.success):
        value = element.value
        assert "<img" not in value.replace("\\<", "") and "](" not in value and ":red[x]" not in value, value


@pytest.mark.parametrize(("columns", "longest", "expected"), [
    (["Question", "Reply", "Department"], "Reply", ("Question", "Reply", "Department")),
    (["编号", "问题", "回答"], "回答", ("问题", "回答", None)),
    (["a", "b"], "b", ("b", "a", None)),
    (["one"], "one", ("one", None, None)),
])
def test_columns_are_guessed(columns, longest, expected):
    found = answers_data._guess({"columns": columns, "kinds": dict.fromkeys(columns, "any"), "text": longest})
    assert tuple(found.get(role) for role in ("question", "answer", "topic")) == expected


def test_the_prompt_speaks_the_language_of_the_question():
    rows = [{"question": "包裹在哪", "answer": "在\n路上。"}] * 5
    text, stops = answers_draft.prompt("我的包裹呢", rows)
    assert text.count("问题：") == 4 and text.endswith("问题：我的包裹呢\n回答：") and "在 路上。" in text and stops == ["\n\n", "\n问题："]
    assert len(answers_draft.prompt("a" * 9999, [{"question": "b" * 9999, "answer": "c" * 9999}] * 3)[0]) < 5000
