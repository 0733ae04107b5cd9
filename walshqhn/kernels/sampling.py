"""Sampling from a distribution over all configurations."""

from numba import types

from walshqhn.kernels.compiler import const, kernel


@kernel("sampling", lambda t: types.void(const(t), const(t), types.int64[::1]))
def merge_sorted(probabilities, sorted_uniforms, out):
    """out[s] = the index whose interval of the cumulative ``probabilities`` contains the s-th uniform.

    One pass over both, since the uniforms ascend. They are scaled by the sum of the probabilities, and what rounding
    leaves over goes to the last index of positive probability.
    """
    total, last = 0.0, 0
    for x in range(probabilities.size):
        total += probabilities[x]
        if probabilities[x] > 0:
            last = x
    s, cumulated = 0, 0.0
    for x in range(last):
        cumulated += probabilities[x]
        while s < out.size and sorted_uniforms[s] * total < cumulated:
            out[s] = x
            s += 1
    while s < out.size:
        out[s] = last
        s += 1
