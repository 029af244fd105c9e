"""The text lab: queues as run folders, the page in every state of one by AppTest, and the views that look inside a model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_lab_words import Service, look_answer, make_queue, make_words_run  # noqa: E402
from make_run import STATES  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import runs  # noqa: E402
from bmcore.data import refs, samples  # noqa: E402
from bmcore.errors import ServiceError  # noqa: E402
from bmcore.serve import client  # noqa: E402
from bmcore.ui import lab_recommend_form, lab_words_read, look, writing_data, writing_drafts  # noqa: E402
from bmcore.ui import lab_words_form as form  # noqa: E402
from bmcore.ui import lab_words_queue as queue  # noqa: E402
from bmcore.ui.words import lines as plain_lines  # noqa: E402

PAGE, BOTH, SWEEP = "lab_words", "c0a1b2c3d", "s201b2c3d"
NAMES = ["GPT nano", "GPT mini"]


@pytest.fixture
def service(monkeypatch):
    found = Service()
    monkeypatch.setattr(client, "alive", lambda run_id: True)
    monkeypatch.setattr(client, "service", lambda run_id: found)
    return found


@pytest.fixture
def launched(monkeypatch):
    from bmcore.runs import launch

    real, started = subprocess.Popen, []

    def popen(command, *args, **kwargs):
        if "exec" not in command:
            return real(command, *args, **kwargs)
        started.append(command)
        return real(["true"], stdin=subprocess.DEVNULL)

    monkeypatch.setattr(launch.subprocess, "Popen", popen)
    return started


def pressed(at, key: str):
    return button(at, key).click().run()


def view(at, name: str):
    next(one for one in at.button_group if (one.key or "").startswith(f"{PAGE}.view")).set_value(name).run()
    assert not at.exception
    return at


def typed(at, key: str, text: str):
    next(one for one in at.text_area if (one.key or "").startswith(key)).set_value(text)
    return at


# queues

def test_suggested_values_are_allowed_and_different():
    known = lab_recommend_form.numbers(queue.ESTIMATOR)
    assert {"context_length", "learning_rate", "minutes"} <= set(known) and "seed" not in known
    for entry in known.values():
        values = form.suggested(entry)
        assert len(set(values)) == len(values) >= 2 and all(map(entry.takes, values)), entry.name
        assert lab_recommend_form.parsed(entry, ", ".join(f"{value:g}" for value in values)) == sorted(values)


def test_a_queue_is_found_again_and_is_made_once(home, launched):
    ref, columns = refs.sample("clothing_reviews"), {"text": "text"}
    entries = queue.compared({"nano": {"minutes": 0.5}, "mini": {"minutes": 0.5}})
    code = queue.named("c", "nonce", ref, columns, entries)
    queue.start(code, ref, columns, entries)
    queue.start(code, ref, columns, entries)
    found = queue.members(code)
    assert [entry.name for entry in found] == NAMES and len(launched) == 2
    assert [entry.run.spec["params"]["size"] for entry in found] == ["nano", "mini"]
    assert {json.dumps(entry.run.spec["split"]) for entry in found} == {json.dumps(queue.SPLIT)}
    assert queue.members("../../etc") == [] == queue.members("c99999999")


def test_the_page_starts_both_sizes_and_a_sweep(home, launched, monkeypatch):
    monkeypatch.setattr(samples, "present", lambda name: False)  # nothing is looked at
    at = open_page(PAGE)
    assert not at.exception
    pressed(at, f"{PAGE}.start")
    assert not at.exception and not at.error and len(launched) == 2
    at = open_page(PAGE)
    next(one for one in at.button_group if one.key == f"{PAGE}.kind").set_value("s").run()
    pressed(at, f"{PAGE}.start")
    assert not at.exception and not at.error
    assert sorted(code[0] for code, _entries in queue.queues()) == ["c", "s"]


def test_texts_of_a_table_that_were_looked_at(home, launched, monkeypatch):
    asked = []
    monkeypatch.setattr(samples, "present", lambda name: True)
    monkeypatch.setattr(writing_data, "_SAMPLES_SEEN", {})
    monkeypatch.setattr(look, "request", lambda one: asked.append(one) or look_answer())
    at = open_page(PAGE)
    assert not at.exception and "900" in words(at) and "I love the colour, *not* the zip" in words(at).replace("\u2060", "")
    next(one for one in at.selectbox if one.key.startswith(f"{PAGE}.column")).set_value("department").run()
    assert [one["column"] for one in asked] == [None, "department"]
    pressed(at, f"{PAGE}.start")
    assert not at.error and {entry.run.spec["columns"]["text"] for entry in queue.queues()[0][1]} == {"department"}


def test_own_files_and_what_is_wrong_with_them(home, launched, monkeypatch):
    monkeypatch.setattr(look, "request", lambda one: look_answer(False, {"template": "There are {n} texts.", "values": {"n": 1}}))
    at = open_page(PAGE)
    next(one for one in at.button_group if one.key == f"{PAGE}.source").set_value("file").run()
    assert "three dashes" in words(at)
    at.file_uploader[0].set_value([("a.txt", b"one", "text/plain"), ("b.md", b"two", "text/plain")]).run()
    assert not at.exception and "There are 1 texts" in words(at) and button(at, f"{PAGE}.start").disabled
    at.file_uploader[0].set_value([("a.txt", b"one", "text/plain"), ("b.csv", b"two", "text/csv")]).run()
    assert not at.exception and "no .txt or .md" in words(at)


# the page of a queue

@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang):
    make_queue(home, BOTH, NAMES, ["done", state])
    at = open_page(PAGE, lang, queue=BOTH)
    assert not at.exception and len(at.title) == 1
    stops = [one for one in at.button if (one.key or "").startswith(f"{PAGE}.stop")]
    assert bool(stops) == (state in ("queued", "running"))
    if lang == "en":
        assert "It learned the style: 2.40 bits a byte" in words(at)
        assert ("What it writes after 20 s" in words(at)) == (state == "running")


@pytest.mark.parametrize("damage", ["[1", "{}", "[]", '{"task": "generation", "model": {"bits_per_byte": 2}}'])
def test_a_damaged_evaluation(home, damage):
    for name in make_queue(home, BOTH, NAMES):
        (home / "runs" / name / "evaluation.json").write_text(damage)
    at = open_page(PAGE, queue=BOTH)
    assert not at.exception and "as soon as the first run has ended" in words(at)


def test_half_an_evaluation_and_no_curve(home):
    for name in make_queue(home, BOTH, NAMES):
        path = home / "runs" / name / "evaluation.json"
        found = json.loads(path.read_text())
        more = {"model": {"bits_per_byte": found["model"]["bits_per_byte"]}, "baselines": None, "verdict": [], "continuations": {"a": 1}}
        path.write_text(json.dumps(found | more))
        (home / "runs" / name / "events.jsonl").write_bytes(b"")
    at = open_page(PAGE, queue=BOTH)
    assert not at.exception and "kept no learning curve" in words(at)


def test_drafts_that_are_damaged(home):
    run = runs.get(make_words_run(home, "done"))
    assert writing_drafts.newest(run)["seconds"] == 20.0
    with open(run.folder / "drafts.jsonl", "a") as file:
        file.write('{"seconds": 3, "texts": ["\u2028"]}\n[1]\n{"seconds": 1')
    assert writing_drafts.newest(run) is None
    (run.folder / "drafts.jsonl").unlink()
    assert writing_drafts.newest(run) is None


def test_stop_asks_every_run_to_end(home):
    ids = make_queue(home, BOTH, NAMES, ["running", "queued"])
    pressed(open_page(PAGE, queue=BOTH), f"{PAGE}.stop")
    assert all((runs.get(name).folder / "cancel").exists() or runs.get(name).state == "cancelled" for name in ids)


# a look inside

def test_what_comes_next_and_a_piece_added(home, service):
    make_queue(home, BOTH, NAMES)
    at = open_page(PAGE, queue=BOTH)
    assert not service.asked
    pressed(at, f"{PAGE}.next.go")
    assert service.asked[-1] == ("next_tokens", {"prompt": "I love this *dress* because", "temperature": 0.8, "top_p": 0.95, "k": 40})
    next(one for one in at.slider if one.key.endswith(".temperature")).set_value(1.5).run()
    assert service.asked[-1][1]["temperature"] == 1.5 and "Add ␣the" in words(at)
    pressed(at, f"{PAGE}.next.add")
    assert service.asked[-1][1]["prompt"] == "I love this *dress* because the" and not at.exception
    pressed(at, f"{PAGE}.next.draw")
    assert len(service.asked[-1][1]["prompt"]) > len("I love this *dress* because the") and "<" not in service.asked[-1][1]["prompt"]


def test_pieces_and_attention(home, service):
    make_queue(home, BOTH, NAMES)
    at = view(open_page(PAGE, queue=BOTH), "pieces")
    typed(at, f"{PAGE}.pieces.text", "soft <b>fabric</b> $x$")
    pressed(at, f"{PAGE}.pieces.go")
    assert service.asked[-1] == ("tokens", {"text": "soft <b>fabric</b> $x$"}) and "3 pieces" in words(at) and not at.exception
    at = view(at, "attention")
    assert "not why" in words(at)
    typed(at, f"{PAGE}.attention.text", "one two three")
    pressed(at, f"{PAGE}.attention.go")
    assert service.asked[-1] == ("attention", {"text": "one two three"}) and not at.exception and not at.error
    next(one for one in at.slider if ".attention.head" in one.key).set_value(3).run()
    assert not at.exception


def test_two_models_write_from_the_same_words(home, service):
    ids = make_queue(home, BOTH, NAMES)
    at = view(open_page(PAGE, queue=BOTH), "pair")
    pressed(at, f"{PAGE}.pair.go")
    assert not at.exception and [name for name, _body in service.asked] == ["generate", "generate"]
    assert service.asked[0][1] == service.asked[1][1] and "and **warm**" in words(at)
    at.run()
    assert len(service.asked) == 2 and "fits <b>well</b>" in words(at) and ids
    assert not any(mark in one.value for one in at.markdown for mark in (" **warm**", "<b>well"))


def test_finished_models_of_other_pages_and_only_one(home, service):
    make_words_run(home, "done", scenario="write_like_us", title="Ours")
    known = queue.finished()
    assert len(known) == 1
    at = view(open_page(PAGE, queue="c12345678"), "pair")
    assert "no such queue" in words(at) and "only one finished model" in words(at)


def test_answers_that_cannot_be_read_and_none_at_all(home, monkeypatch):
    class Silent:
        def ask(self, method, body):
            if method == "attention":
                raise ServiceError("The model did not answer (status {status}).", status=500)
            return {"tokens": [1, {"token": 3}, {"probability": "x"}]}

        def stream(self, method, body):
            raise ServiceError("The model did not answer (status {status}).", status=500)

    monkeypatch.setattr(client, "alive", lambda run_id: False)
    monkeypatch.setattr(client, "service", lambda run_id: Silent())
    make_queue(home, BOTH, NAMES)
    at = pressed(open_page(PAGE, queue=BOTH), f"{PAGE}.next.go")
    assert not at.exception and "cannot be read" in words(at)
    for name, told in (("pieces", "cannot be read"), ("attention", "status 500"), ("pair", "status 500")):
        at = pressed(view(at, name), f"{PAGE}.{name}.go")
        assert not at.exception and told in words(at)


@pytest.mark.parametrize("answer", [
    None, [], {}, {"tokens": ["a"], "weights": [[[["x"]]]]}, {"tokens": ["a", "b"], "weights": [[[[1.0]]]]},
    {"tokens": ["a"], "weights": [[[[1.0]]], [[[1.0]], [[1.0]]]]}, {"tokens": ["a"], "weights": [[]]}, {"tokens": [], "weights": [[[]]]},
    {"tokens": ["a"], "weights": [[[[float("nan")]]]]},
])  # fmt: skip
def test_attention_that_does_not_fit_together(answer):
    assert lab_words_read.attention(answer) is None


def test_a_text_is_harmless_and_keeps_its_lines():
    assert plain_lines("a\nb\n\n\n\n\n# c :red[x]") == "a  \nb\n\n\\# c \\:red\\[x\\]"
