"""Cost tables met in the middle against the generic evaluation and against one number at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import bits_of, mean_loss, sample_loss

from walshqhn import load_task
from walshqhn.binn import task as task_module
from walshqhn.binn.additive import additive_costs, additive_groups
from walshqhn.binn.datasets import Dataset, Split
from walshqhn.binn.losses import LOSSES
from walshqhn.binn.network import BinaryNetwork, Choice
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import index_to_bits
from walshqhn.support.errors import InputError, TooLargeError, UsageError

ENCODINGS = ((0, 1), (-1, 1), (-2, 1), (-3, 1))
BOTH = ("sigmoid", "relu")
FEW = {"num_samples": 50, "num_validation": 0, "num_test": 0}

# task, options, what the oracle has to know of it
CASES = {
    "gaussian": ("gaussian", FEW, {"hidden": (3,)}),
    "gaussian-activation": ("gaussian-activation", FEW, {"hidden": (3,), "activation": BOTH}),
    "gaussian-width": ("gaussian-width", FEW, {"hidden": (3,), "activation": BOTH, "width": (2, 3)}),
    "gaussian-h4": ("gaussian-h4", FEW, {"hidden": (4,), "activation": BOTH}),
    "mnist-4x4": ("mnist-4x4", {"num_samples": 50}, {}),
    "mnist-4x4-encoding": ("mnist-4x4-encoding", {"num_samples": 50}, {"values": ENCODINGS}),
    "glyphs-4x5": ("glyphs-4x5", FEW, {}),
    "bce": ("gaussian", FEW | {"loss": "bce"}, {"hidden": (3,)}),
    "logistic mse": ("mnist-4x4", {"num_samples": 51, "size": 3, "loss": "mse"}, {}),
    "layers": (
        "gaussian", FEW | {"hidden": (2, 2), "hidden_layers": (1, 2)}, {"hidden": (2, 2), "layers": (1, 2)}
    ),
    "bypass": ("gaussian", FEW | {"hidden": (2, 2), "hidden_layers": 1}, {"hidden": (2, 2), "layers": (1,)}),
    "two layers": ("gaussian", FEW | {"hidden": (2, 2)}, {"hidden": (2, 2)}),
    "skip": ("gaussian", FEW | {"skip": (False, True)}, {"hidden": (3,), "skip": (False, True)}),
    "relu": ("gaussian", FEW | {"activation": "relu", "loss": "bce"}, {"hidden": (3,), "activation": ("relu",)}),
    "tanh": ("gaussian", FEW | {"activation": "tanh"}, {"hidden": (3,), "activation": ("tanh",)}),
    "sign": ("gaussian", FEW | {"activation": "sign"}, {"hidden": (3,), "activation": ("sign",)}),
    "values": ("gaussian", FEW | {"weight_values": (-3, 1)}, {"hidden": (3,), "values": ((-3, 1),)}),
    "large values": (
        "mnist-4x4", {"num_samples": 50, "size": 3, "weight_values": (-9.5, 9)}, {"values": ((-9.5, 9),)}
    ),
    "direct bce": (
        "mnist-4x4", {"num_samples": 50, "size": 3, "weight_values": (-200, 150)}, {"values": ((-200, 150),)}
    ),
    "direct mse": (
        "gaussian", FEW | {"weight_values": (-200, 150), "activation": "relu"},
        {"hidden": (3,), "values": ((-200, 150),), "activation": ("relu",)},
    ),
    "output": (
        "gaussian", FEW | {"output_activation": ("tanh", "sigmoid"), "skip": True},
        {"hidden": (3,), "output": ("tanh", "sigmoid"), "skip": (True,)},
    ),
    "softmax": ("gaussian", FEW | {"loss": "softmax", "hidden": (2,)}, {"hidden": (2,), "outputs": 2}),
    "three-way choice": (
        "gaussian", FEW | {"hidden": (2,), "activation": ("sign", "relu", "tanh")},
        {"hidden": (2,), "activation": ("sign", "relu", "tanh")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_table_equals_generic_costs_and_the_oracle(case):
    name, options, oracle = CASES[case]
    task = load_task(name, **options)
    table = task.cost_table()
    assert table.shape == (1 << task.num_bits,)
    index = np.random.default_rng(0).choice(table.size, size=min(table.size, 2000), replace=False)
    np.testing.assert_allclose(table[index], task.costs(index_to_bits(index, task.num_bits)), rtol=1e-11, atol=1e-13)
    x, y = task.data.train.x, task.data.train.y
    expected = [mean_loss(bits_of(int(k), task.num_bits), x, y, task.loss, **oracle) for k in index[:12]]
    np.testing.assert_allclose(table[index[:12]], expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", ["gaussian-width", "layers", "direct mse", "mnist-4x4", "softmax"])
def test_all_costs_one_by_one(case):
    name, options, _ = CASES[case]
    if name == "mnist-4x4":
        options = options | {"size": 3}
    task = load_task(name, **options)
    everything = index_to_bits(np.arange(1 << task.num_bits), task.num_bits)
    np.testing.assert_allclose(task.cost_table(), task.costs(everything), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", ["gaussian", "mnist-4x4", "direct bce", "direct mse", "layers"])
def test_threads_do_not_change_a_bit(case):
    name, options, _ = CASES[case]
    task = load_task(name, **options)
    assert task.cost_table(threads=1).tobytes() == task.cost_table(threads=2).tobytes()


@pytest.mark.parametrize(
    ("case", "samples"), [("gaussian-width", 50), ("mnist-4x4", 1300), ("layers", 50), ("softmax", 50)]
)
def test_progress_goes_up_to_one(monkeypatch, case, samples):
    monkeypatch.setattr(task_module, "_BATCH_BYTES", 1 << 20)  # the generic evaluation in several batches
    name, options, _ = CASES[case]
    seen = []
    load_task(name, **(options | {"num_samples": samples})).cost_table(progress=seen.append)
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[0] > 0
    assert seen[-1] == 1


def test_more_samples_than_a_chunk():
    """Sums over several chunks, the last one with padding."""
    task = load_task("mnist-4x4", size=2, num_samples=1599)
    everything = index_to_bits(np.arange(32), 5)
    np.testing.assert_allclose(task.cost_table(), task.costs(everything), rtol=1e-12)
    by_hand = mean_loss(bits_of(11, 5), task.data.train.x, task.data.train.y, "bce")
    assert task.cost_table()[11] == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("bit_name", ["W1[0,2]", "W1[1,2]", "b1[2]", "W2[2,0]"])
def test_idle_bits_do_not_change_the_cost(bit_name):
    """The third neuron's bits at hidden width 2."""
    task = load_task("gaussian-width", **FEW)
    table, x = task.cost_table(), np.arange(1 << 15)
    same = table[x] == table[x ^ (1 << task.bit_names.index(bit_name))]
    narrow = (x >> task.bit_names.index("hidden_width")) & 1 == 0
    assert same[narrow].all()
    assert not same[~narrow].all()


@given(st.data())
def test_groups_add_up_to_the_output(data):
    """Each group's contribution at its own bits; all together, the output pre-activation."""
    inputs, width = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 3))
    hidden = (width,) if width else ()
    skip = data.draw(st.sampled_from([False, True, Choice((False, True))]))
    output = data.draw(st.sampled_from(["sigmoid", "tanh"]))
    options = {"activation": "tanh"} if hidden else {}
    network = BinaryNetwork(inputs, hidden, weight_values=(-2.0, 0.5), skip=skip, output_activation=output, **options)
    row = np.array(data.draw(st.lists(st.integers(0, 1), min_size=network.num_bits, max_size=network.num_bits)))
    x = np.random.default_rng(0).normal(size=(3, inputs))
    groups = additive_groups(network, network.architecture(row))
    positions = [p for g in groups for p in g.bits]
    assert len(positions) == len(set(positions))
    total = sum(g.contribution(x)[sum(int(row[p]) << k for k, p in enumerate(g.bits))] for g in groups)
    np.testing.assert_allclose(total, network.forward([row], x)[0, :, 0], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("network", [BinaryNetwork(2, (2, 2)), BinaryNetwork(2, (), 3)], ids=["deep", "many outputs"])
def test_no_groups_where_the_output_is_no_sum(network):
    assert additive_groups(network, network.architecture(np.zeros(network.num_bits, int))) is None


def test_the_two_halves_cover_all_configurations():
    network = BinaryNetwork(4)
    groups = additive_groups(network, network.architecture(np.zeros(5, int)))
    x = np.random.default_rng(0).normal(size=(6, 4))
    out, left, right = additive_costs(groups, x, np.array([0, 1, 1, 0, 1, 0]), "bce")
    assert out.shape == (len(left), len(right))
    assert sorted((left[:, None] | right).ravel().tolist()) == list(range(32))


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_losses_are_means_of_the_sample_losses(loss):
    rng = np.random.default_rng(0)
    outputs = 3 if loss == "softmax" else 1
    u, targets = rng.normal(scale=5, size=(4, 7, outputs)), rng.integers(0, max(2, outputs), 7)
    expected = [np.mean([sample_loss(s, t, loss) for s, t in zip(row, targets, strict=True)]) for row in u]
    np.testing.assert_allclose(LOSSES[loss](u, targets), expected, rtol=1e-12)


def test_losses_of_extreme_outputs():
    u = np.array([[[1000.0], [-1000.0]]])
    assert LOSSES["bce"](u, np.array([1, 0])).tolist() == [0.0]
    assert LOSSES["bce"](u, np.array([0, 1])).tolist() == [1000.0]
    assert LOSSES["mse"](u, np.array([0, 1])).tolist() == [1.0]
    assert LOSSES["softmax"](np.array([[[1000.0, -1000.0, 0.0]]]), np.array([2])).tolist() == [1000.0]


@pytest.fixture
def three_classes(tmp_path):
    """Three blobs, a CSV file."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 90)
    x = np.array([[0, 2], [2, -1], [-2, -1]])[y] + rng.normal(scale=0.3, size=(90, 2))
    path = tmp_path / "blobs.csv"
    np.savetxt(path, np.column_stack([x, 10 * y]), delimiter=",", header="a,b,class", comments="")
    return load_task("custom", path=str(path), hidden=(2,), activation=BOTH, test_fraction=0.5)


def test_softmax_task_with_three_classes(three_classes):
    task = three_classes
    assert (task.loss, task.network.num_outputs, task.num_bits) == ("softmax", 3, 2 * 2 + 2 * 3 + 3 + 2 + 1)
    index = np.random.default_rng(1).integers(0, 1 << task.num_bits, 20)
    bits = index_to_bits(index, task.num_bits)
    x, y = task.data.train.x, task.data.train.y
    expected = [mean_loss(row, x, y, "softmax", hidden=(2,), outputs=3, activation=BOTH) for row in bits]
    np.testing.assert_allclose(task.cost_table()[index], expected, rtol=1e-12)
    probabilities = task.predict(bits, task.data.test.x)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, rtol=1e-13)
    guesses = probabilities.argmax(axis=2)
    np.testing.assert_allclose(task.accuracy(bits), (guesses == task.data.test.y).mean(axis=1))


def test_binary_predictions_and_accuracy():
    """One weight and a bias by hand: u = x - 1 for bits (1, 0)."""
    split = Split(np.array([[0.0], [3.0], [2.0], [1.0]]), np.array([0, 1, 0, 1]))
    task = NetworkTask("by hand", {}, BinaryNetwork(1), Dataset(split, None, split, "here", 2), "bce")
    p = 1 / (1 + np.exp(-np.array([-1.0, 2.0])))
    np.testing.assert_allclose(task.predict([[1, 0]], [[0.0], [3.0]]), [np.stack([1 - p, p], axis=1)])
    assert task.accuracy([[1, 0], [0, 1]], "train").tolist() == [0.5, 0.25]  # u = 0 counts as class 0
    assert task.costs([[1, 0]]) == pytest.approx(np.mean(np.logaddexp(0, [-1, -2, 1, 0])))
    assert task.costs([[1, 0]], "test") == task.costs([[1, 0]])


def test_bits_must_be_rows():
    task = load_task("gaussian", **FEW)
    for bad in (np.zeros(13), np.zeros((2, 12)), np.full((1, 13), 3)):
        with pytest.raises(InputError, match="bits must"):
            task.costs(bad)
    assert task.costs(np.zeros((0, 13))).shape == (0,)


def test_missing_split():
    task = load_task("gaussian", **FEW)
    assert task.splits == ("train",)
    with pytest.raises(UsageError, match="has no 'test' samples; it has train"):
        task.accuracy(np.zeros((1, 13)))
    with pytest.raises(UsageError, match="a split is one of train, validation, test, got 'dev'"):
        task.accuracy(np.zeros((1, 13)), "dev")


@pytest.mark.parametrize(("size", "num_bits"), [(8, 65), (28, 785)])
def test_a_table_that_does_not_fit_is_refused(size, num_bits):
    task = load_task("mnist-4x4", size=size, num_samples=20)
    with pytest.raises(TooLargeError, match=rf"N = {num_bits} bits"):
        task.cost_table()
    row = np.random.default_rng(0).integers(0, 2, num_bits)
    expected = mean_loss(row, task.data.train.x, task.data.train.y, "bce")
    np.testing.assert_allclose(task.costs([row]), [expected], rtol=1e-12)
