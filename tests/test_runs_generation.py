"""Runs that learn to write: the promises of every run, and what only they have. Real estimators, real workers, few steps."""

import io
import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bmcore
from bmcore import cli, runs
from bmcore.commands import results
from bmcore.data.texts import Texts, store_texts
from bmcore.errors import DataError, ParameterError, RunError
from bmcore.runs import asked, card, export, script_generation, spec, task_generation, work_generation_corpus, work_generation_drafts
from bmcore.runs.work_generation_data import Halves
from tests.runs.conftest import kill, wait, wait_until

PHASES = ["data", "split", "train", "evaluate", "describe", "save"]
ROOT = Path(__file__).parents[1]
QUICK = f"{ROOT}/tests/runs/quick{os.pathsep}{ROOT}"
LEFT = {"corpus.json", "drafts.jsonl", "evaluation.json", "events.jsonl", "lock", "log.txt", "model", "spec.json", "status.json"}
SECRET = "the heron keeps a silver key beneath the third stone of the harbour wall"


@pytest.fixture(autouse=True)
def no_worker_stays(home, monkeypatch):
    """Workers have a judge that costs nothing: what the real one finds is in `whole`."""
    monkeypatch.setenv("PYTHONPATH", QUICK)
    yield
    for run in runs.list_runs():
        if run.alive:
            runs.cancel(run.id)
            kill(run)


def notes(n=60):
    """Texts of made sentences, with lines of dashes between them; one has a sentence that no other has."""
    draw = random.Random(3)
    who, does = ("The dress", "A shirt", "This coat", "My jacket"), ("fits", "feels", "looks")
    what = ("soft", "warm", "too small", "lovely")
    told = [
        " ".join(f"{draw.choice(who)} {draw.choice(does)} {draw.choice(what)}, worn {draw.randrange(99)} times so far." for _ in range(5))
        for _ in range(n)
    ]
    told[5] += " " + SECRET
    return "\n---\n".join(told).encode()


def wanted(**change):
    params = {"size": "nano", "context_length": 32, "epochs": 1, "batch_tokens": 256, "minutes": None}
    return {"estimator": "TextGenerator", "params": params, "data": store_texts(notes(), "notes.txt"), **change}


def done(run):
    wait(run)
    assert run.state == "done", (run.state, str(run.reason), run.log_tail())
    return run


def phases(run):
    return [event["phase"] for event in run.events()[0] if event["kind"] == "phase"]


def made(run):
    """What must be the same however often a run was stopped."""
    weights = (run.model_folder / "model.safetensors").read_bytes()
    drafts = {entry["step"]: entry["texts"] for entry in work_generation_drafts.drafts(run.folder)}
    return weights, (run.model_folder / "tokenizer.json").read_bytes(), drafts, (run.folder / "corpus.json").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run with the real judge. It has a home of its own."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("BMCORE_HOME", str(tmp_path_factory.mktemp("whole")))
        changed.setenv("PYTHONPATH", str(ROOT))
        run = done(runs.start(wanted(scenario="write_like_us")))
        return run, made(run)


@pytest.fixture
def there(whole, monkeypatch):
    """That run, and the home it is in."""
    monkeypatch.setenv("BMCORE_HOME", str(whole[0].folder.parents[1]))
    return whole[0]


def test_a_run_and_all_it_leaves(whole):
    run, (_, _, drafts, _) = whole
    assert phases(run) == PHASES and str(run.title()) == "Texts like those of notes.txt"
    assert {path.name for path in run.folder.iterdir()} == LEFT
    assert 2 <= len(drafts) <= work_generation_drafts.MOST and list(drafts) == sorted(drafts) and all(drafts.values())
    corpus = json.loads((run.folder / "corpus.json").read_text())
    assert sum(corpus["documents"].values()) <= 60 and corpus["documents"]["test"] >= 1 and corpus["examples"]
    assert {"dress", "jacket"} <= {entry["word"] for entry in corpus["words"]}


def test_what_the_real_judge_finds(whole):
    found = whole[0].evaluation
    assert found["task"] == "generation" and found["metric"] == "bits_per_byte"
    headline = whole[0].headline
    assert headline["baseline"] == found["difference"]["against"] == "5-gram Kneser-Ney"
    assert headline["value"] == found["model"]["bits_per_byte"]["value"] and headline["baseline_value"] > 0
    assert asked.lower_is_better(headline["metric"]) and headline["verdict"] == found["verdict"]["kind"]


def test_stopped_in_each_phase_and_resumed_gives_the_same(whole):
    run, attempts = runs.start(wanted()), 1
    for phase in PHASES:
        wait_until(lambda run=run, phase=phase: phase in phases(run) or not run.alive)
        if phase == "train":
            run, attempts = _cancelled_while_it_learns(run), attempts + 1
        kill(run)
        wait(run)
        if run.state == "done":  # a kill that came too late ended nothing
            break
        assert run.state == "lost", (run.state, str(run.reason))
        attempts += 1
        run = runs.resume(run.id)
    (*ours, drafts, corpus), (*theirs, known, described) = made(done(run)), whole[1]
    assert ours == theirs and corpus == described and run.status["attempt"] == attempts
    both = drafts.keys() & known.keys()  # when to write some depends on the time that an update takes
    assert max(drafts) == max(known) and all(drafts[step] == known[step] for step in both)
    assert {path.name for path in run.folder.iterdir()} == LEFT
    assert not list(run.folder.rglob(".*")) and not list(run.folder.rglob("*.tmp"))
    runs.delete(run.id)
    assert not run.folder.exists() and not runs.list_runs()


def _cancelled_while_it_learns(run):
    """The run resumed after that, going on where it was."""
    wait_until(lambda: (run.folder / "drafts.jsonl").is_file() or not run.alive)
    runs.cancel(run.id)
    assert wait(run).state == "cancelled" and run.reason is None
    return runs.resume(run.id)


def test_what_cannot_be_read_ends_the_run_with_a_sentence():
    run = wait(runs.start(wanted(data=store_texts(b"One line only.", "short.txt"))))
    assert run.state == "failed" and "characters are needed" in str(run.reason)


def test_what_does_not_fit_into_memory_is_refused_before_it_learns(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}/tests/runs/poor{os.pathsep}{ROOT}")
    run = wait(runs.start(wanted()))
    assert run.state == "failed" and "GB of memory" in str(run.reason) and not (run.folder / "drafts.jsonl").exists()


@pytest.mark.parametrize(("change", "words"), [
    ({"columns": {"label": "a"}}, "no use for 'label'"), ({"columns": {"text": 3}}, "column for text cannot be 3"),
    ({"choose": True}, "choose"), ({"prove": {"class": "3", "keep": 2}}, "makes no pictures"),
    ({"split": {"test": 0.6}}, "test cannot be"), ({"split": {"by": 1}}, "no entry 'by'"), ({"data": None}, "no data"),
    ({"params": {"minutes": 0}}, "minutes"), ({"params": {"size": "huge"}}, "size"),
])
def test_what_cannot_be_asked(change, words):
    with pytest.raises((ParameterError, DataError), match=words):
        spec.build(wanted(**change), "id")


def test_a_spec_says_what_it_needs():
    built = spec.build(wanted(columns={"text": None}), "id")
    assert built["columns"] == {} and built["split"] == {"test": 0.1, "seed": 0} and built["seed"] == 0
    assert {"transformers", "tokenizers"} <= set(built["versions"])
    assert task_generation.names({"text": "a"}) == ("a",)


def test_the_script_does_it_again(there, capsys, monkeypatch):
    seen = {"metric": "m", "model": {"m": 0.5}, "verdict": {"kind": "learned"}}
    monkeypatch.setattr("bmcore.evaluate.generation.evaluate", lambda *given, **named: seen)
    names = {}
    exec(script_generation.script(there.spec), names)
    assert capsys.readouterr().out.splitlines()[-1].startswith("m 0.5 learned")
    ours = bmcore.load(there.id)
    assert names["model"].generate("The dress", seed=5) == ours.generate("The dress", seed=5)
    again = names["model"].model_.state_dict()
    assert all((value == again[name]).all() for name, value in ours.model_.state_dict().items())


def test_what_is_taken_away_holds_no_training_text(there, tmp_path):
    place = tmp_path / "taken.zip"
    export.write(there, place)
    with pytest.raises(DataError, match="not overwritten"):
        export.write(there, place)
    with zipfile.ZipFile(place) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "out")
    assert {"README.md", "evaluation.json", "script.py", "model/config.json", "model/tokenizer.json"} <= set(names)
    figures = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert figures["model"] == there.evaluation["model"] and not {"drafts", "continuations"} & set(figures)
    assert not any(SECRET in path.read_text("utf-8", "replace") for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert not list(tmp_path.glob(".*"))
    words = (tmp_path / "out" / "README.md").read_text()
    assert str(there.title()) in words.replace("\\", "") and "5-gram Kneser-Ney" in words and str(card.LIMITS[1]) in words


def test_what_is_taken_away_opens_in_plain_transformers(there, tmp_path):
    with (tmp_path / "taken.zip").open("wb") as file:
        export.pack(there, file)
    with zipfile.ZipFile(tmp_path / "taken.zip") as archive:
        archive.extractall(tmp_path)
    code = (
        "import sys\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "tokenizer, model = AutoTokenizer.from_pretrained('model'), AutoModelForCausalLM.from_pretrained('model')\n"
        "begin = tokenizer(tokenizer.eos_token + 'The', return_tensors='pt')\n"
        "print(tokenizer.decode(model.generate(**begin, max_new_tokens=5, do_sample=False)[0]), 'bmcore' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "The" in found.stdout and found.stdout.strip().endswith("False")


def test_what_is_not_done_is_not_exported(tmp_path):
    run = wait(runs.start(wanted(data=store_texts(b"One line only.", "short.txt"))))
    with pytest.raises(RunError, match="it is failed"):
        export.pack(run, io.BytesIO())
    for place, words in ((tmp_path / "a.txt", "end in .zip"), (tmp_path / "no" / "a.zip", "does not exist")):
        with pytest.raises(DataError, match=words):
            export.write(run, place)


def test_from_the_terminal(there, capsys, tmp_path):
    assert cli.main(["show", there.id]) == 0
    shown = capsys.readouterr().out
    assert "counts of 5 pieces" in shown and "less is better" in shown
    assert cli.main(["runs"]) == 0 and "less is better" in capsys.readouterr().out
    line = ["generate", there.id, "The dress", "--tokens", "8"]
    assert cli.main(line) == 0
    first = capsys.readouterr().out
    assert first.startswith("The dress") and cli.main(line) == 0 and capsys.readouterr().out == first
    assert cli.main([*line, "--drafts", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["drafts"]) == 2 and first.rstrip("\n") == "The dress" + found["drafts"][0].rstrip("\n")
    assert cli.main([*line, "--drafts", "2"]) == 0 and "--- draft 2, seed 1 ---" in capsys.readouterr().out
    for wrong, words in ((["--drafts", "9"], "--drafts cannot be 9"), (["--top-p", "2"], "--top-p"), (["--tokens", "0"], "--tokens")):
        assert cli.main([*line, *wrong]) == 2 and words in capsys.readouterr().err
    assert cli.main(["export", there.id, str(tmp_path / "a.zip")]) == 0 and (tmp_path / "a.zip").stat().st_size > 10_000
    (tmp_path / "a.csv").write_text("a\nb\n")
    assert cli.main(["predict", there.id, str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]) == 2
    assert "generate" in capsys.readouterr().err
    for verb in (["answer", there.id, "Why?"], ["sample", there.id]):
        assert cli.main(verb) == 2 and there.id in capsys.readouterr().err


def test_an_interrupt_ends_a_draft_cleanly(there, capsys, monkeypatch):
    class Slow:
        def stream(self, prompt, **settings):
            yield " is"
            raise KeyboardInterrupt

    monkeypatch.setattr("bmcore.runs.load", lambda id: Slow())
    assert cli.main(["generate", there.id, "It"]) == 130
    said = capsys.readouterr()
    assert said.out == "It is\n" and said.err == "Stopped.\n"


def test_training_from_the_terminal(tmp_path, capsys):
    rows = [text.replace("\n", " ") for text in notes().decode().split("\n---\n")]
    (tmp_path / "table.csv").write_text("stars,Review Text\n" + "".join(f'5,"{row}"\n' for row in rows))
    few = ["--size", "nano", "--context-length", "32", "--epochs", "1", "--batch-tokens", "512", "--json"]
    assert cli.main(["train", "TextGenerator", "--data", str(tmp_path / "table.csv"), "--text", "Review Text", *few]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["state"] == "done" and found["spec"]["columns"] == {"text": "Review Text"}
    assert found["evaluation"]["metric"] == "bits_per_byte"
    assert cli.main(["train", "TextGenerator", "--data", str(tmp_path / "table.csv"), "--label", "stars", *few]) == 2
    assert "--label has no meaning" in capsys.readouterr().err


def test_drafts_are_few_and_forget_what_never_happened(tmp_path):
    class Told:
        def check(self):
            pass

    shown = work_generation_drafts.Drafts(tmp_path, Told())
    for step in range(1, 90):
        shown(step, step / 10, ["one\ntwo", "x" * 9_000, "\ud800"])
    listed = work_generation_drafts.drafts(tmp_path)
    assert len(listed) == 60 and listed[0]["step"] == 1 and listed[-1]["step"] == 89
    assert listed[0]["texts"][:1] == ["one\ntwo"] and len(listed[0]["texts"][1]) == 2_000
    with (tmp_path / "drafts.jsonl").open("ab") as file:
        file.write(b'{"step": "x"}\n[]\n{"ste')
    work_generation_drafts.Drafts(tmp_path, Told())(39, 3.9, ["again"])
    listed = work_generation_drafts.drafts(tmp_path)
    assert listed[-1] == {"step": 39, "seconds": 3.9, "texts": ["again"]} and all(entry["step"] < 39 for entry in listed[:-1])


def test_a_corpus_in_two_languages():
    texts = Texts(["物流很快，物流不错。", "The dress is soft and the dress is warm."], ["a.txt", "b.txt"])
    found = work_generation_corpus.corpus(Halves(texts, texts.take([0])))
    words = {entry["word"]: entry["count"] for entry in found["words"]}
    assert words["物流"] == 2 and words["dress"] == 2 and "the" not in words and "流，" not in words
    assert found["documents"] == {"train": 2, "test": 1} and found["length"]["longest"] == 40
    assert [entry["name"] for entry in found["examples"]] == ["a.txt", "b.txt"]


def test_a_damaged_evaluation_shows_nothing(capsys):
    for evaluation in ({"task": "generation"}, {"task": "answers", "model": None}, {"task": "generation", "model": {}, "baselines": 3}):
        results.show(evaluation)
    assert task_generation.headline({}) is None and results.score(None) == "-"


def test_nothing_heavy_is_imported_to_start_a_run():
    code = (
        "import sys\nfrom bmcore.runs import spec, tasks, store, script_generation, export, card, work_generation_drafts\n"
        "spec.build({'estimator': 'TextGenerator', 'data': {'kind': 'sample', 'name': 'clothing_reviews'}}, 'id')\n"
        "print([name for name in ('torch', 'transformers', 'pandas', 'scipy', 'numba', 'sklearn') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_what_was_learned_beside_a_model_is_merged_into_it_and_kept(there):
    params = {**wanted()["params"], "model": str(there.model_folder), "method": "lora"}
    run = done(runs.start(wanted(params=params)))
    names = {path.name for path in run.model_folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "adapter", "estimator.json"} <= names
    assert {"adapter_config.json", "adapter_model.safetensors"} <= {path.name for path in (run.model_folder / "adapter").iterdir()}
    ours = bmcore.load(run.id)
    assert ours.before_ == str(there.model_folder) and isinstance(ours.generate("The dress", max_new_tokens=4), str)
    assert "It began as model" in card.card(run)
    file = io.BytesIO()
    export.pack(run, file)
    with zipfile.ZipFile(file) as archive:  # nobody else has to know where the base lay
        held = {name: archive.read(name) for name in archive.namelist()}
    assert not [name for name, content in held.items() if str(there.folder).encode() in content]
    assert json.loads(held["model/adapter/adapter_config.json"])["base_model_name_or_path"] == "model"
    runs.delete(run.id)


def test_the_terms_of_gemma_go_with_what_was_made_from_it(there, monkeypatch):
    monkeypatch.setattr("bmcore.text.gemma.gemma_terms", lambda: {"text": "Section 1"})
    described = json.loads((there.folder / "spec.json").read_text())
    described["params"]["model"] = "gemma"
    monkeypatch.setattr(type(there), "spec", described)
    file = io.BytesIO()
    export.pack(there, file)
    with zipfile.ZipFile(file) as archive:
        assert archive.read("GEMMA_TERMS.txt") == b"Section 1" and b"Gemma Terms of Use" in archive.read("NOTICE")
