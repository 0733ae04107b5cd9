"""Objectives of a training: the mean E = <C>, the mean of the cheapest tail (CVaR), and the free energy (Gibbs).

All are in the units of C: those of a C + b, a > 0, are a times as large, plus b.

All are functions of the probabilities p_x = |psi_x|^2, so their derivatives are those of the mean of another diagonal:
d objective / d theta = d <D> / d theta with D held fixed, D_x = d objective / d p_x up to a constant, which
normalisation removes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from walshqhn.engines.distribution import Distribution, Estimate
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_real
from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.support.shown import Shown


class Objective(Shown, ABC):
    """A function of the distribution of costs."""

    def __str__(self) -> str:
        """Name and setting as `make_objective` reads them, such as "cvar:0.1"."""
        return ":".join([type(self).__name__.lower(), *(repr(v).removesuffix(".0") for v in vars(self).values())])

    @abstractmethod
    def evaluate(self, found: Distribution) -> Estimate:
        """The objective of an exact distribution (error 0), or its estimate from a measured one."""

    @abstractmethod
    def linearized(self, found: Distribution) -> Callable[[FloatArray], FloatArray]:
        """The function D of a cost whose mean has the objective's derivatives at ``found``.

        It also applies to costs outside ``found``, so that gradients can be estimated from samples: those at the point
        itself fix D, its means at shifted angles give the gradient.
        """


@dataclass(frozen=True)
class Mean(Objective):
    """E = <C>."""

    def evaluate(self, found: Distribution) -> Estimate:
        values = found.centred
        return Estimate.about(found.center, found.mean(values), _error_of_mean(found, values))

    def linearized(self, found: Distribution) -> Callable[[FloatArray], FloatArray]:
        center = found.center
        return lambda costs: costs - center if center else costs


@dataclass(frozen=True)
class CVaR(Objective):
    """Conditional value at risk: the mean over the cheapest fraction ``alpha`` of the distribution, 0 < alpha <= 1.

    With the quantile q, P(C < q) <= alpha <= P(C <= q), it is q + <min(C - q, 0)> / alpha (Rockafellar and
    Uryasev, J. Risk 2, 21 (2000)); for variational circuits: Barkoutsos et al., Quantum 4, 256 (2020).
    alpha = 1 is the mean. Where alpha falls on a step of the distribution, the gradient is one of the
    subgradients. UsageError for any other alpha.
    """

    alpha: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", check_real("alpha of CVaR", self.alpha, above=0, most=1))

    def evaluate(self, found: Distribution) -> Estimate:
        q = self._quantile(found)
        excess = np.minimum(found.costs - q, 0.0)
        mean = found.mean(excess) / self.alpha if found.is_exact else (excess / self.alpha).mean()
        # to first order an error in q does not matter: the objective is stationary there
        return Estimate.about(q, float(mean), _error_of_mean(found, excess / self.alpha))

    def linearized(self, found: Distribution) -> Callable[[FloatArray], FloatArray]:
        q, alpha = self._quantile(found), self.alpha
        return lambda costs: np.minimum(costs - q, 0.0) / alpha

    def _quantile(self, found: Distribution) -> float:
        reached = np.cumsum(found.weights[found.order])
        first = int(np.searchsorted(reached, self.alpha * (1 - 1e-12)))  # a sum equal to alpha but for rounding counts
        return float(found.costs[found.order[min(first, found.costs.size - 1)]])


@dataclass(frozen=True)
class Gibbs(Objective):
    """-(s / eta) log <exp(-eta C / s)>, s being the standard deviation of C: rewards weight on the lowest costs.

    It goes from the mean (eta -> 0) to the least cost of non-zero probability (eta -> infinity). Li et al. (Phys. Rev.
    Research 2, 023074 (2020)) have no s and no factor; here eta means the same whatever the units of C. s is
    `Cost.scale`. UsageError unless eta is positive and finite.
    """

    eta: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "eta", check_real("eta of the Gibbs objective", self.eta, above=0))

    def evaluate(self, found: Distribution) -> Estimate:
        least, unit = self._least_and_unit(found)
        factors = np.exp(np.minimum((least - found.costs) / unit, 0.0))
        mean = found.mean(factors)
        return Estimate.about(least, -unit * math.log(mean), unit * _error_of_mean(found, factors) / mean)

    def linearized(self, found: Distribution) -> Callable[[FloatArray], FloatArray]:
        least, unit = self._least_and_unit(found)
        log_mean = math.log(found.mean(np.exp(np.minimum((least - found.costs) / unit, 0.0))))
        # p_x exp(...) <= 1: it overflows only where p_x vanishes; there any finite number will do
        return lambda costs: -unit * np.exp(np.minimum((least - costs) / unit - log_mean, 700.0))

    def _least_and_unit(self, found: Distribution) -> tuple[float, float]:
        """The least possible cost, factored out so that nothing overflows, and s / eta."""
        possible = found.costs if found.probabilities is None else found.costs[found.probabilities > 0]
        return float(possible.min()), found.spread / self.eta


MEAN = Mean()


def make_objective(text: str | Objective) -> Objective:
    """The objective that ``text`` names: "mean", "cvar:ALPHA" or "gibbs:ETA". UsageError for anything else."""
    if isinstance(text, Objective):
        return text
    if not isinstance(text, str):
        raise UsageError(f"an objective is 'mean', 'cvar:ALPHA', 'gibbs:ETA' or an Objective, got {text!r}.")
    if text == "mean":
        return MEAN
    name, _, setting = text.partition(":")
    if name == "mean":
        raise UsageError(f"the objective 'mean' takes no setting, got {text!r}.")
    if name not in ("cvar", "gibbs"):
        raise unknown_name("objective", name, ("mean", "cvar:ALPHA", "gibbs:ETA"))
    try:
        number = float(setting)
    except ValueError:
        needed = "'cvar:ALPHA' with 0 < ALPHA <= 1 or 'gibbs:ETA' with ETA > 0"
        raise UsageError(f"the objective {name!r} needs a number: {needed}, got {text!r}.") from None
    return CVaR(number) if name == "cvar" else Gibbs(number)


def _error_of_mean(found: Distribution, values: FloatArray) -> float:
    """Standard error of the mean of ``values``: 0 if exact, NaN for a single shot."""
    if found.is_exact:
        return 0.0
    return float(values.std(ddof=1) / math.sqrt(values.size)) if values.size > 1 else math.nan
