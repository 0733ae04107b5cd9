"""Success probability of trainings of binary logistic regression on 4x4 MNIST, N = 17, against circuit depth."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn import ExactEngine, NetworkTask, Plan, Study, load_task
from walshqhn.bits import index_to_bits
from walshqhn.circuits.spec import remake_ansatz
from walshqhn.plotting.style import COLOURS
from walshqhn.study.baselines import random_search, simulated_annealing
from walshqhn.study.statistics import outcomes, success_curve, wilson
from walshqhn.support.arrays import FloatArray
from walshqhn.training.result import RunResult

from . import common
from .averaging import bootstrap_mean
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
from .drawing import blank_figure, panel, power

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
RUNS = 200
"""Of each depth. A larger number goes on from these."""
EPSILONS = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3)
"""The 32 best networks lie within 1.1e-4 of the minimum, the others beyond 3.05e-4."""
MAIN = 1e-4
"""Epsilon of the comparisons that are drawn and quoted."""
BUDGET = 250
"""Evaluations of the control in which all depths have the same."""
_LOW, _HIGH = 1e-7, 1e-1  # energies shown


def plan(settings: Settings) -> Plan:
    """Product state and 1 to 6 layers, all with the same number of iterations at most."""
    return depth_plan(settings, DEPTHS, RUNS, ITERATIONS)


def run(settings: Settings) -> Finding:
    """Train, count, draw."""
    task = load_task("mnist-4x4", weight_values=WEIGHTS)
    cost = task.cost_table()
    found = common.study(settings, "mnist-4x4", task, plan(settings))
    names = [depth_name(depth) for depth in DEPTHS]
    accuracies = accuracy_table(task)
    reached = {name: expected(found, cost, v, accuracies) for v, name in enumerate(names)}
    best = float(accuracies[cost.argmin()])
    success = {epsilon: outcomes(found, epsilon) for epsilon in EPSILONS}
    compared = {epsilon: compare(success[epsilon], names) for epsilon in EPSILONS}
    reached_then = np.array([[after(run, BUDGET) for run in found.runs(v)] for v in range(len(DEPTHS))])
    equal = (reached_then - found.reference <= MAIN).astype(np.float64)
    works = [[run.evaluations * sub_layers(depth) for run in found.runs(v)] for v, depth in enumerate(DEPTHS)]
    numbers: dict[str, Any] = {
        "minimum": found.reference,
        "cost_deviation": float(cost.std()),
        "next_networks": cost_levels(cost)[:4],
        "runs": found.plan.runs,
        "iterations": ITERATIONS,
        "epsilons": EPSILONS,
        "test_accuracy_of_minimum": best,
        "depths": {
            name: {
                "success": [as_dict(rates_of(success[epsilon])[v]) for epsilon in EPSILONS],
                "test_accuracy": bootstrap_mean(reached[name]),
                "same_evaluations": as_dict(rates_of(equal)[v]),
                "evaluations": float(np.mean([run.evaluations for run in found.runs(v)])),
                "restarts": restarts(success[MAIN][v], works[v], float(np.mean(works[-1]))),
                "statuses": {s: sum(r.status == s for r in found.runs(v)) for s in {r.status for r in found.runs(v)}},
            }
            for v, name in enumerate(names)
        },
        "compared": compared,
        "same_evaluations": {"evaluations": BUDGET, "compared": compare(equal, names)},
        "excess_by_run": {name: found.energies(v) - found.reference for v, name in enumerate(names)},
        "test_accuracy_by_run": reached,
    }
    evaluations = round(max(at["evaluations"] for at in numbers["depths"].values()))
    numbers["classical"] = [
        search(cost, evaluations, found.plan.runs, 1).as_dict(found.reference, MAIN)
        for search in (random_search, simulated_annealing)
    ]
    runs = (
        f"{len(DEPTHS)} x {found.plan.runs} L-BFGS trainings of at most {found.plan.variants[0].search.max_iterations} "
        f"iterations, weights {WEIGHTS}, seed {found.plan.seed}; bands and bars: 95 %"
    )
    return Finding(draw(found, names, numbers), describe(numbers), runs, numbers)


def accuracy_table(task: NetworkTask) -> FloatArray:
    """Test accuracy of all networks: (2^N,)."""
    step = min(1 << 12, 1 << task.num_bits)
    starts = range(0, 1 << task.num_bits, step)
    return np.concatenate([task.accuracy(index_to_bits(np.arange(s, s + step), task.num_bits)) for s in starts])


def expected(found: Study, cost: FloatArray, variant: int, accuracies: FloatArray) -> FloatArray:
    """For every run, the mean test accuracy of the networks that its final state returns: (runs,)."""
    engine = ExactEngine(cost)
    prepared = engine.prepare(remake_ansatz(found.trainings[variant].ansatz, engine.cost))
    return np.array([prepared.probabilities(run.parameters) @ accuracies for run in found.runs(variant)])


def after(run: RunResult, evaluations: int | npt.NDArray[np.int64]) -> Any:
    """The least energy that a run has reached after so many evaluations (of values with gradients), at the latest.

    All evaluations beyond one for each iterate are taken to come first; a run that has converged stays where it is.
    """
    beyond = run.evaluations - len(run.history)
    return run.best_so_far[np.clip(np.asarray(evaluations) - beyond - 1, 0, len(run.history) - 1)]


def sub_layers(depth: int) -> int:
    """Sub-layers of gates in a circuit: what one value with its gradient takes time for."""
    return max(1, 2 * depth)


def restarts(success: FloatArray, works: list[int], budget: float) -> dict[str, float]:
    """How often the best of as many runs succeeds as a ``budget`` of work allows: 1 - (1 - p)^count."""
    count = max(1, int(budget / float(np.mean(works))))
    p = wilson(int(success.sum()), success.size)
    rate, low, high = (1 - (1 - q) ** count for q in (p.estimate, p.low, p.high))
    return {"count": count, "rate": rate, "low": low, "high": high}


def describe(numbers: dict[str, Any]) -> str:
    """What we find, in words."""
    depths, k = numbers["depths"], EPSILONS.index(MAIN)
    each = ", ".join(f"{name} {with_interval(at['success'][k])}" for name, at in depths.items())
    ahead = "; ".join(f"{epsilon:g}: {verdict(numbers['compared'][epsilon])}" for epsilon in EPSILONS)
    budget = ", ".join(f"{n} {with_interval(a['restarts'])} with {a['restarts']['count']}" for n, a in depths.items())
    same = numbers["same_evaluations"]
    alike = ", ".join(f"{name} {with_interval(at['same_evaluations'])}" for name, at in depths.items())
    accuracy = ", ".join(f"{name} {100 * at['test_accuracy'][0]:.2f} %" for name, at in depths.items())
    classical = ", ".join(
        f"{row['variant']} {row['success_probability']:.2f} ({row['interval'][0]:.2f} to {row['interval'][1]:.2f})"
        for row in numbers["classical"]
    )
    return (
        f"P(E - C_min <= {MAIN:g}): {each}. Best depth at epsilon ({TESTS}): {ahead}. With {same['evaluations']} "
        f"evaluations for all depths: {alike}; {verdict(same['compared'])}. Given the work of one run of the deepest "
        f"circuit (evaluations times sub-layers), the best of that many restarts: {budget}. Mean test accuracy of what "
        f"is measured: {accuracy}; of the best network {100 * numbers['test_accuracy_of_minimum']:.2f} %. "
        f"With as many costs looked at as a run has evaluations at most: {classical}. Four networks lie within "
        f"{numbers['next_networks'][2]:.1g} of each other, so that epsilon = 1e-06 does not tell the minimum from them."
    )


def draw(found: Study, names: list[str], numbers: dict[str, Any]) -> Any:
    """Four panels: success against epsilon, against depth, against evaluations; test accuracy."""
    figure = blank_figure(7.4, 6.0)
    axes = figure.subplots(2, 2)
    draw_curves(axes[0, 0], found, names)
    draw_depths(axes[0, 1], numbers)
    draw_evaluations(axes[1, 0], found)
    draw_accuracy(axes[1, 1], numbers)
    titles = ("success against ε", "success against depth", f"success at ε = {power(MAIN)} with equal evaluations",
              "test accuracy of what is measured")  # fmt: skip
    for ax, letter, title in zip(axes.ravel(), "abcd", titles, strict=True):
        panel(ax, letter, title)
    return figure


def draw_curves(ax: Axes, found: Study, names: list[str]) -> None:
    """P(E - C_min <= epsilon) for every depth, with intervals."""
    epsilons = np.geomspace(_LOW, _HIGH, 400)
    for v, name in enumerate(names):
        estimate, low, up = success_curve(found, v, epsilons)
        ax.plot(epsilons, estimate, color=COLOURS[v], linewidth=1.5, linestyle=DASHES[v], label=name)
        ax.fill_between(epsilons, low, up, color=COLOURS[v], alpha=0.12, linewidth=0)
    ax.set_xscale("log")
    ax.set_xlim(_LOW, _HIGH)
    ax.set_ylim(-0.02, 1.45)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_xlabel(r"$\epsilon$")
    ax.set_ylabel(r"$P(E - C_{\min} \leq \epsilon)$")
    ax.legend(frameon=False, fontsize=7, loc="upper left", handlelength=3, ncols=2)


def draw_depths(ax: Axes, numbers: dict[str, Any]) -> None:
    """Success at every epsilon against the number of layers, and with the work of the deepest circuit."""
    at = list(numbers["depths"].values())
    for k, epsilon in enumerate(EPSILONS):
        _errorbar(ax, [row["success"][k] for row in at], k, f"ε = {power(epsilon)}", "os^Dp"[k])
    _errorbar(ax, [row["restarts"] for row in at], len(EPSILONS), f"ε = {power(MAIN)}, equal work", "v")
    ax.set_xticks(DEPTHS, ["product\nstate", *map(str, DEPTHS[1:])])
    ax.set_xlabel("layers")
    ax.set_ylabel("probability of success")
    ax.set_ylim(-0.02, 1.45)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.legend(frameon=False, fontsize=7, ncols=2, loc="upper left")


def _errorbar(ax: Axes, rows: list[dict[str, float]], k: int, label: str, marker: str) -> None:
    y, low, high = (np.array([row[key] for row in rows]) for key in ("rate", "low", "high"))
    ax.errorbar(np.array(DEPTHS) + 0.07 * (k - 2), y, [y - low, high - y], color=COLOURS[k + 1], marker=marker,
                linestyle=DASHES[k], linewidth=1.2, markersize=4, capsize=2, label=label)  # fmt: skip


def draw_evaluations(ax: Axes, found: Study) -> None:
    """Share of runs within `MAIN` of the minimum after as many evaluations."""
    last = max(run.evaluations for v in range(len(DEPTHS)) for run in found.runs(v))
    evaluations = np.arange(1, min(last, BUDGET) + 1)
    for v in range(len(DEPTHS)):
        energies = np.array([after(run, evaluations) for run in found.runs(v)])
        share = (energies - found.reference <= MAIN).mean(axis=0)
        ax.plot(evaluations, share, color=COLOURS[v], linewidth=1.5, linestyle=DASHES[v], label=depth_name(DEPTHS[v]))
    ax.set_xlim(left=0)
    ax.set_ylim(-0.02, 1.45)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_xlabel("evaluations of $E$ and its gradient")
    ax.set_ylabel(rf"share of runs with $E - C_{{\min}} \leq$ {power(MAIN)}")
    ax.legend(frameon=False, fontsize=7, loc="upper left", handlelength=3, ncols=2)


def draw_accuracy(ax: Axes, numbers: dict[str, Any]) -> None:
    """Every run's test accuracy, and the mean of each depth."""
    rng = np.random.default_rng(0)  # for the sideways scatter of the points
    for k, (name, values) in enumerate(numbers["test_accuracy_by_run"].items()):
        x = k + rng.uniform(-0.25, 0.25, len(values))
        ax.plot(x, 100 * np.asarray(values), ".", color=COLOURS[k], markersize=3, alpha=0.6)
        mean = 100 * numbers["depths"][name]["test_accuracy"][0]
        ax.plot([k - 0.35, k + 0.35], [mean, mean], color="black", linewidth=1.5, label=None if k else "mean")
    ax.axhline(100 * numbers["test_accuracy_of_minimum"], color="#6E6E6E", linewidth=0.8, linestyle=":",
               label="network of least cost")  # fmt: skip
    ax.set_xticks(range(len(DEPTHS)), ["product\nstate", *map(str, DEPTHS[1:])])
    ax.set_xlabel("layers")
    ax.set_ylabel("mean test accuracy of a run (%)")
    ax.legend(frameon=False, fontsize=7, loc="center right")


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
