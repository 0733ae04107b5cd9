"""The interface of optimizers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.specs import Spec
from walshqhn.training.evaluator import Evaluator
from walshqhn.training.result import STALLED, Outcome


class Optimizer(Spec, ABC):
    """A method that minimizes a function of angles.

    A subclass is a frozen dataclass whose fields, made by `option`, are its settings. `walshqhn.training.search` calls
    `init` once, then `step` until `terminate` or a limit ends the run. Every iterate, including the starting point, is
    reported once, by ``run.report``.
    """

    name: ClassVar[str]
    """Its name for `make_optimizer`."""
    exact_only: ClassVar[bool] = False
    """Whether it needs exact values."""

    def __post_init__(self) -> None:
        try:
            super().__post_init__()
        except UsageError as error:
            raise UsageError(f"{self.name}: {error}") from None

    def __str__(self) -> str:
        """Name and changed settings, as `make_optimizer` reads them."""
        texts = {k: str(v).lower() if v is None or isinstance(v, bool) else str(v) for k, v in self.changed.items()}
        return ":".join(filter(None, (self.name, ";".join(f"{k}={text}" for k, text in texts.items()))))

    def least_iterations(self, num_parameters: int) -> int:
        """The smallest ``max_iterations`` that makes sense for this method."""
        return 1

    @abstractmethod
    def init(self, run: Evaluator, x0: FloatArray) -> Any:
        """The state at the starting point ``x0`` (num_parameters,)."""

    @abstractmethod
    def step(self, run: Evaluator, state: Any) -> Any:
        """The state after one more iteration."""

    @abstractmethod
    def terminate(self, run: Evaluator, state: Any) -> Outcome | None:
        """Why the search is over, or None if it is not. Iteration limits and budgets are checked elsewhere."""


def out_of_patience(run: Evaluator, limit: int | None) -> Outcome | None:
    """An outcome once the last ``limit`` iterations found no lower value; None without a limit."""
    if limit is None or run.waited < limit:
        return None
    return Outcome(STALLED, f"no lower value in {limit} iterations")


def largest_component(gradient: FloatArray) -> float:
    """The largest absolute component; 0 for an empty array."""
    return float(np.abs(gradient).max(initial=0.0))
