"""Ising Hamiltonians: validation, energies at any width, and conversion to and from Qiskit and SymPy."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from qiskit.quantum_info import SparsePauliOp
from quantum_oracles import all_bits, ising_energy, random_table

from walshqhn import IsingHamiltonian, WalshSpectrum
from walshqhn.bits import mask_support, masks_from_supports
from walshqhn.support.errors import InputError, TooLargeError


def make(num_qubits, terms, constant=0.0):
    masks = masks_from_supports(list(terms), num_qubits)
    return IsingHamiltonian(num_qubits, masks, np.array(list(terms.values()), dtype=float), constant)


def terms_of(hamiltonian):
    return {mask_support(m): c for m, c in zip(hamiltonian.masks, hamiltonian.coefficients, strict=True)}


@st.composite
def hamiltonians(draw, min_qubits=1, max_qubits=140):
    num_qubits = draw(st.integers(min_qubits, max_qubits))
    support = st.sets(st.integers(0, num_qubits - 1), min_size=1, max_size=6).map(lambda s: tuple(sorted(s)))
    terms = draw(st.dictionaries(support, st.floats(-100, 100), max_size=12))
    return num_qubits, terms, draw(st.floats(-100, 100))


# --- energies -----------------------------------------------------------------------------------


@given(hamiltonians(), st.randoms(use_true_random=False))
def test_energy_at_any_width(case, random):
    num_qubits, terms, constant = case
    hamiltonian = make(num_qubits, terms, constant)
    rows = np.array([[random.randint(0, 1) for _ in range(num_qubits)] for _ in range(4)], dtype=np.uint8)
    expected = [ising_energy(row, terms, terms.values(), constant) for row in rows]
    np.testing.assert_allclose(hamiltonian.energy(rows), expected, rtol=0, atol=1e-11)
    assert hamiltonian.energy(rows[0]) == pytest.approx(expected[0], abs=1e-11)


@pytest.mark.parametrize(("num_qubits", "qubit"), [(64, 63), (65, 64), (70, 63), (70, 64), (128, 127), (130, 129)])
def test_terms_at_the_edges_of_words(num_qubits, qubit):
    hamiltonian = make(num_qubits, {(qubit,): 2.0, (0, qubit): 0.5}, 1.0)
    assert hamiltonian.masks.shape == (2, (num_qubits + 63) // 64)
    unit = np.eye(num_qubits, dtype=np.uint8)
    assert hamiltonian.energy(0 * unit[0]) == 3.5
    assert hamiltonian.energy(unit[qubit]) == -1.5
    assert hamiltonian.energy(unit[0]) == 2.5
    assert hamiltonian.energy(unit[1]) == 3.5


@pytest.mark.parametrize("num_qubits", [1, 2, 5, 9])
def test_energies_of_all_configurations(num_qubits):
    table = random_table(num_qubits)
    hamiltonian = WalshSpectrum.from_cost(table).hamiltonian()
    np.testing.assert_allclose(hamiltonian.energies(), table, rtol=0, atol=1e-12 * np.abs(table).max())
    np.testing.assert_allclose(hamiltonian.energy(all_bits(num_qubits)), table, rtol=0, atol=1e-10)


def test_energy_keeps_leading_axes():
    hamiltonian = make(3, {(0,): 1.0, (1, 2): 10.0}, 100.0)
    assert hamiltonian.energy(all_bits(3).reshape(2, 4, 3)).tolist() == [[111, 109, 91, 89], [91, 89, 111, 109]]
    assert isinstance(hamiltonian.energy([1, 0, 0]), float)
    assert hamiltonian.energy(np.zeros((0, 3), dtype=np.uint8)).shape == (0,)


def test_more_terms_than_one_batch_holds():
    """2^13 terms times 2^10 configurations exceed the batch of 2^22 pairs."""
    table = random_table(13)
    hamiltonian = WalshSpectrum.from_cost(table).hamiltonian()
    rows = all_bits(13)[7::8]
    np.testing.assert_allclose(hamiltonian.energy(rows), table[7::8], rtol=0, atol=1e-8)


@pytest.mark.parametrize("bits", [[0, 1], [0, 1, 2], [0.5, 0, 1], 1.0])
def test_energy_of_what_is_not_bits(bits):
    with pytest.raises(InputError, match="bits must"):
        make(3, {(0,): 1.0}).energy(bits)


def test_all_energies_of_60_qubits_are_refused_with_a_size():
    hamiltonian = make(60, {(0, 59): 1.0})
    with pytest.raises(TooLargeError, match=r"N = 60 qubits needs 9\.22 EB .* energy\(bits\)"):
        hamiltonian.energies()


def test_all_energies_of_200_qubits_are_refused():
    with pytest.raises(TooLargeError, match="N = 200 qubits needs"):
        make(200, {(0, 199): 1.0}).energies()


# --- what a Hamiltonian is ----------------------------------------------------------------------


def test_degrees_and_weights():
    hamiltonian = make(70, {(69,): 3.0, (0, 64): 2.0, (1, 2, 65): 1.0, (5,): -4.0}, constant=-2.0)
    assert hamiltonian.degrees.tolist() == [1, 2, 3, 1]
    assert hamiltonian.degree_weights().tolist() == [4, 25, 4, 1] + [0] * 67
    assert len(hamiltonian) == 4
    assert repr(hamiltonian) == "IsingHamiltonian(qubits=70, terms=4, degree=3, constant=-2)"
    assert hamiltonian.largest(2) == [((5,), -4.0), ((69,), 3.0)]


def test_a_constant_alone():
    hamiltonian = make(3, {}, constant=2.5)
    assert hamiltonian.energies().tolist() == [2.5] * 8
    assert hamiltonian.energy([1, 0, 1]) == 2.5
    assert hamiltonian.degree_weights().tolist() == [6.25, 0, 0, 0]
    assert hamiltonian.to_sparse_pauli_op() == SparsePauliOp(["III"], [2.5])
    assert hamiltonian.to_sparse_pauli_op(constant=False) == SparsePauliOp(["III"], [0.0])
    again = IsingHamiltonian.from_sparse_pauli_op(hamiltonian.to_sparse_pauli_op())
    assert (len(again), again.constant) == (0, 2.5)
    assert float(hamiltonian.to_sympy()) == 2.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, [[1], [0]], [1.0, 2.0]), "an empty mask is the constant"),
        ((70, [[0, 0]], [1.0]), "an empty mask is the constant"),
        ((3, [[5], [2], [5]], [1.0, 2.0, 3.0]), "a mask occurs twice"),
        ((70, [[5, 1], [5, 1]], [1.0, 2.0]), "a mask occurs twice"),
        ((3, [[8]], [1.0]), "a qubit beyond 2"),
        ((70, [[1, 64]], [1.0]), "a qubit beyond 69"),
        ((0, [[1]], [1.0]), "a qubit beyond -1"),
        ((3, [[1]], [np.nan]), "coefficients must be finite"),
        ((3, [[1]], [-np.inf]), "coefficients must be finite"),
        ((3, [[1]], [1.0], np.nan), "coefficients must be finite"),
        ((3, [[1]], [1.0, 2.0]), r"masks \(T, 1\) and coefficients \(T,\), got \(1, 1\) and \(2,\)"),
        ((3, [1], [1.0]), r"got \(1,\) and \(1,\)"),
        ((3, [[1]], [[1.0]]), r"coefficients must have one axis, got shape \(1, 1\)"),
        ((70, [[1]], [1.0]), r"masks \(T, 2\)"),
        ((-1, [[1]], [1.0]), "num_qubits must be a whole number of at least 0, got -1"),
    ],
)
def test_what_is_not_a_hamiltonian(arguments, message):
    num_qubits, masks, *rest = arguments
    with pytest.raises(InputError, match=message):
        IsingHamiltonian(num_qubits, np.array(masks, dtype=np.uint64), *map(np.array, rest))


def test_equal_words_in_different_places_are_different_masks():
    hamiltonian = IsingHamiltonian(128, np.array([[4, 0], [0, 4], [4, 4]], dtype=np.uint64), np.array([1.0, 2.0, 4.0]))
    assert terms_of(hamiltonian) == {(2,): 1.0, (66,): 2.0, (2, 66): 4.0}


def test_truncation_of_wide_masks():
    hamiltonian = make(130, {(129,): 0.5, (0, 128): 3.0, (1, 64, 100): -0.1, (2, 3): 0.1}, 9.0)
    cut = hamiltonian.truncate(max_degree=2, max_terms=2)
    assert terms_of(cut) == {(129,): 0.5, (0, 128): 3.0}
    assert cut.discarded_weight == pytest.approx(0.02, rel=1e-12)
    assert (cut.constant, cut.max_degree) == (9.0, 2)


# --- Qiskit -------------------------------------------------------------------------------------


def test_sparse_pauli_op_reads_from_the_right():
    op = make(4, {(0,): 2.0, (1, 3): -3.0}, constant=0.5).to_sparse_pauli_op()
    assert op == SparsePauliOp(["IIII", "IIIZ", "ZIZI"], [0.5, 2.0, -3.0])
    bare = make(4, {(0,): 2.0}, constant=0.5).to_sparse_pauli_op(constant=False)
    assert bare == SparsePauliOp(["IIIZ"], [2.0])


@given(hamiltonians())
def test_sparse_pauli_op_round_trip(case):
    hamiltonian = make(*case)
    again = IsingHamiltonian.from_sparse_pauli_op(hamiltonian.to_sparse_pauli_op())
    assert terms_of(again) == terms_of(hamiltonian)
    assert (again.num_qubits, again.constant) == (hamiltonian.num_qubits, hamiltonian.constant)


def test_from_sparse_pauli_op_adds_equal_terms_and_constants():
    op = SparsePauliOp(["IZ", "II", "ZZ", "IZ", "II"], [1.0, 2.0, 3.0, 0.25, -0.5])
    hamiltonian = IsingHamiltonian.from_sparse_pauli_op(op)
    assert terms_of(hamiltonian) == {(0,): 1.25, (0, 1): 3.0}
    assert hamiltonian.constant == 1.5


def test_from_sparse_pauli_op_heeds_signs_of_the_paulis():
    op = SparsePauliOp(["-ZI", "IZ", "-II"], [2.0, 3.0, 4.0])
    hamiltonian = IsingHamiltonian.from_sparse_pauli_op(op)
    assert terms_of(hamiltonian) == {(1,): -2.0, (0,): 3.0}
    assert hamiltonian.constant == -4.0
    np.testing.assert_allclose(hamiltonian.energies(), op.to_matrix().diagonal().real)


def test_an_imaginary_phase_and_an_imaginary_coefficient_make_a_real_term():
    op = SparsePauliOp(["iZI", "IZ"], [-2j, 3.0])
    assert terms_of(IsingHamiltonian.from_sparse_pauli_op(op)) == {(1,): 2.0, (0,): 3.0}


@pytest.mark.parametrize(("pauli", "shown"), [("XI", "XI"), ("IY", "IY"), ("-YZ", "YZ")])
def test_from_sparse_pauli_op_refuses_x_and_y(pauli, shown):
    with pytest.raises(InputError, match=f"holds I and Z only, got {shown}"):
        IsingHamiltonian.from_sparse_pauli_op(SparsePauliOp(["ZZ", pauli], [1.0, 2.0]))


@pytest.mark.parametrize("coefficient", [1j, 1 + 1e-6j, np.nan, np.inf])
def test_from_sparse_pauli_op_refuses_what_is_not_real_and_finite(coefficient):
    op = SparsePauliOp(["ZZ", "IZ"], [1.0, 2.0])
    op.coeffs = np.array([1.0, coefficient])
    with pytest.raises(InputError, match="real and finite"):
        IsingHamiltonian.from_sparse_pauli_op(op)


# --- SymPy --------------------------------------------------------------------------------------


def test_sympy_terms_come_by_decreasing_size():
    expression = make(3, {(0,): 0.5, (1, 2): -4.0, (2,): 2.0}, constant=1.5).to_sympy()
    assert sympy.sstr(expression, order="none") == "1.5 - 4.0*Z_1*Z_2 + 2.0*Z_2 + 0.5*Z_0"


@pytest.mark.parametrize("num_qubits", [1, 2, 4])
def test_sympy_evaluates_to_the_energy(num_qubits):
    table = random_table(num_qubits)
    expression = WalshSpectrum.from_cost(table).hamiltonian().to_sympy()
    symbols = sympy.symbols(f"Z_0:{num_qubits}")
    for bits, cost in zip(all_bits(num_qubits), table, strict=True):
        spins = {z: 1 - 2 * int(b) for z, b in zip(symbols, bits, strict=True)}
        assert float(expression.subs(spins)) == pytest.approx(cost, abs=1e-12)


def test_sympy_names_and_number_of_terms():
    hamiltonian = make(2, {(0,): 0.5, (1,): 2.0, (0, 1): -1.0})
    expression = hamiltonian.to_sympy(names=["W1[0,0]", "bias"], max_terms=2)
    assert expression.free_symbols == {sympy.Symbol("W1[0,0]"), sympy.Symbol("bias")}
    assert len(expression.args) == 3
    assert float(expression.subs({sympy.Symbol("W1[0,0]"): -1, sympy.Symbol("bias"): 1})) == 3.0


@pytest.mark.parametrize("names", [["a"], ["a", "a"], ["a", "b", "c"]])
def test_sympy_needs_as_many_different_names(names):
    with pytest.raises(InputError, match="2 different names"):
        make(2, {(0,): 1.0}).to_sympy(names=names)
