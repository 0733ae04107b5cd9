"""Bits as signs of Pauli correlators."""

import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp, Statevector

import walshqhn as wq
from walshqhn.circuits.encodings import MeasuredIn, PauliEncoding
from walshqhn.support.errors import UsageError


@pytest.mark.parametrize(
    ("num_bits", "order", "qubits"), [(17, 1, 6), (17, 2, 4), (66, 2, 8), (785, 3, 13), (1, 2, 2), (3, 2, 2), (4, 2, 3)]
)
def test_as_few_qubits_as_hold_the_bits(num_bits, order, qubits):
    encoding = PauliEncoding.correlations(num_bits, order)
    assert (encoding.num_bits, encoding.num_qubits) == (num_bits, qubits)
    assert len(set(encoding.labels)) == num_bits
    sizes = [len(bits) for bits, _ in encoding.families.values()]
    assert sum(sizes) == num_bits
    assert max(sizes) - min(sizes) <= 1


def test_two_bits_a_qubit():
    encoding = PauliEncoding.multi_basis(17)
    assert encoding.num_qubits == 9
    assert encoding.labels[-3:] == ("Z7", "X7", "Z8")
    assert {basis: masks.tolist() for basis, (_, masks) in PauliEncoding.multi_basis(3).families.items()} == {
        "Z": [1, 2], "X": [1],
    }  # fmt: skip


@pytest.mark.parametrize("basis", ["X", "Y", "Z"])
def test_a_basis_is_that_of_qiskit(basis):
    """The mean of Z on the circuit with its last rotations is that of the Pauli matrix on the circuit alone."""
    ansatz = wq.LinearAnsatz(3, 1)
    params = ansatz.initial_parameters(np.random.default_rng(4))
    state, turned = Statevector(ansatz.circuit(params)), MeasuredIn(ansatz, basis)
    exact = wq.ExactEngine(np.zeros(8)).prepare(turned)
    means = wq.wht(exact.probabilities(params))
    for mask in range(1, 8):
        pauli = "".join(basis if mask >> q & 1 else "I" for q in reversed(range(3)))
        assert means[mask] == pytest.approx(state.expectation_value(SparsePauliOp(pauli)).real, abs=1e-12)
    np.testing.assert_allclose(Statevector(turned.circuit(params)).probabilities(), exact.probabilities(params))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PauliEncoding(2, (("Z", (0, 2)),)), "X, Y or Z on different qubits"),
        (lambda: PauliEncoding(2, (("Z", (0,)), ("Z", (0,)))), "a correlator of its own"),
        (lambda: PauliEncoding.correlations(20, 2, 4), "4 qubits have 18 correlators of order 2, 20 are needed"),
        (lambda: PauliEncoding.multi_basis(0), "num_bits must be a whole number of at least 1"),
    ],
)
def test_bad_encodings(make, message):
    with pytest.raises(UsageError, match=message):
        make()
