"""What commands print as JSON: every field has one name and one meaning, and they are in the documentation."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "json.md"
SMALL = ("gaussian-activation", "--num-samples", 60, "--num-validation", 0, "--num-test", 40, "--hidden", 1)
QUICK = ("--max-iterations", 15, "--samples", 20)
CALLS = {
    "tasks": ("tasks", *SMALL),
    "spectrum": ("spectrum", *SMALL, "-o", "g.h5"),
    "minimum": ("minimum", "costs.npy"),
    "export": ("export", "g.h5", "--format", "csv"),
    "train": ("train", *SMALL, "-o", "t.h5", "--runs", 2, *QUICK),
    "study": ("train", *SMALL, "-o", "s.h5", "--layers", "0,1", "--runs", 2, "--workers", 1, *QUICK),
    "baselines": ("baselines", "costs.npy", "--runs", 2, "--evaluations", 20),
    "sample": ("sample", "t.h5", "--shots", 20),
    "evaluate": ("evaluate", "t.h5"),
    "plot": ("plot", "costs.npy", "--kind", "spectrum"),
    "report": ("report", "costs.npy"),
    "info": ("info", "t.h5"),
    "spectrum ": ("spectrum", "g.h5", "--estimate", "regression", "--max-degree", 1, "--evaluations", 800),
    "export ": ("export", "t.h5", "--format", "qasm3", "-o", "c.qasm"),
    "info ": ("info", "s.h5"),
    "info  ": ("info", "g.h5"),
    "cache": ("cache",),
}
"""Those that answer quickly, each after what it needs; a training is called train, and a study study."""


def fields(value, open_ones):
    """Names of all fields, but those inside fields that hold whatever there is."""
    if isinstance(value, list):
        return {name for one in value for name in fields(one, open_ones)}
    if not isinstance(value, dict):
        return set()
    inner = {name for key, one in value.items() if key not in open_ones for name in fields(one, open_ones)}
    return set(value) | inner


@pytest.fixture
def documented():
    """(field -> commands, fields that hold whatever there is), from the tables of the page."""
    rows = re.findall(r"^\| `(\w+)`(\*?) \| ([^|]+) \| [^|]+ \|$", PAGE.read_text(), re.MULTILINE)
    assert len({name for name, _, _ in rows}) == len(rows) > 50
    return {name: set(commands.split(", ")) for name, _, commands in rows}, {name for name, star, _ in rows if star}


def test_all_fields_are_documented_and_what_is_documented_is_there(run, costs, documented):
    expected, open_ones = documented
    found = {}
    for command, call in CALLS.items():
        for name in fields(run.json(*call), open_ones):
            found.setdefault(name, set()).add(command.strip())
    assert found == expected
