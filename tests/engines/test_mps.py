"""Matrix product states: against the exact engine, Aer, recorded values of quimb, and by hand."""

import math

import numpy as np
import pytest
from quantum_oracles import random_angles, random_table

from walshqhn import (
    BlackBoxCost,
    CircuitAnsatz,
    CVaR,
    ExactEngine,
    IsingHamiltonian,
    LinearAnsatz,
    MPSEngine,
    ProductAnsatz,
    ProductEngine,
    QAOAAnsatz,
    WalshSpectrum,
    load_task,
    parameter_shift,
)
from walshqhn.bits import masks_from_supports
from walshqhn.support.errors import InputError, TooLargeError, UsageError
from walshqhn.testing import check_engine

SPECTRUM = WalshSpectrum.from_cost(random_table(4, seed=3))


def wide(num_qubits, seed=1):
    """Fields, near and far pairs, and terms of degree 3 and 5 over more than one word of bits."""
    n = num_qubits
    supports = [(j,) for j in range(0, n, 3)] + [(j, (j + 7) % n) for j in range(n)]
    supports += [(j, j + 1) for j in range(n - 1)] + [(j, j + 3) for j in range(n - 3)]
    supports += [(0, n // 2, n - 1), (1, 4, n - 1), (2, 3, 4), (1, 2, n // 2, n - 2, n - 1)]
    supports = sorted({tuple(sorted(set(s))) for s in supports})
    values = np.random.default_rng(seed).normal(size=len(supports))
    return IsingHamiltonian(n, masks_from_supports(supports, n), values, 0.7)


@pytest.mark.parametrize(
    ("source", "settings"),
    [
        (random_table(4, seed=3), {}),
        (SPECTRUM.hamiltonian(max_degree=2), {"max_bond": 64}),
        (SPECTRUM.hamiltonian(max_degree=3), {"shots": 2000}),
    ],
)
def test_it_keeps_the_contract_of_engines(source, settings):
    check_engine(MPSEngine(source, threads=1, **settings))


@pytest.mark.parametrize(("n", "layers"), [(1, 1), (2, 2), (11, 0), (11, 1), (12, 2), (9, 4)])
def test_value_and_gradient_against_state_vectors(n, layers):
    table = random_table(n, seed=layers)
    ansatz = LinearAnsatz(n, layers)
    params = random_angles(ansatz.num_parameters, seed=n)
    for degree in (2, 3, n):
        hamiltonian = WalshSpectrum.from_cost(table).hamiltonian(max_degree=min(degree, n))
        value, gradient = ExactEngine(hamiltonian).value_and_gradient(ansatz, params)
        prepared = MPSEngine(hamiltonian).prepare(ansatz)
        found = prepared.value_and_gradient(params)
        assert prepared.bond <= 2**layers
        assert found.value == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(found.gradient, gradient, atol=1e-12 * np.abs(table).max())


def test_a_circuit_of_ones_own():
    """CX in both directions and across other qubits; Hadamard gates, fixed and shared angles."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    circuit, a, b = QuantumCircuit(6), Parameter("a"), Parameter("b")
    circuit.h([0, 3, 5])
    circuit.cx(5, 1)
    circuit.rx(a, range(6))
    circuit.cx(0, 4)
    circuit.ry(2 * a - b + 0.3, 4)
    circuit.cz(3, 2)
    circuit.ry(b, [1, 2])
    circuit.cx(1, 0)
    ansatz, params, hamiltonian = CircuitAnsatz(circuit), [0.7, -1.3], wide(6)
    exact, mps = (kind(hamiltonian).prepare(ansatz) for kind in (ExactEngine, MPSEngine))
    wanted, found = (prepared.value_and_gradient(params) for prepared in (exact, mps))
    assert found.value == pytest.approx(wanted.value, rel=1e-12)
    np.testing.assert_allclose(found.gradient, wanted.gradient, atol=1e-12)
    p, masks = exact.probabilities(params), np.array([[1], [0b100010], [0b111111]])
    signs = np.array([[(-1) ** (x & int(m)).bit_count() for x in range(64)] for m in masks[:, 0]])
    np.testing.assert_allclose(mps.spin_means(params, masks), signs @ p, atol=1e-13)
    points = random_angles(6, seed=3).reshape(3, 2)
    np.testing.assert_allclose(mps.overlaps(params, points), exact.overlaps(params, points), atol=1e-13)


def check_against_enumeration(task):
    """Value and gradient of the full cost are the exact engine's, and do not depend on threads."""
    ansatz = LinearAnsatz(task.num_bits, 1)
    params = random_angles(ansatz.num_parameters)
    value, gradient = ExactEngine(task).value_and_gradient(ansatz, params)
    one, two = (MPSEngine(task, threads=k).value_and_gradient(ansatz, params) for k in (1, 2))
    assert one[0] == two[0] == pytest.approx(value, rel=1e-11)
    np.testing.assert_array_equal(one[1], two[1])
    np.testing.assert_allclose(one[1], gradient, atol=1e-11 * value)


@pytest.mark.parametrize(
    ("loss", "options"),
    [("bce", {}), ("mse", {}), ("bce", {"weight_values": ((-3, 1), (0, 1), (-1, 0.5))}), ("mse", {"digits": (3, 8)})],
)
def test_the_full_cost_of_a_network(loss, options):
    """Not only its low degrees; with architecture bits, two of them in the third case."""
    check_against_enumeration(load_task("mnist-4x4", num_samples=9, loss=loss, **options))


HIDDEN = [
    ("gaussian", {"loss": "bce"}),
    ("gaussian-width", {}),  # 1, 2 or 3 neurons
    ("gaussian", {"hidden": 2, "skip": True, "weight_values": ((-3, 1), (0, 1))}),
    ("gaussian", {"hidden": 1, "skip": (False, True), "activation": ("sign", "relu"), "output_activation": "tanh"}),
    ("gaussian", {"hidden": (2, 2), "hidden_layers": 1}),
    ("mnist-4x4", {"hidden": 1, "loss": "mse", "weight_values": (-2, 1)}),  # Chebyshev points
]


@pytest.mark.parametrize(("name", "options"), HIDDEN)
def test_the_full_cost_of_a_hidden_layer(name, options):
    check_against_enumeration(load_task(name, num_samples=9, seed=4, **options))


def test_the_full_cost_of_a_hidden_layer_past_tables():
    """37 bits; shots of the same state for what is entangled."""
    task, product, linear = load_task("mnist-4x4", hidden=2, num_samples=12), ProductAnsatz(37), LinearAnsatz(37, 1)
    params = random_angles(product.num_parameters)
    value, gradient = ProductEngine(task).value_and_gradient(product, params)
    found = MPSEngine(task).value_and_gradient(product, params)
    assert found[0] == pytest.approx(value, rel=1e-11)
    np.testing.assert_allclose(found[1], gradient, atol=1e-11)
    params = random_angles(linear.num_parameters)
    measured = MPSEngine(task, shots=4000).prepare(linear).evaluate(params[None])[0]
    assert abs(MPSEngine(task).expectation(linear, params) - measured.value) < 5 * measured.error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 1, "size": 8, "activation": "relu"}, "different sums or more, .* or the product engine"),
        ({"hidden": 6}, r"states meet\) in a matrix product state of bond 4 needs .* fewer hidden neurons"),
        ({"hidden": 9}, "states of its hidden layer needs"),
        ({"hidden": 30}, "settings of the 61 bits behind the weights"),
    ],
)
def test_a_hidden_layer_that_does_not_fit_is_refused(options, message):
    task = load_task("mnist-4x4", num_samples=9, **options)
    with pytest.raises(TooLargeError, match=message):
        MPSEngine(task).expectation(LinearAnsatz(task.num_bits, 2), np.zeros(8 * task.num_bits))


QUIMB = 2.251270120594  # tests/data/quimb_66.py; quimb 1.16


def test_66_qubits_against_aer_and_quimb():
    """Aer's and quimb's are truncated by rounding errors only."""
    from qiskit_aer import AerSimulator

    hamiltonian, ansatz = wide(66), LinearAnsatz(66, 2)
    params = random_angles(ansatz.num_parameters, seed=66)
    circuit = ansatz.circuit(params)
    circuit.save_expectation_value(hamiltonian.to_sparse_pauli_op(), range(66))
    simulator = AerSimulator(method="matrix_product_state", matrix_product_state_truncation_threshold=0.0)
    expected = float(np.real(simulator.run(circuit, shots=1).result().data()["expectation_value"]))
    found = MPSEngine(hamiltonian).prepare(ansatz)
    assert found.expectation(params) == pytest.approx(expected, abs=1e-9)
    assert found.expectation(params) == pytest.approx(QUIMB, abs=1e-11)


def test_the_gradient_at_66_qubits_by_two_other_ways():
    hamiltonian, ansatz = wide(66), LinearAnsatz(66, 2)
    params, engine = random_angles(ansatz.num_parameters, seed=5), MPSEngine(hamiltonian)
    gradient = engine.value_and_gradient(ansatz, params)[1]
    for k in (0, 65, 66, 200, 331, 400, 462):
        step = np.zeros(len(params))
        step[k] = math.pi / 2
        up, down = engine.prepare(ansatz).expectations(np.stack([params + step, params - step]))
        assert gradient[k] == pytest.approx((up - down) / 2, abs=1e-12)
        up, down = engine.prepare(ansatz).expectations(np.stack([params + 1e-5 * step, params - 1e-5 * step]))
        assert gradient[k] == pytest.approx((up - down) / (1e-5 * math.pi), abs=1e-6)


def test_samples_of_100_qubits_have_the_right_correlations():
    n, shots, ansatz = 100, 20_000, LinearAnsatz(100, 2)
    params = random_angles(ansatz.num_parameters, seed=7)
    prepared = MPSEngine(BlackBoxCost(lambda bits: bits.sum(axis=1), n), shots=10).prepare(ansatz)
    spins = 1.0 - 2.0 * prepared.sample(params, shots, 3)
    supports = [(j,) for j in range(n)] + [(j, j + 1) for j in range(n - 1)] + [(0, 1, 2, 64, 99), (3, 60)]
    means = prepared.spin_means(params, masks_from_supports(supports, n))
    measured = np.array([spins[:, list(s)].prod(axis=1).mean() for s in supports])
    assert np.abs(measured - means).max() < 6 / math.sqrt(shots)
    assert np.abs(means).max() > 0.3


def test_overlaps_from_shots_are_those_of_as_many_measurements():
    engine, ansatz = MPSEngine(wide(30), shots=50), LinearAnsatz(30, 2)
    params = random_angles(ansatz.num_parameters)
    points = np.stack([params, *(params + 0.05 * random_angles(params.size, k) for k in range(2))])
    exact = MPSEngine(wide(30)).prepare(ansatz).overlaps(params, points)
    found = engine.prepare(ansatz).overlaps(params, points, rng=1)
    assert found[0] == exact[0] == pytest.approx(1.0, abs=1e-12)
    assert (found * 50 == np.rint(found * 50)).all()
    many = MPSEngine(wide(30)).prepare(ansatz).overlaps(params, points, rng=1, shots=10**8)
    np.testing.assert_allclose(many, exact, atol=6 * 0.5e-4)


def test_truncation_by_hand():
    """cos a |00> + sin a |11>, cut to the larger of the two; the energy is that of what is left."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    circuit, a = QuantumCircuit(2), Parameter("a")
    circuit.ry(a, 0)
    circuit.cx(0, 1)
    prepared = MPSEngine([1.0, 20.0, 300.0, 4000.0], max_bond=1).prepare(CircuitAnsatz(circuit))
    assert prepared.discarded_weight([0.8]) == pytest.approx(math.sin(0.4) ** 2, rel=1e-12)
    assert prepared.note([0.8]) == f"bond 2 was truncated to 1: discarded weight {math.sin(0.4) ** 2:.3g}"
    assert prepared.expectation([0.8]) == pytest.approx(1.0, rel=1e-9)
    assert prepared.discarded_weight([2.2]) == pytest.approx(math.cos(1.1) ** 2, rel=1e-12)
    assert prepared.expectation([2.2]) == pytest.approx(4000.0, rel=1e-9)


def test_truncation_of_a_deeper_circuit():
    """Little is lost by a bond of 6 of 8, more by 2; gradients are those of parameter shifts."""
    hamiltonian, ansatz = wide(9), LinearAnsatz(9, 3)
    params = 0.3 * random_angles(ansatz.num_parameters, seed=2)
    exact = ExactEngine(hamiltonian).prepare(ansatz)
    scale = float(np.abs(hamiltonian.coefficients).sum())
    weights = []
    for most in (2, 4, 6, 8):
        prepared = MPSEngine(hamiltonian, max_bond=most).prepare(ansatz)
        weights.append(prepared.discarded_weight(params))
        error = abs(prepared.expectation(params) - exact.expectation(params))
        assert error <= 4 * scale * math.sqrt(weights[-1]) + 1e-9
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0.1 > weights[1] > 5e-3 > weights[2] > weights[3] == 0.0
    prepared = MPSEngine(hamiltonian, max_bond=7).prepare(LinearAnsatz(9, 3))
    gradient = prepared.value_and_gradient(params).gradient
    expected = exact.value_and_gradient(params).gradient
    assert np.abs(gradient - expected).max() < 0.05 * np.abs(expected).max()
    assert prepared.sample(params, 5, 1).shape == (5, 9)


def test_a_truncated_gradient_is_that_of_its_values():
    engine, ansatz = MPSEngine(wide(8), max_bond=2), LinearAnsatz(8, 2)
    params = random_angles(ansatz.num_parameters)
    found = engine.value_and_gradient(ansatz, params)[1]
    np.testing.assert_allclose(found, parameter_shift(engine, ansatz, params), atol=1e-12)


ODD_ONES = BlackBoxCost(lambda bits: bits @ np.arange(1.0, 81.0) % 7, 80, name="odd ones")


@pytest.mark.parametrize(
    ("kind", "use", "message"),
    [
        (UsageError, lambda: MPSEngine(ODD_ONES), "not of a BlackBoxCost: set shots"),
        (
            UsageError,
            lambda: MPSEngine(load_task("gaussian", num_samples=9, hidden=(2, 2))),
            "at most one hidden layer",
        ),
        (UsageError, lambda: MPSEngine([1.0, 2.0], max_bond=0), "max_bond must be"),
        (UsageError, lambda: MPSEngine([1.0, 2.0]).prepare(QAOAAnsatz([1.0, 2.0], 1)), "qaoa ansatz has phase gates"),
        (UsageError, lambda: MPSEngine([1.0, 2.0]).expectation(ProductAnsatz(1), [0, 0], CVaR(0.5)), "set shots"),
        (UsageError, lambda: MPSEngine([1.0, 2.0]).probabilities(ProductAnsatz(1), [0, 0]), "no probabilities"),
        (InputError, lambda: MPSEngine([1.0, 2.0]).prepare(ProductAnsatz(1)).spin_means([0, 0], [[2]]), "beyond 0"),
        (TooLargeError, lambda: MPSEngine(wide(80)).prepare(LinearAnsatz(80, 30)), r"bond 2\^30 needs .*max_bond"),
    ],
)
def test_what_it_refuses(kind, use, message):
    with pytest.raises(kind, match=message):
        use()


def test_any_cost_is_trained_from_shots():
    engine = MPSEngine(ODD_ONES, shots=40, seed=3)
    found = engine.prepare(LinearAnsatz(80, 1)).evaluate(np.zeros((1, 320)), CVaR(0.5))[0]
    assert found.value == 0.0
    assert found.bits.shape == (40, 80)


@pytest.mark.slow
@pytest.mark.parametrize("layers", [2, 3])
def test_20_qubits_against_state_vectors(layers):
    hamiltonian, ansatz = wide(20), LinearAnsatz(20, layers)
    params = random_angles(ansatz.num_parameters)
    value, gradient = ExactEngine(hamiltonian).value_and_gradient(ansatz, params)
    found = MPSEngine(hamiltonian).value_and_gradient(ansatz, params)
    assert found[0] == pytest.approx(value, rel=1e-11)
    np.testing.assert_allclose(found[1], gradient, atol=1e-10)


@pytest.mark.slow
def test_the_full_cost_at_66_qubits_has_the_right_gradient():
    """By finite differences, and its value by samples."""
    task = load_task("mnist-8x8", num_samples=30)
    ansatz = LinearAnsatz(task.num_bits, 2)
    params, prepared = random_angles(ansatz.num_parameters), MPSEngine(task).prepare(ansatz)
    found = prepared.value_and_gradient(params)
    for k in (3, 65, 200, 300):
        step = np.zeros(len(params))
        step[k] = 1e-5
        up, down = prepared.expectations(np.stack([params + step, params - step]))
        assert found.gradient[k] == pytest.approx((up - down) / 2e-5, abs=1e-7)
    costs = task.costs(prepared.sample(params, 20_000, 1))
    assert abs(costs.mean() - found.value) < 6 * costs.std() / math.sqrt(costs.size)
