"""Dates as people write them, whole columns at a time. Day or month first is found from the column, and refused where nothing tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bmcore.data.findings import _some, filled, rows_of
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

_MOST_BAD = 0.2
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
_TIME = r"(?:[T ,]+" + _CLOCK + r" ?(?P<half>[AaPp]\.?[Mm]\.?)?(?P<zone> ?Z| ?UTC| ?GMT| ?[+-]\d{2}:?\d{2})?)?$"
_YEAR_FIRST = r"^(?P<year>\d{4})(?:[-/. ]|年)(?P<month>\d{1,2})(?:[-/. ]|月)(?P<day>\d{1,2})日?" + _TIME
_COMPACT = r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[T ]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?$"
_YEAR_LAST = r"^(?P<first>\d{1,2}) ?(?P<mark>[-/.]) ?(?P<second_part>\d{1,2}) ?[-/.] ?(?P<year>\d{4}|\d{2})" + _TIME
_NAMED = r"^(?:[A-Za-z]{3,9}, )?(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?[ -]?(?P<word>[A-Za-z]{3,9})[ .,-]+(?P<year>\d{4}|\d{2})" + _TIME
_NAMED_US = r"^(?:[A-Za-z]{3,9}, )?(?P<word>[A-Za-z]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})" + _TIME
_MONTHS = {
    name: place for place, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}


@dataclass(frozen=True)
class Dates:
    """A column read as dates.

    Attributes
    ----------
    values : ndarray of shape (n,), datetime64[s]
        NaT where the cell is empty or not a date. A time zone that all cells share is dropped: the clock on the wall counts. Several are
        brought to UTC.
    bad : ndarray of shape (n,), bool
        Filled, but not a date.
    notes : tuple of Message
    """

    values: np.ndarray
    bad: np.ndarray
    notes: tuple[Message, ...] = ()


def read(column: pd.Series, name: str) -> Dates:
    """A column as dates: ISO, 19970101, 31.12.2024, 12/31/2024, 3 May 2024, 2024年5月3日, spreadsheet and Unix numbers.

    Use it when a column should hold dates and a person or a program wrote it.

    Parameters
    ----------
    column : pandas.Series
    name : str
        What messages call it.

    Raises
    ------
    DataError
        If more than a fifth of the filled cells are no dates, if day-first and month-first dates are mixed, or if it cannot be told
        which of the two they are.

    Notes
    -----
    Under 2 s for a million different texts.

    Examples
    --------
    >>> import pandas as pd
    >>> found = read(pd.Series(["31/12/2024 18:30", "01/02/2025", ""]), "date")
    >>> found.values.astype("M8[D]").tolist()
    [datetime.date(2024, 12, 31), datetime.date(2025, 2, 1), None]
    """
    import pandas as pd

    if column.dtype.kind == "M":
        plain = column.dt.tz_localize(None) if getattr(column.dtype, "tz", None) is not None else column
        values = plain.to_numpy(dtype="M8[s]")
        early = values < np.datetime64("1900-01-01", "s")  # what programs write for "no date", such as 0001-01-01
        return Dates(np.where(early, np.datetime64("NaT", "s"), values), early)
    if column.dtype.kind in "iuf":
        given = column.to_numpy(dtype=np.float64, na_value=np.nan)
        values, notes = _from_numbers(given, name)
        return _checked(values, ~np.isnan(given), column, name, notes)
    codes, unique = pd.factorize(column.astype(object).where(filled(column), None))
    values, notes = _texts([_text(one) for one in unique], codes, name)
    return _checked(np.append(values, np.datetime64("NaT", "s"))[codes], codes >= 0, column, name, notes)


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else " ".join(str(value).split())


def _checked(values: np.ndarray, given: np.ndarray, column: pd.Series, name: str, notes: list[Message]) -> Dates:
    import pandas as pd

    bad = given & np.isnat(values)
    rows = rows_of(pd.Series(bad))
    if not given.any():
        raise DataError(
            "Column {column!r} is empty in all {n:,} rows, so it gives no dates. Choose another column.", column=name, n=len(given)
        )
    if len(rows) > _MOST_BAD * given.sum():
        raise DataError(
            "Column {column!r} holds no dates that can be read (row {row}: {example}). Write them as 2024-12-31, or choose another column.",
            column=name,
            row=rows[0],
            example=str(column.iloc[rows[0] - 2])[:40],
        )
    return Dates(values, bad, tuple(notes))


def _texts(texts: list[str], codes: np.ndarray, name: str) -> tuple[np.ndarray, list[Message]]:
    """Each different text by the first pattern that takes it."""
    import pyarrow as pa

    cells = pa.array(texts, pa.string())
    values = np.full(len(texts), np.datetime64("NaT", "s"))
    notes: list[Message] = []
    open_, ahead = np.ones(len(texts), bool), np.zeros(len(texts), np.int64)
    for pattern in (_YEAR_FIRST, _COMPACT, _YEAR_LAST, _NAMED, _NAMED_US):
        if not open_.any():
            break
        parts, hit = _parts(cells, pattern)
        hit &= open_
        if not hit.any():
            continue
        if pattern is _YEAR_LAST:
            _order(parts, hit, texts, codes, name, notes)
        if "word" in parts:
            parts["month"] = np.array([_MONTHS.get(word[:3].lower(), 0) for word in parts["word"]])
        found = _assemble(parts)
        values[hit] = found[hit]
        if "zone" in parts:
            ahead[hit] = [_minutes(zone) for zone in parts["zone"][hit]]
        open_ &= np.isnat(values)
    if open_.all() and len(texts):
        return _from_numbers(_as_numbers(texts), name)
    if len(set(ahead[~open_].tolist())) > 1:  # the clocks on the walls do not tell what came first
        values -= (60 * ahead).astype("m8[s]")
        notes.append(Message("The times of column {column!r} are of several time zones; all were brought to UTC.", column=name))
    return values, notes


def _minutes(zone: str) -> int:
    """How far a clock of this zone is ahead of UTC: "+02:00" is 120, "Z" and none are 0."""
    digits = zone.strip().lstrip("+-").replace(":", "")
    return (-1 if "-" in zone else 1) * (60 * int(digits[:2]) + int(digits[2:])) if digits.isdigit() else 0


def _parts(cells, pattern: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The named groups of a pattern; words stay words, all else becomes whole numbers (0 where absent)."""
    import pyarrow.compute as pc

    found = pc.extract_regex(cells, pattern)
    hit = found.is_valid().to_numpy(zero_copy_only=False)
    parts = {}
    for field in found.type:
        part = pc.fill_null(pc.struct_field(found, field.name), "")
        if field.name in ("word", "mark", "half", "zone"):
            parts[field.name] = part.to_numpy(zero_copy_only=False)
        else:
            parts[field.name] = pc.if_else(pc.equal(part, ""), "0", part).cast("int64").to_numpy(zero_copy_only=False)
        if field.name == "year":
            parts["short"] = pc.equal(pc.utf8_length(part), 2).to_numpy(zero_copy_only=False)
    return parts, hit


def _order(parts: dict, hit: np.ndarray, texts: list[str], codes: np.ndarray, name: str, notes: list[Message]) -> None:
    """Decide which of two numbers is the day."""
    first, second = parts.pop("first"), parts.pop("second_part")
    if _year_leads(parts, first, second, hit, texts, codes, name):
        parts["day"], parts["month"], parts["year"] = parts["year"], second, first
        notes.append(Message("The dates of column {column!r} were read as {order}.", column=name, order=Message("year, month, day")))
        return
    day_first, month_first = hit & (first > 12) & (second <= 12), hit & (second > 12) & (first <= 12)
    if day_first.any() and month_first.any():
        one, other = int(day_first.argmax()), int(month_first.argmax())
        raise DataError(
            "Column {column!r} mixes dates with the day first ({first}, row {row}) and with the month first ({second}, row {other}), so "
            "the others cannot be told apart. Write all of them as 2024-12-31.",
            column=name,
            first=texts[one],
            row=_row(codes, one),
            second=texts[other],
            other=_row(codes, other),
        )
    dotted = hit & (parts["mark"] == ".")
    if not day_first.any() and not month_first.any() and (hit & ~dotted & (first != second)).any():
        example = int((hit & ~dotted & (first != second)).argmax())
        raise DataError(
            "It cannot be told whether {example} in column {column!r} (row {row}) has the day or the month first: no date of the column "
            "has a number above 12 there. Write the dates as 2024-12-31.",
            example=texts[example],
            column=name,
            row=_row(codes, example),
        )
    days_lead = not month_first.any()
    parts["day"], parts["month"] = (first, second) if days_lead else (second, first)
    way = Message("day, month, year") if days_lead else Message("month, day, year")
    notes.append(Message("The dates of column {column!r} were read as {order}.", column=name, order=way))


def _year_leads(
    parts: dict, first: np.ndarray, second: np.ndarray, hit: np.ndarray, texts: list[str], codes: np.ndarray, name: str
) -> bool:
    """Whether a column of dates with two-digit years has the year first, as in 98/10/03; refused where nothing tells."""
    short, last = hit & parts["short"], parts["year"]
    if not short.any() or (hit & ~short).any() or (short & ((last > 31) | (last == 0) | ((second > 12) & (first <= 12)))).any():
        return False  # some date can only end with its year
    if ((first > 31) | (first == 0))[short].mean() > 0.5:
        return True
    doubtful = short & (parts["mark"] != ".")  # with points the day leads, by custom
    if not doubtful.any():
        return False
    example = int(doubtful.argmax())
    raise DataError(
        "It cannot be told which part of {example} in column {column!r} (row {row}) is the year. Write years with four digits, such as "
        "2024-12-31.",
        example=texts[example],
        column=name,
        row=_row(codes, example),
    )


def _row(codes: np.ndarray, code: int) -> int:
    return int((codes == code).argmax()) + 2


def _assemble(parts: dict[str, np.ndarray]) -> np.ndarray:
    """Numbers to datetime64[s]; what is not in the calendar becomes NaT."""
    year, month, day = parts["year"], parts["month"], parts["day"]
    year = np.where(parts.get("short", False), np.where(year < 69, 2000, 1900) + year, year)
    good = (year >= 1900) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = (np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1
    start = months.astype("M8[M]")
    date = start.astype("M8[D]") + (np.where(good, day, 1) - 1)
    good &= date.astype("M8[M]") == start  # no 30 February
    hour = parts.get("hour", np.zeros(len(year), np.int64))
    if "half" in parts:
        half = np.char.lower(np.char.replace(parts["half"].astype(str), ".", ""))
        hour = np.where(half == "pm", hour % 12 + 12, np.where(half == "am", hour % 12, hour))
    seconds = hour * 3600 + parts.get("minute", 0) * 60 + parts.get("second", 0)
    good &= hour < 24
    return np.where(good, date.astype("M8[s]") + seconds.astype("m8[s]"), np.datetime64("NaT", "s"))


def _as_numbers(texts: list[str]) -> np.ndarray:
    import pandas as pd

    return pd.to_numeric(pd.Series(texts, dtype="str"), errors="coerce").to_numpy(dtype=np.float64)


def _from_numbers(given: np.ndarray, name: str) -> tuple[np.ndarray, list[Message]]:
    """Numbers as dates, if they all lie where one way of counting puts the years 1900 to 2200."""
    values = np.full(len(given), np.datetime64("NaT", "s"))
    filled_ = np.isfinite(given)
    if not filled_.any():
        return values, []
    middle = float(np.median(given[filled_]))
    whole = np.where(filled_ & (np.abs(given) < 9e18), given, 0)
    if 19_000_101 <= middle <= 22_001_231:
        number = whole.astype(np.int64)
        parts = {"year": number // 10_000, "month": number // 100 % 100, "day": number % 100}
        return np.where(filled_, _assemble(parts), values), []
    if 20_000 <= middle <= 80_000:
        seconds, what = (whole - 25_569) * 86_400, Message("days since 1900, as spreadsheets count")
    else:
        unit = next((unit for unit in (1, 1e3, 1e6, 1e9) if 3e8 <= middle / unit <= 4.2e9), None)
        if unit is None:
            return values, []
        seconds, what = whole / unit, Message("seconds since 1970, as computers count")
    good = filled_ & (seconds > -2.2e9) & (seconds < 7.3e9)
    values[good] = np.round(seconds[good]).astype(np.int64).astype("M8[s]")
    return values, [Message("The numbers of column {column!r} were read as {what}.", column=name, what=what)]


def left_out(mask: np.ndarray, name: str) -> list[Message]:
    """A note on the rows whose cell is no date."""
    import pandas as pd

    rows = rows_of(pd.Series(mask))
    if not rows:
        return []
    return [
        Message(
            "Column {column!r} holds no date that can be read in {n:,} rows ({rows}); they are left out.",
            column=name,
            n=len(rows),
            rows=_some(rows),
        )
    ]
