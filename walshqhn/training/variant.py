"""Training as a `Variant` says it: for the command line and for studies alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.spec import remake_ansatz
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.engines.base import Engine
from walshqhn.support.errors import UsageError
from walshqhn.training.growth import train_layerwise
from walshqhn.training.result import TrainingResult
from walshqhn.training.spec import Variant
from walshqhn.training.train import checked_search, train


@dataclass(frozen=True, eq=False)
class ReadyVariant:
    """A variant's circuit and engine for one cost."""

    variant: Variant
    """What was asked for."""
    cost: Cost
    """What the circuit is made for."""
    ansatz: Ansatz
    """The circuit; of a variant that grows, the first one."""
    engine: Engine
    """What runs it."""

    def check(self) -> None:
        """UsageError where circuit, engine and search do not go together."""
        checked_search(self.variant.search, self.ansatz, self.engine)

    def train(
        self,
        *,
        seed: int = 0,
        runs: int = 1,
        initial: npt.ArrayLike | None = None,
        resume: TrainingResult | None = None,
        on_depth: Callable[[tuple[TrainingResult, ...]], None] | None = None,
        **more: Any,
    ) -> TrainingResult:
        """See `train_variant`."""
        settings = {"seed": seed, "runs": runs, "initial": initial, **more}
        if not self.variant.search.grow:
            return train(self.ansatz, self.engine, search=self.variant.search, resume=resume, **settings)
        ansatz = self.ansatz
        if resume is not None:
            ansatz = self._reached(resume, runs)
            settings["initial"] = resume.initial
        stages = train_layerwise(
            ansatz, self.engine, self.variant.circuit.layers, search=replace(self.variant.search, grow=False),
            resume=() if resume is None else (resume,), on_depth=on_depth, **settings,
        )  # fmt: skip
        return stages[-1]

    def _reached(self, earlier: TrainingResult, runs: int) -> Ansatz:
        """The circuit of an ``earlier`` training on the way. UsageError where the growth does not come by there."""
        first = self.ansatz.description
        layers, fewest, most = earlier.ansatz.get("layers", -1), first["layers"], self.variant.circuit.layers
        if earlier.ansatz != first | {"layers": layers} or not fewest <= layers <= most:
            raise UsageError(f"the earlier training, of {earlier.ansatz}, does not grow into {self.variant.label}.")
        if layers > fewest and earlier.planned_runs != runs:
            raise UsageError(
                f"the earlier training has grown beyond {fewest} layer{'' if fewest == 1 else 's'} with "
                f"{earlier.planned_runs} runs: it goes on with as many, got {runs}. Train anew (--force) for others."
            )
        return remake_ansatz(earlier.ansatz, self.cost)


def ready_variant(
    variant: Variant,
    cost: Cost | npt.ArrayLike,
    *,
    seed: int = 0,
    threads: int | None = None,
    jobs: str | Path | None = None,
    table: TableCost | None = None,
) -> ReadyVariant:
    """The circuit and the engine that ``variant`` says, for ``cost``; arguments and errors as in `train_variant`.

    ``table`` is the same cost, tabulated, for what `needs_table`: so that it is done once for several variants.
    """
    source = as_cost(cost)
    tabulated = source if table is None else table
    engine_cost = tabulated if variant.engine.needs_table else source
    circuit_cost = tabulated if _has_table_phases(variant, source) else source
    return ReadyVariant(
        variant,
        circuit_cost,
        variant.first_circuit.make(circuit_cost),
        variant.engine.make(engine_cost, seed=seed, threads=threads, jobs=jobs),
    )


def needs_table(variant: Variant, cost: Cost) -> bool:
    """Whether the engine or the circuit is made from a table of all 2^N costs."""
    return variant.engine.needs_table or _has_table_phases(variant, cost)


def _has_table_phases(variant: Variant, cost: Cost) -> bool:
    return variant.circuit.ansatz in ("qaoa", "ma-qaoa") and not isinstance(cost, IsingHamiltonian)


def train_variant(
    variant: Variant,
    cost: Cost | npt.ArrayLike,
    *,
    seed: int = 0,
    threads: int | None = None,
    jobs: str | Path | None = None,
    **more: Any,
) -> TrainingResult:
    """Train as ``variant`` says: make circuit and engine for ``cost``, and train, or grow layer by layer.

    Parameters
    ----------
    variant, cost
        What to do, and for what `as_cost` takes.
    seed
        Of starting points, samples, optimizer and engine.
    threads
        As for `ExactEngine`.
    jobs
        As for `BackendEngine`.
    more
        ``runs``, ``initial``, ``task``, ``resume``, ``callback``, ``on_run`` as for `train`; ``on_depth`` as for
        `train_layerwise`.

    Returns
    -------
    TrainingResult
        Of a variant that grows, of the last circuit. ``resume`` may be of any on the way.

    Raises
    ------
    UsageError, InputError, TooLargeError
        What the circuit, the engine or `train` refuse.
    """
    return ready_variant(variant, cost, seed=seed, threads=threads, jobs=jobs).train(seed=seed, **more)
