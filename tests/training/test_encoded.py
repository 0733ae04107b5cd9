"""Hamiltonians of many bits, trained on few qubits."""

import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp, Statevector

import walshqhn as wq
from walshqhn.circuits.encodings import PauliEncoding
from walshqhn.support.errors import UsageError
from walshqhn.training.encoded import EncodedEnergy, train_encoded

RNG = np.random.default_rng(8)
PAIRS = wq.IsingHamiltonian.from_terms(
    {(): 2.0, (0, 3, 4): 1.5} | {(j, k): float(RNG.normal()) for j in range(12) for k in range(j)}
)


def energy_by_hand(params, encoding, ansatz, alpha):
    """With Qiskit's state and a sum over the terms."""
    state, spins = Statevector(ansatz.circuit(params)), []
    for basis, qubits in encoding.strings:
        pauli = SparsePauliOp.from_sparse_list([(basis * len(qubits), qubits, 1.0)], encoding.num_qubits)
        spins.append(np.tanh(alpha * state.expectation_value(pauli).real))
    return PAIRS.constant + sum(value * np.prod([spins[j] for j in term]) for term, value in PAIRS.largest(999))


@pytest.mark.parametrize("encoding", [PauliEncoding.multi_basis(12), PauliEncoding.correlations(12, 2)], ids=["1", "2"])
def test_energy_and_gradient(encoding):
    ansatz = wq.LinearAnsatz(encoding.num_qubits, 1)
    params = ansatz.initial_parameters(np.random.default_rng(2))
    value, gradient = EncodedEnergy(PAIRS, encoding, ansatz).value_and_gradient(params, 0.7)
    assert value == pytest.approx(energy_by_hand(params, encoding, ansatz, 0.7))
    step = 1e-5 * np.eye(len(params))
    for k in (0, 7, len(params) - 1):
        ends = [energy_by_hand(params + s * step[k], encoding, ansatz, 0.7) for s in (1, -1)]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
def test_the_minimum_of_a_small_hamiltonian(scale):
    """At any scale; the result is what it says it is, and no single flip improves it."""
    h = PAIRS * scale
    found = train_encoded(h, PauliEncoding.correlations(12, 2), runs=4, max_iterations=60, seed=3)
    assert found.cost == pytest.approx(h.energies().min())
    assert found.cost == pytest.approx(h.energy(found.bits)) == pytest.approx(found.descended_costs.min())
    assert (found.descended_costs <= found.rounded_costs + 1e-12 * abs(scale)).all()
    flipped = found.bits ^ np.eye(12, dtype=np.uint8)
    assert (h.costs(flipped) >= found.cost).all()
    assert found.parameters.shape == (4, wq.LinearAnsatz(4, 1).num_parameters)


def test_bits_read_from_shots():
    """Every basis has the correlations of its own distribution, and its errors are those of ``shots`` measurements."""
    encoding = PauliEncoding.correlations(12, 2)
    energy = EncodedEnergy(PAIRS, encoding, wq.LinearAnsatz(4, 1))
    params = energy.ansatz.initial_parameters(np.random.default_rng(2))
    exact = energy.correlators(params)
    measured = np.array([energy.correlators(params, 400, k) for k in range(200)])
    spread = np.sqrt((1 - exact**2) / 400)
    assert (np.abs(measured.mean(axis=0) - exact) < 5 * spread / np.sqrt(200)).all()
    np.testing.assert_allclose(measured.std(axis=0), spread, rtol=0.3)
    found = train_encoded(PAIRS, encoding, runs=3, max_iterations=40, shots=2, seed=3)
    assert (
        found.rounded_costs != train_encoded(PAIRS, encoding, runs=3, max_iterations=40, seed=3).rounded_costs
    ).any()
    assert found.cost == pytest.approx(PAIRS.energy(found.bits)) == pytest.approx(found.descended_costs.min())


def test_what_does_not_go_together():
    with pytest.raises(UsageError, match="the encoding has 11 bits, the Hamiltonian 12"):
        train_encoded(PAIRS, PauliEncoding.multi_basis(11))
    with pytest.raises(UsageError, match="the circuit has 5 qubits, the encoding 6"):
        train_encoded(PAIRS, PauliEncoding.multi_basis(12), wq.LinearAnsatz(5, 1))
    with pytest.raises(UsageError, match="alpha must be"):
        train_encoded(PAIRS, PauliEncoding.multi_basis(12), alpha=0)
