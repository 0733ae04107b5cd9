"""Studies: the same cost trained many times, over seeds, depths, circuits and engines.

`walshqhn.study.run.run_study` does what a `Plan` says; a `Study` holds what came of it.

Words. A *variant* is one way to train (circuit, engine, search); a *run* is one training of a variant from one random
start. Run k of every variant depends on the study's seed and on k only, so a study can be interrupted, resumed,
widened by variants and lengthened by runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError
from walshqhn.support.hooks import native_format
from walshqhn.training.result import RunResult, TrainingResult
from walshqhn.training.spec import Variant

if TYPE_CHECKING:
    from walshqhn.study.statistics import Proportion

Unit = tuple[int, int]
"""(number of the variant, number of the run)"""


@dataclass(frozen=True)
class Plan:
    """What a study is to do. UsageError without variants, with one twice, or for other values out of range."""

    variants: tuple[Variant, ...]
    """The ways to train, at least 1."""
    runs: int = 100
    """Of every variant."""
    seed: int = 0
    """What all random draws follow from."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", tuple(self.variants))
        if not self.variants:
            raise UsageError("a study needs at least one variant.")
        for variant in self.variants:
            if not isinstance(variant, Variant):
                raise UsageError(f"the variants of a study are Variant.of(...), got {variant!r}.")
        if len(set(self.variants)) != len(self.variants):
            raise UsageError("a study names a variant twice.")
        object.__setattr__(self, "runs", check_whole("runs", self.runs, 1))
        object.__setattr__(self, "seed", check_whole("seed", self.seed, 0))

    @property
    def labels(self) -> tuple[str, ...]:
        """A label for each variant; equal ones are told apart by what labels do not say."""
        settings, labels = [v.settings for v in self.variants], [v.label for v in self.variants]
        found = []
        for label, own in zip(labels, settings, strict=True):
            others = [one for other, one in zip(labels, settings, strict=True) if other == label]
            apart = [name for name in own if len({one[name] for one in others}) > 1]
            found.append(", ".join([label, *(f"{name.replace('_', ' ')} {own[name]}" for name in apart)]))
        return tuple(found)

    def units(self) -> list[Unit]:
        """All trainings, run by run: a study cut short has about as many runs of every variant."""
        return [(v, k) for k in range(self.runs) for v in range(len(self.variants))]

    def seed_of(self, run: int) -> int:
        """The seed that run ``run`` is trained with."""
        return int(np.random.SeedSequence([self.seed, run]).generate_state(1, np.uint64)[0])

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"variants": [v.as_dict() for v in self.variants], "runs": self.runs, "seed": self.seed}

    @classmethod
    def from_dict(cls, values: Any, where: str = "") -> Plan:
        """The inverse of `as_dict`. UsageError, which says ``where`` they are from, for anything else."""
        place = f" in {where}" if where else ""
        if not isinstance(values, Mapping) or set(values) != {"variants", "runs", "seed"}:
            raise UsageError(f"a plan{place} is a table of variants, runs and seed, got {values!r}.")
        if not isinstance(values["variants"], list | tuple):
            raise UsageError(f"the variants{place} must be a list, got {type(values['variants']).__name__}.")
        variants = tuple(Variant.from_dict(v, where) for v in values["variants"])
        return cls(variants, values["runs"], values["seed"])


@dataclass(frozen=True, eq=False)
class Study:
    """A plan, and the trainings done so far."""

    plan: Plan
    """What is to be done."""
    num_qubits: int
    """N."""
    cost_digest: str
    """Of the cost."""
    exact_minimum: float | None
    """Least cost of any configuration, where it is known."""
    trainings: dict[int, TrainingResult] = field(default_factory=dict)
    """Of each variant that has finished runs, by its number in the plan; runs in order of their index."""

    @property
    def done(self) -> int:
        """Finished trainings."""
        return sum(len(t.runs) for t in self.trainings.values())

    @property
    def is_complete(self) -> bool:
        """Whether all trainings of the plan are finished."""
        return self.done == len(self.plan.units())

    @property
    def reference(self) -> float:
        """What success is measured from: the exact minimum, or where that is unknown the least cost that any run of
        this study has sampled, which later runs may lower. NaN without either.
        """
        if self.exact_minimum is not None:
            return self.exact_minimum
        return min((t.best_cost for t in self.trainings.values()), default=np.nan)

    def runs(self, variant: int) -> tuple[RunResult, ...]:
        """Finished runs of a variant."""
        found = self.trainings.get(variant)
        return () if found is None else found.runs

    def energies(self, variant: int) -> FloatArray:
        """Mean cost E at the end of each finished run, exact or from its final samples: (runs,)."""
        return np.array([run.energy for run in self.runs(variant)])

    def success_probability(
        self, epsilon: float, *, sampled: bool = False, confidence: float = 0.95
    ) -> list[Proportion]:
        """P(E - `reference` <= epsilon) of every variant, with Wilson intervals.

        With ``sampled``, of the best bit string that was measured instead of the mean cost E.
        """
        from walshqhn.study.statistics import wilson

        found, reference = [], self.reference
        for v in range(len(self.plan.variants)):
            values = [run.best_cost if sampled else run.energy for run in self.runs(v)]
            reached = sum(value - reference <= epsilon for value in values)
            found.append(wilson(reached, len(values), confidence))
        return found

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a walshqhn HDF5 file with nothing but this study; as `IsingHamiltonian.save`."""
        native_format().save_part(path, "study", self, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """From a walshqhn HDF5 file. InputError if it holds no study."""
        found: Study = native_format().load_part(path, "study")
        return found
