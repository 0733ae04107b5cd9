"""What importing costs, and that imports follow the flow of data (design, sections 1 and 4)."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import walshqhn

ROOT = Path(walshqhn.__file__).parent
HEAVY = ("qiskit", "qiskit_aer", "h5py", "matplotlib", "numba", "scipy", "sympy")

# a module imports from its own row and from those above
ORDER = [
    {"kernels"},
    {"errors", "resources", "files", "arrays", "bits"},
    {"transform"},
    {"binn"},
    {"truncation"},
    {"spectrum"},
    {"hamiltonian"},
    {"export"},
    {"vqa"},
    {"provenance", "storage", "storage_training", "storage_study"},
    {"plotting", "plotting_study", "plotting_training"},
    {"cli"},
]
RANK = {part: rank for rank, row in enumerate(ORDER) for part in row}

MODULES = {
    ".".join(("walshqhn", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
PARTS = {name: path for name, path in MODULES.items() if name != "walshqhn"}


def top_level_imports(path):
    """Modules that importing ``path`` imports; those for type checkers only, and inside functions, are not."""

    def visit(statements):
        for node in statements:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from (name if name in MODULES else node.module for name in names)
            elif isinstance(node, ast.If):
                if ast.unparse(node.test) != "TYPE_CHECKING":
                    yield from visit(node.body)
                yield from visit(node.orelse)
            elif isinstance(node, ast.Try):
                yield from visit([*node.body, *node.orelse, *node.finalbody])
            elif isinstance(node, ast.With | ast.ClassDef):
                yield from visit(node.body)

    return list(visit(ast.parse(path.read_text()).body))


def loaded_by(statement):
    """The heavy packages that are loaded once a fresh interpreter has run ``statement``."""
    code = f"import sys; {statement}; print(*sorted({set(HEAVY)!r} & set(sys.modules)))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT.parent), *sys.path])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return result.stdout.split()


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import walshqhn") == []
    assert loaded_by("import walshqhn; dir(walshqhn); walshqhn.__version__; walshqhn.__all__") == []


@pytest.mark.parametrize(
    "name", ["load_task", "WalshSpectrum", "IsingHamiltonian", "QAOAAnsatz", "ExactEngine", "AerEngine", "train"]
)
def test_a_name_does_not_load_what_it_may_not_need(name):
    """Qiskit comes with the first circuit, HDF5 with the first file, a drawing with the first figure."""
    loaded = loaded_by(f"from walshqhn import {name}")
    assert not {"qiskit", "qiskit_aer", "h5py", "matplotlib", "sympy"} & set(loaded)


@pytest.mark.parametrize("name", walshqhn.__all__)
def test_every_public_name_resolves(name):
    found = getattr(walshqhn, name)
    assert name in dir(walshqhn)
    if name != "__version__":
        assert found.__name__ == name
        assert found.__doc__


def test_names_for_type_checkers_are_the_public_names():
    tree = ast.parse(MODULES["walshqhn"].read_text())
    (block,) = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    typed = {alias.asname: f"{n.module}.{alias.name}" for n in block.body for alias in n.names}
    assert typed == {name: f"{module}.{name}" for name, module in walshqhn._HOME.items()}


def test_the_reader_of_imports_finds_them():
    found = top_level_imports(MODULES["walshqhn.spectrum"])
    assert {"walshqhn.transform", "walshqhn.bits", "numpy"} <= set(found)
    assert "walshqhn.hamiltonian" not in found  # for type checkers, and inside a function


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'walshqhn' has no attribute 'Spectrum'"):
        _ = walshqhn.Spectrum


@pytest.mark.parametrize("module", PARTS)
def test_every_module_has_its_place_in_the_order(module):
    assert module.split(".")[1] in RANK


@pytest.mark.parametrize("module", PARTS)
def test_imports_follow_the_order(module):
    rank = RANK[module.split(".")[1]]
    later = [
        name
        for name in top_level_imports(PARTS[module])
        if name.startswith("walshqhn.") and RANK[name.split(".")[1]] > rank
    ]
    assert later == []


@pytest.mark.parametrize("module", [name for name in PARTS if name.startswith("walshqhn.kernels")])
def test_kernels_import_only_numpy_and_numba(module):
    """With its llvmlite, the standard library, and each other."""
    allowed = {"numpy", "numba", "llvmlite"} | sys.stdlib_module_names
    found = [name for name in top_level_imports(PARTS[module]) if not name.startswith("walshqhn.kernels")]
    assert {name.split(".")[0] for name in found} <= allowed


@pytest.mark.parametrize("module", PARTS)
def test_only_storage_imports_hdf5_at_once_and_nobody_qiskit_or_matplotlib(module):
    heads = {name.split(".")[0] for name in top_level_imports(PARTS[module])}
    allowed = (
        {"h5py"} if module in ("walshqhn.storage", "walshqhn.storage_training", "walshqhn.storage_study") else set()
    )
    assert heads & {"qiskit", "qiskit_aer", "h5py", "matplotlib", "sympy"} <= allowed
