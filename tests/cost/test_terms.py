"""Hamiltonians as algebraic expressions, against their energies one by one."""

import operator
from itertools import product

import numpy as np
import pytest

from walshqhn import IsingHamiltonian
from walshqhn.support.errors import InputError, TooLargeError

ONE = IsingHamiltonian.from_terms({(): 0.5, (0,): 1.0, (0, 2): -2.0, (1, 2): 0.25}, names=("a", "b", "c"))
TWO = IsingHamiltonian.from_terms({(0,): -1.0, (1,): 3.0, (0, 1, 2): 0.7})
BITS = list(product((0, 1), repeat=3))


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul])
@pytest.mark.parametrize("other", [TWO, 2.5, np.float64(-1.5), ONE])
def test_energies_of_sums_and_products(operation, other):
    value = getattr(other, "energy", lambda bits: other)
    for found, expected in (
        (operation(ONE, other), [operation(ONE.energy(b), value(b)) for b in BITS]),
        (operation(other, ONE), [operation(value(b), ONE.energy(b)) for b in BITS]),
    ):
        assert isinstance(found, IsingHamiltonian)
        np.testing.assert_allclose([found.energy(b) for b in BITS], expected, atol=1e-12)


def test_what_cancels_is_gone():
    assert dict(ONE + TWO) == {(0, 2): -2.0, (1, 2): 0.25, (1,): 3.0, (0, 1, 2): 0.7}
    assert len(ONE - ONE) == 0
    assert (ONE * ONE).names == ("a", "b", "c")
    assert dict(-ONE / 2) == {(0,): -0.5, (0, 2): 1.0, (1, 2): -0.125}


def test_terms_there_and_back():
    assert ONE.to_terms() == {(): 0.5, (0,): 1.0, (0, 2): -2.0, (1, 2): 0.25}
    assert IsingHamiltonian.from_terms(ONE.to_terms()) == ONE
    wide = IsingHamiltonian.from_terms({(3, 99): 2.0}, 120)
    assert IsingHamiltonian.from_terms(wide.to_terms(), 120) == wide
    assert list(wide) == [((3, 99), 2.0)]


def test_equality_is_of_terms():
    reversed_terms = dict(reversed(ONE.to_terms().items()))
    assert IsingHamiltonian.from_terms(reversed_terms) == ONE
    assert hash(IsingHamiltonian.from_terms(reversed_terms)) == hash(ONE)
    for other in (ONE + 1e-9, ONE * (1 + 1e-9), IsingHamiltonian.from_terms(ONE.to_terms(), 4), TWO, "ONE"):
        assert other != ONE


def test_energy_of_labels_and_indices():
    wide = IsingHamiltonian.from_terms({(0,): 1.0, (99,): 4.0}, 100)
    assert wide.energy(1 << 99) == wide.energy("1" + 99 * "0") == wide.energy([0] * 99 + [1]) == -3.0
    assert ONE.energy("001") == ONE.energy(1) == ONE.energy([1, 0, 0]) == 1.75


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda: ONE + IsingHamiltonian.from_terms({(5,): 1.0}), InputError, "3 and 6 qubits do not combine"),
        (lambda: ONE.energy("01"), InputError, "a label has 3 digits here, got 2"),
        (lambda: ONE.energy(8), InputError, "0 ... 2.3 - 1, got 8"),
        (lambda: ONE + "a", TypeError, "unsupported"),
        (lambda: ONE * [1], TypeError, None),
    ],
)
def test_what_does_not_go_together(use, kind, message):
    with pytest.raises(kind, match=message):
        use()


def test_a_product_too_large_for_memory(monkeypatch):
    monkeypatch.setattr("walshqhn.support.resources.available_memory", lambda: 200)
    with pytest.raises(TooLargeError, match="a product of 16 terms"):
        ONE * (TWO + 1.0)
