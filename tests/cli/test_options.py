"""Options that several commands share, and what their text stands for."""

import numpy as np
import pytest

from walshqhn.cli.commands.spectrum import spectrum
from walshqhn.cli.options import format_value, open_source, own_options, parse_value
from walshqhn.support.errors import InputError, UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-0.5", -0.5),
        ("3,7", (3, 7)),
        ("-3,1", (-3, 1)),
        ("0,1;-1,1", ((0, 1), (-1, 1))),
        ("true", True),
        ("none", None),
        ("relu", "relu"),
        ("sigmoid,relu", ("sigmoid", "relu")),
    ],
)
def test_values_and_their_text(text, value):
    found = parse_value(text)
    assert found == value
    assert type(found) is type(value)
    assert format_value(value) == text


def test_a_list_of_one_ends_in_a_comma():
    assert parse_value("3,") == (3,)


def test_own_options_are_called_as_they_are_typed():
    assert own_options(spectrum)[:3] == ["output", "plot", "max-degree"]


def test_a_task_with_options():
    workspace = open_source("gaussian", {"num-samples": "20", "hidden": "1", "weight_values": "-3,1"}, None, spectrum)
    assert workspace.spec["options"]["num_samples"] == 20
    assert workspace.spec["options"]["weight_values"] == [-3, 1]
    assert workspace.num_bits == 5


def test_a_file(tmp_path, monkeypatch):
    np.save(tmp_path / "c.npy", np.arange(4.0))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_source("~/c.npy", {}, None, spectrum).table.tolist() == [0, 1, 2, 3]
    (tmp_path / "d.csv").write_text("x,y\n0.5,0\n1.5,1\n-1,0\n2,1\n")
    assert open_source("custom", {"path": "~/d.csv"}, None, spectrum).num_bits == 2


@pytest.mark.parametrize(
    ("source", "options", "error", "says"),
    [
        ("mnist4x4", {}, UsageError, "Did you mean 'mnist-4x4'?"),
        ("gaussian", {"hiden": "2"}, UsageError, "Did you mean 'hidden'?"),
        ("gaussian", {"max_degre": "2"}, UsageError, "Did you mean 'max-degree'?"),
        ("costs.npy", {"digits": "3,7"}, UsageError, "costs.npy is a file"),
        ("custom", {}, UsageError, "needs the option path"),
        ("gaussian", {"activation": "gelu"}, UsageError, "sigmoid"),
        ("mnist-4x4", {"digits": "0,12"}, UsageError, "0 ... 9"),
        ("mnist-4x4", {"data_dir": "nowhere"}, InputError, "nowhere"),
        ("nothing.h5", {}, InputError, "no such file"),
        ("nothing.npy", {}, InputError, "no such file"),
    ],
)
def test_bad_sources(source, options, error, says):
    with pytest.raises(error, match=says.replace("?", r"\?")):
        open_source(source, options, None, spectrum)
