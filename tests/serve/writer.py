"""A serving process around a tiny language model with random weights: python writer.py NAME FOLDER.

Every pass of the model writes a byte to FOLDER/passes, so a test sees from outside whether it still works; FOLDER/slow holds the seconds
that a pass takes at least.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bmcore.base import Estimator, servable
from bmcore.serve import server


class Writer(Estimator):
    """Writes nonsense."""

    task = "generation"
    context_length = 48

    @classmethod
    def load(cls, folder):
        from tests.text import tiny_models

        found = cls()
        found.model_, found.tokenizer_ = tiny_models.model("gpt2"), tiny_models.tokenizer()
        found.model_.register_forward_pre_hook(lambda *_: _count(Path(folder)))
        return found

    @servable
    def generate(self, prompt="", **asked):
        raise NotImplementedError

    @servable
    def next_tokens(self, prompt, **asked):
        from bmcore.text import gpt_next

        return gpt_next.next_tokens(self.model_, self.tokenizer_, prompt, **asked)

    @servable
    def tokens(self, text):
        from bmcore.text import gpt_next

        return gpt_next.tokens(self.model_, self.tokenizer_, text)

    @servable
    def attention(self, text):
        from bmcore.text import gpt_next

        return gpt_next.attention(self.model_, self.tokenizer_, text)

    @servable
    def perplexity(self, texts):
        if texts == ["crash"]:
            raise ZeroDivisionError("secret detail")
        return 12.5


def _count(folder):
    with open(folder / "passes", "ab") as passes:
        passes.write(b".")
    if (folder / "slow").exists():
        time.sleep(float((folder / "slow").read_text()))
    if (folder / "broken").exists():
        raise ZeroDivisionError("secret detail")


if __name__ == "__main__":
    sys.exit(server.run(Writer, Path(sys.argv[2]), sys.argv[1], idle_s=60))
