"""What a training minimizes: a number made from the distribution of the measured costs.

The mean E = <C>, the mean of the cheapest part of the distribution (CVaR), or -log <exp(-eta C)> (Gibbs).
All of them are functions of the probabilities p_x = |psi_x|^2, so that their derivatives are those of the
mean of another diagonal: d objective / d theta = d <D> / d theta with D held fixed, D_x = d objective / d p_x
up to a constant that normalisation takes away.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError, unknown_name

IndexArray = npt.NDArray[np.intp]
_LARGEST_EXPONENT = 700.0  # exp of it is finite; see Gibbs.linearized


class Objective(ABC):
    """A function of the distribution of costs.

    Throughout, ``probabilities`` and ``table`` are float64 arrays of one shape, (2^N,) on an exact engine:
    probabilities that add up to 1 and the costs they belong to. ``order`` is ``table.argsort()`` where that is at
    hand; it saves `CVaR` from sorting again.
    """

    @property
    @abstractmethod
    def description(self) -> dict[str, Any]:
        """Name and setting, as JSON can hold them."""

    @abstractmethod
    def exact(self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None) -> float:
        """The objective of this distribution."""

    @abstractmethod
    def linearized(
        self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None
    ) -> Callable[[FloatArray], FloatArray]:
        """The function D of a cost whose mean has the objective's derivatives at these probabilities.

        It serves for costs that are not in ``table`` as well, so that gradients can be estimated from samples:
        those at the point itself, with probability 1/M each, fix D; its means at shifted angles differ by the
        gradient.
        """

    def effective_diagonal(
        self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None
    ) -> FloatArray:
        """D at every entry of ``table``: d objective / d theta = d <D> / d theta at these probabilities."""
        return self.linearized(probabilities, table, order)(table)

    @abstractmethod
    def estimate(self, costs: npt.ArrayLike) -> tuple[float, float]:
        """(value, standard error) from the costs (M,) of M >= 1 independent samples; the error is NaN for M = 1."""


@dataclass(frozen=True)
class Mean(Objective):
    """E = <C>."""

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "mean"}

    def exact(self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None) -> float:
        return float(_weighted_sum(probabilities, table))

    def linearized(
        self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None
    ) -> Callable[[FloatArray], FloatArray]:
        return lambda costs: costs

    def estimate(self, costs: npt.ArrayLike) -> tuple[float, float]:
        values = _check_costs(costs)
        return float(values.mean()), _error_of_mean(values)


@dataclass(frozen=True)
class CVaR(Objective):
    """Conditional value at risk: the mean over the cheapest fraction ``alpha`` of the distribution.

    With the quantile q, P(C < q) <= alpha <= P(C <= q), it is q + <min(C - q, 0)> / alpha (Rockafellar and
    Uryasev, J. Risk 2, 21 (2000)); for variational circuits: Barkoutsos et al., Quantum 4, 256 (2020).
    alpha = 1 is the mean. Where alpha falls on a step of the distribution, the gradient is one of the
    subgradients. UsageError unless 0 < alpha <= 1.
    """

    alpha: float

    def __post_init__(self) -> None:
        if not _is_number(self.alpha) or not 0 < self.alpha <= 1:
            raise UsageError(f"CVaR needs alpha in (0, 1], got {self.alpha!r}.")

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "cvar", "alpha": float(self.alpha)}

    def exact(self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None) -> float:
        q = self._quantile(probabilities, table, order)
        return q + float(_weighted_sum(probabilities, np.minimum(table - q, 0.0))) / self.alpha

    def linearized(
        self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None
    ) -> Callable[[FloatArray], FloatArray]:
        q, alpha = self._quantile(probabilities, table, order), self.alpha
        return lambda costs: np.minimum(costs - q, 0.0) / alpha

    def estimate(self, costs: npt.ArrayLike) -> tuple[float, float]:
        values = _check_costs(costs)
        q = self._quantile(np.full(values.size, 1 / values.size), values, None)
        excess = np.minimum(values - q, 0.0) / self.alpha
        # an error in q does not matter to first order: the objective is stationary there
        return float(q + excess.mean()), _error_of_mean(excess)

    def _quantile(self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None) -> float:
        ascending = table.argsort(kind="stable") if order is None else order
        reached = np.cumsum(probabilities[ascending])
        # what adds up to alpha but for rounding has reached it
        first = int(np.searchsorted(reached, self.alpha * (1 - 1e-12)))
        return float(table[ascending[min(first, table.size - 1)]])


@dataclass(frozen=True)
class Gibbs(Objective):
    """-log <exp(-eta C)> (Li et al., Phys. Rev. Research 2, 023074 (2020)): rewards weight on the lowest costs.

    Divided by eta it goes from the mean (eta -> 0) to the least cost of non-zero probability (eta -> infinity).
    UsageError unless eta is positive and finite.
    """

    eta: float

    def __post_init__(self) -> None:
        if not _is_number(self.eta) or not 0 < self.eta < math.inf:
            raise UsageError(f"the Gibbs objective needs a positive, finite eta, got {self.eta!r}.")

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "gibbs", "eta": float(self.eta)}

    def exact(self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None) -> float:
        return -self._log_mean(probabilities, table)

    def linearized(
        self, probabilities: FloatArray, table: FloatArray, order: IndexArray | None = None
    ) -> Callable[[FloatArray], FloatArray]:
        eta, log_mean = self.eta, self._log_mean(probabilities, table)
        # p_x exp(-eta C_x - log Z) <= 1: only where p_x vanishes can it overflow, and there anything finite will do
        return lambda costs: -np.exp(np.minimum(-eta * costs - log_mean, _LARGEST_EXPONENT))

    def estimate(self, costs: npt.ArrayLike) -> tuple[float, float]:
        values = _check_costs(costs)
        least = values.min()
        factors = np.exp(-self.eta * (values - least))
        return float(self.eta * least - math.log(factors.mean())), _error_of_mean(factors) / float(factors.mean())

    def _log_mean(self, probabilities: FloatArray, table: FloatArray) -> float:
        """log <exp(-eta C)>, the least cost that can be measured taken out: what is left can neither over- nor
        underflow."""
        possible = probabilities > 0
        if not possible.all():
            probabilities, table = probabilities[possible], table[possible]
        exponents = np.log(probabilities) - self.eta * table
        largest = float(exponents.max())
        return largest + math.log(np.exp(exponents - largest).sum())


MEAN = Mean()


def make_objective(text: str) -> Objective:
    """The objective that ``text`` names: "mean", "cvar:ALPHA" or "gibbs:ETA". UsageError for anything else."""
    name, colon, setting = text.partition(":")
    if name not in ("mean", "cvar", "gibbs"):
        raise unknown_name("objective", name, ("mean", "cvar:ALPHA", "gibbs:ETA"))
    if name == "mean":
        if colon:
            raise UsageError(f"the objective 'mean' takes no setting, got {text!r}.")
        return MEAN
    try:
        number = float(setting)
    except ValueError:
        raise UsageError(
            f"the objective {name!r} needs a number: 'cvar:ALPHA' with 0 < ALPHA <= 1 or 'gibbs:ETA' with ETA > 0, "
            f"got {text!r}."
        ) from None
    return CVaR(number) if name == "cvar" else Gibbs(number)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _weighted_sum(probabilities: FloatArray, values: FloatArray) -> FloatArray:
    """sum_x p_x v_x by NumPy's own loop: BLAS would add in an order that depends on its threads."""
    return np.einsum("i,i->", probabilities, values)


def _check_costs(costs: npt.ArrayLike) -> FloatArray:
    values = np.asarray(costs, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise InputError(f"an estimate needs the costs of at least 1 sample, shape (M,), got shape {values.shape}.")
    return values


def _error_of_mean(values: FloatArray) -> float:
    return float(values.std(ddof=1) / math.sqrt(values.size)) if values.size > 1 else math.nan
