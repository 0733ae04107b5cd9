"""Drawings of circuits, checked on the artists."""

import pytest

from walshqhn import LinearAnsatz, QAOAAnsatz
from walshqhn.plotting.circuit import circuit_size, plot_circuit
from walshqhn.plotting.style import new_figure


@pytest.mark.parametrize("ansatz", [LinearAnsatz(3, 1), QAOAAnsatz([1.0, 2.0, 0.0, 5.0], 1)])
def test_circuits_are_drawn(ansatz):
    figure, ax = new_figure(*circuit_size(ansatz))
    plot_circuit(ax, ansatz)
    assert len(ax.patches) >= ansatz.num_qubits
    assert f"{ansatz.num_qubits} qubits" in ax.get_title()
    assert figure.axes == [ax]
