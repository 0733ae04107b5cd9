"""Gradients from values alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from walshqhn.arrays import FloatArray
from walshqhn.errors import UsageError
from walshqhn.vqa.ansatz import Ansatz
from walshqhn.vqa.engines.base import Engine


def parameter_shift(engine: Engine, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
    """dE/dt_k = (E(t_k + pi/2) - E(t_k - pi/2)) / 2, for every k: 2 num_parameters values.

    Holds where each parameter turns one Rx, Ry or Rz (Schuld et al., arXiv:1811.11184);
    UsageError otherwise.
    """
    values = ansatz.check_parameters(params)
    rotations = [g for g in ansatz.program.gates if g.name in ("rx", "ry", "rz")]
    used = np.bincount([g.parameter for g in rotations], minlength=ansatz.num_parameters)
    if (
        (used != 1).any()
        or any(g.scale != 1.0 for g in rotations)
        or any(g.name == "phase" for g in ansatz.program.gates)
    ):
        raise UsageError(
            f"the parameter-shift rule needs parameters that each turn one rotation; the {ansatz.description['name']} "
            "ansatz shares them. Use ExactEngine, or an optimizer without gradients."
        )
    gradient = np.empty(ansatz.num_parameters)
    for k in range(ansatz.num_parameters):
        step = np.zeros(ansatz.num_parameters)
        step[k] = np.pi / 2
        gradient[k] = (engine.expectation(ansatz, values + step) - engine.expectation(ansatz, values - step)) / 2
    return gradient
