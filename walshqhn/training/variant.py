"""Training a `Variant`, for the command line and for studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.spec import PHASES, remake_ansatz
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.engines.base import Engine
from walshqhn.support.errors import UsageError
from walshqhn.training.result import TrainingResult
from walshqhn.training.spec import Variant
from walshqhn.training.start import started
from walshqhn.training.train import checked_search, train, train_layerwise


@dataclass(frozen=True, eq=False)
class ReadyVariant:
    """A variant with its circuit and engine for one cost."""

    variant: Variant
    cost: Cost
    """The cost that the circuit is made for."""
    ansatz: Ansatz
    """The circuit; if it grows, the first one."""
    engine: Engine

    def train(
        self, *, resume: TrainingResult | None = None,
        on_depth: Callable[[tuple[TrainingResult, ...]], None] | None = None, **settings: Any,
    ) -> TrainingResult:  # fmt: skip
        """Train, or grow layer by layer; see `train_variant`."""
        search, ansatz = self.variant.search, self.ansatz
        if not search.grow:
            return train(ansatz, self.engine, search=search, resume=resume, **settings)
        if resume is not None:
            ansatz = self._reached(resume, settings.get("runs", 1))
            settings["initial"] = resume.initial
        stages = train_layerwise(
            ansatz, self.engine, self.variant.circuit.layers, search=replace(search, grow=False),
            resume=() if resume is None else (resume,), on_depth=on_depth, **settings,
        )  # fmt: skip
        return stages[-1]

    def _reached(self, earlier: TrainingResult, runs: int) -> Ansatz:
        """The circuit of an ``earlier`` training. UsageError where it is not one that this variant grows through."""
        first = self.ansatz.description
        layers, fewest, most = earlier.ansatz.get("layers", -1), first["layers"], self.variant.circuit.layers
        if earlier.ansatz != first | {"layers": layers} or not fewest <= layers <= most:
            raise UsageError(f"the earlier training, of {earlier.ansatz}, does not grow into {self.variant.label}.")
        if layers > fewest and earlier.planned_runs != runs:
            raise UsageError(
                f"the earlier training has grown beyond {fewest} layer{'' if fewest == 1 else 's'} with "
                f"{earlier.planned_runs} runs and can only continue with as many, got {runs}. Train anew (--force) for "
                "another number."
            )
        return remake_ansatz(earlier.ansatz, self.cost)


def ready_variant(
    variant: Variant, cost: Cost | npt.ArrayLike, *, seed: int = 0, threads: int | None = None,
    jobs: str | Path | None = None, table: TableCost | None = None,
) -> ReadyVariant:  # fmt: skip
    """The circuit and the engine of ``variant`` for ``cost``; arguments and errors as in `train_variant`.

    ``table`` is the same cost, tabulated, if available: see `needs_table`.
    """
    source = as_cost(cost)
    tabulated = source if table is None else table
    circuit_cost = tabulated if _has_table_phases(variant, source) else source
    engine_cost = tabulated if variant.engine.needs_table else source
    engine = variant.engine.make(engine_cost, seed=seed, threads=threads, jobs=jobs)
    ansatz = variant.first_circuit.make(circuit_cost)
    checked_search(variant.search, ansatz, engine)
    started(ansatz, variant.search.start, variant.search.start_noise)  # errors are raised here, not in a run
    return ReadyVariant(variant, circuit_cost, ansatz, engine)


def needs_table(variant: Variant, cost: Cost) -> bool:
    """Whether the engine or the circuit is made from a table of all 2^N costs."""
    return variant.engine.needs_table or _has_table_phases(variant, cost)


def _has_table_phases(variant: Variant, cost: Cost) -> bool:
    return variant.circuit.ansatz in PHASES and not isinstance(cost, IsingHamiltonian)


def train_variant(
    variant: Variant, cost: Cost | npt.ArrayLike, *, seed: int = 0, threads: int | None = None,
    jobs: str | Path | None = None, **more: Any,
) -> TrainingResult:  # fmt: skip
    """Make the circuit and the engine of ``variant`` for ``cost``, and train, or grow layer by layer.

    ``cost`` is as for `as_cost`, ``threads`` as for `ExactEngine`, ``jobs`` as for `BackendEngine`, ``on_depth`` as for
    `train_layerwise`, and everything else as for `train`; ``seed`` is also that of the engine. If the circuit grows,
    the result is that of the last one, and ``resume`` may be of any on the way. UsageError, InputError and
    TooLargeError as the circuit, the engine and `train`.
    """
    return ready_variant(variant, cost, seed=seed, threads=threads, jobs=jobs).train(seed=seed, **more)
