"""Layers of Ry on many qubits at once, and their adjoint.

Ry is real, so the real and the imaginary part of a state are rotated separately, and Ry on different qubits commute.
Eleven bits of the index at a time are brought into a buffer that fits the L1 cache and rotated there, three qubits at
once: the lowest eleven are a contiguous block, six further ones a panel of 64 rows and 32 columns, and so on. Each
group takes one pass over memory, rather than each qubit. Bits of the buffer without a gate are rotated by 0.

The adjoint method keeps psi and lambda side by side in one buffer. There the strides between all sixteen streams are
known to the compiler, which is what lets it vectorise: `_put_in` makes functions part of their callers, with the bit
that is named there.

A pair (a, b) becomes (a - t b, b + t a) with t the tangent of half the angle: one fused operation for each value
instead of two. The product of all cosines, which this leaves out, is a factor when the buffer is stored. Cosines below
2^-56 in size count as 2^-56, an error below rounding, so that eleven tangents, or the squares of eight in the
derivatives, cannot overflow.
"""

import numpy as np
from numba import uint64

from walshqhn.kernels.compiler import inner
from walshqhn.kernels.schedule import BLOCK_BITS
from walshqhn.kernels.statevector import rz_layer, rz_layer_adjoint

_BLOCK = 1 << BLOCK_BITS
_put_in = inner(fastmath={"contract"}, forceinline=True)


@_put_in
def _rotate(a, b, t):
    return a - t * b, b + t * a


@_put_in
def _rotate8(x0, x1, x2, x3, x4, x5, x6, x7, t0, t1, t2):
    """Rotate eight values by three angles; bit k of a value's number is qubit k."""
    x0, x1 = _rotate(x0, x1, t0)
    x2, x3 = _rotate(x2, x3, t0)
    x4, x5 = _rotate(x4, x5, t0)
    x6, x7 = _rotate(x6, x7, t0)
    x0, x2 = _rotate(x0, x2, t1)
    x1, x3 = _rotate(x1, x3, t1)
    x4, x6 = _rotate(x4, x6, t1)
    x5, x7 = _rotate(x5, x7, t1)
    x0, x4 = _rotate(x0, x4, t2)
    x1, x5 = _rotate(x1, x5, t2)
    x2, x6 = _rotate(x2, x6, t2)
    x3, x7 = _rotate(x3, x7, t2)
    return x0, x1, x2, x3, x4, x5, x6, x7


@_put_in
def _ry3(w, bit, t0, t1, t2):
    """Ry on bits ``bit`` to ``bit + 2`` of a buffer."""
    h = uint64(1) << uint64(bit)
    h2, h3, h4, h5, h6, h7 = uint64(2) * h, uint64(3) * h, uint64(4) * h, uint64(5) * h, uint64(6) * h, uint64(7) * h
    length = h * (uint64(w.size) // uint64(_BLOCK))  # = h, which LLVM must not know: it would unroll
    for start in range(uint64(0), uint64(_BLOCK), uint64(8) * h):
        for i in range(length):
            j = start + uint64(i)
            w[j], w[j + h], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7] = _rotate8(
                w[j], w[j + h], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7], t0, t1, t2
            )


@inner(fastmath={"contract", "reassoc"}, forceinline=True)
def _ry3_adjoint(w, bit, t0, t1, t2):
    """As `_ry3` for psi and, ``_BLOCK`` further on, lambda; returns three derivatives.

    The derivative for an angle of Ry is Re(<psi_a|lambda_b> - <psi_b|lambda_a>), summed over pairs.
    """
    d0 = d1 = d2 = 0.0
    h, half = uint64(1) << uint64(bit), uint64(_BLOCK)
    h2, h3, h4, h5, h6, h7 = uint64(2) * h, uint64(3) * h, uint64(4) * h, uint64(5) * h, uint64(6) * h, uint64(7) * h
    for start in range(uint64(0), half, uint64(8) * h):
        for i in range(h):
            j = start + uint64(i)
            k = j + half
            p0, p1, p2, p3 = w[j], w[j + h], w[j + h2], w[j + h3]
            p4, p5, p6, p7 = w[j + h4], w[j + h5], w[j + h6], w[j + h7]
            q0, q1, q2, q3 = w[k], w[k + h], w[k + h2], w[k + h3]
            q4, q5, q6, q7 = w[k + h4], w[k + h5], w[k + h6], w[k + h7]
            d0 += (q1 * p0 - q0 * p1) + (q3 * p2 - q2 * p3) + (q5 * p4 - q4 * p5) + (q7 * p6 - q6 * p7)
            d1 += (q2 * p0 - q0 * p2) + (q3 * p1 - q1 * p3) + (q6 * p4 - q4 * p6) + (q7 * p5 - q5 * p7)
            d2 += (q4 * p0 - q0 * p4) + (q5 * p1 - q1 * p5) + (q6 * p2 - q2 * p6) + (q7 * p3 - q3 * p7)
            w[j], w[j + h], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7] = _rotate8(
                p0, p1, p2, p3, p4, p5, p6, p7, t0, t1, t2
            )
            w[k], w[k + h], w[k + h2], w[k + h3], w[k + h4], w[k + h5], w[k + h6], w[k + h7] = _rotate8(
                q0, q1, q2, q3, q4, q5, q6, q7, t0, t1, t2
            )
    return d0, d1, d2


@inner(fastmath={"contract"})
def _ry2(w, t0, t1):
    """Ry on the two lowest bits of all of ``w``."""
    for i in range(uint64(w.size) >> uint64(2)):
        j = uint64(i) << uint64(2)
        x0, x1 = _rotate(w[j], w[j + uint64(1)], t0)
        x2, x3 = _rotate(w[j + uint64(2)], w[j + uint64(3)], t0)
        w[j], w[j + uint64(2)] = _rotate(x0, x2, t1)
        w[j + uint64(1)], w[j + uint64(3)] = _rotate(x1, x3, t1)


@inner(fastmath={"contract", "reassoc"})
def _ry2_slopes(w):
    """The two derivatives for the angles of `_ry2`, of psi and lambda in one buffer."""
    d0 = d1 = 0.0
    for i in range(uint64(_BLOCK) >> uint64(2)):
        j = uint64(i) << uint64(2)
        k = j + uint64(_BLOCK)
        p0, p1, p2, p3 = w[j], w[j + uint64(1)], w[j + uint64(2)], w[j + uint64(3)]
        q0, q1, q2, q3 = w[k], w[k + uint64(1)], w[k + uint64(2)], w[k + uint64(3)]
        d0 += (q1 * p0 - q0 * p1) + (q3 * p2 - q2 * p3)
        d1 += (q2 * p0 - q0 * p2) + (q3 * p1 - q1 * p3)
    return d0, d1


@inner
def _rotate_buffer(w, t, first):
    """Rotate bits ``first`` to 10 of the buffer by tangents ``t``, (11,), leaving out the cosines."""
    if first < 2:
        _ry2(w, t[0], t[1])
    if first < 5:
        _ry3(w, 2, t[2], t[3], t[4])
    if first < 8:
        _ry3(w, 5, t[5], t[6], t[7])
    _ry3(w, 8, t[8], t[9], t[10])


@inner
def _add_slopes(slopes, bit, factor, derivatives):
    for k in range(len(derivatives)):
        slopes[bit + k] += factor * derivatives[k]


@inner
def _rotate_buffer_adjoint(w, c, t, first, slopes):
    """Rotate psi and lambda in one buffer; add the derivative for each bit to ``slopes``, (11,).

    ``c``: cosines, (11,); both states lack those of the bits rotated before.
    """
    left_out = 1.0
    if first < 2:
        _add_slopes(slopes, 0, left_out, _ry2_slopes(w))
        _ry2(w, t[0], t[1])
        left_out *= (c[0] * c[1]) ** 2
    if first < 5:
        _add_slopes(slopes, 2, left_out, _ry3_adjoint(w, 2, t[2], t[3], t[4]))
        left_out *= (c[2] * c[3] * c[4]) ** 2
    if first < 8:
        _add_slopes(slopes, 5, left_out, _ry3_adjoint(w, 5, t[5], t[6], t[7]))
        left_out *= (c[5] * c[6] * c[7]) ** 2
    _add_slopes(slopes, 8, left_out, _ry3_adjoint(w, 8, t[8], t[9], t[10]))


@inner
def _load(source, start, low, order, flip, buffer):
    """Copy a block or panel of the state to the buffer.

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
def _locate(number, low, first, flips):
    """Where block or panel ``number`` begins in the state, and the flip of its rows.

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
def ry_layer(re, im, low, first, c, t, order, flips, rz, begin, end):
    """Ry on the qubits of a block (``low`` = 0) or panel, in place, for blocks or panels ``begin`` to ``end - 1``.

    ``first``: the bit of the buffer that holds qubit ``low``. ``c``, ``t``: (11,), cosine and tangent of half the
    angles, for the bits of the buffer. CX into these qubits come first, in the same pass: ``order`` and ``flips`` as in
    `_load` and `_locate`. After a block, Rz on all qubits may follow: ``rz`` as in `rz_layer`, or empty arrays.
    """
    buffer, scale = np.zeros(_BLOCK), np.prod(c)
    row = rz[3].size
    rows = min(_BLOCK, re.size) // row if row > 0 else 0
    plain = np.arange(order.size if low > 0 else 0)
    for number in range(begin, end):
        start, flip = _locate(number, low, first, flips)
        for part in (re, im):
            _load(part, start, low, order, flip, buffer)
            _rotate_buffer(buffer, t, first)
            _store(buffer, part, start, low, plain, 0, scale)
        if rows > 0:
            rz_layer(re, im, rz, number * rows, (number + 1) * rows)


@inner
def ry_layer_adjoint(re, im, lre, lim, low, first, c, t, order, flips, rz, begin, end, slopes, row_sums, columns):
    """Undo `ry_layer` on psi and lambda, in place; add the derivatives to ``slopes``, (11,).

    ``t`` and ``rz`` are those of the inverse; ``row_sums`` and ``columns`` as in `rz_layer_adjoint`.
    """
    buffer, scale = np.zeros(2 * _BLOCK), np.prod(c)
    ours, theirs = buffer[:_BLOCK], buffer[_BLOCK:]
    row = rz[3].size
    rows = min(_BLOCK, re.size) // row if row > 0 else 0
    plain = np.arange(order.size if low > 0 else 0)
    for number in range(begin, end):
        start, flip = _locate(number, low, first, flips)
        if rows > 0:
            rz_layer_adjoint(re, im, lre, lim, rz, number * rows, (number + 1) * rows, row_sums, columns)
        for psi, lam in ((re, lre), (im, lim)):
            _load(psi, start, low, plain, 0, ours)
            _load(lam, start, low, plain, 0, theirs)
            _rotate_buffer_adjoint(buffer, c, t, first, slopes)
            _store(ours, psi, start, low, order, flip, scale)
            _store(theirs, lam, start, low, order, flip, scale)
