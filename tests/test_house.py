"""The house: imports follow the flow of data, those inside functions too; rooms stay small; importing stays light."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import walshqhn

ROOT = Path(walshqhn.__file__).parent
HEAVY = {"qiskit", "qiskit_aer", "h5py", "matplotlib", "numba", "scipy", "sympy"}
DOOR = "walshqhn.support.hooks"  # values that save, load and draw themselves reach what does it through it
ORDER = (
    "kernels", "support", "bits", "transform", "cost", "spectrum", "binn", "circuits", "engines", "training", "study",
    "formats", "plotting", "workspace", "report", "bench", "cli",
)  # fmt: skip
RANK = {part: rank for rank, part in enumerate(ORDER)}
RANK |= {"testing": RANK["engines"], "sklearn": RANK["workspace"]}

MODULES = {
    ".".join(("walshqhn", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
PARTS = {name: path for name, path in MODULES.items() if name != "walshqhn"}


def part_of(module):
    return module.split(".")[1]


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(source, *, inside_functions=True):
    """Modules that ``source`` imports, at its top or anywhere; those for type checkers only are not."""

    def visit(node):
        for child in ast.iter_child_nodes(node):
            if is_for_type_checkers(child):
                continue
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not inside_functions:
                continue
            if isinstance(child, ast.Import):
                yield from (alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                names = [f"{child.module}.{alias.name}" for alias in child.names]
                yield from (name if name in MODULES else child.module or "relative" for name in names)
            elif isinstance(child, ast.Call) and ast.unparse(child.func).endswith("import_module"):
                found = child.args[0]
                yield str(found.value) if isinstance(found, ast.Constant) else ast.unparse(found).strip("f'")
            yield from visit(child)

    return list(visit(ast.parse(source)))


GRAPH = {
    name: {m for m in imports(path.read_text()) if m in PARTS and m != name and m not in ("walshqhn",)}
    for name, path in PARTS.items()
    if name != DOOR
}


def circle(graph):
    """Modules along a circle of imports, or an empty list."""
    done, path = set(), []

    def walk(module):
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        path.append(module)
        for following in sorted(graph.get(module, ())):
            if found := walk(following):
                return found
        done.add(path.pop())
        return []

    for module in graph:
        if found := walk(module):
            return found
    return []


def loaded_by(statement):
    """The heavy packages that are loaded once a fresh interpreter has run ``statement``."""
    code = f"import sys; {statement}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT.parent), *sys.path])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return set(result.stdout.split())


# --- the reader of imports itself --------------------------------------------------------------


def test_imports_inside_functions_and_dynamic_ones_are_found():
    source = (
        "from walshqhn.bits import pack_bits\n"
        "def f():\n    if True:\n        from walshqhn.cost import base\n    import_module('walshqhn.cli')\n"
        "if TYPE_CHECKING:\n    import qiskit\n"
    )
    assert set(imports(source)) == {"walshqhn.bits", "walshqhn.cost.base", "walshqhn.cli"}
    assert imports(source, inside_functions=False) == ["walshqhn.bits"]


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


# --- the house ---------------------------------------------------------------------------------


def test_no_module_imports_itself_through_others():
    assert circle(GRAPH) == []


def test_imports_follow_the_order():
    upward = [
        f"{name} -> {found}" for name in GRAPH for found in GRAPH[name] if RANK[part_of(found)] > RANK[part_of(name)]
    ]
    assert upward == []


def test_the_one_door_upwards_leads_to_files_and_figures():
    assert [m for m in imports(MODULES[DOOR].read_text()) if m.startswith("walshqhn")] == [
        "walshqhn.formats.hdf5",
        "walshqhn.plotting.objects",
    ]
    users = {name for name in GRAPH if DOOR in GRAPH[name]}
    assert users == {
        "walshqhn.cost.hamiltonian", "walshqhn.study.plan", "walshqhn.support.shown", "walshqhn.training.start",
    }  # fmt: skip


def test_kernels_import_numpy_and_numba_only():
    """With its llvmlite, the standard library, and each other."""
    allowed = {"numpy", "numba", "llvmlite", "walshqhn"} | sys.stdlib_module_names
    for name in (m for m in PARTS if part_of(m) == "kernels"):
        found = imports(PARTS[name].read_text())
        assert {m.split(".")[0] for m in found} <= allowed, name
        assert [m for m in found if m.startswith("walshqhn") and part_of(m) != "kernels"] == [], name


def test_files_are_short_enough_to_read_and_no_folder_has_most_of_the_code():
    lines = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: n for name, n in lines.items() if n > 300} == {}
    shares = dict.fromkeys(ORDER, 0)
    for name, n in lines.items():
        if part_of(name + ".face") in shares:
            shares[part_of(name + ".face")] += n
    assert max(shares.values()) <= sum(lines.values()) / 4


def test_no_assertion_of_a_test_stands_under_an_if():
    """It could be passed over without anyone knowing. What runs beside the test, in a thread, is none of its own."""
    conditional = {
        f"{path.name}: line {inner.lineno}"
        for path in Path(__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.If) and "get_ident" not in ast.unparse(node.test)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Assert)
    }
    assert conditional == set()


# --- importing ---------------------------------------------------------------------------------


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import walshqhn; dir(walshqhn); walshqhn.__version__; walshqhn.__all__") == set()


@pytest.mark.parametrize("name", ["load_task", "WalshSpectrum", "ExactEngine", "AerEngine", "train", "run_study"])
def test_a_name_does_not_load_what_it_may_not_need(name):
    """Qiskit comes with the first circuit drawn or exported, HDF5 with the first file, Matplotlib with a figure."""
    assert not {"qiskit", "qiskit_aer", "h5py", "matplotlib", "sympy"} & loaded_by(f"from walshqhn import {name}")


def test_modules_do_not_load_heavy_packages_at_once_but_for_the_file_format():
    found = {
        name: {m.split(".")[0] for m in imports(path.read_text(), inside_functions=False)}
        & {"qiskit", "qiskit_aer", "h5py", "matplotlib", "sympy"}
        for name, path in PARTS.items()
    }
    assert {name for name, heavy in found.items() if heavy and not name.startswith("walshqhn.formats.")} == {
        "walshqhn.support.hdf5"
    }


@pytest.mark.parametrize("name", walshqhn.__all__)
def test_every_public_name_resolves(name):
    found = getattr(walshqhn, name)
    assert name in dir(walshqhn)
    assert name == "__version__" or (found.__name__ == name and found.__doc__)


def test_names_for_type_checkers_are_the_public_names():
    tree = ast.parse(MODULES["walshqhn"].read_text())
    (block,) = (n for n in tree.body if is_for_type_checkers(n))
    typed = {alias.asname: f"{n.module}.{alias.name}" for n in block.body for alias in n.names}
    assert typed == {name: f"{module}.{name}" for name, module in walshqhn._HOME.items()}


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'walshqhn' has no attribute 'Spectrum'"):
        _ = walshqhn.Spectrum
