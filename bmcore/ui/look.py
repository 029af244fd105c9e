"""A look at a table, in a process of its own: `python -m bmcore.ui.look` reads a request from stdin and writes its answer to stdout.

Reading somebody's table takes memory that a server process would keep, and a damaged file should hurt nobody else. This
file imports no streamlit.

    {"ref": {...}, "text": null | "column", "label": null | "column", "guesses": ["department", ...]}
    {"table": {"rows", "columns", "text", "label", "head"}, "report": {"rows", "mean_tokens", "counts", "errors", "warnings"} | null}
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from bmcore.errors import BmcoreError, DataError
from bmcore.messages import Message
from bmcore.ui import cluster_look, picture_look, recommend_look, writing_copies, writing_look

HEAD, CELL = 8, 400
WAIT_S = 300


def ask(ref: dict, text: str | None = None, label: str | None = None, guesses: tuple[str, ...] = ()) -> dict:
    """Start the process and return its answer.

    Raises
    ------
    DataError
        With the sentence that the reader gave, or if it died.
    """
    return request({"ref": ref, "text": text, "label": label, "guesses": list(guesses)})


def request(asked: dict) -> dict:
    """The same for any request that `main` knows."""
    from bmcore.home import home
    from bmcore.runs.launch import environment

    try:
        done = subprocess.run(
            [sys.executable, "-m", "bmcore.ui.look"],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=WAIT_S,
            check=False,
            cwd=home(),
            env=environment(),
        )
        answer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise DataError(
            "The table could not be read: it may be too large for the memory of this computer. Try a smaller part of it."
        ) from error
    if "error" in answer:
        raise DataError(Message.from_dict(answer["error"]))
    return answer


def answer(request: dict) -> dict:
    """The look itself."""
    from bmcore.data import refs

    frame = refs.load(request["ref"])
    frame.columns = [str(name) for name in frame.columns]
    text = request["text"] or _longest(frame, request["ref"])
    label = request["label"] or _label(list(frame.columns), text, request["guesses"])
    table = {"rows": len(frame), "columns": list(frame.columns), "text": text, "label": label, "head": _head(frame)}
    return {"table": table, "report": _report(frame, text, label) if label and label != text else None}


def _longest(frame, ref: dict) -> str:
    """The text column: a sample says which, else the one with the longest words."""
    from bmcore.data.samples import SAMPLES

    if ref.get("kind") == "sample":
        return SAMPLES[ref["name"]].text_column
    head = frame.head(200)
    lengths = {name: head[name].astype(str).str.len().mean() for name in frame.columns}
    return max(lengths, key=lengths.get)


def _label(columns: list[str], text: str, guesses: list[str]) -> str | None:
    """The column with the answers: the first of the guesses that is there, else the last column."""
    others = [name for name in columns if name != text]
    lowered = {name.lower(): name for name in reversed(others)}
    return next((lowered[guess.lower()] for guess in guesses if guess.lower() in lowered), others[-1] if others else None)


def _head(frame) -> list[dict]:
    head = frame.head(HEAD)
    rows = head.astype(object).where(head.notna(), None).to_dict("records")
    return [{name: None if value is None else str(value)[:CELL] for name, value in row.items()} for row in rows]


def _report(frame, text: str, label: str) -> dict:
    from bmcore.data import check

    findings = check.check_training(frame, text, label)
    errors = [found.message.to_dict() for found in findings if found.level == "error"]
    warnings = [found.message.to_dict() for found in findings if found.level == "warning"]
    usable = frame if errors else check.usable(frame, text, label)
    known = text in usable and label in usable
    counts = [(str(name)[:60], int(n)) for name, n in usable[label].value_counts().items()] if known else []
    return {
        "rows": len(usable),
        "mean_tokens": _mean_tokens(usable[text]) if known else 80.0,
        "counts": counts[:40],
        "classes": len(counts),
        "errors": errors[:5],
        "warnings": warnings[:10],
    }


def _mean_tokens(texts) -> float:
    """About how many tokens a message has: one for four letters of English, one for a Chinese character, two for its ends."""
    lengths = [sum(1 if ord(letter) > 0x2E80 else 0.25 for letter in text[:2000]) + 2 for text in texts.dropna().astype(str).head(1000)]
    return sum(lengths) / len(lengths) if lengths else 80.0


def _looker(asked: dict) -> Callable[[dict], dict]:
    """Who knows how to look: requests differ by what they say of the columns. Pictures have none."""
    if "copies" in asked:
        return writing_copies.answer
    if "writing" in asked:
        return writing_look.answer
    if "pictures" in asked:
        return picture_look.answer
    return cluster_look.answer if "shapes" in asked else recommend_look.answer if "roles" in asked else answer


def main() -> None:
    try:
        asked = json.load(sys.stdin)
        found = _looker(asked)(asked)
    except BmcoreError as error:
        found = {"error": error.message.to_dict()}
    sys.stdout.write(json.dumps(found, ensure_ascii=True))


if __name__ == "__main__":
    main()
