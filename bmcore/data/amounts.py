"""Numbers as people write them: currency signs, decimal commas, thousands marks, returns in brackets.

What a mark means is decided from the whole column, never from one cell; where the column does not tell, it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bmcore.data.findings import _some, filled, rows_of
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

LARGEST = 1e100  # beyond it a square would overflow
_CURRENCY = (
    r"(?i)((?:US|HK|NT|CA|AU|NZ|R|C|A|S)?\$|[€£¥￥₹₽₩₺₫฿₴₦元円]|"
    r"(?<![a-z])(?:usd|eur|gbp|cny|rmb|jpy|chf|inr|aud|cad|hkd|sek|nok|dkk|pln|brl|kr\.?|rs\.?)(?![a-z])|zł)"
)
_EMPTY = {"-", "–", "—", "?", ".", "n/a", "na", "nan", "none", "null", "#n/a", "#null!", "#div/0!", "nil", "unknown"}
_INFINITE = r"^[+-]?(?i:inf|infinity|∞)$"
_PLAIN = r"^[+-]?\d+([eE][+-]?\d{1,6})?$"
# no group of thousands begins with 0, so 0.125 has one meaning; 12,34,567 is how India writes thousands
_POINT = r"^[+-]?(([1-9]\d{0,2}(,\d{3})+|[1-9]\d?(,\d{2})+,\d{3}|\d+)(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?$"  # the point is the decimal mark
_COMMA = r"^[+-]?([1-9]\d{0,2}(\.\d{3})+|\d*)(,\d*)?$"  # the comma is


@dataclass(frozen=True)
class Amounts:
    """A column read as numbers.

    Attributes
    ----------
    values : ndarray of shape (n,), float64
        NaN where the cell is empty or not a number.
    bad : ndarray of shape (n,), bool
        Filled, but not a number.
    decimal : str
        "." or ",".
    codes : bool
        Some cell is written with leading zeros, as identifiers are.
    notes : tuple of Message
    """

    values: np.ndarray
    bad: np.ndarray
    decimal: str = "."
    codes: bool = False
    notes: tuple[Message, ...] = ()


def read(column: pd.Series, name: str, decimal: str | None = None) -> Amounts:
    """A column as numbers.

    Use it when a column should hold numbers and a person wrote it.

    Parameters
    ----------
    column : pandas.Series
        Numbers, or text.
    name : str
        What messages call it.
    decimal : {".", ","}, optional
        The decimal mark, if it is known; by default it is found.

    Raises
    ------
    DataError
        If a number is infinite or beyond 1e100, if currencies are mixed, or if it cannot be told what a mark means.

    Notes
    -----
    About 1 s for a million different texts; numbers cost nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> found = read(pd.Series(["€ 1.234,50", "7,20", "(3,00)", "n/a"]), "price")
    >>> found.values.tolist(), found.decimal
    ([1234.5, 7.2, -3.0, nan], ',')
    """
    if column.dtype.kind in "iufb":
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        _finite(values, name)
        return Amounts(values, np.zeros(len(values), bool))
    return _texts(column, name, decimal)


def _texts(column: pd.Series, name: str, decimal: str | None) -> Amounts:
    import pandas as pd

    codes, unique = pd.factorize(column.astype(object).where(filled(column), None))
    if not len(unique):
        return Amounts(np.full(len(codes), np.nan), np.zeros(len(codes), bool))
    given = pd.Series([" ".join(str(one).split()) for one in unique], dtype="str")
    text, signs = _bare(given)
    _one_currency(signs, codes, name)
    empty = text.str.lower().isin(_EMPTY).to_numpy(bool)
    endless = text.str.match(_INFINITE).to_numpy(bool)
    digit = text.str.contains(r"\d").to_numpy(bool)
    as_point = text.str.match(_POINT).to_numpy(bool) & digit
    as_comma = text.str.match(_COMMA).to_numpy(bool) & digit
    mark = decimal or _mark(text, as_point, as_comma, bool((signs != "").any()), codes, name)
    good = as_point if mark == "." else as_comma
    values = np.full(len(text), np.nan)
    values[endless] = np.inf
    values[good] = _numbers(text[good], mark)
    _finite(values[codes] if (codes >= 0).all() else np.where(codes >= 0, values[codes], np.nan), name)
    bad = ~(good | empty | endless)
    spread = np.append(values, np.nan), np.append(bad, False)  # the code of an empty cell is -1
    zeros = bool(text.str.match(r"^0\d+$").any())
    doubtful = as_point & as_comma & ~text.str.match(_PLAIN).to_numpy(bool) & (not (as_point ^ as_comma).any())
    grouped = good & (doubtful | text.str.contains("," if mark == "." else ".", regex=False).to_numpy(bool))
    told = _understood(given, values, grouped if grouped.any() else good & (text != given).to_numpy(bool), name)
    return Amounts(spread[0][codes], spread[1][codes], mark, zeros, told)


def _bare(given: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Texts without currency, spaces and brackets, and the currency of each."""
    signs = given.str.extract(_CURRENCY, expand=False).fillna("").str.upper()
    text = given.where(signs == "", given.str.replace(_CURRENCY, "", regex=True, n=1))
    signs = signs.str.rstrip(".").str.replace("￥", "¥", regex=False)
    text = text.str.replace("−", "-", regex=False).str.strip().str.removesuffix("%").str.strip()
    bracket = text.str.match(r"^\(.*\)$") | text.str.match(r"^[\d.,' ]+-$")
    text = text.where(~bracket, "-" + text.str.strip("()-").str.strip())
    grouped = text.str.match(r"^[+-]? ?[1-9]\d{0,2}([ '’]\d{3})+([.,]\d*)?$")
    text = text.where(~grouped, text.str.replace(r"[ '’]", "", regex=True))
    return text.str.replace(r"^([+-]) +", r"\1", regex=True), signs


def _numbers(text: pd.Series, mark: str) -> np.ndarray:
    text = text.str.replace("," if mark == "." else ".", "", regex=False)
    return (text if mark == "." else text.str.replace(",", ".", regex=False)).astype(np.float64).to_numpy()


def _one_currency(signs: pd.Series, codes: np.ndarray, name: str) -> None:
    kinds = [sign for sign in signs.unique() if sign]
    if len(kinds) < 2:
        return
    rows = [_row(codes, int((signs == sign).to_numpy(bool).argmax())) for sign in kinds[:2]]
    raise DataError(
        "Column {column!r} mixes currencies: {first} in row {row} and {second} in row {other}. Convert all amounts to one of them.",
        column=name,
        first=kinds[0],
        row=rows[0],
        second=kinds[1],
        other=rows[1],
    )


def _mark(text: pd.Series, as_point: np.ndarray, as_comma: np.ndarray, money: bool, codes: np.ndarray, name: str) -> str:
    """Which mark is the decimal one, from the cells that can be read in one way only."""
    point, comma = as_point & ~as_comma, as_comma & ~as_point
    if point.any() and comma.any():
        raise DataError(
            "Column {column!r} is written in two ways: {first} in row {row} has another decimal mark than {second} in row {other}. Write "
            "all numbers with a point, such as 1234.50.",
            column=name,
            first=text.iloc[int(point.argmax())],
            row=_row(codes, int(point.argmax())),
            second=text.iloc[int(comma.argmax())],
            other=_row(codes, int(comma.argmax())),
        )
    if point.any() or comma.any():
        return "." if point.any() else ","
    plain = text.str.match(_PLAIN).to_numpy(bool)
    either = as_point & as_comma & ~plain
    if not either.any():
        return "."
    commas = text[either].str.contains(",", regex=False)
    if not commas.any():
        return "," if money else "."  # prices have no three decimals; weights have, and a point is how programs write them
    small = plain.any() and np.abs(text[plain].astype(np.float64)).max() < 1000
    if (money or small) and commas.all():
        return "."
    raise DataError(
        "In column {column!r} it cannot be told whether {example} in row {row} is about one or about a thousand. Write the numbers "
        "without marks for thousands and with a point for decimals.",
        column=name,
        example=text.iloc[int(either.argmax())],
        row=_row(codes, int(either.argmax())),
    )


def _row(codes: np.ndarray, code: int) -> int:
    """The spreadsheet row where a value occurs first."""
    return int((codes == code).argmax()) + 2


def _understood(given: pd.Series, values: np.ndarray, changed: np.ndarray, name: str) -> tuple[Message, ...]:
    """One sentence on how the text was read, where it could have been read otherwise."""
    marked = changed | (given.str.contains(",", regex=False).to_numpy(bool) & np.isfinite(values))
    if not marked.any():
        return ()
    place = int((marked * np.abs(np.nan_to_num(values, posinf=0, neginf=0))).argmax())
    value = float(values[place])
    return (Message("Column {column!r} was read as numbers: {text} is {value:,}.", column=name, text=given.iloc[place][:40], value=value),)


def _finite(values: np.ndarray, name: str) -> None:
    with np.errstate(invalid="ignore"):
        wrong = np.abs(values) > LARGEST
    if wrong.any():
        import pandas as pd

        rows = rows_of(pd.Series(wrong))
        raise DataError(
            "Column {column!r} holds numbers that are infinite or too large to use (row {rows}). Correct those cells or empty them.",
            column=name,
            rows=_some(rows),
        )
