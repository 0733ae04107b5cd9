"""Trainings of circuits of several depths, and how often they succeed, in words: shared by the success scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn import Plan, Study, Variant
from walshqhn.study.statistics import best_variant

from .common import Settings

DASHES: tuple[Any, ...] = ("-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
"""Line styles by the place of a variant."""
SAME = 1e-9
"""Costs that differ by less are one."""


def depth_plan(settings: Settings, depths: Sequence[int], runs: int = 200, iterations: int = 500) -> Plan:
    """Angles uniform in [0, 2 pi), L-BFGS to gradient 1e-6 or so many ``iterations``; depth 0 is the product state."""
    search = {"max_iterations": settings.pick(iterations, 20), "gradient_tolerance": 1e-6}
    variants = (Variant.of(ansatz="linear" if depth else "product", layers=depth, **search) for depth in depths)
    return Plan(tuple(variants), runs=settings.pick(runs, 4), seed=1)


def cost_levels(cost: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """C - min C of the networks above the minimum, each value once, rising."""
    excess = np.unique(np.round(cost - cost.min(), 10))
    return np.asarray(excess[excess > SAME])


def depth_name(depth: int) -> str:
    """'product state', '1 layer', '2 layers'."""
    return "product state" if depth == 0 else f"{depth} layer{'s' if depth > 1 else ''}"


def with_interval(row: dict[str, Any]) -> str:
    """A row's success probability as text."""
    low, high = row["interval"]
    return f"{row['success_probability']:.2f} ({low:.2f} to {high:.2f})"


def verdict(found: Study, epsilon: float, names: list[str]) -> str:
    """Which depth is best and how sure that is: Fisher's exact tests, corrected for their number (Bonferroni)."""
    rates = [p.estimate for p in found.success_probability(epsilon)]
    best = best_variant(found, epsilon)
    ahead = [names[v] for v, rate in enumerate(rates) if rate == rates[best.variant]]
    if len(ahead) == len(names):
        return f"all alike ({rates[0]:.2f})"
    beaten = [names[v] for v, p in best.p_values.items() if p * len(best.p_values) < 0.05]
    open_ = [name for name in names if name not in beaten and name != names[best.variant]]
    lead = f"{' and '.join(ahead)} ({rates[best.variant]:.2f})"
    if not beaten:
        return f"most often {lead}, not significantly"
    text = f"{lead} significantly ahead of {', '.join(beaten)}"
    return f"{text}, not of {', '.join(open_)}" if open_ else f"{text}: an optimal depth among these"
