"""What others write, read here: the values at all bit strings are those that the other package computes, or by hand."""

import itertools
import json

import h5py
import pytest

from walshqhn import Workspace, read_hamiltonian
from walshqhn.cli import main
from walshqhn.support.errors import InputError

MODEL = {"linear": {"x": 1.0, "y": -2.5, "w(1)": 0.75}, "quadratic": {("x", "y"): 3.0, ("y", "w(1)"): -1.0}}
LP = """\\ names, a constant, squares, maximization
{sense}
 obj: 2 x - 3 y + [ 4 x * y - 2 w ^ 2 ] / 2 + 5
Subject To
{constraint}Binary
 x y w
End
"""
MPS = """NAME          MIXED
ROWS
 N  COST
COLUMNS
    MARKER                 'MARKER'                 'INTORG'
    x2        COST         1.0
    y         COST         -2.5
    w(1)      COST         0.75
    MARKER                 'MARKER'                 'INTEND'
RHS
    RHS       COST         4.0
BOUNDS
 BV BND       x2
 BV BND       y
 UP BND       w(1)         1
QUADOBJ
    x2        y            3.0
    y         y            2.0
ENDATA
"""
QPLIB = """MINE # name
QBN # quadratic, binary, no constraints
{sense}
4 # variables
3 # nonzeros in the lower triangle of Q^0
1 1 2.0
2 1 -1.0
3 2 -3.0
-0.5 # default value of entries in b^0
1 # others
2 7.25
3.5 # q^0
1.0E30 # infinity
0.0 # default starting values of x
0 # others
0.0 # those of multipliers
0 # others
0 # names of variables
0 # names of constraints
"""
INTEGERS = QPLIB.format(sense="minimize").replace("QBN", "QIN").replace("infinity\n", "infinity\n0\n0\n9\n0\n")


def at_all(hamiltonian):
    """(bits, energy) of every bit string."""
    return [(b, hamiltonian.energy(b)) for b in itertools.product((0, 1), repeat=hamiltonian.num_qubits)]


def test_openfermion_and_hamlib(tmp_path):
    """With signs, exponents, complex numbers: their own printing."""
    openfermion = pytest.importorskip("openfermion")
    operator = openfermion.QubitOperator("-1e-05 [Z0 Z4] + 2.5 [Z1] - 3 [] + 0.5 [Z3 Z4]") * (1 + 0j)
    (tmp_path / "h.txt").write_text(str(operator))
    with h5py.File(tmp_path / "h.hdf5", "w", libver="latest") as file:
        file["graph/ham_n-5"] = str(operator)
        file["graph/other"] = str(operator * 2)
    wanted = {(): -3.0, (1,): 2.5, (0, 4): -1e-05, (3, 4): 0.5}
    assert read_hamiltonian(tmp_path / "h.txt").to_terms() == wanted
    assert read_hamiltonian(tmp_path / "h.hdf5", key="graph/ham_n-5").to_terms() == wanted
    with pytest.raises(InputError, match="2 Hamiltonians, choose one with key: graph/ham_n-5, graph/other"):
        Workspace.open(tmp_path / "h.hdf5")
    assert Workspace.open(tmp_path / "h.hdf5", {"key": "graph/other"}).hamiltonian.constant == -6


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_dimod(vartype, tmp_path):
    dimod = pytest.importorskip("dimod")
    model = dimod.BinaryQuadraticModel(MODEL["linear"], MODEL["quadratic"], 1.5, vartype)
    (tmp_path / "h.json").write_text(json.dumps(model.to_serializable()))
    found = read_hamiltonian(tmp_path / "h.json")
    assert set(found.bit_names) == set(MODEL["linear"])
    for bits, energy in at_all(found):
        values = bits if vartype == "BINARY" else [1 - 2 * b for b in bits]
        assert energy == pytest.approx(model.energy(dict(zip(found.bit_names, values, strict=True))), abs=1e-12)


@pytest.mark.parametrize(("sense", "sign"), [("Minimize", 1), ("Maximize", -1)])
def test_lp(tmp_path, sense, sign):
    """By hand, and by dimod's own reader."""
    pytest.importorskip("highspy")
    (tmp_path / "h.lp").write_text(LP.format(sense=sense, constraint=""))
    found = read_hamiltonian(tmp_path / "h.lp")
    assert found.bit_names == ("x", "y", "w")
    lp = pytest.importorskip("dimod.lp")
    objective = lp.load(str(tmp_path / "h.lp")).objective
    for (x, y, w), energy in at_all(found):
        assert energy == pytest.approx(sign * (2 * x - 3 * y + 2 * x * y - w + 5), abs=1e-12)
        assert energy == pytest.approx(objective.energy({"x": x, "y": y, "w": w}), abs=1e-12)


def test_mps(tmp_path):
    """The constant is minus the right-hand side; x^T Q x / 2 of the lower triangle, as CPLEX and Gurobi have it."""
    pytest.importorskip("highspy")
    (tmp_path / "h.mps").write_text(MPS)
    found = read_hamiltonian(tmp_path / "h.mps")
    assert found.bit_names == ("x2", "y", "w(1)")
    for (x, y, w), energy in at_all(found):
        assert energy == pytest.approx(x - 2.5 * y + 0.75 * w + 3 * x * y + y - 4, abs=1e-12)


@pytest.mark.parametrize(("sense", "sign"), [("minimize", 1), ("maximize", -1)])
def test_qplib(tmp_path, sense, sign):
    """Half of each entry, also of those beside the diagonal, as in the files of the library and their solutions."""
    pytest.importorskip("ommx")
    (tmp_path / "h.qplib").write_text(QPLIB.format(sense=sense))
    found = read_hamiltonian(tmp_path / "h.qplib")
    for (a, b, c, d), energy in at_all(found):
        wanted = 3.5 - 0.5 * (a + c + d) + 7.25 * b + (2 * a - a * b - 3 * b * c) / 2
        assert energy == pytest.approx(sign * wanted, abs=1e-12)


@pytest.mark.parametrize("kind", ["lp", "mps", "qplib"])
def test_commands_take_such_files(tmp_path, monkeypatch, capfd, kind):
    pytest.importorskip("ommx" if kind == "qplib" else "highspy")
    monkeypatch.chdir(tmp_path)
    text = {"lp": LP.format(sense="Minimize", constraint=""), "mps": MPS, "qplib": QPLIB.format(sense="minimize")}[kind]
    (tmp_path / f"h.{kind}").write_text(text)
    least = min(energy for _, energy in at_all(read_hamiltonian(f"h.{kind}")))
    assert main(["spectrum", f"h.{kind}"]) == 0
    assert main(["train", f"h.{kind}", "--layers", "0", "--max-iterations", "3", "-o", "run.h5"]) == 0
    capfd.readouterr()
    assert main(["minimum", f"h.{kind}", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["best_cost"] == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.lp", LP.format(sense="Minimize", constraint=" c1: x + y <= 1\n"), "no constraints, this has 1; add them"),
        (
            "i.lp",
            LP.format(sense="Minimize", constraint="").replace("Binary", "General"),
            "x is none; write it as bits",
        ),
        ("bad.lp", "Minimize\n obj: 2 x ++* 3\n", "HiGHS cannot read it"),
        ("bad.mps", "NAME\nROWS\n G\n", "HiGHS cannot read it"),
        ("bad.qplib", QPLIB.format(sense="minimize")[:150], "OMMX cannot read it"),
        ("i.qplib", INTEGERS, "x0 is none; write it as bits"),
        ("bad.ommx", "no archive", "OMMX cannot read it"),
    ],
)
def test_what_is_refused_in_one_line(tmp_path, name, text, message):
    pytest.importorskip("highspy" if name.endswith(("lp", "mps")) else "ommx")
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_hamiltonian(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
