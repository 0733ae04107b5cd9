"""Trainings of circuits of several depths, and how often they succeed, in words: shared by the success scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn import Plan, Variant
from walshqhn.study.statistics import Proportion, paired_tests, wilson
from walshqhn.support.arrays import FloatArray

from .common import Settings

DASHES: tuple[Any, ...] = ("-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), (0, (5, 1, 1, 1, 1, 1)))
"""Line styles by the place of a variant."""
TESTS = "McNemar's exact test on runs with the same seed, Holm over all pairs, 5 %"
"""How depths are compared."""


def depth_plan(
    settings: Settings, depths: Sequence[int], runs: int = 200, iterations: int = 500, seed: int = 1
) -> Plan:
    """Angles uniform in [0, 2 pi), L-BFGS to gradient 1e-6 or so many ``iterations``; depth 0 is the product state."""
    search = {"max_iterations": settings.pick(iterations, 20), "gradient_tolerance": 1e-6}
    variants = (Variant.of(ansatz="linear" if depth else "product", layers=depth, **search) for depth in depths)
    return Plan(tuple(variants), runs=settings.pick(runs, 4), seed=seed)


def cost_levels(cost: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """C - min C of the networks above the minimum, each value once, rising."""
    excess = np.unique(cost - cost.min())
    rounding = 1e-12 * float(np.ptp(cost))
    return np.asarray(excess[1:][np.diff(excess) > rounding])


def depth_name(depth: int) -> str:
    """'product state', '1 layer', '2 layers'."""
    return "product state" if depth == 0 else f"{depth} layer{'s' if depth > 1 else ''}"


def rates_of(outcomes: FloatArray) -> list[Proportion]:
    """Share of successes of every variant with its Wilson interval, from `walshqhn.study.statistics.outcomes`."""
    return [wilson(int(np.nansum(row)), int(np.isfinite(row).sum())) for row in outcomes]


def as_dict(p: Proportion) -> dict[str, float]:
    """As JSON can hold it."""
    return {"rate": p.estimate, "low": p.low, "high": p.high, "runs": p.count}


def with_interval(row: dict[str, float]) -> str:
    """A row of `as_dict` as text."""
    return f"{row['rate']:.2f} ({row['low']:.2f} to {row['high']:.2f})"


def compare(outcomes: FloatArray, names: Sequence[str]) -> dict[str, Any]:
    """Which depth succeeds most often, and which ones it is significantly ahead of (`TESTS`).

    ``outcomes``: (depths, runs), as `walshqhn.study.statistics.outcomes` gives them.
    """
    tests = paired_tests(outcomes)
    rates = [p.estimate for p in rates_of(outcomes)]
    best = int(np.argmax(rates))
    return {
        "best": names[best],
        "rate": rates[best],
        "alike": min(rates) == max(rates),
        "ahead_of": [name for name, p in zip(names, tests[best], strict=True) if p < 0.05],
        "not_of": [name for k, (name, p) in enumerate(zip(names, tests[best], strict=True)) if k != best and p >= 0.05],
        "p_values": tests,
    }


def verdict(found: dict[str, Any]) -> str:
    """`compare` in words."""
    if found["alike"]:
        return f"all alike ({found['rate']:.2f})"
    lead = f"{found['best']} ({found['rate']:.2f})"
    if not found["ahead_of"]:
        return f"most often {lead}, significantly ahead of none"
    text = f"{lead} significantly ahead of {', '.join(found['ahead_of'])}"
    return (
        f"{text}, not of {', '.join(found['not_of'])}" if found["not_of"] else f"{text}: an optimal depth among these"
    )
