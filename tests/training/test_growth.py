"""Layers that do nothing at first, and training that goes on from there."""

from itertools import pairwise

import numpy as np
import pytest
from quantum_oracles import linear_state, random_angles, random_table
from training_cases import TABLE, fingerprints, interrupted

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, WalshSpectrum
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.growth import grow_layers
from walshqhn.circuits.program import Program
from walshqhn.support.errors import InputError, UsageError
from walshqhn.training.train import train_layerwise

QUICK = {"max_iterations": 15, "samples": 32, "runs": 2, "seed": 3}


def circuits(num_qubits):
    table = random_table(num_qubits)
    return [
        ProductAnsatz(num_qubits),
        LinearAnsatz(num_qubits, 0),
        LinearAnsatz(num_qubits, 1),
        LinearAnsatz(num_qubits, 2),
        QAOAAnsatz(table, 1),
        QAOAAnsatz(WalshSpectrum.from_cost(table).hamiltonian(max_degree=1), 2),
    ]


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 6])
@pytest.mark.parametrize("case", range(6))
def test_growing_changes_nothing(num_qubits, case):
    ansatz = circuits(num_qubits)[case]
    engine, angles = ExactEngine(random_table(num_qubits, seed=1)), random_angles(ansatz.num_parameters, seed=1)
    for _ in range(3):
        grown, params = grow_layers(ansatz, angles)
        assert grown.layers == ansatz.layers + 1
        assert params.shape == (grown.num_parameters,)
        assert engine.expectation(grown, params) == pytest.approx(engine.expectation(ansatz, angles), abs=1e-12)
        old, new = engine.statevector(ansatz, angles), engine.statevector(grown, params)
        np.testing.assert_allclose(new, old, rtol=0, atol=1e-12)
        ansatz, angles = grown, params


@pytest.mark.parametrize(("num_qubits", "layers"), [(3, 0), (3, 1), (4, 2)])
def test_growing_by_dense_matrices(num_qubits, layers):
    ansatz = LinearAnsatz(num_qubits, layers)
    angles = random_angles(ansatz.num_parameters, seed=2)
    _, params = grow_layers(ansatz, angles)
    before = linear_state(num_qubits, layers, angles.reshape(-1, 2, num_qubits))
    after = linear_state(num_qubits, layers + 1, params.reshape(-1, 2, num_qubits))
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-12)


def test_zero_angles_elsewhere_are_no_identity():
    """Why the new layer comes first: appended, its CX change the state."""
    angles = random_angles(12, seed=2)
    engine = ExactEngine(random_table(3))
    appended = np.concatenate([angles, np.zeros(12)])
    before, after = engine.statevector(LinearAnsatz(3, 1), angles), engine.statevector(LinearAnsatz(3, 2), appended)
    assert np.abs(before - after).max() > 0.1


def test_growing_what_cannot_grow():
    class Other(Ansatz):
        num_qubits = 1
        program = Program(1, 0, ())
        description = {"name": "other"}  # noqa: RUF012

    with pytest.raises(UsageError, match="not to 'other'"):
        grow_layers(Other(), [])
    with pytest.raises(UsageError, match="not to 'other'"):
        train_layerwise(Other(), ExactEngine([0.0, 1.0]), 2)
    with pytest.raises(InputError, match=r"shape \(12,\)"):
        grow_layers(LinearAnsatz(3, 1), np.zeros(5))


def test_layer_by_layer():
    engine, seen = ExactEngine(TABLE), []
    results = train_layerwise(ProductAnsatz(5), engine, 2, on_depth=seen.append, **QUICK)
    assert [r.ansatz["layers"] for r in results] == [0, 1, 2]
    assert [len(s) for s in seen] == [1, 2, 3]
    for shallow, deep in pairwise(results):
        for before, after in zip(shallow.runs, deep.runs, strict=True):
            assert after.history[0] == pytest.approx(before.value, abs=1e-12)
            assert after.value <= before.value + 1e-12
    again = train_layerwise(ProductAnsatz(5), engine, 2, **QUICK)
    assert [fingerprints(r) for r in again] == [fingerprints(r) for r in results]


def test_an_interrupted_growth_goes_on():
    engine = ExactEngine(TABLE)
    arguments = QUICK | {"optimizer": "SPSA"}
    presses = iter(range(1000))

    def ctrl_c(run, evaluation):
        if next(presses) == 40:  # in the second depth: the first takes 2 x 16 reports
            raise KeyboardInterrupt

    partial = interrupted(
        lambda **more: train_layerwise(ProductAnsatz(5), engine, 2, **more), callback=ctrl_c, **arguments
    )
    assert [r.status for r in partial] == ["iteration limit", "interrupted"]
    resumed = train_layerwise(ProductAnsatz(5), engine, 2, resume=partial, **arguments)
    whole = train_layerwise(ProductAnsatz(5), engine, 2, **arguments)
    assert [fingerprints(r) for r in resumed] == [fingerprints(r) for r in whole]


@pytest.mark.parametrize("layers", [0, 1.5, True])
def test_layers_that_make_no_sense(layers):
    with pytest.raises(UsageError, match="layers of the final circuit must be a whole number of at least 1"):
        train_layerwise(LinearAnsatz(5, 1), ExactEngine(TABLE), layers)
