"""Searches by flips of single spins on an Ising Hamiltonian of any degree.

What each flip would change is kept up to date: ``gains[j]`` is the sum of the terms that contain spin j, so that
flipping it adds -2 ``gains[j]`` to the energy. A Hamiltonian comes as terms (CSR, both ways) or, if its degree is at
most 2, as a symmetric matrix of couplings beside its fields, which is faster where most couplings exist.
"""

import math

import numpy as np
from numba import float64, int64, types, uint64

from walshqhn.kernels.compiler import const, inner, kernel

_INT, _REAL, _WORD = types.int64, types.float64, types.uint64
_MODEL = (
    const(_REAL), const(_REAL, 2), const(_REAL), const(_INT), const(_INT), const(_INT), const(_INT),
)  # fmt: skip


@inner
def _random(state):
    """The next of 64 random bits: splitmix64 (Steele, Lea, Flood, 2014)."""
    state[0] += uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@inner
def _below(state, n):
    """A random whole number in 0 ... n - 1, n < 2^32."""
    return int64(((_random(state) >> uint64(32)) * uint64(n)) >> uint64(32))


@inner
def _uniform(state):
    return float64(_random(state) >> uint64(11)) * 2.0**-53


@inner
def _randomize(spins, state):
    for j in range(spins.size):
        spins[j] = 1.0 if _random(state) >> uint64(63) else -1.0


@inner
def _begin(fields, matrix, values, starts, bits, spins, signed, gains):
    """Gains and signed terms of ``spins``; returns their energy."""
    energy = 0.0
    if matrix.size:
        for j in range(spins.size):
            total = 0.0
            for i in range(spins.size):
                total += matrix[j, i] * spins[i]
            gains[j] = spins[j] * (fields[j] + total)
            energy += spins[j] * (fields[j] + 0.5 * total)
        return energy
    gains[:] = 0.0
    for t in range(values.size):
        value = values[t]
        for k in range(starts[t], starts[t + 1]):
            value *= spins[bits[k]]
        signed[t] = value
        energy += value
        for k in range(starts[t], starts[t + 1]):
            gains[bits[k]] += value
    return energy


@inner
def _axpy(gains, row, spins, factor):
    for i in range(gains.size):
        gains[i] -= factor * row[i] * spins[i]


@inner
def _flip(j, matrix, starts, bits, owners, owned, spins, signed, gains):
    if matrix.size:
        _axpy(gains, matrix[j], spins, 2.0 * spins[j])
    else:
        for i in range(owners[j], owners[j + 1]):
            t = owned[i]
            value = signed[t]
            signed[t] = -value
            for k in range(starts[t], starts[t + 1]):
                if bits[k] != j:
                    gains[bits[k]] -= 2.0 * value
    gains[j] = -gains[j]
    spins[j] = -spins[j]


@kernel("annealing", lambda t: _REAL(*_MODEL, t[::1], const(t), types.uint64, types.boolean))
def anneal_spins(fields, matrix, values, starts, bits, owners, owned, spins, temperatures, seed, quench):
    """Metropolis steps, one at each of ``temperatures``, from ``spins`` on, which become the best ones visited.

    With ``quench``, single flips then lower their energy until none does. Returns it, as far as sums that are updated
    so often are exact.
    """
    state = np.array([seed], np.uint64)
    signed, gains = np.empty_like(values), np.empty(spins.size)
    energy = _begin(fields, matrix, values, starts, bits, spins, signed, gains)
    best, best_spins, ahead = energy, spins.copy(), False
    for t in range(temperatures.size):
        j = _below(state, spins.size)
        increase = -2.0 * gains[j]
        if increase <= 0.0 or _uniform(state) < math.exp(-increase / temperatures[t]):
            if increase > 0.0 and ahead:  # the best so far is left only here
                best, ahead = energy, False
                best_spins[:] = spins
            _flip(j, matrix, starts, bits, owners, owned, spins, signed, gains)
            energy += increase
            ahead = ahead or energy < best
    if not ahead:
        spins[:] = best_spins
    energy = _begin(fields, matrix, values, starts, bits, spins, signed, gains)
    rounding = 1e-14 * (np.abs(values).sum() + np.abs(fields).sum())
    while quench and spins.size:
        j = gains.argmax()
        if gains[j] <= rounding:
            break
        energy -= 2.0 * gains[j]
        _flip(j, matrix, starts, bits, owners, owned, spins, signed, gains)
    return energy


@kernel("annealing", lambda t: types.Tuple((_REAL, _INT))(*_MODEL, t[::1], types.int64, types.uint64))
def descend_spins(fields, matrix, values, starts, bits, owners, owned, spins, steps, seed):
    """Flip whatever lowers the energy, bits tried in a random order; a local minimum leads to a new random start.

    ``steps`` flips are tried, or starts made, all in all. The best spins go to ``spins``; returns their energy and the
    number of local minima found.
    """
    state = np.array([seed], np.uint64)
    signed, gains, order = np.empty_like(values), np.empty(spins.size), np.arange(spins.size)
    for j in range(spins.size - 1, 0, -1):
        k = _below(state, j + 1)
        order[j], order[k] = order[k], order[j]
    rounding = 1e-14 * (np.abs(values).sum() + np.abs(fields).sum())
    _randomize(spins, state)
    energy = _begin(fields, matrix, values, starts, bits, spins, signed, gains)
    best, best_spins, rejected, minima = energy, spins.copy(), 0, 0
    for step in range(steps if spins.size else 0):
        if rejected == spins.size:
            minima, rejected = minima + 1, 0
            _randomize(spins, state)
            energy = _begin(fields, matrix, values, starts, bits, spins, signed, gains)
        else:
            j = order[step % spins.size]
            if gains[j] > rounding:
                energy -= 2.0 * gains[j]
                _flip(j, matrix, starts, bits, owners, owned, spins, signed, gains)
                rejected = 0
            else:
                rejected += 1
        if energy < best and (rejected == spins.size or step == steps - 1):
            best = energy
            best_spins[:] = spins
    spins[:] = best_spins
    return best, minima
