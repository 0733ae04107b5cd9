"""The figure of `analysis.locality`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE
from walshqhn.support.arrays import FloatArray

from .depths import depth_name
from .drawing import blank_figure, panel
from .rates import Rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES: tuple[tuple[str, str, Any, str], ...] = (
    (BLUE, "o", "-", "$C$"),
    (GREEN, "^", (0, (5, 1.5)), "1-local part"),
    (ORANGE, "s", (0, (1, 1)), "global cost"),
)
_FAMILIES = ((BLUE, "o"), (ORANGE, "D"), (GREEN, "v"))
_Y = r"$\sum_k \mathrm{Var}(\partial_k E)\ /\ \mathrm{Var}(C)$"
_MARK_NAMES = {"o": "(circles)", "^": "(triangles)", "s": "(squares)"}
_DARK = "#404040"


def draw(
    points: list[dict[str, Any]],
    exact: dict[int, FloatArray],
    rates: dict[int, list[Rate]],
    own: dict[str, dict[int, Rate]],
) -> Figure:
    """Six panels: against N at three depths, against depth at one N, and the rates."""
    figure = blank_figure(7.2, 7.6)
    axes = figure.subplots(3, 2)
    depths = list(rates)
    shown = (depths[0], depths[len(depths) // 2 - (len(depths) > 3)], depths[-1])
    lowest = 0.4 * min(float(p["value"].min()) for p in points)
    highest = 4 * max(float(p["value"].max()) for p in points)
    for ax, depth, letter in zip(axes.ravel(), shown, "abc", strict=False):
        against_size(ax, points, exact, depth)
        ax.set_ylim(lowest, highest)
        panel(ax, letter, f"{depth_name(depth)}: against $N$")
    against_depth(axes[1, 1], points, exact)
    axes[1, 1].set_ylim(lowest, highest)
    draw_rates(axes[2, 0], rates)
    draw_own(axes[2, 1], own)
    return figure


def against_size(ax: Axes, points: list[dict[str, Any]], exact: dict[int, FloatArray], depth: int) -> None:
    """Sampled points and exact lines against N."""
    at = [p for p in points if p["layers"] == depth]
    sizes = np.array([p["num_qubits"] for p in at])
    for cost, (colour, marker, dash, label) in enumerate(_STYLES):
        _sampled(ax, sizes, at, cost)
        ax.plot(list(exact), [v[depth, cost] for v in exact.values()], color=colour, linestyle=dash, linewidth=1.2)
        if depth == 0:  # elsewhere the marks say it
            middle = at[len(at) // 2]
            x, y, offset = (
                (sizes[-1], at[-1]["value"][cost], ((0, 9), (0, -15))[cost])
                if cost < 2
                else (middle["num_qubits"], middle["value"][cost], (7, 5))
            )
            ax.annotate(f"{label} {_MARK_NAMES[marker]}", (x, y), offset, textcoords="offset points", fontsize=8,
                        ha="right" if cost < 2 else "left", color=colour)  # fmt: skip
    if depth == 0:
        note = "exact: $\\sum_k k\\,W(k)\\,2^{-k}$"
    else:
        note = "lines: exact average over the angles\nmarks: sampled"
    ax.text(0.03, 0.05, note, transform=ax.transAxes, fontsize=7, color=_DARK, va="bottom")
    ax.set_yscale("log")
    ax.set_xticks(sizes)
    ax.set_xlabel("qubits $N$")
    ax.set_ylabel(_Y)


def _sampled(ax: Axes, x: Any, at: list[dict[str, Any]], cost: int) -> None:
    colour, marker, _, _ = _STYLES[cost]
    values, errors = (np.array([p[key][cost] for p in at]) for key in ("value", "error"))
    down = np.minimum(errors, 0.95 * values)  # a log axis has no room for more
    ax.errorbar(
        x, values, yerr=(down, errors), fmt=marker, color=colour, markersize=4, linewidth=1, markerfacecolor="white"
    )


def against_depth(ax: Axes, points: list[dict[str, Any]], exact: dict[int, FloatArray]) -> None:
    """Sampled points and exact lines against the number of layers, at the largest N that has both."""
    num_qubits = max(exact)
    at = [p for p in points if p["num_qubits"] == num_qubits]
    layers = [p["layers"] for p in at]
    for cost, (colour, _, dash, label) in enumerate(_STYLES):
        _sampled(ax, layers, at, cost)
        curve = exact[num_qubits][:, cost]
        ax.plot(np.arange(len(curve)), curve, color=colour, linestyle=dash, linewidth=1.2)
        ax.annotate(label, (0, curve[0]), (7, (5, -11, -9)[cost]), textcoords="offset points", fontsize=8, color=colour)
    ax.set_yscale("log")
    ax.set_xticks(layers)
    ax.set_xlabel("layers $L$ (0: product state)")
    ax.set_ylabel(_Y)
    panel(ax, "d", f"$N$ = {num_qubits}: against depth")


def draw_rates(ax: Axes, rates: dict[int, list[Rate]]) -> None:
    """Decay rates of the three costs against depth."""
    place = np.arange(len(rates))
    for cost, (colour, marker, dash, label) in enumerate(_STYLES):
        found = [by_cost[cost] for by_cost in rates.values()]
        at = place + 0.12 * (cost - 1)
        ax.errorbar(at, [r.rate for r in found], yerr=[r.half_width for r in found], fmt=marker, color=colour,
                    markersize=4.5, linewidth=1, linestyle=dash)  # fmt: skip
        x, y = at[-2], found[-2].rate
        offset, side = (((-8, 7), "right"), ((10, -7), "left"), ((0, -22), "center"))[cost]
        ax.annotate(label, (x, y), offset, textcoords="offset points", fontsize=8, color=colour, ha=side)
    ax.axhline(1.0, color=GREY, linewidth=0.8, linestyle=":")
    ax.text(place[-1] + 0.25, 1.02, "$2^{-N}$", fontsize=8, color=_DARK, ha="right", va="bottom")
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    ax.set_xticks(place, [str(d) for d in rates])
    ax.set_xlabel("layers $L$")
    ax.set_ylabel("decay rate (bits per qubit)")
    panel(ax, "e", "how fast gradients vanish with $N$")


def draw_own(ax: Axes, own: dict[str, dict[int, Rate]]) -> None:
    """The rate of C beyond that of its 1-local part, for every family of tasks."""
    depths = list(next(iter(own.values())))
    place = np.arange(len(depths))
    for row, (family, by_depth) in enumerate(own.items()):
        colour, marker = _FAMILIES[row]
        at = place + 0.16 * (row - 1)
        found = list(by_depth.values())
        ax.errorbar(at, [r.rate for r in found], yerr=[r.half_width for r in found], fmt=marker, color=colour,
                    markersize=4.5, linewidth=1, label=family)  # fmt: skip
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.45 * (high - low))
    ax.legend(frameon=False, fontsize=7.5, loc="upper left", handletextpad=0.3, labelspacing=0.3)
    ax.set_xticks(place, [str(d) for d in depths])
    ax.set_xlabel("layers $L$")
    ax.set_ylabel("rate of $C$ $-$ rate of 1-local part\n(bits per qubit)")
    panel(ax, "f", "what $C$ loses beyond its 1-local part")
