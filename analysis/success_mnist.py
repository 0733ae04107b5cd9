"""Success probability of trainings of binary logistic regression on 4x4 MNIST, N = 17, against circuit depth."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walshqhn import Plan, Study, load_task
from walshqhn.plotting.style import COLOURS
from walshqhn.study.baselines import random_search, simulated_annealing
from walshqhn.study.statistics import success_curve, summary_rows

from . import common
from .common import Finding, Settings
from .depths import DASHES, SAME, cost_levels, depth_name, depth_plan, verdict, with_interval
from .drawing import blank_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Success probability: binary logistic regression on MNIST 4x4"
CLAIM = (
    "The optimum is found with high probability on a scaled-down MNIST, and there is an optimal circuit depth, at "
    "which networks that perform well are found most often."
)
DEPTHS = (0, 1, 2, 3, 4, 6)
WEIGHTS = (-3, 1)
ITERATIONS = 250
_FLOOR = 1e-13  # energies closer than that to the minimum are drawn there: rounding


def plan(settings: Settings) -> Plan:
    """Product state and 1 to 6 layers, all with the same number of iterations at most."""
    return depth_plan(settings, DEPTHS, iterations=ITERATIONS)


def run(settings: Settings) -> Finding:
    """Train, count, draw."""
    task = load_task("mnist-4x4", weight_values=WEIGHTS)
    cost = task.cost_table()
    found = common.study(settings, "mnist-4x4", task, plan(settings))
    names = [depth_name(depth) for depth in DEPTHS]
    levels = cost_levels(cost)
    gap = float(levels[0])
    thresholds = {"half the gap": gap / 2, "1 % of C's deviation": 0.01 * float(cost.std())}
    rows = {name: summary_rows(found, epsilon) for name, epsilon in thresholds.items()}

    figure = blank_figure(7.4, 3.7)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    draw_curves(left, found, names, gap)
    draw_ridges(right, found, levels, names)
    left.set_title("(a) how often training succeeds", fontsize=9, loc="left")
    right.set_title("(b) final energies of all trainings", fontsize=9, loc="left")

    at = rows["half the gap"]
    evaluations = max(1, round(max(row["mean_evaluations"] for row in at)))
    searches = [
        search(cost, evaluations, settings.pick(200, 4), 1).as_dict(found.reference, gap / 2)
        for search in (random_search, simulated_annealing)
    ]
    status = {
        name: {s: sum(r.status == s for r in found.runs(v)) for s in sorted({r.status for r in found.runs(v)})}
        for v, name in enumerate(names)
    }
    limit = found.plan.variants[0].search.max_iterations
    best = verdict(found, gap / 2, names)
    unfinished = [f"{names[v]} {status[names[v]].get('iteration limit', 0)}" for v in range(len(names))]
    text = (
        f"With epsilon half the gap to the next network ({gap / 2:.2g}), the probability of success is "
        + ", ".join(f"{name} {with_interval(row)}" for name, row in zip(names, at, strict=True))
        + f". Best depth (Fisher's exact tests at 5 %, Bonferroni): {best}. "
        + "What depth changes is the price: on average "
        + ", ".join(f"{row['mean_evaluations']:.0f}" for row in at)
        + f" values and gradients, and of {found.plan.runs} trainings so many end at {limit} iterations, not at the "
        f"gradient asked for: {', '.join(unfinished)}. With {evaluations:,} costs looked at, "
        f"random search succeeds with {with_interval(searches[0])}, simulated annealing with "
        f"{with_interval(searches[1])}."
    )
    runs = f"{len(DEPTHS)} x {found.plan.runs} L-BFGS trainings, seed {found.plan.seed}; bands: 95 % Wilson intervals"
    numbers = {
        "cost_deviation": float(cost.std()),
        "minimum": found.reference,
        "minima": int((cost <= found.reference + SAME).sum()),
        "gap": gap,
        "thresholds": thresholds,
        "at": rows,
        "classical": searches,
        "excess": {name: np.sort(found.energies(v) - found.reference) for v, name in enumerate(names)},
        "status": status,
    }
    return Finding(figure, text, runs, numbers)


def draw_curves(ax: Axes, found: Study, names: list[str], gap: float) -> None:
    """P(E - C_min <= epsilon) for every variant, with intervals, each named where it crosses one half."""
    excess = [found.energies(v) - found.reference for v in range(len(names))]
    epsilons = np.geomspace(_FLOOR, 1.0, 600)
    for v, name in enumerate(names):
        estimate, low, up = success_curve(found, v, epsilons)
        ax.plot(epsilons, estimate, color=COLOURS[v], linewidth=1.6, linestyle=DASHES[v])
        ax.fill_between(epsilons, low, up, color=COLOURS[v], alpha=0.18, linewidth=0)
        height = 0.78 - 0.2 * v  # at different heights, where curves that lie close do not hide a name
        place = float(np.quantile(np.maximum(excess[v], _FLOOR), height))
        ax.annotate(name, (place, height), xytext=(1e-4, height), fontsize=8, va="center", color=COLOURS[v],
                    arrowprops={"arrowstyle": "-", "color": COLOURS[v], "linewidth": 0.6})  # fmt: skip
    ax.axvline(gap, color="#6E6E6E", linewidth=0.8, linestyle=":")
    ax.text(gap * 1.5, 0.02, "next\nnetwork", fontsize=7, color="#6E6E6E", va="bottom")
    ax.set_xscale("log")
    ax.set_ylim(-0.02, 1.04)
    ax.set_xlim(_FLOOR, 1.0)
    ax.set_xlabel(r"$\epsilon$")
    ax.set_ylabel(r"$P(E - C_{\min} \leq \epsilon)$")
    ax.spines[["top", "right"]].set_visible(False)


def draw_ridges(ax: Axes, found: Study, levels: npt.NDArray[np.float64], names: list[str]) -> None:
    """Histograms of final energies, one above the other, over the lowest costs that networks have."""
    edges = np.geomspace(_FLOOR, 1.0, 66)
    for v, name in enumerate(names):
        base = v + 1.0
        counts = np.histogram(np.clip(found.energies(v) - found.reference, _FLOOR, 1.0), edges)[0]
        ax.stairs(base + 0.85 * counts / max(1, counts.max()), edges, baseline=base, fill=True, alpha=0.75,
                  color=COLOURS[v])  # fmt: skip
        ax.axhline(base, color=COLOURS[v], linewidth=0.6)
        ax.text(edges[-1], base + 0.08, name, fontsize=8, ha="right", color=COLOURS[v])
    ax.vlines(levels[levels < 1.0][:2000], 0.2, 0.7, color="black", linewidth=0.3)
    ax.text(levels[0] * 0.6, 0.45, "single networks above the minimum", fontsize=7, va="center", ha="right")
    ax.set_xscale("log")
    ax.set_xlim(_FLOOR, 1.0)
    ax.set_ylim(0, len(names) + 1.1)
    ax.set_yticks([])
    ax.set_xlabel(r"$E - C_{\min}$, or $C - C_{\min}$ of a network")
    ax.spines[["top", "right", "left"]].set_visible(False)


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
