"""QAOA, with one angle a layer or one for every term and qubit."""

import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from quantum_oracles import (
    all_bits,
    fourier_coefficients,
    qaoa_gates,
    qaoa_state,
    random_angles,
    random_table,
    shifted_gate_gradient,
    support_of,
)
from scipy.linalg import expm

from walshqhn import ExactEngine, IsingHamiltonian, MultiAngleQAOAAnsatz, QAOAAnsatz, WalshSpectrum
from walshqhn.support.errors import InputError, UsageError


@pytest.mark.parametrize("num_qubits", [1, 2, 4])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_state_of_qaoa_by_dense_matrices(num_qubits, layers):
    table = random_table(num_qubits)
    ansatz = QAOAAnsatz(table, layers)
    assert ansatz.num_parameters == 2 * layers
    terms = [(support_of(s), f) for s, f in enumerate(fourier_coefficients(table)) if s]
    angles = random_angles(2 * layers)
    expected = qaoa_state(qaoa_gates(terms, num_qubits, layers), angles, num_qubits)
    np.testing.assert_allclose(ExactEngine(table).prepare(ansatz).statevector(angles), expected, rtol=0, atol=1e-12)


def test_parameters_of_qaoa_are_gammas_then_betas():
    """With gamma = 0 only the mixers act, and |+>^N is their eigenstate; with beta = 0 all stays uniform."""
    table = random_table(3)
    prepared = ExactEngine(table).prepare(QAOAAnsatz(table, 2))
    for angles in ([0, 0, 0.7, 0.4], [0.7, 0.4, 0, 0]):
        np.testing.assert_allclose(prepared.probabilities(angles), 1 / 8, rtol=1e-12)
    np.testing.assert_allclose(prepared.statevector([0.7, 0.4, 0, 0]) * 8**0.5,
                               np.exp(-1.1j * (table - table.mean())), rtol=0, atol=1e-12)  # fmt: skip
    phase = np.exp(-1j * 3 * 1.1)  # each X gives 1 on |+>
    np.testing.assert_allclose(prepared.statevector([0, 0, 0.7, 0.4]) * 8**0.5, phase, rtol=0, atol=1e-12)


def test_description_of_qaoa():
    hamiltonian = WalshSpectrum.from_cost(random_table(3)).hamiltonian(max_terms=4)
    expected = {"name": "qaoa", "num_qubits": 3, "layers": 2, "terms": 4, "max_degree": None}
    assert QAOAAnsatz(hamiltonian, 2).description == expected
    assert QAOAAnsatz(hamiltonian.truncate(max_degree=1), 2).description["max_degree"] == 1
    assert QAOAAnsatz(random_table(3), 1).description["terms"] is None


def test_a_callers_table_is_left_alone():
    table = random_table(3)
    before = table.copy()
    ansatz = QAOAAnsatz(table, 1)
    ExactEngine(table).value_and_gradient(ansatz, [0.3, 0.4])
    ansatz.circuit([0.3, 0.4])
    assert np.array_equal(table, before)


@pytest.mark.parametrize("operator", [np.full(8, 0.1), IsingHamiltonian(2, np.zeros((0, 1)), np.zeros(0), 3.0)])
def test_a_qaoa_without_terms_is_refused(operator):
    """A constant cost has nothing to evolve under: gamma would turn nothing."""
    with pytest.raises(UsageError, match="not constant"):
        QAOAAnsatz(operator, 2)


def test_initial_gammas_shrink_as_the_cost_grows():
    table = random_table(3)
    small, large = (QAOAAnsatz(s * table, 2).initial_parameters(np.random.default_rng(1)) for s in (1.0, 100.0))
    np.testing.assert_allclose(small, large * [100, 100, 1, 1], rtol=1e-12)


X, Z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])


def on(num_qubits, **at):
    """A Pauli string as a matrix, qubit 0 in the lowest bit."""
    matrix = np.eye(1)
    for j in range(num_qubits):
        matrix = np.kron(at.get(f"q{j}", np.eye(2)), matrix)
    return matrix


def mixed(table, mixer, start, angles):
    """QAOA by matrix exponentials."""
    state, layers = start.astype(complex), len(angles) // 2
    for gamma, beta in zip(angles[:layers], angles[layers:], strict=True):
        state = expm(-1j * beta * mixer) @ (np.exp(-1j * gamma * (table - table.mean())) * state)
    return state


def test_mixer_of_neighbours_by_dense_matrices():
    table, angles = random_table(3), random_angles(4)
    mixer = sum(on(3, **{f"q{j}": X}) for j in range(3)) + on(3, q0=X, q1=X) + on(3, q1=X, q2=X)
    found = ExactEngine(table).prepare(QAOAAnsatz(table, 2, mixer="xx")).statevector(angles)
    np.testing.assert_allclose(found, mixed(table, mixer, np.full(8, 8**-0.5), angles), rtol=0, atol=1e-12)


def test_warm_start_by_dense_matrices():
    """The start is the mixer's eigenstate, as |+> is of X: X and Z turned to its axis."""
    table, angles, start = random_table(3), random_angles(4), np.array([0.4, 1.3, 2.9])
    mixer = sum(on(3, **{f"q{j}": np.sin(a) * X + np.cos(a) * Z}) for j, a in enumerate(start))
    state = np.ones(1)
    for a in start:
        state = np.kron([np.cos(a / 2), np.sin(a / 2)], state)
    ansatz = QAOAAnsatz(table, 2, start=start)
    found = ExactEngine(table).prepare(ansatz).statevector(angles)
    np.testing.assert_allclose(found, mixed(table, mixer, state, angles), rtol=0, atol=1e-12)
    np.testing.assert_allclose(Statevector(ansatz.circuit(angles)).probabilities(), np.abs(found) ** 2, atol=1e-12)
    plus = QAOAAnsatz(table, 2, start=np.full(3, np.pi / 2))
    np.testing.assert_allclose(
        ExactEngine(table).prepare(plus).probabilities(angles),
        ExactEngine(table).prepare(QAOAAnsatz(table, 2)).probabilities(angles), atol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("settings", [{"mixer": "xx"}, {"start": [0.4, 1.3, 2.9]}])
def test_gradients_with_other_mixers(settings):
    table, angles = random_table(3), random_angles(4)
    engine = ExactEngine(table)
    prepared = engine.prepare(QAOAAnsatz(table, 2, **settings))
    gradient = prepared.value_and_gradient(angles).gradient
    steps = 1e-5 * np.eye(4)
    numeric = [(prepared.expectation(angles + s) - prepared.expectation(angles - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(gradient, numeric, atol=1e-8)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"mixer": "y"}, "Unknown mixer 'y'"), ({"start": [0.1]}, "3 angles"), ({"start": [0.1, np.nan, 0]}, "finite"),
     ({"start": [0, 0, 0], "mixer": "xx"}, "mixer of its own")],
)  # fmt: skip
def test_mixers_and_starts_that_are_none(settings, complaint):
    with pytest.raises((UsageError, InputError), match=complaint):
        QAOAAnsatz(random_table(3), 1, **settings)


# --- multi-angle QAOA ------------------------------------------------------------------------------


def terms_of(table):
    return [(support_of(s), f) for s, f in enumerate(fourier_coefficients(table)) if s]


def split_gates(terms, num_qubits, layers):
    """The gates of QAOA, each with a parameter of its own, in the documented order."""
    gates, spent = qaoa_gates(terms, num_qubits, layers), len(terms) + num_qubits
    out = []
    for g, (pauli, _, factor) in enumerate(gates):
        layer, place = divmod(g, spent)
        own = layer * len(terms) + place if place < len(terms) else layer * num_qubits + place - len(terms)
        out.append((pauli, own if place < len(terms) else layers * len(terms) + own, factor))
    return out


@pytest.mark.parametrize("num_qubits", [1, 2, 3])
@pytest.mark.parametrize("layers", [1, 2])
def test_multi_angle_qaoa_by_dense_matrices(num_qubits, layers):
    table = random_table(num_qubits)
    ansatz, engine = MultiAngleQAOAAnsatz(table, layers), ExactEngine(table)
    terms = terms_of(table)
    assert ansatz.num_parameters == layers * (len(terms) + num_qubits)
    angles = random_angles(ansatz.num_parameters)
    gates = split_gates(terms, num_qubits, layers)
    state = qaoa_state(gates, angles, num_qubits)
    assert abs(np.vdot(state, engine.prepare(ansatz).statevector(angles))) == pytest.approx(1, abs=1e-10)
    assert abs(np.vdot(state, Statevector(ansatz.circuit(angles)).data)) == pytest.approx(1, abs=1e-10)
    expected = shifted_gate_gradient(gates, angles, num_qubits, table)
    np.testing.assert_allclose(engine.value_and_gradient(ansatz, angles)[1], expected, rtol=0, atol=1e-9)


def test_all_angles_alike_are_qaoa():
    table = random_table(4)
    operator = WalshSpectrum.from_cost(table).hamiltonian(max_terms=7)
    many, few, engine = MultiAngleQAOAAnsatz(operator, 2), QAOAAnsatz(operator, 2), ExactEngine(table)
    angles = np.array([0.3, 0.7, 0.5, 0.2])
    spread = many.from_qaoa(angles)
    value, gradient = engine.value_and_gradient(many, spread)
    expected, slopes = engine.value_and_gradient(few, angles)
    assert value == pytest.approx(expected, abs=1e-12)
    sums = [part.sum() for part in np.split(gradient, [7, 14, 18])]
    assert sums == pytest.approx(slopes, abs=1e-10)
    with pytest.raises(InputError, match=r"parameters \(4,\), got \(3,\)"):
        many.from_qaoa(angles[:3])


def test_one_layer_with_an_angle_for_each_term_finds_what_one_for_all_does_not():
    """A product cost: each term wants an angle of its own, and then one layer is exact."""
    weights = np.array([1.0, 0.3, 2.2])
    table = all_bits(3) @ weights
    ansatz, engine = MultiAngleQAOAAnsatz(table, 1), ExactEngine(table)
    # Z_j has coefficient -w/2: gamma w = pi/2 turns |+> by a quarter about Z, and Rx by a quarter does the rest
    angles = np.concatenate([np.pi / 2 / weights, np.full(3, np.pi / 4)])
    values = [engine.expectation(ansatz, np.concatenate([s * angles[:3], angles[3:]])) for s in (1, -1)]
    assert sorted(values) == pytest.approx([0.0, weights.sum()], abs=1e-12)


def test_description_and_starting_points():
    table = random_table(3)
    ansatz = MultiAngleQAOAAnsatz(WalshSpectrum.from_cost(table).hamiltonian(max_terms=4), 2)
    assert ansatz.description == {"name": "ma-qaoa", "num_qubits": 3, "layers": 2, "terms": 4, "max_degree": None}
    first, again, other = (ansatz.initial_parameters(np.random.default_rng(s)) for s in (5, 5, 6))
    assert first.shape == (14,)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (first[8:] < np.pi / 2).all()


@pytest.mark.parametrize(
    ("operator", "layers", "message"),
    [
        (random_table(2), 0, "at least 1, got 0"),
        (random_table(2), 1.5, "at least 1, got 1.5"),
        (np.ones(4), 1, "not constant"),
        (IsingHamiltonian(2, np.zeros((0, 1)), np.zeros(0), 3.0), 1, "not constant"),
        (np.random.default_rng(0).normal(size=1 << 15), 1, "at most 16,384; the operator has 32,767"),
    ],
)
def test_multi_angle_qaoa_that_makes_no_sense(operator, layers, message):
    with pytest.raises(UsageError, match=message):
        MultiAngleQAOAAnsatz(operator, layers)
