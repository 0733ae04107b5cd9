"""Spectra in blocks of a Dask array, against those of the whole array; on workers that could not hold it."""

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


@pytest.mark.parametrize("through_file", [False, True])
def test_whole_numbers_and_float32(tmp_path, through_file):
    table, scratch = np.arange(64) ** 2, tmp_path if through_file else None
    expected = WalshSpectrum.from_cost(table).coefficients
    for kind, digits in ((np.int16, 1e-12), (np.float32, 1e-3)):
        costs = da.from_array(table.astype(kind), chunks=16)
        found = BlockSpectrum.from_costs(costs, scratch=scratch).coefficients
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
    with pytest.raises(InputError, match="scratch must be a folder"):
        BlockSpectrum.from_costs(da.ones(4, chunks=2), scratch="nowhere")


@pytest.mark.slow
def test_28_bits_on_two_workers_of_512_mib(tmp_path):
    """2 GiB of costs, made, transformed and summed up by processes that together hold half of it."""
    distributed = pytest.importorskip("distributed")
    import dask

    terms = {0b1: 1.5, 0b11 << 26: -2.0, 0b101 | 1 << 27: 0.25, (1 << 28) - 1: 3.0}

    def costs(block_info):
        ((start, stop),) = block_info[None]["array-location"]
        x = np.arange(start, stop, dtype=np.uint64)
        found = np.full(len(x), 7.0)
        for mask, value in terms.items():
            found += value * (1.0 - 2.0 * (np.bitwise_count(x & np.uint64(mask)) & 1))
        return found

    table = da.map_blocks(costs, chunks=((1 << 21,) * 128,), dtype=np.float64, meta=np.zeros(0))
    with (
        dask.config.set({"temporary-directory": str(tmp_path)}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit="512MiB", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        weights, hamiltonian = BlockSpectrum.from_costs(table, scratch=tmp_path).summarize(max_terms=10)
    found = dict(zip(hamiltonian.masks[:, 0].tolist(), hamiltonian.coefficients.tolist(), strict=True))
    assert {mask: pytest.approx(value, abs=1e-12) for mask, value in terms.items()} == {
        mask: value for mask, value in found.items() if abs(value) > 1e-9
    }
    assert hamiltonian.constant == pytest.approx(7.0)
    assert np.flatnonzero(weights > 1e-20).tolist() == [0, 1, 2, 3, 28]
    np.testing.assert_allclose(weights[[0, 1, 2, 3, 28]], [49, 2.25, 4, 0.0625, 9])
