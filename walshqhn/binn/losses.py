"""Losses of output pre-activations, averaged over samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from walshqhn.binn.network import sigmoid
from walshqhn.support.arrays import FloatArray

Targets = npt.NDArray[np.int64]


def binary_cross_entropy(u: FloatArray, targets: Targets) -> FloatArray:
    """Mean of log(1 + e^u) - t u over samples; u (M, S, 1), targets (S,) in {0, 1}; shape (M,)."""
    logits = u[:, :, 0]
    return (np.logaddexp(0.0, logits) - targets * logits).mean(axis=1)


def mean_squared_error(u: FloatArray, targets: Targets) -> FloatArray:
    """Mean of (sigmoid(u) - t)^2 over samples; u (M, S, 1), targets (S,) in {0, 1}; shape (M,)."""
    return ((sigmoid(u[:, :, 0]) - targets) ** 2).mean(axis=1)


def softmax_cross_entropy(u: FloatArray, targets: Targets) -> FloatArray:
    """Mean of log sum_c e^u_c - u_t over samples; u (M, S, classes), targets (S,) class numbers; shape (M,)."""
    peak = u.max(axis=2)
    total = peak + np.log(np.exp(u - peak[:, :, None]).sum(axis=2))
    return (total - u[:, np.arange(len(targets)), targets]).mean(axis=1)


Loss = Callable[[FloatArray, Targets], FloatArray]
LOSSES: dict[str, Loss] = {
    "bce": binary_cross_entropy, "mse": mean_squared_error, "softmax": softmax_cross_entropy
}  # fmt: skip
