"""The script that does again what a run of pictures did, step by step, without runs."""

from __future__ import annotations

from typing import Any

_HEAD = '''from bmcore.data.pictures import load_pictures, split_pictures
from bmcore.evaluate.pictures import evaluate
from bmcore.image import {estimator}
'''
_READ = '''
pictures = load_pictures({data!r}, size={size!r})
learn, judged = split_pictures(pictures, test={test!r}, seed={seed!r})
'''
_CUT = '''
# as if there were only so many pictures of this class
rare = [row for row in learn if str(pictures.labels[row]) == {name!r}]
kept = set(np.random.default_rng({seed!r}).permutation(rare)[:{keep!r}].tolist())
learn = [row for row in learn if row not in rare or row in kept]
'''
_FIT = '''
train, test = pictures.take(learn), pictures.take(judged)
model = {estimator}({params})
model.fit(train, train.labels)
made = model.sample(16, seed={seed!r})  # (n, height, width, channels)
found = evaluate(model, train, test, seed={seed!r})
print(found["metric"], found["model"][found["metric"]], found["verdict"]["kind"])
'''


def script(spec: dict[str, Any]) -> str:
    """Python that repeats the run of this spec.

    Parameters
    ----------
    spec : dict
        `run.spec` of a run of pictures.
    """
    split, wanted, params = spec["split"], spec.get("prove"), spec["params"]
    values = {"estimator": spec["estimator"], "seed": spec["seed"]}
    settings = "\n".join(f"    {name}={value!r}," for name, value in params.items())
    parts = [
        "import numpy as np\n\n" if wanted else "",
        _HEAD.format(**values),
        _READ.format(data=spec["data"], size=params.get("image_size"), **split),
        _CUT.format(name=wanted["class"], keep=wanted["keep"], seed=split["seed"]) if wanted else "",
        _FIT.format(**values, params=f"\n{settings}\n" if settings else ""),
    ]
    return "".join(parts)
