"""Hamiltonians as text that SymPy reads."""

import numpy as np
import pytest
import sympy
from hamiltonian_cases import small
from hypothesis import given
from hypothesis import strategies as st
from quantum_oracles import all_bits, random_table

from walshqhn import IsingHamiltonian, write_hamiltonian
from walshqhn.bits import masks_from_supports
from walshqhn.formats.format import SPINS
from walshqhn.support.errors import InputError


def test_by_hand(tmp_path):
    masks = masks_from_supports([(0,), (1, 2), (2,)], 3)
    write_hamiltonian(tmp_path / "h.txt", IsingHamiltonian(3, masks, np.array([0.5, -4.0, 2.0]), constant=1.5), "sympy")
    assert (tmp_path / "h.txt").read_text().splitlines() == [
        "(",
        "    1.5000000000000000",
        "  + -4.0000000000000000*Z_1*Z_2",
        "  + 2.0000000000000000*Z_2",
        "  + 0.50000000000000000*Z_0",
        ")",
        f"# N = 3; {SPINS}",
    ]


@pytest.mark.parametrize("num_qubits", [1, 2, 4])
def test_sympy_reads_it_back(tmp_path, num_qubits):
    table = random_table(num_qubits)
    write_hamiltonian(tmp_path / "h.txt", small(num_qubits), "sympy")
    expression = sympy.sympify((tmp_path / "h.txt").read_text())
    energy = sympy.lambdify(sympy.symbols(f"Z_0:{num_qubits}"), expression)
    found = [energy(*(1 - 2 * b.astype(int))) for b in all_bits(num_qubits)]
    np.testing.assert_allclose(found, table, rtol=0, atol=1e-12)


@given(st.lists(st.floats(-1e140, 1e140), min_size=4, max_size=4))
def test_every_digit_is_kept(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("sympy") / "h.txt"
    masks = masks_from_supports([(0,), (1,), (0, 1)], 2)
    write_hamiltonian(path, IsingHamiltonian(2, masks, np.array(numbers[1:]), constant=numbers[0]), "sympy")
    _, *lines, _, _ = path.read_text().splitlines()
    found = [float(line.strip(" +").split("*")[0]) for line in lines]
    assert found == [numbers[0], *sorted(numbers[1:], key=lambda v: -abs(v))]


def test_names_and_few_terms(tmp_path):
    masks = masks_from_supports([(0,), (1,), (0, 1)], 2)
    hamiltonian = IsingHamiltonian(2, masks, np.array([0.5, 4.0, -2.0])).truncate(max_terms=2)
    write_hamiltonian(tmp_path / "h.txt", hamiltonian, "sympy", names=["W1[0,0]", "größe"])
    _, constant, first, second, *_ = (tmp_path / "h.txt").read_text(encoding="utf-8").splitlines()
    assert float(constant) == 0
    assert first == "  + 4.0000000000000000*größe"
    assert second == "  + -2.0000000000000000*W1[0,0]*größe"
    with pytest.raises(InputError, match="2 different names"):
        write_hamiltonian(tmp_path / "i.txt", hamiltonian, "sympy", names=["a"])
    assert not (tmp_path / "i.txt").exists()
