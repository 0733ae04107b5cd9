"""Simulated annealing on a table: one bit flipped at a time, accepted by Metropolis' rule."""

import math

from numba import types

from walshqhn.kernels.compiler import const, kernel


@kernel(
    "annealing",
    lambda t: types.Tuple((t, types.int64))(const(t), types.int64, const(types.int64), const(t), const(t)),
)
def anneal(table, start, flips, uniforms, temperatures):
    """Least cost on the way from configuration ``start``, and where: (cost, index).

    Step t proposes to flip bit ``flips[t]`` at temperature ``temperatures[t]`` and accepts an
    increase d where ``uniforms[t]`` < exp(-d / temperature).
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
