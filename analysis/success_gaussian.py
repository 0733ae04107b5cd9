"""Success probability of trainings on the Gaussian mixture against circuit depth, and what the networks decide."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn import ExactEngine, Study, load_task
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import bits_to_label, index_to_bits
from walshqhn.circuits.spec import remake_ansatz
from walshqhn.plotting.style import COLOURS
from walshqhn.study.statistics import outcomes, success_curve, summary_rows

from . import common
from .common import Finding, Settings
from .depths import (
    DASHES,
    TESTS,
    as_dict,
    compare,
    cost_levels,
    depth_name,
    depth_plan,
    rates_of,
    verdict,
    with_interval,
)
from .drawing import blank_figure, panel, spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Success probability: two-dimensional Gaussian mixture, with a search over architectures"
CLAIM = (
    "Weights, activation and hidden width are found together with high probability, and an optimal circuit depth "
    "maximizes the probability of finding networks that perform well."
)
TASKS = {
    "gaussian": "weights, biases",
    "gaussian-activation": "+ activation",
    "gaussian-width": "+ activation, width",
}
_LOW, _HIGH = 1e-6, 0.3  # energies shown
WIDE = 0.02
"""Epsilon beyond the next network of every task."""
_LEAST_SHARE = 1e-6  # networks measured less often do not count for the ensemble


@dataclass(frozen=True)
class Ensemble:
    """Networks, and how often they are measured."""

    bits: npt.NDArray[np.uint8]
    """(M, N)"""
    shares: npt.NDArray[np.float64]
    """(M,), sum 1."""


def depths(settings: Settings) -> tuple[int, ...]:
    """Layers of the circuits; 0 stands for the product state."""
    return settings.pick((0, 1, 2, 3, 4), (0, 1))


def run(settings: Settings) -> Finding:
    """Train, count, draw."""
    names = [depth_name(depth) for depth in depths(settings)]
    figure = blank_figure(7.4, 6.0)
    axes = figure.subplots(2, 3)
    numbers: dict[str, Any] = {}
    sentences = []
    for k, (name, label) in enumerate(TASKS.items()):
        task = load_task(name)
        cost = task.cost_table()
        found = common.study(settings, name, task, depth_plan(settings, depths(settings)))
        gap = float(cost_levels(cost)[0])
        narrow, wide = (outcomes(found, epsilon) for epsilon in (gap / 2, WIDE))
        draw_curves(axes[0, k], found, names, gap)
        panel(axes[0, k], "abc"[k], f"{label}, $N$ = {task.num_bits}", 8)
        numbers[name] = {
            "minimum": found.reference, "gap": gap, "rows": summary_rows(found, gap / 2),
            "wide_rows": summary_rows(found, WIDE), "compared": compare(narrow, names),
            "wide_compared": compare(wide, names),
            "excess_by_run": {n: found.energies(v) - found.reference for v, n in enumerate(names)},
        }  # fmt: skip
        each = zip(names, rates_of(narrow), strict=True)
        sentences.append(f"{label}: " + ", ".join(f"{n} {with_interval(as_dict(p))}" for n, p in each))
    axes[0, 0].set_ylabel(r"$P(E - C_{\min} \leq \epsilon)$")

    draw_depths(axes[1, 0], numbers, depths(settings))
    panel(axes[1, 0], "d", "probability of success")
    best = Ensemble(index_to_bits(np.array([int(cost.argmin())]), task.num_bits), np.ones(1))
    chosen = int(np.argmax([p.estimate for p in rates_of(narrow)]))
    whole = measured(found, cost, chosen)
    numbers["regions"] = regions = {"best": accuracy(task, best), "measured": accuracy(task, whole),
                                    "networks": len(whole.bits), "circuit": names[chosen],
                                    "best_network": bits_to_label(best.bits[0])}  # fmt: skip
    for ax, ensemble, letter, text in (
        (axes[1, 1], best, "e", "best network"), (axes[1, 2], whole, "f", f"mean of {found.plan.runs} states"),
    ):  # fmt: skip
        draw_regions(ax, task, ensemble)
        panel(ax, letter, text)
    certain = [name for name in TASKS if not numbers[name]["compared"]["not_of"]]
    between = [name for name in certain if numbers[name]["compared"]["best"] in names[1:-1]]
    at_best = [max(row["success_probability"] for row in numbers[name]["rows"]) for name in TASKS]
    less = ", which is less than we read there" if min(at_best) < 0.5 else ""
    text = (
        f"P(E - C_min <= half the gap to the next network). {'. '.join(sentences)}. Best depth "
        f"({TESTS}): "
        + "; ".join(f"{TASKS[name]}: {verdict(numbers[name]['compared'])}" for name in TASKS)
        + f". One depth is ahead of all others in {len(certain)} of {len(TASKS)} tasks, a depth between the shallowest "
        f"and the deepest in {len(between)}. It depends on epsilon; at {WIDE}, where the next network counts too: "
        + "; ".join(f"{TASKS[name]}: {verdict(numbers[name]['wide_compared'])}" for name in TASKS)
        + ". The best network itself is returned by "
        f"{' / '.join(f'{rate:.2f}' for rate in at_best)} at the best depth{less}. On test data the best "
        f"network of the last task is right in {regions['best']:.1%} of the cases, the mean "
        f"prediction of everything that its {found.plan.runs} {regions['circuit']} trainings return in "
        f"{regions['measured']:.1%}."
    )
    runs = (
        f"{len(TASKS)} x {len(names)} x {found.plan.runs} L-BFGS trainings, seed {found.plan.seed}; "
        "bands and bars: 95 % Wilson intervals"
    )
    return Finding(figure, text, runs, numbers)


def measured(found: Study, cost: npt.NDArray[np.float64], variant: int) -> Ensemble:
    """Everything that the final states of all runs of a variant return, each run counting alike."""
    engine, total = ExactEngine(cost), np.zeros(cost.size)
    prepared = engine.prepare(remake_ansatz(found.trainings[variant].ansatz, engine.cost))
    for training in found.runs(variant):
        total += prepared.probabilities(training.parameters)
    shares = total / total.sum()
    kept = np.flatnonzero(shares > _LEAST_SHARE)
    return Ensemble(index_to_bits(kept, found.num_qubits), shares[kept] / shares[kept].sum())


def mean_prediction(task: NetworkTask, ensemble: Ensemble, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probability of class 1 at samples (S, 2), averaged over the ensemble: (S,)."""
    total = np.zeros(len(x))
    for start in range(0, len(ensemble.bits), 64):
        part = slice(start, start + 64)
        total += ensemble.shares[part] @ task.predict(ensemble.bits[part], x)[:, :, 1]
    return total


def accuracy(task: NetworkTask, ensemble: Ensemble) -> float:
    """Share of the test samples that the mean prediction puts in their class."""
    assert task.data.test is not None
    return float(((mean_prediction(task, ensemble, task.data.test.x) > 0.5) == task.data.test.y).mean())


def draw_curves(ax: Axes, found: Study, names: list[str], gap: float) -> None:
    """P(E - C_min <= epsilon) for every variant, with intervals; names in the order of the plateaus before the gap."""
    epsilons = np.geomspace(_LOW, _HIGH, 500)
    curves = [success_curve(found, v, epsilons) for v in range(len(names))]
    at = int(np.searchsorted(epsilons, 1e-4))
    heights = spread([curve[0][at] for curve in curves], 0.075)
    top, bottom = max(curve[2][at] for curve in curves), min(curve[1][at] for curve in curves)
    above = top + 0.06 + np.ptp(heights) < 1
    heights += top + 0.06 - heights.min() if above else bottom - 0.06 - heights.max()
    for v, (estimate, low, up) in enumerate(curves):
        ax.plot(epsilons, estimate, color=COLOURS[v], linewidth=1.4, linestyle=DASHES[v % len(DASHES)])
        ax.fill_between(epsilons, low, up, color=COLOURS[v], alpha=0.15, linewidth=0)
        ax.text(_LOW * 1.3, heights[v], names[v], fontsize=7.5, color=COLOURS[v], va="center")
    ax.axvline(gap, color="#6E6E6E", linewidth=0.8, linestyle=":")
    ax.text(gap * 0.8, 0.98, "next network", fontsize=7, color="#6E6E6E", rotation=90, ha="right", va="top")
    ax.set_xscale("log")
    ax.set_xlim(_LOW, _HIGH)
    ax.set_ylim(-0.02, 1.04)
    ax.set_xlabel(r"$\epsilon$")


def draw_depths(ax: Axes, numbers: dict[str, Any], layers: tuple[int, ...]) -> None:
    """Success at half the gap against the number of layers, a line for each task."""
    for k, (name, label) in enumerate(TASKS.items()):
        rows = numbers[name]["rows"]
        p = np.array([row["success_probability"] for row in rows])
        low, up = np.array([row["interval"] for row in rows]).T
        x = np.array(layers) + 0.06 * (k - 1)
        ax.errorbar(x, p, [p - low, up - p], color=COLOURS[k + 1], linestyle=DASHES[k], marker="os^"[k], markersize=4,
                    linewidth=1.2, capsize=2, label=label)  # fmt: skip
    ax.set_xticks(layers, ["product\nstate" if depth == 0 else str(depth) for depth in layers], fontsize=8)
    ax.set_xlim(-0.4, layers[-1] + 0.4)
    ax.set_ylim(-0.02, 1.35)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_xlabel("layers")
    ax.set_ylabel(r"$P(E - C_{\min} \leq$ half the gap)")
    ax.legend(fontsize=7, frameon=False, loc="upper left", handlelength=3)


def draw_regions(ax: Axes, task: NetworkTask, ensemble: Ensemble) -> None:
    """Mean prediction in the plane, the line where it is undecided, and test samples of both classes."""
    assert task.data.test is not None
    x, y = task.data.test.x[:400], task.data.test.y[:400]
    low, up = x.min(axis=0) - 0.5, x.max(axis=0) + np.array([0.5, 1.5])  # above: room for the legend
    grid = [np.linspace(a, b, 120) for a, b in zip(low, up, strict=True)]
    points = np.stack(np.meshgrid(*grid), axis=-1).reshape(-1, 2)
    values = mean_prediction(task, ensemble, points).reshape(120, 120)
    image = ax.contourf(*grid, values, levels=np.linspace(0, 1, 11), cmap="PuOr_r", alpha=0.55)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, pad=0.02, ticks=[0, 0.5, 1])
    bar.set_label("mean $P$(class 1)", fontsize=7.5)
    bar.ax.tick_params(labelsize=6.5)
    ax.contour(*grid, values, levels=[0.5], colors="black", linewidths=1)
    for kind, marker in ((0, "o"), (1, "^")):
        ax.plot(*x[y == kind].T, marker, markersize=2.4, color="black", markerfacecolor="white" if kind else "black",
                markeredgewidth=0.4, label=f"class {kind}")  # fmt: skip
    ax.set_xlabel("$x_1$")
    ax.set_ylabel("$x_2$", labelpad=0)
    ax.set_aspect("equal")
    ax.legend(fontsize=7, frameon=False, loc="upper center", ncols=2, handletextpad=0.1, columnspacing=1.2)


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
