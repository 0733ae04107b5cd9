"""Spectra in blocks of a Dask array, against those of the whole array."""

import numpy as np
import pytest
from quantum_oracles import random_table

from walshqhn import WalshSpectrum
from walshqhn.spectrum.blocks import BlockSpectrum
from walshqhn.support.errors import InputError

da = pytest.importorskip("dask.array")


@pytest.mark.parametrize(("n", "low"), [(0, 0), (1, 1), (7, 4), (8, 4), (9, 8)])
def test_it_is_the_spectrum_of_the_whole(n, low):
    table = random_table(n, seed=n)
    whole, found = WalshSpectrum.from_cost(table), BlockSpectrum.from_costs(da.from_array(table, chunks=1 << low))
    assert found.num_bits == n
    np.testing.assert_allclose(found.coefficients.compute().ravel(), whole.coefficients, atol=1e-14)
    weights, hamiltonian = found.summarize(max_terms=20)
    np.testing.assert_allclose(weights, whole.degree_weights(), atol=1e-13)
    expected = whole.hamiltonian(tolerance=0.0, max_terms=20)
    np.testing.assert_array_equal(hamiltonian.masks, expected.masks)
    np.testing.assert_allclose(hamiltonian.coefficients, expected.coefficients, atol=1e-14)
    assert hamiltonian.constant == pytest.approx(expected.constant, abs=1e-14)
    assert hamiltonian.discarded_weight == pytest.approx(expected.discarded_weight, abs=1e-13 * weights.sum())


def test_whole_numbers_and_float32():
    table = np.arange(64) ** 2
    expected = WalshSpectrum.from_cost(table).coefficients
    for kind, digits in ((np.int16, 1e-12), (np.float32, 1e-3)):
        found = BlockSpectrum.from_costs(da.from_array(table.astype(kind), chunks=16)).coefficients
        np.testing.assert_allclose(found.compute().ravel(), expected, atol=digits)


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        (np.ones(8), "must be a Dask array of real numbers"),
        (da.ones((2, 4)), "must be a Dask array of real numbers"),
        (da.ones(64, chunks=4), r"in equal blocks .* at least 2\^3; got 16 of up to 4"),
        (da.ones(64, chunks=24), "in equal blocks"),
        (da.ones(48, chunks=16), "power of two"),
    ],
)
def test_bad_input(costs, message):
    with pytest.raises(InputError, match=message):
        BlockSpectrum.from_costs(costs)
