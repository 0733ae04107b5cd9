"""Gradients from values alone, and the exact engine's against them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantum_oracles import (
    finite_differences,
    fourier_coefficients,
    mean_cost,
    qaoa_gates,
    qaoa_state,
    random_angles,
    random_table,
    shifted_gate_gradient,
    support_of,
)

from walshqhn import (
    AerEngine,
    ExactEngine,
    LinearAnsatz,
    ProductAnsatz,
    QAOAAnsatz,
    WalshSpectrum,
    parameter_shift,
)
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.program import Gate, Program
from walshqhn.circuits.qaoa import MultiAngleQAOAAnsatz
from walshqhn.kernels import statevector
from walshqhn.support.errors import InputError, UsageError

ROTATIONS_ONCE = [ProductAnsatz(1), ProductAnsatz(4), LinearAnsatz(1, 2), LinearAnsatz(2, 1), LinearAnsatz(5, 2)]


def name_of(ansatz):
    return "-".join(str(v) for v in ansatz.description.values())


# --- circuits whose parameters each turn one rotation ----------------------------------------------


@pytest.mark.parametrize("ansatz", ROTATIONS_ONCE, ids=name_of)
def test_adjoint_against_parameter_shift(ansatz):
    engine = ExactEngine(random_table(ansatz.num_qubits))
    angles = random_angles(ansatz.num_parameters)
    value, gradient = engine.value_and_gradient(ansatz, angles)
    assert value == pytest.approx(engine.expectation(ansatz, angles), abs=1e-12)
    np.testing.assert_allclose(gradient, parameter_shift(engine, ansatz, angles), rtol=0, atol=1e-11)


@pytest.mark.parametrize("ansatz", ROTATIONS_ONCE[:4], ids=name_of)
def test_adjoint_against_aer(ansatz):
    table, angles = random_table(ansatz.num_qubits), random_angles(ansatz.num_parameters)
    value, gradient = ExactEngine(table).value_and_gradient(ansatz, angles)
    aer_value, aer_gradient = AerEngine(table).value_and_gradient(ansatz, angles)
    assert aer_value == pytest.approx(value, abs=1e-11)
    np.testing.assert_allclose(aer_gradient, gradient, rtol=0, atol=1e-11)


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_adjoint_against_parameter_shift_anywhere(num_qubits, layers, seed):
    rng = np.random.default_rng(seed)
    engine, ansatz = ExactEngine(rng.normal(size=1 << num_qubits)), LinearAnsatz(num_qubits, layers)
    angles = rng.normal(size=ansatz.num_parameters) * 10
    _, gradient = engine.value_and_gradient(ansatz, angles)
    np.testing.assert_allclose(gradient, parameter_shift(engine, ansatz, angles), rtol=0, atol=1e-11)


def test_parameter_shift_by_hand():
    """E = (C0 + C1) / 2 + (C0 - C1) / 2 cos(theta)."""
    found = parameter_shift(ExactEngine([5.0, 1.0]), ProductAnsatz(1), [0.4, 1.0])
    assert found == pytest.approx([-2 * np.sin(0.4), 0], abs=1e-14)


# --- circuits that share parameters -----------------------------------------------------------------


@pytest.mark.parametrize("num_qubits", [1, 2, 3])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("form", ["table", "hamiltonian"])
def test_gradient_of_qaoa_against_shifts_of_single_gates(num_qubits, layers, form):
    """Each Z product of each phase and each Rx of each mixer is shifted by itself, by dense matrices."""
    table = random_table(num_qubits, seed=3)
    operator = table if form == "table" else WalshSpectrum.from_cost(table).hamiltonian()
    terms = [(support_of(s), f) for s, f in enumerate(fourier_coefficients(table)) if s]
    gates = qaoa_gates(terms, num_qubits, layers)
    angles = random_angles(2 * layers)
    value, gradient = ExactEngine(table).value_and_gradient(QAOAAnsatz(operator, layers), angles)
    assert value == pytest.approx(mean_cost(qaoa_state(gates, angles, num_qubits), table), abs=1e-11)
    np.testing.assert_allclose(gradient, shifted_gate_gradient(gates, angles, num_qubits, table), rtol=0, atol=1e-9)


def test_a_qaoa_of_another_cost_than_the_engines():
    """The circuit evolves under a truncation, the engine measures the full cost."""
    table = random_table(4)
    ansatz = QAOAAnsatz(WalshSpectrum.from_cost(table).hamiltonian(max_degree=1), 2)
    engine, angles = ExactEngine(table), random_angles(4)
    _, gradient = engine.value_and_gradient(ansatz, angles)
    expected = finite_differences(lambda x: engine.expectation(ansatz, x), angles)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-6)


class Mixed(Ansatz):
    """A circuit that uses every kind of gate, shares parameters between kinds and scales them."""

    num_qubits = 3
    phase_table = random_table(3, seed=9) / 5
    description = {"name": "mixed"}  # noqa: RUF012

    program = Program(
        3,
        4,
        (
            Gate("rx", (0,), 0), Gate("ry", (0,), 1, -0.5), Gate("rz", (0,), 0, 2.0), Gate("rz", (2,), 3),
            Gate("cx", (2, 0)), Gate("phase", (), 1, 0.7), Gate("ry", (2,), 1), Gate("rx", (2,), 2, 3.0),
            Gate("cx", (0, 1)), Gate("phase", (), 3), Gate("rx", (1,), 0, -1.0), Gate("cx", (1, 2)),
        ),
        plus=True,
    )  # fmt: skip


def test_gradient_of_a_circuit_of_all_kinds_of_gates():
    engine, angles = ExactEngine(random_table(3)), random_angles(4)
    _, gradient = engine.value_and_gradient(Mixed(), angles)
    expected = finite_differences(lambda x: engine.expectation(Mixed(), x), angles)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    "ansatz",
    [
        QAOAAnsatz(random_table(2), 1),
        QAOAAnsatz(WalshSpectrum.from_cost(random_table(4)).hamiltonian(max_degree=2), 2),
        MultiAngleQAOAAnsatz(random_table(3), 2),
        Mixed(),
    ],
    ids=["qaoa-table", "qaoa-hamiltonian", "ma-qaoa", "mixed"],
)
def test_parameter_shift_of_shared_and_scaled_parameters(ansatz):
    """Each gate shifted by itself; phases are taken apart into their terms."""
    table, angles = random_table(ansatz.num_qubits), random_angles(ansatz.num_parameters)
    _, gradient = ExactEngine(table).value_and_gradient(ansatz, angles)
    np.testing.assert_allclose(parameter_shift(ExactEngine(table), ansatz, angles), gradient, rtol=0, atol=1e-10)
    np.testing.assert_allclose(AerEngine(table).value_and_gradient(ansatz, angles)[1], gradient, rtol=0, atol=1e-10)


def test_a_parameter_that_turns_nothing_has_no_slope():
    class Idle(Ansatz):
        num_qubits, description = 1, {"name": "idle"}
        program = Program(1, 3, (Gate("ry", (0,), 1), Gate("rz", (0,), 2, 0.0)))

    assert parameter_shift(ExactEngine([5.0, 1.0]), Idle(), [0.3, 0.4, 0.1]) == pytest.approx([0, -2 * np.sin(0.4), 0])


def test_parameter_shifts_that_take_too_many_circuits():
    """16,383 terms of a dense cost and 14 mixers: two circuits each."""
    table = np.random.default_rng(0).normal(size=1 << 14)
    with pytest.raises(UsageError, match=r"takes 32,794 circuits, at most 20,000 are allowed"):
        parameter_shift(ExactEngine(table), QAOAAnsatz(table, 1), [0.1, 0.2])
    with pytest.raises(UsageError, match=r"takes 20,400 circuits, at most 20,000 are allowed. Use ExactEngine"):
        parameter_shift(ExactEngine(random_table(2)), LinearAnsatz(2, 1275), np.zeros(10200))


def test_parameter_shift_checks_its_parameters():
    with pytest.raises(InputError, match=r"shape \(4,\)"):
        parameter_shift(ExactEngine(random_table(2)), ProductAnsatz(2), np.zeros(3))


# --- threads ------------------------------------------------------------------------------------------


def large(name, num_qubits):
    """An engine's table, a circuit and angles on many qubits."""
    table = np.random.default_rng(1).normal(size=1 << num_qubits)
    ansatz = LinearAnsatz(num_qubits, 1) if name == "linear" else QAOAAnsatz(table, 2)
    return table, ansatz, random_angles(ansatz.num_parameters)


@pytest.mark.parametrize("num_qubits", [15, 18])
@pytest.mark.parametrize("name", ["linear", "qaoa"])
def test_results_do_not_depend_on_the_number_of_threads(num_qubits, name):
    """Bit for bit; 18 qubits are beyond what runs on one thread anyway."""
    table, ansatz, angles = large(name, num_qubits)
    (value, gradient), (other_value, other_gradient) = (
        ExactEngine(table, threads=t).value_and_gradient(ansatz, angles) for t in (1, 2)
    )
    assert value == other_value
    assert gradient.tobytes() == other_gradient.tobytes()
    one, two = (ExactEngine(table, threads=t).statevector(ansatz, angles) for t in (1, 2))
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("name", ["linear", "qaoa"])
def test_kernels_in_pieces_and_whole_agree(monkeypatch, name):
    table, ansatz, angles = large(name, 14)
    results = []
    for whole_below in (1 << 20, 1):
        monkeypatch.setattr(statevector, "_WHOLE_BELOW", whole_below)
        results.append(ExactEngine(table, threads=2).value_and_gradient(ansatz, angles))
    (serial_value, serial), (threaded_value, threaded) = results
    assert threaded_value == pytest.approx(serial_value, abs=1e-12)
    np.testing.assert_allclose(threaded, serial, rtol=0, atol=1e-11)
