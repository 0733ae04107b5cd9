"""Means of waves exp(i k w v) over independent groups of bits, where v is a sum over the groups.

The mean of the wave is the product of the groups' means. A group of one bit, which adds -z d to v, has the mean
cos(k w d) - i z sin(k w d), z that of its spin; any other the sum of p(b) exp(i k w s(b)) over the settings b of its
bits. Powers come from one another by multiplication. A derivative is the product of what comes before a group and what
comes after: nothing is divided, so factors may vanish.
"""

import math

import numpy as np
from numba import types

from walshqhn.kernels.compiler import const, inner, kernel
from walshqhn.kernels.pool import share

_BLOCK = 128  # waves at a time: the factors of a sample stay in the cache
_PIECES = 64


@inner(fastmath={"contract"})
def _powers(angle, first, re, im):
    """exp(i k angle) for k = first, first + 1, ..."""
    re[0], im[0] = math.cos(first * angle), math.sin(first * angle)
    c, s = math.cos(angle), math.sin(angle)
    for k in range(1, min(8, re.size)):
        re[k] = c * re[k - 1] - s * im[k - 1]
        im[k] = c * im[k - 1] + s * re[k - 1]
    for _ in range(3):
        c, s = c * c - s * s, 2 * c * s
    for k in range(8, re.size):  # eight at once
        re[k] = c * re[k - 8] - s * im[k - 8]
        im[k] = c * im[k - 8] + s * re[k - 8]


@inner(fastmath={"contract"})
def _times(re, im, factor_re, factor_im, scale):
    """Multiply by factor_re + i scale factor_im, in place."""
    for k in range(re.size):
        a, b, c, s = re[k], im[k], factor_re[k], scale * factor_im[k]
        re[k] = a * c - b * s
        im[k] = b * c + a * s


@inner(fastmath={"contract"})
def _product(re, im, factor_re, factor_im, out_re, out_im):
    for k in range(re.size):
        out_re[k] = re[k] * factor_re[k] - im[k] * factor_im[k]
        out_im[k] = im[k] * factor_re[k] + re[k] * factor_im[k]


@inner(fastmath={"contract"})
def _add(re, im, scale, out_re, out_im):
    for k in range(re.size):
        out_re[k] += scale * re[k]
        out_im[k] += scale * im[k]


@inner(fastmath={"contract", "reassoc"})
def _real_sum(re, im, other_re, other_im):
    """Re sum_k of the products."""
    total = 0.0
    for k in range(re.size):
        total += re[k] * other_re[k] - im[k] * other_im[k]
    return total


@inner(fastmath={"contract", "reassoc"})
def _imaginary_sum(re, im, other_re, other_im, weights):
    """Im sum_k of the products times real weights."""
    total = 0.0
    for k in range(re.size):
        total += weights[k] * (re[k] * other_im[k] + im[k] * other_re[k])
    return total


@kernel(
    "product",
    lambda t: t(
        const(t), const(t), const(types.int64), const(types.int32), const(t), const(t, 2),
        const(types.int64), const(t), t, const(t), const(t), t[::1], t[::1], types.int64, types.int64,
    ),
)  # fmt: skip
def add_waves(
    offsets, spins, starts, bits, halves, contributions, groups, probabilities, step, amplitude_re,
    amplitude_im, slopes, setting_slopes, low, high,
):  # fmt: skip
    """Sum over samples ``low`` to ``high - 1`` of the mean of Re sum_k amplitude[k] exp(i k step v).

    v of sample i is offsets[i], and minus the spin of each of bits[starts[i] : starts[i + 1]] times its entry of
    ``halves``, and what each group contributes: group g has the settings groups[g] ... groups[g + 1] - 1, of some
    ``probabilities``, which contribute contributions[i, setting]. Derivatives with respect to ``spins`` are added to
    ``slopes``, and those with respect to probabilities to ``setting_slopes``.
    """
    count, tables = amplitude_re.size, groups.size - 1
    most = tables
    for i in range(low, high):
        most = max(most, tables + starts[i + 1] - starts[i])
    factor_re, factor_im = np.empty((most, _BLOCK)), np.empty((most, _BLOCK))
    before_re, before_im = np.empty((most, _BLOCK)), np.empty((most, _BLOCK))
    work = np.empty((6, _BLOCK))
    total = 0.0
    for i in range(low, high):
        for first in range(0, count, _BLOCK):
            size = min(_BLOCK, count - first)
            re, im = work[0, :size], work[1, :size]
            a, b = work[2, :size], work[3, :size]
            _powers(step * offsets[i], first, a, b)
            _product(a, b, amplitude_re[first : first + size], amplitude_im[first : first + size], re, im)
            f = 0
            for g in range(tables):
                x, y = factor_re[f, :size], factor_im[f, :size]
                x[:] = 0.0
                y[:] = 0.0
                for setting in range(groups[g], groups[g + 1]):
                    if probabilities[setting] != 0.0:
                        _powers(step * contributions[i, setting], first, a, b)
                        _add(a, b, probabilities[setting], x, y)
                before_re[f, :size] = re
                before_im[f, :size] = im
                _times(re, im, x, y, 1.0)
                f += 1
            for place in range(starts[i], starts[i + 1]):
                x, y = factor_re[f, :size], factor_im[f, :size]
                _powers(step * halves[place], first, x, y)
                before_re[f, :size] = re
                before_im[f, :size] = im
                _times(re, im, x, y, -spins[bits[place]])
                f += 1
            for k in range(size):
                total += re[k]
            re[:] = 1.0  # from here on, the product of what comes after
            im[:] = 0.0
            for place in range(starts[i + 1] - 1, starts[i] - 1, -1):
                f -= 1
                x, y = factor_re[f, :size], factor_im[f, :size]
                j = bits[place]
                slopes[j] += _imaginary_sum(before_re[f, :size], before_im[f, :size], re, im, y)
                _times(re, im, x, y, -spins[j])
            p, q = work[4, :size], work[5, :size]
            for g in range(tables - 1, -1, -1):
                f -= 1
                _product(before_re[f, :size], before_im[f, :size], re, im, p, q)
                for setting in range(groups[g], groups[g + 1]):
                    _powers(step * contributions[i, setting], first, a, b)
                    setting_slopes[setting] += _real_sum(p, q, a, b)
                _times(re, im, factor_re[f, :size], factor_im[f, :size], 1.0)
    return total


def value_and_slopes(
    samples: tuple[np.ndarray, ...], spins: np.ndarray, probabilities: np.ndarray, step: float, amplitudes: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """The sum of `add_waves` over all samples, and the slopes for spins and settings; equal for any number of threads.

    ``samples`` are offsets, starts, bits, halves, contributions and groups; ``amplitudes`` are complex.
    """
    offsets, starts, bits, halves, contributions, groups = samples
    count = offsets.size
    pieces = max(1, min(_PIECES, count // 4))
    totals, slopes = np.zeros(pieces), np.zeros((pieces, spins.size))
    setting_slopes = np.zeros((pieces, probabilities.size))
    real, imaginary = np.ascontiguousarray(amplitudes.real), np.ascontiguousarray(amplitudes.imag)

    def work(begin: int, end: int) -> None:
        for p in range(begin, end):
            totals[p] = add_waves(
                offsets, spins, starts, bits, halves, contributions, groups, probabilities, step, real, imaginary,
                slopes[p], setting_slopes[p], p * count // pieces, (p + 1) * count // pieces,
            )  # fmt: skip

    share(work, pieces)
    return float(totals.sum()), slopes.sum(axis=0), setting_slopes.sum(axis=0)
