"""The least energy of LABS, low autocorrelation binary sequences, by exact and by classical methods.

E = sum_k C_k^2 with the autocorrelations C_k of N signs: terms of degree 2 and 4, a standard problem of quantum
optimization (Packebusch and Mertens, J. Phys. A 49, 165001 (2016), have all minima up to N = 66).
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn import labs
from walshqhn.kernels.compiling import warm
from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE
from walshqhn.study.baselines import one_flip_descent, simulated_annealing

from . import common
from .common import Finding, Settings
from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Exact minima past memory"
CLAIM = (
    "The paper's minima are read from tables of all 2^N costs. LABS is where others stop: Gurobi takes 84 s at N = 27, "
    "3,305 s at N = 35 and more than 7,200 s at N = 40 (QOBLIB, arXiv:2504.03832, on their machine)."
)
GUROBI = {27: 84.0, 35: 3305.0}
PATIENCE = 20.0
"""Seconds for branch and bound."""
FLIPS = 2000
"""Of descent and annealing, for each bit of a run."""
_COLOURS = {"1-flip descent": GREY, "simulated annealing": ORANGE}


def run(settings: Settings) -> Finding:
    """Times, and how far descent and annealing end from the minimum."""
    runs = settings.pick(50, 10)
    numbers: dict[str, Any] = {}
    for n in settings.pick((12, 16, 20, 24, 27, 30, 33, 35, 38, 40), (8, 12, 16)):
        numbers[str(n)] = common.kept(settings, sys.modules[__name__], f"{n}", partial(at_size, n, runs))
        common.say(f"N = {n}: {numbers[str(n)]['energy']:g} in {numbers[str(n)]['seconds']:.3g} s")
    figure = blank_figure(7.4, 3.1)
    axes = figure.subplots(1, 2)
    draw_times(axes[0], numbers)
    draw_energies(axes[1], numbers)
    panel(axes[0], "a", "time to a proven minimum")
    panel(axes[1], "b", f"energies of {runs} runs, {FLIPS:,} N flips each")
    what = (
        f"{runs} runs of descent and of annealing with {FLIPS:,} N flips each; enumeration with the reversal given, "
        f"branch and bound for at most {PATIENCE:g} s; 2 threads"
    )
    return Finding(figure, describe(numbers), what, numbers)


def at_size(num_bits: int, runs: int) -> dict[str, Any]:
    """Every method on the sequences of ``num_bits`` signs."""
    h = labs(num_bits)
    warm("minimum", "annealing")  # and not while something is timed
    labs(12).find_minimum(method="enumerate", symmetries=[range(12)[::-1]])
    start = time.perf_counter()
    exact = h.find_minimum(method="enumerate", symmetries=[range(num_bits)[::-1]])
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    bounded = h.find_minimum(method="branch", seconds=PATIENCE)
    branch = {"seconds": time.perf_counter() - start, "energy": bounded.value, "is_exact": bounded.is_exact}
    found: dict[str, Any] = {"energy": exact.value, "seconds": seconds, "count": exact.count, "branch": branch}
    for method in (one_flip_descent, simulated_annealing):
        baseline = method(h, FLIPS * num_bits, runs, 1)
        found[baseline.name] = {
            "energies": np.sort(baseline.costs).tolist(), "seconds": baseline.seconds,
            "reached": float((baseline.costs <= exact.value + 0.5).mean()),
        }  # fmt: skip
    return found


def describe(numbers: dict[str, Any]) -> str:
    """Largest sizes first."""
    (last, at), proved = list(numbers.items())[-1], [n for n, at in numbers.items() if at["branch"]["is_exact"]]
    energies = ", ".join(f"{at['energy']:g} ({n})" for n, at in numbers.items())
    sentences = [f"Least energies, all proved (N): {energies}; N = {last} in {at['seconds']:.3g} s."]
    bounded = f"up to N = {proved[-1]}" if proved else "nowhere"
    sentences.append(f"Branch and bound closes {bounded} within {PATIENCE:g} s, every two signs being coupled.")
    for name in _COLOURS:
        reached = ", ".join(f"{at[name]['reached']:.2g} ({n})" for n, at in numbers.items())
        sentences.append(f"Share of runs of {name} that reach the minimum (N): {reached}.")
    return " ".join(sentences)


def draw_times(ax: Axes, numbers: dict[str, Any]) -> None:
    """Seconds against N, of what proves the minimum."""
    sizes = np.array([int(n) for n in numbers])
    ax.plot(sizes, [at["seconds"] for at in numbers.values()], "o-", color=BLUE, label="all configurations, in slabs")
    closed = [(int(n), at["branch"]["seconds"]) for n, at in numbers.items() if at["branch"]["is_exact"]]
    if closed:
        ax.plot(*zip(*closed, strict=True), "s-", color=GREEN, label="branch and bound")
    quoted = {n: seconds for n, seconds in GUROBI.items() if n <= sizes[-1]}
    if quoted:
        ax.plot([*quoted], [*quoted.values()], "^", color=GREY, label="Gurobi (quoted, other machine)")
    ax.set_yscale("log")
    ax.set_xlabel("N")
    ax.set_ylabel("seconds")
    ax.legend(fontsize=7, frameon=False)


def draw_energies(ax: Axes, numbers: dict[str, Any]) -> None:
    """The minimum, and medians with the range of all runs, by bit, which grows slowly with N."""
    sizes = np.array([int(n) for n in numbers])
    for shift, (name, colour) in zip((-0.15, 0.15), _COLOURS.items(), strict=True):
        ranges = np.array([np.quantile(at[name]["energies"], (0, 0.5, 1)) for at in numbers.values()])
        low, middle, high = ranges.T
        ax.errorbar(
            sizes + shift, middle, (middle - low, high - middle), fmt="o", color=colour, markersize=3.5, linewidth=1,
            label=f"{name}: median, range",
        )  # fmt: skip
    ax.plot(sizes, [at["energy"] for at in numbers.values()], "_-", color=BLUE, markersize=9, label="minimum", zorder=0)
    ax.set_xlabel("N")
    ax.set_ylabel("energy")
    ax.legend(fontsize=7, frameon=False)


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
