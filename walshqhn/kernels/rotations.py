"""Layers of Ry on many qubits at once, forwards and backwards.

Ry is real, so the real and the imaginary part of a state turn separately, and Ry on different
qubits commute. Eleven bits of the index at a time are brought into a buffer that fits the L1
cache and turned there, three qubits in one go: the lowest eleven are a contiguous block, six
further ones a panel of 64 rows and 32 columns, and so on. Memory is passed over once for each
group, not once for each qubit.

Going backwards, psi and lambda lie side by side in one buffer. There the strides between all
sixteen streams are known to the compiler, which is what lets it vectorise; hence one function
a stride, made by ``_turn8`` and ``_unturn8``. Bits of the buffer that have no gate turn by
nothing (cosine 1, tangent 0).

A pair (a, b) becomes (a - t b, b + t a) with t the tangent of half the angle: one fused operation
a value instead of two. What is left out, the product of all cosines, is a factor when the buffer
is stored. Cosines below 2^-56 in size count as 2^-56, which is less than rounding does; so eleven
tangents, or the squares of eight in the derivatives, cannot overflow.
"""

import numpy as np
from numba import njit, uint64

from walshqhn.kernels.compiler import inner
from walshqhn.kernels.schedule import BLOCK_BITS
from walshqhn.kernels.statevector import twist, untwist

_BLOCK = 1 << BLOCK_BITS


@njit(inline="always")
def _pair(a, b, t):
    return a - t * b, b + t * a


@njit(inline="always")
def _eight(x0, x1, x2, x3, x4, x5, x6, x7, t):
    """Turn eight values by three angles; bit k of a value's number is qubit k."""
    x0, x1 = _pair(x0, x1, t[0])
    x2, x3 = _pair(x2, x3, t[0])
    x4, x5 = _pair(x4, x5, t[0])
    x6, x7 = _pair(x6, x7, t[0])
    x0, x2 = _pair(x0, x2, t[1])
    x1, x3 = _pair(x1, x3, t[1])
    x4, x6 = _pair(x4, x6, t[1])
    x5, x7 = _pair(x5, x7, t[1])
    x0, x4 = _pair(x0, x4, t[2])
    x1, x5 = _pair(x1, x5, t[2])
    x2, x6 = _pair(x2, x6, t[2])
    x3, x7 = _pair(x3, x7, t[2])
    return x0, x1, x2, x3, x4, x5, x6, x7


def _turn8(stride):
    """Turn three bits of a buffer, from the bit of ``stride`` on."""
    h1, h2, h3, h4 = uint64(stride), uint64(2 * stride), uint64(3 * stride), uint64(4 * stride)
    h5, h6, h7, h8 = uint64(5 * stride), uint64(6 * stride), uint64(7 * stride), uint64(8 * stride)

    @inner(fastmath={"contract"})
    def turn8(w, t0, t1, t2):
        length = stride * (uint64(w.size) // uint64(_BLOCK))  # = stride, which LLVM must not know: it would unroll
        for start in range(uint64(0), uint64(_BLOCK), h8):
            for i in range(length):
                j = start + uint64(i)
                (
                    w[j], w[j + h1], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7],
                ) = _eight(
                    w[j], w[j + h1], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7],
                    (t0, t1, t2),
                )  # fmt: skip

    return turn8


def _unturn8(stride):
    """As ``_turn8`` for psi and, ``_BLOCK`` further on, lambda; returns three derivatives.

    The derivative for an angle of Ry is Re(<psi_a|lambda_b> - <psi_b|lambda_a>), summed over pairs.
    """
    h1, h2, h3, h4 = uint64(stride), uint64(2 * stride), uint64(3 * stride), uint64(4 * stride)
    h5, h6, h7, h8 = uint64(5 * stride), uint64(6 * stride), uint64(7 * stride), uint64(8 * stride)
    half = uint64(_BLOCK)

    @inner(fastmath={"contract", "reassoc"})
    def unturn8(w, t0, t1, t2):
        d0 = d1 = d2 = 0.0
        t = (t0, t1, t2)
        for start in range(uint64(0), half, h8):
            for i in range(stride):
                j = start + uint64(i)
                k = j + half
                p0, p1, p2, p3 = w[j], w[j + h1], w[j + h2], w[j + h3]
                p4, p5, p6, p7 = w[j + h4], w[j + h5], w[j + h6], w[j + h7]
                q0, q1, q2, q3 = w[k], w[k + h1], w[k + h2], w[k + h3]
                q4, q5, q6, q7 = w[k + h4], w[k + h5], w[k + h6], w[k + h7]
                d0 += (q1 * p0 - q0 * p1) + (q3 * p2 - q2 * p3) + (q5 * p4 - q4 * p5) + (q7 * p6 - q6 * p7)
                d1 += (q2 * p0 - q0 * p2) + (q3 * p1 - q1 * p3) + (q6 * p4 - q4 * p6) + (q7 * p5 - q5 * p7)
                d2 += (q4 * p0 - q0 * p4) + (q5 * p1 - q1 * p5) + (q6 * p2 - q2 * p6) + (q7 * p3 - q3 * p7)
                (
                    w[j], w[j + h1], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7],
                ) = _eight(p0, p1, p2, p3, p4, p5, p6, p7, t)  # fmt: skip
                (
                    w[k], w[k + h1], w[k + h2], w[k + h3], w[k + h4], w[k + h5], w[k + h6], w[k + h7],
                ) = _eight(q0, q1, q2, q3, q4, q5, q6, q7, t)  # fmt: skip
        return d0, d1, d2

    return unturn8


_turn8_at_2, _turn8_at_5, _turn8_at_8 = _turn8(1 << 2), _turn8(1 << 5), _turn8(1 << 8)
_unturn8_at_2, _unturn8_at_5, _unturn8_at_8 = _unturn8(1 << 2), _unturn8(1 << 5), _unturn8(1 << 8)


@inner(fastmath={"contract"})
def _turn4(w, t0, t1):
    """Turn the two lowest bits of all of ``w``."""
    for i in range(uint64(w.size) >> uint64(2)):
        j = uint64(i) << uint64(2)
        x0, x1 = _pair(w[j], w[j + uint64(1)], t0)
        x2, x3 = _pair(w[j + uint64(2)], w[j + uint64(3)], t0)
        w[j], w[j + uint64(2)] = _pair(x0, x2, t1)
        w[j + uint64(1)], w[j + uint64(3)] = _pair(x1, x3, t1)


@inner(fastmath={"contract", "reassoc"})
def _overlap4(w):
    """The two derivatives that belong to `_turn4`, of psi and lambda in one buffer."""
    t0 = t1 = 0.0
    for i in range(uint64(_BLOCK) >> uint64(2)):
        j = uint64(i) << uint64(2)
        k = j + uint64(_BLOCK)
        p0, p1, p2, p3 = w[j], w[j + uint64(1)], w[j + uint64(2)], w[j + uint64(3)]
        q0, q1, q2, q3 = w[k], w[k + uint64(1)], w[k + uint64(2)], w[k + uint64(3)]
        t0 += (q1 * p0 - q0 * p1) + (q3 * p2 - q2 * p3)
        t1 += (q2 * p0 - q0 * p2) + (q3 * p1 - q1 * p3)
    return t0, t1


@inner
def _turn_buffer(w, t, first):
    """Turn bits ``first`` to 10 of the buffer by tangents ``t``, (11,), leaving out the cosines."""
    if first < 2:
        _turn4(w, t[0], t[1])
    if first < 5:
        _turn8_at_2(w, t[2], t[3], t[4])
    if first < 8:
        _turn8_at_5(w, t[5], t[6], t[7])
    _turn8_at_8(w, t[8], t[9], t[10])


@inner
def _unturn_buffer(w, c, t, first, slopes):
    """Turn psi and lambda in one buffer; add the derivative for each bit to ``slopes``, (11,).

    ``c``: cosines, (11,); both states lack those of the bits that were turned before.
    """
    left_out = 1.0
    if first < 2:
        d0, d1 = _overlap4(w)
        slopes[0] += d0
        slopes[1] += d1
        _turn4(w, t[0], t[1])
        left_out *= (c[0] * c[1]) ** 2
    if first < 5:
        d0, d1, d2 = _unturn8_at_2(w, t[2], t[3], t[4])
        slopes[2] += left_out * d0
        slopes[3] += left_out * d1
        slopes[4] += left_out * d2
        left_out *= (c[2] * c[3] * c[4]) ** 2
    if first < 8:
        d0, d1, d2 = _unturn8_at_5(w, t[5], t[6], t[7])
        slopes[5] += left_out * d0
        slopes[6] += left_out * d1
        slopes[7] += left_out * d2
        left_out *= (c[5] * c[6] * c[7]) ** 2
    d0, d1, d2 = _unturn8_at_8(w, t[8], t[9], t[10])
    slopes[8] += left_out * d0
    slopes[9] += left_out * d1
    slopes[10] += left_out * d2


@inner
def _load(source, start, low, order, flip, buffer):
    """Bring what the buffer is for from the state.

    A block (``low`` = 0) is contiguous: amplitude k comes from position order[k] in it, or k if ``order`` is empty.
    A panel is rows, 2^low apart: row r comes from row order[r] ^ flip.
    """
    if low > 0:
        width = _BLOCK // order.size
        for r in range(order.size):
            i, j = uint64(start + ((order[r] ^ flip) << low)), uint64(r * width)
            for k in range(width):
                buffer[j + uint64(k)] = source[i + uint64(k)]
    elif order.size > 0:
        for k in range(min(_BLOCK, source.size)):
            buffer[uint64(k)] = source[uint64(start + order[k])]
    else:
        for k in range(min(_BLOCK, source.size)):
            buffer[uint64(k)] = source[uint64(start + k)]


@inner
def _store(buffer, target, start, low, order, flip, scale):
    """The inverse of `_load`, times ``scale``."""
    if low > 0:
        width = _BLOCK // order.size
        for r in range(order.size):
            i, j = uint64(start + ((order[r] ^ flip) << low)), uint64(r * width)
            for k in range(width):
                target[i + uint64(k)] = scale * buffer[j + uint64(k)]
    elif order.size > 0:
        for k in range(min(_BLOCK, target.size)):
            target[uint64(start + order[k])] = scale * buffer[uint64(k)]
    else:
        for k in range(min(_BLOCK, target.size)):
            target[uint64(start + k)] = scale * buffer[uint64(k)]


@inner
def _place(number, low, first, flips):
    """Where in the state buffer ``number`` begins, and the flip of its rows.

    Numbers count the bits around those in the buffer. ``flips``: (F, 2), a bit of the index and what its being 1
    does to row numbers: a CX from outside of the panel.
    """
    columns = (1 << low) >> first
    start = (number % columns << first) + (number // columns) * (_BLOCK << (low - first))
    flip = 0
    for k in range(flips.shape[0]):
        if (start >> flips[k, 0]) & 1:
            flip ^= flips[k, 1]
    return start, flip


@inner
def turn(re, im, low, first, c, t, order, flips, rz, begin, end):
    """Ry on the qubits of a block (``low`` = 0) or panel, in place, for blocks or panels ``begin`` to ``end - 1``.

    ``first``: the bit of the buffer that holds qubit ``low``. ``c``, ``t``: (11,), cosine and tangent of half the
    angles, for the bits of the buffer. CX into these qubits come before, at no extra pass: ``order`` and ``flips``
    as in `_load` and `_place`. After a block, Rz on all qubits may
    follow: ``rz`` are the arguments of `twist`, or empty.
    """
    buffer, scale = np.zeros(_BLOCK), np.prod(c)
    angles, cosines, sines, real, imag = rz
    rows = min(_BLOCK, re.size) // real.size if real.size > 0 else 0
    plain = np.arange(order.size if low > 0 else 0)
    for number in range(begin, end):
        start, flip = _place(number, low, first, flips)
        for part in (re, im):
            _load(part, start, low, order, flip, buffer)
            _turn_buffer(buffer, t, first)
            _store(buffer, part, start, low, plain, np.int64(0), scale)
        if rows > 0:
            twist(re, im, angles, cosines, sines, real, imag, number * rows, (number + 1) * rows)


@inner
def unturn(re, im, lre, lim, low, first, c, t, order, flips, rz, begin, end, slopes, row_sums, columns):
    """Undo `turn` on psi and lambda, in place; add the derivatives to ``slopes``, (11,).

    ``t`` and ``rz`` are those of the inverse; ``row_sums`` and ``columns`` as in `untwist`.
    """
    buffer, scale = np.zeros(2 * _BLOCK), np.prod(c)
    ours, theirs = buffer[:_BLOCK], buffer[_BLOCK:]
    angles, cosines, sines, real, imag = rz
    rows = min(_BLOCK, re.size) // real.size if real.size > 0 else 0
    plain = np.arange(order.size if low > 0 else 0)
    for number in range(begin, end):
        start, flip = _place(number, low, first, flips)
        if rows > 0:
            r = number * rows
            untwist(re, im, lre, lim, angles, cosines, sines, real, imag, r, r + rows, row_sums, columns)
        for psi, lam in ((re, lre), (im, lim)):
            _load(psi, start, low, plain, np.int64(0), ours)
            _load(lam, start, low, plain, np.int64(0), theirs)
            _unturn_buffer(buffer, c, t, first, slopes)
            _store(ours, psi, start, low, order, flip, scale)
            _store(theirs, lam, start, low, order, flip, scale)
