"""Sums of a loss over samples, for every pair of a left and a right half of the bits.

The output pre-activation of an additive network is u = left[a, i] + right[i, b] for configuration (a, b) and sample i.
Its exponential is a product, so with both halves exponentiated beforehand the inner loops need no transcendental
function:

* binary cross-entropy: sum_i log(1 + e^u) = log prod_i (1 + e^left e^right). The product is kept as a mantissa and an
  integer exponent, separated every ``period`` quadruples of samples, before it can overflow.
* mean squared error of a sigmoid: 1 / (1 + e^v)^2 with v = u for target 1, -u for 0, two samples at a time.

The ``_direct`` versions evaluate the loss of the sum itself, where the exponentials would overflow. All do rows
``begin`` to ``end - 1`` of the left half only.
"""

import math

import numpy as np
from numba import types

from walshqhn.kernels.compiler import const, inner
from walshqhn.kernels.team import SharedKernel, shared

_INT = types.int64
_MANTISSA = np.int64((1 << 52) - 1)
_ONE = np.int64(1023 << 52)
_LOG2 = math.log(2.0)
_PIECES = 32


@inner(fastmath={"contract"})
def _multiply_rows(left, right, product):
    """product[b] *= prod over four samples of 1 + left[i] right[i, b]."""
    l0, l1, l2, l3 = left[0], left[1], left[2], left[3]
    r0, r1, r2, r3 = right[0], right[1], right[2], right[3]
    for b in range(product.size):
        product[b] *= ((1.0 + l0 * r0[b]) * (1.0 + l1 * r1[b])) * ((1.0 + l2 * r2[b]) * (1.0 + l3 * r3[b]))


@inner
def _split_exponent(product, exponent):
    """Move the binary exponents (all >= 0) of ``product`` to ``exponent``; leave mantissas in [1, 2)."""
    words = product.view(np.int64)
    for b in range(words.size):
        exponent[b] += (words[b] >> np.int64(52)) - np.int64(1023)
        words[b] = (words[b] & _MANTISSA) | _ONE


@shared("costs", lambda t: types.void(const(t, 2), const(t, 2), _INT, t[:, ::1], _INT, _INT))
def add_softplus(exp_left, exp_right, period, out, begin, end):
    """out[a, b] += sum_i log(1 + exp_left[a, i] exp_right[i, b]).

    The number of samples must be a multiple of 4 (pad with zeros, which add log 1).
    """
    samples, width = exp_right.shape
    for a in range(begin, end):
        product, exponent, since = np.ones(width), np.zeros(width, np.int64), 0
        for i in range(0, samples, 4):
            _multiply_rows(exp_left[a, i : i + 4], exp_right[i : i + 4], product)
            since += 1
            if since == period:
                _split_exponent(product, exponent)
                since = 0
        for b in range(width):
            out[a, b] += math.log(product[b]) + _LOG2 * exponent[b]


@inner(error_model="numpy", fastmath={"contract"})  # a Python division checks for 0: no vectors
def _add_squares(l0, l1, r0, r1, total):
    """Of two samples with one division, which takes longer than all else."""
    for b in range(total.size):
        x, y = 1.0 + l0 * r0[b], 1.0 + l1 * r1[b]
        q = 1.0 / (x * y)
        total[b] += (q * x) ** 2 + (q * y) ** 2


@shared("costs", lambda t: types.void(const(t, 2), const(t, 2), t[:, ::1], _INT, _INT))
def add_squared_sigmoid(exp_left, exp_right, out, begin, end):
    """out[a, b] += sum_i (1 + exp_left[a, i] exp_right[i, b])^-2.

    The number of samples must be even (pad with 1e150 and 1, which add nothing), products must be below 1e150.
    """
    samples, width = exp_right.shape
    for a in range(begin, end):
        total = np.zeros(width)
        for i in range(0, samples, 2):
            _add_squares(exp_left[a, i], exp_left[a, i + 1], exp_right[i], exp_right[i + 1], total)
        for b in range(width):
            out[a, b] += total[b]


@shared("costs", lambda t: types.void(const(t, 2), const(t, 2), t[:, ::1], _INT, _INT))
def add_softplus_direct(left, right, out, begin, end):
    """out[a, b] += sum_i log(1 + exp(left[a, i] + right[i, b])), for sums of any size."""
    samples, width = right.shape
    for a in range(begin, end):
        for i in range(samples):
            for b in range(width):
                u = left[a, i] + right[i, b]
                out[a, b] += max(u, 0.0) + math.log1p(math.exp(-abs(u)))


@shared("costs", lambda t: types.void(const(t, 2), const(t, 2), t[:, ::1], _INT, _INT))
def add_squared_sigmoid_direct(left, right, out, begin, end):
    """out[a, b] += sum_i (1 + exp(left[a, i] + right[i, b]))^-2, for sums of any size."""
    samples, width = right.shape
    for a in range(begin, end):
        for i in range(samples):
            for b in range(width):
                v = left[a, i] + right[i, b]
                smaller = math.exp(-abs(v))
                sigmoid = smaller / (1.0 + smaller) if v > 0 else 1.0 / (1.0 + smaller)
                out[a, b] += sigmoid * sigmoid


def in_rows(kernel: SharedKernel, left: np.ndarray, *arguments: object, out: np.ndarray) -> None:
    """Call a kernel of this module for all rows of ``left`` and ``out``, shared among threads."""
    kernel.share(left, *arguments, out, pieces=len(left), chunk=max(1, len(left) // _PIECES))
