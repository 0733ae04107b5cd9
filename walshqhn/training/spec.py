"""How angles are searched for: as the command line, studies and stored results say it."""

from __future__ import annotations

from dataclasses import dataclass

from walshqhn.engines.objectives import Objective, make_objective
from walshqhn.support.specs import Spec, option
from walshqhn.training.optimizers import Optimizer, make_optimizer


@dataclass(frozen=True)
class SearchSpec(Spec):
    """How the angles of a circuit are searched for. UsageError for values that are not allowed."""

    optimizer: str | Optimizer | None = option(
        None,
        "L-BFGS-B, COBYLA, COBYQA, Nelder-Mead, Adam, SPSA or QN-SPSA, with settings as in SPSA:perturbation=0.1. "
        "Default: L-BFGS-B, with shots COBYLA.",
        convert=make_optimizer,
    )
    objective: str | Objective = option(
        "mean", "mean, cvar:ALPHA (mean of the cheapest fraction) or gibbs:ETA.", convert=make_objective
    )
    max_iterations: int = option(500, "Limit for each run.", least=1)
    max_shots: int | None = option(None, "Budget of measurements of each run.", least=1)
    max_seconds: float | None = option(None, "Budget of time of each run.", above=0)
    gradient_tolerance: float = option(1e-6, "L-BFGS-B, Adam: largest gradient component to stop at.", above=0)
    samples: int = option(1024, "Bit strings sampled at the end of each run.", least=1)
    tails: bool = option(
        False, "Record the mean of the cheapest 1, 5 and 10 % at every iteration; with shots always done."
    )
    grow: bool = option(False, "Train layer by layer, from the fewest up to the circuit's layers.")

    def method(self, shots: int | None) -> Optimizer:
        """The optimizer, decided: by default L-BFGS-B for exact values, COBYLA for values from ``shots``."""
        if isinstance(self.optimizer, Optimizer):
            return self.optimizer
        return make_optimizer("L-BFGS-B" if shots is None else "COBYLA")
