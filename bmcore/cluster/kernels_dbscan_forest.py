"""Sets that many threads merge at once: a union-find whose links are single compare-and-swap instructions.

Every element points at one with a smaller number or at itself (a root). Only a root's pointer is contended, and it changes once,
by compare-and-swap; shortening a path writes another ancestor of the same set, so a lost write costs time and never correctness.
"""

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bmcore.compute.compiled import compiled


@intrinsic
def swap_if(typing_context, array, index, expected, new):
    """Atomically: if array[index] == expected, store `new` and return True."""

    def code(context, builder, signature, args):
        kind = signature.args[0]
        held = context.make_array(kind)(context, builder, args[0])
        place = cgutils.get_item_pointer(context, builder, kind, held, [args[1]], wraparound=False)
        before, after = (context.cast(builder, args[at], signature.args[at], kind.dtype) for at in (2, 3))
        return builder.extract_value(builder.cmpxchg(place, before, after, "acq_rel", "acquire"), 1)

    return types.boolean(array, types.intp, types.intp, types.intp), code


@compiled(inline="always")
def find(parent, x):
    """The root of x, halving the path to it."""
    while True:
        up = parent[x]
        if up == x:
            return x
        above = parent[up]
        if above == up:
            return up
        parent[x] = above
        x = above


@compiled
def unite(parent, a, b):
    """Merge the sets of a and b: the larger root is hung below the smaller, so that no two links form a circle."""
    while True:
        a, b = find(parent, a), find(parent, b)
        if a == b:
            return
        if a < b:
            a, b = b, a
        if swap_if(parent, a, a, b):
            return
