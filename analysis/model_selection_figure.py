"""The figure of `analysis.model_selection`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.plotting.style import COLOURS

from .drawing import spread
from .selection import TEST, TRAIN, VALIDATION, Watched, best_starts, mean_and_half_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RULES = {
    "early": "early stopping",
    "start": "best start",
    "both": "any iterate, any start",
    "separate": "best fixed model",
}
"""What `select` calls the rules that look at validation costs, and what the figure calls them."""
_DASHED, _MARKS, _FAINT = (0, (3, 1.5)), "osD^v", "#6E6E6E"


def draw_curves(ax: Axes, w: Watched, name: str) -> None:
    """Mean training (dashed) and validation cost (solid) along the augmented training, for every size."""
    ends = []
    for k, size in enumerate(w.budget.sizes):
        curves, colour = best_starts(w.augmented[size]).mean(axis=0), COLOURS[k]
        steps = np.arange(1, curves.shape[-1] + 1)
        ax.plot(steps, curves[TRAIN], color=colour, linewidth=0.9, linestyle=_DASHED)
        ax.plot(steps, curves[VALIDATION], color=colour, linewidth=1.5)
        ends.append((curves[VALIDATION, -1], f"$n$ = {size:,}", colour))
    ax.set_xscale("log")
    ax.set_xlim(1, steps[-1])
    label_ends(ax, steps[-1], ends)
    ax.set_xlabel("iteration + 1")
    ax.set_ylabel(f"mean cost $E$, {name}")
    _explain(ax, "solid: validation\ndashed: training")


def draw_sizes(ax: Axes, w: Watched) -> None:
    """Test (solid) and training cost (dashed) of every trained model against the size of the training set."""
    names, sizes, ends = list(w.experiment.models), w.budget.sizes, []
    places = np.arange(len(sizes))
    for m, name in enumerate(names):
        augmented = name == w.experiment.augmented
        curves = [best_starts(w.augmented[n] if augmented else w.fixed[n][:, m])[..., -1] for n in sizes]
        test = np.array([mean_and_half_width(c[:, TEST]) for c in curves])
        x, colour = places + 0.06 * (m - len(names) / 2), "black" if augmented else COLOURS[1 + m]
        ax.plot(x, [c[:, TRAIN].mean() for c in curves], color=colour, linewidth=0.9, linestyle=_DASHED)
        ax.errorbar(
            x, test[:, 0], test[:, 1], color=colour, linewidth=1.2, marker=_MARKS[m], markersize=3.5, elinewidth=0.8
        )
        ends.append((test[-1, 0], name.removeprefix("weights "), colour))
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.12 * (high - low))
    label_ends(ax, places[-1] + 0.12, ends)
    ax.set_xticks(places, [f"{n:,}" for n in sizes])
    ax.set_xlabel("training samples $n$")
    ax.set_ylabel("mean cost $E$")
    _explain(ax, "solid: test; dashed: training")


def draw_gains(ax: Axes, numbers: dict[str, Any]) -> None:
    """How much lower the test cost is after each rule than at the end of training."""
    places = np.arange(len(numbers["sizes"]))
    for k, (rule, name) in enumerate(RULES.items()):
        gains = np.array([at["gain_over_last"][rule] for at in numbers["at"].values()])
        ax.errorbar(
            places + 0.17 * (k - 1.5), gains[:, 0], gains[:, 1], color=COLOURS[1 + k], marker=_MARKS[k], markersize=4,
            linewidth=1.2, linestyle="none", label=name,
        )  # fmt: skip
    ax.axhline(0, color=_FAINT, linewidth=0.8)
    ax.set_xticks(places, [f"{n:,}" for n in numbers["sizes"]])
    ax.set_xlabel("training samples $n$")
    ax.set_ylabel("test cost $E$ saved")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.5 * (high - low))
    ax.legend(frameon=False, fontsize=7, loc="upper right", borderaxespad=0, handletextpad=0.2, labelspacing=0.25)


def label_ends(ax: Axes, x: float, ends: list[tuple[float, str, str]]) -> None:
    """Names to the right of where curves end, given as (height, name, colour), moved apart where they would overlap."""
    low, high = ax.get_ylim()
    places = spread([height for height, _, _ in ends], 0.075 * (high - low))
    for place, (_, name, colour) in zip(places, ends, strict=True):
        ax.annotate(
            name, (x, place), (4, 0), textcoords="offset points", va="center", fontsize=7, color=colour,
            annotation_clip=False,
        )  # fmt: skip


def _explain(ax: Axes, text: str) -> None:
    ax.text(0.97, 0.97, text, transform=ax.transAxes, fontsize=7, color=_FAINT, ha="right", va="top")
