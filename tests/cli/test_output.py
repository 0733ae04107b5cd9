"""What commands print."""

import json
from pathlib import Path

import numpy as np
import pytest

from walshqhn.cli.output import number, plural, print_json, stderr, stdout, table


def test_json_is_plain_and_knows_no_nan(capsys):
    print_json({"a": np.float64("nan"), 3: np.arange(2), "p": Path("x"), "t": (1, np.True_, float("inf"))})
    assert json.loads(capsys.readouterr().out) == {"a": None, "3": [0, 1], "p": "x", "t": [1, True, None]}


def test_nothing_is_taken_for_markup_or_a_smiley(capsys):
    stdout().print("[/b] a:x:b [red]")
    shown = table(("[bold]", ":x:"))
    shown.add_row("[/i]", "1")
    stdout().print(shown)
    stderr().print("[/b]")
    found = capsys.readouterr()
    assert found.out.splitlines()[0] == "[/b] a:x:b [red]"
    assert "[bold]" in found.out
    assert "[/i]" in found.out
    assert found.err == "[/b]\n"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (float("inf"), "-"), (float("nan"), "-"), (0.0, "0"), (1 / 3, "0.333")]
)
def test_numbers(value, text):
    assert number(value, 3) == text


def test_plurals():
    assert [plural(n, "run") for n in (0, 1, 4055)] == ["0 runs", "1 run", "4,055 runs"]
