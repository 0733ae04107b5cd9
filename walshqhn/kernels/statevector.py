"""State vectors: CX, Rz, expectation values.

A state is two float64 arrays, real and imaginary part, of length 2^N: loops over
separate parts vectorise, loops over complex numbers do not. Qubit j is bit j of
the index. Threaded loops are cut into the same pieces whatever the number of
threads, and partial sums are added in order: results do not depend on threads.

``pool`` is None or True, not False or True: numba compiles only the branch that the
argument's type leaves open, and threaded loops take long to compile.
"""

import math

import numpy as np
from numba import njit, prange, uint64

PIECES = 32
_ROW_BITS = 9  # a row of amplitudes and of factors stays in the L1 cache
_SERIAL_BELOW = 1 << 17  # amplitudes; at this size a CX takes 20 us, on two threads 12, below it they would mostly wait


def pool_for(size: int) -> bool | None:
    """What to pass as ``pool`` for states of ``size`` amplitudes: None (serial) or True (threads)."""
    return None if size < _SERIAL_BELOW else True


@njit(cache=True)
def sum_in_order(parts):
    """The sum, the same whatever the number of threads: numba would thread ``parts.sum()`` too."""
    total = 0.0
    for part in parts:
        total += part
    return total


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
    piece = (re.size >> 2) // PIECES
    for t in prange(PIECES):
        _cx_range(re, im, control, target, t * piece, (t + 1) * piece)


@njit(cache=True)
def cx(re, im, control, target, pool):
    """Apply CX in place (it is its own inverse)."""
    if pool is None:
        _cx_range(re, im, control, target, 0, re.size >> 2)
    else:
        _cx_threaded(re, im, control, target)


@njit(cache=True, fastmath={"contract", "reassoc"})
def _weighted_norm(re, im, table):
    total = 0.0
    for x in range(re.size):
        total += (re[x] * re[x] + im[x] * im[x]) * table[x]
    return total


@njit(parallel=True, cache=True)
def _expectation_threaded(re, im, table):
    piece = (re.size + PIECES - 1) // PIECES
    parts = np.zeros(PIECES)
    for t in prange(PIECES):
        low, high = min(t * piece, re.size), min((t + 1) * piece, re.size)
        parts[t] = _weighted_norm(re[low:high], im[low:high], table[low:high])
    return sum_in_order(parts)


@njit(cache=True)
def expectation(re, im, table, pool):
    """<psi| diag(table) |psi>."""
    if pool is None:
        return _weighted_norm(re, im, table)
    return _expectation_threaded(re, im, table)


@njit(cache=True)
def _factors(angles):
    """exp(-i/2 sum_j angles[j] z_j) for all settings of these bits: two arrays, real and imaginary part."""
    real, imag = np.ones(1 << angles.size), np.zeros(1 << angles.size)
    for j in range(angles.size):
        c, s, half = math.cos(angles[j] / 2), math.sin(angles[j] / 2), 1 << j
        for k in range(half):
            a, b = real[k], imag[k]
            real[k], imag[k] = a * c + b * s, b * c - a * s
            real[k + half], imag[k + half] = a * c - b * s, b * c + a * s
    return real, imag


@njit(cache=True, fastmath={"contract"})
def _multiply_row(re, im, real, imag, hr, hi):
    for k in range(re.size):
        fr, fi = real[k] * hr - imag[k] * hi, real[k] * hi + imag[k] * hr
        a, b = re[k], im[k]
        re[k] = a * fr - b * fi
        im[k] = a * fi + b * fr


@njit(cache=True, fastmath={"contract", "reassoc"})
def _overlap_row(re, im, lre, lim, columns):
    """Add Im conj(lambda) psi to ``columns``; return its sum."""
    total = 0.0
    for k in range(re.size):
        g = lre[k] * im[k] - lim[k] * re[k]
        columns[k] += g
        total += g
    return total


@njit(cache=True)
def _multiply_rows(re, im, real, imag, row_real, row_imag, begin, end):
    width = real.size
    for r in range(begin, end):
        low, high = r * width, (r + 1) * width
        _multiply_row(re[low:high], im[low:high], real, imag, row_real[r], row_imag[r])


@njit(cache=True)
def _unmultiply_rows(re, im, lre, lim, real, imag, row_real, row_imag, begin, end, rows, columns):
    width = real.size
    for r in range(begin, end):
        low, high = r * width, (r + 1) * width
        a, b, c, d = re[low:high], im[low:high], lre[low:high], lim[low:high]
        rows[r] = _overlap_row(a, b, c, d, columns)
        _multiply_row(a, b, real, imag, row_real[r], row_imag[r])
        _multiply_row(c, d, real, imag, row_real[r], row_imag[r])


@njit(parallel=True, cache=True)
def _multiply_threaded(re, im, real, imag, row_real, row_imag):
    count = row_real.size
    for t in prange(PIECES):
        _multiply_rows(re, im, real, imag, row_real, row_imag, t * count // PIECES, (t + 1) * count // PIECES)


@njit(parallel=True, cache=True)
def _unmultiply_threaded(re, im, lre, lim, real, imag, row_real, row_imag, rows, columns):
    count = row_real.size
    parts = np.zeros((PIECES, columns.size))
    for t in prange(PIECES):
        begin, end = t * count // PIECES, (t + 1) * count // PIECES
        _unmultiply_rows(re, im, lre, lim, real, imag, row_real, row_imag, begin, end, rows, parts[t])
    for t in range(PIECES):
        for k in range(columns.size):
            columns[k] += parts[t, k]


@njit(cache=True)
def _signed_sums(values, slopes, first):
    """slopes[first + j] = sum_k (-1)^(bit j of k) values[k]."""
    j, half = 0, 1
    while half < values.size:
        total = 0.0
        for k in range(values.size):
            total += -values[k] if k & half else values[k]
        slopes[first + j] = total
        j, half = j + 1, half * 2


@njit(cache=True)
def twist(re, im, angles, pool):
    """Rz on every qubit j by angles[j], in place; ``angles``: (N,)."""
    low = min(angles.size, _ROW_BITS)
    real, imag = _factors(angles[:low])
    row_real, row_imag = _factors(angles[low:])
    if pool is None:
        _multiply_rows(re, im, real, imag, row_real, row_imag, 0, row_real.size)
    else:
        _multiply_threaded(re, im, real, imag, row_real, row_imag)


@njit(cache=True)
def untwist(re, im, lre, lim, angles, slopes, pool):
    """Undo a layer of Rz on psi and lambda, in place; slopes[j] becomes Im <lambda| Z_j |psi>, the derivative."""
    low = min(angles.size, _ROW_BITS)
    real, imag = _factors(-angles[:low])
    row_real, row_imag = _factors(-angles[low:])
    rows, columns = np.zeros(row_real.size), np.zeros(real.size)
    if pool is None:
        _unmultiply_rows(re, im, lre, lim, real, imag, row_real, row_imag, 0, row_real.size, rows, columns)
    else:
        _unmultiply_threaded(re, im, lre, lim, real, imag, row_real, row_imag, rows, columns)
    _signed_sums(columns, slopes, 0)
    _signed_sums(rows, slopes, low)
