"""Success probability of trainings on the Gaussian mixture against circuit depth, and what the networks decide."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn import ExactEngine, Study, load_task
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import bits_to_label, index_to_bits
from walshqhn.circuits.spec import remake_ansatz
from walshqhn.plotting.style import COLOURS
from walshqhn.study.statistics import outcomes, wilson
from walshqhn.support.arrays import FloatArray

from . import common
from .common import Finding, Settings
from .depths import (
    DASHES,
    TESTS,
    compare,
    cost_levels,
    depth_name,
    depth_plan,
    rates_of,
    verdict,
    with_interval,
)
from .drawing import blank_figure, panel

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
EPSILONS = (1e-3, 0.01, WIDE, 0.05)
_LEAST_SHARE = 1e-6  # networks measured less often do not count for the ensemble


@dataclass(frozen=True)
class Ensemble:
    """Networks, and how often they are measured."""

    bits: npt.NDArray[np.uint8]
    """(M, N)"""
    shares: npt.NDArray[np.float64]
    """(M,), sum 1."""


@dataclass(frozen=True)
class Trained:
    """The trainings of one task, on several draws of its data."""

    tasks: list[NetworkTask]
    costs: list[FloatArray]
    studies: list[Study]

    @property
    def gaps(self) -> list[float]:
        """From the minimum to the next network, of every draw."""
        return [float(cost_levels(cost)[0]) for cost in self.costs]

    def excess(self, variant: int) -> FloatArray:
        """E - C_min of all runs: (draws, runs)."""
        return np.array([study.energies(variant) - study.reference for study in self.studies])

    def outcomes(self, epsilons: Sequence[float]) -> FloatArray:
        """Success of all runs within the epsilon of their draw, one draw after the other: (depths, draws * runs)."""
        return np.concatenate([outcomes(s, e) for s, e in zip(self.studies, epsilons, strict=True)], axis=1)


def depths(settings: Settings) -> tuple[int, ...]:
    """Layers of the circuits; 0 stands for the product state."""
    return settings.pick((0, 1, 2, 3, 4, 6, 8), (0, 1))


def trainings(settings: Settings, name: str) -> Trained:
    """40 runs of each depth on each of 5 draws of the data."""
    draws, runs = range(settings.pick(5, 2)), settings.pick(40, 2)
    tasks = [load_task(name, seed=draw) for draw in draws]
    studies = [
        common.study(settings, f"{name}-{draw}", task, depth_plan(settings, depths(settings), runs, 300, seed=1 + draw))
        for draw, task in zip(draws, tasks, strict=True)
    ]
    return Trained(tasks, [task.cost_table() for task in tasks], studies)


def run(settings: Settings) -> Finding:
    """Train, count, draw."""
    names = [depth_name(depth) for depth in depths(settings)]
    figure = blank_figure(7.4, 6.0)
    axes = figure.subplots(2, 3)
    numbers: dict[str, Any] = {}
    for k, (name, label) in enumerate(TASKS.items()):
        found = trainings(settings, name)
        numbers[name] = count(found, names)
        draw_curves(axes[0, k], [found.excess(v).ravel() for v in range(len(names))], names, found.gaps)
        panel(axes[0, k], "abc"[k], f"{label}, $N$ = {found.tasks[0].num_bits}", 8)
    axes[0, 0].set_ylabel(r"$P(E - C_{\min} \leq \epsilon)$")

    draw_depths(axes[1, 0], numbers, depths(settings))
    panel(axes[1, 0], "d", "probability of success")
    task, cost, study = found.tasks[0], found.costs[0], found.studies[0]
    best = Ensemble(index_to_bits(np.array([int(cost.argmin())]), task.num_bits), np.ones(1))
    chosen = names.index(numbers[name]["compared"]["best"])
    whole = measured(study, cost, chosen)
    numbers["regions"] = {"best": accuracy(task, best), "measured": accuracy(task, whole), "networks": len(whole.bits),
                          "circuit": names[chosen], "best_network": bits_to_label(best.bits[0])}  # fmt: skip
    for ax, ensemble, letter, text in (
        (axes[1, 1], best, "e", "best network"), (axes[1, 2], whole, "f", f"mean of {study.plan.runs} states"),
    ):  # fmt: skip
        draw_regions(ax, task, ensemble)
        panel(ax, letter, text)
    runs = (
        f"{len(TASKS)} tasks x {len(found.studies)} draws of the data x {len(names)} depths x {study.plan.runs} L-BFGS "
        "trainings of at most 300 iterations; bands and bars: 95 % Wilson intervals of all runs"
    )
    return Finding(figure, describe(numbers), runs, numbers)


def count(found: Trained, names: list[str]) -> dict[str, Any]:
    """How often each depth succeeds at each epsilon, over all draws and on each."""
    draws = len(found.gaps)
    at = {"half the gap": [gap / 2 for gap in found.gaps]} | {f"{e:g}": [e] * draws for e in EPSILONS}
    won = {what: found.outcomes(epsilons) for what, epsilons in at.items()}
    labels = found.studies[0].plan.labels
    rows = {
        what: [
            {"variant": label, "runs": p.count, "success_probability": p.estimate, "interval": [p.low, p.high],
             "by_draw": row.reshape(draws, -1).mean(axis=1)}
            for label, p, row in zip(labels, rates_of(outcome), outcome, strict=True)
        ]
        for what, outcome in won.items()
    }  # fmt: skip
    return {
        "gaps": found.gaps,
        "cost_deviations": [float(cost.std()) for cost in found.costs],
        "minima": [study.reference for study in found.studies],
        "rows": rows["half the gap"],
        "wide_rows": rows[f"{WIDE:g}"],
        "by_epsilon": rows,
        "compared": compare(won["half the gap"], names),
        "wide_compared": compare(won[f"{WIDE:g}"], names),
        "excess_by_draw_and_run": {name: found.excess(v) for v, name in enumerate(names)},
    }


def describe(numbers: dict[str, Any]) -> str:
    """What we find, in words."""

    def each(name: str) -> str:
        rows = zip(numbers[name]["excess_by_draw_and_run"], numbers[name]["rows"], strict=True)
        parts = []
        for depth, row in rows:
            low, high = row["interval"]
            parts.append(f"{depth} {with_interval({'rate': row['success_probability'], 'low': low, 'high': high})}")
        return f"{TASKS[name]}: {', '.join(parts)}"

    regions = numbers["regions"]
    names = list(numbers["gaussian"]["excess_by_draw_and_run"])
    certain = [name for name in TASKS if not numbers[name]["compared"]["not_of"]]
    between = [name for name in certain if numbers[name]["compared"]["best"] in names[1:-1]]
    return (
        f"P(E - C_min <= half the gap to the next network): {'. '.join(map(each, TASKS))}. Best depth ({TESTS}): "
        + "; ".join(f"{TASKS[name]}: {verdict(numbers[name]['compared'])}" for name in TASKS)
        + f". One depth is ahead of all others in {len(certain)} of {len(TASKS)} tasks, a depth between the shallowest "
        f"and the deepest in {len(between)}. It depends on epsilon; at {WIDE}, where the next network counts too: "
        + "; ".join(f"{TASKS[name]}: {verdict(numbers[name]['wide_compared'])}" for name in TASKS)
        + f". On test data of the first draw the best network of the last task is right in {regions['best']:.1%} of "
        f"the cases, the mean prediction of everything that its {regions['circuit']} trainings return in "
        f"{regions['measured']:.1%}."
    )


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


def draw_curves(ax: Axes, excess: list[FloatArray], names: list[str], gaps: list[float]) -> None:
    """P(E - C_min <= epsilon) over all draws for every depth, with intervals, and the gaps of the draws."""
    epsilons = np.geomspace(_LOW, _HIGH, 400)
    for v, values in enumerate(excess):
        reached = [wilson(int((values <= epsilon).sum()), values.size) for epsilon in epsilons]
        colour, dash = COLOURS[v], DASHES[v % len(DASHES)]
        ax.plot(epsilons, [p.estimate for p in reached], color=colour, linewidth=1.4, linestyle=dash, label=names[v])
        ax.fill_between(epsilons, [p.low for p in reached], [p.high for p in reached], color=colour, alpha=0.12,
                        linewidth=0)  # fmt: skip
    for k, gap in enumerate(gaps):
        ax.axvline(gap, color="#6E6E6E", linewidth=0.6, linestyle=":", label=None if k else "next network")
    ax.legend(frameon=False, fontsize=6.5, loc="upper left", handlelength=2.5, labelspacing=0.2)
    ax.set_xscale("log")
    ax.set_xlim(_LOW, _HIGH)
    ax.set_ylim(-0.02, 1.04)
    ax.set_xlabel(r"$\epsilon$")


def draw_depths(ax: Axes, numbers: dict[str, Any], layers: tuple[int, ...]) -> None:
    """Success at half the gap against the number of layers, a line for each task; points: single draws."""
    for k, (name, label) in enumerate(TASKS.items()):
        rows = numbers[name]["rows"]
        p = np.array([row["success_probability"] for row in rows])
        low, up = np.array([row["interval"] for row in rows]).T
        x = np.array(layers) + 0.06 * (k - 1)
        ax.errorbar(x, p, [p - low, up - p], color=COLOURS[k + 1], linestyle=DASHES[k], marker="os^"[k], markersize=4,
                    linewidth=1.2, capsize=2, label=label)  # fmt: skip
        ax.plot(x, [row["by_draw"] for row in rows], ".", color=COLOURS[k + 1], markersize=2.5, alpha=0.6)
    ax.set_xticks(layers)
    ax.set_xlim(-0.4, layers[-1] + 0.4)
    ax.set_ylim(-0.02, 1.35)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_xlabel("layers (0: product state)")
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
