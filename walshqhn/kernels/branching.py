"""Branch and bound on an Ising Hamiltonian of any degree, spins fixed in a given order, depth first."""

import numpy as np
from numba import types

from walshqhn.kernels.compiler import const, inner, kernel

_INT = types.int64


@inner
def _bounds(depth, fields, crossed, free, dolls, open_terms, half_open):
    """A lower bound of what the spins from ``depth`` on add."""
    plain, doll = -open_terms[depth], free[depth] - half_open[depth]
    for v in range(depth, fields.size):
        plain -= abs(fields[v] + crossed[v])
        doll -= abs(crossed[v])
    return max(plain, doll) if dolls else plain


@kernel(
    "minimum",
    lambda t: types.boolean(
        const(t), const(t), const(_INT), const(_INT), const(_INT), const(_INT), const(t), const(t), const(t), _INT,
        t, _INT, t[::1], t[::1], types.int8[::1], _INT[::1], t[:, ::1], t[::1],
    ),
)  # fmt: skip
def branch(
    fields, values, starts, spots, folds, folded, free, open_terms, half_open, first, slack, nodes,
    best, best_spins, tried, where, crossed, energy,
):  # fmt: skip
    """Go on with the search of the spins ``first``, ``first`` + 1, ... for ``nodes`` nodes; whether it is complete.

    Spins are numbered by their order. Term t of degree 2 or more acts on ``spots[starts[t]:starts[t + 1]]``, ascending;
    ``folded[folds[v]:folds[v + 1]]`` are the terms of which v is the last spin but one: with v fixed, they are fields.
    At every depth d, ``free[d]`` is the least energy of terms on spins from d on, and infinity counts as unknown;
    ``open_terms[d]`` is the sum of the |values| of terms with two spins or more from d on, ``half_open[d]`` of those of
    them that have others, too. The rest is the state: the depth ``where[0]``, spins tried there (0, 1, 2 of them),
    the sum of fields that fixed spins cause and the energy at each depth. ``best[0]`` and ``best_spins`` are the best
    so far; what is not lower by more than ``slack`` is left out.
    """
    n, dolls = fields.size, free[first + 1] > -np.inf
    spins, depth = np.empty(n), where[0]
    for v in range(first, n):
        spins[v] = energy[n + 1 + v]
    for _ in range(nodes):
        if depth < first:
            where[0] = depth
            return True
        if tried[depth] == 2:
            tried[depth] = 0
            depth -= 1
            continue
        field = fields[depth] + crossed[depth, depth]
        spin = -1.0 if field > 0.0 else 1.0
        if tried[depth] == 1:
            spin = -spin
        tried[depth] += 1
        spins[depth] = spin
        total = energy[depth] + spin * field
        if depth == n - 1:
            if total < best[0] - slack:
                best[0] = total
                for v in range(first, n):
                    best_spins[v] = spins[v]
            continue
        row, following = crossed[depth], crossed[depth + 1]
        for v in range(depth + 1, n):
            following[v] = row[v]
        for i in range(folds[depth], folds[depth + 1]):
            t = folded[i]
            if spots[starts[t]] < first:
                continue
            value = values[t]
            for k in range(starts[t], starts[t + 1] - 1):
                value *= spins[spots[k]]
            following[spots[starts[t + 1] - 1]] += value
        bound = total + _bounds(depth + 1, fields, following, free, dolls, open_terms, half_open)
        if bound < best[0] - slack:
            depth += 1
            energy[depth] = total
            tried[depth] = 0
    where[0] = depth
    for v in range(first, n):
        energy[n + 1 + v] = spins[v]
    return False
