"""Starting: one process and one folder a run, exactly one, that outlives whoever started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bmcore import runs
from bmcore.errors import DataError, ParameterError, RunError, StorageError
from bmcore.runs import launch, locks, slots, spec
from tests.runs.conftest import N, at_step, chain, kill, listed, together, wait, wait_until


def test_a_run_goes_its_way(request_):
    run = runs.start({**request_(steps=5), "title": "first\x1b[31m"})
    assert run.state in ("queued", "running")
    assert wait(run).state == "done", run.log_tail()
    assert run.evaluation["chain"] == chain(5)
    assert run.headline["verdict"] == "not_proven"
    assert run.progress["phase"] == "evaluate"
    assert [str(note) for note in run.notes] == ["began at 0"]
    assert str(run.title()) == "first[31m"
    assert runs.load(run.id).chain_ == chain(5)
    assert run.seconds > 0 and run.reason is None and run.queue_position is None
    assert [event["state"] for event in run.events()[0] if event["kind"] == "state"] == ["queued", "running", "done"]
    assert oct(run.folder.stat().st_mode)[-3:] == "700"
    assert not (run.folder / "checkpoints").exists() and not (run.folder / "reserve").exists()


def test_simultaneous_starts_of_one_request_make_one_run(request_):
    request = request_(steps=1000, pause=0.1)
    answers = together(100, lambda: runs.start(request, token="one click").id)
    assert set(answers) == set(listed()) and len(listed()) == 1
    run = runs.get(listed()[0])
    at_step(run, 1)
    assert len(_workers(run)) == 1
    assert runs.start(request, token="one click") == run
    assert runs.start(request_(), token="another click") != run


def test_simultaneous_resumes_make_one_worker(request_):
    run = at_step(runs.start(request_(steps=1000, pause=0.05)), 2)
    kill(run)
    wait(run, "lost")
    answers = together(100, lambda: runs.resume(run.id).id)
    assert set(answers) == {run.id}
    wait(run, "running")
    assert run.status["attempt"] == 2
    assert len(_workers(run)) == 1


def _workers(run):
    """Processes that have the run's folder on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{run.folder}\0".encode() in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("round_", range(N))
def test_killed_and_resumed_equals_uninterrupted(request_, round_):
    run = at_step(runs.start(request_(steps=30, pause=0.02)), 3 + 5 * round_)
    kill(run)
    assert wait(run, "lost").reason is not None
    kept = len(list((run.folder / "checkpoints").glob("step-*")))
    wait(runs.resume(run.id))
    assert run.state == "done" and run.evaluation["chain"] == chain(30)
    assert int(str(run.notes[-1]).split()[-1]) >= kept - 1 > 0
    steps = [point["step"] for point in run.curve() if point["phase"] == "train"]
    assert steps == sorted(steps)


def test_resume_of_a_run_that_is_done_or_alive_changes_nothing(request_):
    run = wait(runs.start(request_()))
    assert runs.resume(run.id).status["attempt"] == 1
    assert run.state == "done"


def test_a_finished_fit_is_not_repeated(request_):
    run = wait(runs.start(request_()))
    (run.folder / "evaluation.json").unlink()
    launch.write_status(run.folder, "failed", attempt=1)
    wait(runs.resume(run.id))
    assert run.state == "done" and len(run.notes) == 1  # a second fit would have left a second note


def test_a_worker_that_dies_at_once_is_lost_at_once(request_):
    run = runs.start(request_(habit="dying"))
    wait(run, "lost")
    assert "checkpoint" in str(run.reason)


def test_a_worker_that_never_gets_to_python_is_lost(request_, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    wait(runs.start(request_()), "lost")


def test_a_worker_that_cannot_be_started_is_a_failed_run(request_, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    run = runs.start(request_())
    assert run.state == "failed" and "could not be started" in str(run.reason)


def test_the_worker_survives_whoever_started_it(request_, home):
    """kill -9 of the starter's whole process group, as for a web server that is shot."""
    code = "import json, sys, time; from bmcore import runs; print(runs.start(json.loads(sys.argv[1])).id, flush=True); time.sleep(60)"
    import json

    starter = subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(request_(steps=40, pause=0.05))],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    run = runs.get(starter.stdout.readline().strip())
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    assert wait(run).state == "done"


def test_no_zombie_stays(request_):
    run = wait(runs.start(request_()))
    wait_until(lambda: not any(b"State:\tZ" in path.read_bytes() for path in _children()), timeout=60)
    assert run.state == "done"


def _children():
    found = []
    for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        path = Path(f"/proc/{number}/status")
        if path.exists():
            found.append(path)
    return found


@pytest.mark.parametrize("megabytes", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_a_worker_that_prints_a_lot_finishes(request_, megabytes):
    run = wait(runs.start(request_(habit="loud", size=megabytes, steps=1)), timeout=200)
    assert run.state == "done"
    assert (run.folder / "log.txt").stat().st_size >= megabytes * 1_000_000
    assert len(run.log_tail(100)) == 100


def test_no_secret_is_written(request_, monkeypatch, home):
    secrets = {"HF_TOKEN": "hf_planted1234567", "AWS_SECRET_ACCESS_KEY": "planted-aws-key", "MY_PASSWORD": "planted-password"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    run = wait(runs.start(request_(habit="nosy")))
    assert run.state == "failed" and "ValueError" in str(run.reason)
    log = (run.folder / "log.txt").read_text()
    for name in ("AWS_SECRET_ACCESS_KEY", "MY_PASSWORD"):
        assert secrets[name] not in log
    # the hub's token is the worker's to use; it printed that itself here, our own files and traceback have none
    assert "HF_TOKEN" in log and "ValueError: ***" in log
    for path in home.rglob("*.json*"):
        assert not any(value in path.read_text() for value in secrets.values())


def test_one_trains_and_the_others_wait_in_order(request_):
    first = at_step(runs.start(request_(steps=1000, pause=0.05)), 1)
    others = [runs.start(request_(steps=1)) for _ in range(3)]
    assert [run.queue_position for run in others] == [1, 2, 3]
    assert first.queue_position is None and {run.state for run in others} == {"queued"}
    kill(first)  # the kernel frees the slot
    for run in others:
        wait(run)
    began = [run.status["started"] for run in others]
    assert began == sorted(began) and {run.state for run in others} == {"done"}


def test_the_queue_has_an_end(request_, monkeypatch):
    monkeypatch.setattr(slots, "MAX_WAITING", 2)
    at_step(runs.start(request_(steps=1000, pause=0.05)), 1)
    runs.start(request_())
    runs.start(request_())
    with pytest.raises(RunError, match="2 runs are waiting"):
        runs.start(request_())
    assert len(listed()) == 3


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"estimator": "Nothing"}, ParameterError),
        ({"preset": "huge"}, ParameterError),
        ({"params": {"steps": 0}}, ParameterError),
        ({"params": {"stepz": 1}}, ParameterError),
        ({"data": None}, DataError),
        ({"columns": {"text": "text"}}, DataError),
        ({"columns": {"text": "a", "label": "a"}}, DataError),
        ({"split": {"test": 2}}, ParameterError),
        ({"split": {"x": 2}}, ParameterError),
        ({"colour": "red"}, ParameterError),
        ({"columns": {"text": "t" * 200_000, "label": "b"}}, ParameterError),
    ],
)
def test_a_request_that_cannot_be_meant_leaves_nothing(request_, change, error):
    with pytest.raises(error):
        runs.start({**request_(), **change})
    assert listed() == [] and not list(Path(os.environ["BMCORE_HOME"]).glob("runs/.new*"))


def test_presets_and_own_settings(request_):
    run = runs.start({**request_(pause=0.5), "preset": "fast"})
    assert run.spec["params"] == {"steps": 2, "pause": 0.5, "habit": "good", "size": 0}
    assert run.spec["split"] == {"test": 0.2, "seed": 0, "max_train": 50, "max_test": None}
    assert run.spec["versions"]["torch"]


def test_scalars_of_numpy_become_json(request_):
    import numpy as np

    built = spec.build({**request_(steps=np.int64(7), pause=np.float32(0.5)), "split": {"seed": np.int32(3)}}, "id")
    assert built["params"]["steps"] == 7 and built["split"]["seed"] == 3
    assert [type(built["params"][name]) for name in ("steps", "pause")] == [int, float]
    with pytest.raises(ParameterError, match="steps"):
        spec.build(request_(steps=3.0), "id")


def test_a_model_folder_by_its_bare_name_is_made_absolute(request_, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mymodel").mkdir()
    (tmp_path / "minilm").mkdir()
    for given, meant in (("mymodel", str(tmp_path / "mymodel")), ("minilm", "minilm"), ("owner/name", "owner/name"), ("x" * 400,) * 2):
        request = {**request_(), "estimator": "TextClassifier", "params": {"model": given, "device": "cpu"}}
        assert spec.build(request, "id")["params"]["model"] == meant


def test_an_estimator_leaves_to_the_preset_what_it_does_not_change(request_):
    from fake_estimator import Counter

    request = request_()
    run = runs.train(Counter(pause=0.01), request["data"], text="text", label="label", preset="fast", detach=True)
    assert run.spec["params"]["steps"] == 2 and run.spec["params"]["pause"] == 0.01


def test_a_table_with_a_column_no_file_can_hold(home):
    import pandas as pd

    from bmcore.data import refs
    from bmcore.runs import script

    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"], "more": [1, "one"]})
    assert list(refs.load(script.reference(frame, None, ("text", "label"))).columns) == ["text", "label"]
    with pytest.raises(DataError, match="astype"):
        script.reference(frame, None, ("text", "more"))


def test_a_home_that_cannot_be_written_is_a_sentence(request_, monkeypatch):
    request = request_()

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(launch.files, "write_json", refuse)
    with pytest.raises(StorageError, match="Read-only"):
        runs.start(request)
    assert listed() == []


def test_exec_by_hand_and_twice(request_):
    """What a cluster runs: the same command without an inherited lock."""
    run = at_step(runs.start(request_(steps=1000, pause=0.05)), 1)
    command = [sys.executable, "-m", "bmcore", "exec", str(run.folder)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert second.returncode == 2 and "already" in second.stderr
    kill(run)
    wait(run, "lost")
    by_hand = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    assert wait_until(lambda: locks.holder(run.folder / "lock"))[0] == by_hand.pid
    wait(run, "running")
    wait_until(lambda: run.status["attempt"] == 2 and run.state == "running")
    by_hand.send_signal(signal.SIGTERM)
    assert by_hand.wait(120) == 1
    assert run.state == "failed" and "outside" in str(run.reason)


def test_exec_of_a_finished_run_changes_nothing(request_):
    """A cluster may send a job twice."""
    run = wait(runs.start(request_(steps=2)))
    before = (run.folder / "status.json").read_bytes(), (run.folder / "events.jsonl").read_bytes()
    command = [sys.executable, "-m", "bmcore", "exec", str(run.folder)]
    assert run.state == "done" and subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode == 0
    assert before == ((run.folder / "status.json").read_bytes(), (run.folder / "events.jsonl").read_bytes()) and run.state == "done"
