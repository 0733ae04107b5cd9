"""The scripts among themselves: no circle of imports, none inside functions, no long files."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "analysis"
SCRIPTS = {path.stem: path for path in sorted(FOLDER.glob("*.py"))}


def imported(tree):
    """Scripts that a script imports, anywhere and for type checkers too."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    return {name for node in found for name in ([node.module] if node.module else [alias.name for alias in node.names])}


def test_imports_go_one_way():
    graph = {name: imported(ast.parse(path.read_text())) for name, path in SCRIPTS.items()}
    assert {"common", "fourier_figure"} <= graph["fourier"]
    list(TopologicalSorter(graph).static_order())  # CycleError if there is a circle


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_file_is_short_and_imports_its_kind_at_the_top(name):
    text = SCRIPTS[name].read_text()
    assert len(text.splitlines()) <= 300
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in functions if imported(node)] == []
