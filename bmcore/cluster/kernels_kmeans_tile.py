"""The inner loop of K-Means: six rows against a panel of centres, all sums in registers.

A compiler that sees plain loops keeps such sums in memory, which costs two thirds of the speed, so this one loop is written as
vector instructions (LLVM's own, so any processor runs it). The lanes of a vector are centres: rows are read as they lie, in any
order, and never rearranged. Everything else is ordinary numba in the files beside this one.

Scores are |c|^2 / 2 - x.c, which orders centres as distances do and needs no norm of x.
"""

from __future__ import annotations

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

ROWS = 6  # rows of a tile: with two vectors of centres 12 running sums, which is what 16 registers hold
LANES = 16 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 8
PANEL = 2 * LANES  # centres of a panel
AHEAD = 2 * ROWS  # rows asked for before their turn
FAR = np.float32(3e38)  # score of a lane without a centre

_F32, _I8, _I32, _I64 = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
_VECTOR, _INDEX = ir.VectorType(_F32, LANES), ir.VectorType(_I32, LANES)


def panels_of(k: int) -> int:
    """Panels that hold k centres."""
    return -(-k // PANEL)


def _call(builder, name, result, *values):
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [value.type for value in values]), name)
    return builder.call(function, values, fastmath=("nnan",) if "reduce.f" in name else ())  # else it is no single instruction


def _spread(builder, value, vector):
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_I32, 0))
    everywhere = ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), everywhere)


def _load(builder, pointer, offset, kind, align=4):
    at = builder.gep(pointer, [offset])
    return builder.load(builder.bitcast(at, kind.as_pointer()), align=align)


def _sums(builder, rows, panel, start, d, term):
    """Sums over the d columns of `term(x, centre, sum)`, from `start`, a value a vector of the panel: [row][vector] values."""
    vectors = len(start)
    width = ir.Constant(_I64, vectors * LANES)
    before, body, after = builder.block, builder.append_basic_block("sum"), builder.append_basic_block("summed")
    builder.branch(body)
    builder.position_at_end(body)
    t = builder.phi(_I64)
    t.add_incoming(ir.Constant(_I64, 0), before)
    sums = [[builder.phi(_VECTOR) for _ in range(vectors)] for _ in rows]
    line = builder.mul(t, width)
    centres = [_load(builder, panel, builder.add(line, ir.Constant(_I64, v * LANES)), _VECTOR) for v in range(vectors)]
    for row, held in zip(rows, sums, strict=True):
        x = _spread(builder, builder.load(builder.gep(row, [t])), _VECTOR)
        for v, total in enumerate(held):
            total.add_incoming(start[v], before)
            total.add_incoming(term(builder, x, centres[v], total), body)
    following = builder.add(t, ir.Constant(_I64, 1))
    t.add_incoming(following, body)
    builder.cbranch(builder.icmp_signed("<", following, d), body, after)
    builder.position_at_end(after)
    return [[total.incomings[1][0] for total in held] for held in sums]


def _product(builder, x, centre, total):
    return _call(builder, f"llvm.fma.v{LANES}f32", _VECTOR, x, centre, total)


def _square(builder, x, centre, total):
    apart = builder.fsub(x, centre)
    return _call(builder, f"llvm.fma.v{LANES}f32", _VECTOR, apart, apart, total)


def _data(context, builder, kind, value):
    return context.make_array(kind)(context, builder, value).data


def _columns(context, builder, kind, value):
    return builder.extract_value(context.make_array(kind)(context, builder, value).shape, 1)


def _row_pointers(builder, table, order, first, d):
    rows = []
    for r in range(ROWS):
        row = builder.load(builder.gep(order, [builder.add(first, ir.Constant(_I64, r))]))
        rows.append(builder.gep(table, [builder.mul(builder.sext(row, _I64), d)]))
    return rows


@intrinsic
def nearest_two(typing_context, table, order, first, panels, biases, count, best, second, index):
    """Best score, second best score and best centre of rows order[first : first + 6].

    table (n, d) float32; order int32; panels (count, d, PANEL) float32 of -c; biases (count * PANEL,); answers of length 6.
    """
    signature = types.void(table, order, types.int64, panels, biases, types.int64, best, second, index)

    def code(context, builder, signature, arguments):
        kinds = signature.args
        d = _columns(context, builder, kinds[0], arguments[0])
        data = {i: _data(context, builder, kinds[i], arguments[i]) for i in (0, 1, 3, 4, 6, 7, 8)}
        rows = _row_pointers(builder, data[0], data[1], arguments[2], d)
        size = builder.mul(d, ir.Constant(_I64, PANEL))
        state = [[cgutils.alloca_once(builder, kind) for kind in (_VECTOR, _VECTOR, _INDEX)] for _ in rows]
        far = ir.Constant(_VECTOR, [float(FAR)] * LANES)
        for held in state:
            builder.store(far, held[0])
            builder.store(far, held[1])
            builder.store(ir.Constant(_INDEX, [0] * LANES), held[2])
        lanes = ir.Constant(_INDEX, list(range(LANES)))
        with cgutils.for_range(builder, arguments[5], intp=_I64) as loop:
            panel = builder.gep(data[3], [builder.mul(loop.index, size)])
            offset = builder.mul(loop.index, ir.Constant(_I64, PANEL))
            bias = [_load(builder, data[4], builder.add(offset, ir.Constant(_I64, v * LANES)), _VECTOR) for v in range(2)]
            sums = _sums(builder, rows, panel, bias, d, _product)
            for v in range(2):
                here = builder.trunc(builder.add(offset, ir.Constant(_I64, v * LANES)), _I32)
                number = builder.add(_spread(builder, here, _INDEX), lanes)
                for held, totals in zip(state, sums, strict=True):
                    _keep_two(builder, held, totals[v], number)
        for r, held in enumerate(state):
            found = _across(builder, held)
            for i, value in zip((6, 7, 8), found, strict=True):
                builder.store(value, builder.gep(data[i], [ir.Constant(_I64, r)]))
        return context.get_dummy_value()

    return signature, code


def _less(builder, a, b):
    return builder.fcmp_ordered("<", a, b)


def _keep_two(builder, held, score, number):
    """Fold a vector of scores into the best and second best of each lane; an earlier centre wins a tie."""
    first, second, index = (builder.load(at) for at in held)
    better = _less(builder, score, first)
    runner = builder.select(better, first, score)
    builder.store(builder.select(_less(builder, runner, second), runner, second), held[1])
    builder.store(builder.select(better, score, first), held[0])
    builder.store(builder.select(better, number, index), held[2])


def _across(builder, held):
    """Best, second best and index over all lanes."""
    first, second, index = (builder.load(at) for at in held)
    least = f"llvm.vector.reduce.fmin.v{LANES}f32"
    best = _call(builder, least, _F32, first)
    tied = builder.fcmp_ordered("==", first, _spread(builder, best, _VECTOR))
    most = ir.Constant(_INDEX, [2**31 - 1] * LANES)
    winner = _call(builder, f"llvm.vector.reduce.smin.v{LANES}i32", _I32, builder.select(tied, index, most))
    mine = builder.icmp_signed("==", index, _spread(builder, winner, _INDEX))
    mine = builder.and_(mine, tied)
    return best, _call(builder, least, _F32, builder.select(mine, second, first)), winner


@intrinsic
def trial_gains(typing_context, table, order, first, panel, now, weight, gains, gainful):
    """How much nearer LANES candidates are to rows order[first : first + 6] than their nearest centre.

    Distances are sums of squared differences, so equal rows are at exactly zero.

    table (n, d) float32; order int32; panel (d, LANES) float32 of c; now (6,) float32 squared distances so far; weight (6,)
    float32. Adds weight times gain to gains (LANES,) float32; gainful (6,) float32 gets the largest gain of each row.
    """
    signature = types.void(table, order, types.int64, panel, now, weight, gains, gainful)

    def code(context, builder, signature, arguments):
        kinds = signature.args
        d = _columns(context, builder, kinds[0], arguments[0])
        data = {i: _data(context, builder, kinds[i], arguments[i]) for i in (0, 1, 3, 4, 5, 6, 7)}
        none = ir.Constant(_VECTOR, [0.0] * LANES)
        rows = _row_pointers(builder, data[0], data[1], arguments[2], d)
        sums = _sums(builder, rows, data[3], [none], d, _square)
        total = _load(builder, data[6], ir.Constant(_I64, 0), _VECTOR)
        for r, (found,) in enumerate(sums):
            at = ir.Constant(_I64, r)
            before, factor = (_spread(builder, builder.load(builder.gep(data[i], [at])), _VECTOR) for i in (4, 5))
            gain = builder.fsub(before, found)
            gain = builder.select(_less(builder, gain, none), none, gain)
            total = _call(builder, f"llvm.fma.v{LANES}f32", _VECTOR, factor, gain, total)
            most = _call(builder, f"llvm.vector.reduce.fmax.v{LANES}f32", _F32, gain)
            builder.store(most, builder.gep(data[7], [at]))
        builder.store(total, builder.bitcast(data[6], _VECTOR.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature, code


@intrinsic
def fetch(typing_context, table, row):
    """Ask for row `row` of table (n, d) float32 ahead of its use: rows in no order defeat the processor's own guess."""
    signature = types.void(table, types.int64)

    def code(context, builder, signature, arguments):
        d = _columns(context, builder, signature.args[0], arguments[0])
        start = builder.gep(_data(context, builder, signature.args[0], arguments[0]), [builder.mul(arguments[1], d)])
        ask = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32]), "llvm.prefetch.p0"
        )
        line = ir.Constant(_I64, 16)
        lines = builder.udiv(builder.add(d, ir.Constant(_I64, 15)), line)
        with cgutils.for_range(builder, lines, intp=_I64) as loop:
            at = builder.bitcast(builder.gep(start, [builder.mul(loop.index, line)]), _I8.as_pointer())
            builder.call(ask, [at, ir.Constant(_I32, 0), ir.Constant(_I32, 3), ir.Constant(_I32, 1)])
        return context.get_dummy_value()

    return signature, code
