"""The figure of each kind of object: what its `plot` draws and a notebook shows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.plotting.circuit import circuit_size, plot_circuit
from walshqhn.plotting.spectrum import plot_cost_histogram, plot_degree_weights, plot_largest_coefficients
from walshqhn.plotting.study import plot_success
from walshqhn.plotting.style import svg
from walshqhn.plotting.training import plot_training
from walshqhn.spectrum.estimate import SpectrumEstimate
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.study.plan import Study
from walshqhn.support.errors import UsageError
from walshqhn.training.result import TrainingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_GATES = 100  # of a circuit's picture
_SIZE = (4.8, 3.2)
_numbers = count()  # of the pictures in one page, whose identifiers must differ


def draw(value: Any, ax: Axes | None = None) -> Axes:
    """Draw ``value`` into ``ax``, by default a new figure of pyplot. UsageError if there is nothing to draw."""
    if ax is None:
        from matplotlib import pyplot as plt

        ax = plt.figure(figsize=_size(value), layout="constrained").add_subplot()
    _draw(value, ax)
    return ax


def as_svg(value: Any) -> str:
    """The figure as an SVG element for a page; empty if there is nothing to draw, or too much."""
    if isinstance(value, Ansatz) and (value.num_qubits > 20 or len(value.program.gates) > _MOST_GATES):
        return ""
    name = f"{type(value).__name__}-{next(_numbers)}"
    with suppress(UsageError):
        return svg(partial(_draw, value), _size(value), name, type(value).__name__)
    return ""


def _size(value: Any) -> tuple[float, float]:
    return circuit_size(value) if isinstance(value, Ansatz) else _SIZE


_FIGURES: dict[type, Callable[[Axes, Any], None]] = {
    WalshSpectrum: lambda ax, spectrum: plot_degree_weights(ax, spectrum.degree_weights()),
    SpectrumEstimate: lambda ax, found: plot_degree_weights(ax, found.weights, rest=max(found.rest, 0.0)),
    IsingHamiltonian: plot_largest_coefficients,
    TableCost: lambda ax, cost: plot_cost_histogram(ax, cost.values),
    Ansatz: plot_circuit,
    TrainingResult: plot_training,
    Study: plot_success,
}


def _draw(value: Any, ax: Axes) -> None:
    for kind, plot in _FIGURES.items():
        if isinstance(value, kind):
            return plot(ax, value)
    raise UsageError(f"there is no figure of a {type(value).__name__}.")
