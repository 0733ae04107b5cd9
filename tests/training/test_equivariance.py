"""The search for a C + b, a > 0, is that for C: no optimizer, circuit or objective knows the units of the cost.

In three senses, since a C + b is rounded, and so another cost in its last bits: for a power of two and b = 0, all
numbers are equal bit for bit; otherwise values are equal to 1e-6 of the deviation of C; of the `CHAOTIC`, which
go elsewhere when a last bit changes, values are equal to 1e-6 where they have converged.

`python tests/training/test_equivariance.py` prints the table of all of them; the tests are a part of it.
"""

import numpy as np
import pytest

from walshqhn import (
    ExactEngine,
    LinearAnsatz,
    MultiAngleQAOAAnsatz,
    ProductAnsatz,
    QAOAAnsatz,
    TableCost,
    WalshSpectrum,
    train,
)
from walshqhn.cost.base import Cost
from walshqhn.training.optimizers import OPTIMIZERS

TABLE = np.random.default_rng(8).normal(size=16)
FACTORS = (1e-12, 1e-8, 3.0, 1e8, 1e12)
OFFSETS = (0.0, 1e3, -1e6)  # in units of a
CIRCUITS = {
    "product": lambda table: ProductAnsatz(4),
    "linear": lambda table: LinearAnsatz(4, 1),
    "qaoa": lambda table: QAOAAnsatz(table, 2),
    "ma-qaoa": lambda table: MultiAngleQAOAAnsatz(WalshSpectrum.from_cost(table).hamiltonian(max_degree=2), 1),
}
OBJECTIVES = ("mean", "cvar:0.2", "gibbs:2")
CHAOTIC = ("COBYLA", "COBYQA", "Newton-CG", "TNC")


def trained(circuit, optimizer, objective, factor=1.0, offset=0.0, **options):
    """Values, parameters and statuses of two runs, in the units of TABLE."""
    table = factor * TABLE + factor * offset
    ansatz, settings = CIRCUITS[circuit](table), {"max_iterations": 40, "runs": 2, "seed": 1, "samples": 64} | options
    found = train(ansatz, ExactEngine(table), optimizer=optimizer, objective=objective, **settings)
    values = (found.values() - factor * offset) / factor
    parameters = np.array([run.parameters for run in found.runs]) / ansatz.parameter_units
    return values, parameters, [run.status for run in found.runs]


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name not in CHAOTIC])
@pytest.mark.parametrize(("circuit", "objective"), [("linear", "mean"), ("qaoa", "gibbs:2"), ("ma-qaoa", "cvar:0.2")])
def test_units_do_not_matter(optimizer, circuit, objective):
    values, _, statuses = trained(circuit, optimizer, objective)
    for factor, offset in zip(FACTORS, (1e3, -1e6, 0.0, -1e6, 1e3), strict=True):
        found, _, found_statuses = trained(circuit, optimizer, objective, factor, offset)
        np.testing.assert_allclose(found, values, rtol=0, atol=1e-6)
        assert found_statuses == statuses


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_powers_of_two_change_no_bit(optimizer, circuit, objective):
    few = {"runs": 1, "max_iterations": 36}
    expected = trained(circuit, optimizer, objective, **few)
    for exponent in (-40, 40):
        found = trained(circuit, optimizer, objective, 2.0**exponent, **few)
        assert [x.tolist() for x in found[:2]] == [x.tolist() for x in expected[:2]]
        assert found[2] == expected[2]


@pytest.mark.parametrize("optimizer", CHAOTIC)
@pytest.mark.parametrize("circuit", ["product", "linear"])
def test_what_answers_to_last_bits_converges_in_all_units(optimizer, circuit):
    """To the same value here, on other ways; it is that of the angles, and a minimum."""
    exact = ExactEngine(TABLE).prepare(CIRCUITS[circuit](TABLE))
    to_the_end = {"runs": 1, "max_iterations": 1000}
    (expected,), _, _ = trained(circuit, optimizer, "mean", **to_the_end)
    for factor, offset in ((1e-8, -1e6), (3.0, 0.0), (1e12, 1e3)):
        (value,), (x,), _ = trained(circuit, optimizer, "mean", factor, offset, **to_the_end)
        at_end = exact.value_and_gradient(x * exact.ansatz.parameter_units)
        assert value == pytest.approx(at_end.value, abs=1e-9)
        assert value == pytest.approx(expected, abs=1e-6)
        assert np.abs(at_end.gradient).max() < 1e-3 * TABLE.std()


@pytest.mark.parametrize("factor", [1e-8, 1.0, 1e8])
def test_a_small_cost_is_not_converged_at_its_start(factor):
    """It has been: all gradients were below an absolute tolerance."""
    found = train(LinearAnsatz(4, 1), ExactEngine(factor * TABLE), runs=3)
    assert found.value == pytest.approx(factor * TABLE.min(), rel=1e-9)
    assert len(found.history) > 5


class Counted(Cost):
    """A cost that is neither a table nor terms."""

    num_bits, digest = 70, "counted"

    def costs(self, bits):
        return 1e9 + 1e-3 * np.asarray(bits).sum(axis=1)


def test_scale():
    """Of a table, of terms, and estimated; a large constant is the center, a small one is not."""
    wide = TableCost(TABLE + 3).scale
    assert (wide.center, wide.spread) == (0.0, pytest.approx(TABLE.std(), rel=1e-14))
    apart = TableCost(1e-3 * TABLE + 7).scale
    assert apart.center == pytest.approx(7, abs=3e-3)
    assert apart.spread == pytest.approx(1e-3 * TABLE.std(), rel=1e-12)
    assert WalshSpectrum.from_cost(TABLE).hamiltonian().scale.spread == pytest.approx(TABLE.std(), rel=1e-14)
    assert TableCost(np.full(8, 5.0)).scale == (5.0, 1.0)
    tiny = TableCost(1e-139 * TABLE).scale
    assert tiny.spread == pytest.approx(1e-139 * TABLE.std(), rel=1e-13)
    assert Counted().scale.spread == pytest.approx(1e-3 * np.sqrt(70) / 2, rel=0.15)


if __name__ == "__main__":
    print("largest deviation of the best values from those at a = 1, b = 0, in units of a; runs of another status")
    for objective in OBJECTIVES:
        for circuit in CIRCUITS:
            for optimizer in OPTIMIZERS:
                values, _, statuses = trained(circuit, optimizer, objective)
                found = [trained(circuit, optimizer, objective, a, b) for a in FACTORS for b in OFFSETS]
                worst = max(np.abs(one[0] - values).max() for one in found)
                other = sum(x != y for one in found for x, y in zip(one[2], statuses, strict=True))
                print(f"{objective:9} {circuit:8} {optimizer:12} {worst:8.1e} {other:3}", flush=True)
