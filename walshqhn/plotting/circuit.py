"""Drawings of circuits. Functions draw into the Axes they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.plotting.style import literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def circuit_size(ansatz: Ansatz) -> tuple[float, float]:
    """Width and height, in inches, at which the drawing of a circuit keeps its proportions."""
    return 2.2 + 0.74 * ansatz.circuit().depth(), 1.2 + 0.74 * ansatz.num_qubits


def plot_circuit(ax: Axes, ansatz: Ansatz, params: npt.ArrayLike | None = None) -> None:
    """The circuit, drawn by Qiskit; with angles if ``params`` are given."""
    ansatz.circuit(params).draw(output="mpl", ax=ax, fold=-1, style="iqp", plot_barriers=False)
    qubits = f"{ansatz.num_qubits} qubit{'' if ansatz.num_qubits == 1 else 's'}"
    name = literal(f"{ansatz.description['name']} ansatz, {qubits}, {ansatz.num_parameters} angles")
    ax.set_title(name, fontsize=10)
