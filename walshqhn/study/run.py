"""Running a study in several processes, interruptible and resumable."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

from walshqhn.binn.task import Task
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.table import TableCost, tabulate
from walshqhn.study.plan import Plan, Study, Unit
from walshqhn.support.errors import CostError, UsageError
from walshqhn.support.workers import check_sendable, resolve_workers, run_pieces
from walshqhn.training.journal import clear, hand_over
from walshqhn.training.result import FAILED, INTERRUPTED, TrainingResult
from walshqhn.training.spec import Variant
from walshqhn.training.variant import ReadyVariant, needs_table, ready_variant


def run_study(
    cost: Cost | npt.ArrayLike, plan: Plan, *, workers: int | None = None, task: Task | None = None,
    resume: Study | None = None, on_run: Callable[[Study], object] | None = None, jobs: str | Path | None = None,
    journal: str | Path | None = None, executor: Any = None,
) -> Study:  # fmt: skip
    """Carry out ``plan`` in ``workers`` processes with one thread each, or on an ``executor``.

    The outcome does not depend on the number of workers (default: one per core), nor, apart from times, on
    interruptions. Trainings of workers that die are started again. After Ctrl-C the study holds what was finished: see
    `Study.is_complete`. A training whose cost fails (CostError) is left undone, with a warning.

    ``cost`` is as for `as_cost`; it is tabulated, once, only if a variant needs the table. With a ``task``, runs
    include the accuracies of the best networks, and how often each architecture is measured. ``resume`` takes an
    earlier study of the same cost and seed: its finished runs are kept, and the plan may add runs and variants.
    ``on_run`` is called with the study so far after each training, for saving it; see `train`. ``jobs`` is a folder
    where trainings on hardware record their jobs, one file each, so that after an interruption they can retrieve
    results that are already paid for; see `BackendEngine`. ``journal`` is a folder where all others record what they
    evaluate, as in `train`: interrupted ones resume where they were.

    ``executor`` is one of `concurrent.futures`, or compatible (`mpi4py.futures`, loky, submitit), or a Dask client or
    its ``get_executor()``, to which the cost is sent once; see the guide on clusters. It stays open, and only this
    process writes files: ``jobs`` and ``journal`` cannot be combined with it.

    UsageError for a setting that is not allowed, ``resume`` with another study, or a cost that cannot be sent to other
    processes; TooLargeError if a variant needs a table that does not fit in memory; WalshqhnError if a training kills
    three workers, or an executor accepts no more.

    >>> from walshqhn import Plan, Variant, run_study
    >>> plan = Plan((Variant.of(ansatz="product"), Variant.of(layers=1)), runs=2)
    >>> run_study([3.0, 1.0, 0.5, 2.0], plan, workers=1).done
    4
    """
    source, crew = as_cost(cost), resolve_workers(workers) if executor is None else executor
    without = [] if executor is None else [("workers", workers), ("jobs", jobs), ("journal", journal)]
    for name in (name for name, value in without if value is not None):
        raise UsageError(f"{name} does not go with an executor.")
    if task is not None and task.num_bits != source.num_bits:
        raise UsageError(f"the task has {task.num_bits} bits, the cost {source.num_bits}.")
    table = tabulate(source) if any(needs_table(variant, source) for variant in plan.variants) else None
    minimum = source.minimum if table is None else table.minimum
    known = minimum.value if minimum is not None and minimum.is_exact else None
    study = Study(plan, source.num_bits, source.digest, known)
    if resume is not None:
        study = replace(study, trainings=_taken_over(resume, study))
    for variant in plan.variants:  # errors are raised here, not in a worker
        ready_variant(variant, source, threads=1, table=table)
    finished = {(v, run.index) for v, training in study.trainings.items() for run in training.runs}
    todo = [unit for unit in plan.units() if unit not in finished]
    if jobs is not None:
        Path(jobs).mkdir(parents=True, exist_ok=True)
    arguments = (source, table, plan, task, jobs, journal)
    failure: CostError | None = None
    done: list[str] = []
    try:
        for (v, k), result in _trained(todo, arguments, crew):
            if isinstance(result, CostError):
                failure = result
                warnings.warn(f"{plan.labels[v]}, run {k} is left undone: {result}", stacklevel=2)
                continue
            runs = tuple(sorted([*study.runs(v), *result.runs], key=lambda run: run.index))
            joined = replace(result, runs=runs, cost_digest=study.cost_digest, seed=plan.seed, planned_runs=plan.runs)
            study = replace(study, trainings=study.trainings | {v: replace(joined, exact_minimum=known)})
            done.append(_name(plan.variants[v], plan.seed_of(k)))
            hand_over(study, on_run or (lambda study: None), done, partial(clear, journal))
    except KeyboardInterrupt:
        if not study.done:
            raise
    if failure is not None and not study.done:
        raise failure
    return study


def _trained(
    todo: list[Unit], arguments: tuple[Any, ...], crew: Any
) -> Iterator[tuple[Unit, TrainingResult | CostError]]:
    """Train every unit of ``todo``, with ``crew``: that many processes, or an executor."""
    if crew == 1 or not todo:
        work = _prepare_worker(*arguments)
        return ((unit, work(unit)) for unit in todo)
    cost, _, plan, task, *_ = arguments
    _check_pickles(cost, plan, task)
    settings = {"workers": crew} if isinstance(crew, int) else {"executor": crew}
    return run_pieces(_prepare_worker, arguments, todo, **settings)


def _check_pickles(cost: Cost, plan: Plan, task: Task | None) -> None:
    """UsageError for a cost that cannot be pickled. Tables can, and are too large to try."""
    for what, value in (("cost", cost), ("plan", plan), ("task", task)):
        if not isinstance(value, TableCost):
            check_sendable(what, value)


def _taken_over(earlier: Study, now: Study) -> dict[int, TrainingResult]:
    """Trainings of ``earlier``, renumbered. UsageError if it is another study."""
    pairs = {"cost": (earlier.cost_digest[:16], now.cost_digest[:16]), "seed": (earlier.plan.seed, now.plan.seed)}
    details = "; ".join(f"{name}: {a!r} there, {b!r} here" for name, (a, b) in pairs.items() if a != b)
    if details:
        raise UsageError(f"cannot resume another study ({details}).")
    numbers = {variant: v for v, variant in enumerate(now.plan.variants)}
    variants = earlier.plan.variants
    missing = [label for v, label in zip(variants, earlier.plan.labels, strict=True) if v not in numbers]
    if missing:
        raise UsageError(
            f"the plan lacks the earlier study's variant{'s' if len(missing) > 1 else ''} {'; '.join(missing)}, with "
            "exactly these settings: a plan can only add variants."
        )
    if earlier.plan.runs > now.plan.runs:
        raise UsageError(f"the earlier study has {earlier.plan.runs} runs a variant; ask for as many, or more.")
    return {
        numbers[variants[v]]: replace(training, planned_runs=now.plan.runs, exact_minimum=now.exact_minimum)
        for v, training in sorted(earlier.trainings.items())
    }


def _name(variant: Variant, seed: int) -> str:
    """The name of a training's record; it depends on its settings, not on its place in the plan."""
    text = json.dumps(variant.as_dict(), sort_keys=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:12]}-{seed}"


def _prepare_worker(
    cost: Cost,
    table: TableCost | None,
    plan: Plan,
    task: Task | None,
    jobs: str | Path | None,
    journal: str | Path | None,
) -> Callable[[Unit], TrainingResult | CostError]:
    """The function that trains a unit, or says where its cost failed.

    Circuits and exact engines are made once for each variant.
    """
    ready: dict[int, ReadyVariant] = {}

    def work(unit: Unit) -> TrainingResult | CostError:
        v, k = unit
        variant, seed = plan.variants[v], plan.seed_of(k)
        name, keeps_jobs = _name(variant, seed), jobs is not None and variant.engine.engine == "backend"
        if v not in ready or variant.engine.engine != "exact":  # other engines hold a seed
            path = Path(jobs) / f"{name}.jobs" if keeps_jobs and jobs is not None else None
            ready[v] = ready_variant(variant, cost, seed=seed, threads=1, jobs=path, table=table)
        stages: list[TrainingResult] = []
        folder = None if keeps_jobs or journal is None else Path(journal) / name
        try:
            result = ready[v].train(
                seed=seed, task=task, journal=folder, on_depth=lambda found: stages.append(found[-1])
            )
        except CostError as error:
            return error
        if result.status == FAILED:
            return CostError(result.message)
        if result.status == INTERRUPTED:
            raise KeyboardInterrupt
        runs = [stage.runs[0] for stage in stages or (result,)]
        totals = {name: sum(getattr(run, name) for run in runs) for name in ("evaluations", "shots", "seconds")}
        return replace(
            result, runs=(replace(result.runs[0], index=k, **totals),), initial=None, accuracies={},
            search=variant.search.decided(variant.engine.shots).as_dict(),
        )  # fmt: skip

    return work
