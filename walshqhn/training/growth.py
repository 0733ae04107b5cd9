"""Layer-by-layer training: train L layers, insert an identity layer, train L + 1 layers from there.

Skolik et al., Quantum Mach. Intell. 3, 5 (2021), train a growing circuit; starting the inserted layer as the identity
is due to Grant et al., Quantum 3, 214 (2019).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz
from walshqhn.circuits.qaoa import QAOAAnsatz
from walshqhn.engines.base import Engine
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError
from walshqhn.training.result import INTERRUPTED, TrainingResult
from walshqhn.training.train import train


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
        return grown, np.concatenate([np.zeros(grown.num_parameters - values.size), values])
    if isinstance(ansatz, QAOAAnsatz):
        from_table = ansatz.description["terms"] is None
        deeper = QAOAAnsatz(ansatz.phase_table if from_table else ansatz.hamiltonian, ansatz.layers + 1)
        gammas, betas = values.reshape(2, ansatz.layers)
        return deeper, np.concatenate([gammas, [0.0], betas, [0.0]])
    raise _cannot_grow(ansatz)


def train_layerwise(
    ansatz: Ansatz, engine: Engine, layers: int, *, resume: Sequence[TrainingResult] = (),
    on_depth: Callable[[tuple[TrainingResult, ...]], None] | None = None, **settings: Any,
) -> tuple[TrainingResult, ...]:  # fmt: skip
    """Train ``ansatz``, then grow it layer by layer until it has ``layers``; each run continues from its own angles.

    Returns one result for each depth, those of `train` with the ``settings``. ``resume`` takes the results of an
    earlier call with the same settings; ``on_depth`` is called with the results so far after each depth. Ctrl-C ends it
    early: the last result then has the status "interrupted". UsageError and InputError as `train` and `grow_layers`,
    and for fewer ``layers`` than ``ansatz`` has.
    """
    first = ansatz.description.get("layers")
    if first is None:
        raise _cannot_grow(ansatz)
    check_whole("layers of the final circuit", layers, first)
    results: list[TrainingResult] = []
    for depth in range(layers - first + 1):
        if results:
            grown = [grow_layers(ansatz, run.parameters) for run in results[-1].runs]
            ansatz, settings["initial"] = grown[0][0], np.stack([params for _, params in grown])
        results.append(train(ansatz, engine, resume=resume[depth] if depth < len(resume) else None, **settings))
        if on_depth is not None:
            on_depth(tuple(results))
        if results[-1].status == INTERRUPTED:
            break
    return tuple(results)


def _cannot_grow(ansatz: Ansatz) -> UsageError:
    name = ansatz.description["name"]
    return UsageError(f"layers can be added to a linear, product or qaoa ansatz, not to {name!r}.")
