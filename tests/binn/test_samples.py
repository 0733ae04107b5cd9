"""Samples in memory: labels of any kind, named features, scaling, hold-outs."""

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from walshqhn import BinaryNetwork, Choice, NetworkTask, Workspace
from walshqhn.binn.catalog import load_task_from_spec
from walshqhn.formats.hdf5 import Contents, load, save
from walshqhn.support.errors import DataWarning, InputError, UsageError

X = np.array([[0.5, -1, 2], [1, 0.25, -2], [-0.5, 3, 1], [2, 1, 0], [0, -2, 1], [1, 1, -1]])


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["cat", "dog", "cat", "Ant", "dog", "Ant"], ("Ant", "cat", "dog")),
        ([True, False, True, True, False, False], (False, True)),
        ([1, -1, 1, 1, -1, -1], (-1, 1)),
        (np.array([3, 1, 2, 3, 1, 2]), (1, 2, 3)),
        ([2.0, 1.0, 2.0, 1.0, 1.0, 2.0], (1, 2)),
        ([0.5, 1.5, 0.5, 1.5, 0.5, 1.5], (0.5, 1.5)),
        (np.array(["b", "a", "b", "a", "b", "a"], dtype=object), ("a", "b")),
        (np.array([[1], [0], [1], [0], [1], [0]], dtype=np.uint8), (0, 1)),
    ],
)
def test_labels_of_any_kind_are_mapped_and_mapped_back(y, classes):
    task = NetworkTask.from_arrays(X, y)
    assert task.classes == classes
    assert [type(c) for c in task.classes] == [type(c) for c in classes]
    flat = np.asarray(y).ravel().tolist()
    assert [classes[k] for k in task.data.train.y] == flat
    rows = np.random.default_rng(0).integers(0, 2, (5, task.num_bits))
    labels = task.predict_labels(rows, X)
    assert labels.shape == (5, 6)
    np.testing.assert_array_equal((labels == np.array(flat)).mean(axis=1), task.accuracy(rows, "train"))
    assert json.loads(json.dumps(task.spec))["data"]["classes"] == list(classes)


def test_names_of_bits_without_hidden_neurons():
    names = {"feature_names": ["a", "b", "c"]}
    assert NetworkTask.from_arrays(X, [0, 1] * 3, **names).bit_names == ("a", "b", "c", "b1[0]")
    three = NetworkTask.from_arrays(X, ["x", "y", "z"] * 2, **names)
    assert three.bit_names[:4] == ("a -> x", "a -> y", "a -> z", "b -> x")
    assert three.bit_names[-1] == "b1[2]"
    with pytest.raises(UsageError, match=r"two bits would be called 'b1\[0\]'"):
        NetworkTask.from_arrays(X, [0, 1] * 3, feature_names=["a", "b1[0]", "c"])


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_scaling_is_by_the_training_samples_alone(scale, unit):
    x, new = np.hstack([X, np.full((6, 1), 0.1)]), np.array([[3.0, 0, 1, 0.4]])
    task = NetworkTask.from_arrays(x * unit, [0, 1] * 3, X_test=new * unit, y_test=[1], scale=scale)
    low, size = (X.mean(axis=0), X.std(axis=0)) if scale == "standard" else (X.min(axis=0), np.ptp(X, axis=0))
    np.testing.assert_allclose(task.data.train.x, np.hstack([(X - low) / size, np.zeros((6, 1))]), atol=1e-14)
    np.testing.assert_allclose(task.data.test.x[:, :3], (new[:, :3] - low) / size, atol=1e-14)
    rows = np.random.default_rng(0).integers(0, 2, (8, 5))
    assert np.array_equal(task.predict_labels(rows, new * unit)[:, 0] == 1, task.accuracy(rows, "test") == 1)
    stored = json.loads(json.dumps(task.spec))["data"]["scaling"]
    np.testing.assert_allclose(np.array(stored["size"][:3]) / unit, size)


def test_raw_features_that_are_huge_are_named():
    x = X * [1, 300, 1]
    with pytest.warns(DataWarning, match="feature 'area' is of size 491, .*scale=\"standard\""):
        NetworkTask.from_arrays(x, [0, 1] * 3, feature_names=["a", "area", "c"])
    NetworkTask.from_arrays(x, [0, 1] * 3, scale="minmax")


def test_hold_outs_are_of_each_class_and_say_what_they_lose():
    x, y = np.random.default_rng(1).normal(size=(60, 2)), ["rare"] * 6 + ["often"] * 54
    task = NetworkTask.from_arrays(x, y, test_fraction=0.25, validation_fraction=0.2, seed=3)
    counts = [np.bincount(task.data.get(split).y).tolist() for split in task.splits]
    assert task.splits == ("train", "validation", "test")
    assert np.sum(counts, axis=0).tolist() == [54, 6]
    assert all(1 <= rare <= 4 for _, rare in counts)
    assert [sum(c) for c in counts] == [36, 9, 15]
    with pytest.warns(DataWarning, match="no test sample is of class 'once'"):
        task = NetworkTask.from_arrays(x, ["once", *y[1:]], test_fraction=0.1)
    assert [len(set(task.data.train.y)), len(set(task.data.test.y))] == [3, 2]


def test_a_file_keeps_names_classes_and_scaling(tmp_path):
    """The samples themselves it names by their checksum."""
    network = BinaryNetwork(3, (2,), activation=Choice(("sigmoid", "relu")))
    names = ["mean radius", "texture", "age"]
    task = NetworkTask.from_arrays(X, ["no", "yes"] * 3, network=network, scale="standard", feature_names=names)
    assert task.network == network
    assert task.bit_names[:2] == ("mean radius -> 0", "mean radius -> 1")
    save(tmp_path / "own.h5", Contents.of(task, cost=task.cost_table()))
    found = load(tmp_path / "own.h5")
    assert found.bit_names == list(task.bit_names)
    assert found.task == json.loads(json.dumps(task.spec))
    assert found.task["data"]["classes"] == ["no", "yes"]
    assert found.task["options"]["activation"] == ["sigmoid", "relu"]
    with pytest.raises(InputError, match=f"were in memory.*{task.spec['data']['sha256'][:12]}.*from_arrays"):
        load_task_from_spec(found.task)
    with pytest.warns(UserWarning, match="accuracies are not available"):
        assert Workspace.open(tmp_path / "own.h5").task is None


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (X, [0, 1, None] * 2, {}, "y must be a label everywhere: row 2 is missing"),
        (X, [0, 1, float("nan")] * 2, {}, "y must be a label everywhere: row 2 is missing"),
        (X, [0, "1"] * 3, {}, "all numbers, all booleans or all text, got numbers, text"),
        (X, np.array([0, "a", True] * 2, dtype=object), {}, "all numbers, all booleans or all text"),
        (X, np.eye(2)[[0, 1] * 3], {}, "one-hot"),
        (X, [1j, 0] * 3, {}, "got complex"),
        (X, [0, 1], {}, "differ in length: 6 samples, 2 labels"),
        (X, [1] * 6, {}, "at least two classes"),
        (np.where(X == 3, np.nan, X), [0, 1] * 3, {}, r"row 2, column 1, is missing \(nan\)"),
        (np.where(X == 3, np.inf, X), [0, 1] * 3, {"feature_names": list("abc")}, r"row 2, column 1, is inf"),
        (X.astype(str), [0, 1] * 3, {}, "X must hold real numbers"),
        (X[:, 0], [0, 1] * 3, {}, r"samples of features, \(S, D\), got shape \(6,\)"),
        (X, [0, 1] * 3, {"feature_names": ["a", "b"]}, "3 different names, got 2"),
        (X, [0, 1] * 3, {"feature_names": 3}, "3 different names, got 3"),
        (np.array([["u", 1.0]] * 6, dtype=object), [0, 1] * 3, {}, "X, column 0 must hold numbers, got str.*'u'"),
        (X, [0, 1] * 3, {"feature_names": list("aab")}, "'a' twice"),
        (X, [0, 1] * 3, {"X_test": X}, "X_test and y_test belong together"),
        (X, [0, 1] * 3, {"X_test": X, "y_test": [0, 2] * 3}, r"classes that those to train on do not: \[2\]"),
        (X, [0, 1] * 3, {"X_test": X, "y_test": list("ababab")}, "classes that those to train on do not: "),
        (X, [0, 1] * 3, {"X_test": X[:, :2], "y_test": [0, 1] * 3}, "the 3 features to train on, got 2"),
        (X, [0, 1] * 3, {"scale": "log"}, "Unknown scale 'log'"),
        (X, [0, 1] * 3, {"hiden": 3}, "Unknown option 'hiden'. Did you mean 'hidden'"),
        (X, [0, 1] * 3, {"hidden": 3, "network": BinaryNetwork(3)}, "a network or its options, got both: hidden"),
        (X, [0, 1] * 3, {"network": BinaryNetwork(2)}, "the network takes 2 inputs, the data has 3"),
    ],
)
def test_what_is_no_data_is_refused(x, y, options, message):
    with pytest.raises((InputError, UsageError), match=message):
        NetworkTask.from_arrays(x, y, **options)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_is_missing_in_a_frame_is_named(missing):
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, missing, 2, 2]})
    with pytest.raises(InputError, match="row 1, column 1, 'b', is missing"):
        NetworkTask.from_arrays(frame, [0, 1, 0, 1])
    with pytest.raises(InputError, match=r"X, column 'b' must hold numbers, got .*'red'"):
        NetworkTask.from_arrays(frame.assign(b=["red", "red", "blue", "red"]), [0, 1, 0, 1])


def test_numbers_among_objects_are_numbers():
    """As a frame of several types gives its values, or a database its decimals."""
    plain = NetworkTask.from_arrays(X, [0, 1] * 3)
    mixed = np.array([[True if v == 1 else Decimal(str(v)) if v < 0 else v for v in row] for row in X], dtype=object)
    assert np.array_equal(NetworkTask.from_arrays(mixed, [0, 1] * 3).data.train.x, plain.data.train.x)


def test_images_in_memory_keep_their_shape():
    images = np.random.default_rng(0).random((8, 3, 2))
    task = NetworkTask.from_arrays(images, [0, 1] * 4)
    assert task.data.image_shape == (3, 2)
    assert np.array_equal(task.data.train.x, images.reshape(8, 6))
    assert task.predict([[0] * 7], images).shape == (1, 8, 2)
