"""From tokens to text as they come: whole characters only, and nothing that may turn out to be the start of a stop text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bmcore.text.gpt_tokenizer import start_of

BROKEN = "\ufffd"  # what a decoder writes for bytes that are no character (yet)
_PENDING = 8  # tokens; a character has at most four bytes, so more than these wait for nothing
_BEFORE = 8  # tokens of the prompt: whether a word begins with a space shows only beside the word before


def encode(tokenizer: Any, text: str) -> list[int]:
    """The token that a document begins with, and the tokens of a text; half a surrogate pair becomes a question mark."""
    text = text.encode("utf-8", "replace").decode()
    return [start_of(tokenizer), *tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]]


class Detokenizer:
    """Text of one draft, token by token.

    Use it to show a text while it is being written.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
    before : list of int
        The tokens of the prompt.
    stops : sequence of str
        The text ends before the first of these, also where one spans several tokens.

    Attributes
    ----------
    stopped : bool
        A stop text has been met.
    """

    def __init__(self, tokenizer: Any, before: Sequence[int], stops: Sequence[str] = ()):
        self._tokenizer, self._stops = tokenizer, stops
        self._shown, self._new = _tail(tokenizer, before), []  # both begin and end between characters
        self._known, self._held = self._decode(self._shown), ""
        self.stopped = False

    def add(self, token: int) -> str:
        """What can be shown now that `token` has come; often the text of the token, sometimes nothing."""
        self._new.append(token)
        text = self._fresh()
        if text.endswith(BROKEN) and len(self._new) < _PENDING:
            return ""
        return self._settle(text)

    def end(self) -> str:
        """What was held back; half a character at the very end is dropped."""
        if self.stopped:
            return ""
        text = self._settle(self._fresh().rstrip(BROKEN))
        text, self._held = text + self._held, ""
        return text

    def _fresh(self) -> str:
        if not self._new:
            return ""
        return self._decode(self._shown + self._new)[len(self._known):]

    def _settle(self, text: str) -> str:
        """Count the new tokens as shown; of the text, what cannot belong to a stop text."""
        if self._new:
            self._shown, self._new = self._new if text else self._shown + self._new, []
            self._known = self._decode(self._shown)
        held = self._held + text
        cuts = [at for stop in self._stops if (at := held.find(stop)) >= 0]
        if cuts:
            self.stopped, self._held = True, ""
            return held[:min(cuts)]
        keep = max((_overlap(held, stop) for stop in self._stops), default=0)
        self._held = held[len(held) - keep:]
        return held[:len(held) - keep]

    def _decode(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _tail(tokenizer: Any, tokens: Sequence[int]) -> list[int]:
    """The last tokens, from between two characters: a run of bytes that begins inside one would be no text as a whole."""
    start = max(len(tokens) - _BEFORE, 0)
    while start and str(tokenizer.convert_ids_to_tokens(tokens[start])).startswith("<0x"):
        start -= 1
    return list(tokens[start:])


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that a stop text could begin with."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-n:])), 0)
