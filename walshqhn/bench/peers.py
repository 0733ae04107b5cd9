"""The same circuits in other simulators. Each function imports its package when it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from walshqhn import AerEngine, LinearAnsatz
from walshqhn.bench.row import is_installed


def lightning(ansatz: LinearAnsatz, table: np.ndarray, params: np.ndarray) -> tuple[Callable[[], Any], ...]:
    """PennyLane's lightning.qubit with the cost as a sparse matrix: expectation, and gradient by its adjoint method."""
    import pennylane as qml
    from pennylane import numpy as pnp
    from scipy.sparse import csr_matrix

    n = ansatz.num_qubits
    index = np.arange(table.size)
    cost = qml.SparseHamiltonian(csr_matrix((table, (index, index))), wires=range(n))
    angles = pnp.array(params, requires_grad=True)

    @qml.qnode(qml.device("lightning.qubit", wires=n), diff_method="adjoint")
    def circuit(values: Any) -> Any:
        for gate in ansatz.program.gates:  # PennyLane's first wire is the most significant bit
            wires = [n - 1 - q for q in gate.qubits]
            if gate.name == "cx":
                qml.CNOT(wires=wires)
            else:
                {"ry": qml.RY, "rz": qml.RZ}[gate.name](values[gate.parameter], wires=wires)
        return qml.expval(cost)

    gradient = qml.grad(circuit)
    return lambda: circuit(angles), lambda: gradient(angles)


def qulacs_circuit(ansatz: LinearAnsatz, params: np.ndarray) -> Any:
    """Qulacs rotates the other way: its angles are minus ours."""
    from qulacs import ParametricQuantumCircuit

    circuit = ParametricQuantumCircuit(ansatz.num_qubits)
    add = {"ry": circuit.add_parametric_RY_gate, "rz": circuit.add_parametric_RZ_gate}
    for gate in ansatz.program.gates:
        if gate.name == "cx":
            circuit.add_CNOT_gate(*gate.qubits)
        else:
            add[gate.name](gate.qubits[0], -params[gate.parameter])
    return circuit


def qulacs_probabilities(ansatz: LinearAnsatz, params: np.ndarray) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """Two functions: Qulacs prepares the state; the probabilities are read from it."""
    from qulacs import QuantumState

    circuit, state = qulacs_circuit(ansatz, params), QuantumState(ansatz.num_qubits)

    def prepare() -> Any:
        state.set_zero_state()
        circuit.update_quantum_state(state)
        return state

    return prepare, lambda prepared: np.abs(prepared.get_vector()) ** 2


def scaluq_probabilities(ansatz: LinearAnsatz, params: np.ndarray) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """As `qulacs_probabilities`, by scaluq, qulacs' successor, on the CPU."""
    from scaluq import default

    gate, circuit, state = default.f64.gate, default.f64.Circuit(), default.f64.StateVector(ansatz.num_qubits)
    for one in ansatz.program.gates:
        if one.name == "cx":
            circuit.add_gate(gate.CX(*one.qubits))
        else:
            circuit.add_gate({"ry": gate.RY, "rz": gate.RZ}[one.name](one.qubits[0], float(params[one.parameter])))

    def prepare() -> Any:
        state.set_zero_state()
        circuit.update_quantum_state(state)
        return state

    return prepare, lambda prepared: np.abs(prepared.get_amplitudes()) ** 2


def qulacs_backprop(ansatz: LinearAnsatz, params: np.ndarray, fields: np.ndarray) -> Callable[[], Any]:
    """Qulacs' gradient of sum_j fields[j] Z_j: it takes sums of Paulis, hence a cost of N terms."""
    from qulacs import Observable

    circuit, observable = qulacs_circuit(ansatz, params), Observable(ansatz.num_qubits)
    for j, field in enumerate(fields):
        observable.add_operator(float(field), f"Z {j}")
    return lambda: -np.array(circuit.backprop(observable))


def aer_shifts(
    ansatz: LinearAnsatz, table: np.ndarray, params: np.ndarray, count: int, threads: int
) -> Callable[[], np.ndarray]:
    """Parameter-shift derivatives for the first ``count`` angles on Aer, state vector and exact probabilities."""
    prepared = AerEngine(table, threads=threads).prepare(ansatz)

    def derivatives() -> np.ndarray:
        steps = np.pi / 2 * np.eye(count, params.size)
        return np.array([(prepared.expectation(params + s) - prepared.expectation(params - s)) / 2 for s in steps])

    return derivatives


def numpy_qaoa(table: np.ndarray, params: np.ndarray) -> float:
    """QAOA's expectation value as in a textbook: phases, then one small matrix along each axis of a tensor."""
    n, layers = table.size.bit_length() - 1, params.size // 2
    diagonal = table - table.mean()
    state = np.full(table.size, table.size**-0.5, dtype=complex)
    for gamma, beta in zip(params[:layers], params[layers:], strict=True):
        state *= np.exp(-1j * gamma * diagonal)
        c, s = np.cos(beta), -1j * np.sin(beta)
        for j in range(n):
            pairs = state.reshape(-1, 2, 1 << j)
            state = np.stack([c * pairs[:, 0] + s * pairs[:, 1], s * pairs[:, 0] + c * pairs[:, 1]], axis=1).ravel()
    return float(np.abs(state) ** 2 @ table)


def qokit_qaoa(table: np.ndarray, params: np.ndarray) -> Callable[[], float] | None:
    """QAOA's expectation value by QOKit's C simulator, whose gamma is twice ours; None unless that is compiled."""
    if not is_installed("qokit"):
        return None
    from qokit.fur.c.csim.libpath import is_available

    if not is_available():
        return None
    from qokit.fur.c.qaoa_simulator import QAOAFURXSimulatorC

    layers = params.size // 2
    simulator = QAOAFURXSimulatorC(table.size.bit_length() - 1, costs=table)
    return lambda: float(simulator.get_expectation(simulator.simulate_qaoa(2 * params[:layers], params[layers:])))
