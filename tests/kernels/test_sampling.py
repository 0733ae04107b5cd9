"""Drawing from a distribution: the merging kernel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from walshqhn.kernels.sampling import merge_sorted

weights = st.lists(st.sampled_from([0.0, 0.0, 1e-12, 0.125, 0.3, 1.0]), min_size=1, max_size=20).filter(any)
uniforms = arrays(np.float64, st.integers(0, 60), elements=st.floats(0, 1, exclude_max=True)).map(np.sort)


def merge(probabilities, sorted_uniforms):
    out = np.full(len(sorted_uniforms), -1, dtype=np.int64)
    merge_sorted(np.asarray(probabilities, dtype=float), np.asarray(sorted_uniforms, dtype=float), out)
    return out


def searched(probabilities, sorted_uniforms):
    """Inverse of the cumulated distribution by binary search, the last possible index for what rounding leaves over."""
    p = np.asarray(probabilities, dtype=float)
    found = np.searchsorted(np.cumsum(p), np.asarray(sorted_uniforms) * sum(p.tolist()), side="right")
    return np.minimum(found, np.flatnonzero(p)[-1])


def test_by_hand():
    """Slices [0, 0.5), [0.5, 0.75), [0.75, 1); a uniform on an edge belongs to the slice that begins there."""
    assert merge([0.5, 0.25, 0.25], [0.0, 0.4, 0.5, 0.6, 0.75, 0.99]).tolist() == [0, 0, 1, 1, 2, 2]


@given(weights, uniforms)
def test_against_binary_search(probabilities, sorted_uniforms):
    assert merge(probabilities, sorted_uniforms).tolist() == searched(probabilities, sorted_uniforms).tolist()


@given(weights, uniforms)
def test_what_is_impossible_is_never_drawn(probabilities, sorted_uniforms):
    drawn = merge(probabilities, sorted_uniforms)
    assert all(probabilities[x] > 0 for x in drawn)
    assert (np.diff(drawn) >= 0).all()


@pytest.mark.parametrize("total", [1 - 1e-9, 1.0, 1 + 1e-9, 0.25, 40.0])
def test_probabilities_need_not_add_up_to_one(total):
    probabilities = np.array([0.0, 0.5, 0.25, 0.25, 0.0])
    spread = np.linspace(0, 1, 1001)[:-1]
    assert merge(probabilities * total, spread).tolist() == merge(probabilities, spread).tolist()


@pytest.mark.parametrize("uniform", [1 - 2**-53, 1.0])
def test_the_very_last_uniform_gets_the_last_possible_index(uniform):
    """0.1 ten times adds up to less than 1."""
    assert merge([0.1] * 10 + [0.0], [uniform]).tolist() == [9]
    assert merge([0.0, 1.0, 0.0], [0.0, uniform]).tolist() == [1, 1]


def test_a_single_configuration():
    assert merge([1.0], [0.0, 0.5]).tolist() == [0, 0]
    assert merge([0.3, 0.7], []).tolist() == []
