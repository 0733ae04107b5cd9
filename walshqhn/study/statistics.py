"""What a study says: probabilities with intervals, the best depth, time to solution."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_real
from walshqhn.support.errors import TooLargeError, UsageError

if TYPE_CHECKING:
    from walshqhn.study.plan import Study


@dataclass(frozen=True)
class Proportion:
    """``successes`` out of ``count``, and an interval for the probability behind them."""

    successes: int
    """How often it happened."""
    count: int
    """How often it was tried."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""

    @property
    def estimate(self) -> float:
        """successes / count; NaN without any."""
        return self.successes / self.count if self.count else math.nan


def wilson(successes: int, count: int, confidence: float = 0.95) -> Proportion:
    """The Wilson score interval (E. B. Wilson, JASA 22, 209 (1927)); [0, 1] if ``count`` is 0."""
    from scipy.stats import binomtest

    check_real("confidence", confidence, above=0, below=1)
    if count == 0:
        return Proportion(0, 0, 0.0, 1.0)
    interval = binomtest(int(successes), int(count)).proportion_ci(confidence, method="wilson")
    return Proportion(int(successes), int(count), float(interval.low), float(interval.high))


@dataclass(frozen=True)
class BestVariant:
    """The variant that succeeded most often, and whether that can be chance."""

    variant: int
    """Its number in the plan."""
    p_values: dict[int, float]
    """For each other variant, the probability (Fisher's exact test, one-sided) of a lead like this if
    both were equally good."""

    @property
    def is_significant(self) -> bool:
        """Whether it leads every other at the 5 % level, corrected for their number (Bonferroni)."""
        return all(p * len(self.p_values) < 0.05 for p in self.p_values.values())


def best_variant(study: Study, epsilon: float) -> BestVariant:
    """The variant with the highest success probability at ``epsilon``. UsageError if no run is finished."""
    from scipy.stats import fisher_exact

    found = study.success_probability(epsilon)
    ready = [v for v, p in enumerate(found) if p.count]
    if not ready:
        raise UsageError("the study has no finished runs.")
    best = max(ready, key=lambda v: found[v].estimate)

    def p_value(v: int) -> float:
        rows = [[found[u].successes, found[u].count - found[u].successes] for u in (best, v)]
        return float(fisher_exact(rows, alternative="greater").pvalue)

    return BestVariant(best, {v: p_value(v) for v in ready if v != best})


def success_curve(study: Study, variant: int, epsilons: npt.ArrayLike, confidence: float = 0.95) -> FloatArray:
    """P(E - `Study.reference` <= epsilon) and its interval: (3, len(epsilons)), rows estimate, low, high."""
    excess = np.sort(study.energies(variant) - study.reference)
    reached = np.searchsorted(excess, np.asarray(epsilons, dtype=np.float64), side="right")
    known = {int(k): wilson(int(k), len(excess), confidence) for k in np.unique(reached)}
    return np.array([[known[int(k)].estimate, known[int(k)].low, known[int(k)].high] for k in reached]).T


def time_to_solution(study: Study, variant: int, epsilon: float, target: float = 0.99) -> tuple[float, float, float]:
    """Seconds, on one core, until some run has succeeded with probability ``target``: (estimate, low, high).

    Mean seconds of a run times ln(1 - target) / ln(1 - p), at least one run (Ronnow et al., Science
    345, 420 (2014)); the bounds come from the interval of p. Infinite where p may be 0.
    """
    check_real("target", target, above=0, below=1)
    runs = study.runs(variant)
    if not runs:
        return math.nan, math.nan, math.nan
    seconds = float(np.mean([run.seconds for run in runs]))
    p = study.success_probability(epsilon)[variant]

    def repeated(probability: float) -> float:
        if probability <= 0:
            return math.inf
        needed = 1.0 if probability >= target else math.log(1 - target) / math.log(1 - probability)
        return seconds * max(1.0, needed)

    return repeated(p.estimate), repeated(p.high), repeated(p.low)


def sampling_probability(study: Study, cost: Cost | npt.ArrayLike, variant: int, epsilon: float) -> FloatArray:
    """For every run, the probability that one measurement of its final state costs at most `Study.reference` + epsilon.

    Exact, from the state vector, whatever engine trained it: shape (runs,).

    Raises
    ------
    TooLargeError
        The table of all costs and a state vector do not fit in memory.
    UsageError
        A circuit that cannot be made again.
    """
    from walshqhn.circuits.spec import remake_ansatz
    from walshqhn.engines.exact import ExactEngine

    source = as_cost(cost)
    if not study.runs(variant):
        return np.zeros(0)
    try:
        engine = ExactEngine(source)
    except TooLargeError as error:
        raise TooLargeError(
            f"the probability that a measurement succeeds takes all 2^{source.num_bits} amplitudes ({error}) "
            "success_probability(sampled=True) does without."
        ) from None
    good = engine.cost.values - study.reference <= epsilon
    ansatz = remake_ansatz(study.trainings[variant].ansatz, source)
    prepared = engine.prepare(ansatz)
    return np.array([prepared.probabilities(run.parameters)[good].sum() for run in study.runs(variant)])


def summary_rows(study: Study, epsilon: float) -> list[dict[str, Any]]:
    """A row for each variant, as JSON can hold it; excesses are those over `Study.reference`."""
    rows, reference = [], study.reference
    for v, (label, p) in enumerate(zip(study.plan.labels, study.success_probability(epsilon), strict=True)):
        runs, energies = study.runs(v), study.energies(v)
        estimate, low, high = time_to_solution(study, v, epsilon)
        rows.append(
            {
                "variant": label,
                "runs": len(runs),
                "angles": len(runs[0].parameters) if runs else None,
                "success_probability": p.estimate,
                "interval": [p.low, p.high],
                "median_excess": float(np.median(energies) - reference) if runs else None,
                "least_excess": float(energies.min() - reference) if runs else None,
                "statuses": dict(Counter(run.status for run in runs)),
                "best_cost": min((run.best_cost for run in runs), default=None),
                "mean_evaluations": float(np.mean([run.evaluations for run in runs])) if runs else None,
                "mean_seconds": float(np.mean([run.seconds for run in runs])) if runs else None,
                "time_to_solution": estimate,
                "time_to_solution_interval": [low, high],
            }
        )
    return rows
