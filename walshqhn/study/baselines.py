"""What a training has to beat: the exact minimum, rounding, random search, simulated annealing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import log2_exact
from walshqhn.cost.table import check_cost_table
from walshqhn.kernels.annealing import anneal
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.transform import wht


@dataclass(frozen=True, eq=False)
class Baseline:
    """A classical method's results."""

    name: str
    costs: FloatArray
    """(runs,), least cost that each run found."""
    evaluations: int
    """Values of C that a run looked at."""
    seconds: float
    """Mean time of a run."""
    is_random: bool = True
    """Whether runs differ by chance."""

    def as_dict(self, minimum: float, epsilon: float) -> dict[str, Any]:
        """A row for a table, as JSON can hold it."""
        from walshqhn.study.statistics import wilson

        p = wilson(int((self.costs - minimum <= epsilon).sum()), len(self.costs))
        return {
            "variant": self.name,
            "runs": len(self.costs),
            "success_probability": p.estimate,
            "interval": [p.low, p.high] if self.is_random else [p.estimate, p.estimate],
            "median_excess": float(np.median(self.costs) - minimum),
            "least_excess": float(self.costs.min() - minimum),
            "best_cost": float(self.costs.min()),
            "mean_evaluations": self.evaluations,
            "mean_seconds": self.seconds,
        }


def exact_minimum(cost: npt.ArrayLike) -> Baseline:
    """The least of all 2^N costs."""
    table, start = check_cost_table(cost), time.perf_counter()
    costs = np.array([table.min()])
    return Baseline("exact minimum", costs, table.size, time.perf_counter() - start, is_random=False)


def round_linear(cost: npt.ArrayLike) -> Baseline:
    """Each bit by the sign of its degree-1 coefficient: the minimum of C's 1-local part.

    b_j = 1, z_j = -1, where f({j}) > 0.
    """
    table, start = check_cost_table(cost), time.perf_counter()
    coefficients = wht(table, norm="forward")
    index = sum(1 << j for j in range(log2_exact(table.size, "a cost table")) if coefficients[1 << j] > 0)
    seconds = time.perf_counter() - start
    return Baseline("rounding degree 1", np.array([table[index]]), 1, seconds, is_random=False)


def random_search(cost: npt.ArrayLike, evaluations: int, runs: int, seed: int = 0) -> Baseline:
    """The best of ``evaluations`` configurations drawn at random."""
    table = check_cost_table(cost)
    _check(evaluations, runs)
    rng, start = np.random.default_rng(seed), time.perf_counter()
    costs = np.array([table[rng.integers(table.size, size=evaluations)].min() for _ in range(runs)])
    return Baseline("random search", costs, evaluations, (time.perf_counter() - start) / runs)


def simulated_annealing(cost: npt.ArrayLike, evaluations: int, runs: int, seed: int = 0) -> Baseline:
    """One bit flipped at a time (Kirkpatrick et al., Science 220, 671 (1983)), from random starts.

    The temperature falls geometrically from the standard deviation of C, where most flips are
    accepted, to a thousandth of it.
    """
    table = check_cost_table(cost)
    _check(evaluations, runs)
    num_bits = log2_exact(table.size, "a cost table")
    rng = np.random.default_rng(seed)
    hot = float(table.std()) or 1.0
    steps = max(evaluations - 1, 0)
    temperatures = np.geomspace(hot, hot * 1e-3, steps) if steps else np.empty(0)
    costs = np.empty(runs)
    seconds = 0.0
    for k in range(runs):
        flips, uniforms = rng.integers(max(num_bits, 1), size=steps), rng.random(steps)
        first = int(rng.integers(table.size))
        start = time.perf_counter()
        costs[k] = anneal(table, first, flips if num_bits else flips[:0], uniforms, temperatures)[0]
        seconds += time.perf_counter() - start
    return Baseline("simulated annealing", costs, evaluations, seconds / runs)


def _check(evaluations: int, runs: int) -> None:
    for name, value in (("evaluations", evaluations), ("runs", runs)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise UsageError(f"{name} must be a whole number of at least 1, got {value!r}.")
