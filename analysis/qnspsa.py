"""MNIST at 8x8 pixels as in the paper's later version: 66 qubits, matrix product states, QN-SPSA with blocking.

Every fifth state is measured anew, so that the choice of steps does not flatter what is shown. Beside it stand exact
gradients and classical methods, all judged by the same cost: that of all training images.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn import (
    LinearAnsatz,
    MPSEngine,
    ProductAnsatz,
    ProductEngine,
    load_task,
    low_degree_hamiltonian,
    train,
)
from walshqhn.binn.task import NetworkTask
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.engines.base import Engine, Evaluation, Prepared
from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE
from walshqhn.study.baselines import one_flip_descent, simulated_annealing, straight_through
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.training.result import TAIL_FRACTIONS

from . import common
from .common import Finding, Settings, kept
from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "8x8 MNIST by QN-SPSA on matrix product states"
CLAIM = (
    "In its later version: a linear circuit of 2 layers on 66 qubits, a matrix product state, learns 8x8 images of 0 "
    "and 1 by QN-SPSA with blocking from shots, together with a bit that chooses the output's activation."
)
OPTIMIZER = "QN-SPSA:learning_rate=0.01"
"""Blocking is its default; at the default rate, 0.05, it stalls early."""
THIS = sys.modules[__name__]
FRACTIONS = (1.0, *TAIL_FRACTIONS)
"""Of the shots, cheapest first, whose accuracies are averaged."""
_COLOURS = {1.0: GREY, 0.01: BLUE, 0.05: GREEN, 0.1: ORANGE}
_ACTIVATIONS = {"sigmoid": BLUE, "tanh": ORANGE}
_FLIPS = 30
"""Of each bit, which descents and annealings on the full cost may try."""


def run(settings: Settings) -> Finding:
    """The paper's two panels, and what other methods find."""
    task = load_task("mnist-8x8", num_samples=settings.pick(None, 200))
    runs, shots, iterations = settings.pick((1, 500, 600), (1, 100, 15))
    trainings = []
    for k in range(runs):
        trainings.append(kept(settings, THIS, f"training {k}", partial(by_shots, task, k, shots, iterations, settings)))
        final = trainings[-1]
        common.say(f"run {k}: E = {final['energy']:.4f}, best network {final['cost']:.4f}, {final['accuracy']:.4f}")
    methods: dict[str, Any] = {"QN-SPSA, shots": {
        key: [one[key] for one in trainings] for key in ("cost", "accuracy", "energy", "mean_accuracy", "seconds")
    } | {"evaluations": trainings[0]["evaluations"]}}  # fmt: skip
    methods |= kept(settings, THIS, "others", partial(others, task, settings))
    first = min(trainings, key=lambda one: one["energy"])
    figure = blank_figure(9.6, 3.3)
    axes = figure.subplots(1, 3, width_ratios=(1.2, 0.9, 1))
    draw_training(axes[0], first)
    panel(axes[0], "a", "QN-SPSA, 66 qubits, 2 layers")
    draw_histogram(axes[1], first["final"])
    panel(axes[1], "b", "its last state, measured")
    draw_methods(axes[2], methods)
    panel(axes[2], "c", "the best network of each run")
    text = (
        f"{len(task.data.train):,} images of 0 and 1; {iterations} iterations of QN-SPSA, {shots} shots a value; "
        "circuits with exact gradients and classical methods: 5 runs each"
    )
    numbers = {"trainings": trainings, "methods": methods, "drawn": trainings.index(first), "shots": shots}
    return Finding(figure, describe(numbers), text, numbers)


def by_shots(task: NetworkTask, seed: int, shots: int, iterations: int, settings: Settings) -> dict[str, Any]:
    """A training by QN-SPSA; goes on where it was interrupted."""
    ansatz, engine = LinearAnsatz(task.num_bits, 2), MPSEngine(task, shots=shots)
    angles: list[FloatArray] = []

    def record(k: int, now: Evaluation) -> None:
        angles.append(now.parameters)
        if len(angles) % 50 == 0:
            common.say(f"seed {seed}: {len(angles)} iterations, E = {now.value:.3f}")

    start = time.process_time()
    result = train(ansatz, engine, runs=1, seed=seed, optimizer=OPTIMIZER, max_iterations=iterations, callback=record,
                   task=task, journal=settings.studies / "qnspsa-journal")  # fmt: skip
    seconds = time.process_time() - start
    (found,) = result.runs
    angles = angles[-len(found.history) :]  # a record that was outdated began anew
    accepted = [False] + [not np.array_equal(a, b) for a, b in zip(angles[1:], angles, strict=False)]
    rng, prepared = np.random.default_rng(seed), engine.prepare(ansatz)
    shown = np.arange(0, len(angles), settings.pick(5, 1))
    curves = [accuracies(task, prepared.sample(angles[k], shots, rng)) for k in shown]
    last = prepared.sample(angles[-1], 4 * shots, rng)
    right = task.accuracy(last)
    return {
        "history": found.history, "errors": found.standard_errors, "accepted": accepted, "shown": shown,
        "accuracies": curves,
        "final": {name: right[last[:, -1] == k] for k, name in enumerate(_ACTIVATIONS)}, "status": found.message,
        "cost": found.best_cost, "accuracy": result.accuracies["test"], "energy": task.costs(last).mean(),
        "mean_accuracy": right.mean(), "seconds": seconds, "evaluations": found.evaluations * shots,
    }  # fmt: skip


def accuracies(task: NetworkTask, bits: BitArray) -> list[float]:
    """Mean test accuracy of all networks ``bits`` (M, N), and of the cheapest `FRACTIONS` of them."""
    right = task.accuracy(bits)[task.costs(bits).argsort(kind="stable")]
    return [float(right[: max(1, round(fraction * len(bits)))].mean()) for fraction in FRACTIONS]


def others(task: NetworkTask, settings: Settings) -> dict[str, dict[str, Any]]:
    """What other methods find: full costs and test accuracies of the best networks, and of states where there are."""
    n, runs = task.num_bits, settings.pick(5, 2)
    hamiltonian = low_degree_hamiltonian(task, 2)
    sampled = MPSEngine(task, shots=settings.pick(2000, 100))
    found = {}

    def circuit(ansatz: Ansatz, engine: Engine, limit: int) -> tuple[BitArray, dict[str, Any]]:
        result = train(ansatz, engine, runs=runs, seed=1, max_iterations=limit)
        states = [measured(task, sampled.prepare(ansatz), run.parameters, sampled.shots or 1) for run in result.runs]
        bits = np.stack([run.best_bits for run in result.runs])
        return bits, {key: [state[key] for state in states] for key in states[0]} | {
            "evaluations": result.evaluations // runs
        }

    def baseline(method: Callable[..., Any], *arguments: Any) -> tuple[BitArray, dict[str, Any]]:
        result = method(*arguments, runs, 1)
        return result.bits, {"evaluations": result.evaluations}

    flips = settings.pick(_FLIPS, 1) * n
    for name, make in {
        "exact gradients, degree 2": partial(
            circuit, LinearAnsatz(n, 2), MPSEngine(hamiltonian), settings.pick(300, 10)
        ),
        "product state, exact gradients": partial(
            circuit, ProductAnsatz(n), ProductEngine(task), settings.pick(60, 10)
        ),
        "annealing": partial(baseline, simulated_annealing, task, flips),
        "annealing, degree 2": partial(baseline, simulated_annealing, hamiltonian, 200 * n),
        "1-flip descent": partial(baseline, one_flip_descent, task, flips),
        "1-flip descent, degree 2": partial(baseline, one_flip_descent, hamiltonian, 200 * n),
        "straight-through": partial(baseline, straight_through, task, settings.pick(1000, 20)),
    }.items():
        start = time.process_time()
        bits, more = make()
        seconds = (time.process_time() - start) / runs
        found[name] = {"cost": task.costs(bits), "accuracy": task.accuracy(bits), "seconds": seconds} | more
        common.say(f"{name}: costs {found[name]['cost']}, accuracies {found[name]['accuracy']}")
    return found


def measured(task: NetworkTask, prepared: Prepared, angles: FloatArray, shots: int) -> dict[str, float]:
    """Mean full cost and mean test accuracy of the networks of a state."""
    bits = prepared.sample(angles, shots, 0)
    return {"energy": float(task.costs(bits).mean()), "mean_accuracy": float(task.accuracy(bits).mean())}


def describe(numbers: dict[str, Any]) -> str:
    """What the training reaches, and who wins."""
    one = numbers["trainings"][numbers["drawn"]]
    start, end, steps = one["accuracies"][0], one["accuracies"][-1], one["accepted"]
    parts = [
        f"{'all' if f == 1 else f'the cheapest {100 * f:g} %'} {100 * a:.1f} % -> {100 * b:.1f} %"
        for f, a, b in zip(FRACTIONS, start, end, strict=True)
    ]
    counts = [len(one["final"][name]) for name in _ACTIVATIONS]
    sentences = [
        f"{sum(steps)} of {len(steps) - 1} steps are accepted; E: {one['history'][0]:.3f} -> {one['energy']:.3f}.",
        f"Test accuracy of the networks measured, first and last: {', '.join(parts)}.",
        f"In the last state sigmoid is measured {counts[0]} times, tanh {counts[1]} times.",
    ]
    ranked = sorted(numbers["methods"].items(), key=lambda item: min(item[1]["cost"]))
    parts = [
        f"{name} {min(at['cost']):.5f} (test {100 * at['accuracy'][int(np.argmin(at['cost']))]:.2f} %, "
        f"{at['evaluations']:,} evaluations a run)"
        for name, at in ranked
    ]
    sentences.append(f"Least training cost of a network, best run: {'; '.join(parts)}.")
    return " ".join(sentences)


def draw_training(ax: Axes, one: dict[str, Any]) -> None:
    """Accuracies against iterations, accepted steps as dots; the cost as an inset."""
    curves, accepted, shown = 100 * np.array(one["accuracies"]), np.flatnonzero(one["accepted"]), one["shown"]
    for fraction, values in zip(FRACTIONS, curves.T, strict=True):
        label = "all shots" if fraction == 1 else f"cheapest {100 * fraction:g} %"
        ax.plot(shown, values, color=_COLOURS[fraction], linewidth=1, label=label)
        if fraction == 1:
            ax.plot(
                accepted,
                np.interp(accepted, shown, values),
                ".",
                color=_COLOURS[fraction],
                markersize=2.5,
                label="accepted step",
            )
    ax.set_xlabel("iterations")
    ax.set_ylabel("test accuracy (%)")
    ax.set_ylim(40, 101)
    inset = ax.inset_axes((0.58, 0.1, 0.4, 0.32))
    inset.plot(one["history"], color="black", linewidth=0.8)
    inset.set_title("mean cost E", fontsize=7)
    inset.tick_params(labelsize=6.5)
    inset.set_ylim(0)
    ax.legend(fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0.12, 0.0))


def draw_histogram(ax: Axes, final: dict[str, list[float]]) -> None:
    """How many networks have which test accuracy, for both values of the activation qubit."""
    low = min(min(values, default=1.0) for values in final.values())
    bins, highest = np.linspace(100 * low, 100, 31), 0.0
    for name, values in final.items():
        counts = np.histogram(100 * np.array(values), bins)[0]
        label, highest = f"{name}: {len(values):,} shots", max(highest, counts.max())
        ax.stairs(counts, bins, fill=True, color=_ACTIVATIONS[name], alpha=0.6, label=label)
    ax.set_ylim(0, 1.35 * highest)
    ax.set_xlabel("test accuracy (%)")
    ax.set_ylabel("networks measured")
    ax.legend(fontsize=7, frameon=False, loc="upper left", title="activation qubit", title_fontsize=7)


def draw_methods(ax: Axes, methods: dict[str, Any]) -> None:
    """Full training cost of the best network of each run."""
    for k, at in enumerate(methods.values()):
        ax.plot(at["cost"], np.full(len(at["cost"]), k), "o", color=BLUE if k < 3 else GREY, markersize=4.5, alpha=0.6)
    ax.set_yticks(range(len(methods)), [name.replace(", ", ",\n") for name in methods], fontsize=7)
    ax.invert_yaxis()
    ax.set_xlabel("cost on all training images")


if __name__ == "__main__":
    sys.exit(common.main(THIS))
