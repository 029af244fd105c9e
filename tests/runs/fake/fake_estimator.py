"""An estimator that counts: its "weights" are a hash chain, so a resumed run can be compared with an uninterrupted one."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from typing import Annotated, ClassVar

from bmcore import files
from bmcore.base import Estimator
from bmcore.errors import DataError
from bmcore.messages import Message
from bmcore.params import Choice, Doc, Label, Range
from bmcore.runs import tasks

tasks.TASKS["counting"] = tasks.TASKS["classification"]._replace(judges="fake_estimator")
HABITS = ("good", "deaf", "hung", "stuck", "loud", "faulty", "picky", "hungry", "dying", "nosy", "filling")


class Counter(Estimator):
    task: ClassVar[str] = "counting"
    presets: ClassVar[dict] = {"fast": {"params": {"steps": 2}, "split": {"max_train": 50}}}

    def __init__(
        self,
        *,
        steps: Annotated[int, Range(1, 100_000), Label("Steps"), Doc("How far to count.")] = 3,
        pause: Annotated[float, Range(0.0, 100.0), Label("Pause"), Doc("Seconds a step.")] = 0.0,
        habit: Annotated[str, Choice(*HABITS), Label("Habit"), Doc("What goes wrong.")] = "good",
        size: Annotated[int, Range(0, 1000), Label("Size"), Doc("Megabytes printed or stored.")] = 0,
    ):
        self.steps, self.pause, self.habit, self.size = steps, pause, habit, size

    def fit(self, X, y, *, validation=None, report=None, checkpoints=None):
        checkpoints.mkdir(exist_ok=True)
        done, chain = self._newest(checkpoints)
        self.notes_ = [Message("began at {step}", step=done)]
        while done < self.steps:
            if self.habit == "stuck":
                report(0, self.steps, phase="train")
            self._misbehave(checkpoints)
            time.sleep(self.pause)
            done, chain = done + 1, hashlib.sha256(chain.encode()).hexdigest()
            files.write_json(checkpoints / f"step-{done}.json", {"chain": chain})
            report(done, self.steps, phase="train", loss=1 / done)
        self.chain_ = chain
        return self

    def _newest(self, checkpoints):
        found = [(int(path.stem[5:]), files.read_json(path)) for path in checkpoints.glob("step-*.json")]
        return max(((step, content["chain"]) for step, content in found if content), default=(0, "start"))

    def _misbehave(self, checkpoints):
        if self.habit == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"])
            (checkpoints / "child").write_text(str(child.pid))
            while True:
                time.sleep(1)
        if self.habit in ("hung", "stuck"):
            time.sleep(1000)
        if self.habit == "loud":
            for _ in range(self.size * 10):
                print("x" * 99_999)
        if self.habit == "faulty":
            raise ZeroDivisionError("secret detail")
        if self.habit == "picky":
            raise DataError("Column {column!r} is no good.", column="text")
        if self.habit == "hungry":
            raise MemoryError
        if self.habit == "dying":
            os._exit(9)
        if self.habit == "nosy":
            print(sorted(os.environ.items()))
            raise ValueError(os.environ.get("HF_TOKEN"))
        if self.habit == "filling":
            (checkpoints / f"blob-{time.time_ns()}").write_bytes(os.urandom(self.size * 1_000_000))

    def _save(self, folder):
        files.write_json(folder / "chain.json", self.chain_)

    def _load(self, folder):
        self.chain_ = files.read_json(folder / "chain.json")


def evaluate(estimator, train, test, *, seed=0, report=None):
    report(1, 1, phase="evaluate")
    score = {"macro_f1": {"value": 0.5, "low": 0.4, "high": 0.6}, "accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}}
    return {
        "metric": "macro_f1",
        "model": {"name": "Counter", **score},
        "baselines": [{"name": "majority", **score}],
        "difference": {"against": "majority", "value": 0.0, "low": -0.1, "high": 0.1},
        "verdict": {"kind": "not_proven", "message": Message("Not proven.").to_dict()},
        "chain": estimator.chain_,
        "rows": [len(train[0]), len(test[0])],
    }
