"""Circuits compiled for a set of gates or a device, against Qiskit's state vectors."""

import numpy as np
import pytest
from backend_cases import quiet_generic
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector
from quantum_oracles import random_angles

from walshqhn import LinearAnsatz, ProductAnsatz
from walshqhn.engines.qiskit.compiled import CompiledReport, compile_circuit, compile_for_device, readout_circuit
from walshqhn.support.errors import InputError

LINE = [[0, 1], [1, 0], [1, 2], [2, 1]]
BASIS = ["h", "rx", "ry", "rz", "cx"]


def marginals(circuit, qubits):
    """Probabilities of the bits on these qubits, the first the lowest."""
    gates = QuantumCircuit(circuit.num_qubits)  # remove_final_measurements warns in Qiskit 2.3
    for one in circuit.data:
        if one.operation.name not in ("barrier", "measure"):
            gates.append(one.operation, [circuit.find_bit(q).index for q in one.qubits])
    return Statevector(gates).probabilities(list(qubits))


@pytest.mark.parametrize("pairs", [None, LINE])
def test_qubits_and_angles_keep_their_places(pairs):
    circuit, angles = LinearAnsatz(3, 2).circuit(), random_angles(24)
    compiled = compile_circuit(circuit, BASIS, pairs)
    found = marginals(compiled.bind(angles), compiled.positions)
    expected = Statevector(LinearAnsatz(3, 2).circuit(angles)).probabilities()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert set(compiled.circuit.count_ops()) <= set(BASIS)


def test_pairs_that_are_not_connected_are_routed():
    circuit = QuantumCircuit(3)
    circuit.ry(1.0, 2)
    for control, target in ((2, 0), (1, 2), (0, 1)):
        circuit.cx(control, target)
    compiled = compile_circuit(circuit, BASIS, LINE)
    place = compiled.circuit.find_bit
    used = {tuple(place(q).index for q in gate.qubits) for gate in compiled.circuit.get_instructions("cx")}
    assert used <= {tuple(pair) for pair in LINE}
    np.testing.assert_allclose(marginals(compiled.circuit, compiled.positions), Statevector(circuit).probabilities(),
                               rtol=0, atol=1e-12)  # fmt: skip


def test_what_is_wider_than_the_pairs_connect():
    with pytest.raises(InputError, match="the noise model is one of 3 qubits, the circuit has 4"):
        compile_circuit(ProductAnsatz(4).circuit(), BASIS, LINE)


def test_a_circuit_on_a_device():
    """Two CX of the linear ansatz on neighbours of a line need no more on the device."""
    angles = random_angles(12)
    compiled = compile_for_device(LinearAnsatz(3, 1).circuit(), quiet_generic(), 2, 0)
    report = CompiledReport.of(compiled.circuit)
    assert report.two_qubit_gates == report.gates["cx"] == 2
    assert report.gates["measure"] == len(set(report.qubits)) == 3
    assert set(report.gates) <= {"rz", "sx", "x", "cx", "measure"}
    assert 2 < report.depth <= 20
    expected = Statevector(LinearAnsatz(3, 1).circuit(angles)).probabilities()
    np.testing.assert_allclose(marginals(compiled.bind(angles), report.qubits), expected, rtol=0, atol=1e-12)


def test_parameters_that_compilation_removes():
    """The last Rz of each qubit cannot be measured."""
    compiled = compile_for_device(ProductAnsatz(3).circuit(), quiet_generic(), 3, 0)
    assert compiled.columns == (0, 1, 2)
    assert compiled.values(np.arange(12.0).reshape(2, 6)).tolist() == [[0, 1, 2], [6, 7, 8]]


@pytest.mark.parametrize("flipped", [False, True])
def test_calibrations_read_the_devices_qubits_in_order(flipped):
    circuit = readout_circuit([4, 0, 2], quiet_generic(), flipped=flipped)
    assert CompiledReport.of(circuit).qubits == (4, 0, 2)
    assert circuit.count_ops().get("x", 0) == 3 * flipped
