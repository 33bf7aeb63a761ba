"""Cheapest assignment of rows to columns (Kuhn and Munkres, by shortest augmenting paths)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign(cost: NDArray[np.float64]) -> tuple[list[int], float]:
    """For every row its column, and the sum; `cost` (n, m) with n <= m, finite."""
    rows, columns = cost.shape
    if rows > columns:
        raise ValueError("more rows than columns")
    price_row, price = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, dtype=np.intp)  # row of each column, both counted from 1
    for row in range(1, rows + 1):
        owner[0] = row
        column = 0
        least = np.full(columns + 1, np.inf)
        came = np.zeros(columns + 1, dtype=np.intp)
        used = np.zeros(columns + 1, dtype=np.bool_)
        while owner[column]:
            used[column] = True
            here = owner[column]
            reduced = np.full(columns + 1, np.inf)
            reduced[1:] = cost[here - 1] - price_row[here] - price[1:]
            better = ~used & (reduced < least)
            least[better] = reduced[better]
            came[better] = column
            following = int(np.where(used, np.inf, least).argmin())
            step = least[following]
            price_row[owner[used]] += step
            price[used] -= step
            least[~used] -= step
            column = following
        while column:
            before = int(came[column])
            owner[column] = owner[before]
            column = before
    out = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            out[owner[column] - 1] = column - 1
    return out, float(sum(cost[row, column] for row, column in enumerate(out)))
