"""The tests of `walshqhn.testing.check_engine`, one method for each requirement.

Values estimated from shots may be 6 standard errors off, as correct ones are once in 500 million times.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_index, index_to_bits
from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz, ProductAnsatz
from walshqhn.circuits.qaoa import QAOAAnsatz
from walshqhn.engines.base import Engine
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import MEAN, CVaR, Gibbs, Objective
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError, UsageError
from walshqhn.testing.dense import MixedAnsatz, dense_state, rotation_rates

_SIGMAS = 6.0
_STEP = 1e-5  # of finite differences, radians


class Trial:
    """An engine under test; every method raises AssertionError."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine, self.n, self.rng = engine, engine.num_qubits, np.random.default_rng(seed)
        self.all_bits = index_to_bits(np.arange(1 << self.n), self.n)
        self.table = np.array(engine.cost.costs(self.all_bits))
        self.scale = float(np.abs(self.table).max())
        self.shots = engine.shots or 4000
        qaoa = QAOAAnsatz(self.table / (self.table.std() or 1), 1)
        mixed, unentangled = MixedAnsatz(self.n), MixedAnsatz(self.n, entangled=False)
        wanted: list[Ansatz] = [LinearAnsatz(self.n, 1), ProductAnsatz(self.n), mixed, unentangled, qaoa]
        self.circuits = [ansatz for ansatz in wanted if self._is_taken(ansatz)]

    def _is_taken(self, ansatz: Ansatz) -> bool:
        """Whether the engine runs circuits of this kind; all run product states."""
        try:
            self.engine.prepare(ansatz)
        except UsageError:
            return isinstance(ansatz, ProductAnsatz)
        return True

    @property
    def objectives(self) -> Iterator[Objective]:
        """Objectives other than the mean that the engine takes."""
        for objective in (CVaR(0.3), Gibbs(1.0)):
            try:
                self.engine.check_objective(objective)
            except UsageError:
                continue
            yield objective

    # --- what must hold ------------------------------------------------------------------------

    def cost(self) -> None:
        """Costs of all bit strings, and settings that can be stored."""
        self.close("costs of all bit strings", self.engine.costs(self.all_bits), self.table, 1e-12 * self.scale)
        try:
            json.dumps(self.engine.settings)
        except (TypeError, ValueError) as error:
            self.require(False, "settings", error, "what JSON can hold")

    def order_of_bits(self) -> None:
        """Circuits that produce one bit string with certainty, singly and in one job."""
        product = self.engine.prepare(ProductAnsatz(self.n))
        strings = np.vstack([np.eye(self.n, dtype=np.uint8), self.all_bits[[0, -2]]])
        points = np.hstack([np.pi * strings, np.tile(np.linspace(0.3, 0.9, self.n), (len(strings), 1))])
        for bits, point in zip(strings, points, strict=True):
            self.exactly("samples", product.sample(point, 7, self.rng), bits[None].repeat(7, axis=0))
        measured = [np.asarray(bits) for bits in product.measure(points, 5, self.rng)]
        self.exactly("samples of several points in one job", np.array(measured), strings[:, None].repeat(5, axis=1))
        costs = self.table[bits_to_index(strings)]
        self.close("values of single bit strings", product.expectations(points), costs, 1e-9 * self.scale)
        for ansatz in self.circuits[:1]:
            if isinstance(ansatz, LinearAnsatz) and ansatz.layers:
                flipped = np.zeros((2, 2, self.n))
                flipped[0, 0, 0] = np.pi  # then CX from qubit 0 to 1
                found = self.engine.prepare(ansatz).sample(flipped.ravel(), 1, self.rng)
                self.exactly("samples after a CX", found, self.all_bits[[3]])

    def values(self, ansatz: Ansatz, objective: Objective) -> None:
        """Evaluations at three points: value, error and the bits that they come from."""
        prepared, points, what = self.engine.prepare(ansatz), self.points(ansatz, 3), _text(ansatz, objective)
        given = points.copy()
        evaluations = prepared.evaluate(points, objective, self.rng)
        self.exactly("angles after an evaluation", points, given)
        for found, point in zip(evaluations, points, strict=True):
            dense = self.dense(ansatz, point)
            value, margin = objective.evaluate(dense).value, self.margin(dense, objective)
            self.close(what, found.value, value, margin)
            self.exactly(f"parameters of the evaluation of {what}", found.parameters, point)
            self.close(f"expectation of {what}", prepared.expectation(point, objective, self.rng), value, margin)
            if prepared.is_exact:
                self.close(f"error of {what}", found.error, 0.0, 0.0)
                probabilities = _unless_refused(partial(prepared.probabilities, point))
                if probabilities is not None:
                    self.close(f"probabilities of {_text(ansatz)}", probabilities, dense.weights, 1e-9)
                continue
            near = margin / _SIGMAS
            self.require(near / 2 <= found.error <= 2 * near, f"standard error of {what}", found.error, f"near {near}")
            bits = np.asarray(found.bits)  # None has no shape
            self.exactly(f"shape of the measured bits of {what}", bits.shape, (self.shots, self.n))
            self.close(f"costs of the bits of {what}", found.costs, self.table[bits_to_index(bits)], 1e-12 * self.scale)

    def samples(self, ansatz: Ansatz) -> None:
        """Pearson's statistic, with rare outcomes pooled, and the correlation of successive samples."""
        point, what = self.points(ansatz, 1)[0], f"samples of {_text(ansatz)}"
        bits = self.engine.prepare(ansatz).sample(point, self.shots, self.rng)
        kind, right = (bits.dtype, bits.shape), (np.dtype(np.uint8), (self.shots, self.n))
        self.require(kind == right, f"type and shape of {what}", kind, right)
        expected = self.shots * self.dense(ansatz, point).weights
        counts = np.bincount(bits_to_index(bits), minlength=expected.size)
        rare = expected < 5
        seen, wanted = (np.append(x[~rare], x[rare].sum()) for x in (counts, expected))
        deviation = float((np.square(seen - wanted) / np.maximum(wanted, 1)).sum())
        limit = len(wanted) + _SIGMAS * (2 * len(wanted)) ** 0.5 + 20
        self.require(deviation < limit, f"chi-square of {what}", deviation, f"below {limit:.0f}")
        costs = self.table[bits_to_index(bits)]
        centred = costs - costs.mean()
        correlation = float(centred[1:] @ centred[:-1]) / float(centred @ centred) * self.shots**0.5
        self.require(abs(correlation) < _SIGMAS, f"correlation of successive {what}", correlation, "near 0")

    def gradient(self, ansatz: Ansatz, objective: Objective) -> None:
        """The gradient against finite differences, at the steepest of four points."""
        prepared, what = self.engine.prepare(ansatz), _text(ansatz, objective)

        def value(point: FloatArray) -> float:
            return objective.evaluate(self.dense(ansatz, point)).value

        def slopes(point: FloatArray) -> FloatArray:
            return np.array([value(point + e) - value(point - e) for e in _STEP * np.eye(point.size)]) / (2 * _STEP)

        point = max(self.points(ansatz, 4), key=lambda x: float(np.abs(slopes(x)).max()))
        dense, expected = self.dense(ansatz, point), slopes(point)
        found = prepared.value_and_gradient(point, objective, self.rng)
        margin: Any = 1e-6 * float(np.abs(expected).max())
        if not prepared.is_exact:  # a shifted mean has at most the standard error of a fair coin's
            spread = float(np.ptp(objective.linearized(dense)(self.table))) * (0.5 if objective == MEAN else 1)
            margin = _SIGMAS * spread * rotation_rates(ansatz) / (2 * self.shots) ** 0.5
        self.close(f"value with the gradient of {what}", found.value, value(point), self.margin(dense, objective))
        self.close(f"gradient of {what}", found.gradient, expected, margin)
        circuits = prepared.gradient_circuits
        self.require(circuits >= 1, f"gradient_circuits of {_text(ansatz)}", circuits, "at least 1")

    def overlaps(self, ansatz: Ansatz) -> None:
        """Overlaps of a state with itself, a near one and a distant one."""
        first, second = self.points(ansatz, 2)
        points = np.stack([first, first + 0.1 * (second - first), second])
        states = [dense_state(ansatz, point) for point in points]
        expected = np.array([abs(np.vdot(states[0], other)) ** 2 for other in states])
        found = self.engine.prepare(ansatz).overlaps(first, points, self.rng)
        sigma = np.sqrt(np.clip(expected * (1 - expected), 0, None) / self.shots)
        margin = 1e-9 if self.engine.shots is None else _SIGMAS * sigma + 1e-9 + 6 / self.shots * (sigma > 1e-9)
        self.close(f"overlaps of {_text(ansatz)}", found, expected, margin)

    def results_stay(self) -> None:
        """Two circuits alternately: no buffer and no compiled circuit of one ends up in the other."""
        one, two = (self.engine.prepare(ansatz) for ansatz in self.circuits[:2])
        point, other = self.points(one.ansatz, 1)[0], self.points(two.ansatz, 1)[0]
        kept = _unless_refused(partial(one.distribution, point, self.rng))
        before = None if kept is None else np.stack([kept.weights, kept.costs])
        two.sample(other, 1, self.rng)
        two.value_and_gradient(other, rng=self.rng)
        one.expectation(point + 1, rng=self.rng)
        if kept is not None:
            self.exactly("an earlier distribution's weights and costs", np.stack([kept.weights, kept.costs]), before)
        dense, again = self.dense(one.ansatz, point), one.expectation(point)
        self.close("a value after other circuits", again, dense.mean(self.table), self.margin(dense, MEAN))

    def refusals(self) -> None:
        """Invalid input raises one line of the right kind."""
        prepared, point = self.engine.prepare(ProductAnsatz(self.n)), np.zeros(2 * self.n)
        wrong: list[tuple[str, type[Exception], Callable[[], Any]]] = [
            ("a circuit of another width", InputError, lambda: self.engine.prepare(ProductAnsatz(self.n + 1))),
            ("too few angles", InputError, lambda: prepared.expectation(point[1:])),
            ("angles that are NaN", InputError, lambda: prepared.value_and_gradient(point * np.nan)),
            ("one point for several", InputError, lambda: prepared.evaluate(point)),
            ("no points", InputError, lambda: prepared.evaluate(np.zeros((0, point.size)))),
            ("too few angles for overlaps", InputError, lambda: prepared.overlaps(point, point[None, 1:])),
            ("invalid bits", InputError, lambda: self.engine.costs(np.full((1, self.n), 2))),
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
                self.require(False, f"the result of {what}", "accepted", kind.__name__)

    def seeds(self) -> None:
        """Equal seeds give equal samples, different ones and successive jobs do not."""
        prepared, even = self.engine.prepare(ProductAnsatz(self.n)), np.full((2, 2 * self.n), np.pi / 2)

        def draw(rng: Any = None) -> BitArray:
            return np.stack(list(prepared.measure(even, 60, rng)))

        first, generator = draw(1), np.random.default_rng(1)
        self.exactly("samples with the same seed", draw(1), first)
        self.exactly("samples with a generator of that seed", draw(generator), first)
        for what, one, other in (
            ("of another seed", first, draw(2)), ("with a generator's next numbers", first, draw(generator)),
            ("of equal points in one job", *first), ("without rng", draw(), draw()),
        ):  # fmt: skip
            self.require(not np.array_equal(one, other), f"samples {what}", "the same", "different")

    def copies(self) -> None:
        """A pickled engine is the same engine."""
        copy = pickle.loads(pickle.dumps(self.engine))
        point = self.points(self.circuits[0], 1)[0]
        one, other = (e.prepare(self.circuits[0]).expectation(point, rng=3) for e in (self.engine, copy))
        self.exactly("a value after pickling", other, one)
        self.exactly("settings after pickling", copy.settings, self.engine.settings)

    # --- comparisons ---------------------------------------------------------------------------

    def points(self, ansatz: Ansatz, count: int) -> FloatArray:
        """Random angles, (count, num_parameters)."""
        return self.rng.uniform(0.3, 2.8, (count, ansatz.num_parameters))

    def dense(self, ansatz: Ansatz, point: FloatArray) -> Distribution:
        """The correct distribution."""
        return Distribution(self.table, np.square(np.abs(dense_state(ansatz, point))), source=self.engine.cost)

    def margin(self, dense: Distribution, objective: Objective) -> float:
        """The tolerance of a value."""
        if self.engine.shots is None:
            return 1e-9 * max(self.scale, abs(objective.evaluate(dense).value))
        diagonal = objective.linearized(dense)(self.table)
        return _SIGMAS * float(np.sqrt(dense.mean(np.square(diagonal - dense.mean(diagonal))) / self.shots))

    def close(self, what: str, found: Any, expected: npt.ArrayLike, margin: Any) -> None:
        """``found`` has the shape of ``expected``, and is nowhere off by more than ``margin``."""
        got, wanted = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
        self.require(got.shape == wanted.shape, f"shape of {what}", got.shape, wanted.shape)
        excess = np.where(np.isnan(got), np.inf, np.abs(got - wanted)) - margin
        worst = int(excess.argmax())
        place = f" (number {worst})" if got.ndim else ""
        right = f"{wanted.flat[worst]:.10g} within {np.broadcast_to(margin, wanted.shape).flat[worst]:.2g}"
        self.require(excess.flat[worst] <= 0, what + place, got.flat[worst], right)

    def exactly(self, what: str, found: Any, expected: Any) -> None:
        """``found`` equals ``expected``."""
        self.require(np.array_equal(found, expected), what, _brief(found), _brief(expected))

    def require(self, holds: Any, what: str, found: Any, expected: Any) -> None:
        """AssertionError unless ``holds``."""
        if not holds:
            raise AssertionError(f"{type(self.engine).__name__}: {what} must be {expected}, got {found}.")


def _unless_refused(call: Callable[[], Any]) -> Any:
    """The result of a call, or None if it is refused: an exact engine need not have 2^N probabilities."""
    try:
        return call()
    except UsageError:
        return None


def _text(ansatz: Ansatz, objective: Objective | None = None) -> str:
    circuit = f"the {ansatz.description['name']} circuit"
    return circuit if objective is None else f"{objective} of {circuit}"


def _brief(found: Any) -> str:
    text = str(found.tolist() if isinstance(found, np.ndarray) else found)
    return text if len(text) <= 200 else text[:200] + " ..."
