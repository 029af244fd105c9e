"""A serving process around a classifier that costs nothing: python stub.py NAME FOLDER [PORT [IDLE_S]].

The folder's files steer it: `slow` (seconds to load), `broken` (refuses to load).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from bmcore.base import Estimator, servable
from bmcore.errors import BmcoreError, ModelError
from bmcore.serve import server


class Stub(Estimator):
    """Says how long a text is."""

    classes_ = np.array(["long", "short"], dtype=object)

    @classmethod
    def load(cls, folder):
        if (Path(folder) / "slow").exists():
            time.sleep(float((Path(folder) / "slow").read_text()))
        if (Path(folder) / "broken").exists():
            raise ModelError("The model in {folder} is broken.", folder=str(folder))
        return cls()

    @servable
    def predict(self, texts):
        return self.classes_[self.predict_proba(texts).argmax(axis=1)]

    def predict_proba(self, texts):
        if texts[0].startswith("sleep "):
            time.sleep(float(texts[0].split()[1]))
        if texts[0] == "crash":
            raise ZeroDivisionError("secret detail")
        share = np.array([min(len(text), 100) / 100 for text in texts], dtype=np.float32)
        return np.stack([share, 1 - share], axis=1)

    def embed(self, texts):
        """Not servable, so no endpoint."""


if __name__ == "__main__":
    name, folder, *rest = sys.argv[1:]
    try:
        sys.exit(server.run(Stub, Path(folder), name, port=int(rest[0]) if rest else None, idle_s=float(rest[1]) if rest[1:] else 60))
    except BmcoreError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
