"""Success probability of trainings of binary logistic regression on 4x4 MNIST, N = 17, against circuit depth."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn import Plan, Study, Variant, load_task
from walshqhn.plotting_study import COLOURS
from walshqhn.vqa.baselines import random_search, simulated_annealing
from walshqhn.vqa.statistics import success_curve, summary_rows

from . import common
from .common import Finding, Settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Success probability: binary logistic regression on MNIST 4x4"
CLAIM = (
    "Training succeeds more often with the linear circuit than with a product state, and deeper circuits come closer "
    "to the exact minimum over all 131,072 networks."
)
DEPTHS = (0, 1, 2, 3)
_FLOOR = 1e-7  # energies closer than that to the minimum are drawn there: how far it converged is no news


def plan(settings: Settings) -> Plan:
    """Product state and 1, 2, 3 layers; angles uniform in [0, 2 pi), L-BFGS to gradient 1e-6, 500 iterations."""
    variants = tuple(Variant("linear" if depth else "product", depth) for depth in DEPTHS)
    return Plan(
        variants, runs=settings.pick(200, 4), seed=1, max_iterations=settings.pick(500, 20), gradient_tolerance=1e-6
    )


def run(settings: Settings) -> Finding:
    """Train, count, draw."""
    from walshqhn.plotting import new_figure

    task = load_task("mnist-4x4")
    cost = task.cost_table()
    found = common.study(settings, "mnist-4x4", task, plan(settings))
    deviation = float(cost.std())
    thresholds = {"0.01 %": 1e-4 * deviation, "1 %": 1e-2 * deviation, "10 %": 0.1 * deviation}
    rows = {name: summary_rows(found, epsilon) for name, epsilon in thresholds.items()}

    figure, left = new_figure(7.4, 3.6)
    figure.clf()
    left, right = figure.subplots(1, 2, width_ratios=(1.05, 1))
    draw_curves(left, found, [_name(depth) for depth in DEPTHS])
    left.axvline(thresholds["1 %"], color="#8C8C8C", linewidth=0.8, linestyle=":")
    left.text(
        thresholds["1 %"] * 0.85, 0.02, "1 % of $\\sigma_C$", fontsize=7, color="#6E6E6E", rotation=90, ha="right"
    )
    draw_ridges(right, found, cost, [_name(depth) for depth in DEPTHS])
    left.set_title("(a) how often training succeeds", fontsize=9, loc="left")
    right.set_title("(b) final energies of all trainings", fontsize=9, loc="left")

    at = rows["1 %"]
    evaluations = max(1, round(max(row["mean_evaluations"] for row in at)))
    searches = [
        search(cost, evaluations, settings.pick(200, 4), 1).as_dict(found.exact_minimum, thresholds["1 %"])
        for search in (random_search, simulated_annealing)
    ]
    text = (
        "P(E - C_min <= 1 % of C's deviation) is "
        + ", ".join(f"{_name(depth)} {_probability(row)}" for depth, row in zip(DEPTHS, at, strict=True))
        + f". {_verdict(found, thresholds['1 %'])} With as many costs looked at as the most expensive circuit takes "
        f"values ({evaluations:,}), random search gets there with {_probability(searches[0])}, simulated annealing "
        f"with {_probability(searches[1])}."
    )
    runs = f"{len(DEPTHS)} x {found.plan.runs} L-BFGS trainings, seed {found.plan.seed}; bands: 95 % Wilson intervals"
    numbers = {
        "cost_deviation": deviation,
        "minimum": found.exact_minimum,
        "minima": int((cost <= found.exact_minimum + 1e-12).sum()),
        "thresholds": thresholds,
        "at": rows,
        "classical": searches,
        "excess": {_name(d): np.sort(found.energies(v) - found.exact_minimum) for v, d in enumerate(DEPTHS)},
        "status": {
            _name(d): {s: sum(r.status == s for r in found.runs(v)) for s in {r.status for r in found.runs(v)}}
            for v, d in enumerate(DEPTHS)
        },
    }
    return Finding(figure, text, runs, numbers)


def draw_curves(ax: Axes, found: Study, names: list[str]) -> None:
    """P(E - C_min <= epsilon) for every variant, with intervals, labelled at the right."""
    excess = [found.energies(v) - found.exact_minimum for v in range(len(names))]
    high = max(float(e.max()) for e in excess) * 1.3
    epsilons = np.geomspace(_FLOOR, high, 400)
    for v, name in enumerate(names):
        estimate, low, up = success_curve(found, v, epsilons)
        ax.plot(epsilons, estimate, color=COLOURS[v], linewidth=1.6, linestyle=DASHES[v], label=name)
        ax.fill_between(epsilons, low, up, color=COLOURS[v], alpha=0.18, linewidth=0)
    ax.set_xscale("log")
    ax.set_ylim(-0.02, 1.04)
    ax.set_xlim(_FLOOR, high)
    ax.set_xlabel(r"$\epsilon$")
    ax.set_ylabel(r"$P(E - C_{\min} \leq \epsilon)$")
    ax.legend(frameon=False, fontsize=8, loc="upper left")
    ax.spines[["top", "right"]].set_visible(False)


DASHES: tuple[Any, ...] = ("-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def draw_ridges(ax: Axes, found: Study, cost: npt.NDArray[np.float64], names: list[str]) -> None:
    """Histograms of final energies, one above the other, over the lowest costs that networks have."""
    least = found.exact_minimum
    excess = [np.maximum(found.energies(v) - least, _FLOOR) for v in range(len(names))]
    levels = np.unique(np.round(cost - least, 9))
    high = max(float(max(e.max() for e in excess)), float(levels[min(30, len(levels) - 1)])) * 1.3
    edges = np.geomspace(_FLOOR * 0.7, high, 45)
    for v, name in enumerate(names):
        base = v + 1.0
        counts = np.histogram(excess[v], edges)[0]
        ax.stairs(base + 0.85 * counts / max(1, counts.max()), edges, baseline=base, fill=True, alpha=0.75,
                  color=COLOURS[v])  # fmt: skip
        ax.text(edges[-1], base + 0.1, name, fontsize=8, ha="right", color=COLOURS[v])
    shown = levels[(levels > 0) & (levels < high)]
    ax.vlines(shown[:2000], 0.25, 0.75, color="black", linewidth=0.4)
    ax.plot([_FLOOR], [0.5], "|", color="black", markersize=16)
    ax.text(_FLOOR * 1.6, 0.5, "$C - C_{\\min}$ of single networks:", fontsize=7, va="center")
    ax.set_xscale("log")
    ax.set_xlim(_FLOOR * 0.6, high)
    ax.set_ylim(0, len(names) + 1.1)
    ax.set_yticks([])
    ax.set_xlabel(rf"$E - C_{{\min}}$ (left edge: $10^{{{np.log10(_FLOOR):.0f}}}$ or less)")
    ax.spines[["top", "right", "left"]].set_visible(False)


def _name(depth: int) -> str:
    return "product state" if depth == 0 else f"{depth} layer{'s' if depth > 1 else ''}"


def _probability(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    return f"{row['success_probability']:.2f} ({low:.2f} to {high:.2f})"


def _verdict(found: Study, epsilon: float) -> str:
    from walshqhn.vqa.statistics import best_variant

    rates = [p.estimate for p in found.success_probability(epsilon)]
    best = best_variant(found, epsilon)
    ahead = [_name(DEPTHS[v]) for v, rate in enumerate(rates) if rate == rates[best.variant]]
    if len(ahead) == len(rates):
        return f"All of them succeed equally often ({rates[0]:.2f}): here depth does not decide."
    beaten = [_name(DEPTHS[v]) for v, p in best.p_values.items() if p * len(best.p_values) < 0.05]
    behind = f"better than {' and '.join(beaten)} beyond doubt (5 %)" if beaten else "no lead is beyond doubt (5 %)"
    return f"Best: {' and '.join(ahead)}, {behind}."


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
