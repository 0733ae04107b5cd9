"""Circuits that users bring, and multi-angle QAOA."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import Statevector, random_unitary
from quantum_oracles import (
    finite_differences,
    random_angles,
    random_table,
)

from walshqhn import AerEngine, ExactEngine
from walshqhn.circuits.user import CircuitAnsatz
from walshqhn.support.errors import InputError, UsageError

A, B, C = (Parameter(name) for name in "abc")


def all_kinds():
    """Sums of parameters, gates of two and three qubits, numbers only, a matrix."""
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.rx(2 * A + B - 0.3, 0)
    circuit.cz(0, 1)
    circuit.u(A, B, C, 2)
    circuit.crz(C, 0, 2)
    circuit.rzz(A - B, 1, 2)
    circuit.rxx(C / 3, 0, 1)
    circuit.swap(0, 2)
    circuit.barrier()
    circuit.t(1)
    circuit.ccx(0, 1, 2)
    circuit.p(B, 1)
    circuit.unitary(random_unitary(4, seed=1), [0, 2])
    return circuit


def one_gate():
    circuit = QuantumCircuit(2)
    circuit.ry(A, 1)
    return circuit


def many_parameters():
    """Twelve, so that v[10] must not come before v[2]."""
    circuit, angles = QuantumCircuit(4), ParameterVector("v", 12)
    for k, angle in enumerate(angles):
        circuit.ry((k + 1) * angle, k % 4)
        circuit.cx(k % 4, (k + 1) % 4)
    return circuit


CIRCUITS = {"all kinds": all_kinds, "one gate": one_gate, "many": many_parameters, "su2": lambda: efficient_su2(3)}


@pytest.fixture(params=CIRCUITS)
def circuit(request):
    return CIRCUITS[request.param]()


def test_one_state_on_every_engine(circuit):
    """The exact engine's gates against Qiskit's own run of the circuit as it came."""
    ansatz, table = CircuitAnsatz(circuit), random_table(circuit.num_qubits)
    angles = random_angles(ansatz.num_parameters)
    own = Statevector(circuit.assign_parameters(dict(zip(circuit.parameters, angles, strict=True)))).data
    exact = ExactEngine(table)
    assert abs(np.vdot(own, exact.prepare(ansatz).statevector(angles))) == pytest.approx(1, abs=1e-10)
    np.testing.assert_allclose(exact.probabilities(ansatz, angles), np.abs(own) ** 2, rtol=0, atol=1e-10)
    np.testing.assert_allclose(AerEngine(table).probabilities(ansatz, angles), np.abs(own) ** 2, rtol=0, atol=1e-10)


def test_gradients_of_circuits(circuit):
    ansatz, table = CircuitAnsatz(circuit), random_table(circuit.num_qubits)
    angles = random_angles(ansatz.num_parameters)

    def energy(x):
        return np.abs(Statevector(circuit.assign_parameters(x)).data) ** 2 @ table

    value, gradient = ExactEngine(table).value_and_gradient(ansatz, angles)
    assert value == pytest.approx(energy(angles), abs=1e-10)
    np.testing.assert_allclose(gradient, finite_differences(energy, angles), rtol=0, atol=1e-7)
    np.testing.assert_allclose(AerEngine(table).value_and_gradient(ansatz, angles)[1], gradient, rtol=0, atol=1e-10)


def test_the_callers_circuit_stays_as_it_is(circuit):
    before = circuit.copy()
    ansatz = CircuitAnsatz(circuit)
    AerEngine(random_table(circuit.num_qubits)).value_and_gradient(ansatz, random_angles(ansatz.num_parameters))
    ansatz.circuit().measure_all()
    assert circuit == before
    circuit.x(0)  # and what the caller does to it later changes nothing here
    assert ansatz.circuit() == before


def test_names_and_description():
    ansatz = CircuitAnsatz(all_kinds())
    assert ansatz.parameter_names == ("a", "b", "c")
    description = ansatz.description
    assert {k: description[k] for k in ("name", "num_qubits", "parameters")} == {
        "name": "circuit", "num_qubits": 3, "parameters": ["a", "b", "c"]
    }  # fmt: skip
    assert CircuitAnsatz(all_kinds()).description == description
    other = all_kinds()
    other.rx(0.1, 0)
    assert CircuitAnsatz(other).description["sha256"] != description["sha256"]


def broken(change):
    circuit = QuantumCircuit(2, 2)
    circuit.rx(A, 0)
    change(circuit)
    return circuit


def conditional(circuit):
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: broken(lambda c: c.measure(0, 0)),
            UsageError,
            "has 'measure'; leave final measurements to the engine",
        ),
        (lambda: broken(lambda c: c.measure_all()), UsageError, "has 'measure'"),
        (lambda: broken(lambda c: c.reset(0)), UsageError, "has 'reset'"),
        (lambda: broken(lambda c: c.initialize([1, 0], 0)), UsageError, "has 'initialize'"),
        (lambda: broken(conditional), UsageError, "has 'if_else'"),
        (lambda: broken(lambda c: c.delay(10, 0)), UsageError, "cannot be written in Rx, Ry, Rz and CX: delay"),
        (lambda: broken(lambda c: c.ry(A * B, 0)), InputError, r"the angle a\*b is not linear in its parameters"),
        (lambda: broken(lambda c: c.ry(A**2, 0)), InputError, "is not linear in its parameters"),
        (lambda: broken(lambda c: c.ry(A.sin(), 0)), InputError, "is not linear in its parameters"),
        (lambda: broken(lambda c: c.ry(1 / A, 0)), InputError, "is not linear in its parameters"),
        (lambda: broken(lambda c: c.ry(A.abs(), 0)), InputError, "is not linear in its parameters"),
        (lambda: QuantumCircuit(2), UsageError, "at least 1 qubit and 1 parameter, this circuit has 2 and 0"),
        (lambda: "rx", UsageError, "must be a Qiskit QuantumCircuit, got str"),
    ],
)
def test_circuits_that_cannot_be_an_ansatz(make, error, message):
    with pytest.raises(error, match=message):
        CircuitAnsatz(make())
