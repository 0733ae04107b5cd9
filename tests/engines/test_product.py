"""Product states: against the exact engine, plain loops over terms, and enumeration."""

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
    ProductAnsatz,
    ProductEngine,
    WalshSpectrum,
)
from walshqhn.bits import masks_from_supports
from walshqhn.support.errors import TooLargeError, UsageError
from walshqhn.testing import check_engine
from walshqhn.training.spec import Variant

SPECTRUM = WalshSpectrum.from_cost(random_table(4, seed=3))
ODD_ONES = BlackBoxCost(lambda bits: bits @ np.arange(1.0, 81.0) % 7, 80, name="odd ones")


def chain(num_qubits, seed=1):
    """Terms of degree 1, 2, 3 and 5 over more than one word of bits, and the same as a list for loops."""
    rng = np.random.default_rng(seed)
    supports = [(j,) for j in range(num_qubits)] + [(j, (j + 7) % num_qubits) for j in range(num_qubits)]
    supports += [(0, num_qubits - 1, 64), (1, 5, 63, 64, num_qubits - 2)]
    values = rng.normal(size=len(supports))
    return IsingHamiltonian(num_qubits, masks_from_supports(supports, num_qubits), values, 0.7), supports, values


@pytest.mark.parametrize("shots", [None, 2000])
@pytest.mark.parametrize("source", [random_table(4, seed=3), SPECTRUM.hamiltonian(max_degree=3)])
def test_it_keeps_the_contract_of_engines(source, shots):
    check_engine(ProductEngine(source, shots=shots, threads=1))


def test_any_degree_past_the_memory_of_a_table():
    n = 70
    hamiltonian, supports, values = chain(n)
    params = random_angles(2 * n)
    params[[1, 64]] = math.pi / 2  # no division by a cosine that vanishes
    spins = np.cos(params[:n])
    expected = 0.7 + math.fsum(v * math.prod(spins[list(s)]) for s, v in zip(supports, values, strict=True))
    slopes = np.zeros(n)
    for support, value in zip(supports, values, strict=True):
        for j in support:
            slopes[j] -= math.sin(params[j]) * value * math.prod(spins[k] for k in support if k != j)
    found = ProductEngine(hamiltonian).prepare(ProductAnsatz(n)).value_and_gradient(params)
    assert found.value == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(found.gradient[:n], slopes, atol=1e-12)
    np.testing.assert_allclose(found.gradient[n:], 0.0, atol=1e-12)  # Rz does not change what is measured


def test_many_terms_are_the_same_on_any_number_of_threads():
    spectrum = WalshSpectrum.from_cost(random_table(13, seed=8))
    hamiltonian, params = spectrum.hamiltonian(), random_angles(26, seed=5)
    one, two = (ProductEngine(hamiltonian, threads=k).value_and_gradient(ProductAnsatz(13), params) for k in (1, 2))
    exact = ExactEngine(spectrum.cost_table()).value_and_gradient(ProductAnsatz(13), params)
    assert one[0] == two[0] == pytest.approx(exact[0], rel=1e-12)
    np.testing.assert_array_equal(one[1], two[1])
    np.testing.assert_allclose(one[1], exact[1], atol=1e-9)


def test_circuits_of_ones_own_that_entangle_nothing():
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    circuit, a, b = QuantumCircuit(4), Parameter("a"), Parameter("b")
    circuit.h(0)
    circuit.rx(a, range(4))
    circuit.u(0.3, b, 0.4, 2)
    circuit.ry(2 * a + 0.1, 1)
    circuit.sx(3)
    ansatz, params = CircuitAnsatz(circuit), [0.7, -1.3]
    table = random_table(4, seed=9)
    exact, product = (kind(table).prepare(ansatz) for kind in (ExactEngine, ProductEngine))
    wanted, found = (prepared.value_and_gradient(params) for prepared in (exact, product))
    assert found.value == pytest.approx(wanted.value, abs=1e-12)
    np.testing.assert_allclose(found.gradient, wanted.gradient, atol=1e-12)
    np.testing.assert_allclose(product.probabilities(params), exact.probabilities(params), atol=1e-12)


def test_samples_are_independent_bits_with_the_right_means():
    n, params = 80, random_angles(160, seed=4)
    bits = ProductEngine(ODD_ONES, shots=10).sample(ProductAnsatz(n), params, 20_000, 3)
    ones = np.sin(params[:n] / 2) ** 2
    assert np.abs(bits.mean(axis=0) - ones).max() < 6 * 0.5 / math.sqrt(20_000)
    pairs = (bits - ones).T @ (bits - ones) / 20_000
    assert np.abs(pairs - np.diag(np.diag(pairs))).max() < 6 * 0.25 / math.sqrt(20_000)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: ProductEngine(ODD_ONES), "not known exactly: set shots"),
        (lambda: ProductEngine([1.0, 2.0, 4.0, 8.0]).prepare(LinearAnsatz(2, 1)), "linear ansatz has a 'cx' gate"),
        (lambda: ProductEngine([1.0, 2.0]).expectation(ProductAnsatz(1), [0, 0], CVaR(0.5)), "set shots"),
    ],
)
def test_what_it_refuses(use, message):
    with pytest.raises(UsageError, match=message):
        use()


def test_the_distribution_of_many_bits_is_refused_before_it_is_made():
    prepared = ProductEngine(chain(70)[0]).prepare(ProductAnsatz(70))
    with pytest.raises(TooLargeError, match="70"):
        prepared.distribution(np.zeros(140))


def test_the_engine_product_trains_the_product_circuit_by_default():
    assert Variant.of(engine="product").circuit.ansatz == "product"
    assert Variant.of(engine="product", ansatz="linear", layers=0).circuit.ansatz == "linear"
