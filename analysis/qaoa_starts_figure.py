"""The figure of `analysis.qaoa_starts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.plotting.style import COLOURS

from .averaging import best_of
from .depths import DASHES
from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (*COLOURS[:7], "#7B3294", COLOURS[1])
_MARKS = "os^Dv*XP<"


def draw(found: dict[str, Any], starts: Sequence[str], circuits: Sequence[str]) -> Figure:
    """Chance of a minimum by starts, by mixers and phases, by CX, and by evaluations."""
    figure = blank_figure(7.4, 6.6)
    axes = figure.subplots(2, 2, sharey=True)
    names = list(found["qaoa"])
    style = {
        name: {"color": _COLOURS[k], "marker": _MARKS[k], "linestyle": DASHES[k % len(DASHES)]}
        for k, name in enumerate(names)
    }
    for ax, chosen in ((axes[0, 0], starts), (axes[0, 1], circuits)):
        for name in chosen:
            by = found["qaoa"][name]
            bars(ax, list(by), [at["minimum"] for at in by.values()], name, style[name])
        ax.set_xticks(list(next(iter(found["qaoa"].values()))))
        ax.set_xlabel("layers of QAOA")
    by_gates(axes[1, 0], found, circuits, style)
    by_evaluations(axes[1, 1], found, [n for n in (*starts, circuits[2]) if "not trained" not in n], style)
    titles = ("starts of QAOA, phases of all of C", "mixers and phases", "equal gates", "equal evaluations")
    for ax, letter, title in zip(axes.ravel(), "abcd", titles, strict=True):
        ax.set_ylim(-0.03, 1.65)
        ax.set_yticks(np.linspace(0, 1, 6))
        ax.legend(frameon=False, fontsize=6.5, loc="upper left", ncols=2, handlelength=2.6, columnspacing=1)
        panel(ax, letter, title)
    for ax in axes[:, 0]:
        ax.set_ylabel("$P$(a measurement is a minimum)")
    return figure


def bars(ax: Axes, x: Any, rows: Any, label: str, style: dict[str, Any]) -> None:
    """Means and their intervals, (mean, low, high) each."""
    y, low, high = np.array(rows).T
    ax.errorbar(x, y, [y - low, high - y], markersize=4, capsize=2, linewidth=1.2, label=label, **style)


def by_gates(ax: Axes, found: dict[str, Any], circuits: Sequence[str], style: dict[str, Any]) -> None:
    """Against the CX of the whole circuit."""
    for name in circuits:
        by = found["qaoa"][name].values()
        bars(ax, [at["cx"] for at in by], [at["minimum"] for at in by], name, style[name])
    rows = found["linear"].values()
    bars(ax, [at["cx"] for at in rows], [at["minimum"] for at in rows], "linear circuit",
         {"color": "black", "marker": ".", "linestyle": "-"})  # fmt: skip
    ax.set_xscale("symlog", linthresh=10)
    ax.set_xlim(left=-1)
    ax.set_xlabel("CX gates of the circuit")


def by_evaluations(ax: Axes, found: dict[str, Any], names: Sequence[str], style: dict[str, Any]) -> None:
    """Against evaluations: QAOA at its depths, the linear circuit the best of more and more restarts."""
    for name in names:
        by = found["qaoa"][name].values()
        bars(ax, [at["evaluations"] for at in by], [at["minimum"] for at in by], name, style[name])
    most = max(at["evaluations"] for name in names for at in found["qaoa"][name].values())
    for (depth, at), dash in zip(list(found["linear"].items())[:3], ("-", "--", ":"), strict=True):
        counts = np.unique(np.geomspace(1, max(1.0, most / at["evaluations"]), 12).astype(int))
        y, low, high = np.array(
            [best_of(at["by_run"]["excess"], at["by_run"]["minimum"], int(count)) for count in counts]
        ).T
        x = counts * at["evaluations"]
        ax.plot(x, y, color="black", linestyle=dash, linewidth=1.2, label=f"linear, {depth}, restarts")
        ax.fill_between(x, low, high, color="black", alpha=0.08, linewidth=0)
    ax.set_xscale("log")
    ax.set_xlabel("evaluations of $E$ and its gradient")
