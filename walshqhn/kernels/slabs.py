"""All values of an Ising Hamiltonian past memory: slab after slab, of which only the lowest values are kept.

The high bits of the index are fixed, one setting after the other in Gray code's order. Their spins are folded into the
coefficients of the low bits; where one spin changes, only the terms that contain it do. The transform of a slab's
coefficients gives the slab's values.
"""

import numpy as np
from numba import types, uint64

from walshqhn.kernels.compiler import const, inner, kernel
from walshqhn.kernels.walsh import levels

_INT = types.int64
_INNER_BITS = 10
_COLUMNS = 128


@inner
def _parity(x):
    for shift in (32, 16, 8, 4, 2, 1):
        x ^= x >> shift
    return x & 1


@inner
def _weight(prefix, maps, offsets):
    """How many settings of the high bits the symmetries make of this one; 0 if one of them is a smaller number."""
    same = 0
    for g in range(offsets.size):
        image = offsets[g]
        for j in range(maps.shape[1]):
            if prefix >> j & 1:
                image ^= maps[g, j]
        if image < prefix:
            return 0
        same += image == prefix
    return offsets.size // same


@inner
def _copy(source, target):
    for i in range(target.size):
        target[i] = source[i]


@inner
def _lower(a, start, h, least):
    """Take the values that belong to one run of columns into account, a column each."""
    h1, h2, h3 = uint64(start + h), uint64(start + 2 * h), uint64(start + 3 * h)
    for i in range(least.size):
        j = uint64(i)
        x0, x1, x2, x3 = a[j + uint64(start)], a[j + h1], a[j + h2], a[j + h3]
        y0, y1 = x0 + x1 - abs(x2 + x3), x0 - x1 - abs(x2 - x3)
        y0 = y0 if y0 < y1 else y1
        least[j] = y0 if y0 < least[j] else least[j]


@inner
def _least(a, least):
    """The least value of a slab whose two highest bits are still to be transformed: of x + y and x - y, x - |y|."""
    h = a.size >> 2
    least[:] = np.inf
    for start in range(0, h, least.size):
        _lower(a, start, h, least)
    return least.min()


@inner
def _insert(found, where, value, index):
    """Into lists that ascend by value, then by index; the last ones drop out."""
    k = found.size - 1
    if value > found[k] or (value == found[k] and index > where[k]):
        return
    while k > 0 and (value < found[k - 1] or (value == found[k - 1] and index < where[k - 1])):
        found[k], where[k] = found[k - 1], where[k - 1]
        k -= 1
    found[k], where[k] = value, index


@kernel(
    "minimum",
    lambda t: types.Tuple((types.float64, _INT))(
        const(t), const(_INT), const(_INT), const(_INT), const(_INT), const(_INT, 2), const(_INT), _INT, _INT, _INT,
        types.float64, types.float64, types.float64[::1], types.int64[::1],
    ),
    single=True,
)  # fmt: skip
def search_slabs(
    values, low, high, starts, members, maps, offsets, bits, begin, end, tie, limit, found, where
):  # fmt: skip
    """Search the settings ``begin`` to ``end - 1`` of the high bits, counted in Gray code.

    Term t has the coefficient ``values[t]``, the mask ``low[t]`` on the 2^``bits`` configurations of a slab and
    ``high[t]`` on the high bits; ``members[starts[j]:starts[j + 1]]`` are the terms with high bit j. Symmetry g maps
    the high bits p to ``offsets[g]`` xor ``maps[g, j]`` for every bit j of p; settings that it maps to a smaller number
    are left out. The lowest values up to ``limit`` go to ``found`` (ascending, filled up with infinity) and their
    indices, slab bits lowest, to ``where``. Returns the least value and how often it occurs, give or take ``tie``.
    """
    size, best, ties = 1 << bits, np.inf, 0
    slab, work, signed = np.zeros(size, values.dtype), np.empty(size, values.dtype), np.empty_like(values)
    least = np.empty(min(size >> 2, _COLUMNS), values.dtype)
    prefix = begin ^ (begin >> 1)
    for t in range(values.size):
        signed[t] = -values[t] if _parity(prefix & high[t]) else values[t]
        slab[low[t]] += signed[t]
    for k in range(begin, end):
        if k > begin:
            j = 0
            while not k >> j & 1:
                j += 1
            prefix ^= 1 << j
            for i in range(starts[j], starts[j + 1]):
                t = members[i]
                value = -signed[t]
                signed[t] = value
                slab[low[t]] += value + value
        weight = _weight(prefix, maps, offsets)
        if weight == 0:
            continue
        inside = min(bits - 2, _INNER_BITS)
        for start in range(0, size, 1 << inside):
            part = work[start : start + (1 << inside)]
            _copy(slab[start : start + (1 << inside)], part)
            levels(part, 0, inside)
        levels(work, inside, bits - 2)
        cutoff = min(limit, max(found[found.size - 1], best + tie))
        if _least(work, least) > cutoff:
            continue
        levels(work, bits - 2, bits)
        for y in range(size):
            if work[y] <= cutoff:
                value = np.float64(work[y])
                if value < best - tie:
                    best, ties = value, 0
                if value <= best + tie:
                    best, ties = min(best, value), ties + weight
                _insert(found, where, value, (prefix << bits) | y)
                cutoff = min(limit, max(found[found.size - 1], best + tie))
    return best, ties
