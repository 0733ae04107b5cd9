"""Noise: Aer against density matrices in NumPy, with the Pauli errors written out."""

import itertools

import numpy as np
import pytest
from oracles import cx_matrix, embed, rotation_matrix
from quantum_oracles import AXES, linear_gates, random_angles, random_table

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.engines.qiskit.noise import (
    backend_noise,
    coupling_of,
    depolarizing_noise,
    has_readout_errors,
    noise_model,
)
from walshqhn.support.errors import InputError, UsageError

PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)


def random_pauli(rho, qubits, probability):
    """With this probability one of the Paulis on ``qubits`` other than the identity, each equally likely."""
    num_qubits = rho.shape[0].bit_length() - 1
    choices = list(itertools.product(range(4), repeat=len(qubits)))[1:]
    out = (1 - probability) * rho
    for choice in choices:
        matrix = np.eye(len(rho), dtype=complex)
        for qubit, number in zip(qubits, choice, strict=True):
            matrix = embed(num_qubits, qubit, PAULIS[number]) @ matrix
        out = out + probability / len(choices) * matrix @ rho @ matrix.conj().T
    return out


def noisy_probabilities(num_qubits, layers, angles, p1, p2):
    """Of the linear ansatz, an error after each of its gates."""
    rho = np.zeros((1 << num_qubits,) * 2, complex)
    rho[0, 0] = 1
    for name, qubits, which in linear_gates(num_qubits, layers):
        if name == "cx":
            gate = cx_matrix(num_qubits, *qubits)
        else:
            gate = embed(num_qubits, qubits[0], rotation_matrix(AXES[name], angles[which]))
        rho = random_pauli(gate @ rho @ gate.conj().T, qubits, p2 if name == "cx" else p1)
    return np.diag(rho).real


@pytest.mark.parametrize(("num_qubits", "layers"), [(1, 0), (2, 1), (3, 1), (4, 1)])
@pytest.mark.parametrize("p", [0.0, 10.0, 100.0])
def test_the_papers_noise_by_sums_of_paulis(num_qubits, layers, p):
    """p1 = 0.001 p and p2 = 0.00375 p are the probabilities of any Pauli but the identity."""
    table, ansatz = random_table(num_qubits), LinearAnsatz(num_qubits, layers)
    angles = random_angles(ansatz.num_parameters)
    expected = noisy_probabilities(num_qubits, layers, angles.reshape(-1, 2, num_qubits), 0.001 * p, 0.00375 * p)
    engine = AerEngine(table, method="density_matrix", noise_model=depolarizing_noise(p))
    np.testing.assert_allclose(engine.probabilities(ansatz, angles), expected, rtol=0, atol=1e-12)
    assert engine.expectation(ansatz, angles) == pytest.approx(expected @ table, abs=1e-10)


@pytest.mark.parametrize(("p1", "p2"), [(0.05, 0.0), (0.0, 0.2), (0.03, 0.1)])
@pytest.mark.parametrize("method", ["statevector", "matrix_product_state"])
def test_one_random_state_a_shot(method, p1, p2):
    """5 sigma of the mean cost."""
    table, ansatz, shots = random_table(3), LinearAnsatz(3, 1), 3000
    angles = random_angles(12, seed=2)
    probabilities = noisy_probabilities(3, 1, angles.reshape(-1, 2, 3), p1, p2)
    mean = probabilities @ table
    sigma = np.sqrt(probabilities @ (table - mean) ** 2 / shots)
    engine = AerEngine(table, method=method, shots=shots, seed=1, noise_model=noise_model(p1, p2))
    assert engine.expectation(ansatz, angles) == pytest.approx(mean, abs=5 * sigma)
    assert abs(mean - ExactEngine(table).expectation(ansatz, angles)) > 2 * sigma


def test_gradients_with_noise():
    """The parameter-shift rule holds for channels that come after the gates."""
    table, ansatz = random_table(3), LinearAnsatz(3, 1)
    angles = random_angles(12)
    engine = AerEngine(table, method="density_matrix", noise_model=noise_model(0.02, 0.1))
    value, gradient = engine.value_and_gradient(ansatz, angles)

    def energy(x):
        return noisy_probabilities(3, 1, x.reshape(-1, 2, 3), 0.02, 0.1) @ table

    steps = 1e-5 * np.eye(12)
    expected = [(energy(angles + e) - energy(angles - e)) / 2e-5 for e in steps]
    assert value == pytest.approx(energy(angles), abs=1e-10)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-8)


def test_readout_errors_by_hand():
    """Qubit 0 is 1, qubit 1 is 0: each is misread with its own probability."""
    engine = AerEngine(np.arange(4.0), shots=20000, seed=2, noise_model=noise_model(0, 0, readout=(0.1, 0.3)))
    bits = engine.sample(ProductAnsatz(2), [np.pi, 0, 0, 0], 20000, np.random.default_rng(0))
    sigma = 0.5 / 20000**0.5
    assert bits.mean(axis=0) == pytest.approx([0.7, 0.1], abs=5 * sigma)


def test_noise_of_readout_alone_leaves_gates_alone():
    model = noise_model(0, 0, readout=0.25)
    assert has_readout_errors(model)
    assert not has_readout_errors(noise_model(0.1, 0.1))
    assert coupling_of(model) is None


def test_qaoa_gets_its_noise_gate_by_gate():
    """A diagonal gate that Aer would apply as one would go without noise; total noise makes all bits even."""
    table = random_table(3)
    model = noise_model(0.75, 15 / 16)  # every gate is followed by a uniformly random Pauli
    engine = AerEngine(table, method="density_matrix", noise_model=model)
    probabilities = engine.probabilities(QAOAAnsatz(table, 1), [0.3, 0.0])
    np.testing.assert_allclose(probabilities, 1 / 8, rtol=0, atol=1e-12)
    weak = AerEngine(table, method="density_matrix", noise_model=noise_model(0.0, 0.2))
    angles = [0.3, 0.5]
    noisy, exact = (e.expectation(QAOAAnsatz(table, 1), angles) for e in (weak, ExactEngine(table)))
    assert abs(noisy - table.mean()) < 0.8 * abs(exact - table.mean())


def test_noise_of_a_backend_reaches_every_gate():
    """The backend knows the pairs 0-1, 1-2 only; CX 2-0 is routed there, or it would go without noise."""
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit.transpiler import InstructionProperties

    backend = GenericBackendV2(3, coupling_map=[[0, 1], [1, 0], [1, 2], [2, 1]], seed=3)
    for qubits in ((0, 1), (1, 0), (1, 2), (2, 1)):
        backend.target.update_instruction_properties("cx", qubits, InstructionProperties(duration=1e-7, error=0.3))
    model = backend_noise(backend)
    assert sorted(map(tuple, coupling_of(model))) == [(0, 1), (1, 0), (1, 2), (2, 1)]

    from walshqhn.circuits.ansatz import Ansatz
    from walshqhn.circuits.program import Gate, Program

    class Far(Ansatz):
        num_qubits, description = 3, {"name": "far"}
        program = Program(3, 1, (Gate("ry", (2,), 0), Gate("cx", (2, 0)), Gate("cx", (2, 1)), Gate("cx", (0, 1))))

    shots = 4000
    bits = AerEngine(random_table(3), shots=shots, noise_model=model).sample(
        Far(), [np.pi], shots, np.random.default_rng(0)
    )
    right = (bits == [1, 0, 1]).all(axis=1).mean()
    assert 0.2 < right < 0.7  # three CX or more, each right with 0.7 and a bit; misplaced bits would give near 0
    assert bits.mean(axis=0)[2] > 0.5 > bits.mean(axis=0)[1]
    with pytest.raises(InputError, match="the noise model is one of 3 qubits, the circuit has 4"):
        AerEngine(random_table(4), shots=5, noise_model=model).expectation(ProductAnsatz(4), np.zeros(8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: depolarizing_noise(-1), r"must be in \[0, 266.667\], got -1"),
        (lambda: depolarizing_noise(300), r"must be in \[0, 266.667\], got 300"),
        (lambda: noise_model(1.5, 0), r"p1 must be in \[0, 1\], got 1.5"),
        (lambda: noise_model(0, -0.1), "p2 must be"),
        (lambda: noise_model(0, np.nan), "p2 must be"),
        (lambda: noise_model(0, 0, readout=(0.1, 2)), "readout must be"),
        (lambda: noise_model(0, 0, readout=(0.1, 0.1, 0.1)), "one probability or a pair"),
    ],
)
def test_noise_that_makes_no_sense(make, message):
    with pytest.raises(UsageError, match=message):
        make()
