"""Studies: the same cost trained many times, with different seeds, depths, circuits and engines.

A *variant* is one way to train (circuit, engine, search); a *run* is one training of a variant from one random start.
Run k of every variant depends only on the study's seed and on k, so a study can be interrupted, resumed, and extended
by variants and runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from walshqhn.study.statistics import Proportion, wilson
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError
from walshqhn.support.hooks import native_format
from walshqhn.support.shown import ByValue, Drawn, Tabular
from walshqhn.training.result import RunResult, TrainingResult, check_runs, rows_of
from walshqhn.training.spec import Variant

Unit = tuple[int, int]
"""(number of the variant, number of the run)"""


@dataclass(frozen=True, repr=False)
class Plan(Tabular):
    """What a study consists of. UsageError without variants, with duplicates, or for values out of range.

    TooLargeError for more runs than fit in memory.
    """

    variants: tuple[Variant, ...]
    """At least one."""
    runs: int = 100
    """Of every variant."""
    seed: int = 0
    """Seed of all random numbers."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", tuple(self.variants))
        if not self.variants:
            raise UsageError("a study needs at least one variant.")
        for variant in self.variants:
            if not isinstance(variant, Variant):
                raise UsageError(f"the variants of a study are Variant.of(...), got {variant!r}.")
        if len(set(self.variants)) != len(self.variants):
            raise UsageError("a study names a variant twice.")
        object.__setattr__(self, "runs", check_runs(self.runs, len(self.variants)))
        object.__setattr__(self, "seed", check_whole("seed", self.seed, 0))

    def facts(self) -> dict[str, Any]:
        return {"variants": len(self.variants), "runs": self.runs, "seed": self.seed}

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """A row for each variant: its label, and the settings that differ from the defaults."""
        return {"variant": self.labels, "settings": [repr(variant) for variant in self.variants]}

    @property
    def labels(self) -> tuple[str, ...]:
        """A label for each variant; equal ones are distinguished by the settings that differ."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for v in self.variants:
            groups.setdefault(v.label, []).append(v.settings)

        def distinct(variant: Variant) -> str:
            label, settings = variant.label, variant.settings
            differing = [name for name in settings if len({other[name] for other in groups[label]}) > 1]
            return ", ".join([label, *(f"{name.replace('_', ' ')} {settings[name]}" for name in differing)])

        return tuple(map(distinct, self.variants))

    def units(self) -> list[Unit]:
        """All trainings, run by run, so that a study cut short has about equally many runs of every variant."""
        return [(v, k) for k in range(self.runs) for v in range(len(self.variants))]

    def seed_of(self, run: int) -> int:
        """The seed of run ``run``."""
        return int(np.random.SeedSequence([self.seed, run]).generate_state(1, np.uint64)[0])

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"variants": [v.as_dict() for v in self.variants], "runs": self.runs, "seed": self.seed}

    @classmethod
    def from_dict(cls, values: Any, where: str = "") -> Plan:
        """The inverse of `as_dict`. UsageError, naming ``where`` they are from, for anything else."""
        place = f" in {where}" if where else ""
        if not isinstance(values, Mapping) or set(values) != {"variants", "runs", "seed"}:
            raise UsageError(f"a plan{place} is a table of variants, runs and seed, got {values!r}.")
        if not isinstance(values["variants"], list | tuple):
            raise UsageError(f"the variants{place} must be a list, got {type(values['variants']).__name__}.")
        variants = tuple(Variant.from_dict(v, where) for v in values["variants"])
        return cls(variants, values["runs"], values["seed"])


@dataclass(frozen=True, eq=False, repr=False)
class Study(ByValue, Tabular, Drawn):
    """A plan, and the trainings done so far."""

    plan: Plan
    num_qubits: int
    """N."""
    cost_digest: str
    exact_minimum: float | None
    """Least cost of any configuration, where it is known."""
    trainings: dict[int, TrainingResult] = field(default_factory=dict)
    """Number of the variant in the plan -> its finished runs, if any, by ascending index."""

    def facts(self) -> dict[str, Any]:
        found = {"qubits": self.num_qubits, "variants": len(self.plan.variants), "runs": self.plan.runs}
        return found | {"done": self.done, "reference": self.reference, "seed": self.plan.seed}

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """A row for each finished run of each variant."""
        kept = [(self.plan.labels[v], run) for v, training in sorted(self.trainings.items()) for run in training.runs]
        return {"variant": [label for label, _ in kept]} | rows_of([run for _, run in kept])

    @property
    def done(self) -> int:
        """Number of finished trainings."""
        return sum(len(t.runs) for t in self.trainings.values())

    @property
    def is_complete(self) -> bool:
        """Whether all trainings of the plan are finished."""
        return self.done == len(self.plan.units())

    @property
    def reference(self) -> float:
        """The cost that success is relative to; NaN if there is none.

        It is the exact minimum or, if that is unknown, the lowest cost sampled in any run, which later runs may lower.
        """
        if self.exact_minimum is not None:
            return self.exact_minimum
        return min((t.best_cost for t in self.trainings.values()), default=np.nan)

    def runs(self, variant: int) -> tuple[RunResult, ...]:
        """Finished runs of a variant."""
        return self.trainings[variant].runs if variant in self.trainings else ()

    def energies(self, variant: int) -> FloatArray:
        """Mean cost E at the end of each finished run, exact or from the final samples: (runs,)."""
        return np.array([run.energy for run in self.runs(variant)])

    @property
    def lowest(self) -> int | None:
        """Number of the variant with the lowest E of any finished run; None if there is none."""
        return min(self.trainings, key=lambda v: float(self.energies(v).min()), default=None)

    def success_probability(
        self, epsilon: float, *, sampled: bool = False, confidence: float = 0.95
    ) -> list[Proportion]:
        """P(E - `reference` <= epsilon) of every variant, with Wilson intervals.

        With ``sampled``, E is replaced by the cost of the best bit string measured.
        """
        field, reference = "best_cost" if sampled else "energy", self.reference
        values = [[getattr(run, field) for run in self.runs(v)] for v in range(len(self.plan.variants))]
        return [wilson(sum(x - reference <= epsilon for x in row), len(row), confidence) for row in values]

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a walshqhn HDF5 file that holds only this study; as `IsingHamiltonian.save`."""
        native_format().save_part(path, "study", self, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """From a walshqhn HDF5 file. InputError if it holds no study."""
        found: Study = native_format().load_part(path, "study")
        return found
