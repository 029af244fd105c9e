"""Tables given to people as csv: no cell can act as a formula, Excel sees the right letters, the file is whole or absent."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmcore import files
from bmcore.errors import StorageError

if TYPE_CHECKING:
    import pandas as pd

_CHUNK = 50_000
# spreadsheets also take the full-width forms, and what follows white space that they trim
_UNSEEN = r"\s\x00-\x1f\x7f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_FORMULA = re.compile(rf"^[{_UNSEEN}]*[=+\-@＝＋－＠]|^[\t\r\n]")
# where the list separator is another, a cell is cut there and its second half is a cell of its own; ;-) is a smile
_AFTER_CUT = re.compile(rf"(?<![;|{_UNSEEN}])[;|{_UNSEEN}]+(?=[=+\-@＝＋－＠])(?!-\))")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?")


def safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before a text that begins like one. Numbers stay.

    Examples
    --------
    >>> safe("=1+1"), safe(-5), safe("-5"), safe("-5+2"), safe("hello")
    ("'=1+1", -5, '-5', "'-5+2", 'hello')
    >>> safe("a;=1+1")
    "a;'=1+1"
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str):
        if hasattr(value, "dtype") and value.dtype.kind in "biufmM":
            return value
        value = str(value)
    text = value.replace("\x00", "")
    if _NUMBER.fullmatch(text):
        return text
    begins = _FORMULA.match(text)
    end = begins.end() if begins else 0
    return ("'" if begins else "") + text[:end] + _AFTER_CUT.sub(_guarded, text[end:])


def _guarded(between: re.Match) -> str:
    return between[0] + ("'" if any(cut in between[0] for cut in ";\t|") else "")


def safe_csv(frame: pd.DataFrame, path: str | Path, report: Callable | None = None) -> Path:
    """Write a table as csv that is harmless to open: UTF-8 with a mark for Excel, in one step.

    Use it when a person will open the table in a spreadsheet.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is not written.
    path : path
        Replaced if it is there.
    report : callable, optional
        `report(rows, total)`, about twice a second; raise Cancelled in it to stop.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    StorageError
        If it cannot be written; nothing half-written stays.

    Notes
    -----
    About 8 s for a million rows of 9 columns; memory: 50,000 rows at a time.
    """
    def write(file) -> None:
        _header(frame, file)
        for start in range(0, len(frame), _CHUNK):
            if report:
                report(start, len(frame))
            _rows(frame.iloc[start : start + _CHUNK], file)

    return _whole(path, write)


def safe_csv_of(parts: Iterable[pd.DataFrame], path: str | Path) -> Path:
    """The same for a table that is made piece by piece, all with the same columns; only one piece is in memory."""
    def write(file) -> None:
        for number, part in enumerate(parts):
            if not number:
                _header(part, file)
            _rows(part, file)

    return _whole(path, write)


def _whole(path: str | Path, write: Callable) -> Path:
    """Write a file beside it, then put it in its place."""
    path = Path(path)
    beside = ""
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        # surrogates that no file can hold become question marks
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write("\ufeff")
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        files.fsync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        if isinstance(error, OSError):
            raise StorageError(
                "The table could not be written to {path} ({reason}). Free some disk space or choose another folder.",
                path=str(path),
                reason=error.strerror or str(error)[:200],
            ) from error
        raise
    return path


def _header(frame: pd.DataFrame, file) -> None:
    import pandas as pd

    names = [safe(str(name)) for name in frame.columns]
    pd.DataFrame([names]).to_csv(file, header=False, index=False, lineterminator="\r\n")


def _rows(frame: pd.DataFrame, file) -> None:
    _harmless(frame).to_csv(file, header=False, index=False, lineterminator="\r\n")


def _harmless(part: pd.DataFrame) -> pd.DataFrame:
    """The same rows with every cell of text made safe; columns of numbers and dates are left alone."""
    import pandas as pd

    columns = []
    for place in range(part.shape[1]):  # by place: two columns may have one name
        column = part.iloc[:, place]
        if column.dtype.kind not in "biufmM":
            cells = [None if _missing(one) else safe(one) for one in column.tolist()]
            column = pd.Series(cells, index=part.index, dtype=object)
        columns.append(column)
    return pd.concat(columns, axis=1) if columns else part


def _missing(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or (not hasattr(value, "__len__") and value != value)
