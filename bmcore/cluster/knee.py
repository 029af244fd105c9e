"""Where a curve bends most.

Source: Satopaa, Albrecht, Irwin and Raghavan, Finding a "kneedle" in a haystack (ICDCS workshops 2011), the offline form.
"""

from __future__ import annotations

import numpy as np


def knee(x: np.ndarray, y: np.ndarray) -> int | None:
    """Position of the knee of a rising curve that gets steeper: where it lies farthest below the line between its ends.

    Use it when a curve is flat for long and then shoots up, as sorted k-distances do.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        x increasing, y not decreasing.

    Returns
    -------
    int or None
        None for fewer than three points or a straight or flat line.

    Examples
    --------
    >>> knee(np.arange(6.0), np.array([1.0, 1.0, 1.0, 1.0, 5.0, 9.0]))
    3
    """
    if len(x) < 3 or y[-1] <= y[0]:
        return None
    below = (x - x[0]) / (x[-1] - x[0]) - (y - y[0]) / (y[-1] - y[0])
    at = int(np.argmax(below))
    return at if below[at] > 1e-9 else None
