"""Spectra from samples, against the transform of the whole table."""

import numpy as np
import pytest

import walshqhn as wq
from walshqhn.spectrum.sparse import recover_sparse
from walshqhn.support.errors import InputError, UsageError

RNG = np.random.default_rng(5)
DECAYING = wq.iwht(RNG.normal(size=2**9) * 0.4 ** np.bitwise_count(np.arange(2**9)), norm="forward")
FLAT = (
    RNG.normal(size=2**9) + 0.1 * RNG.normal(size=2**9) ** 3
)  # without structure: nearly all weight at middle degrees
DEEP = wq.IsingHamiltonian.from_terms({(1,): 2.0, (0, 69): -1.0, (3, 5, 7, 11, 64): 0.5, (): 7.0, (2, 4, 6): 0.25})


def exact(values):
    weights = wq.WalshSpectrum.from_cost(values).degree_weights()
    return np.append(weights[:4], weights[4:].sum())


def deviations(found, expected):
    """In standard errors, beyond what may have leaked from the rest."""
    off = np.abs(np.append(found.weights, found.rest) - expected)
    return np.maximum(0, off - np.append(found.bias, 0)) / np.append(found.errors, found.rest_error)


@pytest.mark.parametrize("method", ["pairs", "regression"])
@pytest.mark.parametrize(
    "values", [DECAYING, FLAT, 1e-9 * DECAYING + 3, -1e12 * FLAT], ids=["decaying", "flat", "", "huge"]
)
def test_weights_within_their_errors(method, values):
    runs = [wq.estimate_spectrum(values, evaluations=2400, method=method, rng=k) for k in range(16)]
    off = np.array([deviations(found, exact(values)) for found in runs])
    assert np.sqrt(np.square(off).mean(axis=0)).max() < 1.8
    assert {found.evaluations for found in runs} == {2400}
    variance = exact(values)[1:].sum()
    assert np.mean([abs(f.variance - variance) < 2 * f.variance_error for f in runs]) > 0.85


def test_errors_of_smooth_costs_are_small():
    found, weights = wq.estimate_spectrum(DECAYING), exact(DECAYING)
    assert (found.errors[1:3] + found.bias[1:3]).max() < 0.15 * weights[1:].sum()
    assert found.shares.sum() == pytest.approx(1)


def test_what_is_known_is_not_estimated():
    """And the weight of the rest, a ten thousandth of the variance, is found to a few percent."""
    smooth = DECAYING + 1e-2 * (FLAT - DECAYING)
    known = wq.WalshSpectrum.from_cost(smooth).hamiltonian(max_degree=3, tolerance=0)
    expected = exact(smooth)
    found = wq.estimate_spectrum(smooth, 3, known=known)
    np.testing.assert_allclose(found.weights, expected[:4], rtol=1e-12)
    assert not found.errors.any()
    assert abs(found.rest - expected[4]) < 5 * found.rest_error < 0.2 * expected[4]
    fewer = wq.estimate_spectrum(smooth, 1, known=known)
    assert fewer.rest == pytest.approx(found.rest + expected[2] + expected[3])
    more = wq.estimate_spectrum(smooth, 4, known=known)
    weight4 = wq.WalshSpectrum.from_cost(smooth).degree_weights()[4]
    assert abs(more.weights[4] - weight4) < 4 * more.errors[4] + more.bias[4]


def test_a_fit_finds_the_coefficients():
    found = wq.fit_hamiltonian(DECAYING, 2, evaluations=5000)
    expected = wq.WalshSpectrum.from_cost(DECAYING).hamiltonian(max_degree=2, tolerance=0)
    got = dict(found.hamiltonian.largest(99))
    noise = np.sqrt(found.rest / 5000)
    assert all(abs(got[qubits] - value) < 5 * noise for qubits, value in expected.largest(99))
    assert found.hamiltonian.constant == pytest.approx(expected.constant, abs=5 * noise)
    exactly = wq.fit_hamiltonian(wq.BlackBoxCost(lambda b: 3.0 * b[:, 0] - b[:, 1] * b[:, 29], 30), 2, evaluations=1000)
    assert exactly.hamiltonian.energy(np.eye(30, dtype=int)[0]) == pytest.approx(3.0)
    assert exactly.rest < 1e-20


def test_a_sparse_cost_of_70_bits_is_found_to_the_last_digit():
    found = recover_sparse(DEEP, evaluations=20_000)
    assert found.evaluations <= 20_000
    assert {qubits: pytest.approx(value) for qubits, value in DEEP.largest(9)} == dict(found.hamiltonian.largest(9))
    assert found.hamiltonian.constant == pytest.approx(7.0)
    np.testing.assert_allclose(found.weights, DEEP.degree_weights()[:6], atol=1e-12)


def test_a_sparse_cost_under_noise():
    def noisy(bits):
        return DEEP.costs(bits) + 0.05 * np.sin(1e4 * (bits @ np.arange(1, 71) ** 1.5))

    found = recover_sparse(wq.BlackBoxCost(noisy, 70), evaluations=60_000)
    got = dict(found.hamiltonian.largest(4))
    assert got == {qubits: pytest.approx(value, abs=0.02) for qubits, value in DEEP.largest(4)}
    assert found.rest == pytest.approx(0.05**2 / 2, rel=0.2)
    cut = wq.estimate_spectrum(wq.BlackBoxCost(noisy, 70), 2, method="sparse", evaluations=60_000)
    assert cut.rest == pytest.approx(0.05**2 / 2 + 0.5**2 + 0.25**2, rel=0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_degree": -1}, "max_degree"),
        ({"evaluations": 100}, "evaluations must be a whole number of at least 800"),
        ({"method": "magic"}, "method"),
        ({"method": "sparse", "evaluations": 800}, "needs at least 2,556 evaluations, got 800"),
        ({"method": "regression", "evaluations": 3000}, "a fit of 57,226 terms needs at least 85,839 evaluations"),
        ({"method": "regression", "known": DEEP}, "known"),
        ({"known": wq.IsingHamiltonian.from_terms({(0,): 1.0})}, "70 qubits"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(UsageError, match=message):
        wq.estimate_spectrum(DEEP, **settings)


# --- influences and noise stability ----------------------------------------------------------------


def test_influences_are_what_flipping_a_bit_changes():
    spectrum = wq.WalshSpectrum.from_cost(FLAT)
    x = np.arange(FLAT.size)
    expected = [np.mean((FLAT - FLAT[x ^ (1 << j)]) ** 2) / 4 for j in range(9)]
    np.testing.assert_allclose(spectrum.influences(), expected)
    np.testing.assert_allclose(spectrum.hamiltonian().influences(), expected)
    assert DEEP.influences()[[0, 1, 64, 68]].tolist() == [1.0, 4.0, 0.25, 0.0]


@pytest.mark.parametrize("rho", [-1.0, -0.3, 0.0, 0.8, 1.0])
def test_noise_stability_is_a_correlation(rho):
    """Of all pairs of configurations, by the probability of their distance."""
    values = FLAT[:64]
    distance = np.bitwise_count(np.arange(64)[:, None] ^ np.arange(64))
    chance = ((1 - rho) / 2) ** distance * ((1 + rho) / 2) ** (6 - distance.astype(int)) / 64
    spectrum = wq.WalshSpectrum.from_cost(values)
    assert spectrum.noise_stability(rho) == pytest.approx(values @ chance @ values)
    assert spectrum.hamiltonian().noise_stability(rho) == pytest.approx(values @ chance @ values)
    with pytest.raises(UsageError, match="rho must be in"):
        spectrum.noise_stability(1.5)


# --- Hamiltonians from terms -------------------------------------------------------------------------


def test_equal_terms_are_added_up_and_squares_cancel():
    found = wq.IsingHamiltonian.from_terms({(0, 2): 1.0, (2, 0): 2.0, (1, 1): 4.0, (): -1.0}, 5)
    assert (found.num_qubits, found.constant, found.largest(9)) == (5, 3.0, [((0, 2), 3.0)])
    assert wq.IsingHamiltonian.from_terms({}).num_qubits == 0
    with pytest.raises(InputError, match="a qubit lies in 0"):
        wq.IsingHamiltonian.from_terms({(4,): 1.0}, 4)
