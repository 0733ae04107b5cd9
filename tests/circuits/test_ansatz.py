"""Circuits: gates in the documented order, parameters in the documented shape."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, Statevector
from quantum_oracles import (
    linear_gates,
    linear_state,
    random_angles,
    random_table,
)

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, WalshSpectrum
from walshqhn.support.errors import InputError, UsageError


def instructions(circuit):
    """(name, qubits, angles) of every gate, in order."""
    return [
        (gate.operation.name, tuple(circuit.find_bit(q).index for q in gate.qubits), tuple(gate.operation.params))
        for gate in circuit.data
    ]


def on_each_qubit(circuit):
    """The gates that touch each qubit, in order: what decides the circuit, whatever order the list is in."""
    return [[g for g in instructions(circuit) if q in g[1]] for q in range(circuit.num_qubits)]


# --- the linear ansatz --------------------------------------------------------------------------


def test_five_qubits_two_layers_by_hand():
    """Sub-layers 1 and 3: CX 1-2, 3-4; sub-layers 2 and 4: CX 0-1, 2-3."""
    angles = np.arange(40) / 10
    expected = QuantumCircuit(5)
    for first, second, offset in (
        ((1, 2), (3, 4), 0),
        ((0, 1), (2, 3), 10),
        ((1, 2), (3, 4), 20),
        ((0, 1), (2, 3), 30),
    ):
        expected.cx(*first)
        expected.cx(*second)
        for j in range(5):
            expected.ry(angles[offset + j], j)
        for j in range(5):
            expected.rz(angles[offset + 5 + j], j)
    circuit = LinearAnsatz(5, 2).circuit(angles)
    assert instructions(circuit) == instructions(expected)
    assert circuit == expected


def test_the_product_state_by_hand():
    expected = QuantumCircuit(3)
    for j, angle in enumerate([0.1, 0.2, 0.3]):
        expected.ry(angle, j)
    for j, angle in enumerate([0.4, 0.5, 0.6]):
        expected.rz(angle, j)
    assert ProductAnsatz(3).circuit([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) == expected


@pytest.mark.parametrize("num_qubits", range(1, 8))
@pytest.mark.parametrize("layers", range(4))
def test_gates_of_the_linear_ansatz(num_qubits, layers):
    ansatz = LinearAnsatz(num_qubits, layers)
    sublayers = max(1, 2 * layers)
    assert ansatz.num_parameters == 2 * num_qubits * sublayers
    angles = random_angles(ansatz.num_parameters).reshape(sublayers, 2, num_qubits)
    expected = QuantumCircuit(num_qubits)
    for name, qubits, which in linear_gates(num_qubits, layers):
        if name == "cx":
            expected.cx(*qubits)
        else:
            getattr(expected, name)(angles[which], *qubits)
    assert on_each_qubit(ansatz.circuit(angles.ravel())) == on_each_qubit(expected)


@pytest.mark.parametrize(("num_qubits", "layers"), [(1, 0), (1, 2), (2, 1), (3, 1), (4, 2), (5, 1)])
def test_state_of_the_linear_ansatz_by_dense_matrices(num_qubits, layers):
    ansatz = LinearAnsatz(num_qubits, layers)
    angles = random_angles(ansatz.num_parameters, seed=3)
    expected = linear_state(num_qubits, layers, angles.reshape(-1, 2, num_qubits))
    found = ExactEngine(random_table(num_qubits)).prepare(ansatz).statevector(angles)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("num_qubits", [1, 4])
def test_product_is_linear_without_layers(num_qubits):
    product, linear = ProductAnsatz(num_qubits), LinearAnsatz(num_qubits, 0)
    angles = random_angles(2 * num_qubits)
    assert product.program == linear.program
    assert product.circuit(angles) == linear.circuit(angles)
    assert product.description == {"name": "product", "num_qubits": num_qubits, "layers": 0}
    assert linear.description == {"name": "linear", "num_qubits": num_qubits, "layers": 0}


# --- symbols and numbers ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")  # from PauliEvolutionGate's matrix
@pytest.mark.parametrize(
    "ansatz",
    [
        ProductAnsatz(3),
        LinearAnsatz(1, 1),
        LinearAnsatz(4, 2),  # 32 parameters: t[10] must not sort before t[2]
        QAOAAnsatz(random_table(3), 2),
        QAOAAnsatz(WalshSpectrum.from_cost(random_table(3)).hamiltonian(max_degree=2), 2),
    ],
    ids=["product", "one qubit", "linear", "qaoa-table", "qaoa-hamiltonian"],
)
def test_assigning_to_the_symbolic_circuit_gives_the_bound_one(ansatz):
    symbolic = ansatz.circuit()
    assert symbolic.num_parameters == ansatz.num_parameters
    angles = random_angles(ansatz.num_parameters)
    assigned, bound = symbolic.assign_parameters(angles), ansatz.circuit(angles)
    np.testing.assert_allclose(Statevector(assigned).data, Statevector(bound).data, rtol=0, atol=1e-12)
    if not isinstance(ansatz, QAOAAnsatz):
        assert assigned == bound
    np.testing.assert_allclose(Operator(assigned).data, Operator(bound).data, rtol=0, atol=1e-12)


@pytest.mark.parametrize("ansatz", [ProductAnsatz(2), LinearAnsatz(2, 1), QAOAAnsatz(random_table(2), 2)])
def test_wrong_parameters(ansatz):
    count, engine = ansatz.num_parameters, ExactEngine(random_table(2))
    for use in (
        ansatz.circuit,
        lambda p: engine.expectation(ansatz, p),
        lambda p: engine.value_and_gradient(ansatz, p),
    ):
        for wrong in (np.zeros(count + 1), np.zeros(count - 1), np.zeros((count, 1)), 0.0):
            with pytest.raises(InputError, match=rf"parameters must have shape \({count},\), got"):
                use(wrong)
        for value in (np.nan, np.inf):
            with pytest.raises(InputError, match="parameters must be finite"):
                use([0.0] * (count - 1) + [value])


@pytest.mark.parametrize(
    "make",
    [
        lambda: LinearAnsatz(0, 1),
        lambda: LinearAnsatz(3, -1),
        lambda: ProductAnsatz(0),
        lambda: QAOAAnsatz([1.0, 2.0], 0),
        lambda: QAOAAnsatz([1.0], 1),
    ],
)
def test_circuits_that_make_no_sense(make):
    with pytest.raises(UsageError, match=r"at least [01]"):
        make()


@pytest.mark.parametrize("ansatz", [ProductAnsatz(3), LinearAnsatz(3, 1), QAOAAnsatz(random_table(3), 2)])
def test_initial_parameters_depend_on_the_generator_only(ansatz):
    first, again, other = (ansatz.initial_parameters(np.random.default_rng(s)) for s in (5, 5, 6))
    assert first.shape == (ansatz.num_parameters,)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (first >= 0).all()
    assert (first < 2 * np.pi).all()
