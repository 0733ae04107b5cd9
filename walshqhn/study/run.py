"""Doing what a study's plan says, in several processes, interruptible and resumable."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy.typing as npt

from walshqhn.binn.task import Task
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.table import TableCost, tabulate
from walshqhn.study.plan import Plan, Study, Unit
from walshqhn.study.workers import resolve_workers, run_pieces
from walshqhn.support.errors import UsageError
from walshqhn.support.files import first_line
from walshqhn.training.result import INTERRUPTED, TrainingResult
from walshqhn.training.spec import Variant
from walshqhn.training.variant import ReadyVariant, needs_table, ready_variant


def run_study(
    cost: Cost | npt.ArrayLike,
    plan: Plan,
    *,
    workers: int | None = None,
    task: Task | None = None,
    resume: Study | None = None,
    on_run: Callable[[Study], None] | None = None,
    jobs: str | Path | None = None,
) -> Study:
    """Do what the plan says, in ``workers`` processes with one thread each.

    Parameters
    ----------
    cost
        What `as_cost` takes. It is tabulated, once, if a variant needs the table, and else evaluated as it is.
    plan
        What to do.
    workers
        Default: one for each core. The outcome does not depend on it.
    task
        If given, runs hold the accuracies of the best networks, and how often each architecture is measured.
    resume
        An earlier study of the same cost and seed: its finished runs are taken over. The plan may have more runs and
        further variants.
    on_run
        Called with the study so far after each training, so that it can be saved.
    jobs
        A folder where trainings on hardware record their jobs, each in a file of its own, so that after an
        interruption those that were cut short pick up what was paid for; see `BackendEngine`.

    Returns
    -------
    Study
        Equal, but for the seconds it took, whether or not it was interrupted and resumed on the way.
        After Ctrl-C, what was finished; `Study.is_complete` tells.

    Raises
    ------
    UsageError
        A setting that is not allowed, ``resume`` with another study, or a cost that cannot be sent to processes.
    TooLargeError
        A variant needs a table that does not fit in memory.
    WalshqhnError
        A worker failed.
    """
    source, count = as_cost(cost), resolve_workers(workers)
    if task is not None and task.num_bits != source.num_bits:
        raise UsageError(f"the task has {task.num_bits} bits, the cost {source.num_bits}.")
    table = tabulate(source) if any(needs_table(variant, source) for variant in plan.variants) else None
    minimum = source.minimum if table is None else table.minimum
    known = minimum.value if minimum is not None and minimum.is_exact else None
    study = Study(plan, source.num_bits, source.digest, known)
    if resume is not None:
        study = replace(study, trainings=_taken_over(resume, study))
    for variant in plan.variants:  # says here, not in a worker, what is wrong
        ready_variant(variant, source, threads=1, table=table).check()
    finished = {(v, run.index) for v, training in study.trainings.items() for run in training.runs}
    todo = [unit for unit in plan.units() if unit not in finished]
    folder = None if jobs is None else Path(jobs)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    arguments = (source, table, plan, task, folder)
    if count > 1 and todo:
        _check_pickles(source, plan, task)
        results: Iterator[tuple[Unit, TrainingResult]] = run_pieces(_prepare_worker, arguments, todo, count)
    else:
        work = _prepare_worker(*arguments)
        results = ((unit, work(unit)) for unit in todo)
    try:
        for (v, _), result in results:
            study = replace(study, trainings=study.trainings | {v: _joined(study, v, result)})
            if on_run is not None:
                on_run(study)
    except KeyboardInterrupt:
        if not study.done:
            raise
    return study


def _check_pickles(cost: Cost, plan: Plan, task: Task | None) -> None:
    """UsageError for what cannot be sent to processes. Tables can; they are large, so that it is not tried."""
    for what, value in (("cost", cost), ("plan", plan), ("task", task)):
        if isinstance(value, TableCost):
            continue
        try:
            pickle.dumps(value)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise UsageError(
                f"the {what} cannot be sent to other processes ({first_line(error)}): use workers=1, or functions and "
                "classes that are defined in a module, neither lambda nor within a function."
            ) from None


def _joined(study: Study, v: int, result: TrainingResult) -> TrainingResult:
    """The training of variant ``v`` with one run more: that of ``result``."""
    runs = sorted([*study.runs(v), *result.runs], key=lambda run: run.index)
    return replace(
        result, runs=tuple(runs), cost_digest=study.cost_digest, seed=study.plan.seed, planned_runs=study.plan.runs,
        exact_minimum=study.exact_minimum,
    )  # fmt: skip


def _taken_over(earlier: Study, now: Study) -> dict[int, TrainingResult]:
    """Trainings of ``earlier``, renumbered; UsageError, saying what differs, if it is another study."""
    pairs = {
        "cost": (earlier.cost_digest[:16], now.cost_digest[:16]),
        "seed": (earlier.plan.seed, now.plan.seed),
    }
    details = "; ".join(f"{name}: {a!r} there, {b!r} here" for name, (a, b) in pairs.items() if a != b)
    if details:
        raise UsageError(f"cannot resume another study ({details}).")
    labels = dict(zip(earlier.plan.variants, earlier.plan.labels, strict=True))
    missing = [label for variant, label in labels.items() if variant not in now.plan.variants]
    if missing:
        raise UsageError(
            f"the plan lacks the earlier study's variant{'s' if len(missing) > 1 else ''} {'; '.join(missing)}, with "
            "these very settings: name what is there already, and what is new."
        )
    if earlier.plan.runs > now.plan.runs:
        raise UsageError(f"the earlier study has {earlier.plan.runs} runs a variant; ask for as many, or more.")
    numbers = {variant: v for v, variant in enumerate(now.plan.variants)}
    return {
        numbers[earlier.plan.variants[v]]: replace(
            training, planned_runs=now.plan.runs, exact_minimum=now.exact_minimum
        )
        for v, training in sorted(earlier.trainings.items())
    }


def _jobs_file(folder: Path | None, variant: Variant, seed: int) -> Path | None:
    """Where a training records its jobs: the name says what it is of, whatever its place in the plan."""
    if folder is None or variant.engine.engine != "backend":
        return None
    text = json.dumps(variant.as_dict(), sort_keys=True)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}-{seed}.jobs"


def _prepare_worker(
    cost: Cost, table: TableCost | None, plan: Plan, task: Task | None, jobs: Path | None
) -> Callable[[Unit], TrainingResult]:
    """What a worker does with a unit; circuits and exact engines are made once for each variant."""
    ready: dict[int, ReadyVariant] = {}

    def work(unit: Unit) -> TrainingResult:
        v, k = unit
        variant, seed = plan.variants[v], plan.seed_of(k)
        if v not in ready or variant.engine.engine != "exact":  # other engines draw from a seed of their own
            path = _jobs_file(jobs, variant, seed)
            ready[v] = ready_variant(variant, cost, seed=seed, threads=1, jobs=path, table=table)
        stages: list[TrainingResult] = []
        result = ready[v].train(seed=seed, task=task, on_depth=lambda found: stages.append(found[-1]))
        if result.status == INTERRUPTED:
            raise KeyboardInterrupt
        runs = [stage.runs[0] for stage in stages] or [result.runs[0]]
        totals = {name: sum(getattr(run, name) for run in runs) for name in ("evaluations", "shots", "seconds")}
        return replace(
            result, runs=(replace(result.runs[0], index=k, **totals),), initial=None, accuracies={},
            search=variant.search.decided(variant.engine.shots).as_dict(),
        )  # fmt: skip

    return work
