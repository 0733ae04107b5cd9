"""The loss of a sample as a short sum of exponentials, whose mean factorizes wherever bits are independent.

On |v| <= reach, g(v) = slope v + Re sum_k c_k exp(i k step v) with k = 0 ... K: a Fourier extension, which is a least
squares fit with a period 2 pi / step longer than the interval (Huybrechs, SIAM J. Numer. Anal. 47, 4326 (2010)). Both
losses are analytic up to |Im v| = pi, so its error falls off as exp(-pi K step).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from walshqhn.binn.network import sigmoid
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_real
from walshqhn.support.errors import UsageError, unknown_name

MOST_TERMS = 2000
"""Longest expansion; the fit takes seconds and reaches |v| of about 600."""
DEFAULT_TOLERANCE = 1e-12
_MARGIN = 4.0  # half the part of a period that lies outside the interval
_POINTS = 3  # of the fit, for each unknown
_GRID = 8  # points of the measurement of the error, for each term
_BETWEEN = 1.5  # how much larger the error may be between points of that grid


@dataclass(frozen=True)
class _Shape:
    """A loss g(v) = slope v + even(v) + odd(v) of a sample whose output lies on the wrong side by v."""

    slope: float
    even: Callable[[FloatArray], FloatArray]
    odd: Callable[[FloatArray], FloatArray] | None


_SHAPES = {
    "bce": _Shape(0.5, lambda v: np.abs(v) / 2 + np.log1p(np.exp(-np.abs(v))), None),
    "mse": _Shape(0.0, lambda v: 0.25 * (1.0 + np.tanh(v / 2) ** 2), lambda v: 0.5 * np.tanh(v / 2)),
}
SLOPES = {loss: shape.slope for loss, shape in _SHAPES.items()}
"""The slope of every expansion of a loss."""


def wrong_side_loss(loss: str, v: npt.ArrayLike) -> FloatArray:
    """The loss g of samples whose logit lies on the wrong side by v (...): v = u for target 0, -u for 1.

    "bce": log(1 + e^v); "mse": 1 / (1 + e^-v)^2.

    >>> wrong_side_loss("mse", [0.0])
    array([0.25])
    """
    x = np.asarray(v, dtype=np.float64)
    return np.asarray(np.logaddexp(0.0, x) if loss == "bce" else sigmoid(x) ** 2, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class LossExpansion:
    """g(v) = slope v + Re sum_k coefficients[k] exp(i k step v), within ``error``, for |v| <= reach.

    >>> expansion = expand_loss("bce", reach=20.0)
    >>> bool(abs(expansion(np.array([-3.0, 20.0])) - np.logaddexp(0.0, [-3.0, 20.0])).max() <= expansion.error)
    True
    """

    loss: str
    """ "bce" or "mse". """
    reach: float
    slope: float
    step: float
    """Distance of the frequencies, in radians per unit of v."""
    coefficients: npt.NDArray[np.complex128]
    """c_k, k = 0 ... K: (K + 1,)."""
    error: float
    """Largest difference from the loss on |v| <= reach, as measured on a fine grid, with half as much added."""

    def __call__(self, v: npt.ArrayLike) -> FloatArray:
        """The sum at v, of any shape."""
        x = np.asarray(v, dtype=np.float64)
        phases = np.multiply.outer(x, self.frequencies)
        waves = np.cos(phases) @ self.coefficients.real - np.sin(phases) @ self.coefficients.imag
        return np.asarray(self.slope * x + waves, dtype=np.float64)

    @property
    def frequencies(self) -> FloatArray:
        """k step, k = 0 ... K: (K + 1,)."""
        return np.asarray(self.step * np.arange(len(self.coefficients)), dtype=np.float64)


@lru_cache(maxsize=256)
def expand_loss(loss: str, reach: float, tolerance: float = DEFAULT_TOLERANCE) -> LossExpansion:
    """The shortest expansion found of ``loss``, "bce" or "mse", on |v| <= reach > 0.

    Its error is at most ``tolerance``, in 1e-14 ... 0.1, times the largest loss there. UsageError for other arguments,
    or if ``MOST_TERMS`` terms or double precision do not reach that accuracy.
    """
    if loss not in _SHAPES:
        raise unknown_name("loss", loss, _SHAPES, " with an expansion")
    check_real("reach", reach, above=0.0)
    check_real("tolerance", tolerance, least=1e-14, most=0.1)
    scale = float(wrong_side_loss(loss, reach))
    half_period = reach + min(reach, _MARGIN)
    start = 4 - math.log(tolerance * scale) * half_period / math.pi**2
    terms, error = max(4, math.ceil(start)), math.inf
    while terms <= MOST_TERMS:
        found = _fit(loss, reach, math.pi / half_period, terms)
        if found.error <= tolerance * scale:
            return found
        if found.error > 0.5 * error:  # more terms no longer help
            break
        error, terms = found.error, terms + max(2, terms // 16)
    reached = f"the error stays at {error / scale:.1e} of it" if error < math.inf else f"{terms:,} terms are needed"
    raise UsageError(
        f"the {loss} loss of outputs up to {reach:.4g} has no expansion within {tolerance:g} of its largest value: "
        f"{reached}, at most {MOST_TERMS:,} are allowed. Scale inputs or weights down."
    )


def _fit(loss: str, reach: float, step: float, terms: int) -> LossExpansion:
    shape, k = _SHAPES[loss], np.arange(terms + 1)
    points = _POINTS * terms
    v = reach * np.sin(math.pi / 2 * (np.arange(points) + 0.5) / points)  # denser near the end, as polynomials need it
    phases = np.multiply.outer(v, step * k)
    coefficients = _solve(np.cos(phases), shape.even(v)).astype(np.complex128)
    if shape.odd is not None:
        coefficients[1:] -= 1j * _solve(np.sin(phases[:, 1:]), shape.odd(v))
    found = LossExpansion(loss, reach, shape.slope, step, coefficients, 0.0)
    grid = np.linspace(-reach, reach, _GRID * terms + 1)
    error = _BETWEEN * float(np.abs(found(grid) - wrong_side_loss(loss, grid)).max())
    return LossExpansion(loss, reach, shape.slope, step, coefficients, error)


def _solve(basis: FloatArray, values: FloatArray) -> FloatArray:
    found = np.linalg.lstsq(basis, values, rcond=1e-15)[0]  # of minimum norm: large coefficients would round
    return np.asarray(found, dtype=np.float64)
