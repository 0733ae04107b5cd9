"""Walsh spectra: weights by degree, and truncation to a Hamiltonian."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from quantum_oracles import fourier_coefficients, random_table, support_of

from walshqhn import WalshSpectrum
from walshqhn.bits import mask_support
from walshqhn.support.errors import InputError, UsageError

values = st.floats(-1e6, 1e6, allow_subnormal=False)
tables = st.integers(0, 6).flatmap(lambda n: arrays(np.float64, 1 << n, elements=values))
truncations = st.fixed_dictionaries(
    {
        "max_degree": st.none() | st.integers(0, 7),
        "tolerance": st.sampled_from([0.0, 1e-3, 0.3, 50.0]),
        "max_terms": st.none() | st.integers(0, 70),
    }
)


def terms_of(hamiltonian):
    return {mask_support(m): c for m, c in zip(hamiltonian.masks, hamiltonian.coefficients, strict=True)}


def test_two_bits_by_hand():
    """C(b1 b0): C(00) = 1, C(01) = 2, C(10) = 4, C(11) = 10; e.g. f({0}) = (1 - 2 + 4 - 10) / 4."""
    spectrum = WalshSpectrum.from_cost([1, 2, 4, 10])
    assert spectrum.coefficients.tolist() == [4.25, -1.75, -2.75, 1.25]
    assert spectrum.num_bits == 2
    assert spectrum.mean == 4.25
    assert spectrum.degree_weights().tolist() == [18.0625, 3.0625 + 7.5625, 1.5625]
    assert spectrum.variance == 12.1875
    hamiltonian = spectrum.hamiltonian()
    assert terms_of(hamiltonian) == {(0,): -1.75, (1,): -2.75, (0, 1): 1.25}
    assert hamiltonian.constant == 4.25


def test_three_bits_by_hand():
    """C = 7 + 2 z_0 - z_2 + 4 z_1 z_2, written out."""
    table = [7 + 2 - 1 + 4, 7 - 2 - 1 + 4, 7 + 2 - 1 - 4, 7 - 2 - 1 - 4, 7 + 2 + 1 - 4, 7 - 2 + 1 - 4, 14, 10]
    spectrum = WalshSpectrum.from_cost(table)
    assert spectrum.coefficients.tolist() == [7, 2, 0, 0, -1, 0, 4, 0]
    assert spectrum.degree_weights().tolist() == [49, 5, 16, 0]
    assert terms_of(spectrum.hamiltonian()) == {(0,): 2, (2,): -1, (1, 2): 4}


@pytest.mark.parametrize("num_bits", range(6))
def test_coefficients_and_weights_against_their_definitions(num_bits):
    table = random_table(num_bits)
    spectrum = WalshSpectrum.from_cost(table)
    expected = fourier_coefficients(table)
    np.testing.assert_allclose(spectrum.coefficients, expected, rtol=0, atol=1e-13)
    weights = [sum(f**2 for s, f in enumerate(expected) if s.bit_count() == k) for k in range(num_bits + 1)]
    np.testing.assert_allclose(spectrum.degree_weights(), weights, rtol=1e-12, atol=1e-25)


@given(tables)
def test_parseval_and_round_trip(table):
    spectrum = WalshSpectrum.from_cost(table)
    scale = max(1e-300, float(np.mean(table**2)))
    assert spectrum.degree_weights().shape == (spectrum.num_bits + 1,)
    assert spectrum.degree_weights().sum() == pytest.approx(scale, rel=1e-12)
    assert spectrum.mean == pytest.approx(np.mean(table), abs=1e-12 * scale**0.5)
    assert spectrum.variance == pytest.approx(np.var(table), abs=1e-11 * scale)
    np.testing.assert_allclose(spectrum.cost_table(), table, rtol=0, atol=1e-12 * scale**0.5 * len(table))


@pytest.mark.parametrize("degree", range(5))
def test_a_single_parity_has_weight_at_its_degree_only(degree):
    index = np.arange(32)
    spectrum = WalshSpectrum.from_cost(3.0 * (-1.0) ** np.bitwise_count(index & ((1 << degree) - 1)))
    assert spectrum.degree_weights().tolist() == [9.0 if k == degree else 0.0 for k in range(6)]


@pytest.mark.parametrize(
    ("truncation", "kept"),
    [
        ({}, {1, 2, 3, 4, 5, 6, 7}),
        ({"max_degree": 0}, set()),
        ({"max_degree": 1}, {1, 2, 4}),
        ({"max_degree": 2}, {1, 2, 3, 4, 5, 6}),
        ({"max_degree": 9}, {1, 2, 3, 4, 5, 6, 7}),
        ({"tolerance": 0.25}, {2, 3, 5, 7}),
        ({"tolerance": 9.0}, set()),
        ({"max_terms": 0}, set()),
        ({"max_terms": 1}, {7}),
        ({"max_terms": 3}, {2, 5, 7}),
        ({"max_terms": 99}, {1, 2, 3, 4, 5, 6, 7}),
        ({"max_degree": 2, "max_terms": 2}, {2, 5}),
        ({"max_degree": 1, "tolerance": 0.2}, {2, 4}),
        ({"max_degree": 2, "tolerance": 0.25, "max_terms": 2}, {2, 5}),
    ],
)
def test_which_terms_a_truncation_keeps(truncation, kept):
    """Mask 4's coefficient equals the tolerance 0.25: not larger, hence dropped."""
    coefficients = [5.0, 0.125, -1.0, 0.5, 0.25, 2.0, -0.0625, -4.0]
    spectrum = WalshSpectrum(np.array(coefficients))
    hamiltonian = spectrum.hamiltonian(**truncation)
    assert terms_of(hamiltonian) == {support_of(s): coefficients[s] for s in kept}
    assert hamiltonian.discarded_weight == sum(coefficients[s] ** 2 for s in range(1, 8) if s not in kept)
    assert hamiltonian.constant == 5.0
    assert hamiltonian.max_degree == truncation.get("max_degree")
    assert hamiltonian.tolerance == truncation.get("tolerance", spectrum.rounding_level)


def test_of_equal_terms_the_first_are_kept():
    spectrum = WalshSpectrum(np.array([1.0, 0.5, -0.5, 2.0, 0.5, -0.5, 0.5, 0.0]))
    assert set(terms_of(spectrum.hamiltonian(max_terms=3))) == {(0,), (1,), (0, 1)}


def test_terms_that_vanish_are_left_out():
    """Exactly, or but for rounding errors, unless these are asked for."""
    spectrum = WalshSpectrum(np.array([0.0, 1.0, 0.0, -0.0, 1e-17, -1e-15, 0.0, 0.0]))
    assert set(terms_of(spectrum.hamiltonian())) == {(0,), (0, 2)}
    assert set(terms_of(spectrum.hamiltonian(tolerance=0.0))) == {(0,), (2,), (0, 2)}


def test_rounding_errors_of_a_transform_make_no_terms():
    """C = 0.1 z_0 + 0.7 z_3 z_4, whose table is not exact."""
    index = np.arange(32)
    table = 0.1 * (-1.0) ** (index & 1) + 0.7 * (-1.0) ** np.bitwise_count(index & 24)
    hamiltonian = WalshSpectrum.from_cost(table).hamiltonian()
    assert set(terms_of(hamiltonian)) == {(0,), (3, 4)}
    assert not hamiltonian.is_truncated
    assert WalshSpectrum.from_cost(table).hamiltonian(max_terms=1).is_truncated


@given(tables, truncations)
def test_discarded_weight_is_the_mean_squared_error(table, truncation):
    spectrum = WalshSpectrum.from_cost(table)
    hamiltonian = spectrum.hamiltonian(**truncation)
    kept = {int(m) for m in hamiltonian.masks[:, 0]}
    dropped = [f for s, f in enumerate(spectrum.coefficients) if s and s not in kept]
    scale = max(1e-300, float(np.mean(np.square(table))))
    error = np.mean(np.square(table - hamiltonian.energies()))
    assert hamiltonian.discarded_weight == pytest.approx(sum(f * f for f in dropped), rel=1e-12)
    assert hamiltonian.discarded_weight == pytest.approx(error, abs=1e-12 * scale)
    assert hamiltonian.rms_error == pytest.approx(np.sqrt(hamiltonian.discarded_weight))


@given(tables, truncations)
def test_what_is_dropped_is_never_larger_than_what_max_terms_kept(table, truncation):
    assume(truncation["max_terms"])
    spectrum = WalshSpectrum.from_cost(table)
    hamiltonian = spectrum.hamiltonian(**truncation)
    assert len(hamiltonian) <= truncation["max_terms"]
    kept = {int(m) for m in hamiltonian.masks[:, 0]}
    limit = truncation["max_degree"] if truncation["max_degree"] is not None else 99
    eligible = [abs(f) for s, f in enumerate(spectrum.coefficients) if s and s not in kept and s.bit_count() <= limit]
    eligible = [size for size in eligible if size > truncation["tolerance"]]
    if eligible:
        assert len(hamiltonian) == truncation["max_terms"]
        assert max(eligible) <= np.abs(hamiltonian.coefficients).min()


@given(tables, truncations, truncations)
def test_truncating_twice_accumulates(table, first, second):
    spectrum = WalshSpectrum.from_cost(table)
    once = spectrum.hamiltonian(**first)
    twice = once.truncate(**second)
    scale = max(1e-300, float(np.mean(np.square(table))))
    assert twice.discarded_weight == pytest.approx(np.mean(np.square(table - twice.energies())), abs=1e-12 * scale)
    degrees = [t["max_degree"] for t in (first, second) if t["max_degree"] is not None]
    assert twice.max_degree == (min(degrees) if degrees else None)
    assert twice.tolerance == max(first["tolerance"], second["tolerance"])


@given(tables, truncations)
def test_truncating_the_full_hamiltonian_is_the_same_as_truncating_the_spectrum(table, truncation):
    spectrum = WalshSpectrum.from_cost(table)
    direct, after = spectrum.hamiltonian(**truncation), spectrum.hamiltonian().truncate(**truncation)
    assert terms_of(direct) == terms_of(after)
    assert direct.discarded_weight == pytest.approx(after.discarded_weight, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_degree": -1}, "max_degree must be a whole number of at least 0, got -1"),
        ({"tolerance": -1e-9}, "tolerance must be at least 0 and finite"),
        ({"tolerance": np.nan}, "tolerance must be at least 0 and finite, got nan"),
        ({"tolerance": np.inf}, "tolerance must be at least 0 and finite, got inf"),
        ({"max_terms": -3}, "max_terms must be a whole number of at least 0, got -3"),
    ],
)
def test_bad_truncations(arguments, message):
    spectrum = WalshSpectrum.from_cost([1.0, 2.0])
    for target in (spectrum.hamiltonian, spectrum.hamiltonian().truncate):
        with pytest.raises(UsageError, match=message):
            target(**arguments)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1.0, 2.0, 3.0], "power of two, got 3"),
        ([], "power of two, got 0"),
        ([[1.0, 2.0]], "one axis"),
        ([1.0, np.nan], "first is nan at index 1"),
        ([np.inf, 1.0], "first is inf at index 0"),
        ([1j, 2.0], "real numbers"),
        (["a", "b"], "real numbers"),
    ],
)
def test_bad_tables(table, message):
    with pytest.raises(InputError, match=message):
        WalshSpectrum.from_cost(table)


def test_the_cost_table_is_left_alone():
    table = random_table(5)
    before = table.copy()
    WalshSpectrum.from_cost(table).hamiltonian(max_degree=1).energies()
    assert np.array_equal(table, before)
