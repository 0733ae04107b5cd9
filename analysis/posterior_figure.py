"""The figure of `analysis.posterior`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.plotting.style import BLUE, GREEN, ORANGE, PINK

from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES: dict[str, tuple[str, Any]] = {
    "best network": ("black", "-"), "posterior": (BLUE, (0, (5, 1))), "ELBO": (ORANGE, (0, (3, 1, 1, 1))),
    "MMD, weight 1": (PINK, (0, (1, 1))), "MMD, weight 20": ("#56B4E9", (0, (8, 2))),
}  # fmt: skip


def draw(numbers: dict[str, dict[str, Any]]) -> Figure:
    """A row for each problem: loss against iterations, and what other goals change of it."""
    figure = blank_figure(7.4, 5.8)
    axes = figure.subplots(len(numbers), 2, width_ratios=(1, 1))
    for row, (label, facts) in enumerate(numbers.items()):
        draw_training(axes[row, 0], facts)
        draw_gains(axes[row, 1], facts["sets"]["less_maximum_likelihood"])
        titles = (f"{label}: trained on the likelihood", "the others against likelihood")
        for column, title in enumerate(titles):
            panel(axes[row, column], "abcd"[2 * row + column], title)
    return figure


def draw_training(ax: Axes, facts: dict[str, Any]) -> None:
    """Held-out loss of the averaged prediction against the iterations of the training, first training set.

    Lines: the other goals, the posterior and the best network, on the same set.
    """
    stops = {int(k): at for k, at in facts["stopped"].items()}
    k = list(stops)
    mean, low, high = np.array([stops[i]["nll"] for i in k]).T
    ax.plot(k, mean, color=GREEN, marker="o", markersize=4, linewidth=1.6, label="likelihood; numbers: networks, $e^S$")
    ax.fill_between(k, low, high, color=GREEN, alpha=0.2, linewidth=0)
    first = {name: facts["sets"]["by_set"][name]["nll"][0] for name in _LINES}
    for name, (colour, dash) in _LINES.items():
        ax.axhline(first[name], color=colour, linestyle=dash, linewidth=1.1, label=name)
    ax.set_xscale("log")
    ax.set_xlim(k[0] / 1.8, k[-1] * 1.8)
    everything = [*low, *high, *first.values()]
    room = max(everything) - min(everything)
    ax.set_ylim(min(everything) - 0.08 * room, max(everything) + 0.75 * room)
    for i, top in zip(k, high, strict=True):
        ax.annotate(_rounded(stops[i]["effective_networks"]), (i, top), (0, 3), textcoords="offset points",
                    fontsize=6.5, color=GREEN, ha="center")  # fmt: skip
    ax.legend(frameon=False, fontsize=6.5, loc="upper left", ncols=2, handlelength=2.6)
    ax.set_xlabel("iterations of the training")
    ax.set_ylabel("held-out loss (nats)")


def draw_gains(ax: Axes, gains: dict[str, dict[str, Any]]) -> None:
    """Held-out loss of each distribution less that of circuits trained on the likelihood, set by set."""
    names = [name for name in gains if name != "all networks alike"]
    for place, name in enumerate(names):
        mean, low, high = gains[name]["nll"]
        colour = _LINES.get(name, ("#6E6E6E", "-"))[0]
        ax.errorbar(mean, place, xerr=[[mean - low], [high - mean]], fmt="o", color=colour, markersize=5, capsize=2)
    ax.axvline(0, color=GREEN, linewidth=1)
    ax.locator_params(axis="x", nbins=5)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel("change of the held-out loss (nats)")


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.5 else f"{value:.1f}"
