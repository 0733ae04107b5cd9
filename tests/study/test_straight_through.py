"""Straight-through training: its gradient against differences, and what it finds."""

import numpy as np
import pytest

from walshqhn import load_task
from walshqhn.bits import index_to_bits
from walshqhn.study.baselines import all_baselines, straight_through
from walshqhn.study.straight_through import network_gradient
from walshqhn.support.errors import UsageError

FEW = {"num_samples": 40}


def loss(task, row, latent, x, y):
    """Of a network whose weights lie anywhere between their values, at ``latent`` in [0, 1]: (N,)."""
    arch, net = task.network.architecture(row), task.network
    low, high = arch.weight_values
    w = {name: low + (high - low) * latent[net.positions(name)] for name in net.layout if name[0] in "Wb"}
    u = x
    if net.hidden:
        z = x @ w["W1"] + w["b1"]
        act = {"sigmoid": lambda v: 1 / (1 + np.exp(-v)), "relu": lambda v: np.maximum(v, 0), "tanh": np.tanh}
        u = act[arch.activation](z)[:, : arch.hidden_width] @ w["W2"][: arch.hidden_width] + w["b2"]
        u = u + (x @ w["Wskip"] if arch.skip else 0)
    else:
        u = x @ w["W1"] + w["b1"]
    u = u * (2 if arch.output_activation == "tanh" else 1)
    if task.loss == "softmax":
        return (np.log(np.exp(u).sum(axis=1)) - u[np.arange(len(y)), y]).mean()
    p = 1 / (1 + np.exp(-u[:, 0]))
    return ((p - y) ** 2).mean() if task.loss == "mse" else -np.log(np.where(y == 1, p, 1 - p)).mean()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gaussian", {"hidden": 2, "activation": ("sigmoid", "tanh"), "skip": (False, True)}),
        ("gaussian", {"hidden": 3, "hidden_width": (2, 3), "activation": "relu", "loss": "bce"}),
        ("mnist-4x4", {"output_activation": ("sigmoid", "tanh"), "weight_values": (-3, 1)}),
        ("mnist-4x4", {"digits": (0, 1, 2)}),
    ],
)
def test_its_gradient_is_that_of_weights_between_their_values(name, options):
    task = load_task(name, **FEW, **options)
    x, y = task.data.train.x, task.data.train.y
    for seed in range(3):
        row = np.random.default_rng(seed).integers(0, 2, task.num_bits, dtype=np.uint8)
        corner = row.astype(float)
        found = network_gradient(task, row, x, y)
        step, expected = 1e-6 * np.eye(task.num_bits), np.zeros(task.num_bits)
        for j in range(task.num_bits):
            if j not in task.network.choice_positions:
                up, down = (loss(task, row, corner + s, x, y) for s in (step[j], -step[j]))
                expected[j] = (up - down) / 2e-6
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)
        assert loss(task, row, corner, x, y) == pytest.approx(task.costs(row[None])[0], rel=1e-12)


def test_it_finds_good_networks_of_every_architecture():
    task = load_task("gaussian-activation", num_samples=100)
    table = task.cost_table()
    found = straight_through(task, 200, 5, rng=1)
    assert found.costs.shape == (5,)
    assert found.evaluations == 200
    assert np.abs(found.costs[:, None] - table).min(axis=1).max() < 1e-12  # costs of networks
    assert (found.costs < np.quantile(table, 0.02)).all()
    assert straight_through(task, 200, 5, rng=1).costs.tolist() == found.costs.tolist()
    names = [b.name for b in all_baselines(table, 50, 3, task=task)]
    assert names[-1] == "straight-through"
    bits = index_to_bits(np.arange(1 << task.num_bits), task.num_bits)
    other = straight_through(task, 20, 2, cost=bits.sum(axis=1).astype(float))
    assert set(other.costs) <= set(range(task.num_bits + 1))


def test_two_hidden_layers_are_refused():
    task = load_task("gaussian", hidden=(2, 2), **FEW)
    with pytest.raises(UsageError, match="one hidden layer"):
        straight_through(task, 5, 1)
    assert "straight-through" not in [b.name for b in all_baselines(task, 5, 2, task=task)]
