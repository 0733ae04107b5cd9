"""Studies: the same cost trained many times, over seeds, depths, circuits and engines.

`walshqhn.vqa.study_runner.run_study` does what a `Plan` says; a `Study` holds what came of it.

Words. A *variant* is one way to train (circuit, layers, engine, optimizer); a *run* is one training
of a variant from one random start. Run k of every variant depends on the study's seed and on k only,
so a study can be interrupted, resumed, widened by variants and lengthened by runs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.arrays import FloatArray
from walshqhn.errors import InputError, UsageError
from walshqhn.vqa.result import RunResult, TrainingResult

if TYPE_CHECKING:
    from walshqhn.vqa.statistics import Proportion

Unit = tuple[int, int]
"""(number of the variant, number of the run)"""


@dataclass(frozen=True)
class Variant:
    """One way to train."""

    ansatz: str = "linear"
    """A name that `make_ansatz` knows."""
    layers: int = 2
    engine: str = "exact"
    """A name that `make_engine` knows."""
    shots: int | None = None
    """Measurements that a value is estimated from; None: exact values."""
    optimizer: str | None = None
    """None: L-BFGS-B, with shots COBYLA."""

    @property
    def label(self) -> str:
        """For tables and figures: 'product', 'linear, 2 layers', 'linear, 2 layers, aer, 1,000 shots, COBYLA'."""
        parts = [self.ansatz]
        if self.ansatz != "product":
            parts.append(f"{self.layers} layer{'' if self.layers == 1 else 's'}")
        if self.engine != "exact":
            parts.append(self.engine)
        if self.shots is not None:
            parts.append(f"{self.shots:,} shots")
        if self.optimizer is not None:
            parts.append(self.optimizer)
        return ", ".join(parts)

    @property
    def method(self) -> str:
        """The optimizer, decided."""
        return self.optimizer or ("L-BFGS-B" if self.shots is None else "COBYLA")


@dataclass(frozen=True)
class Plan:
    """What a study is to do; settings as in `train`."""

    variants: tuple[Variant, ...]
    runs: int = 100
    seed: int = 0
    max_iterations: int = 500
    gradient_tolerance: float = 1e-6
    samples: int = 1024

    def __post_init__(self) -> None:
        if not self.variants:
            raise UsageError("a study needs at least one variant.")
        if len(set(self.variants)) != len(self.variants):
            raise UsageError("a study names a variant twice.")
        if isinstance(self.runs, bool) or not isinstance(self.runs, int) or self.runs < 1:
            raise UsageError(f"runs must be a whole number of at least 1, got {self.runs!r}.")

    def units(self) -> list[Unit]:
        """All trainings, run by run: a study cut short has about as many runs of every variant."""
        return [(v, k) for k in range(self.runs) for v in range(len(self.variants))]

    def seed_of(self, run: int) -> int:
        """The seed that `train` gets for run ``run``."""
        return int(np.random.SeedSequence([self.seed, run]).generate_state(1, np.uint64)[0])

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """The inverse of `as_dict`."""
        return cls(**(values | {"variants": tuple(Variant(**v) for v in values["variants"])}))


@dataclass(frozen=True, eq=False)
class Study:
    """A plan, and the trainings done so far."""

    plan: Plan
    num_qubits: int
    cost_sha256: str
    """Checksum of the cost table."""
    exact_minimum: float
    """Least cost of any configuration."""
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

    def runs(self, variant: int) -> tuple[RunResult, ...]:
        """Finished runs of a variant."""
        found = self.trainings.get(variant)
        return () if found is None else found.runs

    def energies(self, variant: int) -> FloatArray:
        """Final mean cost E of each finished run: (runs,)."""
        return np.array([run.value for run in self.runs(variant)])

    def success_probability(
        self, epsilon: float, *, sampled: bool = False, confidence: float = 0.95
    ) -> list[Proportion]:
        """P(E - min C <= epsilon) of every variant, with Wilson intervals.

        With ``sampled``, of the best bit string that was measured instead of the mean cost E.
        """
        from walshqhn.vqa.statistics import wilson

        found = []
        for v in range(len(self.plan.variants)):
            values = [run.best_cost if sampled else run.value for run in self.runs(v)]
            reached = sum(value - self.exact_minimum <= epsilon for value in values)
            found.append(wilson(reached, len(values), confidence))
        return found

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a walshqhn HDF5 file with nothing but this study; as `IsingHamiltonian.save`."""
        from walshqhn.storage import Contents, save

        save(path, Contents(study=self), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """From a walshqhn HDF5 file. InputError if it holds no study."""
        from walshqhn.storage import load

        found = load(path).study
        if found is None:
            raise InputError(f"{path} holds no study.")
        return found
