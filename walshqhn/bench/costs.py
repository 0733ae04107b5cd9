"""Cost tables against NumPy, one network at a time (as notebooks do it) and in batches (BLAS)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from walshqhn import NetworkTask, load_task
from walshqhn.bench.row import Contender, Goal, Kind, Row, Settings
from walshqhn.bits import index_to_bits

_Named = tuple[str, dict[str, Any]]
_ONE, _BATCH = "NumPy, one network at a time", "NumPy, batches (BLAS)"
_UNIT = "network and sample"


def _loss(task: NetworkTask, u: np.ndarray) -> np.ndarray:
    """Mean loss of pre-activations (..., samples)."""
    y = task.data.train.y
    if task.loss == "mse":
        return ((1.0 / (1.0 + np.exp(-u)) - y) ** 2).mean(axis=-1)
    return (np.log(1.0 + np.exp(u)) - y * u).mean(axis=-1)


def _activate(name: str, u: np.ndarray) -> np.ndarray:
    return np.maximum(u, 0.0) if name == "relu" else 1.0 / (1.0 + np.exp(-u))


def one_at_a_time(task: NetworkTask, rows: np.ndarray) -> np.ndarray:
    """Costs of networks (M, N), each by its own forward pass."""
    x, costs = task.data.train.x, np.empty(len(rows))
    for k, bits in enumerate(rows):
        w, arch = task.network.weights(bits), task.network.architecture(bits)
        h, last = x, 1
        if "W2" in w:
            width, last = arch.hidden_width, 2
            h = _activate(arch.activation, x @ w["W1"][:, :width] + w["b1"][:width])
        costs[k] = _loss(task, h @ w[f"W{last}"][: h.shape[1], 0] + w[f"b{last}"][0])
    return costs


def in_batches(task: NetworkTask, rows: np.ndarray) -> np.ndarray:
    """The same for many networks of one architecture with one matrix product a layer."""
    x, costs = task.data.train.x, np.empty(len(rows))
    codes, which = np.unique(rows[:, list(task.network.choice_positions)], axis=0, return_inverse=True)
    for c in range(len(codes)):
        members = np.flatnonzero(which.ravel() == c)
        arch = task.network.architecture(rows[members[0]])
        low, high = arch.weight_values
        for start in range(0, len(members), 256):
            part = members[start : start + 256]
            values = np.where(rows[part], float(high), float(low))
            costs[part] = _loss(task, _batch(task, values, arch.activation, arch.hidden_width, x))
    return costs


def _batch(task: NetworkTask, values: np.ndarray, activation: str, width: int, x: np.ndarray) -> np.ndarray:
    """Pre-activations (M, samples) of networks with weight values (M, N)."""
    at = task.network.positions
    first = values[:, at("W1")]  # (M, inputs, outputs)
    u = x @ np.einsum("mio->iom", first).reshape(x.shape[1], -1)
    u = u.reshape(len(x), first.shape[2], len(values))
    if "W2" not in task.network.layout:
        return (u[:, 0, :] + values[:, at("b1")[0]]).T
    hidden = _activate(activation, u[:, :width] + values[:, at("b1")[:width]].T)
    return (np.einsum("swm,mw->sm", hidden, values[:, at("W2")[:width, 0]]) + values[:, at("b2")[0]]).T


def _ours(name: str, task: NetworkTask, settings: Settings, kind: Kind = "ours", **options: Any) -> Contender:
    work = float(len(task.data.train.x) << task.num_bits)
    return Contender(name, partial(task.cost_table, threads=settings.threads), kind, work=work, **options)


def contenders(name: str, options: dict[str, Any], few: int, many: int, settings: Settings) -> list[Contender]:
    """Ours on all networks, NumPy one by one on ``few`` and in batches on ``many`` of them."""
    task = load_task(name, **options)
    networks = 1 << task.num_bits
    rng = np.random.default_rng(0)
    found = [_ours("walshqhn", task, settings, result=np.asarray)]
    for label, evaluate, count in ((_ONE, one_at_a_time, few), (_BATCH, in_batches, many)):
        index = rng.choice(networks, size=min(count, networks), replace=False)
        call = partial(evaluate, task, index_to_bits(index, task.num_bits))
        work = float(len(index) * len(task.data.train.x))
        found.append(
            Contender(label, call, "reference", work=work, result=np.asarray, expected=partial(np.take, indices=index))
        )
    return found


def _architecture(searched: _Named, fixed: _Named, settings: Settings) -> list[Contender]:
    """A task with architecture bits, and one without; ours both."""
    tasks = [load_task(name, **options) for name, options in (searched, fixed)]
    return [
        _ours("walshqhn", tasks[0], settings), _ours("without architecture bits", tasks[1], settings, "reference")
    ]  # fmt: skip


def rows() -> list[Row]:
    """The rows of this module."""
    found = []
    for name, few, many, goals in (
        ("mnist-4x4", 400, 4096, (Goal(0.15e-9), Goal(100, _ONE), Goal(10, _BATCH))),
        ("gaussian-width", 200, 512, (Goal(30, _ONE),)),
        ("gaussian-h4", 200, 512, (Goal(30, _ONE),)),
        ("mnist-4x4-encoding", 400, 4096, (Goal(30, _ONE),)),
    ):
        title = f"cost table, {name}, N = {load_task(name).num_bits}"
        found.append(Row(f"cost-{name}", title, partial(contenders, name, {}, few, many), goals, unit=_UNIT))
    share = (Goal(1.1, "without architecture bits", at_most=True),)
    digits = {"digits": (3, 7)}
    for label, searched, fixed in (
        ("encoding", ("mnist-4x4-encoding", digits), ("mnist-4x4", digits)),
        ("activation and width", ("gaussian-width", {}), ("gaussian", {})),
    ):
        name = f"cost-{label.split()[-1]}-bits"
        title = f"cost table with {label} bits, per network and sample"
        found.append(Row(name, title, partial(_architecture, searched, fixed), share, unit=_UNIT))
    return found
