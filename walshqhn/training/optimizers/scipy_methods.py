"""Methods of `scipy.optimize.minimize`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from walshqhn.support.arrays import FloatArray
from walshqhn.training.optimizers.base import Limits, Optimizer, Outcome, Problem, check_setting
from walshqhn.training.result import CONVERGED, ITERATION_LIMIT, STALLED

_VALUES_PER_ITERATION = 20  # L-BFGS-B may spend on its line searches, on average


@dataclass(frozen=True)
class LBFGSB(Optimizer):
    """Quasi-Newton with limited memory (Byrd et al., SIAM J. Sci. Comput. 16, 1190 (1995)); exact gradients."""

    name: ClassVar[str] = "L-BFGS-B"
    exact_only: ClassVar[bool] = True

    def minimize(self, problem: Problem, x0: FloatArray, limits: Limits, rng: np.random.Generator) -> Outcome:
        norm = np.nan

        def evaluate(x: FloatArray) -> tuple[float, FloatArray]:
            nonlocal norm
            estimate, gradient = problem.value_and_gradient(x)
            norm = float(np.abs(gradient).max(initial=0.0))
            if problem.evaluations == 1:
                problem.iteration(estimate.value, norm=norm)
            return estimate.value, gradient

        def iterated(intermediate_result: OptimizeResult) -> None:  # SciPy goes by the argument's name
            problem.iteration(float(intermediate_result.fun), norm=norm)  # the last point evaluated is the new one

        options = {
            "maxiter": limits.max_iterations,
            "gtol": limits.gradient_tolerance,
            "ftol": 0.0,
            "maxfun": _VALUES_PER_ITERATION * limits.max_iterations,
        }
        found = minimize(evaluate, x0, jac=True, method=self.name, options=options, callback=iterated)
        return _outcome(found, max(found.nit, found.nfev // _VALUES_PER_ITERATION), limits)


class _ValuesOnly(Optimizer):
    """A method without gradients: an iteration is an evaluation."""

    @abstractmethod
    def _options(self, x0: FloatArray, max_evaluations: int) -> dict[str, Any]:
        """What SciPy is told."""

    def minimize(self, problem: Problem, x0: FloatArray, limits: Limits, rng: np.random.Generator) -> Outcome:
        def evaluate(x: FloatArray) -> float:
            estimate = problem.value(x)
            problem.iteration(*estimate)
            return estimate.value

        found = minimize(evaluate, x0, method=self.name, options=self._options(x0, limits.max_iterations))
        return _outcome(found, found.nfev, limits)


@dataclass(frozen=True)
class COBYLA(_ValuesOnly):
    """Linear models in a trust region (Powell, 1994)."""

    name: ClassVar[str] = "COBYLA"

    def least_iterations(self, num_parameters: int) -> int:
        return num_parameters + 2

    def _options(self, x0: FloatArray, max_evaluations: int) -> dict[str, Any]:
        return {"maxiter": max_evaluations}


@dataclass(frozen=True)
class COBYQA(_ValuesOnly):
    """Quadratic models in a trust region (Ragonneau and Zhang, 2022)."""

    name: ClassVar[str] = "COBYQA"

    def least_iterations(self, num_parameters: int) -> int:
        return 2 * num_parameters + 2

    def _options(self, x0: FloatArray, max_evaluations: int) -> dict[str, Any]:
        return {"maxfev": max_evaluations, "maxiter": max_evaluations}


@dataclass(frozen=True)
class NelderMead(_ValuesOnly):
    """The downhill simplex (Nelder and Mead, Comput. J. 7, 308 (1965)), with coefficients that depend on the dimension.

    UsageError unless ``initial_step`` is positive.
    """

    name: ClassVar[str] = "Nelder-Mead"
    initial_step: float = 0.5
    """Edge of the first simplex, radians."""

    def __post_init__(self) -> None:
        check_setting(self.name, "initial_step", self.initial_step)

    def least_iterations(self, num_parameters: int) -> int:
        return num_parameters + 2

    def _options(self, x0: FloatArray, max_evaluations: int) -> dict[str, Any]:
        simplex = x0 + np.vstack([np.zeros(x0.size), self.initial_step * np.eye(x0.size)])
        return {
            "maxfev": max_evaluations, "maxiter": max_evaluations, "adaptive": x0.size > 1, "initial_simplex": simplex,
            "xatol": 1e-4, "fatol": 1e-9,
        }  # fmt: skip


def _outcome(found: OptimizeResult, spent: int, limits: Limits) -> Outcome:
    if found.success:
        return Outcome(CONVERGED, str(found.message))
    return Outcome(ITERATION_LIMIT if spent >= limits.max_iterations else STALLED, str(found.message))
