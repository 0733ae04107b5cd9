"""Gradients from values alone."""

from __future__ import annotations

import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.shifts import ShiftRule
from walshqhn.engines.base import Engine
from walshqhn.support.arrays import FloatArray


def parameter_shift(engine: Engine, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
    """dE/dt_k for every k, from E at shifted angles, all in one job: shape (num_parameters,).

    UsageError if that takes too many circuits; see `ShiftRule`.
    """
    rule = ShiftRule(ansatz)
    points = rule.points(ansatz.check_parameters(params))
    return rule.gradient(engine.prepare(rule.ansatz).expectations(points))
