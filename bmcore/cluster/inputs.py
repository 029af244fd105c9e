"""A table as it comes (numpy, pandas, lists, torch) to a float array, or an error that names the row, the column and a remedy.

    table = inputs.table_of(X, "KMeans")        # table.X: (n, d) float32 or float64, C order, finite; table.names, table.index

float32 and float64 are kept, everything else becomes float64. No copy is made of a C-ordered float array. Arrays are only read.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.cluster import torch_pick
from bmcore.errors import DataError, DataTypeError

ROWS_AT_ONCE = 65536
LARGEST = 1e150  # the square of a larger number, summed, may leave float64


@dataclass
class Table:
    """A checked table."""

    X: Any  # (n, d) float32 or float64, C order; a tensor on a graphics card stays one, a sparse table is CSR
    names: np.ndarray | None = None  # (d,) object: the column names, if all of them are text
    index: Any = None  # the frame's index, to label rows of an answer


def table_of(X: Any, estimator: str, *, columns: int | None = None, device: str = "cpu", sparse: bool = False) -> Table:
    """Check a table.

    Parameters
    ----------
    X : (n, d) array, DataFrame, tensor or list of rows
    estimator : str
        Who asks, for the sentences.
    columns : int, optional
        How many columns were learned; a different number is refused.
    device : str
        Unless it is "cpu", a tensor on a graphics card is left there.
    sparse : bool
        Whether a sparse table of scipy is taken.

    Raises
    ------
    DataError
        Not a table, empty, not numbers, NaN, infinite or beyond 1e150, two columns of one name, or the wrong number of columns.
    """
    if sparse and _is_sparse(X) and not _is_tensor(X):
        return Table(_rows(X, estimator, columns))
    if _is_sparse(X):
        raise DataTypeError(
            "{estimator} takes no sparse table. Give X.{dense} if it fits in memory, or reduce it first, as with TruncatedSVD.",
            estimator=estimator, dense="to_dense()" if _is_tensor(X) else "toarray()",
        )
    names, index = _labels(X)
    stays = torch_pick.stays(X, device)
    array = X.detach() if stays else _array(X, names)
    if array.ndim != 2:
        raise DataError(
            "The table has {ndim} dimensions instead of 2. Reshape your data: X.reshape(-1, 1) makes rows of a single column, "
            "X.reshape(1, -1) makes a single row.",
            ndim=array.ndim,
        )
    _check_shape(array, estimator, columns)
    if stays:
        from bmcore.cluster.torch_table import clean

        array = clean(array)
        low, high = array.aminmax()
        if max(-float(low), float(high)) > LARGEST:
            check_finite(array.cpu().numpy())
        return Table(array, names, index)
    if array.dtype not in (np.float32, np.float64):
        array = _floats(array, names)
    array = np.ascontiguousarray(array)
    check_finite(array, names)
    return Table(array, names, index)


def check_finite(array: np.ndarray, names: np.ndarray | None = None) -> None:
    """Raise DataError for the first NaN, infinity or number beyond LARGEST. A small sum proves the array clean without a second one."""
    with np.errstate(all="ignore"):
        # no float32 is beyond LARGEST, but its squares may be beyond float32
        flat = array.ravel()
        if np.isfinite(array.sum(dtype=np.float64)) if array.dtype == np.float32 else np.vdot(flat, flat) <= LARGEST**2:
            return
    for start in range(0, len(array), ROWS_AT_ONCE):
        bad = np.argwhere(unusable(array[start : start + ROWS_AT_ONCE]))
        if len(bad):
            row, column = int(bad[0][0]) + start, int(bad[0][1])
            if np.isfinite(array[row, column]):
                _refuse_huge(row, column, names, f"{array[row, column]:.4g}")
            raise DataError(
                "Row {row}, column {column} is {value}. NaN (a missing cell) and inf cannot be placed: drop the row, or fill the cell "
                "with the column's median.",
                row=row, column=column_name(column, names), value=_shown(array[row, column]),
            )


def unusable(array: np.ndarray) -> np.ndarray:
    """Which cells are NaN, infinite or beyond LARGEST: bool, of the array's shape."""
    # LARGEST itself would become infinite beside float32
    return ~(np.abs(array) <= min(LARGEST, float(np.finfo(array.dtype).max)))


def column_name(column: int, names: np.ndarray | None) -> str:
    """A column as the user knows it: its name in quotes, or its number."""
    return repr(str(names[column])) if names is not None else str(column)


def _check_shape(array: np.ndarray, estimator: str, columns: int | None) -> None:
    n, d = array.shape
    if n == 0:
        raise DataError("The table has no rows: 0 sample(s). {estimator} needs at least 1 row.", estimator=estimator)
    if d == 0:
        raise DataError(
            "The table has no columns: 0 feature(s) (shape=({n}, 0)) while a minimum of 1 is required. "
            "Choose at least one column of numbers.",
            n=n,
        )
    if columns is not None and d != columns:
        raise DataError(
            "X has {n} features, but {estimator} is expecting {expected} features as input. Give the columns that fit saw.",
            n=d, estimator=estimator, expected=columns,
        )


def _rows(X: Any, estimator: str, columns: int | None) -> Any:
    """A sparse table as CSR, every cell that it holds checked."""
    if X.ndim != 2:
        raise DataError("The sparse table has {ndim} dimensions instead of 2. Give rows and columns.", ndim=X.ndim)
    _check_shape(X, estimator, columns)
    rows = X.tocsr()
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.copy() if rows is X else rows
        rows.data = _floats(rows.data, None)
    if unusable(rows.data).any():
        cells = rows.tocoo()
        bad = int(np.flatnonzero(unusable(cells.data))[0])
        raise DataError(
            "Row {row}, column {column} is {value}. NaN (a missing cell) and inf cannot be placed: drop the row, or fill the cell "
            "with the column's median.",
            row=int(cells.row[bad]), column=str(int(cells.col[bad])), value=_shown(cells.data[bad]),
        )
    return rows


def _array(X: Any, names: np.ndarray | None) -> np.ndarray:
    """A numpy array of whatever type."""
    if _is_tensor(X):
        X = X.detach().cpu()
        return (X if X.dtype.is_floating_point and X.dtype.itemsize > 2 else X.float() if X.dtype.is_floating_point else X).numpy()
    if hasattr(X, "to_numpy") and hasattr(X, "columns"):
        # pandas' own missing value cannot be cast as an object
        kinds = {getattr(kind, "kind", "O") for kind in getattr(X, "dtypes", [])}
        if kinds and kinds <= set("fiub") and hasattr(X, "isna"):
            return X.to_numpy(dtype=_frame_dtype(X), na_value=np.nan)
        return X.to_numpy()
    try:
        return np.asarray(X)
    except ValueError:
        raise DataError("The rows of the table differ in length. Give every row the same number of cells.") from None


def _frame_dtype(frame: Any) -> np.dtype:
    return np.dtype(np.float32) if all(kind == np.float32 for kind in frame.dtypes) else np.dtype(np.float64)


def _floats(array: np.ndarray, names: np.ndarray | None) -> np.ndarray:
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported. Give the real and the imaginary part as two columns.")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    for row, column in np.ndindex(array.shape):
        value = array[row, column]
        try:
            float(value)
        except ValueError:
            _refuse_text(DataError, row, column, names, value)
        except TypeError:
            _refuse_text(DataTypeError, row, column, names, value)
        except OverflowError:
            _refuse_huge(row, column, names, "beyond 1e308")
    raise DataError("The table does not hold numbers.")


def _refuse_huge(row: int, column: int, names: np.ndarray | None, value: str) -> None:
    raise DataError(
        "Row {row}, column {column} is {value}. Distances are computed for numbers from -1e150 to 1e150: divide this column by a large "
        "number, or drop the row if it is a mistake.",
        row=row, column=column_name(column, names), value=value,
    ) from None


def _refuse_text(error: type[DataError], row: int, column: int, names: np.ndarray | None, value: Any) -> None:
    raise error(
        "Row {row}, column {column} holds {value}. An argument must be a number, or a string that reads as a real number: "
        "leave this column out, or turn it into numbers first.",
        row=row, column=column_name(column, names), value=repr(value)[:80],
    ) from None


def _labels(X: Any) -> tuple[np.ndarray | None, Any]:
    columns = getattr(X, "columns", None)
    if columns is None or not hasattr(X, "dtypes"):
        return None, None
    names = list(columns)
    check_distinct(names)
    texts = [isinstance(name, str) for name in names]
    if any(texts) and not all(texts):
        raise DataTypeError("Some column names are text and some are not. Make all of them text: X.columns = X.columns.astype(str).")
    return (np.array(names, dtype=object) if names and all(texts) else None), getattr(X, "index", None)


def check_distinct(names: list) -> None:
    """Raise DataError for the first column name that comes twice."""
    seen = set()
    for name in names:
        if name in seen:
            raise DataError(
                "The table has more than one column named {column!r}. Rename them, or leave out all but one.", column=str(name)[:100]
            )
        seen.add(name)


def _shown(value: Any) -> str:
    return "NaN" if np.isnan(value) else f"{value:.4g}"


def _is_tensor(X: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(X, torch.Tensor)


def _is_sparse(X: Any) -> bool:
    if _is_tensor(X):
        return X.layout != sys.modules["torch"].strided
    return hasattr(X, "toarray") and hasattr(X, "nnz")
