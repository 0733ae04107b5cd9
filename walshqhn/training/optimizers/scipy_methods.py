"""Methods of `scipy.optimize.minimize`, which runs its own loop: a single step is the whole search."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.resources import numpy_threads
from walshqhn.support.specs import option
from walshqhn.training.evaluator import Evaluator, Point
from walshqhn.training.optimizers.base import Optimizer
from walshqhn.training.result import CONVERGED, ITERATION_LIMIT, STALLED, Outcome

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

_VALUES_PER_ITERATION = 20  # L-BFGS-B may spend on its line searches, on average


class ScipyMethod(Optimizer):
    """A method of SciPy; its state is the starting point, then the outcome."""

    def init(self, run: Evaluator, x0: FloatArray) -> FloatArray:
        return x0

    @abstractmethod
    def step(self, run: Evaluator, state: FloatArray) -> Outcome:
        """Search from ``state`` to the end, reporting every iterate."""

    def terminate(self, run: Evaluator, state: FloatArray | Outcome) -> Outcome | None:
        return state if isinstance(state, Outcome) else None


@dataclass(frozen=True)
class LBFGSB(ScipyMethod):
    """Limited-memory quasi-Newton method (Byrd et al., SIAM J. Sci. Comput. 16, 1190 (1995)); exact gradients."""

    name: ClassVar[str] = "L-BFGS-B"
    exact_only: ClassVar[bool] = True

    def step(self, run: Evaluator, state: FloatArray) -> Outcome:
        last: list[Point] = []  # the last point evaluated is the new iterate

        def evaluate(x: FloatArray) -> tuple[float, FloatArray]:
            found, gradient = run.value_and_gradient(x)
            if not last:
                run.report(found)
            last[:] = [found]
            return found.value, gradient

        most, tolerance = run.search.max_iterations, run.search.gradient_tolerance * run.spread
        options = {"maxiter": most, "gtol": tolerance, "ftol": 0.0, "maxfun": _VALUES_PER_ITERATION * most}
        found = _minimize(
            evaluate, state, jac=True, method=self.name, options=options, callback=lambda x: run.report(last[0])
        )
        return _outcome(found, max(found.nit, found.nfev // _VALUES_PER_ITERATION), most)


class ValuesOnly(ScipyMethod):
    """A method without gradients: an iteration is an evaluation."""

    points_per_angle: ClassVar[int] = 1
    """In the first model."""

    def least_iterations(self, num_parameters: int) -> int:
        return self.points_per_angle * num_parameters + 2

    def scipy_options(self, run: Evaluator, x0: FloatArray) -> dict[str, Any]:
        """Options of `scipy.optimize.minimize`, for at most ``max_iterations`` evaluations."""
        return {"maxfev": run.search.max_iterations, "maxiter": run.search.max_iterations}

    def step(self, run: Evaluator, state: FloatArray) -> Outcome:
        def evaluate(x: FloatArray) -> float:
            found = run.value(x)
            run.report(found)
            return found.value

        most = run.search.max_iterations
        found = _minimize(evaluate, state, method=self.name, options=self.scipy_options(run, state))
        return _outcome(found, found.nfev, most)


@dataclass(frozen=True)
class COBYLA(ValuesOnly):
    """Linear models in a trust region (Powell, 1994)."""

    name: ClassVar[str] = "COBYLA"

    def scipy_options(self, run: Evaluator, x0: FloatArray) -> dict[str, Any]:
        return {"maxiter": run.search.max_iterations}


@dataclass(frozen=True)
class COBYQA(ValuesOnly):
    """Quadratic models in a trust region (Ragonneau and Zhang, 2022)."""

    name: ClassVar[str] = "COBYQA"
    points_per_angle: ClassVar[int] = 2


@dataclass(frozen=True)
class NelderMead(ValuesOnly):
    """Downhill simplex (Nelder and Mead, Comput. J. 7, 308 (1965)), with coefficients adapted to the dimension."""

    name: ClassVar[str] = "Nelder-Mead"
    initial_step: float = option(0.5, "Edge of the initial simplex, radians.", above=0)

    def scipy_options(self, run: Evaluator, x0: FloatArray) -> dict[str, Any]:
        simplex = x0 + np.vstack([np.zeros(x0.size), self.initial_step * np.eye(x0.size)])
        tolerances = {"xatol": 1e-4, "fatol": 1e-9 * run.spread, "adaptive": x0.size > 1}
        return super().scipy_options(run, x0) | tolerances | {"initial_simplex": simplex}


def _minimize(*arguments: Any, **options: Any) -> OptimizeResult:
    from scipy.optimize import minimize

    with numpy_threads(1):  # SciPy, and with it a BLAS of its own, may only now have been loaded
        return minimize(*arguments, **options)


def _outcome(found: OptimizeResult, spent: int, most: int) -> Outcome:
    status = CONVERGED if found.success else ITERATION_LIMIT if spent >= most else STALLED
    return Outcome(status, str(found.message))
