"""Figures of trainings. All functions draw into given Axes; they neither save nor show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE, PINK, finish, literal
from walshqhn.support.errors import UsageError
from walshqhn.support.text import plural
from walshqhn.training.result import TAIL_FRACTIONS, TrainingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TAIL_COLOURS = (ORANGE, GREEN, PINK)
_LEAST = 1e-9  # of the largest excess: smaller ones are drawn at this value
_VALUES_ONLY = ("COBYLA", "COBYQA", "Nelder-Mead")  # one evaluation per iteration


def plot_training(ax: Axes, result: TrainingResult, *, title: str = "") -> None:
    """E (or another objective) at every iteration of all runs; if the minimum is known, the excess on a log axis."""
    best = result.best_run
    symbol, words = _objective(result)
    base = result.exact_minimum or 0.0
    log = result.exact_minimum is not None and any((run.history > base).any() for run in result.runs)
    for run in result.runs:
        look: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "zorder": 2}
        if run is best:
            look = {"color": BLUE, "linewidth": 2, "zorder": 3}
        ax.plot(np.arange(len(run.history)), run.history - base, **look)
    if log:
        ax.set_yscale("log")
        excess = np.concatenate([run.history - base for run in result.runs])
        ax.set_ylim(bottom=max(float(excess.min()) / 2, 1e-12 * float(excess.max())))
    method = str(result.search["optimizer"]).partition(":")[0]
    _count(ax, "evaluation" if method in _VALUES_ONLY else "iteration")
    ax.set_ylabel(rf"${symbol} - C_{{\min}}$" if log else f"${symbol}$")
    ax.text(0.02, 0.03, f"${symbol}$: {words}", fontsize=8, color=GREY, transform=ax.transAxes)
    if len(result.runs) > 1:
        of = f"best of {len(result.runs)} runs"
        ax.text(0.98, 0.95, of, color=BLUE, ha="right", transform=ax.transAxes, fontsize=9)
        ax.text(0.98, 0.89, "the others", color=GREY, ha="right", transform=ax.transAxes, fontsize=9)
    depth = f", {plural(result.ansatz['layers'], 'layer')}" if "layers" in result.ansatz else ""
    finish(ax, title or literal(f"Training: {result.ansatz['name']} ansatz{depth}, {result.search['optimizer']}"))


def _count(ax: Axes, label: str) -> None:
    """An x axis of whole numbers."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel(label)


def _objective(result: TrainingResult) -> tuple[str, str]:
    """Symbol and description of the objective."""
    name, _, setting = str(result.search["objective"]).partition(":")
    if name == "cvar":
        return r"\mathrm{CVaR}", f"mean cost of the cheapest {100 * float(setting):g} % of the measurements"
    if name == "gibbs":
        formula = r"$-(\sigma/\eta) \log\langle e^{-\eta C/\sigma}\rangle$"
        return "G", rf"Gibbs objective, {formula}, $\eta$ = {float(setting):g}"
    return "E", "mean cost of the measurements"


def has_tails(result: TrainingResult) -> bool:
    """Whether the best run recorded the mean costs of its cheapest shots, as `plot_tails` needs."""
    return bool(np.isfinite(result.best_run.tail_means).any())


def plot_tails(ax: Axes, result: TrainingResult, *, title: str = "") -> None:
    """Mean cost of the cheapest 10, 5 and 1 % of the shots, and of all if minimized, during the best run.

    If the minimum is known, the excess on a log axis. UsageError unless `has_tails`.
    """
    if not has_tails(result):
        raise UsageError("the training did not record its cheapest shots: use shots, or tails=True (--tails).")
    run = result.best_run
    base = result.exact_minimum or 0.0
    curves = [(run.history, "all shots", BLUE)] if result.search["objective"] == "mean" else []
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
    _count(ax, "iteration")
    ax.set_ylabel(r"mean cost $- C_{\min}$" if log else "mean cost")
    ax.legend(frameon=False, fontsize=8)
    of = f"best of {len(result.runs)} runs" if len(result.runs) > 1 else "one run"
    shots = result.engine["shots"]
    what = f"{shots:,} shots per value" if shots else "exact distribution"
    finish(ax, title or f"Training: the cheapest shots, {of}, {what}")


def plot_architecture(ax: Axes, result: TrainingResult, *, title: str = "") -> None:
    """Probability of each architecture option in the final state; the best run as bars, the others as points.

    UsageError if the network has no architecture bits, or the training was run without its task.
    """
    best = result.best_run
    rows = [(choice, option, share) for choice, shares in best.architecture.items() for option, share in shares.items()]
    if not rows:
        raise UsageError("the training recorded no architectures: no architecture bits, or no task.")
    rng = np.random.default_rng(0)  # for the vertical jitter of the points
    places = np.arange(len(rows))
    colours = [(BLUE, ORANGE)[list(best.architecture).index(choice) % 2] for choice, _, _ in rows]
    ax.barh(places, [share for _, _, share in rows], color=colours, height=0.62, alpha=0.85)
    for place, (choice, option, share) in enumerate(rows):
        ax.text(1.02, place, f"{share:.3f}", va="center", fontsize=8)
        others = [run.architecture[choice][option] for run in result.runs if run is not best and run.architecture]
        jitter = place + rng.uniform(-0.25, 0.25, len(others))
        ax.plot(others, jitter, "o", color=GREY, markersize=3, markeredgecolor="white", markeredgewidth=0.4)
    ax.set_yticks(places, [literal(f"{choice.replace('_', ' ')}: {option}") for choice, option, _ in rows], fontsize=9)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
    ax.set_xlabel("probability" + ("; points: the other runs" if len(result.runs) > 1 else ""))
    finish(ax, title or "Architectures measured in the trained state (bars: best run)")
