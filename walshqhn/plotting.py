"""Figures. Every function draws into the Axes it is given; none saves or shows anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.arrays import FloatArray
from walshqhn.binn.task import NetworkTask
from walshqhn.errors import UsageError
from walshqhn.hamiltonian import IsingHamiltonian
from walshqhn.vqa.ansatz import Ansatz
from walshqhn.vqa.result import TrainingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: told apart by colour-blind readers and in grey
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8C8C8C"
_ROUNDING = 1e-28  # of the total weight: squares of rounding errors lie below


def new_figure(width: float = 6.0, height: float = 4.0) -> tuple[Any, Axes]:
    """A Figure and its Axes, without pyplot's global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=150)
    return figure, figure.add_subplot()


def circuit_size(ansatz: Ansatz) -> tuple[float, float]:
    """Width and height, in inches, at which the drawing of a circuit keeps its proportions."""
    return 2.2 + 0.74 * ansatz.circuit().depth(), 1.2 + 0.74 * ansatz.num_qubits


def _clean(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)


def plot_degree_weights(ax: Axes, weights: npt.ArrayLike, *, title: str = "") -> None:
    """W(k) against the degree k on a log axis; degrees with nothing but rounding are named, not drawn.

    ``weights``: (N + 1,).
    """
    from matplotlib.ticker import MaxNLocator

    w = np.asarray(weights, dtype=np.float64)
    k = np.arange(len(w))
    seen = w > _ROUNDING * w.sum()
    bottom = w[seen].min(initial=1.0) / 10
    ax.vlines(k[seen], bottom, w[seen], color=BLUE, linewidth=1.5)
    ax.plot(k[seen], w[seen], "o", color=BLUE, markersize=5)
    ax.set_yscale("log")
    ax.set_ylim(bottom, w.max(initial=1.0) * 30)
    ax.set_xlim(-0.5, max(4, k[seen].max(initial=0)) + 1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    variance = w[1:].sum()
    named = "% of the variance"
    for degree in k[seen & (k > 0)][:4]:
        share = 100 * w[degree] / variance
        ax.annotate(
            f"{share:.3g} {named}",
            (degree, w[degree]),
            xytext=(7, 4 if "variance" in named else -4),
            textcoords="offset points",
            fontsize=8,
            color=BLUE,
        )
        named = "%"
    if not seen.all():
        absent = k[~seen]
        listed = (
            ", ".join(map(str, absent))
            if len(absent) <= 8
            else f"{absent[0]}, {absent[1]}, ... ({len(absent)} degrees)"
        )
        ax.set_title(f"zero up to rounding: k = {listed}", loc="right", fontsize=8, color=GREY, y=0.94)
    ax.set_xlabel("degree $k$")
    ax.set_ylabel(r"weight $W(k) = \sum_{|S|=k} f(S)^2$")
    ax.set_title(title or "Weight spectrum of the cost", fontsize=10)
    _clean(ax)


def plot_largest_coefficients(
    ax: Axes, hamiltonian: IsingHamiltonian, names: Sequence[str] | None = None, *, count: int = 20, title: str = ""
) -> None:
    """The ``count`` largest coefficients as bars, each labelled with the bits in its term."""
    labels = hamiltonian.labels(names)
    terms = hamiltonian.largest(count)
    values = np.array([value for _, value in terms])
    rows = np.arange(len(terms))
    ax.barh(rows, np.abs(values), color=np.where(values > 0, ORANGE, BLUE), height=0.7)
    ax.set_yticks(rows, [" · ".join(labels[q] for q in qubits) for qubits, _ in terms], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("$|f(S)|$")
    for height, color, sign, parity in ((0.10, ORANGE, ">", "even"), (0.04, BLUE, "<", "odd")):
        text = f"$f(S) {sign} 0$: an {parity} number of ones costs more"
        ax.text(0.98, height, text, color=color, ha="right", fontsize=8, transform=ax.transAxes)
    ax.set_title(title or f"The {len(terms)} largest Fourier coefficients", fontsize=10)
    _clean(ax)


def plot_cost_histogram(ax: Axes, table: npt.ArrayLike, *, found: float | None = None, title: str = "") -> None:
    """How many configurations have which cost, with the minimum marked (and the cost ``found``, if given)."""
    costs = np.asarray(table, dtype=np.float64)
    ax.hist(costs, bins=min(200, max(10, int(np.sqrt(costs.size)))), color=BLUE, log=True)
    low = float(costs.min())
    top = ax.get_ylim()[1]
    ax.set_ylim(0.7, top * 3)
    ax.axvline(low, color=ORANGE, linewidth=1)
    text = f" minimum {low:.5g}"
    if found is not None:
        text += "\n (found)" if np.isclose(found, low, rtol=1e-12) else f"\n best found {found:.5g}"
        ax.axvline(found, color=GREEN, linewidth=1, linestyle="--")
    ax.text(low, top * 2.4, text, color=ORANGE, va="top", fontsize=8)
    ax.set_xlabel("cost $C$")
    ax.set_ylabel("configurations per bin")
    ax.set_title(title or f"Costs of all {costs.size:,} configurations", fontsize=10)
    _clean(ax)


def plot_training(ax: Axes, result: TrainingResult, *, title: str = "") -> None:
    """The mean cost E along every run, above the exact minimum on a log axis where that is known."""
    best = result.best_run
    base = result.exact_minimum or 0.0
    log = result.exact_minimum is not None
    for run in result.runs:
        is_best = run is best
        ax.plot(
            np.arange(len(run.history)),
            run.history - base,
            color=BLUE if is_best else GREY,
            linewidth=2 if is_best else 0.8,
            zorder=3 if is_best else 2,
        )
    if log:
        ax.set_yscale("log")
        smallest = min(float((run.history - base).min()) for run in result.runs)
        ax.set_ylim(bottom=max(smallest / 2, 1e-12))
    ax.set_xlabel("iteration")
    ax.set_ylabel(r"$E - C_{\min}$" if log else "$E$")
    if len(result.runs) > 1:
        ax.text(
            0.98, 0.95, f"best of {len(result.runs)} runs", color=BLUE, ha="right", transform=ax.transAxes, fontsize=9
        )
        ax.text(0.98, 0.89, "the others", color=GREY, ha="right", transform=ax.transAxes, fontsize=9)
    name = f"{result.ansatz['name']} ansatz, {result.ansatz['layers']} layers"
    ax.set_title(title or f"Training: {name}, {result.settings['optimizer']}", fontsize=10)
    _clean(ax)


def plot_weights(ax: Axes, task: NetworkTask, bits: npt.ArrayLike, *, title: str = "") -> None:
    """First-layer weights of one configuration as a picture of the input. UsageError if the inputs are no image."""
    shape = task.data.image_shape
    weights: FloatArray = task.network.weights(bits)["W1"]
    if shape is None or weights.shape[1] != 1:
        raise UsageError(f"task {task.name!r} has no single image of weights to draw.")
    image = weights[:, 0].reshape(shape)
    limit = float(np.abs(image).max()) or 1.0
    ax.imshow(image, cmap="RdBu", vmin=-1.6 * limit, vmax=1.6 * limit)
    for (i, j), value in np.ndenumerate(image):
        ax.text(j, i, f"{value:+g}", ha="center", va="center", fontsize=11)
    ax.set_xticks([])
    ax.set_yticks([])
    bias = task.network.weights(bits)[task.network.output_bias][0]
    ax.set_title(title or f"Weights of the best network\n(bias {bias:+g})", fontsize=10)


def plot_circuit(ax: Axes, ansatz: Ansatz, params: npt.ArrayLike | None = None) -> None:
    """The circuit, drawn by Qiskit; with angles if ``params`` are given."""
    circuit = ansatz.circuit(params)
    circuit.draw(output="mpl", ax=ax, fold=-1, style="iqp", plot_barriers=False)
    ax.set_title(
        f"{ansatz.description['name']} ansatz, {ansatz.num_qubits} qubits, {ansatz.num_parameters} angles", fontsize=10
    )
