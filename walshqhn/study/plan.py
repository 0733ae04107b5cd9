"""Studies: the same cost trained many times, over seeds, depths, circuits and engines.

`walshqhn.study.run.run_study` does what a `Plan` says; a `Study` holds what came of it.

Words. A *variant* is one way to train (circuit, layers, engine, optimizer); a *run* is one training
of a variant from one random start. Run k of every variant depends on the study's seed and on k only,
so a study can be interrupted, resumed, widened by variants and lengthened by runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.hooks import native_format
from walshqhn.support.errors import InputError, UsageError
from walshqhn.training.result import RunResult, TrainingResult

if TYPE_CHECKING:
    from walshqhn.circuits.ansatz import Ansatz
    from walshqhn.cost.hamiltonian import IsingHamiltonian
    from walshqhn.engines.base import Engine
    from walshqhn.study.statistics import Proportion

Unit = tuple[int, int]
"""(number of the variant, number of the run)"""


@dataclass(frozen=True)
class Variant:
    """One way to train."""

    ansatz: str = "linear"
    """A name that `walshqhn.circuits.spec.make_ansatz` knows."""
    layers: int = 2
    """Of the circuit; with ``grow`` of the last one."""
    engine: str = "exact"
    """A name that `make_engine` knows."""
    shots: int | None = None
    """Measurements that a value is estimated from; None: exact values."""
    optimizer: str | None = None
    """One of `walshqhn.training.optimizers.OPTIMIZERS`. None: L-BFGS-B, with shots COBYLA."""
    objective: str = "mean"
    """"mean", "cvar:ALPHA" or "gibbs:ETA"."""
    max_degree: int | None = None
    """Of the terms that QAOA's phases are made of; None: all."""
    grow: bool = False
    """Train layer by layer, see `walshqhn.training.growth.train_layerwise`; a run counts all its stages."""
    noise: str | None = None
    """This and what follows as in `make_engine`."""
    bond_dimension: int | None = None
    backend: str | None = None
    mitigate_readout: bool = False

    @property
    def label(self) -> str:
        """For tables and figures: 'product', 'linear, 2 layers', 'linear, 2 layers, aer, 1,000 shots, COBYLA'."""
        parts = [self.ansatz]
        if self.ansatz != "product":
            parts.append(f"{self.layers} layer{'' if self.layers == 1 else 's'}")
        if self.grow:
            parts.append("grown")
        if self.max_degree is not None:
            parts.append(f"degree {self.max_degree}")
        if self.engine != "exact":
            parts.append(self.backend or self.engine)
        if self.bond_dimension is not None:
            parts.append(f"bond dimension {self.bond_dimension}")
        if self.noise is not None:
            parts.append(f"noise {self.noise}")
        if self.mitigate_readout:
            parts.append("mitigated")
        if self.shots is not None:
            parts.append(f"{self.shots:,} shots")
        if self.optimizer is not None:
            parts.append(self.optimizer)
        if self.objective != "mean":
            parts.append(self.objective)
        return ", ".join(parts)

    @property
    def method(self) -> str:
        """The optimizer, decided."""
        return self.optimizer or ("L-BFGS-B" if self.shots is None else "COBYLA")

    def make_ansatz(self, cost: FloatArray | IsingHamiltonian) -> Ansatz:
        """The circuit for a cost; with ``grow`` the first one. Errors as `walshqhn.circuits.spec.make_ansatz`."""
        from walshqhn.circuits.spec import make_ansatz

        if not self.grow:
            return make_ansatz(self.ansatz, self.layers, cost, max_degree=self.max_degree)
        if self.ansatz not in ("linear", "qaoa") or self.layers < 1:
            raise UsageError(f"grow adds layers to linear and qaoa circuits, at least 1, got {self.label}.")
        return make_ansatz(self.ansatz, 0 if self.ansatz == "linear" else 1, cost, max_degree=self.max_degree)

    def make_engine(
        self,
        cost: FloatArray | Callable[[BitArray], FloatArray],
        *,
        seed: int,
        threads: int | None = None,
        num_qubits: int | None = None,
        jobs: str | Path | None = None,
    ) -> Engine:
        """The engine for a cost. Errors as `walshqhn.engines.spec.make_engine`."""
        from walshqhn.engines.spec import make_engine

        return make_engine(
            self.engine, cost, num_qubits=num_qubits, seed=seed, threads=threads, shots=self.shots, noise=self.noise,
            bond_dimension=self.bond_dimension, backend=self.backend, mitigate_readout=self.mitigate_readout,
            jobs=jobs,
        )  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What a study is to do; settings as in `train`."""

    variants: tuple[Variant, ...]
    runs: int = 100
    seed: int = 0
    max_iterations: int = 500
    gradient_tolerance: float = 1e-6
    samples: int = 1024
    max_shots: int | None = None
    """Budget of each run on an engine with shots."""
    max_seconds: float | None = None
    """Budget of each run. Where it ends a run depends on the machine: no two studies with it are equal."""

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
        """Mean cost E at the end of each finished run, exact or from its final samples: (runs,)."""
        return np.array([run.energy for run in self.runs(variant)])

    def success_probability(
        self, epsilon: float, *, sampled: bool = False, confidence: float = 0.95
    ) -> list[Proportion]:
        """P(E - min C <= epsilon) of every variant, with Wilson intervals.

        With ``sampled``, of the best bit string that was measured instead of the mean cost E.
        """
        from walshqhn.study.statistics import wilson

        found = []
        for v in range(len(self.plan.variants)):
            values = [run.best_cost if sampled else run.energy for run in self.runs(v)]
            reached = sum(value - self.exact_minimum <= epsilon for value in values)
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
