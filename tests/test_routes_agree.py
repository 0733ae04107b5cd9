"""One cost, many routes to it: whatever is asked, and of whom, the answer must be the same.

Costs are asymmetric tables, so that no two orders of bits give the same numbers.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from qiskit.quantum_info import Statevector
from quantum_oracles import all_bits, fourier_coefficients, ising_energy, random_angles, random_table, support_of

from walshqhn import (
    AerEngine,
    ExactEngine,
    IsingHamiltonian,
    LinearAnsatz,
    ProductAnsatz,
    QAOAAnsatz,
    WalshSpectrum,
)
from walshqhn.bits import bits_to_label, mask_support

# Qiskit takes the exponential of a PauliEvolutionGate through SciPy's sparse matrices
pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
TOLERANCE = 1e-10
SIZES = range(1, 6)
small_tables = st.integers(1, 5).flatmap(lambda n: arrays(np.float64, 1 << n, elements=st.floats(-1e3, 1e3)))


def hamiltonian_of(table):
    return WalshSpectrum.from_cost(table).hamiltonian()


def ansatze(num_qubits, table):
    return {
        "product": ProductAnsatz(num_qubits),
        "linear": LinearAnsatz(num_qubits, 2),
        "qaoa-table": QAOAAnsatz(table, 2),
        "qaoa-hamiltonian": QAOAAnsatz(hamiltonian_of(table), 2),
    }


def diagonal_routes(table):
    """The cost of every configuration in index order, by each route that leads there."""
    num_bits = len(table).bit_length() - 1
    hamiltonian, bits = hamiltonian_of(table), all_bits(num_bits)
    op = hamiltonian.to_sparse_pauli_op()
    supports = [mask_support(m) for m in hamiltonian.masks]
    matrix = op.to_matrix()
    yield "no off-diagonal", (matrix - np.diag(matrix.diagonal())).sum(axis=0) + table
    yield "naive Ising sum", [ising_energy(b, supports, hamiltonian.coefficients, hamiltonian.constant) for b in bits]
    yield "energies", hamiltonian.energies()
    yield "energy", hamiltonian.energy(bits)
    yield "one energy at a time", [hamiltonian.energy(b) for b in bits]
    yield "matrix", matrix.diagonal()
    yield "Statevector", [Statevector.from_label(bits_to_label(b)).expectation_value(op) for b in bits]
    yield "back from Qiskit", IsingHamiltonian.from_sparse_pauli_op(op).energies()
    yield "engine costs", ExactEngine(table).costs(bits)
    yield "Aer costs", AerEngine(table).costs(bits)
    basis = [np.concatenate([np.pi * b, np.zeros(num_bits)]) for b in bits]  # Ry(pi) flips a qubit
    product, exact = ProductAnsatz(num_bits), ExactEngine(table)
    yield "prepared by gates", [exact.expectation(product, angles) for angles in basis]


@pytest.mark.parametrize("num_qubits", SIZES)
def test_every_route_to_the_diagonal(num_qubits):
    table = random_table(num_qubits)
    for route, found in diagonal_routes(table):
        np.testing.assert_allclose(found, table, rtol=0, atol=TOLERANCE, err_msg=route)


@given(small_tables)
def test_every_route_to_the_diagonal_for_any_table(table):
    for route, found in diagonal_routes(table):
        np.testing.assert_allclose(found, table, rtol=0, atol=TOLERANCE * max(1, np.abs(table).max()), err_msg=route)


@pytest.mark.parametrize("num_qubits", SIZES)
def test_terms_against_the_definition(num_qubits):
    table = random_table(num_qubits)
    hamiltonian = hamiltonian_of(table)
    expected = fourier_coefficients(table)
    found = {mask_support(m): c for m, c in zip(hamiltonian.masks, hamiltonian.coefficients, strict=True)}
    assert found == pytest.approx({support_of(s): f for s, f in enumerate(expected) if s}, abs=TOLERANCE)
    assert hamiltonian.constant == pytest.approx(expected[0], abs=TOLERANCE)


@pytest.mark.parametrize("num_qubits", SIZES)
@pytest.mark.parametrize("name", ["product", "linear", "qaoa-table", "qaoa-hamiltonian"])
def test_every_route_to_the_expectation(num_qubits, name):
    table = random_table(num_qubits, seed=1)
    ansatz = ansatze(num_qubits, table)[name]
    angles = random_angles(ansatz.num_parameters, seed=num_qubits)
    op = hamiltonian_of(table).to_sparse_pauli_op()
    state = Statevector(ansatz.circuit(angles))
    exact, aer = ExactEngine(table), AerEngine(table)
    expected = (np.abs(state.data) ** 2) @ table
    assert state.expectation_value(op) == pytest.approx(expected, abs=TOLERANCE)
    assert exact.expectation(ansatz, angles) == pytest.approx(expected, abs=TOLERANCE)
    assert aer.expectation(ansatz, angles) == pytest.approx(expected, abs=TOLERANCE)
    np.testing.assert_allclose(exact.probabilities(ansatz, angles), state.probabilities(), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(aer.probabilities(ansatz, angles), state.probabilities(), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("num_qubits", range(1, 7))
@pytest.mark.parametrize("layers", range(4))
def test_statevector_of_the_linear_ansatz_is_that_of_its_circuit(num_qubits, layers):
    ansatz = LinearAnsatz(num_qubits, layers)
    angles = random_angles(ansatz.num_parameters, seed=layers)
    engine = ExactEngine(random_table(num_qubits))
    expected = Statevector(ansatz.circuit(angles)).data
    np.testing.assert_allclose(engine.statevector(ansatz, angles), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("num_qubits", SIZES)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("form", ["table", "hamiltonian", "truncated"])
def test_statevector_of_qaoa_is_that_of_its_circuit(num_qubits, layers, form):
    """Phase included: neither has the constant."""
    table = random_table(num_qubits, seed=2)
    operator = table if form == "table" else hamiltonian_of(table)
    if form == "truncated":
        operator = operator.truncate(max_degree=1)
    ansatz = QAOAAnsatz(operator, layers)
    angles = random_angles(ansatz.num_parameters, seed=layers)
    expected = Statevector(ansatz.circuit(angles)).data
    found = ExactEngine(table).statevector(ansatz, angles)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_table_and_hamiltonian_make_the_same_qaoa():
    """The constant of the table is no part of it."""
    table = random_table(4)
    forms = [QAOAAnsatz(table, 2), QAOAAnsatz(table + 100, 2), QAOAAnsatz(hamiltonian_of(table), 2)]
    angles, engine = random_angles(4), ExactEngine(table)
    first, *others = (engine.statevector(form, angles) for form in forms)
    for other in others:
        np.testing.assert_allclose(other, first, rtol=0, atol=1e-9)
