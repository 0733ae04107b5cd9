"""Circuits with one more layer that prepare the same state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz
from walshqhn.circuits.qaoa import QAOAAnsatz
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError


def grow_layers(ansatz: Ansatz, params: npt.ArrayLike) -> tuple[Ansatz, FloatArray]:
    """The circuit with one more layer, and angles at which it prepares the same state.

    Linear (and product) ansatz: with all angles 0, the CX gates of a layer leave |0...0> unchanged, but not other
    states. The new sub-layers therefore come first, and the others keep their CX pairs. QAOA: the new layer comes last,
    gamma = beta = 0.

    ``ansatz`` is a `LinearAnsatz`, a `ProductAnsatz` (which becomes a linear one) or a `QAOAAnsatz`; ``params`` has
    shape (num_parameters,). The whole distribution is unchanged; at a single configuration all gradients vanish,
    whatever the circuit, so growth cannot leave it. UsageError for another ansatz, InputError for bad ``params``.
    """
    values = ansatz.check_parameters(params)
    if isinstance(ansatz, LinearAnsatz):
        grown = LinearAnsatz(ansatz.num_qubits, ansatz.layers + 1)
        return grown, deepened(grown, values)
    if isinstance(ansatz, QAOAAnsatz):
        from_table = ansatz.description["terms"] is None
        phases = ansatz.phase_table if from_table else ansatz.hamiltonian
        deeper = QAOAAnsatz(phases, ansatz.layers + 1, mixer=ansatz.mixer, start=ansatz.start)
        return deeper, deepened(deeper, values)
    raise cannot_grow(ansatz)


def deepened(ansatz: LinearAnsatz | QAOAAnsatz, values: FloatArray) -> FloatArray:
    """The angles ``values`` of the same circuit with fewer layers, as angles of ``ansatz``: (num_parameters,)."""
    missing = ansatz.num_parameters - values.size
    if isinstance(ansatz, QAOAAnsatz):
        return np.pad(values.reshape(2, -1), ((0, 0), (0, missing // 2))).ravel()
    return np.concatenate([np.zeros(missing), values])


def cannot_grow(ansatz: Ansatz) -> UsageError:
    """The error for a circuit that cannot be grown."""
    name = ansatz.description["name"]
    return UsageError(f"layers can be added to a linear, product or qaoa ansatz, not to {name!r}.")
