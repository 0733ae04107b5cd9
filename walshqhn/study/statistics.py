"""Statistics of studies: probabilities with intervals, the best variant, time to solution."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.spec import remake_ansatz
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.engines.exact import ExactEngine
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_real
from walshqhn.support.errors import TooLargeError, UsageError

if TYPE_CHECKING:
    from walshqhn.study.plan import Study


@dataclass(frozen=True)
class Proportion:
    """``successes`` out of ``count``, with an interval for the underlying probability."""

    successes: int
    count: int
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""

    @property
    def estimate(self) -> float:
        """successes / count; NaN if ``count`` is 0."""
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
    """The variant that succeeded most often, and the significance of its lead."""

    variant: int
    """Its number in the plan."""
    p_values: dict[int, float]
    """For each other variant, the p-value of equal probabilities, as `paired_tests` corrects it for all pairs."""

    @property
    def is_significant(self) -> bool:
        """Whether it leads every other variant at the 5 % level."""
        return all(p < 0.05 for p in self.p_values.values())


def paired_tests(outcomes: npt.ArrayLike) -> FloatArray:
    """Probabilities, if two variants were equally good, of runs that differ as much as theirs: (V, V), ones if V = 1.

    ``outcomes``: (V, runs), 1 for success, 0 for failure, NaN where a run is missing. Run k of all variants begins with
    the same random numbers, so each pair is compared on the runs that both have, by McNemar's exact test, two-sided:
    of the runs in which only one of the two succeeds, half are expected to be each one's. All pairs are tested, and the
    p-values corrected for it (S. Holm, Scand. J. Statist. 6, 65 (1979)), so the best may be picked afterwards.

    >>> paired_tests([[1, 1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0, 0]])
    array([[1.     , 0.03125],
           [0.03125, 1.     ]])
    """
    from scipy.stats import binomtest

    rows = np.asarray(outcomes, dtype=np.float64)
    pairs = list(combinations(range(len(rows)), 2))
    raw = []
    for a, b in pairs:
        ahead, behind = int((rows[a] > rows[b]).sum()), int((rows[a] < rows[b]).sum())  # NaN is neither
        raw.append(float(binomtest(ahead, ahead + behind).pvalue) if ahead + behind else 1.0)
    found, least = np.ones((len(rows), len(rows))), 0.0
    for rank, k in enumerate(np.argsort(raw, kind="stable")):
        least = max(least, min(1.0, raw[k] * (len(pairs) - rank)))
        found[pairs[k]] = found[pairs[k][::-1]] = least
    return found


def outcomes(study: Study, epsilon: float) -> FloatArray:
    """Whether run k of variant v ended within ``epsilon`` of `Study.reference`: (V, runs), NaN if missing."""
    found = np.full((len(study.plan.variants), study.plan.runs), np.nan)
    for v in study.trainings:
        found[v, [run.index for run in study.runs(v)]] = study.energies(v) - study.reference <= epsilon
    return found


def best_variant(study: Study, epsilon: float) -> BestVariant:
    """The variant with the highest success probability at ``epsilon``. UsageError if no run is finished."""
    rates = {v: p.estimate for v, p in enumerate(study.success_probability(epsilon)) if p.count}
    if not rates:
        raise UsageError("the study has no finished runs.")
    best = max(rates, key=rates.__getitem__)
    tests = paired_tests(outcomes(study, epsilon)[list(rates)])[list(rates).index(best)]
    return BestVariant(best, {v: float(p) for v, p in zip(rates, tests, strict=True) if v != best})


def success_curve(study: Study, variant: int, epsilons: npt.ArrayLike, confidence: float = 0.95) -> FloatArray:
    """P(E - `Study.reference` <= epsilon) and its interval: (3, len(epsilons)), rows estimate, low, high."""
    excess = np.sort(study.energies(variant) - study.reference)
    reached = np.searchsorted(excess, np.asarray(epsilons, dtype=np.float64), side="right")
    known = {int(k): wilson(int(k), len(excess), confidence) for k in np.unique(reached)}
    return np.array([[known[int(k)].estimate, known[int(k)].low, known[int(k)].high] for k in reached]).T


def time_to_solution(study: Study, variant: int, epsilon: float, target: float = 0.99) -> tuple[float, float, float]:
    """Seconds on one core until some run has succeeded with probability ``target``: (estimate, low, high).

    Mean seconds of a run times ln(1 - target) / ln(1 - p), at least one run (Ronnow et al., Science 345, 420 (2014));
    the bounds follow from the interval of p. Infinite for p = 0, NaN without runs.
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

    Computed from the state vector, whatever the engine of the training: shape (runs,). TooLargeError if that and the
    cost table do not fit in memory; UsageError if the circuit cannot be remade.
    """
    source, runs = as_cost(cost), study.runs(variant)
    if not runs:
        return np.zeros(0)
    try:
        engine = ExactEngine(source)
    except TooLargeError as error:
        raise TooLargeError(
            f"the probability that a measurement succeeds takes all 2^{source.num_bits} amplitudes ({error}) "
            "success_probability(sampled=True) does without."
        ) from None
    good = engine.cost.values - study.reference <= epsilon
    prepared = engine.prepare(remake_ansatz(study.trainings[variant].ansatz, source))
    return np.array([prepared.probabilities(run.parameters)[good].sum() for run in runs])


def summary_rows(study: Study, epsilon: float) -> list[dict[str, Any]]:
    """A row for each variant, as JSON can hold it; excesses are relative to `Study.reference`."""
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
