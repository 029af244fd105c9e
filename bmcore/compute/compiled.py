"""`compiled`: numba's njit for kernels that let go of Python's lock and stay compiled from one process to the next.

numba notices a change of the file that a function is in, not of the files whose functions it calls, and would go on using the old
machine code. Here the stored code is stamped with the contents of all kernel files beside it, so that a change of any compiles them anew.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit


@functools.cache
def stamp(folder: Path) -> str:
    """Digest of every kernel file of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("kernels_*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def compiled(function: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
    """Decorator, with or without options of njit."""
    if function is None:
        return functools.partial(compiled, **options)
    made = njit(nogil=True, cache=True, **options)(function)
    # a private place of numba's: where it is gone, numba's own stamp stays
    file = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if hasattr(file, "_source_stamp"):
        file._source_stamp = stamp(Path(function.__code__.co_filename).parent)
    return made
