"""Bit layout, choices and forward pass of binary networks."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import SCALAR_ACTIVATIONS, logistic, network_outputs, read_network

from walshqhn import load_task
from walshqhn.binn.datasets import Dataset, Split
from walshqhn.binn.network import ACTIVATIONS, BinaryNetwork, Choice, sigmoid
from walshqhn.binn.task import NetworkTask
from walshqhn.support.errors import InputError, UsageError

ENCODINGS = ((0, 1), (-1, 1), (-2, 1), (-3, 1))


def build(inputs, **alternatives):
    """The library's network and the oracle's keywords for the same lists of alternatives."""
    names = {"width": "hidden_width", "values": "weight_values", "layers": "hidden_layers"}
    choices = {
        names.get(k, k): v if k in ("hidden", "outputs") else Choice(v) if len(v) > 1 else v[0]
        for k, v in alternatives.items()
    }
    choices["num_outputs"] = choices.pop("outputs", 1)
    return BinaryNetwork(inputs, **choices), alternatives


NETWORKS = {
    "logistic": (3, {}),
    "logistic, values": (2, {"values": ((0, 1),)}),
    "logistic, encoding": (3, {"values": ENCODINGS}),
    "one layer": (2, {"hidden": (3,)}),
    "one layer, tanh": (2, {"hidden": (3,), "activation": ("tanh",)}),
    "activation": (2, {"hidden": (2,), "activation": ("sigmoid", "relu", "tanh", "sign")}),
    "three activations": (2, {"hidden": (2,), "activation": ("sign", "relu", "tanh")}),
    "width": (2, {"hidden": (3,), "width": (2, 3)}),
    "skip": (3, {"hidden": (2,), "skip": (True,)}),
    "skip choice": (3, {"hidden": (2,), "skip": (False, True)}),
    "skip, no hidden layer": (2, {"skip": (False, True)}),
    "two layers": (2, {"hidden": (2, 3), "activation": ("relu",)}),
    "two layers, two outputs": (2, {"hidden": (3, 2), "outputs": 2, "activation": ("relu", "sigmoid")}),
    "layers": (2, {"hidden": (2, 2), "layers": (1, 2)}),
    "fixed bypass": (2, {"hidden": (2, 2), "layers": (1,)}),
    "three outputs": (2, {"outputs": 3, "values": ((-2.5, 0.5),)}),
    "everything": (
        2,
        {
            "hidden": (3, 3), "outputs": 2, "activation": ("sigmoid", "relu"), "width": (3, 1, 2),
            "values": ENCODINGS, "skip": (True, False), "layers": (2, 1),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_forward_equals_scalar_loops(name):
    inputs, alternatives = NETWORKS[name]
    network, oracle = build(inputs, **alternatives)
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2, (60, network.num_bits))
    x = rng.normal(size=(4, inputs))
    u = network.forward(bits, x)
    expected = [[network_outputs(read_network(row, inputs, **oracle), s) for s in x.tolist()] for row in bits]
    assert u.shape == (60, 4, alternatives.get("outputs", 1))
    np.testing.assert_allclose(u, expected, rtol=1e-12, atol=1e-12)


@given(st.data())
def test_forward_of_any_one_layer_network(data):
    inputs, width = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    values = data.draw(st.tuples(st.integers(-4, 0), st.integers(1, 4)))
    activation = data.draw(st.sampled_from(sorted(ACTIVATIONS)))
    network, oracle = build(inputs, hidden=(width,), values=(values,), activation=(activation,))
    row = data.draw(st.lists(st.integers(0, 1), min_size=network.num_bits, max_size=network.num_bits))
    sample = data.draw(st.lists(st.integers(-5, 5).map(lambda v: v / 4), min_size=inputs, max_size=inputs))
    expected = network_outputs(read_network(row, inputs, **oracle), sample)
    np.testing.assert_allclose(network.forward([row], [sample])[0, 0], expected, rtol=1e-12, atol=1e-12)


def test_bit_order_of_2_3_1():
    network = BinaryNetwork(
        2, (3,), activation=Choice(("sigmoid", "relu")), hidden_width=Choice((2, 3)), weight_values=Choice(ENCODINGS)
    )
    assert network.bit_names == (
        "W1[0,0]", "W1[0,1]", "W1[0,2]", "W1[1,0]", "W1[1,1]", "W1[1,2]", "W2[0,0]", "W2[1,0]", "W2[2,0]",
        "b2[0]", "b1[0]", "b1[1]", "b1[2]", "activation", "hidden_width", "encoding[0]", "encoding[1]",
    )  # fmt: skip
    assert network.num_bits == 17
    assert network.choice_positions == (13, 14, 15, 16)


def test_bit_order_of_two_layers_with_all_choices():
    network = BinaryNetwork(1, (2, 2), 2, skip=Choice((False, True)), hidden_layers=Choice((1, 2)))
    assert network.bit_names == (
        "W1[0,0]", "W1[0,1]", "W2[0,0]", "W2[0,1]", "W2[1,0]", "W2[1,1]", "W3[0,0]", "W3[0,1]", "W3[1,0]", "W3[1,1]",
        "Wskip[0,0]", "Wskip[0,1]", "b3[0]", "b3[1]", "b1[0]", "b1[1]", "b2[0]", "b2[1]", "skip", "hidden_layers",
    )  # fmt: skip


def test_bit_order_of_logistic_regression():
    assert BinaryNetwork(3).bit_names == ("W1[0,0]", "W1[1,0]", "W1[2,0]", "b1[0]")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_bit_changes_the_weight_of_its_name_and_no_other(name):
    inputs, alternatives = NETWORKS[name]
    network, _ = build(inputs, **alternatives)
    base = np.random.default_rng(1).integers(0, 2, network.num_bits)
    base[list(network.choice_positions)] = 0
    before = network.weights(base)
    for j, bit_name in enumerate(network.bit_names):
        if j in network.choice_positions:
            continue
        flipped = base.copy()
        flipped[j] ^= 1
        after = network.weights(flipped)
        changed = [
            f"{block}[{','.join(map(str, i))}]"
            for block in before
            for i in map(tuple, np.argwhere(before[block] != after[block]))
        ]
        assert changed == [bit_name]


def test_weights_are_the_values_of_the_bits():
    network = BinaryNetwork(2, weight_values=(-3, 1))
    weights = network.weights([1, 0, 0])
    assert weights["W1"].tolist() == [[1], [-3]]
    assert weights["b1"].tolist() == [-3]
    assert network.forward([[1, 0, 0]], [[10, 1]]).item() == 10 - 3 - 3


def test_output_activations_are_probabilities_of_class_1():
    task = load_task("mnist-8x8", num_samples=30)
    rows = np.random.default_rng(8).integers(0, 2, (2, 66))
    rows[:, :65], rows[:, 65] = rows[0, :65], (0, 1)
    x = 0.1 * task.data.train.x
    u = x @ (2.0 * rows[0, :64] - 1.0) + 2.0 * rows[0, 64] - 1.0
    np.testing.assert_allclose(task.predict(rows, x)[0, :, 1], 1 / (1 + np.exp(-u)), rtol=1e-12)
    np.testing.assert_allclose(task.predict(rows, x)[1, :, 1], (1 + np.tanh(u)) / 2, rtol=1e-11)
    assert task.bit_names[65] == "output_activation"
    assert task.costs(rows)[0] != task.costs(rows)[1]  # it is not idle


@pytest.mark.parametrize(("code", "pair"), [((0, 0), (0, 1)), ((0, 1), (-1, 1)), ((1, 0), (-2, 1)), ((1, 1), (-3, 1))])
def test_encoding_bits(code, pair):
    """The first bit, on the lower qubit, is the more significant one."""
    network = BinaryNetwork(1, weight_values=Choice(ENCODINGS))
    assert network.bit_names == ("W1[0,0]", "b1[0]", "encoding[0]", "encoding[1]")
    assert network.architecture([0, 1, *code]).weight_values == pair
    assert network.forward([[0, 1, *code]], [[1.0]]).item() == pair[0] + pair[1]


def test_activation_bit():
    network = BinaryNetwork(1, (1,), activation=Choice(("sigmoid", "relu")))
    assert network.bit_names == ("W1[0,0]", "W2[0,0]", "b2[0]", "b1[0]", "activation")
    u = network.forward([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]], [[2.0]]).ravel()
    np.testing.assert_allclose(u, [logistic(3.0) + 1, 3 + 1], rtol=1e-15)


@pytest.mark.parametrize(("bit", "neurons"), [(0, 2), (1, 3)])
def test_hidden_width_bit(bit, neurons):
    """Only the neurons in use reach the output: with inputs 0, every one adds sigmoid(1)."""
    network = BinaryNetwork(2, (3,), hidden_width=Choice((2, 3)))
    row = np.ones(network.num_bits, int)
    row[network.positions("hidden_width")] = bit
    assert network.architecture(row).hidden_width == neurons
    np.testing.assert_allclose(network.forward([row], [[0, 0]]).item(), neurons * logistic(1.0) + 1, rtol=1e-15)


@pytest.mark.parametrize("bit_name", ["W1[0,2]", "W1[1,2]", "b1[2]", "W2[2,0]"])
def test_bits_of_an_unused_neuron_are_idle(bit_name):
    network = BinaryNetwork(2, (3,), hidden_width=Choice((2, 3)))
    x = np.random.default_rng(0).normal(size=(5, 2))
    rows = np.random.default_rng(1).integers(0, 2, (20, network.num_bits))
    flipped = rows.copy()
    flipped[:, network.bit_names.index(bit_name)] ^= 1
    narrow = rows[:, network.bit_names.index("hidden_width")] == 0
    same = (network.forward(rows, x) == network.forward(flipped, x)).all(axis=(1, 2))
    assert np.array_equal(same, narrow)


@pytest.mark.parametrize(
    ("options", "num_bits"),
    [(("a",), 0), (("a", "b"), 1), (("a", "b", "c"), 2), (tuple("abcd"), 2), (tuple("abcde"), 3)],
)
def test_choice_reads_bits_as_a_number_and_wraps(options, num_bits):
    choice = Choice(options)
    assert choice.num_bits == num_bits
    picked = [choice.pick(code) for code in itertools.product((0, 1), repeat=num_bits)]
    assert picked == [options[k % len(options)] for k in range(2**num_bits)]


def test_choice_of_three():
    assert [Choice(("a", "b", "c")).pick(code) for code in ((0, 0), (0, 1), (1, 0), (1, 1))] == ["a", "b", "c", "a"]


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activations(name):
    points = [-800.0, -30.0, -1.5, -0.0, 0.0, 0.3, 2.0, 40.0, 800.0]
    np.testing.assert_allclose(
        ACTIVATIONS[name](np.array(points)), [SCALAR_ACTIVATIONS[name](u) for u in points], rtol=1e-14, atol=0
    )


def test_sigmoid_does_not_overflow():
    assert sigmoid([-1e308, 1e308]).tolist() == [0.0, 1.0]


def test_no_configurations():
    assert BinaryNetwork(2, (2,)).forward(np.zeros((0, 9)), np.zeros((3, 2))).shape == (0, 3, 1)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"num_inputs": 0}, "inputs and outputs, got 0 and 1"),
        ({"num_outputs": 0}, "inputs and outputs, got 2 and 0"),
        ({"hidden": (2, 2, 2)}, "up to two widths"),
        ({"hidden": (0,)}, "up to two widths"),
        ({"hidden": (2,), "activation": "sigmoi"}, "Unknown activation 'sigmoi'. Did you mean 'sigmoid'"),
        ({"hidden": (2,), "activation": Choice(("relu", "gelu"))}, "Unknown activation 'gelu'"),
        ({"hidden": (2,), "hidden_width": 3}, "hidden_width must be between 1 and 2, got 3"),
        ({"hidden": (2,), "hidden_width": Choice((0, 2))}, "hidden_width must be between 1 and 2, got 0"),
        ({"hidden_width": 2}, "hidden_width must be left out without a hidden layer, got 2"),
        ({"activation": Choice(("sigmoid", "relu"))}, "does not have, got sigmoid or relu; output_act"),
        ({"activation": "relu"}, "got relu; output_activation acts on its output"),
        ({"num_outputs": 3, "output_activation": "tanh"}, "acts on one output, this network has 3, got tanh"),
        ({"output_activation": "tahn"}, "Unknown output_activation 'tahn'. Did you mean 'tanh'"),
        ({"skip": Choice((True, True))}, "skip must choose between different options"),
        ({"weight_values": (1, 1)}, "two different finite numbers"),
        ({"weight_values": (1, float("inf"))}, "two different finite numbers"),
        ({"weight_values": (1, 2, 3)}, "two different finite numbers"),
        ({"weight_values": Choice(((0, 1), 5))}, "two different finite numbers, got 5"),
        ({"skip": 1}, "skip must be true or false, got 1"),
        ({"hidden": (2, 2), "hidden_layers": 3}, "hidden_layers must be between 1 and 2, got 3"),
        ({"hidden": (2, 2), "hidden_layers": 0}, "hidden_layers must be between 1 and 2, got 0"),
        ({"hidden": (2, 3), "hidden_layers": Choice((1, 2))}, "bypassing a hidden layer needs equal widths"),
    ],
)
def test_refuses(keywords, message):
    with pytest.raises(UsageError, match=message):
        BinaryNetwork(**({"num_inputs": 2} | keywords))


def test_refuses_an_empty_choice():
    with pytest.raises(UsageError, match="at least one option"):
        Choice(())


@pytest.mark.parametrize("rows", [np.zeros((2, 8)), np.full((2, 9), 2), np.zeros((9, 2))])
def test_forward_refuses_bad_bits(rows):
    with pytest.raises(InputError, match="bits must"):
        BinaryNetwork(2, (2,)).forward(rows, np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("rows", "x"),
    [(np.zeros(9), np.zeros((3, 2))), (np.zeros((1, 9)), np.zeros((3, 3))), (np.zeros((1, 9)), np.zeros(2))],
)
def test_forward_refuses_bad_shapes(rows, x):
    """One configuration without its axis, samples of another width, one sample without its axis."""
    with pytest.raises(InputError):
        BinaryNetwork(2, (2,)).forward(rows, x)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_tie_is_relative_to_what_is_added_up(unit):
    """0.1 + 0.2 - 0.3 is one, class 0, in any unit of the weights; 0.6 times a tiny unit is none."""
    x, y = np.array([[0.1, 0.2, -0.3], [0.3, 0.2, 0.1]]), np.array([0, 1])
    network = BinaryNetwork(3, weight_values=(0.0, unit))
    task = NetworkTask("tie", {}, network, Dataset(Split(x, y), None, None, "here", 2), "bce")
    assert task.accuracy([[1, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]], "train").tolist() == [1.0, 1.0, 0.5]
