"""QAOA from starts that know what QAOA is: linear ramps, and depth by depth (INTERP), against random ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, TrainingResult, load_task, train
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.support.arrays import FloatArray

from . import common
from .averaging import bootstrap_mean
from .common import Finding, Settings
from .depths import depth_name
from .drawing import blank_figure, panel
from .qaoa_figure import STYLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "QAOA with a fair start"
CLAIM = (
    "The paper trains the linear circuit only. QAOA from random angles is a straw man; here it starts as its "
    "literature has it: from linear ramps (an adiabatic passage), and depth by depth by interpolation (INTERP, "
    "Zhou et al., Phys. Rev. X 10, 021067 (2020))."
)
SEED = 11
RANDOM, WIDE, RAMP, RAMP_ONLY, INTERP = (
    "random, as `QAOAAnsatz` starts", "random, all of β", "linear ramp, trained", "linear ramp, not trained",
    "INTERP",
)  # fmt: skip
_SAME = 1e-9  # of the range of C


def random_everywhere(layers: int, spread: float, rng: np.random.Generator) -> FloatArray:
    """gamma uniform in [0, 2 / standard deviation of C), beta in its whole period, [-pi / 2, pi / 2)."""
    return np.concatenate([rng.uniform(0, 2 / spread, layers), rng.uniform(-np.pi / 2, np.pi / 2, layers)])


def ramp(layers: int, spread: float, rng: np.random.Generator) -> FloatArray:
    """gamma rises from 0 while |beta| falls to 0, both linearly, with random slopes.

    |+>^N is the highest state of sum X_j, so beta has to be negative for the passage to end in the lowest of C.
    """
    x = (np.arange(layers) + 0.5) / layers
    gamma, beta = rng.uniform((0.5, 0.2), (3.0, 0.8))
    return np.concatenate([gamma / spread * x, -beta * (1 - x)])


def interpolate(angles: FloatArray) -> FloatArray:
    """Angles of p + 1 layers from those of p: (2 p,) to (2 p + 2,), Zhou et al., eq. (B1)."""

    def longer(values: FloatArray) -> FloatArray:
        p = len(values)
        k = np.arange(p + 1)
        return k / p * np.concatenate([[0.0], values]) + (p - k) / p * np.concatenate([values, [0.0]])

    return np.concatenate([longer(half) for half in np.split(angles, 2)])


def run(settings: Settings) -> Finding:
    """Start, train, measure, draw."""
    task = load_task("gaussian", **settings.pick({}, {"hidden": 2}))
    cost = task.cost_table()
    engine, spread = ExactEngine(cost, threads=settings.workers), float(cost.std())
    depths, runs = settings.pick((1, 2, 4, 8, 13), (1, 2, 3)), settings.pick(20, 2)
    limit = settings.pick(300, 15)
    minima = cost <= cost.min() + _SAME * np.ptp(cost)

    def facts(ansatz: Ansatz, points: list[FloatArray], evaluations: float) -> dict[str, Any]:
        prepared = engine.prepare(ansatz)
        found = [prepared.probabilities(angles) for angles in points]
        excess = np.array([(p @ cost - cost.min()) / spread for p in found])
        return {
            "angles": ansatz.num_parameters,
            "evaluations": evaluations,
            "minimum": bootstrap_mean([float(p[minima].sum()) for p in found]),
            "excess": bootstrap_mean(list(excess)),
            "success": float((excess <= 0.01).mean()),
        }

    def trained(ansatz: Ansatz, starts: list[FloatArray] | None) -> TrainingResult:
        initial = None if starts is None else np.stack(starts)
        return train(
            ansatz,
            engine,
            runs=runs,
            initial=initial,
            seed=SEED,
            max_iterations=limit,
            gradient_tolerance=1e-6,
            samples=1,
        )

    def of(result: TrainingResult, ansatz: Ansatz, before: float = 0.0) -> dict[str, Any]:
        return facts(ansatz, [r.parameters for r in result.runs], before + result.evaluations / runs)

    drawn: dict[str, Callable[[int, float, np.random.Generator], FloatArray]] = {WIDE: random_everywhere, RAMP: ramp}
    numbers: dict[str, dict[int, Any]] = {name: {} for name in (RANDOM, WIDE, RAMP_ONLY, RAMP, INTERP)}
    climb: tuple[TrainingResult, float] | None = None
    for layers in range(1, max(depths) + 1):
        ansatz = QAOAAnsatz(cost, layers)
        if climb is None:
            rngs = (np.random.default_rng([SEED, k]) for k in range(runs))
            starts = [random_everywhere(layers, spread, rng) for rng in rngs]
        else:
            starts = [interpolate(r.parameters) for r in climb[0].runs]
        before = 0.0 if climb is None else climb[1]
        result = trained(ansatz, starts)
        climb = result, before + result.evaluations / runs
        if layers not in depths:
            continue
        numbers[INTERP][layers] = of(result, ansatz, before)
        numbers[RANDOM][layers] = of(trained(ansatz, None), ansatz)
        for name, draw_start in drawn.items():
            starts = [draw_start(layers, spread, np.random.default_rng([SEED, layers, k])) for k in range(runs)]
            if name == RAMP:
                numbers[RAMP_ONLY][layers] = facts(ansatz, starts, 1.0)
            numbers[name][layers] = of(trained(ansatz, starts), ansatz)
        common.say(f"QAOA, {layers} layers: done")
    linear: dict[str, Any] = {}
    for depth in (0, 1, 2):
        circuit = LinearAnsatz(task.num_bits, depth) if depth else ProductAnsatz(task.num_bits)
        linear[depth_name(depth)] = of(trained(circuit, None), circuit)
    found = {"qaoa": numbers, "linear": linear, "runs": runs, "minima": int(minima.sum()), "N": task.num_bits}
    text = f"{runs} starts each of QAOA with all of C, exact gradients, L-BFGS, seed {SEED}, task gaussian, N = "
    return Finding(draw(found), describe(found), f"{text}{task.num_bits}; bars: 95 %, bootstrap", found)


def describe(found: dict[str, Any]) -> str:
    """What we find, in words."""
    deepest = {name: list(by.values())[-1] for name, by in found["qaoa"].items()}
    each = "; ".join(f"{name} {_chance(at)} after {at['evaluations']:.0f} evaluations" for name, at in deepest.items())
    linear = "; ".join(f"{n} {_chance(at)} after {at['evaluations']:.0f}" for n, at in found["linear"].items())
    layers = list(found["qaoa"][RAMP])[-1]
    return (
        f"One measurement is a minimum, {layers} layers of QAOA ({deepest[RAMP]['angles']} angles): {each}. Linear "
        f"circuit: {linear}. Whether random starts cover all of beta, or the half that `QAOAAnsatz` draws from, "
        f"makes {_difference(deepest[WIDE]['minimum'], deepest[RANDOM]['minimum'])}."
    )


def _difference(first: list[float], second: list[float]) -> str:
    """Whether two means with their intervals differ."""
    return "no clear difference" if first[1] <= second[2] and second[1] <= first[2] else "a difference"


def _chance(at: dict[str, Any]) -> str:
    mean, low, high = at["minimum"]
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def draw(found: dict[str, Any]) -> Figure:
    """Chance of a minimum, and excess energy, against the layers of QAOA; the linear circuit as lines."""
    figure = blank_figure(7.4, 3.9)
    left, right = figure.subplots(1, 2)
    draw_one(left, found, "minimum", "P(a measurement is a minimum)")
    draw_one(right, found, "excess", r"$(E - C_{\min})\ /\ \sigma_C$")
    left.set_ylim(-0.02, 1.02)
    right.set_yscale("log")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=7)
    panel(left, "a", "measuring a minimum")
    panel(right, "b", "mean energy")
    return figure


def draw_one(ax: Axes, found: dict[str, Any], what: str, label: str) -> None:
    """One quantity of all starts, with intervals."""
    for (name, by_depth), (colour, marker, dash) in zip(found["qaoa"].items(), STYLES, strict=True):
        y, low, high = np.array([at[what] for at in by_depth.values()]).T
        ax.errorbar(list(by_depth), y, [y - low, high - y], color=colour, marker=marker, linestyle=dash, markersize=4,
                    capsize=2, linewidth=1.2, label=f"QAOA: {name.replace('`', '')}")  # fmt: skip
    for (name, at), dash in zip(found["linear"].items(), ("-", "--", ":"), strict=True):
        ax.axhline(at[what][0], color="black", linewidth=0.9, linestyle=dash, label=f"linear circuit: {name}")
    ax.set_xticks(list(next(iter(found["qaoa"].values()))))
    ax.set_xlabel("layers of QAOA")
    ax.set_ylabel(label)


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
