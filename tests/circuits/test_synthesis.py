"""exp(-i gamma H) in CX and Rz gates: the right unitary, the qubits left as they were, the counts as said."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator, Statevector
from quantum_oracles import random_table

from walshqhn import ExactEngine, IsingHamiltonian, QAOAAnsatz, WalshSpectrum
from walshqhn.bits import masks_from_supports
from walshqhn.circuits.parities import cheapest_network, count_cx, ladders, parities, term_masks
from walshqhn.circuits.synthesis import METHODS, phase_circuit, synthesize_phase
from walshqhn.support.errors import UsageError


def hamiltonian(num_qubits, supports, seed=0):
    values = np.random.default_rng(seed).normal(size=len(supports)) + 0.1
    return IsingHamiltonian(num_qubits, masks_from_supports(supports, num_qubits), values, constant=7.0)


def dense(num_qubits, max_degree=None):
    return WalshSpectrum.from_cost(random_table(num_qubits)).hamiltonian(max_degree)


CASES = {
    "one qubit": hamiltonian(1, [(0,)]),
    "one far pair": hamiltonian(4, [(0, 3)]),
    "lopsided": hamiltonian(4, [(0,), (0, 1), (1, 2, 3), (0, 1, 2, 3), (3,)]),
    "ring": hamiltonian(5, [(j, (j + 1) % 5) for j in range(5)]),
    "degree 2": dense(4, 2),
    "dense": dense(4),
}


def diagonal_of(operator, angle):
    """From the definition, a configuration at a time."""
    out = []
    for x in range(1 << operator.num_qubits):
        energy = sum(
            value * (-1) ** bin(x & mask).count("1")
            for mask, value in zip(term_masks(operator), operator.coefficients, strict=True)
        )
        out.append(np.exp(-1j * angle * energy))
    return np.array(out)


def without_phase(matrix, like):
    return matrix * (like / abs(like)) / (matrix[0, 0] / abs(matrix[0, 0]))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", METHODS)
def test_every_way_gives_the_same_unitary(case, method):
    operator = CASES[case]
    expected = diagonal_of(operator, 0.37)
    found = Operator(phase_circuit(operator, 0.37, method)).data
    np.testing.assert_allclose(without_phase(found, expected[0]), np.diag(expected), rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", ["ladders", "parities", "rustiq", None])
def test_angles_may_be_symbols(case, method):
    operator, gamma = CASES[case], Parameter("g")
    circuit = phase_circuit(operator, gamma, method)
    assert set(circuit.parameters) == {gamma}
    expected = diagonal_of(operator, 0.37)
    found = Operator(circuit.assign_parameters([0.37])).data
    np.testing.assert_allclose(without_phase(found, expected[0]), np.diag(expected), rtol=0, atol=1e-12)


def test_a_diagonal_gate_takes_numbers_only():
    with pytest.raises(UsageError, match="takes a number"):
        phase_circuit(CASES["ring"], Parameter("g"), "diagonal")


# --- networks --------------------------------------------------------------------------------------


def held_by(steps, num_qubits):
    """What each qubit holds at the end, and the parity that each term met on its qubit."""
    held, met = [1 << q for q in range(num_qubits)], {}
    assert all(len({*step.qubits}) == len(step.qubits) for step in steps)
    assert len({step.term for step in steps if step.term >= 0}) == sum(step.term >= 0 for step in steps)
    for step in steps:
        if step.term < 0:
            control, target = step.qubits
            held[target] ^= held[control]
        else:
            met[step.term] = held[step.qubits[0]]
    return held, met


def check(steps, masks, num_qubits):
    held, met = held_by(steps, num_qubits)
    assert held == [1 << q for q in range(num_qubits)]
    assert [met[t] for t in range(len(masks))] == list(masks)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(1, (1 << n) - 1), min_size=1))))
def test_networks_meet_every_term_and_restore_the_qubits(case):
    num_qubits, chosen = case
    masks = sorted(chosen)
    counts = []
    for method in (ladders, parities):
        steps = method(masks, num_qubits)
        check(steps, masks, num_qubits)
        counts.append(count_cx(steps))
    best = cheapest_network(masks, num_qubits)
    check(best, masks, num_qubits)
    assert count_cx(best) == min(counts)


@pytest.mark.parametrize("num_qubits", range(1, 9))
def test_all_parities_take_as_many_cx_as_a_gray_code(num_qubits):
    masks = range(1, 1 << num_qubits)
    assert count_cx(parities(masks, num_qubits)) == (1 << num_qubits) - 2


def test_ladders_take_two_cx_a_rung():
    assert count_cx(ladders([0b1011], 4)) == 4
    assert count_cx(ladders([0b011, 0b111], 3)) == 4  # they share their first rung: 2 + 4 less 2
    assert count_cx(ladders([0b100], 3)) == 0


def test_networks_of_more_qubits_than_a_word_has_bits():
    masks = [1 << 69 | 1, 1 << 64 | 1 << 63, 0b11]
    for method in (ladders, parities):
        check(method(masks, 70), masks, 70)


@pytest.mark.parametrize("masks", [[0], [4], [-1]])
def test_masks_that_make_no_sense(masks):
    with pytest.raises(UsageError, match="a mask of 2 qubits"):
        ladders(masks, 2)


# --- counts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["ring", "degree 2", "dense"])
def test_counts_are_those_of_the_compiled_circuits(case):
    operator = CASES[case]
    found = synthesize_phase(operator, METHODS)
    assert sorted(c.method for c in found.counts) == sorted(METHODS)
    for count in found.counts:
        plain = transpile(phase_circuit(operator, 1.0, count.method), basis_gates=["cx", "u"], optimization_level=0)
        assert count.two_qubit_gates == plain.count_ops().get("cx", 0)
    assert [c.two_qubit_gates for c in found.counts] == sorted(c.two_qubit_gates for c in found.counts)
    assert found.best == found.counts[0]


def test_the_smallest_is_taken():
    """Sparse: ladders. Complete of degree 2: the walk over parities, with half the CX of the ladders."""
    path = hamiltonian(12, [(j, j + 1) for j in range(11)])
    assert synthesize_phase(path).best.two_qubit_gates <= 22
    pairs = hamiltonian(10, list(itertools.combinations(range(10), 2)))
    counts = {c.method: c.two_qubit_gates for c in synthesize_phase(pairs).counts}
    assert counts["ladders"] == 90
    assert counts["parities"] < 60
    circuit = QAOAAnsatz(pairs, 1).circuit()
    assert circuit.count_ops()["cx"] == min(counts.values())
    assert phase_circuit(dense(5), 0.1).count_ops()["cx"] == 30  # 2^5 - 2


def test_methods_that_do_not_suit_the_size_are_left_out():
    assert {c.method for c in synthesize_phase(dense(9)).counts} == {"ladders", "parities", "diagonal"}
    sparse = hamiltonian(30, [(0, 29), (3,)])
    assert {c.method for c in synthesize_phase(sparse).counts} == {"ladders", "parities", "rustiq"}


def test_what_cannot_be_compiled():
    with pytest.raises(UsageError, match="no terms"):
        synthesize_phase(IsingHamiltonian(2, np.zeros((0, 1)), np.zeros(0), 3.0))
    with pytest.raises(UsageError, match=r"Unknown method 'rustic'. Did you mean 'rustiq'"):
        synthesize_phase(CASES["ring"], ["rustic"])
    with pytest.raises(UsageError, match="Unknown method"):
        phase_circuit(CASES["ring"], 0.1, "gray")


# --- QAOA ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["lopsided", "ring", "degree 2", "dense"])
def test_circuits_of_qaoa_against_the_exact_engine(case):
    """Truncated or full, with numbers or symbols: one state, up to a global phase, to 1e-10."""
    operator, angles = CASES[case], np.array([0.3, 0.8, 0.5, 0.2])
    engine = ExactEngine(operator.energies())
    for ansatz in (QAOAAnsatz(operator, 2), QAOAAnsatz(operator.energies(), 2)):
        expected = engine.statevector(ansatz, angles)
        for circuit in (ansatz.circuit(angles), ansatz.circuit().assign_parameters(angles)):
            found = Statevector(circuit).data
            assert abs(np.vdot(found, expected)) == pytest.approx(1, abs=1e-10)
            np.testing.assert_allclose(np.abs(found) ** 2, engine.probabilities(ansatz, angles), rtol=0, atol=1e-10)


def test_a_circuit_of_qaoa_holds_gates_that_devices_know():
    circuit = QAOAAnsatz(CASES["degree 2"], 1).circuit()
    assert isinstance(circuit, QuantumCircuit)
    assert set(circuit.count_ops()) <= {"h", "cx", "rz", "rx"}
