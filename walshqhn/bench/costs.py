"""Cost tables against NumPy, one network at a time (as notebooks do it) and in batches (BLAS)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from walshqhn import NetworkTask, load_task
from walshqhn.bench.row import Contender, Goal, Kind, Row, Settings
from walshqhn.bits import index_to_bits

_Named = tuple[str, dict[str, Any]]
Evaluate = Callable[[np.ndarray], np.ndarray]
_ONE, _BATCH = "NumPy, one network at a time", "NumPy, batches (BLAS)"
_UNIT = "network and sample"


def _decode(task: NetworkTask, bits: np.ndarray) -> tuple[dict[str, np.ndarray], str, int]:
    """Weights of one network, its activation and hidden width."""
    arch = task.network.architecture(bits)
    low, high = arch.weight_values
    named = {}
    for name in (n for n in task.network.layout if n[0] in "Wb"):
        named[name] = np.where(bits[task.network.positions(name)], float(high), float(low))
    return named, arch.activation, arch.hidden_width


def _loss(task: NetworkTask, u: np.ndarray) -> np.ndarray:
    """Mean loss of pre-activations (..., samples)."""
    y = task.data.train.y
    if task.loss == "mse":
        return ((1.0 / (1.0 + np.exp(-u)) - y) ** 2).mean(axis=-1)
    return (np.log(1.0 + np.exp(u)) - y * u).mean(axis=-1)


def _activate(name: str, u: np.ndarray) -> np.ndarray:
    return np.maximum(u, 0.0) if name == "relu" else 1.0 / (1.0 + np.exp(-u))


def one_at_a_time(task: NetworkTask, rows: np.ndarray) -> np.ndarray:
    """Costs of networks (M, N), each by a forward pass of its own."""
    x, costs = task.data.train.x, np.empty(len(rows))
    for k, bits in enumerate(rows):
        w, activation, width = _decode(task, bits)
        if "W2" in w:
            hidden = _activate(activation, x @ w["W1"][:, :width] + w["b1"][:width])
            u = hidden @ w["W2"][:width, 0] + w["b2"][0]
        else:
            u = x @ w["W1"][:, 0] + w["b1"][0]
        costs[k] = _loss(task, u)
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
    u = np.einsum("mio->iom", first).reshape(x.shape[1], -1)
    u = (x @ u).reshape(len(x), first.shape[2], len(values))
    if "W2" not in task.network.layout:
        return (u[:, 0, :] + values[:, at("b1")[0]]).T
    hidden = _activate(activation, u[:, :width] + values[:, at("b1")[:width]].T)
    return (np.einsum("swm,mw->sm", hidden, values[:, at("W2")[:width, 0]]) + values[:, at("b2")[0]]).T


def _entries(index: np.ndarray, table: np.ndarray) -> np.ndarray:
    return table[index]


def contenders(name: str, options: dict[str, Any], few: int, many: int, settings: Settings) -> list[Contender]:
    """Ours on all networks, NumPy one by one on ``few`` and in batches on ``many`` of them."""
    task = load_task(name, **options)
    samples, networks = len(task.data.train.x), 1 << task.num_bits
    rng = np.random.default_rng(0)
    found = [
        Contender(
            "walshqhn",
            partial(task.cost_table, threads=settings.threads),
            "ours",
            work=float(networks * samples),
            result=lambda table: table,
        )
    ]
    for label, evaluate, count in ((_ONE, one_at_a_time, few), (_BATCH, in_batches, many)):
        index = rng.choice(networks, size=min(count, networks), replace=False)
        found.append(
            Contender(
                label,
                partial(evaluate, task, index_to_bits(index, task.num_bits)),
                "reference",
                work=float(len(index) * samples),
                result=lambda costs: costs,
                expected=partial(_entries, index),
            )
        )
    return found


def _architecture(searched: _Named, fixed: _Named, settings: Settings) -> list[Contender]:
    """A task with architecture bits, and one without; ours both."""
    contenders = []
    for label, (name, options) in (("walshqhn", searched), ("without architecture bits", fixed)):
        task = load_task(name, **options)
        work = float(len(task.data.train.x) << task.num_bits)
        kind: Kind = "ours" if label == "walshqhn" else "reference"
        contenders.append(Contender(label, partial(task.cost_table, threads=settings.threads), kind, work=work))
    return contenders


def rows() -> list[Row]:
    """The rows of this module."""
    found = []
    for name, few, many, goals in (
        ("mnist-4x4", 400, 4096, (Goal(0.15e-9), Goal(100, _ONE), Goal(10, _BATCH))),
        ("gaussian-width", 200, 512, (Goal(30, _ONE),)),
        ("gaussian-h4", 200, 512, (Goal(30, _ONE),)),
        ("mnist-4x4-encoding", 400, 4096, (Goal(30, _ONE),)),
    ):
        found.append(
            Row(
                f"cost-{name}",
                f"cost table, {name}, N = {load_task(name).num_bits}",
                partial(contenders, name, {}, few, many),
                goals,
                unit=_UNIT,
            )
        )
    share = (Goal(1.1, "without architecture bits", at_most=True),)
    digits = {"digits": (3, 7)}
    for label, searched, fixed in (
        ("encoding", ("mnist-4x4-encoding", digits), ("mnist-4x4", digits)),
        ("activation and width", ("gaussian-width", {}), ("gaussian", {})),
    ):
        title = f"cost table with {label} bits, per network and sample"
        found.append(
            Row(f"cost-{label.split()[-1]}-bits", title, partial(_architecture, searched, fixed), share, unit=_UNIT)
        )
    return found
