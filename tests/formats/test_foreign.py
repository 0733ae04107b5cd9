"""Hamiltonians from other people's files, which are written here by their own libraries or by hand."""

import json

import h5py
import numpy as np
import pytest

from walshqhn import IsingHamiltonian, Workspace, read_hamiltonian, write_hamiltonian
from walshqhn.support.errors import InputError, TooLargeError

WANTED = IsingHamiltonian.from_terms({(): 2.0, (0,): -1.5, (1, 3): 0.25, (0, 2, 3): 1e-3})
TEXTS = {
    "spins.json": '{"()": 2, "(0,)": -1.0, "(0)": -0.5, "(3, 1)": 0.25, "(0, 2, 3)": 0.001}',
    "qokit.json": "[[2, []], [-1.5, [0]], [0.25, [1, 3]], [0.001, [0, 2, 3]]]",
    "function.json": '{"problem_type": "spin", "problem": {"()": 2, "(0,)": -1.5, "(1,3)": 0.25, "(0,2,3)": 1e-3}}',
    "bits.json": '{"problem_type": "binary", "problem": {"()": 0.751, "(0,)": 2.998, "(1,)": -0.5, "(3,)": -0.502, '
    '"(1,3)": 1.0, "(2,)": -0.002, "(0,2)": 0.004, "(0,3)": 0.004, "(2,3)": 0.004, "(0,2,3)": -0.008}}',
    "polynomial.json": '{"type": "BinaryPolynomial", "vartype": "SPIN", "variable_labels": ["x", "a", "b", "y"], '
    '"terms": [[[], 2], [["x"], -1.5], [["y", "a"], 0.25], [["x", "b", "y"], 1e-3]]}',
    "signs.txt": "2.0 [] - (1.5+0j) [Z0] + 0.125[Z3 Z1]+ 125e-3 [Z1 I2 Z3] +1e-3 [Z0 Z2 Z3]\n# N = 4",
    "openfermion.txt": "2.0 [] +\n-1.5 [Z0] +\n(0.25+0j) [Z1 Z3] +\n1e-3 [Z0 Z2 Z3]",
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(name, tmp_path):
    (tmp_path / name).write_text(TEXTS[name])
    assert read_hamiltonian(tmp_path / name) == WANTED
    assert Workspace.open(tmp_path / name).cost.values[5] == pytest.approx(WANTED.energy(5), abs=1e-12)


def test_our_own_exports(tmp_path):
    named = IsingHamiltonian.from_terms(WANTED.to_terms(), names=("w0", "w1", "w2", "bias"))
    write_hamiltonian(tmp_path / "own.csv", named, "csv", names=named.names)
    write_hamiltonian(tmp_path / "own.qpy", WANTED, "sparse-pauli-op")
    named.save(tmp_path / "own.h5")
    for name in ("own.csv", "own.qpy", "own.h5"):
        assert read_hamiltonian(tmp_path / name) == WANTED
    assert read_hamiltonian(tmp_path / "own.csv").names == named.names


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_dimod_models(vartype, tmp_path):
    dimod = pytest.importorskip("dimod")
    from dimod.serialization import coo

    model = dimod.BinaryQuadraticModel({0: 1.0, 1: -0.5, 2: 3.0}, {(0, 2): 2.0, (1, 2): -0.75}, 0.0, vartype)
    (tmp_path / "model.json").write_text(json.dumps(model.to_serializable()))
    with (tmp_path / "model.coo").open("w") as file:
        coo.dump(model, file, vartype_header=True)
    for name in ("model.json", "model.coo"):
        found = read_hamiltonian(tmp_path / name)
        for x in range(8):
            bits = [x >> j & 1 for j in range(3)]
            sample = bits if vartype == "BINARY" else [1 - 2 * b for b in bits]
            assert found.energy(bits) == pytest.approx(model.energy(dict(enumerate(sample))), abs=1e-12)


def test_a_table_of_costs_is_still_one(tmp_path):
    (tmp_path / "costs.txt").write_text("1\n2\n3\n5\n")
    assert Workspace.open(tmp_path / "costs.txt").table.tolist() == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", '{"(0, x)": 1}', "named by its spins"),
        ("a.json", '{"(0, 1)": "no"}', r"the coefficient of \(0, 1\) is a real number, got 'no'"),
        ("a.json", '{"(0, 1)": NaN}', "a real number, got nan"),
        ("a.json", '{"(0, 1)": 1%s}' % (400 * "0"), "a real number, got 1000"),
        ("a.json", "[[1.0, [-1]]]", "JSON of a Hamiltonian is"),
        ("a.json", '{"(0, %s)": 1}' % (5000 * "9"), "named by its spins"),
        ("a.json", '{"type": "BinaryPolynomial", "terms": [[["x"], 1]]}', "a polynomial has variable_labels"),
        ("a.json", '{"problem": 3}', "problem is a table of terms"),
        ("a.json", '{"wires": [[0]], "coefficients": [1, 2]}', "2 coefficients and 1 products"),
        ("a.json", '{"N": 2, "terms": [[1.0, [4]]]}', "terms on 5 qubits, but it says 2"),
        ("a.json", "3", "JSON of a Hamiltonian is"),
        ("a.json", '{"type": "BinaryQuadraticModel"}', "dimod cannot read it"),
        ("a.coo", "0 1 2.0\n", "vartype=SPIN"),
        ("a.coo", "# vartype=SPIN\n0 1\n", "line 2 is not two variables and a number"),
        ("a.txt", "1.0 [X0 Z1]", "holds I and Z only"),
        ("a.txt", "1j [Z1]", "real number"),
        ("a.txt", "1.0 [Z1] + nonsense", "expected a term"),
        ("a.csv", "1,2\n", "begins with degree,qubits"),
        ("a.csv", "degree,qubits,bits,coefficient\n1,x,b,2\n", "line 2 is not a term"),
        ("a.xyz", "", "a file of kind"),
    ],
)
def test_what_is_not_understood(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_hamiltonian(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_qubits_far_away_are_not_allocated(tmp_path, monkeypatch):
    monkeypatch.setattr("walshqhn.support.resources.available_memory", lambda: 10**6)
    (tmp_path / "far.json").write_text('{"(0, 999999)": 1.0}')
    with pytest.raises(TooLargeError, match="qubits"):
        read_hamiltonian(tmp_path / "far.json")
    (tmp_path / "deep.json").write_text(f'{{"problem_type": "binary", "problem": {{"{(*range(200),)}": 1.0}}}}')
    with pytest.raises(TooLargeError, match="products"):
        read_hamiltonian(tmp_path / "deep.json")


def test_hdf5_of_others(tmp_path):
    """Groups that hold themselves, links, numbers: only texts are Hamiltonians."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["costs"] = np.arange(4.0)
        file["note"] = "a table of mine"
        file["again"] = file["/"]
        file["link"] = h5py.SoftLink("/costs")
    assert Workspace.open(tmp_path / "a.h5").table.tolist() == [0, 1, 2, 3]
    with pytest.raises(InputError, match="expected a term such as"):
        read_hamiltonian(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["costs"] = np.arange(4.0)
    with pytest.raises(InputError, match="holds no Hamiltonian"):
        read_hamiltonian(tmp_path / "b.h5")
    with pytest.raises(InputError, match="holds no text 'x', but note"):
        read_hamiltonian(tmp_path / "a.h5", key="x")
