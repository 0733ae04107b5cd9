"""State vectors: CX, layers of Rz, expectation values.

A state is two float64 arrays, real and imaginary part, of length 2^N: loops over separate parts vectorise, loops over
complex numbers do not. Qubit j is bit j of the index. Loops over large states are cut into the same pieces whatever the
number of threads, and partial sums are added in order: results do not depend on threads.
"""

import math

import numpy as np
from numba import types, uint64

from walshqhn.kernels.compiler import const, inner
from walshqhn.kernels.team import shared

_INT = types.int64

PIECES = 32
_WHOLE_BELOW = 1 << 15  # amplitudes; below, two threads take as long as one
_FINE_FROM = 1 << 19  # amplitudes; below, eight pieces at once
ROW_BITS = 9  # a row of amplitudes and of factors stays in the L1 cache


def pieces_for(size: int) -> tuple[int, int]:
    """Number of pieces into which loops over ``size`` amplitudes are cut, and how many a thread takes at once."""
    return (1, 1) if size < _WHOLE_BELOW else (PIECES, 8 if size < _FINE_FROM else 1)


@inner
def _swap(a, i, j, run):
    for k in range(run):
        p, q = i + uint64(k), j + uint64(k)
        x, y = a[p], a[q]
        a[p], a[q] = y, x


@inner
def cx(re, im, control, target, low, high):
    """CX in place, its own inverse, on pairs ``low`` to ``high - 1`` of the 2^(N-2).

    A pair's amplitudes have control 1 and target 0 and 1; the other bits count up.
    """
    first, second = min(control, target), max(control, target)
    run_max = 1 << first
    k = low
    while k < high:
        run = min(run_max - (k & (run_max - 1)), high - k)
        i = ((k >> first) << (first + 1)) | (k & (run_max - 1))
        i = ((i >> second) << (second + 1)) | (i & ((1 << second) - 1))
        i |= 1 << control
        j = i | (1 << target)
        for part in (re, im):
            _swap(part, uint64(i), uint64(j), run)
        k += run


@inner(fastmath={"contract", "reassoc"})
def _weighted_norm(re, im, table):
    total = 0.0
    for x in range(re.size):
        total += (re[x] * re[x] + im[x] * im[x]) * table[x]
    return total


@shared("engine", lambda t: types.void(t[::1], t[::1], const(t), t[::1], _INT, _INT))
def weighted_norms(re, im, table, parts, begin, end):
    """parts[p] = sum_x table[x] |psi_x|^2 for x in piece p of the state."""
    for p in range(begin, end):
        low, high = p * re.size // parts.size, (p + 1) * re.size // parts.size
        parts[p] = _weighted_norm(re[low:high], im[low:high], table[low:high])


@shared("engine", lambda t: types.void(t[::1], t[::1], const(t), t[::1], t[::1], _INT, _INT, _INT))
def multiply_pieces(re, im, table, out_re, out_im, pieces, begin, end):
    """diag(table) psi, into ``out_re`` and ``out_im``, for some of ``pieces``."""
    for x in range(begin * re.size // pieces, end * re.size // pieces):
        out_re[x] = re[x] * table[x]
        out_im[x] = im[x] * table[x]


def expectation(re: np.ndarray, im: np.ndarray, table: np.ndarray) -> float:
    """<psi| diag(table) |psi>."""
    pieces, chunk = pieces_for(re.size)
    parts = np.empty(pieces)
    weighted_norms.share(re, im, table, parts, pieces=pieces, chunk=chunk)
    return float(sum(parts.tolist()))


def multiply(re: np.ndarray, im: np.ndarray, table: np.ndarray, out_re: np.ndarray, out_im: np.ndarray) -> None:
    """diag(table) psi, into ``out_re`` and ``out_im``."""
    pieces, chunk = pieces_for(re.size)
    if pieces == 1:  # a few microseconds, as long as calling a shared kernel
        np.multiply(re, table, out=out_re)
        np.multiply(im, table, out=out_im)
    else:
        multiply_pieces.share(re, im, table, out_re, out_im, pieces, pieces=pieces, chunk=chunk)


# --- Rz on all qubits at once: amplitude x times exp(-i/2 sum_j angles[j] z_j) ---


@inner
def row_factors(angles):
    """The factors of a row, for all settings of its bits: two arrays, real and imaginary part."""
    bits = min(angles.size, ROW_BITS)
    real, imag = np.ones(1 << bits), np.zeros(1 << bits)
    for j in range(bits):
        c, s, half = math.cos(angles[j] / 2), math.sin(angles[j] / 2), 1 << j
        for k in range(half):
            a, b = real[k], imag[k]
            real[k], imag[k] = a * c + b * s, b * c - a * s
            real[k + half], imag[k + half] = a * c - b * s, b * c + a * s
    return real, imag


@inner
def _factor_of_row(angles, cosines, sines, row):
    """The contribution of the bits that number the rows."""
    a, b = 1.0, 0.0
    for j in range(ROW_BITS, angles.size):
        c = cosines[j]
        s = -sines[j] if (row >> (j - ROW_BITS)) & 1 else sines[j]
        a, b = a * c + b * s, b * c - a * s
    return a, b


@inner(fastmath={"contract"})
def _multiply_row(re, im, real, imag, hr, hi):
    for k in range(re.size):
        fr, fi = real[k] * hr - imag[k] * hi, real[k] * hi + imag[k] * hr
        a, b = re[k], im[k]
        re[k] = a * fr - b * fi
        im[k] = a * fi + b * fr


@inner(fastmath={"contract", "reassoc"})
def _overlap_row(re, im, lre, lim, columns):
    """Add Im conj(lambda) psi to ``columns``; return its sum."""
    total = 0.0
    for k in range(re.size):
        g = lre[k] * im[k] - lim[k] * re[k]
        columns[k] += g
        total += g
    return total


@inner
def rz_layer(re, im, rz, begin, end):
    """Rz on every qubit, in place, on rows ``begin`` to ``end - 1``.

    ``rz``: the angles, (N,), cosines and sines of their halves, and both arrays of `row_factors`.
    """
    angles, cosines, sines, real, imag = rz
    width = real.size
    for r in range(begin, end):
        low, high = r * width, (r + 1) * width
        hr, hi = _factor_of_row(angles, cosines, sines, r)
        _multiply_row(re[low:high], im[low:high], real, imag, hr, hi)


@inner
def rz_layer_adjoint(re, im, lre, lim, rz, begin, end, rows, columns):
    """`rz_layer` on psi and lambda, with ``rz`` of the inverse, and the sums from which its derivatives follow.

    Im conj(lambda) psi before it, summed over a row, becomes rows[r]; summed over rows, it is added to ``columns``.
    """
    angles, cosines, sines, real, imag = rz
    width = real.size
    for r in range(begin, end):
        low, high = r * width, (r + 1) * width
        hr, hi = _factor_of_row(angles, cosines, sines, r)
        a, b, c, d = re[low:high], im[low:high], lre[low:high], lim[low:high]
        rows[r] = _overlap_row(a, b, c, d, columns)
        _multiply_row(a, b, real, imag, hr, hi)
        _multiply_row(c, d, real, imag, hr, hi)


@inner
def signed_sums(values, slopes):
    """slopes[j] = sum_k (-1)^(bit j of k) values[k]."""
    j, half = 0, 1
    while half < values.size:
        total = 0.0
        for k in range(values.size):
            total += -values[k] if k & half else values[k]
        slopes[j] = total
        j, half = j + 1, half * 2
