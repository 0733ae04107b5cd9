"""A small training, and what is compared of it, for the tests of training and resuming."""

import numpy as np

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, train
from walshqhn.engines.objectives import Mean
from walshqhn.training.optimizers.base import Problem

TABLE = np.random.default_rng(8).normal(size=32)  # asymmetric, 5 qubits


def fingerprint(run):
    """Everything a run consists of but its duration."""
    return (
        run.index, run.parameters.tobytes(), run.value, run.history.tobytes(), run.gradient_norms.tobytes(),
        run.evaluations, run.status, run.message, run.best_bits.tobytes(), run.best_cost,
    )  # fmt: skip


def fingerprints(result):
    return [fingerprint(run) for run in result.runs]


def quick(**arguments):
    ansatz = arguments.pop("ansatz", LinearAnsatz(5, 1))
    engine = arguments.pop("engine", None) or ExactEngine(TABLE)
    return train(ansatz, engine, **{"max_iterations": 30, "samples": 64} | arguments)


def a_problem(table=TABLE, ansatz=None, engine=ExactEngine, seed=0, **budgets):
    ansatz = ansatz or ProductAnsatz(len(table).bit_length() - 1)
    return Problem(ansatz, engine(table), Mean(), np.random.default_rng(seed), **budgets)


class Recorder:
    """An engine that remembers everything it measured."""

    def __init__(self, engine):
        self.engine, self.measured = engine, []
        self.cost_sha256 = engine.cost_sha256
        self.num_qubits, self.shots, self.exact_minimum = engine.num_qubits, engine.shots, engine.exact_minimum
        self.costs, self.expectation = engine.costs, engine.expectation
        self.value_and_gradient = engine.value_and_gradient

    def sample(self, *arguments):
        self.measured.append(self.engine.sample(*arguments))
        return self.measured[-1]
