"""What the project's own files say about each other."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / ".ci" / "minimum.txt").read_text(), re.MULTILINE))
REQUIREMENTS = [
    re.fullmatch(r"([\w-]+)>=([\d.]+)(,<\d+)?", line).groups()[:2]
    for line in PROJECT["dependencies"]
    + [r for e in ("ibm", "pandas", "sklearn", "test") for r in PROJECT["optional-dependencies"][e]]
    if not line.startswith("walshqhn[")
]


@pytest.mark.parametrize(("name", "least"), REQUIREMENTS)
def test_ci_tests_the_least_version_that_is_claimed(name, least):
    assert re.fullmatch(rf"{re.escape(least)}(\.0)*", PINS[name])


def test_ci_pins_nothing_else():
    assert sorted(PINS) == sorted(name for name, _ in REQUIREMENTS)
