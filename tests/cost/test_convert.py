"""Costs from what people have; every kind of the same function agrees, asymmetric in its bits."""

import dimod
import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp

from walshqhn import BlackBoxCost, IsingHamiltonian, TableCost, as_cost, load_task
from walshqhn.support.errors import InputError

OPERATOR = SparsePauliOp.from_sparse_list([("", [], 2.0), ("Z", [0], 1.0), ("ZZ", [1, 2], -0.5)], 3)
TABLE = np.real(np.diag(OPERATOR.to_matrix()))


def test_a_cost_is_returned_as_it_is():
    task = load_task("gaussian", hidden=1, num_samples=20)
    for cost in (TableCost(TABLE), BlackBoxCost(np.sum, 3), task):
        assert as_cost(cost) is cost


@pytest.mark.parametrize("source", [TABLE, TABLE.tolist(), tuple(TABLE), TABLE.astype(np.float32)])
def test_arrays(source):
    assert np.array_equal(as_cost(source).cost_table(), TABLE)


def test_a_qiskit_operator():
    cost = as_cost(OPERATOR)
    assert isinstance(cost, IsingHamiltonian)
    np.testing.assert_allclose(cost.cost_table(), TABLE, rtol=0, atol=1e-15)


def test_dimod_models():
    spins = dimod.BinaryQuadraticModel({0: 1.0, 1: 0.0, 2: 0.0}, {(1, 2): -0.5}, 2.0, "SPIN")
    np.testing.assert_allclose(as_cost(spins).cost_table(), TABLE, rtol=0, atol=1e-12)
    polynomial = dimod.BinaryPolynomial({(): 2.0, (0,): 1.0, (1, 2): -0.5}, "SPIN")
    np.testing.assert_allclose(as_cost(polynomial).cost_table(), TABLE, rtol=0, atol=1e-12)


def test_binary_variables_of_dimod_are_the_bits():
    linear, quadratic = {0: 1.0, 1: 0.0, 2: 5.0}, {(0, 1): 2.0, (1, 2): -0.5}
    quadratic_model = dimod.BinaryQuadraticModel(linear, quadratic, 0.25, "BINARY")
    cubic = dimod.BinaryPolynomial({(0,): 1.0, (0, 1, 2): 4.0}, "BINARY")
    for x in np.ndindex(2, 2, 2):
        expected = 0.25 + x[0] + 5 * x[2] + 2 * x[0] * x[1] - 0.5 * x[1] * x[2]
        assert as_cost(quadratic_model).costs([x])[0] == pytest.approx(expected, abs=1e-12)
        assert as_cost(cubic).costs([x])[0] == pytest.approx(x[0] + 4 * x[0] * x[1] * x[2], abs=1e-12)
    cost = as_cost(dimod.BinaryQuadraticModel({"left": 1.0, "right": 3.0}, {}, 0.0, "BINARY"))
    assert cost.bit_names == ("left", "right")
    np.testing.assert_allclose(cost.cost_table(), [0, 1, 3, 4], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.sum, "a function is a cost as BlackBoxCost"),
        ("linear", "got str"),
        (None, "got NoneType"),
        ({0: 1.0}, "got dict"),
        (np.zeros(3), "power of two"),
    ],
)
def test_anything_else_is_refused(source, message):
    with pytest.raises(InputError, match=message):
        as_cost(source)
