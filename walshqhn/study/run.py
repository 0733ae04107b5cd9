"""Doing what a study's plan says, in several processes, interruptible and resumable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from walshqhn.binn.task import Task
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.table import check_cost_table, sha256
from walshqhn.engines.objectives import make_objective
from walshqhn.study.plan import Plan, Study, Unit, Variant
from walshqhn.study.workers import resolve_workers, run_pieces
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.training.growth import train_layerwise
from walshqhn.training.optimizers import make_optimizer
from walshqhn.training.result import INTERRUPTED, RunResult, TrainingResult, package_versions
from walshqhn.training.train import train


def run_study(
    cost: npt.ArrayLike,
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
        Cost table (2^N,).
    plan
        What to do.
    workers
        Default: one for each core. The outcome does not depend on it.
    task
        If given, runs hold the accuracies of the best networks, and how often each architecture is measured.
    resume
        An earlier study of the same cost and settings: its finished runs are taken over. The
        plan may have more runs and further variants.
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
        A setting that is not allowed, or ``resume`` with a study of other settings.
    WalshqhnError
        A worker failed.
    """
    table = check_cost_table(cost)
    count = resolve_workers(workers)
    if task is not None and 1 << task.num_bits != table.size:
        raise UsageError(f"the task has {task.num_bits} bits, the cost table {table.size} entries.")
    study = Study(plan, table.size.bit_length() - 1, sha256(table), float(table.min()))
    if resume is not None:
        study = replace(study, trainings=_taken_over(resume, study))
    if plan.max_shots is not None and all(variant.shots is None for variant in plan.variants):
        raise UsageError("max_shots limits measurements, but all variants compute exact values; use max_seconds.")
    for variant in plan.variants:  # says here, not in a worker, what is wrong
        _prepare_variant(table, variant, 0)
        make_objective(variant.objective)
        make_optimizer(variant.method)
    finished = {(v, run.index) for v, t in study.trainings.items() for run in t.runs}
    todo = [unit for unit in plan.units() if unit not in finished]
    folder = None if jobs is None else Path(jobs)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    results = (
        run_pieces(_prepare_worker, (table, plan, task, folder), todo, count)
        if count > 1
        else _in_this_process(table, plan, task, todo, folder)
    )
    try:
        for (v, _), (description, settings, run) in results:
            study = replace(study, trainings=study.trainings | {v: _joined(study, v, description, settings, run)})
            if on_run is not None:
                on_run(study)
    except KeyboardInterrupt:
        if not study.done:
            raise
    return study


def _joined(study: Study, v: int, description: Any, settings: Any, run: RunResult) -> TrainingResult:
    runs = sorted([*study.runs(v), run], key=lambda r: r.index)
    settings = settings | {"runs": study.plan.runs}
    return TrainingResult(
        tuple(runs), description, settings, study.plan.seed, study.exact_minimum, versions=package_versions()
    )


def _taken_over(earlier: Study, now: Study) -> dict[int, TrainingResult]:
    """Trainings of ``earlier``, renumbered; UsageError, saying what differs, if it is another study."""
    before, after = earlier.plan.as_dict(), now.plan.as_dict()
    before["cost"], after["cost"] = earlier.cost_sha256[:16], now.cost_sha256[:16]
    differing = [k for k in after if k not in ("variants", "runs") and before[k] != after[k]]
    if differing:
        details = "; ".join(f"{k}: {before[k]!r} there, {after[k]!r} here" for k in differing)
        raise UsageError(f"cannot resume a study with other settings ({details}).")
    missing = [v.label for v in earlier.plan.variants if v not in now.plan.variants]
    if missing:
        raise UsageError(f"the earlier study also has the variants {'; '.join(missing)}: name them, too.")
    if earlier.plan.runs > now.plan.runs:
        raise UsageError(f"the earlier study has {earlier.plan.runs} runs a variant; ask for as many, or more.")
    numbers = {variant: v for v, variant in enumerate(now.plan.variants)}
    return {
        numbers[earlier.plan.variants[v]]: replace(t, settings=t.settings | {"runs": now.plan.runs})
        for v, t in sorted(earlier.trainings.items())
    }


def _prepare_variant(table: FloatArray, variant: Variant, seed: int, jobs: Path | None = None) -> tuple[Ansatz, Any]:
    return variant.make_ansatz(table), variant.make_engine(table, seed=seed, threads=1, jobs=jobs)


def _jobs_file(folder: Path | None, variant: Variant, seed: int) -> Path | None:
    """Where a training records its jobs: the name says what it is of, whatever its place in the plan."""
    if folder is None or variant.engine != "backend":
        return None
    return folder / f"{hashlib.sha256(repr(variant).encode()).hexdigest()[:12]}-{seed}.jobs"


def _prepare_worker(
    table: FloatArray, plan: Plan, task: Task | None, jobs: Path | None = None
) -> Callable[[Unit], tuple[Any, Any, RunResult]]:
    """What a worker does with a unit; circuits and exact engines are made once for each variant."""
    ready: dict[int, tuple[Ansatz, Any]] = {}

    def work(unit: Unit) -> tuple[Any, Any, RunResult]:
        v, k = unit
        variant, seed = plan.variants[v], plan.seed_of(k)
        if v not in ready or variant.engine != "exact":  # other engines draw from a seed of their own
            ready[v] = _prepare_variant(table, variant, seed, _jobs_file(jobs, variant, seed))
        settings: dict[str, Any] = {
            "seed": seed,
            "optimizer": variant.method,
            "objective": variant.objective,
            "max_iterations": plan.max_iterations,
            "max_shots": None if variant.shots is None else plan.max_shots,
            "max_seconds": plan.max_seconds,
            "gradient_tolerance": plan.gradient_tolerance,
            "samples": plan.samples,
            "task": task,
        }
        ansatz, engine = ready[v]
        if variant.grow:
            stages = train_layerwise(ansatz, engine, variant.layers, **settings)
        else:
            stages = (train(ansatz, engine, **settings),)
        result, runs = stages[-1], [stage.runs[0] for stage in stages]
        if runs[-1].status == INTERRUPTED:
            raise KeyboardInterrupt
        totals = {name: sum(getattr(run, name) for run in runs) for name in ("evaluations", "shots", "seconds")}
        return result.ansatz, result.settings | {"initial": None}, replace(runs[-1], index=k, **totals)

    return work


def _in_this_process(
    table: FloatArray, plan: Plan, task: Task | None, todo: Sequence[Unit], jobs: Path | None = None
) -> Iterator[tuple[Unit, Any]]:
    work = _prepare_worker(table, plan, task, jobs)
    for unit in todo:
        yield unit, work(unit)
