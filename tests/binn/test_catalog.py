"""The named tasks, their options and their descriptions."""

import inspect
import json
import re

import numpy as np
import pytest

from walshqhn import list_tasks, load_task, wht
from walshqhn.binn import catalog
from walshqhn.binn.catalog import load_task_from_spec, task_options
from walshqhn.bits import index_to_bits
from walshqhn.support.errors import InputError, UsageError, WalshqhnError, missing_package, unknown_name

FEW = {"num_samples": 40, "num_validation": 20, "num_test": 20}
SIZES = {
    "gaussian": 13,
    "gaussian-activation": 14,
    "gaussian-width": 15,
    "gaussian-h4": 18,
    "mnist-4x4": 17,
    "mnist-4x4-encoding": 19,
    "mnist-8x8": 66,
    "mnist-28x28": 785,
    "glyphs-4x5": 21,
}
LOSSES = {name: "mse" if name.startswith("gaussian") else "bce" for name in SIZES}


def few(name):
    return {"num_samples": 40} if name.startswith("mnist") else FEW


@pytest.mark.parametrize("name", SIZES)
def test_number_of_bits(name):
    task = load_task(name, **few(name))
    assert task.num_bits == len(task.bit_names) == len(set(task.bit_names)) == SIZES[name]
    assert task.name == name
    assert task.loss == LOSSES[name]
    assert f"N = {SIZES[name]}" in list_tasks()[name]


def test_bit_names_of_the_tasks():
    gaussian = ["W1[0,0]", "W1[0,1]", "W1[0,2]", "W1[1,0]", "W1[1,1]", "W1[1,2]", "W2[0,0]", "W2[1,0]", "W2[2,0]"]
    gaussian += ["b2[0]", "b1[0]", "b1[1]", "b1[2]"]
    assert list(load_task("gaussian-width", **FEW).bit_names) == [*gaussian, "activation", "hidden_width"]
    logistic = [f"W1[{i},0]" for i in range(16)] + ["b1[0]"]
    assert list(load_task("mnist-4x4", num_samples=40).bit_names) == logistic
    encoding = load_task("mnist-4x4-encoding", num_samples=40)
    assert list(encoding.bit_names) == [*logistic, "encoding[0]", "encoding[1]"]


def test_default_sizes_of_the_data():
    data = load_task("gaussian").data
    assert [len(data.get(s)) for s in data.available] == [10_000, 10_000, 10_000]
    data = load_task("mnist-4x4").data
    assert [(s, len(data.get(s))) for s in data.available] == [("train", 5923 + 6742), ("test", 980 + 1135)]
    data = load_task("mnist-4x4-encoding").data
    assert [(s, len(data.get(s))) for s in data.available] == [("train", 6131 + 6265), ("test", 1010 + 1028)]


def test_mnist_against_an_independent_prototype():
    """The paper's own instance; the numbers come from NumPy scripts apart from this package."""
    table = load_task("mnist-4x4", weight_values=(-3, 1)).cost_table()
    assert table.min() == pytest.approx(0.32685269, abs=1.1e-8)
    assert table.mean() == pytest.approx(1.39159289, abs=1.1e-8)
    f = wht(table, norm="forward")
    degree = np.bitwise_count(np.arange(table.size))
    weights = [float((f[degree == k] ** 2).sum()) for k in range(4)]
    assert weights == pytest.approx([table.mean() ** 2, 0.40518649, 0.03603792, 0.00176816], abs=1e-8)


def test_encoding_against_an_independent_prototype():
    task = load_task("mnist-4x4-encoding")
    table = task.cost_table()
    assert table.min() == pytest.approx(0.60363895, abs=1e-8)
    best = index_to_bits([table.argmin()], 19)
    assert task.accuracy(best, "test") == pytest.approx(0.7551, abs=1e-4)
    assert task.accuracy(best, "train") == pytest.approx(0.7690, abs=1e-4)


def test_list_and_options():
    assert list(list_tasks()) == [*SIZES, "custom"]
    assert all(isinstance(text, str) and len(text) > 20 for text in list_tasks().values())
    options = task_options("gaussian")
    assert options["num_samples"] == 10_000
    assert options["hidden"] == (3,)
    assert options["loss"] == "mse"
    assert task_options("custom")["path"] is inspect.Parameter.empty


@pytest.mark.parametrize(
    ("name", "message"),
    [("gausian", "Did you mean 'gaussian'"), ("mnist4x4", "Did you mean 'mnist-4x4'"), ("zzz", "Known: gaussian, ")],
)
def test_unknown_task(name, message):
    with pytest.raises(UsageError, match=f"Unknown task '{name}'.*{message}"):
        load_task(name)


def test_unknown_name_without_anything_near():
    assert "Did you mean" not in str(unknown_name("task", "zzz", ["gaussian"]))
    assert str(unknown_name("task", "zzz", [])) == "Unknown task 'zzz'. Known: none."
    assert "pip install scikit-learn" in str(missing_package("scikit-learn", "this"))


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("gaussian", "num_sample", "Did you mean 'num_samples'"),
        ("gaussian", "digits", "Known: num_samples, "),
        ("mnist-4x4", "digit", "Did you mean 'digits'"),
    ],
)
def test_unknown_option(name, option, message):
    with pytest.raises(UsageError, match=f"^Unknown option '{option}' of task '{name}'.*{message}"):
        load_task(name, **{option: 3})


def test_missing_option():
    with pytest.raises(UsageError, match="task 'custom' needs the option path"):
        load_task("custom")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "mae"}, "Unknown loss 'mae'. Did you mean 'mse'"),
        ({"activation": "gelu"}, "Unknown activation 'gelu'"),
        ({"hidden": "three"}, "hidden must be up to two widths"),
        ({"hidden": (3, 3, 3)}, "hidden must be up to two widths"),
        ({"hidden": -1}, "hidden must be up to two widths"),
        ({"hidden_width": 4}, "hidden_width must be between 1 and 3, got 4"),
        ({"weight_values": (1, 1)}, "weight_values must be two different finite numbers"),
        ({"weight_values": 3}, "weight_values must be two different finite numbers"),
        ({"activation": ()}, "at least one option"),
        ({"num_samples": "many"}, "num_samples must be a whole number"),
        ({"seed": "x"}, "seed must be a whole number"),
    ],
)
def test_bad_values(options, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        load_task("gaussian", **(FEW | options))


@pytest.mark.parametrize(
    ("name", "options"),
    [("glyphs-4x5", {"flip_probability": "half"}), ("mnist-4x4", {"digits": None}), ("mnist-4x4", {"data_dir": 3})],
)
def test_values_of_another_type_are_a_usage_error(name, options):
    with pytest.raises(UsageError, match=next(iter(options)) + f"|task '{name}'"):
        load_task(name, **options)


@pytest.mark.parametrize(
    ("options", "num_bits"),
    [
        ({"hidden": 4}, 17), ({"hidden": 0}, 3), ({"hidden": ()}, 3), ({"hidden": (2, 2)}, 4 + 4 + 2 + 5),
        ({"activation": ("sigmoid", "relu", "tanh")}, 15), ({"skip": (False, True)}, 16), ({"skip": True}, 15),
        ({"hidden": (2, 2), "hidden_layers": (1, 2)}, 16), ({"weight_values": ((0, 1), (-1, 1))}, 14),
        ({"weight_values": (0, 1)}, 13), ({"hidden_width": (1, 2, 3)}, 15), ({"activation": ("relu",)}, 13),
        ({"loss": "softmax"}, 6 + 6 + 2 + 3),
    ],
)  # fmt: skip
def test_options_of_the_network(options, num_bits):
    assert load_task("gaussian", **(FEW | options)).num_bits == num_bits


def csv_file(folder, first=0.0):
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.normal(size=(20, 2)), np.arange(20) % 3])
    rows[0, 0] = first
    np.savetxt(folder / "own.csv", rows, delimiter=",", fmt="%.17g")
    return str(folder / "own.csv")


@pytest.mark.parametrize("name", [*SIZES, "custom", "choices", "digits"])
def test_description_makes_the_same_task_again(tmp_path, name):
    options = few(name)
    if name == "custom":
        options = {"path": csv_file(tmp_path), "seed": 5, "activation": ("relu", "tanh"), "hidden": (2,)}
    elif name == "choices":
        options = options | {
            "hidden": (2, 2),
            "hidden_layers": (1, 2),
            "weight_values": ((0, 1), (-1.5, 2)),
            "skip": (True, False),
        }
        name = "gaussian"
    elif name == "digits":
        name, options = "mnist-4x4", {"digits": (8, 3, 5), "size": 3, "validation_fraction": 0.1, "num_samples": 60}
        options["loss"] = "softmax"
    task = load_task(name, **options)
    again = load_task_from_spec(json.loads(json.dumps(task.spec)))
    assert again.spec == task.spec
    assert again.bit_names == task.bit_names
    bits = np.random.default_rng(1).integers(0, 2, (30, task.num_bits))
    assert np.array_equal(again.costs(bits), task.costs(bits))
    assert again.digest == task.digest
    assert again.splits == task.splits
    for split in task.splits:
        assert np.array_equal(again.accuracy(bits, split), task.accuracy(bits, split))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mnist-4x4", {"digits": [0, 1]}),
        ("gaussian", {"activation": ["sigmoid", "relu"]}),
        ("gaussian", {"weight_values": [-3, 1]}),
        ("gaussian", {"hidden": [3]}),
    ],
)
def test_a_list_is_taken_as_a_tuple_or_refused(name, options):
    """Either way: nothing crashes, and what is accepted can be made again from its description."""
    try:
        task = load_task(name, **(few(name) | options))
    except WalshqhnError:
        return
    assert load_task_from_spec(json.loads(json.dumps(task.spec))).bit_names == task.bit_names


def test_changed_file_is_refused(tmp_path):
    spec = load_task("custom", path=csv_file(tmp_path)).spec
    csv_file(tmp_path, first=1e-9)
    with pytest.raises(InputError, match=r"own\.csv is not, or is no longer, the file that was recorded"):
        load_task_from_spec(spec)


@pytest.mark.parametrize("recorded", [None, {}, [], {"": [1, 2, 3]}, "size", "longer"])
def test_a_description_opens_no_file_that_it_does_not_know(tmp_path, monkeypatch, recorded):
    """It may come with a file from anyone: nothing of another file is parsed, or shown."""
    spec = json.loads(json.dumps(load_task("custom", path=csv_file(tmp_path)).spec))
    (path,) = spec["data"]["files"]
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0\n")
    size, digest = spec["data"]["files"].pop(path)
    known = {"size": {str(secret): [size, digest]}, "longer": {str(secret): [11, digest]}}
    spec["data"]["files"] = known.get(recorded, recorded) if isinstance(recorded, str) else recorded
    spec["options"]["path"] = str(secret)
    monkeypatch.setattr(catalog, "load_task", None)
    with pytest.raises(InputError, match=r"not its size and checksum|not, or is no longer, the file") as refusal:
        load_task_from_spec(spec)
    assert "x:0:0" not in str(refusal.value)


def test_a_description_of_images_opens_no_others(tmp_path):
    (tmp_path / "mnist" / "raw").mkdir(parents=True)
    (tmp_path / "mnist" / "raw" / "train-images-idx3-ubyte").write_bytes(b"")
    spec = json.loads(json.dumps(load_task("mnist-4x4", num_samples=20).spec))
    spec["options"]["data_dir"] = str(tmp_path)
    with pytest.raises(InputError, match=r"names .*train-images-idx3-ubyte, but not its size and checksum"):
        load_task_from_spec(spec)


@pytest.mark.parametrize("missing", ["name", "options", "data"])
def test_incomplete_description(missing):
    spec = {k: v for k, v in load_task("gaussian", **FEW).spec.items() if k != missing}
    with pytest.raises(InputError, match=f"cannot be used, '{missing}' is missing"):
        load_task_from_spec(spec)
