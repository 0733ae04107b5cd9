"""Drawings of circuits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.plotting.style import literal
from walshqhn.support.text import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def circuit_size(ansatz: Ansatz) -> tuple[float, float]:
    """Width and height, in inches, that suit the drawing of a circuit."""
    return 2.2 + 0.74 * ansatz.circuit().depth(), 1.2 + 0.74 * ansatz.num_qubits


def plot_circuit(ax: Axes, ansatz: Ansatz, params: npt.ArrayLike | None = None) -> None:
    """The circuit, drawn by Qiskit into ``ax``; with angles if ``params`` (num_parameters,) are given."""
    ansatz.circuit(params).draw(output="mpl", ax=ax, fold=-1, style="iqp", plot_barriers=False)
    for artist in ax.get_children():
        artist.set_in_layout(artist is ax.title)  # all else lies within; measuring hundreds of texts takes longer
    size = f"{plural(ansatz.num_qubits, 'qubit')}, {plural(ansatz.num_parameters, 'angle')}"
    ax.set_title(literal(f"{ansatz.description['name']} ansatz, {size}"), fontsize=10)
