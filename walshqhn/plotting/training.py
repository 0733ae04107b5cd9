"""Figures of single trainings. As in `walshqhn.plotting.spectrum`, functions draw into the Axes they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from walshqhn.plotting.spectrum import BLUE, GREEN, GREY, ORANGE
from walshqhn.support.errors import UsageError
from walshqhn.training.result import TAIL_FRACTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from walshqhn.training.result import TrainingResult

_TAIL_COLOURS = (ORANGE, GREEN, "#CC79A7")
_LEAST = 1e-9  # of the first excess: what lies below is drawn there


def has_tails(result: TrainingResult) -> bool:
    """Whether the best run recorded the means of its cheapest shots, so that `plot_tails` can draw them."""
    return bool(np.isfinite(result.best_run.tail_means).any())


def plot_tails(ax: Axes, result: TrainingResult, *, title: str = "") -> None:
    """Mean cost of all shots and of the cheapest 10, 5 and 1 % along the best run, above the minimum if it is known.

    Of all shots only where that is what was minimized. UsageError if they were not recorded.
    """
    if not has_tails(result):
        raise UsageError("the training recorded no means of its cheapest shots: use shots, or tails=True (--tails).")
    run = result.best_run
    base = result.exact_minimum or 0.0
    mean = result.settings.get("objective", {"name": "mean"})["name"] == "mean"
    curves = [(run.history, "all shots", BLUE)] if mean else []
    for k in reversed(range(len(TAIL_FRACTIONS))):
        curves.append((run.tail_means[:, k], f"cheapest {TAIL_FRACTIONS[k]:.0%}".replace("%", " %"), _TAIL_COLOURS[k]))
    iterations = np.arange(len(run.history))
    log = result.exact_minimum is not None
    floor = _LEAST * max(float(np.nanmax(curves[0][0] - base)), 1e-300)
    for values, name, colour in curves:
        shown = np.maximum(values - base, floor) if log else values
        ax.plot(iterations, shown, color=colour, linewidth=1.4, label=name)
    if log:
        ax.set_yscale("log")
    ax.set_xlabel("iteration")
    ax.set_ylabel(r"mean cost $- C_{\min}$" if log else "mean cost")
    ax.legend(frameon=False, fontsize=8)
    of = f"best of {len(result.runs)} runs" if len(result.runs) > 1 else "one run"
    shots = result.settings.get("engine_shots")
    what = f"{shots:,} shots a value" if shots else "exact distribution"
    ax.set_title(title or f"Training: the cheapest shots, {of}, {what}", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)


def plot_architecture(ax: Axes, result: TrainingResult, *, title: str = "") -> None:
    """How often the final state of each run returns each option of each choice; the best run's as bars.

    UsageError if the network has nothing to choose, or the training was made without its task.
    """
    best = result.best_run
    rows = [(choice, option, share) for choice, shares in best.architecture.items() for option, share in shares.items()]
    if not rows:
        raise UsageError("the training recorded no architectures: its network has nothing to choose, or was unknown.")
    rng = np.random.default_rng(0)  # only where a mark lies within its row
    places = np.arange(len(rows))
    colours = [(BLUE, ORANGE)[list(best.architecture).index(choice) % 2] for choice, _, _ in rows]
    ax.barh(places, [share for _, _, share in rows], color=colours, height=0.62, alpha=0.85)
    for place, (choice, option, share) in enumerate(rows):
        ax.text(1.02, place, f"{share:.3f}", va="center", fontsize=8)
        others = [run.architecture[choice][option] for run in result.runs if run is not best and run.architecture]
        jitter = place + rng.uniform(-0.25, 0.25, len(others))
        ax.plot(others, jitter, "o", color=GREY, markersize=3, markeredgecolor="white", markeredgewidth=0.4)
    ax.set_yticks(places, [f"{choice.replace('_', ' ')}: {option}" for choice, option, _ in rows], fontsize=9)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
    ax.set_xlabel("probability to measure it" + ("; points: the other runs" if len(result.runs) > 1 else ""))
    ax.set_title(title or "Architectures in the trained state (bars: best run)", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
