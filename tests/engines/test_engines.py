"""Every engine runs the same cases: exact; Aer with exact probabilities, with shots, on density matrices and matrix
product states; a generic Qiskit backend; an IBM device in local testing mode. The last two are without noise."""

import numpy as np
import pytest
from backend_cases import quiet_generic, quiet_ibm
from qiskit.quantum_info import Statevector
from quantum_oracles import all_bits, linear_state, random_angles, random_table
from scipy.stats import chisquare

from walshqhn import (
    AerEngine,
    ExactEngine,
    LinearAnsatz,
    ProductAnsatz,
    QAOAAnsatz,
    WalshSpectrum,
    parameter_shift,
)
from walshqhn.circuits.qaoa import MultiAngleQAOAAnsatz
from walshqhn.engines.base import BatchEngine, Engine, expectations
from walshqhn.engines.objectives import CVaR, Gibbs
from walshqhn.engines.qiskit.backend import BackendEngine
from walshqhn.support.errors import InputError, UsageError

SHOTS = 4000
ENGINES = {
    "exact": ExactEngine,
    "aer": AerEngine,
    "aer-shots": lambda table: AerEngine(table, shots=SHOTS, seed=11),
    "aer-density": lambda table: AerEngine(table, method="density_matrix"),
    "aer-mps": lambda table: AerEngine(table, method="matrix_product_state", shots=SHOTS, seed=11),
    "generic": lambda table: BackendEngine(quiet_generic(), table, shots=SHOTS, seed=11),
    "ibm": lambda table: ibm_engine(table),
}
COSTS = {
    "asymmetric": random_table,
    "trivial": lambda num_bits: np.full(1 << num_bits, -1.5),
    "one configuration": lambda num_bits: np.eye(1, 1 << num_bits, (1 << num_bits) - 2)[0],
}


def ibm_engine(table):
    pytest.importorskip("qiskit_ibm_runtime")
    return BackendEngine(quiet_ibm(), table, shots=SHOTS, seed=11)


def make_bits(bits):
    """Angles of the product ansatz that measures ``bits`` with certainty: Ry(pi) flips, Rz changes nothing."""
    return np.concatenate([np.pi * np.asarray(bits), np.linspace(0.3, 0.9, len(bits))])


@pytest.fixture(params=ENGINES)
def make(request):
    return ENGINES[request.param]


@pytest.fixture(params=COSTS)
def cost(request):
    return COSTS[request.param]


def rng(seed=0):
    return np.random.default_rng(seed)


def probabilities_of(num_qubits, layers, angles):
    return np.abs(linear_state(num_qubits, layers, angles.reshape(-1, 2, num_qubits))) ** 2


# --- what every engine says about its cost -------------------------------------------------------


@pytest.mark.parametrize("num_qubits", [1, 3])
def test_an_engine_knows_its_cost(make, cost, num_qubits):
    table = cost(num_qubits)
    engine = make(table)
    assert isinstance(engine, Engine)
    assert engine.num_qubits == num_qubits
    assert engine.exact_minimum == table.min()
    assert engine.costs(all_bits(num_qubits)).tolist() == table.tolist()


@pytest.mark.parametrize("bits", [[[0, 1]], [[0, 1, 2]], [[0.5, 0, 1]]])
def test_costs_of_what_is_not_bits(make, bits):
    with pytest.raises(InputError, match="bits must"):
        make(random_table(3)).costs(bits)


# --- states that measure one bit string ----------------------------------------------------------


@pytest.mark.parametrize("bits", [[1], [0], [1, 0], [1, 1, 0], [0, 1, 1, 0, 1]])
def test_a_basis_state_has_its_cost(make, cost, bits):
    table = cost(len(bits))
    ansatz, angles = ProductAnsatz(len(bits)), make_bits(bits)
    index = sum(b << j for j, b in enumerate(bits))
    assert make(table).expectation(ansatz, angles) == pytest.approx(table[index], abs=1e-12)


@pytest.mark.parametrize("bits", [[1], [1, 0], [0, 0, 1], [0, 1, 1, 0, 1]])
def test_a_basis_state_measures_its_bits(make, bits):
    samples = make(random_table(len(bits))).sample(ProductAnsatz(len(bits)), make_bits(bits), 50, rng())
    assert samples.dtype == np.uint8
    assert samples.tolist() == [bits] * 50


def test_cx_goes_from_the_lower_qubit_to_the_higher(make):
    """Linear, 1 layer on 3 qubits: sub-layer 2 applies CX 0-1 to the string of sub-layer 1."""
    angles = np.zeros((2, 2, 3))
    angles[0, 0] = [np.pi, 0, 0]
    samples = make(random_table(3)).sample(LinearAnsatz(3, 1), angles.ravel(), 5, rng())
    assert samples.tolist() == [[1, 1, 0]] * 5
    angles[0, 0] = [0, np.pi, 0]
    samples = make(random_table(3)).sample(LinearAnsatz(3, 1), angles.ravel(), 5, rng())
    assert samples.tolist() == [[0, 1, 0]] * 5


# --- superpositions ------------------------------------------------------------------------------


@pytest.mark.parametrize(("num_qubits", "layers"), [(1, 0), (3, 0), (2, 1), (4, 2)])
def test_expectation_against_dense_matrices(make, cost, num_qubits, layers):
    table = cost(num_qubits)
    engine, ansatz = make(table), LinearAnsatz(num_qubits, layers)
    angles = random_angles(ansatz.num_parameters, seed=1)
    p = probabilities_of(num_qubits, layers, angles)
    expected = p @ table
    standard_error = np.sqrt(p @ (table - expected) ** 2 / SHOTS)
    margin = 1e-10 if engine.shots is None else 5 * standard_error + 1e-12
    assert engine.expectation(ansatz, angles) == pytest.approx(expected, abs=margin)


@pytest.mark.parametrize("layers", [0, 1])
def test_samples_follow_the_probabilities(make, layers):
    ansatz = LinearAnsatz(3, layers)
    angles = np.linspace(0.9, 2.0, ansatz.num_parameters)
    samples = make(random_table(3)).sample(ansatz, angles, SHOTS, rng(5))
    counts = np.bincount(samples @ [1, 2, 4], minlength=8)
    expected = probabilities_of(3, layers, angles) * SHOTS
    assert expected.min() > 5  # what the chi-square test needs
    assert chisquare(counts, expected).pvalue > 1e-3


def test_samples_depend_on_the_generator_only(make):
    engine, ansatz = make(random_table(4)), ProductAnsatz(4)
    angles = random_angles(8)
    first, again, other = (engine.sample(ansatz, angles, 60, rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    generator = rng(1)
    assert np.array_equal(engine.sample(ansatz, angles, 60, generator), first)
    assert not np.array_equal(engine.sample(ansatz, angles, 60, generator), first)


def test_samples_come_in_random_order(make):
    """Equal ones must not come one after the other, or half a sample would be no sample."""
    samples = make(random_table(4)).sample(ProductAnsatz(4), np.full(8, np.pi / 2), 400, rng()) @ [1, 2, 4, 8]
    assert 100 < (np.diff(samples) > 0).sum() < 300
    assert 0.3 < (samples[:200] < 8).mean() < 0.7


@pytest.mark.parametrize("operator", ["table", "hamiltonian"])
def test_qaoa(make, operator):
    table = random_table(3)
    ansatz = QAOAAnsatz(table if operator == "table" else WalshSpectrum.from_cost(table).hamiltonian(), 2)
    angles = np.array([0.3, 0.1, 0.5, 0.2])
    expected = ExactEngine(table).expectation(ansatz, angles)
    engine = make(table)
    margin = 1e-10 if engine.shots is None else 5 * np.ptp(table) / SHOTS**0.5
    assert engine.expectation(ansatz, angles) == pytest.approx(expected, abs=margin)


@pytest.mark.parametrize("num_qubits", [3, 12])
def test_exact_engine_at_half_turns(num_qubits):
    """The kernels divide by the cosine of half an angle: it may vanish, on all qubits at once."""
    ansatz, table = LinearAnsatz(num_qubits, 1), random_table(num_qubits)
    half_turns = [np.pi, -np.pi, 3 * np.pi, np.pi * (1 + 1e-9), 1e6 * np.pi + np.pi, 0.0, 0.4]
    generator = rng(2)
    for angles in [np.full(ansatz.num_parameters, np.pi), *generator.choice(half_turns, (5, ansatz.num_parameters))]:
        expected = Statevector(ansatz.circuit(angles)).probabilities()
        np.testing.assert_allclose(ExactEngine(table).probabilities(ansatz, angles), expected, rtol=0, atol=1e-14)
        _, gradient = ExactEngine(table).value_and_gradient(ansatz, angles)
        np.testing.assert_allclose(gradient, parameter_shift(ExactEngine(table), ansatz, angles), rtol=0, atol=1e-12)


def test_different_circuits_in_turn_on_one_engine(make):
    """Whatever an engine keeps of a circuit must not end up in another."""
    engine = make(random_table(2))
    cases = [(ProductAnsatz(2), [1, 0]), (LinearAnsatz(2, 0), [0, 1]), (ProductAnsatz(2), [1, 1])]
    for ansatz, bits in [*cases, *cases]:
        assert engine.sample(ansatz, make_bits(bits), 3, rng()).tolist() == [bits] * 3
    for layers in (1, 0, 2, 1):
        angles = np.zeros(4 * max(1, 2 * layers))
        assert engine.sample(LinearAnsatz(2, layers), angles, 3, rng()).tolist() == [[0, 0]] * 3


# --- gradients -----------------------------------------------------------------------------------


def test_a_trivial_cost_has_no_slope(make):
    ansatz = LinearAnsatz(2, 1)
    value, gradient = make(np.full(4, 2.5)).value_and_gradient(ansatz, random_angles(8))
    assert value == pytest.approx(2.5, abs=1e-12)
    np.testing.assert_allclose(gradient, np.zeros(8), rtol=0, atol=1e-12)


def test_value_and_gradient_of_one_qubit_by_hand(make):
    """E = (C0 + C1) / 2 + (C0 - C1) / 2 cos(theta), whatever phi is."""
    engine = make(np.array([3.0, -1.0]))
    value, gradient = engine.value_and_gradient(ProductAnsatz(1), [0.7, 1.9])
    margin = 1e-12 if engine.shots is None else 5 * 2 / SHOTS**0.5
    assert value == pytest.approx(1 + 2 * np.cos(0.7), abs=margin)
    assert gradient == pytest.approx([-2 * np.sin(0.7), 0], abs=margin)


@pytest.mark.parametrize("kind", ["product", "linear", "qaoa", "ma-qaoa"])
def test_gradient_against_the_adjoint_method(make, kind):
    """With shots: 5 sigma of a difference of two means, times how fast the angles grow with the parameter."""
    table = random_table(2)
    operator = WalshSpectrum.from_cost(table).hamiltonian()
    ansatz = {
        "product": ProductAnsatz(2),
        "linear": LinearAnsatz(2, 1),
        "qaoa": QAOAAnsatz(operator, 1),
        "ma-qaoa": MultiAngleQAOAAnsatz(operator, 1),
    }[kind]
    exact = ExactEngine(table)
    tried = [random_angles(ansatz.num_parameters, seed=s) for s in range(30)]
    angles = max(tried, key=lambda x: np.abs(exact.value_and_gradient(ansatz, x)[1]).max())
    value, gradient = exact.value_and_gradient(ansatz, angles)
    engine = make(table)
    spread = np.ptp(table) / 2
    growth = 1 if kind in ("product", "linear") else 4  # two Rx of twice the angle; coefficients below 1
    margin = 1e-10 if engine.shots is None else 5 * spread * growth / (2 * SHOTS) ** 0.5
    assert np.abs(gradient).max() > margin
    found_value, found = engine.value_and_gradient(ansatz, angles)
    assert found_value == pytest.approx(value, abs=margin)
    np.testing.assert_allclose(found, gradient, rtol=0, atol=margin)
    if kind == "product":
        np.testing.assert_allclose(parameter_shift(engine, ansatz, angles), gradient, rtol=0, atol=margin)


@pytest.mark.parametrize("objective", [CVaR(0.3), Gibbs(0.7)], ids=["cvar", "gibbs"])
def test_other_objectives(make, objective):
    table, ansatz = random_table(2), LinearAnsatz(2, 1)
    angles = random_angles(8, seed=4)
    value, gradient = ExactEngine(table).value_and_gradient(ansatz, angles, objective)
    engine = make(table)
    margin = 1e-10 if engine.shots is None else 5 * np.ptp(table) / 0.3 / SHOTS**0.5
    assert engine.expectation(ansatz, angles, objective) == pytest.approx(value, abs=margin)
    found_value, found = engine.value_and_gradient(ansatz, angles, objective)
    assert found_value == pytest.approx(value, abs=margin)
    np.testing.assert_allclose(found, gradient, rtol=0, atol=margin)


# --- many circuits at a time -----------------------------------------------------------------------


def test_expectations_of_many_rows(make):
    table, ansatz = random_table(3), LinearAnsatz(3, 1)
    rows = np.stack([random_angles(12, seed=s) for s in range(4)])
    exact = ExactEngine(table)
    engine = make(table)
    margin = 1e-10 if engine.shots is None else 5 * np.ptp(table) / 2 / SHOTS**0.5
    found = expectations(engine, ansatz, rows)
    assert found == pytest.approx([exact.expectation(ansatz, row) for row in rows], abs=margin)


def test_samples_of_many_rows(make):
    """Each row gets its own circuit, and equal circuits get samples of their own."""
    engine, ansatz = make(random_table(3)), ProductAnsatz(3)
    if not isinstance(engine, BatchEngine):
        pytest.skip("one circuit at a time")
    strings = [[1, 0, 0], [0, 1, 1], [1, 1, 0]]
    found = engine.sample_many(ansatz, [make_bits(bits) for bits in strings], 7, rng())
    assert found.dtype == np.uint8
    assert found.tolist() == [[bits] * 7 for bits in strings]
    even = np.full((2, 6), np.pi / 2)
    first, again, other = (engine.sample_many(ansatz, even, 60, rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize("rows", [np.zeros(4), np.zeros((2, 3)), np.zeros((0, 4)), np.full((1, 4), np.nan)])
def test_rows_that_make_no_sense(make, rows):
    with pytest.raises(InputError, match="parameters must"):
        expectations(make(random_table(2)), ProductAnsatz(2), rows)


def test_overlaps(make):
    """|<psi(a)|psi(b)>|^2 of different angles by dense matrices, and of equal ones."""
    engine, ansatz = make(random_table(3)), LinearAnsatz(3, 1)
    a, b = random_angles(12, seed=1), random_angles(12, seed=1) + 0.2
    states = [linear_state(3, 1, angles.reshape(-1, 2, 3)) for angles in (a, b)]
    expected = abs(np.vdot(*states)) ** 2
    assert 0.3 < expected < 0.9
    exact = isinstance(engine, ExactEngine)
    arguments = () if exact else (SHOTS, rng(3))
    margin = 1e-12 if exact else 5 * 0.5 / SHOTS**0.5
    assert engine.overlap(ansatz, a, b, *arguments) == pytest.approx(expected, abs=margin)
    assert engine.overlap(ansatz, a, a, *arguments) == pytest.approx(1, abs=1e-12)


# --- what every engine refuses --------------------------------------------------------------------


def test_a_circuit_of_another_width(make):
    engine, ansatz = make(random_table(3)), ProductAnsatz(2)
    for use in (
        lambda: engine.expectation(ansatz, np.zeros(4)),
        lambda: engine.value_and_gradient(ansatz, np.zeros(4)),
        lambda: engine.sample(ansatz, np.zeros(4), 5, rng()),
    ):
        with pytest.raises(InputError, match="the circuit has 2 qubits, the cost has 3 bits"):
            use()


@pytest.mark.parametrize("shots", [0, -3, 2.0, True, None, "10"])
def test_shots_that_make_no_sense(make, shots):
    with pytest.raises(UsageError, match="shots must be a whole number of at least 1"):
        make(random_table(1)).sample(ProductAnsatz(1), np.zeros(2), shots, rng())


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ([1.0, 2.0, 3.0], InputError, "power of two"),
        ([1.0, np.nan], InputError, "must be finite"),
        ([[1.0, 2.0]], InputError, "one axis"),
        ([1.0], UsageError, "at least 1 bit"),
    ],
)
def test_tables_that_make_no_sense(make, table, error, message):
    with pytest.raises(error, match=message):
        make(table)
