"""Warm starts: near a network, a product state, or where an earlier training ended."""

import numpy as np
import pytest

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, Variant
from walshqhn.bits import index_to_bits
from walshqhn.formats.hdf5 import save_part
from walshqhn.support.errors import InputError, UsageError
from walshqhn.training.start import product_angles, started
from walshqhn.training.variant import train_variant

TABLE = np.random.default_rng(3).normal(size=16)
ONES = np.array([0.1, 0.9, 0.9, 0.1])  # label 0110


def products(ones):
    """Probabilities of all configurations of independent bits."""
    bits = index_to_bits(np.arange(1 << len(ones)), len(ones))
    return np.where(bits == 1, ones, 1 - np.asarray(ones)).prod(axis=1)


@pytest.mark.parametrize("ansatz", [ProductAnsatz(4), LinearAnsatz(4, 0), LinearAnsatz(4, 2)])
def test_near_a_network(ansatz):
    found, draw = started(ansatz, "0110", 0)
    angles = draw(np.random.default_rng(0))
    assert found is ansatz
    prepared = ExactEngine(TABLE).prepare(ansatz)
    np.testing.assert_allclose(prepared.probabilities(angles), products(ONES), atol=1e-12)
    assert np.abs(prepared.value_and_gradient(angles).gradient).max() > 1e-3


def test_qaoa_begins_in_the_state_itself():
    ansatz, draw = started(QAOAAnsatz(TABLE, 2), "0110", 0)
    assert np.ptp(draw(np.random.default_rng(0))) > 0
    np.testing.assert_allclose(
        ExactEngine(TABLE).prepare(ansatz).probabilities(np.zeros(4)), products(ONES), atol=1e-12
    )


def test_a_product_state_from_a_file(tmp_path):
    ones = np.array([0.3, 0.0, 1.0, 0.8])
    np.save(tmp_path / "p.npy", ones)
    np.savetxt(tmp_path / "p.txt", ones)
    for name in ("p.npy", "p.txt"):
        _, draw = started(LinearAnsatz(4, 1), str(tmp_path / name), 0)
        angles = draw(np.random.default_rng(0))
        probabilities = ExactEngine(TABLE).prepare(LinearAnsatz(4, 1)).probabilities(angles)
        np.testing.assert_allclose(probabilities, products(ones), atol=1e-12)
    np.save(tmp_path / "bad.npy", 2 * ones)
    with pytest.raises(InputError, match="4 probabilities"):
        started(LinearAnsatz(4, 1), str(tmp_path / "bad.npy"), 0)


@pytest.mark.parametrize(("first", "then"), [("product", "linear"), ("linear", "linear"), ("qaoa", "qaoa")])
def test_an_earlier_training_goes_on_in_a_deeper_circuit(tmp_path, first, then):
    """What it begins with is what the other ended with, and what it ends with is no worse."""
    path = tmp_path / "t.h5"
    before = train_variant(Variant.of(ansatz=first, layers=1, max_iterations=8), TABLE)
    save_part(path, "training", before)
    variant = Variant.of(ansatz=then, layers=3, start=str(path), start_noise=0, max_iterations=5)
    after = train_variant(variant, TABLE)
    assert after.history[0] == pytest.approx(before.value, abs=1e-9)
    assert after.value <= before.value + 1e-9
    assert after.search["start"] == str(path)
    with pytest.raises(UsageError, match="cannot become"):
        train_variant(Variant.of(ansatz="ma-qaoa", layers=1, start=str(path)), TABLE)


def test_noise_makes_runs_differ_and_is_the_seed_s():
    variant = Variant.of(layers=1, start="0110", max_iterations=1, start_noise=0.2)
    one, two = (train_variant(variant, TABLE, runs=2, seed=5) for _ in range(2))
    begin = [run.history[0] for run in one.runs]
    assert begin == [run.history[0] for run in two.runs]
    assert begin[0] != begin[1]
    centre = ExactEngine(TABLE).expectation(
        LinearAnsatz(4, 1), product_angles(LinearAnsatz(4, 1), 2 * np.arcsin(ONES**0.5))
    )
    assert np.abs(np.array(begin) - centre).max() < 0.5 * TABLE.std()
    assert "from 0110" in variant.label


@pytest.mark.parametrize("start", ["012", "", "a.csv", 3])
def test_what_is_no_start(start):
    with pytest.raises(UsageError, match="a start is a bit string, or a file"):
        Variant.of(start=start)


def test_starts_of_other_sizes_and_circuits(tmp_path):
    with pytest.raises(InputError, match="a start has 4 bits here, got 3"):
        train_variant(Variant.of(start="011"), TABLE)
    with pytest.raises(UsageError, match="'ma-qaoa' cannot"):
        train_variant(Variant.of(ansatz="ma-qaoa", start="0110"), TABLE)
