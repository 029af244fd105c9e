"""Parquet tables, counted before they are unpacked."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc

from bmcore.data import columns
from bmcore.errors import DataError
from bmcore.messages import Message

MAX_UNPACKED = 80 * 2**20
_BATCH = 4_096


def read(content: bytes, name: str, notes: list[Message]) -> pa.Table:
    """The table; text, numbers and switches as they are, other kinds as text, binary columns left out.

    Raises
    ------
    DataError
        If the file is cut or damaged, or unpacks to too much.
    """
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(content))
        schema = file.schema_arrow
        columns.check_size(file.metadata.num_rows, len(schema.names), name)
        texts = [field.name for field in schema if _is_text(field.type)]
        file = parquet.ParquetFile(pa.BufferReader(content), read_dictionary=texts)
        return _collect(file, name, notes)
    except (pa.ArrowException, OSError, ValueError, MemoryError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            "{name} is a cut or damaged Parquet file ({reason}). Write or download it again.", name=name, reason=str(error)[:120]
        ) from error


def _collect(file, name: str, notes: list[Message]) -> pa.Table:
    schema = file.schema_arrow
    keep = [place for place, field in enumerate(schema) if not _holds_binary(field.type)]
    for place, field in enumerate(schema):
        if place not in keep:
            notes.append(Message("Column {column!r} holds pictures or other binary data and was left out.", column=field.name[:200]))
    if not keep:
        raise DataError("{name} has no column of texts or numbers. Give a table with a column of texts.", name=name)
    names = columns.header([schema[place].name for place in keep], notes)
    batches, total = [], 0
    for batch in file.iter_batches(_BATCH):
        total += sum(_unpacked_size(batch.column(place)) for place in keep)
        if total > MAX_UNPACKED:
            raise DataError(
                "{name} unpacks to more than {most} MB; row {row} is as far as that goes. Keep fewer rows or columns.",
                name=name,
                most=MAX_UNPACKED // 2**20,
                row=sum(done.num_rows for done in batches) + 2,
            )
        batches.append(pa.RecordBatch.from_arrays([_as_kind(batch.column(place)) for place in keep], names=names))
    table = pa.Table.from_batches(batches) if batches else pa.table({column: pa.array([], pa.string()) for column in names})
    columns.check_size(table.num_rows, table.num_columns, name)
    columns.check_cells(table, name)
    return table


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _holds_binary(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_binary(kind.value_type)
    if pa.types.is_nested(kind):
        return any(_holds_binary(kind.field(place).type) for place in range(kind.num_fields))
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)


def _unpacked_size(column: pa.Array) -> int:
    """Bytes after the dictionary is resolved: a long text stored once may be meant a million times."""
    if pa.types.is_dictionary(column.type) and (_is_text(column.type.value_type)):
        lengths = pc.binary_length(column.dictionary).cast(pa.int64())
        return (pc.sum(lengths.take(column.indices)).as_py() or 0) + 8 * len(column)
    return column.nbytes


def _as_kind(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if _is_text(kind):
        return pc.if_else(pc.equal(column, ""), pa.scalar(None, kind), column).cast(pa.string())
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_nested(kind):
        return pa.array(
            [None if cell is None else json.dumps(cell, ensure_ascii=False, default=str) for cell in column.to_pylist()], pa.string()
        )
    return column.cast(pa.string()) if not pa.types.is_null(kind) else pa.nulls(len(column), pa.string())
