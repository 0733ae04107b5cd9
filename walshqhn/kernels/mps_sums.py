"""Matrix product states read by registers that add up bits: what the output of a hidden layer depends on."""

import numpy as np
from numba import types

from walshqhn.kernels.compiler import inner, kernel
from walshqhn.kernels.mps import back, slopes_of_ket, step

PLAIN = -1
"""In place of an offset: a site whose bit is summed over."""
_FAST = {"contract", "reassoc"}


@kernel(
    "mps of hidden layers",
    lambda t: types.void(
        t[::1], t[::1], types.int64[::1], types.int64[::1], types.int64[:, ::1], t[::1], t[::1], t[::1],
    ),
)  # fmt: skip
def read_sums(are, aim, tensors, bonds, moves, weights, xre, xim):
    """Environments X[i, i', b] of all bonds, b being the registers' state, row-major; they follow each other in x.

    Row j of ``moves``, (pre, old, new, post, offset), says what site j does to a register of ``old`` values, with
    ``pre`` states of the registers before it and ``post`` of those behind: bit s takes value q to q' with weight
    ``weights[offset + (s old + q) new + q']``. With the offset `PLAIN` it does nothing, and ``new`` is ``old``.
    """
    sites = len(tensors)
    most = _most(bonds, moves)
    mre, mim, tre, tim = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
    start = 0
    xre[0], xim[0] = 1.0, 0.0
    for j in range(sites):
        left, right = bonds[j], bonds[j + 1]
        pre, old, new, post, offset = moves[j, 0], moves[j, 1], moves[j, 2], moves[j, 3], moves[j, 4]
        n = pre * old * post
        step(
            are, aim, tensors[j], left, right, are, aim, tensors[j], left, right, xre, xim, start, n, mre, mim, tre,
            tim, 0,
        )  # fmt: skip
        start += left * left * n
        half = right * right * n
        if offset == PLAIN:
            for k in range(half):
                xre[start + k], xim[start + k] = tre[k] + tre[half + k], tim[k] + tim[half + k]
            continue
        xre[start : start + right * right * pre * new * post] = 0.0
        xim[start : start + right * right * pre * new * post] = 0.0
        for e in range(right * right * pre):
            for s in range(2):
                for q in range(old):
                    p, c, o = s * half + (e * old + q) * post, offset + (s * old + q) * new, start + e * new * post
                    _spread(weights, c, 1, new, tre, p, xre, o, post)
                    _spread(weights, c, 1, new, tim, p, xim, o, post)


@kernel(
    "mps of hidden layers",
    lambda t: types.void(
        t[::1], t[::1], types.int64[::1], types.int64[::1], types.int64[:, ::1], t[::1], t[::1], t[::1], t[::1],
        t[::1], t[::1], t[::1],
    ),
)  # fmt: skip
def slopes_of_sums(are, aim, tensors, bonds, moves, weights, xre, xim, ere, eim, gre, gim):
    """Add to g the derivatives of a real sum of X[i, i', b] e[i, i', b] over the last environment, as in `automaton`.

    x holds what `read_sums` has found; e is Hermitian in i and i'.
    """
    most = _most(bonds, moves)
    tre, tim, pre_, pim = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
    yre, yim = np.empty(most), np.empty(most)
    yre[: ere.size], yim[: eim.size] = ere, eim
    start = xre.size - ere.size
    for j in range(len(tensors) - 1, -1, -1):
        left, right = bonds[j], bonds[j + 1]
        pre, old, new, post, offset = moves[j, 0], moves[j, 1], moves[j, 2], moves[j, 3], moves[j, 4]
        n = pre * old * post
        half = right * right * n
        start -= left * left * n
        if offset == PLAIN:
            tre[:half], tim[:half] = yre[:half], yim[:half]
            tre[half : 2 * half], tim[half : 2 * half] = yre[:half], yim[:half]
        else:
            tre[: 2 * half], tim[: 2 * half] = 0.0, 0.0
            for e in range(right * right * pre):
                for s in range(2):
                    for q in range(new):
                        p, c, o = (e * new + q) * post, offset + s * old * new + q, s * half + e * old * post
                        _spread(weights, c, new, old, yre, p, tre, o, post)
                        _spread(weights, c, new, old, yim, p, tim, o, post)
        back(are, aim, tensors[j], left, right, tre, tim, n, pre_, pim, yre, yim, 0)
        slopes_of_ket(tensors[j], left, right, xre, xim, start, n, pre_, pim, 2.0, gre, gim)


@inner
def _most(bonds, moves):
    """Room for what one site makes of an environment."""
    most = 1
    for j in range(len(moves)):
        wide = max(bonds[j], bonds[j + 1])
        most = max(most, 2 * wide * wide * moves[j, 0] * max(moves[j, 1], moves[j, 2]) * moves[j, 3])
    return most


@inner(fastmath=_FAST)
def _spread(weights, c, stride, count, x, p, y, o, post):
    """y[k, :] += weights[c + k stride] x[:] for k < count, x and each y[k] being ``post`` numbers."""
    if post == 1:
        for k in range(count):
            y[o + k] += weights[c + k * stride] * x[p]
        return
    for k in range(count):
        w = weights[c + k * stride]
        if w != 0.0:
            for b in range(post):
                y[o + k * post + b] += w * x[p + b]
