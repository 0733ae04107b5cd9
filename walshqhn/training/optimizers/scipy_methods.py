"""Methods of `scipy.optimize.minimize`, which has a loop of its own: a single step goes all the way."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from walshqhn.engines.base import Evaluation
from walshqhn.support.arrays import FloatArray
from walshqhn.support.specs import option
from walshqhn.training.optimizers.base import Optimizer, Outcome, Search, largest_component
from walshqhn.training.result import CONVERGED, ITERATION_LIMIT, STALLED

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

_VALUES_PER_ITERATION = 20  # L-BFGS-B may spend on its line searches, on average


@dataclass(frozen=True, eq=False)
class ScipyState:
    """Before SciPy's search, or after it."""

    x0: FloatArray
    outcome: Outcome | None = None


class ScipyMethod(Optimizer):
    """A method of SciPy."""

    @abstractmethod
    def minimize(self, search: Search, x0: FloatArray) -> Outcome:
        """Search from ``x0``, and report every iterate."""

    def init(self, search: Search, x0: FloatArray) -> ScipyState:
        return ScipyState(x0)

    def step(self, search: Search, state: ScipyState) -> ScipyState:
        return ScipyState(state.x0, self.minimize(search, state.x0))

    def terminate(self, search: Search, state: ScipyState) -> Outcome | None:
        return state.outcome


@dataclass(frozen=True)
class LBFGSB(ScipyMethod):
    """Quasi-Newton with limited memory (Byrd et al., SIAM J. Sci. Comput. 16, 1190 (1995)); exact gradients."""

    name: ClassVar[str] = "L-BFGS-B"
    exact_only: ClassVar[bool] = True

    def minimize(self, search: Search, x0: FloatArray) -> Outcome:
        from scipy.optimize import minimize

        last: list[tuple[Evaluation, float]] = []

        def evaluate(x: FloatArray) -> tuple[float, FloatArray]:
            found, gradient = search.evaluator.value_and_gradient(x)
            is_first = not last
            last[:] = [(found, largest_component(gradient))]
            if is_first:
                search.evaluator.report(*last[0])
            return found.value, gradient

        options = {
            "maxiter": search.max_iterations,
            "gtol": search.gradient_tolerance,
            "ftol": 0.0,
            "maxfun": _VALUES_PER_ITERATION * search.max_iterations,
        }
        # the last point evaluated is the new iterate
        found = minimize(
            evaluate, x0, jac=True, method=self.name, options=options,
            callback=lambda x: search.evaluator.report(*last[0]),
        )  # fmt: skip
        return _outcome(found, max(found.nit, found.nfev // _VALUES_PER_ITERATION), search)


class ValuesOnly(ScipyMethod):
    """A method without gradients: an iteration is an evaluation."""

    @abstractmethod
    def scipy_options(self, x0: FloatArray, max_evaluations: int) -> dict[str, Any]:
        """What SciPy is told."""

    def minimize(self, search: Search, x0: FloatArray) -> Outcome:
        from scipy.optimize import minimize

        def evaluate(x: FloatArray) -> float:
            found = search.evaluator.value(x)
            search.evaluator.report(found)
            return found.value

        found = minimize(evaluate, x0, method=self.name, options=self.scipy_options(x0, search.max_iterations))
        return _outcome(found, found.nfev, search)


@dataclass(frozen=True)
class COBYLA(ValuesOnly):
    """Linear models in a trust region (Powell, 1994)."""

    name: ClassVar[str] = "COBYLA"

    def least_iterations(self, num_parameters: int) -> int:
        return num_parameters + 2

    def scipy_options(self, x0: FloatArray, max_evaluations: int) -> dict[str, Any]:
        return {"maxiter": max_evaluations}


@dataclass(frozen=True)
class COBYQA(ValuesOnly):
    """Quadratic models in a trust region (Ragonneau and Zhang, 2022)."""

    name: ClassVar[str] = "COBYQA"

    def least_iterations(self, num_parameters: int) -> int:
        return 2 * num_parameters + 2

    def scipy_options(self, x0: FloatArray, max_evaluations: int) -> dict[str, Any]:
        return {"maxfev": max_evaluations, "maxiter": max_evaluations}


@dataclass(frozen=True)
class NelderMead(ValuesOnly):
    """The downhill simplex (Nelder and Mead, Comput. J. 7, 308 (1965)), with coefficients that depend on the dimension.

    UsageError unless ``initial_step`` is positive.
    """

    name: ClassVar[str] = "Nelder-Mead"
    initial_step: float = option(0.5, "Edge of the first simplex, radians.", above=0)

    def least_iterations(self, num_parameters: int) -> int:
        return num_parameters + 2

    def scipy_options(self, x0: FloatArray, max_evaluations: int) -> dict[str, Any]:
        simplex = x0 + np.vstack([np.zeros(x0.size), self.initial_step * np.eye(x0.size)])
        return {
            "maxfev": max_evaluations, "maxiter": max_evaluations, "adaptive": x0.size > 1, "initial_simplex": simplex,
            "xatol": 1e-4, "fatol": 1e-9,
        }  # fmt: skip


def _outcome(found: OptimizeResult, spent: int, search: Search) -> Outcome:
    if found.success:
        return Outcome(CONVERGED, str(found.message))
    return Outcome(ITERATION_LIMIT if spent >= search.max_iterations else STALLED, str(found.message))
