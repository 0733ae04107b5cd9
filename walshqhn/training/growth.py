"""Layer-by-layer training: train L layers, insert one that does nothing, train L + 1 from there.

Skolik et al., Quantum Mach. Intell. 3, 5 (2021), train a growing circuit; that the inserted layer starts as the
identity is from Grant et al., Quantum 3, 214 (2019).
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
    """The circuit with one layer more, and angles at which it prepares the same state.

    Linear (and product) ansatz: the CX of a layer undo each other at no angles, but they leave |0...0> as it is.
    The new sub-layers therefore come first, with angles 0; those that were there keep their CX pairs. QAOA: the
    new layer comes last, gamma = beta = 0.

    Parameters
    ----------
    ansatz
        A `LinearAnsatz`, `ProductAnsatz` (which becomes a linear one) or `QAOAAnsatz`.
    params
        Its angles, (num_parameters,).

    Returns
    -------
    ansatz, params
        E and the whole distribution are as before. Where a state is a single configuration all gradients vanish,
        whatever the circuit: growth cannot leave it.

    Raises
    ------
    UsageError
        Another ansatz.
    InputError
        ``params`` of another shape, or not finite.
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
    raise _not_growing(ansatz)


def train_layerwise(
    ansatz: Ansatz,
    engine: Engine,
    layers: int,
    *,
    resume: Sequence[TrainingResult] = (),
    on_depth: Callable[[tuple[TrainingResult, ...]], None] | None = None,
    **settings: Any,
) -> tuple[TrainingResult, ...]:
    """Train ``ansatz``, then grow it layer by layer until it has ``layers``; each run goes on from its own angles.

    Parameters
    ----------
    ansatz, engine
        The circuit to begin with, and what evaluates it.
    layers
        Of the last circuit; at least those of ``ansatz``.
    resume
        What an earlier call with the same settings returned.
    on_depth
        Called with the results so far after each depth.
    settings
        As for `train`; ``grow`` of a `SearchSpec` belongs to `train_variant`.

    Returns
    -------
    tuple of TrainingResult
        One for each depth. Ctrl-C ends it early: the last result then has the status "interrupted".

    Raises
    ------
    UsageError, InputError
        As `train` and `grow_layers`; fewer ``layers`` than there are.
    """
    first = ansatz.description.get("layers")
    if first is None:
        raise _not_growing(ansatz)
    check_whole("layers, the circuit's own counted,", layers, first)
    results: list[TrainingResult] = []
    for depth in range(layers - first + 1):
        result = train(ansatz, engine, resume=resume[depth] if depth < len(resume) else None, **settings)
        results.append(result)
        if on_depth is not None:
            on_depth(tuple(results))
        if result.status == INTERRUPTED or depth == layers - first:
            break
        grown = [grow_layers(ansatz, run.parameters) for run in result.runs]
        ansatz, settings["initial"] = grown[0][0], np.stack([params for _, params in grown])
    return tuple(results)


def _not_growing(ansatz: Ansatz) -> UsageError:
    name = ansatz.description["name"]
    return UsageError(f"layers can be added to a linear, product or qaoa ansatz, not to {name!r}.")
