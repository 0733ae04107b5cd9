"""Engines run circuits for a cost.

`Engine.prepare` prepares a circuit once (compiles it, allocates its state); the `Prepared` circuit is then asked for
values, gradients and samples at any angles. A custom engine implements `Engine.prepare` and, of `Prepared`, only
`distributions` and `measure`: gradients follow from the parameter-shift rule, overlaps from compute-uncompute circuits.
Engines that measure build on `engines.shots` and implement `run`. `walshqhn.testing.check_engine` tests any engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import check_rows, distinct_rows
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.derived import ComputeUncompute
from walshqhn.circuits.shifts import ShiftRule
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.table import TableCost
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import MEAN, Objective
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_numbers, check_whole
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.resources import require_memory
from walshqhn.support.shown import ByValue, Shown

Rng = np.random.Generator | int | None
"""Anything `numpy.random.default_rng` takes."""


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(ByValue, Shown):
    """An objective at one setting of the angles."""

    parameters: FloatArray
    """(num_parameters,)"""
    value: float
    error: float
    """Standard error of ``value``; 0 where it is exact, NaN for a single shot."""
    gradient: FloatArray | None = None
    """(num_parameters,), where requested."""
    bits: BitArray | None = None
    """(M, N), the measured bit strings; None where the value is exact."""
    costs: FloatArray | None = None
    """(M,), costs of ``bits``."""
    distribution: Distribution | None = None
    """What the value was estimated from; None where it is exact."""
    cheapest: tuple[BitArray, float] | None = None
    """The cheapest of all measured bit strings (N,), also at shifted angles, and its cost; None where exact."""
    rest: float = 0.0
    """What rounding took from ``value``, as in `Estimate`."""


class Engine(Shown, ABC):
    """Runs circuits for a cost."""

    cost: Cost
    """What is measured; on N bits."""
    shots: int | None = None
    """Measurements per value; None: values are exact."""

    def facts(self) -> dict[str, Any]:
        return {"bits": self.num_qubits, "cost": type(self.cost).__name__, "shots": self.shots} | self.settings

    @abstractmethod
    def prepare(self, ansatz: Ansatz) -> Prepared:
        """Prepare ``ansatz`` to run. InputError unless it has as many qubits as the cost has bits."""

    @property
    def settings(self) -> dict[str, Any]:
        """What determines the results besides cost, shots and seed; JSON-serialisable."""
        return {}

    @property
    def num_qubits(self) -> int:
        """N."""
        return self.cost.num_bits

    def check_objective(self, objective: Objective) -> None:
        """UsageError if ``objective`` is not defined for what this engine measures."""

    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        """Costs of bit strings (M, N): shape (M,). Repeated ones are evaluated once."""
        if isinstance(self.cost, TableCost):
            return self.cost.costs(bits)
        distinct, which = distinct_rows(check_rows(bits, self.num_qubits))
        return self.cost.costs(distinct)[which]

    def expectation(self, ansatz: Ansatz, params: npt.ArrayLike, objective: Objective = MEAN) -> float:
        """E = sum_x |psi_x|^2 C(x), or another objective, at ``params`` (num_parameters,)."""
        return self.prepare(ansatz).expectation(params, objective)

    def value_and_gradient(
        self, ansatz: Ansatz, params: npt.ArrayLike, objective: Objective = MEAN
    ) -> tuple[float, FloatArray]:
        """The objective at ``params`` and its gradient (num_parameters,)."""
        found = self.prepare(ansatz).value_and_gradient(params, objective)
        assert found.gradient is not None
        return found.value, found.gradient

    def probabilities(self, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
        """|psi_x|^2 of every configuration, (2^N,). UsageError from engines that only sample."""
        return self.prepare(ansatz).probabilities(params)

    def sample(self, ansatz: Ansatz, params: npt.ArrayLike, shots: int, rng: Rng = None) -> BitArray:
        """``shots`` measured bit strings, (shots, N)."""
        return self.prepare(ansatz).sample(params, shots, rng)


class Prepared(Shown, ABC):
    """A circuit prepared on an engine. Throughout, ``rng`` determines samples; None: the engine's own seed."""

    def __init__(self, engine: Engine, ansatz: Ansatz) -> None:
        if not isinstance(ansatz, Ansatz):
            raise UsageError(f"an engine runs an Ansatz, such as LinearAnsatz(4, 2), got {type(ansatz).__name__}.")
        if ansatz.num_qubits != engine.num_qubits:
            raise InputError(f"the circuit has {ansatz.num_qubits} qubits, the cost has {engine.num_qubits} bits.")
        self.engine, self.ansatz = engine, ansatz

    def facts(self) -> dict[str, Any]:
        return {"engine": repr(self.engine), "ansatz": repr(self.ansatz)}

    @abstractmethod
    def distributions(self, points: FloatArray, rng: Rng = None) -> Iterator[Distribution]:
        """The distribution at every row of ``points`` (M, num_parameters), in one job: exact, or with engine.shots."""

    @abstractmethod
    def measure(self, points: FloatArray, shots: int, rng: Rng = None) -> Iterator[BitArray]:
        """``shots`` measured bit strings, (shots, N), at every row of ``points``, in one job."""

    # --- what follows from these ---------------------------------------------------------------

    @property
    def is_exact(self) -> bool:
        """Whether values are exact."""
        return self.engine.shots is None

    def measured(self, bits: npt.ArrayLike) -> Distribution:
        """The distribution of measured ``bits`` (M, N), M >= 1; engines that mitigate readout errors do so here."""
        costs = self.engine.costs(bits)
        return Distribution(costs, bits=np.asarray(bits, np.uint8), measured_costs=costs, source=self.engine.cost)

    def distribution(self, params: npt.ArrayLike, rng: Rng = None) -> Distribution:
        """The distribution at ``params`` (num_parameters,)."""
        return next(self._scaled(self.distributions(self.ansatz.check_parameters(params)[None], rng)))

    def evaluate(self, points: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> list[Evaluation]:
        """The objective at every row of ``points`` (M, num_parameters), M >= 1, in one job."""
        rows = self.check_points(points)
        self.engine.check_objective(objective)
        found = self._scaled(self.distributions(rows, rng))
        return [_evaluation(row, objective, one) for row, one in zip(rows, found, strict=True)]

    def value_and_gradient(self, params: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> Evaluation:
        """The objective and its gradient at ``params``.

        Here by the parameter-shift rule: one job for the value, one for all shifted circuits. UsageError if there are
        too many of them, see `ShiftRule`.
        """
        self.engine.check_objective(objective)
        values, generator = self.ansatz.check_parameters(params), None if rng is None else np.random.default_rng(rng)
        rule, shifted = self._shifts
        points = rule.points(values)
        here = self.distribution(values, generator)
        diagonal = objective.linearized(here)
        means, cheapest = [], here.cheapest
        for other in shifted.distributions(points, generator):
            means.append(other.mean(diagonal(other.costs)))
            cheapest = min((c for c in (cheapest, other.cheapest) if c is not None), key=itemgetter(1), default=None)
        gradient = rule.gradient(np.array(means))
        return replace(_evaluation(values, objective, here), gradient=gradient, cheapest=cheapest)

    def overlaps(
        self, params: npt.ArrayLike, points: npt.ArrayLike, rng: Rng = None, shots: int | None = None
    ) -> FloatArray:
        """|<psi(params)|psi(y)>|^2 for every row y of ``points`` (M, num_parameters): shape (M,).

        Here the fraction of all-zero outcomes of compute-uncompute circuits, from ``shots`` measurements (default: the
        engine's). With noise it stays below 1 even at equal angles.
        """
        first, rows = self.ansatz.check_parameters(params), self.check_points(points)
        pairs = np.hstack([np.repeat(first[None], len(rows), axis=0), rows])
        if shots is None and self.is_exact:
            return np.array([found.weights[0] for found in self._echo.distributions(pairs)])
        count = check_whole("shots", self.engine.shots if shots is None else shots, 1)
        return np.array([(~bits.any(axis=1)).mean() for bits in self._echo.measure(pairs, count, rng)])

    def expectation(self, params: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> float:
        """E, or another objective, at ``params`` (num_parameters,)."""
        return self.evaluate(self.ansatz.check_parameters(params)[None], objective, rng)[0].value

    def expectations(self, points: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> FloatArray:
        """The same at every row of ``points`` (M, num_parameters): shape (M,)."""
        return np.array([found.value for found in self.evaluate(points, objective, rng)])

    def probabilities(self, params: npt.ArrayLike) -> FloatArray:
        """|psi_x|^2 of every configuration, (2^N,). UsageError from engines that only sample."""
        found = self.distribution(params).probabilities if self.is_exact else None
        if found is None:
            raise UsageError(f"{type(self.engine).__name__} with shots gives no probabilities; use ExactEngine.")
        return found

    def sample(self, params: npt.ArrayLike, shots: int, rng: Rng = None) -> BitArray:
        """``shots`` measured bit strings at ``params``, (shots, N)."""
        values = self.ansatz.check_parameters(params)[None]
        require_sample_memory(check_whole("shots", shots, 1), self.ansatz.num_qubits)
        return next(iter(self.measure(values, int(shots), rng)))

    @property
    def gradient_circuits(self) -> int:
        """Circuits that `value_and_gradient` runs."""
        return 1 + self._shifts[0].num_points

    def note(self, params: npt.ArrayLike) -> str:
        """A remark on results at ``params``, such as how much was truncated; may be empty."""
        return ""

    def check_points(self, points: npt.ArrayLike) -> FloatArray:
        """``points`` as float64; InputError unless they are finite and of shape (M, num_parameters), M >= 1."""
        rows = check_numbers("parameters", points, ndim=None)
        if rows.ndim != 2 or rows.shape[1] != self.ansatz.num_parameters or not len(rows):
            raise InputError(f"parameters must have shape (M, {self.ansatz.num_parameters}), M >= 1, got {rows.shape}.")
        if not np.isfinite(rows).all():
            raise InputError("parameters must be finite.")
        return rows

    def _scaled(self, found: Iterator[Distribution]) -> Iterator[Distribution]:
        return (replace(one, source=self.engine.cost) for one in found)

    @cached_property
    def _shifts(self) -> tuple[ShiftRule, Prepared]:
        rule = ShiftRule(self.ansatz)
        return rule, self if rule.ansatz is self.ansatz else self.engine.prepare(rule.ansatz)

    @cached_property
    def _echo(self) -> Prepared:
        return self.engine.prepare(ComputeUncompute(self.ansatz))


def require_sample_memory(shots: int, num_qubits: int) -> None:
    """TooLargeError unless this many measured bit strings fit in memory."""
    require_memory(shots * (64 + 10 * num_qubits), f"{shots:,} bit strings of {num_qubits} bits", "Use fewer shots.")


def check_cost(source: Cost | npt.ArrayLike) -> Cost:
    """`as_cost`; UsageError for a cost with no bits."""
    cost = as_cost(source)
    if cost.num_bits < 1:
        raise UsageError("an engine needs a cost of at least 1 bit.")
    return cost


def _evaluation(row: FloatArray, objective: Objective, found: Distribution) -> Evaluation:
    kept, estimate = None if found.is_exact else found, objective.evaluate(found)
    return Evaluation(
        row.copy(), estimate.value, estimate.error, None, found.bits, found.measured_costs, kept, found.cheapest,
        estimate.rest,
    )  # fmt: skip
