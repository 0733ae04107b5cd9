"""Straight-through training of a binary network: the classical way to train one by gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from walshqhn.binn.network import ACTIVATIONS, OUTPUT_ACTIVATIONS, Architecture, sigmoid
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import index_to_bits
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import UsageError

_RATE = 0.05
_DECAY = (0.9, 0.999)  # of the moments, as in Adam
_SAMPLES = 512  # of a step; more are drawn from
_SLOPES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {  # of the activation at z, where it is h
    "sigmoid": lambda z, h: h * (1.0 - h),
    "relu": lambda z, h: (z > 0).astype(np.float64),
    "tanh": lambda z, h: 1.0 - h * h,
    "sign": lambda z, h: (np.abs(z) <= 1).astype(np.float64),  # straight through, too
}


def check_trainable(task: NetworkTask) -> None:
    """UsageError unless `train_straight_through` can train the network."""
    if len(task.network.hidden) > 1:
        layers = len(task.network.hidden)
        raise UsageError(f"straight-through training is for at most one hidden layer, {task.name!r} has {layers}.")


def train_straight_through(task: NetworkTask, steps: int, rng: np.random.Generator) -> BitArray:
    """The networks (M, N) after each epoch, and the last one, of one training for each setting of architecture bits.

    Latent weights in [-1, 1] take ``steps`` steps of Adam in all; their signs are the bits, and gradients with respect
    to the binary weights are applied to them unchanged (Hubara et al., "Binarized neural networks", NIPS 2016).
    """
    check_trainable(task)
    positions = task.network.choice_positions
    codes = index_to_bits(np.arange(1 << len(positions)), len(positions))
    found = []
    for k, code in enumerate(codes[rng.permutation(len(codes))]):
        share = (steps * (k + 1)) // len(codes) - (steps * k) // len(codes)
        found += _train(task, dict(zip(positions, code.tolist(), strict=True)), share, rng)
    return np.stack(found)


def _train(task: NetworkTask, code: dict[int, int], steps: int, rng: np.random.Generator) -> list[BitArray]:
    x, y, n = task.data.train.x, task.data.train.y, task.num_bits
    latent, first, second = rng.uniform(-1, 1, n), np.zeros(n), np.zeros(n)

    def bits() -> BitArray:
        row = (latent > 0).astype(np.uint8)
        row[list(code)] = list(code.values())
        return row

    found, batch = [], min(len(x), _SAMPLES)
    epoch = -(-len(x) // batch)
    for step in range(1, steps + 1):
        some = slice(None) if batch == len(x) else rng.integers(len(x), size=batch)
        gradient = network_gradient(task, bits(), x[some], y[some])
        first += (1 - _DECAY[0]) * (gradient - first)
        second += (1 - _DECAY[1]) * (gradient**2 - second)
        change = first / (1 - _DECAY[0] ** step) / (np.sqrt(second / (1 - _DECAY[1] ** step)) + 1e-300)
        latent = np.clip(latent - _RATE * change, -1, 1)
        if step % max(epoch, steps // 20) == 0:
            found.append(bits())
    return [*found, bits()]


def network_gradient(task: NetworkTask, bits: BitArray, x: FloatArray, y: np.ndarray) -> FloatArray:
    """Derivatives of the mean loss by each weight's position between its two values, (N,); 0 for architecture bits."""
    network, arch = task.network, task.network.architecture(bits)
    w, out = network.weights(bits), np.zeros(task.num_bits)
    scale = OUTPUT_ACTIVATIONS[arch.output_activation]
    inputs, hidden, z = x, len(network.hidden), None
    if hidden:
        z = x @ w["W1"] + w["b1"]
        inputs = ACTIVATIONS[arch.activation](z)
        inputs[:, arch.hidden_width :] = 0.0
    u = inputs @ w[f"W{hidden + 1}"] + w[network.output_bias]
    if arch.skip:
        u = u + x @ w["Wskip"]
    slope = _loss_slope(task.loss, scale * u, y) * scale / len(x)  # (S, outputs)
    parts = {f"W{hidden + 1}": inputs.T @ slope, network.output_bias: slope.sum(axis=0)}
    if arch.skip:
        parts["Wskip"] = x.T @ slope
    if z is not None:
        back = slope @ w["W2"].T * _SLOPES[arch.activation](z, inputs)
        back[:, arch.hidden_width :] = 0.0
        parts |= {"W1": x.T @ back, "b1": back.sum(axis=0)}
    for name, gradient in parts.items():
        out[network.positions(name)] = gradient * _width(arch)
    return out


def _width(arch: Architecture) -> float:
    low, high = arch.weight_values
    return float(high - low)


def _loss_slope(loss: str, u: FloatArray, y: np.ndarray) -> FloatArray:
    """Derivative of each sample's loss by the output pre-activations (S, outputs)."""
    if loss == "softmax":
        e = np.exp(u - u.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True) - np.eye(u.shape[1])[y])
    p, target = sigmoid(u), y[:, None]
    return np.asarray(p - target if loss == "bce" else 2.0 * (p - target) * p * (1.0 - p))
