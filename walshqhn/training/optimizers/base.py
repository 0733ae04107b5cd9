"""What an optimizer is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.specs import Spec

if TYPE_CHECKING:
    from walshqhn.training.evaluator import Evaluator


class Outcome(NamedTuple):
    """How a search ended."""

    status: str
    """One of those in `walshqhn.training.result`."""
    message: str
    """The optimizer's own words."""


@dataclass(frozen=True, eq=False)
class Search:
    """One run, as an optimizer sees it."""

    evaluator: Evaluator
    """What values, gradients and overlaps are asked of, and iterations are reported to."""
    rng: np.random.Generator
    """For the optimizer's own random numbers."""
    max_iterations: int
    gradient_tolerance: float


class Optimizer(Spec, ABC):
    """A method that minimizes a function of angles.

    A subclass is a frozen dataclass whose fields, made by `option`, are its settings. `walshqhn.training.search` asks
    it for its first state, and for one after the other until it says that it is over, or the iterations are. Every
    iterate, the starting point included, is reported once, by ``search.evaluator.report``.
    """

    name: ClassVar[str]
    """What `make_optimizer` calls it."""
    exact_only: ClassVar[bool] = False
    """Whether it needs exact values."""

    def __post_init__(self) -> None:
        try:
            super().__post_init__()
        except UsageError as error:
            raise UsageError(f"{self.name}: {error}") from None

    def __str__(self) -> str:
        """Name and changed settings: what `make_optimizer` makes it from."""
        changed = ";".join(f"{name}={_text(value)}" for name, value in self.changed.items())
        return f"{self.name}:{changed}" if changed else self.name

    def least_iterations(self, num_parameters: int) -> int:
        """The fewest ``max_iterations`` that this method can do anything with."""
        return 1

    @abstractmethod
    def init(self, search: Search, x0: FloatArray) -> Any:
        """The state of a search that starts from the angles ``x0`` (num_parameters,)."""

    @abstractmethod
    def step(self, search: Search, state: Any) -> Any:
        """The state after one iteration more."""

    @abstractmethod
    def terminate(self, search: Search, state: Any) -> Outcome | None:
        """Why the search is over; None: it is not. Limits and budgets are no concern of it."""


@dataclass(frozen=True)
class Patience:
    """Counts iterations without a lower value."""

    waited: int = 0
    best: float = math.inf

    def after(self, value: float) -> Patience:
        """After one more iteration, with ``value``."""
        return Patience(0 if value < self.best else self.waited + 1, min(self.best, value))

    def is_over(self, limit: int | None) -> bool:
        """Whether the last ``limit`` iterations brought no lower value; never for None."""
        return limit is not None and self.waited >= limit


def largest_component(gradient: FloatArray) -> float:
    """The largest absolute component; 0 where there is none."""
    return float(np.abs(gradient).max(initial=0.0))


def _text(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
