"""The figure of `analysis.qaoa`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE, PINK

from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES: tuple[tuple[str, str, Any], ...] = (
    (BLUE, "o", "-"), (ORANGE, "s", (0, (5, 1))), (GREEN, "^", (0, (3, 1, 1, 1))), (PINK, "D", (0, (1, 1))),
    (GREY, "v", (0, (8, 2))),
)  # fmt: skip
"""Colour, marker and dashes of a family of circuits, by its place."""


def draw(rows: Sequence[dict[str, Any]], phases: Sequence[Any], uniform: float) -> Figure:
    """Success and chance of a minimum against angles, the latter against CX, and the CX of a phase against N.

    ``uniform``: the chance that a network drawn at random is a minimum.
    """
    figure = blank_figure(7.2, 6.2)
    axes = figure.subplots(2, 2)
    families = list(dict.fromkeys(row["family"] for row in rows))
    styles = dict(zip(families, STYLES, strict=False))
    draw_success(axes[0, 0], rows, styles)
    draw_chances(axes[0, 1], rows, styles, "angles", uniform)
    draw_chances(axes[1, 0], rows, styles, "two_qubit_gates", uniform)
    draw_phases(axes[1, 1], phases)
    titles = ("mean energy at the minimum", "measuring a minimum", "the same by gates", "compiling one phase")
    for ax, letter, title in zip(axes.ravel(), "abcd", titles, strict=True):
        panel(ax, letter, title)
    return figure


def draw_success(ax: Axes, rows: Sequence[dict[str, Any]], styles: dict[str, Any]) -> None:
    """Success probability with Wilson intervals against the number of angles."""
    for family, (colour, marker, dash) in styles.items():
        some = sorted((r for r in rows if r["family"] == family), key=lambda r: r["angles"])
        y = np.array([r["success_probability"] for r in some])
        bars = np.abs(np.array([r["interval"] for r in some]).T - y)
        x = [r["angles"] for r in some]
        ax.errorbar(x, y, bars, color=colour, marker=marker, linestyle=dash, markersize=4, capsize=2, label=family)
    ax.set_xscale("log")
    ax.set_ylim(-0.03, 1.45)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.legend(frameon=False, fontsize=7, loc="upper left")
    ax.set_xlabel("angles")
    ax.set_ylabel(r"$P(E - C_{\min} \leq 0.01\,\sigma_C)$")


def draw_chances(
    ax: Axes, rows: Sequence[dict[str, Any]], styles: dict[str, Any], against: str, uniform: float
) -> None:
    """Chance that one measurement of a trained circuit is a minimum, mean over its runs, with 1.96 standard errors."""
    for family, (colour, marker, dash) in styles.items():
        some = sorted((r for r in rows if r["family"] == family), key=lambda r: r[against])
        y = [r["measures_minimum"] for r in some]
        bars = [1.96 * r["measures_minimum_error"] for r in some]
        x = [r[against] for r in some]
        ax.errorbar(x, y, bars, color=colour, marker=marker, linestyle=dash, markersize=4, capsize=2, label=family)
    ax.axhline(uniform, color="black", linewidth=0.8, linestyle=":")
    if against == "angles":
        ax.set_xscale("log")
        ax.set_xlabel("angles")
    else:
        ax.set_xscale("symlog", linthresh=10)
        ax.set_xlim(left=-1)
        ax.set_xlabel("CX gates in all layers")
    ax.text(0.99, uniform * 1.1, "a network drawn at random", fontsize=7, ha="right", va="bottom",
            transform=ax.get_yaxis_transform())  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(uniform / 2, 30)
    ax.set_yticks([10.0**k for k in range(int(np.ceil(np.log10(uniform / 2))), 1)])
    ax.legend(frameon=False, fontsize=7, loc="upper left", ncols=2)
    ax.set_ylabel("$P$(a measurement is a minimum)")


def draw_phases(ax: Axes, phases: Sequence[Any]) -> None:
    """CX of exp(i alpha C) against N, by degree of truncation, beside a layer of the linear circuit."""
    gaussian = [p for p in phases if p.task == "gaussian"]
    curves = (
        (None, BLUE, "o", "-", "2-h-1, all of C"),
        (3, ORANGE, "s", (0, (5, 1)), "degree 3"),
        (2, GREEN, "^", (0, (3, 1, 1, 1)), "degree 2"),
    )
    last = max(p.num_qubits for p in phases)
    for degree, colour, marker, dash, text in curves:
        some = [p for p in gaussian if p.max_degree == degree]
        x, y = [p.num_qubits for p in some], [p.two_qubit_gates for p in some]
        ax.plot(x, y, color=colour, marker=marker, linestyle=dash, markersize=4)
        ax.text(x[-1] + 0.4, y[-1], text, color=colour, fontsize=7, va="center")
    images = [p for p in phases if p.task != "gaussian" and p.max_degree is None]
    x, y = [p.num_qubits for p in images], [p.two_qubit_gates for p in images]
    ax.plot(x, y, "D:", color=PINK, markersize=4)
    ax.text(x[-1] + 0.4, y[-1], "MNIST, all of C", color=PINK, fontsize=7, va="center")
    n = np.arange(min(p.num_qubits for p in phases), last + 1)
    ax.plot(n, n - 1, color=GREY, linewidth=1)
    ax.text(last + 0.4, last - 1, "a linear layer", color=GREY, fontsize=7, va="center")
    ax.set_yscale("log")
    ax.set_xlim(n[0] - 0.5, last + 0.55 * (last - n[0]) + 1)
    ax.set_xticks(sorted({p.num_qubits for p in phases}))
    ax.set_xlabel("qubits $N$")
    ax.set_ylabel(r"CX of $e^{i\alpha\hat C}$")
