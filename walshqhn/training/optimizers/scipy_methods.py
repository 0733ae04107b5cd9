"""Methods of `scipy.optimize.minimize`, which runs its own loop: a single step is the whole search."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.files import first_line
from walshqhn.support.resources import numpy_threads
from walshqhn.support.specs import option
from walshqhn.training.evaluator import Evaluator, Point, Stop
from walshqhn.training.optimizers.base import Optimizer, largest_component
from walshqhn.training.result import CONVERGED, ITERATION_LIMIT, STALLED, Outcome

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

_WIDTH = 1e-4  # radians, of differences between gradients
_VALUES_PER_ITERATION = 20  # L-BFGS-B may spend on its line searches, on average


_OURS = ("maxiter", "maxfun", "maxfev", "disp", "iprint", "verbose", "return_all")

GRADIENT_METHODS = {
    "CG": "gtol", "BFGS": "gtol", "Newton-CG": None, "TNC": "gtol", "SLSQP": None, "trust-constr": "gtol",
    "trust-ncg": "gtol", "trust-exact": "gtol", "trust-krylov": "gtol",
}  # fmt: skip
"""Those of SciPy that `Gradients` runs -> what they call the gradient to stop at.

Not dogleg: it takes positive Hessians only, and a mean cost, which is periodic in its angles, has others, too.
"""


def _settings(text: Any) -> str:
    """NAME=VALUE;NAME=VALUE in canonical form. UsageError for anything else."""
    if not isinstance(text, str):
        raise UsageError(f"settings of SciPy's methods are text, NAME=VALUE;NAME=VALUE, got {text!r}.")
    found = {}
    for one in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = (part.strip() for part in one.partition("="))
        if not equals or not name.isidentifier():
            raise UsageError(f"settings of SciPy's methods are written NAME=VALUE;NAME=VALUE, got {text!r}.")
        if name in _OURS:
            raise UsageError(f"{name} is not set here: max_iterations limits the search, and nothing is printed.")
        found[name] = value
    return ";".join(f"{name}={value}" for name, value in sorted(found.items()))


def _value(text: str) -> Any:
    constants = {"true": True, "false": False, "none": None}
    if text.lower() in constants:
        return constants[text.lower()]
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


@dataclass(frozen=True, kw_only=True)
class ScipyMethod(Optimizer):
    """A method of SciPy; its state is the starting point, then the outcome."""

    scipy: str = option("", "Further options that the method has in SciPy, NAME=VALUE;NAME=VALUE.", convert=_settings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scipy:
            self._try()

    def __str__(self) -> str:
        own = [f"{name}={value}" for name, value in self.changed.items() if name not in ("name", "scipy")]
        return ":".join(filter(None, (self.name, ";".join(filter(None, (*own, self.scipy))))))

    @property
    def given(self) -> dict[str, Any]:
        """The further options, by name."""
        return {name: _value(text) for name, _, text in (one.partition("=") for one in self.scipy.split(";")) if name}

    def _try(self) -> None:
        """UsageError for options that SciPy does not know or cannot use, tested by a short search."""
        from scipy.optimize import OptimizeWarning, minimize

        more = {"jac": lambda x: 2 * x, "hess": lambda x: 2 * np.eye(2)} if self.exact_only else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", OptimizeWarning)
            try:
                minimize(lambda x: float(x @ x), np.ones(2), method=self.name, options=self.given, **more)
            except Exception as error:
                raise UsageError(f"{self.name} of SciPy does not take {self.scipy}: {first_line(error)}") from None

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
            evaluate,
            state,
            jac=True,
            method=self.name,
            options=options | self.given,
            callback=lambda x: run.report(last[0]),
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
        found = _minimize(evaluate, state, method=self.name, options=self.scipy_options(run, state) | self.given)
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


@dataclass(frozen=True)
class Powell(ValuesOnly):
    """Line searches along conjugate directions (Powell, Comput. J. 7, 155 (1964))."""

    name: ClassVar[str] = "Powell"


@dataclass(frozen=True)
class Gradients(ScipyMethod):
    """Any other method of SciPy that takes gradients, here exact ones; Hessians are differences of gradients."""

    # one class for all of them, so that the name is a field
    name: str = option("BFGS", "Its name in SciPy.", choices=tuple(GRADIENT_METHODS))  # type: ignore[misc]
    exact_only: ClassVar[bool] = True

    def step(self, run: Evaluator, state: FloatArray) -> Outcome:
        most, seen = run.search.max_iterations, dict[bytes, Point]()

        def evaluate(x: FloatArray) -> tuple[float, FloatArray]:
            found, gradient = run.value_and_gradient(x)
            if not seen:
                run.report(found)
            seen[x.tobytes()] = found
            return found.value / run.spread, gradient / run.spread  # so that SciPy's own tolerances mean the same

        def hessian(x: FloatArray) -> FloatArray:
            slopes = [[evaluate(x + s)[1] - evaluate(x - s)[1]] for s in _WIDTH * np.eye(x.size)]
            found = np.concatenate(slopes) / (2 * _WIDTH)
            return (found + found.T) / 2

        def iterated(x: FloatArray, *details: Any) -> None:
            if run.iterations == 0 and np.array_equal(x, state):  # trust-constr tells of its start, too
                return
            here = seen.get(x.tobytes()) or run.value_and_gradient(x)[0]
            run.report(here)
            seen.clear()
            seen[x.tobytes()] = here
            if run.iterations >= most:
                raise Stop(ITERATION_LIMIT, f"{most} iterations are over")

        tolerance, options = GRADIENT_METHODS[self.name], {"maxiter": most + 1}  # trust-constr counts its start
        if self.name == "TNC":
            options = {"maxfun": _VALUES_PER_ITERATION * most}
        accuracy = {tolerance: run.search.gradient_tolerance} if tolerance else {}
        found = _minimize(
            evaluate, state, jac=True, method=self.name, options=options | accuracy | self.given, callback=iterated,
            **({"hess": hessian} if self.name in ("trust-ncg", "trust-exact", "trust-krylov") else {}),
        )  # fmt: skip
        lowest = min(seen.values(), key=lambda point: point.value)
        if lowest.evaluation is run.best:  # met on the way to a Hessian, or where no step was taken
            run.report(lowest)
        if not found.success and largest_component(found.jac) <= run.search.gradient_tolerance:
            return Outcome(CONVERGED, f"the gradient vanishes ({found.message})")  # no step makes it smaller
        return _outcome(found, run.iterations, most)


def _minimize(*arguments: Any, **options: Any) -> OptimizeResult:
    from scipy.optimize import minimize

    with numpy_threads(1):  # SciPy, and with it a BLAS of its own, may only now have been loaded
        return minimize(*arguments, **options)


def _outcome(found: OptimizeResult, spent: int, most: int) -> Outcome:
    status = CONVERGED if found.success else ITERATION_LIMIT if spent >= most else STALLED
    return Outcome(status, str(found.message))
