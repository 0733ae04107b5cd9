"""What `walshqhn.testing.check_engine` tries out, one method a promise.

Values that are estimated from shots may be 6 standard errors off, as true ones are once in 500 million times.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_index, index_to_bits
from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz, ProductAnsatz
from walshqhn.circuits.qaoa import QAOAAnsatz
from walshqhn.engines.base import Engine, Evaluation
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import MEAN, CVaR, Gibbs, Objective
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError, UsageError
from walshqhn.testing.dense import MixedAnsatz, dense_probabilities, dense_state, turning_speeds

_SIGMAS = 6.0
_STEP = 1e-5  # of finite differences, radians


class Trial:
    """An engine to try out, already known to be one that can be; every method raises AssertionError."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine, self.n, self.rng = engine, engine.num_qubits, np.random.default_rng(seed)
        self.all_bits = index_to_bits(np.arange(1 << self.n), self.n)
        self.table = np.array(engine.cost.costs(self.all_bits))
        self.scale = float(np.abs(self.table).max())
        self.shots = engine.shots or 4000

    @cached_property
    def circuits(self) -> list[Ansatz]:
        qaoa = QAOAAnsatz(self.table / self.table.std(), 1)
        return [LinearAnsatz(self.n, 1), ProductAnsatz(self.n), MixedAnsatz(self.n), qaoa]

    @property
    def objectives(self) -> Iterator[Objective]:
        """Other than the mean, those that the engine takes."""
        for objective in (CVaR(0.3), Gibbs(1 / float(self.table.std()))):
            try:
                self.engine.check_objective(objective)
            except UsageError:
                continue
            yield objective

    # --- what must hold ------------------------------------------------------------------------

    def cost(self) -> None:
        """Costs by bits, and settings that can be stored."""
        found = self.engine.costs(self.all_bits)
        self.close("costs of all bit strings", found, self.table, 1e-12 * self.scale)
        try:
            json.dumps(self.engine.settings)
        except (TypeError, ValueError) as error:
            raise AssertionError(f"{self.name}: settings must be what JSON can hold ({error}).") from error

    def order_of_bits(self) -> None:
        """Circuits that measure one bit string with certainty; all of them in one job, too."""
        product, linear = self.engine.prepare(ProductAnsatz(self.n)), self.engine.prepare(LinearAnsatz(self.n, 1))
        strings = np.vstack([np.eye(self.n, dtype=np.uint8), self.all_bits[[0, -2]]])
        points = np.hstack([np.pi * strings, np.tile(np.linspace(0.3, 0.9, self.n), (len(strings), 1))])
        for bits, point in zip(strings, points, strict=True):
            self.exactly("samples", product.sample(point, 7, self.rng), bits[None].repeat(7, axis=0))
        found = [np.asarray(bits) for bits in product.measure(points, 5, self.rng)]
        self.exactly("samples of several points in one job", np.array(found), strings[:, None].repeat(5, axis=1))
        costs = self.table[bits_to_index(strings)]
        self.close("values of single bit strings", product.expectations(points), costs, 1e-9 * self.scale)
        flipped = np.zeros((2, 2, self.n))
        flipped[0, 0, 0] = np.pi  # then CX from qubit 0 to 1
        expected = np.array([[1, 1, *[0] * (self.n - 2)]])
        self.exactly("samples after a CX", linear.sample(flipped.ravel(), 1, self.rng), expected)

    def values(self, ansatz: Ansatz) -> None:
        prepared, points = self.engine.prepare(ansatz), self.points(ansatz, 3)
        dense = [self.dense(ansatz, point) for point in points]
        given = points.copy()
        found = prepared.evaluate(points, rng=self.rng)
        self.exactly("angles after an evaluation", points, given)
        for one, point, expected in zip(found, points, dense, strict=True):
            self.evaluation(ansatz, one, point, expected, MEAN)
        value = prepared.expectation(points[0], rng=self.rng)
        self.close(f"expectation of {_text(ansatz)}", value, MEAN.evaluate(dense[0]).value, self.margin(dense[0], MEAN))
        if prepared.is_exact:
            for point, expected in zip(points, dense, strict=True):
                probabilities = prepared.probabilities(point)
                self.close(f"probabilities of {_text(ansatz)}", probabilities, expected.weights, 1e-9)

    def evaluation(
        self, ansatz: Ansatz, found: Evaluation, point: FloatArray, dense: Distribution, objective: Objective
    ) -> None:
        """One evaluation: its value, its error, and what it says it comes from."""
        what = f"{objective} of {_text(ansatz)}"
        margin = self.margin(dense, objective)
        self.close(what, found.value, objective.evaluate(dense).value, margin)
        self.exactly(f"parameters of the evaluation of {what}", found.parameters, point)
        if self.engine.shots is None:
            self.close(f"error of {what}", found.error, 0.0, 0.0)
            return
        sigma = margin / _SIGMAS
        self.require(0.5 * sigma < found.error < 2 * sigma, f"standard error of {what}", found.error, f"near {sigma}")
        bits = np.asarray(found.bits)  # None has no shape
        self.exactly(f"shape of the measured bits of {what}", bits.shape, (self.shots, self.n))
        self.close(f"costs of the bits of {what}", found.costs, self.table[bits_to_index(bits)], 1e-12 * self.scale)

    def samples(self, ansatz: Ansatz) -> None:
        """Pearson's statistic, rare outcomes together; and no sample depends on the one before."""
        point = self.points(ansatz, 1)[0]
        bits = self.engine.prepare(ansatz).sample(point, self.shots, self.rng)
        self.require(bits.dtype == np.uint8, f"type of samples of {_text(ansatz)}", bits.dtype, "uint8")
        self.exactly(f"shape of samples of {_text(ansatz)}", bits.shape, (self.shots, self.n))
        expected = self.shots * dense_probabilities(ansatz, point)
        counts = np.bincount(bits_to_index(bits), minlength=expected.size)
        rare = expected < 5
        seen, wanted = (np.append(x[~rare], x[rare].sum()) for x in (counts, expected))
        deviation = float((np.square(seen - wanted) / np.maximum(wanted, 1)).sum())
        limit = len(wanted) + _SIGMAS * (2 * len(wanted)) ** 0.5 + 20
        self.require(deviation < limit, f"chi-square of samples of {_text(ansatz)}", deviation, f"below {limit:.0f}")
        costs = self.table[bits_to_index(bits)]
        centred = costs - costs.mean()
        follows = float(centred[1:] @ centred[:-1]) / float(centred @ centred) * self.shots**0.5
        self.require(abs(follows) < _SIGMAS, f"correlation of successive samples of {_text(ansatz)}", follows, "near 0")

    def objective(self, objective: Objective) -> None:
        ansatz = self.circuits[0]
        point = self.points(ansatz, 1)
        dense = self.dense(ansatz, point[0])
        (found,) = self.engine.prepare(ansatz).evaluate(point, objective, self.rng)
        self.evaluation(ansatz, found, point[0], dense, objective)

    def gradient(self, ansatz: Ansatz, objective: Objective) -> None:
        prepared = self.engine.prepare(ansatz)

        def value(point: FloatArray) -> float:
            return objective.evaluate(self.dense(ansatz, point)).value

        steps = _STEP * np.eye(ansatz.num_parameters)
        point, expected = max(
            ((x, np.array([value(x + e) - value(x - e) for e in steps]) / (2 * _STEP)) for x in self.points(ansatz, 4)),
            key=lambda found: float(np.abs(found[1]).max()),
        )
        dense = self.dense(ansatz, point)
        found = prepared.value_and_gradient(point, objective, self.rng)
        what = f"{objective} of {_text(ansatz)}"
        margin = 1e-6 * float(np.abs(expected).max())
        if not prepared.is_exact:  # a shifted mean has at most the standard error of a fair coin's
            spread = float(np.ptp(objective.linearized(dense)(self.table))) / 2
            speeds = turning_speeds(ansatz)
            margin = _SIGMAS * spread * speeds / (2 * self.shots) ** 0.5 * (1 if objective == MEAN else 2)
        self.close(f"value with the gradient of {what}", found.value, value(point), self.margin(dense, objective))
        self.close(f"gradient of {what}", found.gradient, expected, margin)
        circuits = prepared.gradient_circuits
        self.require(circuits >= 1, f"gradient_circuits of {_text(ansatz)}", circuits, "at least 1")

    def overlaps(self, ansatz: Ansatz) -> None:
        first, second = self.points(ansatz, 2)
        near = first + 0.1 * (second - first)
        states = [dense_state(ansatz, point) for point in (first, near, second)]
        expected = np.array([abs(np.vdot(states[0], other)) ** 2 for other in states])
        found = self.engine.prepare(ansatz).overlaps(first, np.stack([first, near, second]), self.rng)
        sigma = np.sqrt(np.clip(expected * (1 - expected), 0, None) / self.shots)
        margin = 1e-9 if self.engine.shots is None else _SIGMAS * sigma + 1e-9 + 6 / self.shots * (sigma > 1e-9)
        self.close(f"overlaps of {_text(ansatz)}", found, expected, margin)

    def results_stay(self) -> None:
        """Two circuits in turn: no buffer and no compiled circuit of the one ends up in the other."""
        one, two = (self.engine.prepare(ansatz) for ansatz in self.circuits[:2])
        point, other = self.points(one.ansatz, 1)[0], self.points(two.ansatz, 1)[0]
        kept = one.distribution(point, self.rng)
        before = kept.weights.copy(), kept.costs.copy()
        two.distribution(other, self.rng)
        two.value_and_gradient(other, rng=self.rng)
        one.distribution(point + 1, self.rng)
        self.exactly("an earlier distribution's weights", kept.weights, before[0])
        self.exactly("an earlier distribution's costs", kept.costs, before[1])
        dense, again = self.dense(one.ansatz, point), one.expectation(point)
        self.close("a value after other circuits", again, dense.mean(self.table), self.margin(dense, MEAN))

    def refusals(self) -> None:
        product = ProductAnsatz(self.n)
        prepared, point = self.engine.prepare(product), np.zeros(2 * self.n)
        wrong: list[tuple[str, type[Exception], Callable[[], Any]]] = [
            ("a circuit of another width", InputError, lambda: self.engine.prepare(ProductAnsatz(self.n + 1))),
            ("too few angles", InputError, lambda: prepared.expectation(point[1:])),
            ("angles that are NaN", InputError, lambda: prepared.value_and_gradient(point * np.nan)),
            ("one point for several", InputError, lambda: prepared.evaluate(point)),
            ("no points", InputError, lambda: prepared.evaluate(np.zeros((0, point.size)))),
            ("too few angles for overlaps", InputError, lambda: prepared.overlaps(point, point[None, 1:])),
            ("bits that are none", InputError, lambda: self.engine.costs(np.full((1, self.n), 2))),
            *((f"{shots!r} shots", UsageError, lambda shots=shots: prepared.sample(point, shots, self.rng))
              for shots in (0, 2.5, True)),
        ]  # fmt: skip
        for what, kind, use in wrong:
            try:
                use()
            except kind as error:
                self.require(str(error) and "\n" not in str(error), f"the error for {what}", str(error), "one line")
            except Exception as error:
                self.require(False, f"the error for {what}", repr(error), kind.__name__)
            else:
                self.require(False, f"what becomes of {what}", "accepted", kind.__name__)

    def seeds(self) -> None:
        prepared = self.engine.prepare(ProductAnsatz(self.n))
        even = np.full(2 * self.n, np.pi / 2)

        def draw(rng: Any) -> BitArray:
            return np.stack(list(prepared.measure(np.stack([even, even]), 60, rng)))

        first, generator = draw(1), np.random.default_rng(1)
        self.exactly("samples with the same seed", draw(1), first)
        self.exactly("samples with a generator of that seed", draw(generator), first)
        for what, other in (("of another seed", draw(2)), ("with a generator's next numbers", draw(generator))):
            self.require(not np.array_equal(other, first), f"samples {what}", "the same", "others")
        same = bool(np.array_equal(first[0], first[1]))
        self.require(not same, "samples of equal points in one job", "the same", "independent ones")
        first, again = (np.stack(list(prepared.measure(even[None], 60))) for _ in range(2))
        self.require(not np.array_equal(first, again), "samples without rng", "the same twice", "others each time")

    def copies(self) -> None:
        copy = pickle.loads(pickle.dumps(self.engine))
        point = self.points(self.circuits[0], 1)[0]
        one, other = (e.prepare(self.circuits[0]).expectation(point, rng=3) for e in (self.engine, copy))
        self.exactly("a value after pickling", other, one)
        self.exactly("settings after pickling", copy.settings, self.engine.settings)

    # --- how it is said ------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return type(self.engine).__name__

    def points(self, ansatz: Ansatz, count: int) -> FloatArray:
        return self.rng.uniform(0.3, 2.8, (count, ansatz.num_parameters))

    def dense(self, ansatz: Ansatz, point: FloatArray) -> Distribution:
        """The distribution that is right."""
        return Distribution(self.table, dense_probabilities(ansatz, point))

    def margin(self, dense: Distribution, objective: Objective) -> float:
        """How far a value may be off."""
        if self.engine.shots is None:
            return 1e-9 * max(self.scale, abs(objective.evaluate(dense).value))
        diagonal = objective.linearized(dense)(self.table)
        return _SIGMAS * float(np.sqrt(dense.mean(np.square(diagonal - dense.mean(diagonal))) / self.shots))

    def close(self, what: str, found: Any, expected: npt.ArrayLike, margin: Any) -> None:
        got, wanted = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
        self.require(got.shape == wanted.shape, f"shape of {what}", got.shape, wanted.shape)
        excess = np.where(np.isnan(got), np.inf, np.abs(got - wanted)) - margin
        worst = int(excess.argmax())
        allowed = float(np.broadcast_to(margin, wanted.shape).flat[worst])
        place = f" (number {worst})" if got.ndim else ""
        right = f"{wanted.flat[worst]:.10g} within {allowed:.2g}"
        self.require(excess.flat[worst] <= 0, what + place, got.flat[worst], right)

    def exactly(self, what: str, found: Any, expected: Any) -> None:
        self.require(np.array_equal(found, expected), what, _brief(found), _brief(expected))

    def require(self, holds: Any, what: str, found: Any, expected: Any) -> None:
        if not holds:
            raise AssertionError(f"{self.name}: {what} must be {expected}, got {found}.")


def _text(ansatz: Ansatz) -> str:
    return f"the {ansatz.description['name']} circuit"


def _brief(found: Any) -> str:
    text = str(found.tolist() if isinstance(found, np.ndarray) else found)
    return text if len(text) <= 200 else text[:200] + " ..."
