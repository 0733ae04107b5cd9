"""Flips of single spins: gains kept up to date, both forms of a Hamiltonian, local minima."""

import numpy as np
import pytest

from walshqhn import IsingHamiltonian
from walshqhn.bits import masks_from_supports
from walshqhn.cost.flips import SpinModel
from walshqhn.kernels.flips import anneal_spins, descend_spins
from walshqhn.study import baselines

RNG = np.random.default_rng(5)


def random_hamiltonian(n, count, degree):
    supports = {tuple(sorted(RNG.choice(n, RNG.integers(1, degree + 1), replace=False).tolist())) for _ in range(count)}
    masks = masks_from_supports(sorted(supports), n)
    return IsingHamiltonian(n, masks, RNG.normal(size=len(masks)), 1.0)


@pytest.mark.parametrize(("n", "count", "degree"), [(9, 30, 4), (70, 90, 3), (12, 60, 2), (5, 5, 1)])
def test_energies_are_those_of_the_spins(n, count, degree):
    h = random_hamiltonian(n, count, degree)
    model = SpinModel(h)
    is_dense = model.arguments[1].size > 0
    assert is_dense == (degree <= 2)
    spins = np.ones(n)
    energy = anneal_spins(*model.arguments, spins, model.change * np.geomspace(1, 0.01, 5000), np.uint64(3), False)
    lowered = spins.copy()
    less = anneal_spins(*model.arguments, lowered, np.empty(0), np.uint64(3), True)
    for value, z in ((energy, spins), (less, lowered)):
        assert h.energy((z < 0).astype(int)) == pytest.approx(value + h.constant, abs=1e-10)
    assert less <= energy + 1e-12
    best, minima = descend_spins(*model.arguments, spins, 20 * n, np.uint64(4))
    flipped = np.where(np.eye(n), -spins, spins)
    assert minima > 0
    assert h.energy((spins < 0).astype(int)) == pytest.approx(best + h.constant, abs=1e-10)
    assert (h.costs((flipped < 0).astype(np.uint8)) >= best + h.constant - 1e-10).all()


def test_matrix_and_terms_take_the_same_steps():
    h = random_hamiltonian(14, 80, 2)
    dense = SpinModel(h)
    other = SpinModel(IsingHamiltonian(15, [*h.masks.tolist(), [0b111]], [*h.coefficients, 0.0]))
    found = []
    for model in (dense, other):
        spins = np.ones(14 if model is dense else 15)
        arguments = list(model.arguments)
        if model is other:  # the last spin is not to be flipped: as many spins as before
            arguments[4:6] = arguments[4], arguments[5][:15]
            spins = spins[:14]
        energy = anneal_spins(*arguments, spins, np.geomspace(5, 0.1, 3000), np.uint64(8), False)
        found.append((round(energy, 9), spins.tolist()))
    assert found[0] == found[1]


def test_baselines_of_hamiltonians():
    h = random_hamiltonian(12, 60, 3)
    table = h.energies()
    for method in (baselines.one_flip_descent, baselines.simulated_annealing):
        found = method(h, 3000, 20, rng=2)
        assert found.costs.min() == pytest.approx(table.min())
        assert np.abs(found.costs[:, None] - table).min(axis=1).max() < 1e-12
        assert method(h, 3000, 20, rng=2).costs.tolist() == found.costs.tolist()
        assert method(h, 1, 4, rng=2).evaluations == 1
    large = random_hamiltonian(785, 3000, 2)
    assert baselines.one_flip_descent(large, 20_000, 2).costs.max() < -0.5 * np.abs(large.coefficients).sum()


@pytest.mark.parametrize(("n", "count", "degree"), [(9, 60, 2), (30, 20, 3), (3, 0, 1)])
def test_costs_by_matrices(n, count, degree):
    h, rows = random_hamiltonian(n, count, degree), RNG.integers(0, 2, (50, n), dtype=np.uint8)
    np.testing.assert_allclose(SpinModel(h).costs(rows), [h.energy(row) for row in rows], rtol=0, atol=1e-12)
