"""Summary of a study, with classical methods for comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

from walshqhn.binn.task import Task
from walshqhn.cost.base import Cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.study.baselines import all_baselines
from walshqhn.study.plan import Study
from walshqhn.study.statistics import best_variant, sampling_probability, summary_rows

_SHORT = 5.0  # seconds that the exact minimum of a Hamiltonian is looked for
_SPREAD_SAMPLES = 1000  # for estimating the standard deviation of a cost without a table


def study_report(cost: Cost, study: Study, epsilon: float | None, task: Task | None = None) -> dict[str, Any]:
    """Results of every variant, and of classical methods with the same number of evaluations, as JSON can hold them.

    ``epsilon``: excess over the minimum that counts as success; default: 1 % of the standard deviation of C. ``task``:
    the task that the cost comes from, if any; its network is trained classically.
    """
    epsilon = 0.01 * _spread(cost) if epsilon is None else epsilon
    rows = summary_rows(study, epsilon)
    for v, row in enumerate(rows):
        found = sampling_probability(study, cost, v, epsilon) if isinstance(cost, TableCost) else np.zeros(0)
        row["sampling_probability"] = float(found.mean()) if len(found) else None
    evaluations = max((round(row["mean_evaluations"]) for row in rows if row["mean_evaluations"]), default=1)
    classical = all_baselines(cost, evaluations, study.plan.runs, study.plan.seed, task)
    best = best_variant(study, epsilon)
    succeeded = rows[best.variant]["success_probability"] > 0
    facts: dict[str, Any] = {"epsilon": epsilon, "exact_minimum": study.exact_minimum, "reference": study.reference}
    facts |= {"runs": study.plan.runs, "complete": study.is_complete, "variants": rows}
    facts["baselines"] = [baseline.as_dict(study.reference, epsilon) for baseline in classical]
    label = study.plan.labels[best.variant] if succeeded else None
    return facts | {"best": label, "best_is_significant": best.is_significant}


def baselines_report(
    cost: Cost, evaluations: int, runs: int, seed: int = 0, epsilon: float | None = None, task: Task | None = None
) -> dict[str, Any]:
    """Results of classical methods alone, see `all_baselines`, as JSON can hold them.

    Success is relative to the minimum if that is known or, for a Hamiltonian, quickly found; else to the lowest cost
    found by any method.
    """
    epsilon = 0.01 * _spread(cost) if epsilon is None else epsilon
    found, known = all_baselines(cost, evaluations, runs, seed, task), cost.minimum
    if isinstance(cost, IsingHamiltonian):
        known = cost.find_minimum(seconds=_SHORT)
    exact = known.value if known is not None and known.is_exact else None
    reference = min(float(baseline.costs.min()) for baseline in found) if exact is None else exact
    facts = {"epsilon": epsilon, "exact_minimum": exact, "reference": reference}
    return facts | {"baselines": [baseline.as_dict(reference, epsilon) for baseline in found]}


def _spread(cost: Cost) -> float:
    """Standard deviation of the cost over all configurations, estimated if there are too many."""
    if isinstance(cost, TableCost):
        return float(cost.values.std())
    if isinstance(cost, IsingHamiltonian):
        return float(np.sqrt(np.square(cost.coefficients).sum()))
    bits = np.random.default_rng(0).integers(0, 2, (_SPREAD_SAMPLES, cost.num_bits), dtype=np.uint8)
    return float(cost.costs(bits).std())
