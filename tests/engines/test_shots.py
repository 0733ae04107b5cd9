"""Drawing from a distribution: the merging kernel, and the exact engine's samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chisquare

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz
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


# --- the exact engine -----------------------------------------------------------------------------


def drawn_indices(angles, shots, seed, num_qubits=3):
    engine = ExactEngine(np.arange(1 << num_qubits))
    bits = engine.sample(ProductAnsatz(num_qubits), angles, shots, np.random.default_rng(seed))
    return bits @ (1 << np.arange(num_qubits))


THETA = np.array([0.7, 1.3, 2.2])  # P(b_j = 1) = sin^2(theta_j / 2): 0.12, 0.37, 0.79
ANGLES = np.concatenate([THETA, np.zeros(3)])
ONES = np.sin(THETA / 2) ** 2
PROBABILITIES = [np.prod([p if x >> j & 1 else 1 - p for j, p in enumerate(ONES)]) for x in range(8)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_frequencies(seed):
    counts = np.bincount(drawn_indices(ANGLES, 20_000, seed), minlength=8)
    assert chisquare(counts, np.array(PROBABILITIES) * 20_000).pvalue > 1e-3


def test_frequencies_of_few_shots_at_a_time():
    """The first and the last uniform must not be special: one shot each from many generators."""
    firsts = [drawn_indices(ANGLES, 2, seed) for seed in range(3000)]
    for position in (0, 1):
        counts = np.bincount([pair[position] for pair in firsts], minlength=8)
        assert chisquare(counts, np.array(PROBABILITIES) * 3000).pvalue > 1e-3


def test_successive_samples_are_independent():
    """Pairs of neighbours in the sample follow the product distribution."""
    index = drawn_indices(ANGLES, 40_000, 4).reshape(-1, 2)
    counts = np.bincount(index @ [1, 8], minlength=64)
    assert chisquare(counts, np.outer(PROBABILITIES, PROBABILITIES).ravel() * 20_000).pvalue > 1e-3


def test_zero_probabilities_are_never_drawn():
    """theta = 0 leaves qubits 0 and 2 at 0: only indices 0 and 2 are possible."""
    index = drawn_indices([0, 1.0, 0, 0.2, 0.3, 0.4], 5000, 5)
    assert set(index.tolist()) == {0, 2}


def test_one_shot():
    engine, ansatz = ExactEngine(np.arange(4)), LinearAnsatz(2, 1)
    sample = engine.sample(ansatz, np.zeros(8), 1, np.random.default_rng(0))
    assert sample.tolist() == [[0, 0]]
