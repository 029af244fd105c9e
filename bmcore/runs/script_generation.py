"""The script that does again what a run of texts did, step by step, without runs."""

from __future__ import annotations

from typing import Any

_TEXT = '''from bmcore.data.texts import load_texts, split_texts
from bmcore.evaluate.generation import evaluate
from bmcore.text.generator import {estimator}

texts = load_texts({data!r}, {column!r})
learn, judged = split_texts(texts, test={test!r}, seed={seed!r})
train, test = texts.take(learn), texts.take(judged)
model = {estimator}({params})
model.fit(train)
print(model.generate("", seed={model_seed!r}))
found = evaluate(model, train, test, seed={model_seed!r})
print(found["metric"], found["model"][found["metric"]], found["verdict"]["kind"])  # bits a byte: less is better
'''


def script(spec: dict[str, Any]) -> str:
    """Python that repeats the run of this spec; its texts are those that this computer keeps.

    Parameters
    ----------
    spec : dict
        `run.spec` of a run of texts.
    """
    settings = "\n".join(f"    {name}={value!r}," for name, value in spec["params"].items())
    return _TEXT.format(
        estimator=spec["estimator"], data=spec["data"], column=spec["columns"].get("text"), **spec["split"],
        params=f"\n{settings}\n" if settings else "", model_seed=spec["seed"],
    )
