"""State vectors: one-qubit gates, CX, diagonal phases, and the adjoint sweep.

A state is two float64 arrays, real and imaginary part, of length 2^N: loops over
separate parts vectorise, loops over complex numbers do not. Qubit j is bit j of
the index. Every loop runs over a range of *pairs* (the amplitudes that differ in
one qubit), cut into the same pieces whatever the number of threads, so results do
not depend on that number.

``pool`` is None or True, not False or True: numba compiles only the branch that the
argument's type leaves open, and threaded loops take long to compile.
"""

import math

import numpy as np
from numba import njit, prange, uint64

_PIECES = 32
_SERIAL_BELOW = 1 << 18  # amplitudes; below this a pass takes some 50 us, and threads would mostly wait


def pool_for(size: int) -> bool | None:
    """What to pass as ``pool`` for states of ``size`` amplitudes: None (serial) or True (threads)."""
    return None if size < _SERIAL_BELOW else True


@njit(cache=True)
def _sum_in_order(parts):
    """The sum, the same whatever the number of threads: numba would thread ``parts.sum()`` too."""
    total = 0.0
    for part in parts:
        total += part
    return total


@njit(cache=True, fastmath={"contract"})
def _rotate_run(re, im, i, j, run, u):
    """(a, b) <- u (a, b) for the runs a from i, b from j; ``u`` holds 8 reals, row by row."""
    u00r, u00i, u01r, u01i = u[0], u[1], u[2], u[3]
    u10r, u10i, u11r, u11i = u[4], u[5], u[6], u[7]
    for k in range(run):
        a, b = i + uint64(k), j + uint64(k)
        xr, xi, yr, yi = re[a], im[a], re[b], im[b]
        re[a] = u00r * xr - u00i * xi + u01r * yr - u01i * yi
        im[a] = u00r * xi + u00i * xr + u01r * yi + u01i * yr
        re[b] = u10r * xr - u10i * xi + u11r * yr - u11i * yi
        im[b] = u10r * xi + u10i * xr + u11r * yi + u11i * yr


@njit(cache=True, fastmath={"contract"})
def _rotate_low(re, im, qubit, u, low, high):
    """Pairs ``low`` to ``high - 1`` of a qubit whose runs are too short to be worth a call."""
    u00r, u00i, u01r, u01i = u[0], u[1], u[2], u[3]
    u10r, u10i, u11r, u11i = u[4], u[5], u[6], u[7]
    q, h = uint64(qubit), uint64(1) << uint64(qubit)
    for pair in range(low, high):
        p = uint64(pair)
        i = ((p >> q) << (q + uint64(1))) | (p & (h - uint64(1)))
        j = i + h
        xr, xi, yr, yi = re[i], im[i], re[j], im[j]
        re[i] = u00r * xr - u00i * xi + u01r * yr - u01i * yi
        im[i] = u00r * xi + u00i * xr + u01r * yi + u01i * yr
        re[j] = u10r * xr - u10i * xi + u11r * yr - u11i * yi
        im[j] = u10r * xi + u10i * xr + u11r * yi + u11i * yr


@njit(cache=True)
def _rotate_pairs(re, im, qubit, u, low, high):
    """Apply ``u`` to pairs ``low`` to ``high - 1``, one contiguous run at a time."""
    h = 1 << qubit
    if h < 8:
        _rotate_low(re, im, qubit, u, low, high)
        return
    pair = low
    while pair < high:
        run = min(h - (pair & (h - 1)), high - pair)
        i = ((pair >> qubit) << (qubit + 1)) | (pair & (h - 1))
        _rotate_run(re, im, uint64(i), uint64(i + h), run, u)
        pair += run


@njit(parallel=True, cache=True)
def _rotate_threaded(re, im, qubit, u):
    piece = (re.size >> 1) // _PIECES
    for t in prange(_PIECES):
        _rotate_pairs(re, im, qubit, u, t * piece, (t + 1) * piece)


@njit(cache=True)
def rotate(re, im, qubit, u, pool):
    """Apply a one-qubit unitary in place."""
    if pool is None:
        _rotate_pairs(re, im, qubit, u, 0, re.size >> 1)
    else:
        _rotate_threaded(re, im, qubit, u)


@njit(cache=True)
def _swap(a, i, j, run):
    for k in range(run):
        p, q = i + uint64(k), j + uint64(k)
        x, y = a[p], a[q]
        a[p], a[q] = y, x


@njit(cache=True)
def _cx_range(re, im, control, target, low, high):
    """Quarters ``low`` to ``high - 1``: control 1, target 0 <-> 1, the other bits counting up."""
    first, second = min(control, target), max(control, target)
    run_max = 1 << first
    k = low
    while k < high:
        run = min(run_max - (k & (run_max - 1)), high - k)
        i = ((k >> first) << (first + 1)) | (k & (run_max - 1))
        i = ((i >> second) << (second + 1)) | (i & ((1 << second) - 1))
        i |= 1 << control
        j = i | (1 << target)
        _swap(re, uint64(i), uint64(j), run)
        _swap(im, uint64(i), uint64(j), run)
        k += run


@njit(parallel=True, cache=True)
def _cx_threaded(re, im, control, target):
    piece = (re.size >> 2) // _PIECES
    for t in prange(_PIECES):
        _cx_range(re, im, control, target, t * piece, (t + 1) * piece)


@njit(cache=True)
def cx(re, im, control, target, pool):
    """Apply CX in place (it is its own inverse)."""
    if pool is None:
        _cx_range(re, im, control, target, 0, re.size >> 2)
    else:
        _cx_threaded(re, im, control, target)


@njit(cache=True)
def _phase_range(re, im, table, angle, low, high):
    for x in range(low, high):
        c, s = math.cos(angle * table[x]), -math.sin(angle * table[x])
        a, b = re[x], im[x]
        re[x] = c * a - s * b
        im[x] = c * b + s * a


@njit(parallel=True, cache=True)
def _phase_threaded(re, im, table, angle):
    piece = (re.size + _PIECES - 1) // _PIECES
    for t in prange(_PIECES):
        _phase_range(re, im, table, angle, min(t * piece, re.size), min((t + 1) * piece, re.size))


@njit(cache=True)
def phase(re, im, table, angle, pool):
    """Multiply amplitude x by exp(-i angle table[x]), in place."""
    if pool is None:
        _phase_range(re, im, table, angle, 0, re.size)
    else:
        _phase_threaded(re, im, table, angle)


@njit(cache=True, fastmath={"contract", "reassoc"})
def _weighted_norm(re, im, table):
    total = 0.0
    for x in range(re.size):
        total += (re[x] * re[x] + im[x] * im[x]) * table[x]
    return total


@njit(parallel=True, cache=True)
def _expectation_threaded(re, im, table):
    piece = (re.size + _PIECES - 1) // _PIECES
    parts = np.zeros(_PIECES)
    for t in prange(_PIECES):
        low, high = min(t * piece, re.size), min((t + 1) * piece, re.size)
        parts[t] = _weighted_norm(re[low:high], im[low:high], table[low:high])
    return _sum_in_order(parts)


@njit(cache=True)
def expectation(re, im, table, pool):
    """<psi| diag(table) |psi>."""
    if pool is None:
        return _weighted_norm(re, im, table)
    return _expectation_threaded(re, im, table)


@njit(cache=True, fastmath={"contract", "reassoc"})
def _weighted_overlap(re, im, lre, lim, table):
    total = 0.0
    for x in range(re.size):
        total += table[x] * (lre[x] * im[x] - lim[x] * re[x])
    return total


@njit(parallel=True, cache=True)
def _phase_overlap_threaded(re, im, lre, lim, table):
    piece = (re.size + _PIECES - 1) // _PIECES
    parts = np.zeros(_PIECES)
    for t in prange(_PIECES):
        low, high = min(t * piece, re.size), min((t + 1) * piece, re.size)
        parts[t] = _weighted_overlap(re[low:high], im[low:high], lre[low:high], lim[low:high], table[low:high])
    return _sum_in_order(parts)


@njit(cache=True)
def phase_overlap(re, im, lre, lim, table, pool):
    """Im <lambda| diag(table) |psi>."""
    if pool is None:
        return _weighted_overlap(re, im, lre, lim, table)
    return _phase_overlap_threaded(re, im, lre, lim, table)


@njit(cache=True, fastmath={"contract", "reassoc"})
def _overlap_run(re, im, lre, lim, i, j, step, run, out):
    """Add to ``out`` the 2x2 matrix sum psi_s conj(lambda_t), as 8 reals, row s, column t."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for k in range(run):
        a, b = i + step * uint64(k), j + step * uint64(k)
        ar, ai, br, bi = re[a], im[a], re[b], im[b]
        car, cai, cbr, cbi = lre[a], lim[a], lre[b], lim[b]
        s0 += ar * car + ai * cai
        s1 += ai * car - ar * cai
        s2 += ar * cbr + ai * cbi
        s3 += ai * cbr - ar * cbi
        s4 += br * car + bi * cai
        s5 += bi * car - br * cai
        s6 += br * cbr + bi * cbi
        s7 += bi * cbr - br * cbi
    for e, total in enumerate((s0, s1, s2, s3, s4, s5, s6, s7)):
        out[e] += total


@njit(cache=True)
def _overlap_pairs(re, im, lre, lim, qubit, low, high, out):
    h = 1 << qubit
    if h < 8:  # strides make one long run of the many short ones; pieces are multiples of h pairs
        for offset in range(2 * low, 2 * low + h):
            _overlap_run(re, im, lre, lim, uint64(offset), uint64(offset + h), uint64(2 * h), (high - low) // h, out)
        return
    pair = low
    while pair < high:
        run = min(h - (pair & (h - 1)), high - pair)
        i = ((pair >> qubit) << (qubit + 1)) | (pair & (h - 1))
        _overlap_run(re, im, lre, lim, uint64(i), uint64(i + h), uint64(1), run, out)
        pair += run


@njit(cache=True)
def _unrotate_pairs(re, im, lre, lim, qubit, u, low, high, out):
    """Overlaps, then ``u`` on both states, in steps small enough to stay in the L1 cache."""
    step = 512
    for start in range(low, high, step):
        stop = min(start + step, high)
        _overlap_pairs(re, im, lre, lim, qubit, start, stop, out)
        _rotate_pairs(re, im, qubit, u, start, stop)
        _rotate_pairs(lre, lim, qubit, u, start, stop)


@njit(parallel=True, cache=True)
def _unrotate_threaded(re, im, lre, lim, qubit, u):
    piece = (re.size >> 1) // _PIECES
    parts = np.zeros((_PIECES, 8))
    for t in prange(_PIECES):
        _unrotate_pairs(re, im, lre, lim, qubit, u, t * piece, (t + 1) * piece, parts[t])
    return parts.sum(axis=0)


@njit(cache=True)
def unrotate(re, im, lre, lim, qubit, u, pool):
    """Apply ``u`` to psi and lambda in place; return the overlaps there were before, 8 reals.

    The overlaps are M[s, t] = sum over the other qubits of psi_s conj(lambda_t).
    """
    if pool is None:
        out = np.zeros(8)
        _unrotate_pairs(re, im, lre, lim, qubit, u, 0, re.size >> 1, out)
        return out
    return _unrotate_threaded(re, im, lre, lim, qubit, u)
