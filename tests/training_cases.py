"""Small trainings, engines for them, and what is compared of results, for the tests of training."""

import numpy as np
import pytest

from walshqhn import ExactEngine, IsingHamiltonian, LinearAnsatz, ProductAnsatz, train
from walshqhn.bits import masks_from_supports
from walshqhn.engines.base import Engine, Prepared
from walshqhn.training.evaluator import Evaluator
from walshqhn.training.search import minimize
from walshqhn.training.spec import SearchSpec

TABLE = np.random.default_rng(8).normal(size=32)  # asymmetric, 5 qubits
EASY = np.array([3.0, 1.0, 2.0, 0.5, 2.5, 0.3, 1.2, -1.0])  # no local minimum but the last


def fingerprint(run):
    """Everything a run consists of but its duration."""
    return (
        run.index, run.parameters.tobytes(), run.value, run.history.tobytes(), run.gradient_norms.tobytes(),
        run.evaluations, run.status, run.message, run.best_bits.tobytes(), run.best_cost, run.tail_means.tobytes(),
        run.history_shots.tobytes(), run.bit_means.tobytes(),
    )  # fmt: skip


def fingerprints(result):
    return [fingerprint(run) for run in result.runs]


def quick(**arguments):
    ansatz = arguments.pop("ansatz", LinearAnsatz(5, 1))
    engine = arguments.pop("engine", None) or ExactEngine(TABLE)
    return train(ansatz, engine, **{"max_iterations": 30, "samples": 64} | arguments)


def press(run, iteration):
    """A callback that presses Ctrl-C at this iteration of this run."""
    count = dict.fromkeys(range(100), -1)

    def callback(k, evaluation):
        count[k] += 1
        if (k, count[k]) == (run, iteration):
            raise KeyboardInterrupt

    return callback


def interrupted(call=quick, **arguments):
    """A training in which Ctrl-C is pressed; if that went through, it would end the tests as well."""
    try:
        return call(**arguments)
    except KeyboardInterrupt:
        pytest.fail("Ctrl-C was not turned into a status")


def an_evaluator(engine=TABLE, ansatz=None, rng=None, callback=None, max_iterations=30, **settings):
    """Of an engine, or of the exact one for a table."""
    engine = engine if isinstance(engine, Engine) else ExactEngine(engine)
    prepared = engine.prepare(ansatz or ProductAnsatz(engine.num_qubits))
    rng = np.random.default_rng(0) if rng is None else rng
    search = SearchSpec(max_iterations=max_iterations, **settings)
    return Evaluator(prepared, search, np.random.default_rng(0), rng, callback)


def searched(method, x, *arguments, **settings):
    """(outcome, evaluator) of a search from the angles ``x``."""
    evaluator = an_evaluator(*arguments, **settings)
    return minimize(method, evaluator, np.asarray(x, dtype=float)), evaluator


class FixedSigns:
    """A generator whose signs are known."""

    def __init__(self, *rows):
        self.rows = list(rows)

    def integers(self, low, high, count):
        row = self.rows.pop(0)
        assert (low, high, count) == (0, 2, len(row))
        return (np.array(row) + 1) // 2


class Sampled(Engine):
    """The exact engine, but it measures."""

    shots = 50

    def __init__(self, cost, shots=50):
        self.exact, self.shots = ExactEngine(cost), shots
        self.cost = self.exact.cost

    def prepare(self, ansatz):
        return SampledCircuit(self, ansatz)


class SampledCircuit(Prepared):
    def __init__(self, engine, ansatz):
        super().__init__(engine, ansatz)
        self.exact = engine.exact.prepare(ansatz)

    def measure(self, points, shots, rng=None):
        return self.exact.measure(points, shots, rng)

    def distributions(self, points, rng=None):
        return map(self.measured, self.measure(points, self.engine.shots, rng))


class Recorder(Engine):
    """An engine that remembers everything it measured, and offers no more than an engine must."""

    def __init__(self, engine):
        self.engine, self.cost, self.shots, self.measured = engine, engine.cost, engine.shots, []

    def prepare(self, ansatz):
        return RecordedCircuit(self, ansatz)


class RecordedCircuit(Prepared):
    def __init__(self, engine, ansatz):
        super().__init__(engine, ansatz)
        self.inner = engine.engine.prepare(ansatz)

    def measure(self, points, shots, rng=None):
        for bits in self.inner.measure(points, shots, rng):
            self.engine.measured.append(bits)
            yield bits

    def distributions(self, points, rng=None):
        if self.is_exact:
            return self.inner.distributions(points, rng)
        return map(self.measured, self.measure(points, self.engine.shots, rng))


class CoinEngine(Engine):
    """Product states of any number of qubits: every bit is thrown by itself, 1 with probability sin^2(theta / 2)."""

    def __init__(self, cost, shots=100):
        self.cost, self.shots = cost, shots

    def prepare(self, ansatz):
        return CoinCircuit(self, ansatz)


class CoinCircuit(Prepared):
    def measure(self, points, shots, rng=None):
        generator = np.random.default_rng(rng)
        for row in points:
            ones = np.sin(row[: self.ansatz.num_qubits] / 2) ** 2
            yield (generator.random((shots, ones.size)) < ones).astype(np.uint8)

    def distributions(self, points, rng=None):
        return map(self.measured, self.measure(points, self.engine.shots, rng))


def a_chain(num_qubits, seed=0):
    """A Hamiltonian of fields and of couplings between neighbours, whose least energy sets every bit by its field."""
    fields = np.random.default_rng([seed, num_qubits]).uniform(0.5, 1.5, num_qubits)
    fields[::3] *= -1
    couplings = -0.1 * np.sign(fields[1:] * fields[:-1])
    supports = [*((j,) for j in range(num_qubits)), *((j, j + 1) for j in range(num_qubits - 1))]
    coefficients = np.concatenate([fields, couplings])
    return IsingHamiltonian(num_qubits, masks_from_supports(supports, num_qubits), coefficients, constant=3.0)


def least_energy(chain):
    """(bits, energy) of the ground state of `a_chain`: all terms are at their least."""
    fields = chain.coefficients[: chain.num_qubits]
    return (fields > 0).astype(np.uint8), chain.constant - np.abs(chain.coefficients).sum()
