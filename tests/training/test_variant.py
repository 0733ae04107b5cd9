"""Variants, trained."""

import numpy as np
import pytest
from training_cases import TABLE, a_chain, fingerprints, interrupted, least_energy

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, QAOAAnsatz, TableCost, Variant, WalshSpectrum, train
from walshqhn.support.errors import TooLargeError, UsageError
from walshqhn.training.train import train_layerwise
from walshqhn.training.variant import needs_table, ready_variant, train_variant

SHORT = {"max_iterations": 12, "samples": 32}
GROWN = Variant.of(ansatz="linear", layers=2, grow=True, **SHORT)


def test_a_variant_is_the_training_it_says():
    optimizer = "SPSA:calibration=2"
    variant = Variant.of(layers=1, engine="aer", shots=20, optimizer=optimizer, objective="cvar:0.5", **SHORT)
    found = train_variant(variant, TABLE, seed=4, runs=2)
    engine = AerEngine(TABLE, shots=20, seed=4)
    alone = train(LinearAnsatz(5, 1), engine, seed=4, runs=2, optimizer=optimizer, objective="cvar:0.5", **SHORT)
    assert fingerprints(found) == fingerprints(alone)
    assert (found.ansatz, found.engine, found.search) == (alone.ansatz, alone.engine, alone.search)


def test_phases_are_those_of_the_hamiltonian_or_of_the_table():
    spectrum = WalshSpectrum.from_cost(TABLE)
    hamiltonian = spectrum.hamiltonian()
    variant = Variant.of(ansatz="qaoa", layers=2, **SHORT)
    from_terms, from_table = (ready_variant(variant, cost).ansatz.description for cost in (hamiltonian, TABLE))
    assert (from_terms["terms"], from_table["terms"]) == (len(hamiltonian), None)
    truncated = ready_variant(Variant.of(ansatz="qaoa", layers=2, max_degree=1), hamiltonian).ansatz
    assert truncated.description == QAOAAnsatz(spectrum.hamiltonian(max_degree=1), 2).description


def test_who_needs_a_table():
    chain = a_chain(4)
    shots = {"engine": "aer", "shots": 5}
    variants = [Variant.of(**v) for v in ({}, shots, {"ansatz": "qaoa"} | shots)]
    assert [needs_table(v, chain) for v in variants] == [True, False, False]
    assert [needs_table(v, TableCost(TABLE)) for v in variants] == [True, False, True]
    table = TableCost(chain.energies())
    assert [ready_variant(v, chain, table=table).engine.cost for v in variants] == [table, chain, chain]


def test_growing_layer_by_layer():
    seen = []
    found = train_variant(GROWN, TABLE, seed=2, runs=2, on_depth=lambda stages: seen.append(len(stages)))
    stages = train_layerwise(LinearAnsatz(5, 0), ExactEngine(TABLE), 2, seed=2, runs=2, **SHORT)
    assert fingerprints(found) == fingerprints(stages[-1])
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_growth_goes_on_from_any_depth(depth):
    whole, depths = train_variant(GROWN, TABLE, seed=2, runs=2), []

    def ctrl_c(run, evaluation):
        if len(depths) == depth and run == 1:
            raise KeyboardInterrupt

    partial = interrupted(
        lambda **more: train_variant(GROWN, TABLE, seed=2, runs=2, **more), callback=ctrl_c, on_depth=depths.append
    )
    assert (partial.status, partial.ansatz["layers"]) == ("interrupted", depth)
    assert fingerprints(train_variant(GROWN, TABLE, seed=2, runs=2, resume=partial)) == fingerprints(whole)


@pytest.mark.parametrize(
    ("earlier", "runs", "message"),
    [
        (Variant.of(ansatz="product", **SHORT), 1, "does not grow into linear, 2 layers, grown"),
        (Variant.of(layers=3, **SHORT), 1, "does not grow into"),
        (
            Variant.of(layers=1, **SHORT),
            2,
            "grown beyond 0 layers with 1 runs and can only continue with as many, got 2",
        ),
    ],
)
def test_growths_that_do_not_go_on(earlier, runs, message):
    result = train_variant(earlier, TABLE, seed=2)
    with pytest.raises(UsageError, match=message):
        train_variant(GROWN, TABLE, seed=2, runs=runs, resume=result)


def test_40_qubits():
    chain = a_chain(40)
    variant = Variant.of(layers=1, engine="mps", shots=32, optimizer="SPSA:calibration=2", max_iterations=3)
    initial = np.zeros(160)
    initial[80:120] = np.pi / 2
    result = train_variant(variant, chain, seed=1, initial=initial)
    assert result.cost_digest == chain.digest
    assert result.exact_minimum is None
    assert least_energy(chain)[1] < result.best_cost < 0
    with pytest.raises(TooLargeError, match="40 qubits"):
        train_variant(Variant.of(), chain)
