"""Figures of studies. All functions draw into given Axes; they neither save nor show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from walshqhn.plotting.style import COLOURS, finish, literal
from walshqhn.study.plan import Study
from walshqhn.study.statistics import success_curve
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.text import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# for printing in grey
_DASHES: tuple[str | tuple[int, tuple[int, ...]], ...] = ("-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_LEAST = 1e-6  # of the largest excess: smaller ones only show how far the optimizer converged
_LEVELS = 2000  # lowest costs drawn at most


def _finished(study: Study) -> list[int]:
    found = [v for v in range(len(study.plan.variants)) if study.runs(v)]
    if not found:
        raise UsageError("the study has no finished runs to draw.")
    return found


def _range(study: Study, variants: Sequence[int]) -> tuple[float, float]:
    """The smallest excess that is distinguished from 0, and the largest."""
    excess = np.concatenate([study.energies(v) for v in variants]) - study.reference
    high = float(excess.max())
    if high <= 0:
        high = float(np.finfo(np.float64).eps) * (abs(study.reference) or 1.0)
    return max(float(excess.min()), _LEAST * high), high


def _symbol(study: Study) -> str:
    return r"C_{\min}" if study.exact_minimum is not None else r"C_{\mathrm{best\ found}}"


def plot_success(ax: Axes, study: Study, *, title: str = "", points: int = 400) -> None:
    """P(E - min C <= epsilon) against epsilon for every variant, with 95 % Wilson intervals.

    Where the minimum is unknown, the lowest cost found in the study replaces it. UsageError without finished runs.
    """
    variants = _finished(study)
    low, high = _range(study, variants)
    epsilons = np.geomspace(low / 2, high * 1.5, points)
    for v in variants:
        estimate, below, above = success_curve(study, v, epsilons)
        colour, dash = COLOURS[v % len(COLOURS)], _DASHES[v % len(_DASHES)]
        label = literal(f"{study.plan.labels[v]} ({plural(len(study.runs(v)), 'run')})")
        ax.plot(epsilons, estimate, color=colour, linestyle=dash, linewidth=1.8, label=label)
        ax.fill_between(epsilons, below, above, color=colour, alpha=0.15, linewidth=0)
    ax.set_xscale("log")
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel(r"$\epsilon$")
    ax.set_ylabel(rf"$P(E - {_symbol(study)} \leq \epsilon)$")
    ax.legend(frameon=False, fontsize=8, loc="best")
    finish(ax, title or "success probability, bands: 95 % Wilson intervals")


def plot_energies(ax: Axes, study: Study, spectrum: FloatArray | None = None, *, title: str = "") -> None:
    """Final energies of all runs, one row of marks per variant. UsageError without finished runs.

    ``spectrum``: the cost table (2^N,), whose lowest costs are drawn as lines at the bottom.
    """
    variants = _finished(study)
    rng = np.random.default_rng(0)  # for the vertical jitter of the marks
    floor, high = _range(study, variants)
    for row, v in enumerate(variants, start=1):
        colour = COLOURS[v % len(COLOURS)]
        values = np.maximum(study.energies(v) - study.reference, floor)
        ax.plot(values, row + rng.uniform(-0.28, 0.28, len(values)), ".", color=colour, markersize=4, alpha=0.6)
        ax.plot(np.median(values), row, "|", color="black", markersize=22, markeredgewidth=1.6)
    ticks, labels = list(range(1, len(variants) + 1)), [literal(study.plan.labels[v]) for v in variants]
    if spectrum is not None:
        lowest = np.partition(spectrum, _LEVELS)[:_LEVELS] if spectrum.size > _LEVELS else spectrum
        levels = np.unique(lowest - study.reference)
        levels = levels[(levels > floor) & (levels < 1.5 * high)]
        if len(levels):
            ax.vlines(levels, -0.3, 0.3, color="black", linewidth=0.5)
            ticks, labels = [0, *ticks], ["costs of networks", *labels]
    ax.set_xscale("log")
    ax.set_yticks(ticks, labels)
    ax.set_xlabel(rf"$E - {_symbol(study)}$ (left edge: this value or less)")
    finish(ax, title or "final energy of every run; black bar: median")
