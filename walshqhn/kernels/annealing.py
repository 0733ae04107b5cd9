"""Simulated annealing on a table, with single-bit flips and the Metropolis rule."""

import math

from numba import types

from walshqhn.kernels.compiler import const, kernel


@kernel(
    "annealing",
    lambda t: types.Tuple((t, types.int64))(const(t), types.int64, const(types.int64), const(t), const(t)),
)
def anneal(table, start, flips, uniforms, temperatures):
    """The lowest cost visited from configuration ``start`` on, and its configuration: (cost, index).

    Step t proposes to flip bit ``flips[t]`` at temperature ``temperatures[t]`` and accepts an increase d if
    ``uniforms[t]`` < exp(-d / temperature).
    """
    x = start
    cost = table[x]
    best, best_x = cost, x
    for t in range(flips.size):
        y = x ^ (1 << flips[t])
        increase = table[y] - cost
        if increase <= 0 or uniforms[t] < math.exp(-increase / temperatures[t]):
            x, cost = y, table[y]
            if cost < best:
                best, best_x = cost, x
    return best, best_x
