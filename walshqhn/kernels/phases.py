"""exp(-i angle C), the phase operator of a diagonal cost, and its adjoint.

A cosine and a sine for every amplitude are most of the work. The C library's take one number at a time, so these are
our own, in plain arithmetic that vectorises: the nearest multiple of pi/2 is subtracted in three parts, then Taylor
polynomials serve on [-pi/4, pi/4], where their remainders are below 1e-16. Beyond `_LARGEST`, where the three parts
would not suffice, the C library is used.
"""

import math

import numpy as np
from numba import njit

from walshqhn.kernels.compiler import inner

_LARGEST = 1e5
_CHUNK = 1 << 12  # amplitudes that use the same implementation of sine and cosine
_PER_QUARTER = 2 / math.pi
_ROUND = 1.5 * 2.0**52  # adding and subtracting it leaves the nearest whole number
# pi/2 in three parts, the first two of 33 bits: whole numbers up to 2^20 times these are exact
_PART1, _PART2, _PART3 = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21


@njit(inline="always")
def _cos_sin(x):
    k = (x * _PER_QUARTER + _ROUND) - _ROUND
    r = ((x - k * _PART1) - k * _PART2) - k * _PART3
    q = r * r
    s = r + r * q * (
        -1 / 6 + q * (1 / 120 + q * (-1 / 5040 + q * (1 / 362880 + q * (-1 / 39916800 + q * (
            1 / 6227020800 + q * (-1 / 1307674368000)))))))  # fmt: skip
    c = 1 - 0.5 * q + q * q * (
        1 / 24 + q * (-1 / 720 + q * (1 / 40320 + q * (-1 / 3628800 + q * (1 / 479001600 + q * (
            -1 / 87178291200 + q * (1 / 20922789888000)))))))  # fmt: skip
    quarter = k - 4 * ((k * 0.25 + _ROUND) - _ROUND)  # -2, -1, 0, 1 or 2
    odd = abs(quarter) == 1
    cosine, sine = (s, c) if odd else (c, s)
    cosine = -cosine if quarter == 1 or abs(quarter) == 2 else cosine
    sine = -sine if quarter == -1 or abs(quarter) == 2 else sine
    return cosine, sine


@inner
def _peak(table):
    largest = 0.0
    for x in range(table.size):
        largest = max(largest, abs(table[x]))
    return largest


@inner
def _factors(table, angle, cosines, sines):
    """cos and sin of angle times table."""
    if _peak(table) * abs(angle) <= _LARGEST:
        for x in range(table.size):
            cosines[x], sines[x] = _cos_sin(angle * table[x])
    else:
        for x in range(table.size):
            cosines[x], sines[x] = math.cos(angle * table[x]), math.sin(angle * table[x])


@inner(fastmath={"contract"})
def _multiply(re, im, cosines, sines):
    """Times cos - i sin."""
    for x in range(re.size):
        a, b, c, s = re[x], im[x], cosines[x], sines[x]
        re[x] = c * a + s * b
        im[x] = c * b - s * a


@inner(fastmath={"contract", "reassoc"})
def _overlap(re, im, lre, lim, table):
    total = 0.0
    for x in range(re.size):
        total += table[x] * (lre[x] * im[x] - lim[x] * re[x])
    return total


@inner
def phase(re, im, table, angle, low, high):
    """Multiply amplitudes ``low`` to ``high - 1`` by exp(-i angle table[x]), in place."""
    cosines, sines = np.empty(_CHUNK), np.empty(_CHUNK)
    for start in range(low, high, _CHUNK):
        end = min(start + _CHUNK, high)
        c, s = cosines[: end - start], sines[: end - start]
        _factors(table[start:end], angle, c, s)
        _multiply(re[start:end], im[start:end], c, s)


@inner
def phase_adjoint(re, im, lre, lim, table, angle, low, high):
    """Undo `phase` on psi and lambda, in place; return Im <lambda| diag(table) |psi>, half the derivative."""
    cosines, sines = np.empty(_CHUNK), np.empty(_CHUNK)
    total = 0.0
    for start in range(low, high, _CHUNK):
        end = min(start + _CHUNK, high)
        c, s = cosines[: end - start], sines[: end - start]
        a, b, d, e, t = re[start:end], im[start:end], lre[start:end], lim[start:end], table[start:end]
        total += _overlap(a, b, d, e, t)
        _factors(t, -angle, c, s)
        for x, y in ((a, b), (d, e)):
            _multiply(x, y, c, s)
    return total
