"""The exact engine against PennyLane's lightning.qubit, qulacs, scaluq, Qiskit Aer and QOKit (quoted).

FastQAOA has no row: neither PyPI nor npm has it (asked on 2026-11-28), and nothing could be built.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, QAOAAnsatz
from walshqhn.bench import peers
from walshqhn.bench.row import Contender, Goal, Quoted, Row, Settings, is_installed
from walshqhn.bits import bits_to_index, index_to_bits

PEERS = {"lightning.qubit": "pennylane_lightning", "qulacs": "qulacs"}
_AER = "Aer, parameter shift"
_SHIFTED = 3  # angles of the parameter-shift rule that are done; the work of each is the same
_QOKIT = "this project's design notes; C simulator, another 2-core machine"


def linear_problem(num_qubits: int) -> tuple[LinearAnsatz, np.ndarray, np.ndarray]:
    """A linear ansatz with two layers, a random table and random angles."""
    rng = np.random.default_rng(num_qubits)
    ansatz = LinearAnsatz(num_qubits, 2)
    return ansatz, rng.normal(size=1 << num_qubits), rng.uniform(0, 2 * np.pi, ansatz.num_parameters)


def gradient(num_qubits: int, settings: Settings) -> list[Contender]:
    """Value and gradient of the linear ansatz with two layers: ours, and every simulator that is installed."""
    ansatz, table, params = linear_problem(num_qubits)
    ours = partial(ExactEngine(table, threads=settings.threads).prepare(ansatz).value_and_gradient, params)
    shifts = partial(peers.aer_shifts, ansatz, table, params, _SHIFTED, settings.threads)
    contenders = [
        Contender("walshqhn", ours, "ours", result=lambda found: found.gradient),
        Contender(_AER, shifts(), work=_SHIFTED / params.size, result=np.asarray, expected=lambda g: g[:_SHIFTED]),
    ]
    if is_installed("pennylane_lightning"):
        contenders.append(Contender("lightning.qubit", peers.lightning(ansatz, table, params)[1], result=np.asarray))
    if is_installed("qulacs"):
        fields = np.random.default_rng(1).normal(size=num_qubits)
        bits = index_to_bits(np.arange(table.size), num_qubits)
        expected = ExactEngine((1.0 - 2.0 * bits) @ fields).value_and_gradient(ansatz, params)[1]
        call = peers.qulacs_backprop(ansatz, params, fields)
        contenders.append(Contender("qulacs", call, result=np.asarray, expected=lambda _: expected))
    return contenders


def expectation_value(num_qubits: int, settings: Settings) -> list[Contender]:
    """Of the linear ansatz with two layers, on every simulator that is installed."""
    ansatz, table, params = linear_problem(num_qubits)
    ours, aer = (kind(table, threads=settings.threads).prepare(ansatz) for kind in (ExactEngine, AerEngine))
    contenders = [
        Contender("walshqhn", partial(ours.expectation, params), "ours", result=float),
        Contender("Aer", partial(aer.expectation, params), result=float),
    ]
    if is_installed("pennylane_lightning"):
        contenders.append(Contender("lightning.qubit", peers.lightning(ansatz, table, params)[0], result=float))
    for name, peer in (("qulacs", peers.qulacs_probabilities), ("scaluq", peers.scaluq_probabilities)):
        if is_installed(name):
            prepare, read = peer(ansatz, params)
            contenders.append(Contender(name, prepare, result=partial(_mean, read, table)))
    return contenders


def _mean(read: Callable[[Any], np.ndarray], table: np.ndarray, state: Any) -> float:
    return float(read(state) @ table)


def qaoa(num_qubits: int, layers: int, slopes: bool, settings: Settings) -> list[Contender]:
    """QAOA: its expectation value, beside textbook NumPy; or, with ``slopes``, its gradient beside that."""
    rng = np.random.default_rng(num_qubits)
    table = rng.normal(size=1 << num_qubits)
    ansatz = QAOAAnsatz(table, layers)
    params = rng.uniform(0, 1, ansatz.num_parameters)
    prepared = ExactEngine(table, threads=settings.threads).prepare(ansatz)
    value = partial(prepared.expectation, params)
    if not slopes:
        by_the_book = partial(peers.numpy_qaoa, table, params)
        return [
            Contender("walshqhn", value, "ours", result=float),
            Contender("NumPy", by_the_book, "reference", 1, result=float),
        ]
    step = 1e-5 * np.eye(params.size)[1]
    slope = (prepared.expectation(params + step) - prepared.expectation(params - step)) / 2e-5
    both = partial(prepared.value_and_gradient, params)
    return [
        Contender("walshqhn", both, "ours", result=lambda found: np.array([found.value, found.gradient[1]])),
        Contender("its expectation value", value, "reference", result=lambda e: np.array([e, slope])),
    ]


def qaoa_beside_qokit(num_qubits: int, layers: int, settings: Settings) -> list[Contender]:
    """QAOA's expectation value beside QOKit's C, if that is there, and beside our gradient, which QOKit has none of."""
    rng = np.random.default_rng(num_qubits)
    table = rng.normal(size=1 << num_qubits)
    ansatz = QAOAAnsatz(table, layers)
    params = rng.uniform(0, 1, ansatz.num_parameters)
    prepared = ExactEngine(table, threads=settings.threads).prepare(ansatz)
    found = [Contender("walshqhn", partial(prepared.expectation, params), "ours", result=float)]
    if (qokit := peers.qokit_qaoa(table, params)) is not None:
        found.append(Contender("QOKit C", qokit, result=float))
    both = partial(prepared.value_and_gradient, params)
    return [*found, Contender("with gradient", both, "reference", result=lambda one: one.value)]


def sampling(num_qubits: int, shots: int, settings: Settings) -> list[Contender]:
    """Preparing the state and measuring it; what is compared is the mean cost of the shots."""
    ansatz, table, params = linear_problem(num_qubits)
    ours, aer = (kind(table, threads=settings.threads).prepare(ansatz) for kind in (ExactEngine, AerEngine))
    rng = np.random.default_rng(0)

    def mean_cost(bits: Any) -> float:
        assert bits.shape == (shots, num_qubits)
        return 10 + float(table[bits_to_index(bits)].mean())  # of order 10: the tolerance is relative

    return [
        Contender("walshqhn", partial(ours.sample, params, shots, rng), "ours", result=mean_cost),
        Contender("Aer", partial(aer.sample, params, shots, rng), result=mean_cost),
    ]


def rows() -> list[Row]:
    """The rows of this module."""
    linear, goals = "linear ansatz, 2 layers, N = 17", (Goal(10, "lightning.qubit"), Goal(400, _AER))
    found = [Row("gradient-17", f"value and gradient, {linear}", partial(gradient, 17), goals, peers=PEERS)]
    goals, prepare = (Goal(10, "Aer"), Goal(4, "qulacs")), partial(expectation_value, 17)
    more = PEERS | {"scaluq": "scaluq"}
    found.append(Row("expectation-17", f"expectation value, {linear}", prepare, goals, peers=more))
    for n, seconds in ((20, 0.32), (22, 1.5)):
        quoted, limit = (Quoted("QOKit C", seconds, _QOKIT),), (Goal(4, "its expectation value", at_most=True),)
        title, prepare = f"QAOA, p = 4, N = {n}, ", partial(qaoa, n, 4, False)
        found.append(Row(f"qaoa-{n}", title + "expectation value", prepare, (Goal(5, "QOKit C"),), quoted))
        prepare = partial(qaoa, n, 4, True)
        found.append(Row(f"qaoa-gradient-{n}", title + "value and gradient", prepare, limit, tolerance=1e-6))
    for n in (20, 24):
        prepare = partial(qaoa_beside_qokit, n, 6)
        title = f"QAOA, p = 6, N = {n}, expectation value"
        found.append(Row(f"qaoa-{n}-p6", title, prepare, (Goal(1, "QOKit C"),), peers={"QOKit C": "qokit"}))
    shots = 1_000_000
    title, prepare = f"{shots:,} shots of the linear ansatz, N = 20", partial(sampling, 20, shots)
    errors = 7 * (2 / shots) ** 0.5 / 10  # seven standard errors of a difference, for costs of variance 1
    found.append(Row("sampling-20", title, prepare, (Goal(5, "Aer"),), tolerance=errors))
    return found
