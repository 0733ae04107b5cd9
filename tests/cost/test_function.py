"""Costs written in Python, by name."""

import sys

import pytest

from walshqhn import TableCost, Workspace
from walshqhn.cost.function import load_function
from walshqhn.support.errors import InputError, UsageError

MODULE = """
import numpy as np
import walshqhn as wq
def slope(bits):
    return bits @ np.arange(1.0, bits.shape[1] + 1)
def odd(bits):
    return np.where(bits.sum(axis=1) % 2, np.nan, 0.0)
whole = wq.BlackBoxCost(slope, 2, bit_names=["left", "right"])
"""


@pytest.fixture
def module(tmp_path, monkeypatch, request):
    name = f"written_{request.node.name.split('[')[0]}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield name
    sys.modules.pop(name, None)


def test_a_function_from_the_working_folder(module):
    workspace = Workspace.open(f"{module}:slope", {"num_bits": 3})
    assert workspace.cost.costs([[1, 0, 1]]).tolist() == [4.0]
    assert workspace.table.tolist() == [0, 1, 2, 3, 3, 4, 5, 6]
    assert workspace.cost.name == f"{module}:slope"


def test_a_cost_keeps_its_names(module):
    assert Workspace.open(f"{module}:whole").bit_names == ("left", "right")


def test_a_penalty(module):
    cost = load_function(f"{module}:odd", num_bits=2, penalty=9, batch=1)
    with pytest.warns(UserWarning, match="set to 9"):
        assert cost.costs([[1, 1], [0, 1]]).tolist() == [0, 9]


@pytest.mark.parametrize(
    ("name", "options", "kind", "message"),
    [
        ("{}:slope", {}, UsageError, "--num-bits"),
        ("{}:slope", {"bits": 3}, UsageError, "Unknown option 'bits'.*num-bits"),
        ("{}:whole", {"num_bits": 3}, UsageError, "Unknown option 'num-bits'"),
        ("{}:nothing", {"num_bits": 3}, InputError, "has no 'nothing'"),
        ("{}:np", {"num_bits": 3}, UsageError, "a function of bit strings, got module"),
        ("no_such_module:f", {"num_bits": 3}, InputError, "no_such_module cannot be imported"),
    ],
)
def test_what_cannot_be_used(module, name, options, kind, message):
    with pytest.raises(kind, match=message):
        load_function(name.format(module), **options)


def test_a_file_with_a_colon_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:b.txt").write_text("1\n2\n")
    assert isinstance(Workspace.open("a:b.txt").cost, TableCost)
