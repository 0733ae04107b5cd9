"""walshqhn train."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from walshqhn.binn.multilinear import has_exact_mean
from walshqhn.cli import options as opt
from walshqhn.cli.keeper import Keeper
from walshqhn.cli.output import ProgressDisplay, plural, print_json, remark
from walshqhn.cli.results import show_study, show_training
from walshqhn.cli.variants import ENGINE, SEARCH, STUDIES, make_variants, variant_parameters, with_product
from walshqhn.cost.table import TableCost
from walshqhn.engines.base import Evaluation
from walshqhn.engines.qiskit.backend import BackendEngine
from walshqhn.formats.hdf5 import Contents, load
from walshqhn.kernels import compile_apart
from walshqhn.study.plan import Plan, Study
from walshqhn.study.run import run_study
from walshqhn.support.checks import check_real
from walshqhn.support.claims import claimed
from walshqhn.support.errors import InputError, UsageError, missing_package
from walshqhn.support.files import check_target, first_line
from walshqhn.support.workers import resolve_workers
from walshqhn.training.journal import clear
from walshqhn.training.result import FAILED, INTERRUPTED, TrainingResult
from walshqhn.training.spec import Variant
from walshqhn.training.variant import ready_variant
from walshqhn.workspace import Workspace


def train(  # noqa: PLR0913  a command's arguments are its options
    source: opt.Source,
    /,
    *,
    output: Annotated[opt.Output, Parameter(help="Store the result in this HDF5 file, run by run.")] = None,
    jobs: Annotated[
        opt.OptionalPath,
        Parameter(
            group=ENGINE,
            help="backend: record jobs in this file (studies: folder), to recover them after an interruption. "
            "Default for IBM devices: OUTPUT with the ending .jobs.",
        ),
    ] = None,
    runs: Annotated[opt.OptionalWhole, Parameter(group=SEARCH, help="Restarts from random angles; default: 5.")] = None,
    seed: Annotated[
        opt.OptionalWhole, Parameter(group=SEARCH, help="Seed of initial angles and samples; default: 0.")
    ] = None,
    workers: Annotated[
        opt.OptionalWhole,
        Parameter(group=STUDIES, help="Number of processes, one thread each; default: all cores. Makes a study."),
    ] = None,
    scheduler: Annotated[
        str | None,
        Parameter(group=STUDIES, help="Train on the Dask cluster whose scheduler has this address. Makes a study."),
    ] = None,
    product_baseline: Annotated[
        bool, Parameter(group=STUDIES, help="Also train the product state with exact values, for comparison.")
    ] = True,
    epsilon: Annotated[
        float | None,
        Parameter(group=STUDIES, help="E - min C that counts as success; default: 1 % of C's standard deviation."),
    ] = None,
    resume: Annotated[
        bool, opt.flag("Continue the training or study in SOURCE, or in --output; settings that are not given are its.")
    ] = False,
    threads: opt.Threads = None,
    force: opt.Force = False,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> int:
    """Train a variational circuit on the cost of a task or file, from several random starts.

    Options of circuit, engine and search accept several values, separated by commas (--layers 0,1,2). All
    combinations, or --workers, make a study of how often each succeeds. Ctrl-C keeps the runs finished so far; with
    --output they are stored, and walshqhn train FILE --resume continues.
    """
    if resume and output is None:
        output = Path(source).expanduser()
        if not output.is_file() or output.suffix.lower() not in (".h5", ".hdf5"):
            raise UsageError(f"--resume continues a file: name it in place of {source!r}, or with --output.")
    given = {name: options[name] for name in Variant.options() if options.get(name) is not None}
    options = {name: text for name, text in options.items() if name not in Variant.options()}
    if output is not None:
        opt.check_native_name(output)
        check_target(output, overwrite=force or resume, source=[*options.values(), *([] if resume else [source])])
    variants = make_variants(given)
    if epsilon is not None:
        check_real("epsilon", epsilon, least=0)
    if any(variant.engine.engine == "exact" for variant in variants):
        compile_apart("sampling", "engine")
    if any(variant.engine.engine == "mps" for variant in variants):
        compile_apart("mps")
    with nullcontext() if output is None else claimed(output):
        workspace = opt.open_source(source, options, threads, train)
        plan = Plan(variants, 5 if runs is None else runs, seed or 0)
        is_study = len(variants) > 1 or workers is not None or scheduler is not None
        held = _held(workspace, output) if resume else None
        if held is not None and not given:
            plan, is_study = _continued(held, plan, runs, seed, output)
        elif is_study and product_baseline and has_exact_mean(workspace.cost):
            kind = "exact" if isinstance(workspace.cost, TableCost) else "product"
            plan = replace(plan, variants=with_product(variants, kind))
        if epsilon is not None and not is_study:
            raise UsageError("--epsilon is for studies: give an option several values, or use --workers.")
        job = _Job(workspace, plan, output, held, resume, jobs or _default_jobs(plan, output))
        if job.jobs is not None:
            remark(f"jobs are recorded in {job.jobs}; after an interruption, run the same command to recover them")
        if is_study:
            with _executor(scheduler) as executor:
                study = job.run_study(workers, executor, epsilon, json)
            return 0 if study.is_complete else 130
        return {INTERRUPTED: 130, FAILED: 1}.get(job.run_training(json).status, 0)


_parameters = inspect.signature(train).parameters.values()
train.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    sorted([*variant_parameters(), *_parameters], key=lambda p: p.kind), return_annotation="int"
)
train.__annotations__ |= {p.name: p.annotation for p in variant_parameters()}


@contextmanager
def _executor(address: str | None) -> Iterator[Any]:
    """A client of the Dask cluster whose scheduler has this address; None without one."""
    if address is None:
        yield None
        return
    try:
        make: Any = import_module("distributed").Client
    except ImportError:
        raise missing_package("walshqhn[dask]", "--scheduler") from None
    try:
        client = make(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {address}: {first_line(error)}") from None
    with client:
        yield client


def _default_jobs(plan: Plan, output: Path | None) -> Path | None:
    """Where jobs on real devices are recorded; None for simulated ones."""
    devices = [v.engine.backend for v in plan.variants if v.engine.engine == "backend" and v.engine.backend]
    real = [name for name in devices if name != "generic" and not name.startswith("fake_")]
    return (output or Path(f"{real[0]}.jobs")).with_suffix(".jobs") if real else None


def _held(workspace: Workspace, output: Path | None) -> Contents | None:
    """What the file to be continued holds, if there is one."""
    if output is None or not output.exists():
        return None
    return workspace.contents if output == Path(workspace.name) else load(output)


def _continued(
    held: Contents, default: Plan, runs: int | None, seed: int | None, output: Path | None
) -> tuple[Plan, bool]:
    """The plan that the file was made with, and whether it is a study; with other runs or another seed if given."""
    config = held.provenance.get("config") or {}
    asked = {name: config.get(name) for name in default.as_dict()}
    is_study = held.study is not None and (held.training is None or asked == held.study.plan.as_dict())
    if held.study is None and (held.training is None or not asked["variants"]):
        raise InputError(f"{output} holds no training or study to continue.")
    plan = held.study.plan if held.study is not None and is_study else Plan.from_dict(asked, f"{output}")
    return replace(plan, runs=plan.runs if runs is None else runs, seed=plan.seed if seed is None else seed), is_study


@dataclass(frozen=True)
class _Job:
    """A checked request."""

    workspace: Workspace
    plan: Plan
    output: Path | None
    held: Contents | None
    """What the file that is continued holds."""
    resume: bool
    jobs: Path | None

    def run_training(self, json: bool) -> TrainingResult:
        """Train the only variant; store and show the result."""
        workspace, plan, search = self.workspace, self.plan, self.plan.variants[0].search
        earlier = self._earlier("training")
        cost, threads = workspace.cost, workspace.threads
        ready = ready_variant(plan.variants[0], cost, seed=plan.seed, threads=threads, jobs=self.jobs)
        keeper = Keeper(self.output, workspace, self._facts(), with_spectrum=True, **self._kept)
        limit, symbol, stage = search.max_iterations, str(search.objective).replace("mean", "E"), ""
        with ProgressDisplay("training", plan.runs * limit) as display:
            counts = [0] * plan.runs

            def update(run: int, found: Evaluation) -> None:
                counts[run] += 1
                text = f"{stage}run {run + 1} of {plan.runs}, iteration {counts[run] - 1}, {symbol} = {found.value:.6g}"
                display.update(run * limit + counts[run] - 1, text)

            def deeper(stages: tuple[TrainingResult, ...]) -> None:
                nonlocal stage
                stage, counts[:] = f"{plural(stages[-1].ansatz['layers'] + 1, 'layer')}, ", [0] * plan.runs

            result = ready.train(
                seed=plan.seed, runs=plan.runs, resume=earlier, task=workspace.task, callback=update,
                on_run=keeper.keep, on_depth=deeper, journal=self._journal,
            )  # fmt: skip
        compiled = None
        if note := ready.engine.prepare(workspace.circuit(result)).note(result.parameters):
            remark(f"note: {note}, at the best angles")
        if isinstance(ready.engine, BackendEngine):
            device, found = ready.engine.backend.name, ready.engine.prepare(workspace.circuit(result)).compiled
            compiled = {"backend": device, "depth": found.depth, "two_qubit_gates": found.two_qubit_gates}
        if json:
            print_json(result.summary() | {"source": workspace.name, "output": self.output, "compiled": compiled})
        else:
            show_training(workspace.name, result, compiled)
        keeper.finish(result)
        if result.status not in (FAILED, INTERRUPTED):
            clear(self._journal)
        if self.output is not None and not json:
            remark(f"stored in {self.output}")
        return result

    def run_study(self, workers: int | None, executor: Any, epsilon: float | None, json: bool) -> Study:
        """Run the plan, storing the study after each training; show the result."""
        workspace, plan, cost = self.workspace, self.plan, self.workspace.cost
        earlier = self._earlier("study")
        kept = self._kept | ({} if executor is None else {"recorded": False})
        keeper = Keeper(self.output, workspace, self._facts(), with_spectrum=False, **kept)
        already = 0 if earlier is None else earlier.done
        started = time.monotonic()
        text = "trainings" if executor is not None else f"trainings, {plural(resolve_workers(workers), 'worker')}"
        with ProgressDisplay(text, len(plan.units()), already) as display:

            def keep(study: Study) -> bool:
                wanted = len(plan.units())
                left = (time.monotonic() - started) / (study.done - already) * (wanted - study.done)
                minutes, seconds = divmod(round(left), 60)
                display.update(study.done, note=f"{study.done}/{wanted}, about {minutes} min {seconds} s left")
                return keeper.keep(study)

            study = run_study(
                cost,
                plan,
                workers=workers,
                task=workspace.task,
                resume=earlier,
                on_run=keep,
                jobs=self.jobs,
                journal=self._journal if executor is None else None,
                executor=executor,
            )
        show_study(cost, study, epsilon, json, self.output, workspace.task)
        keeper.finish(study)
        if study.is_complete:
            clear(self._journal)
        return study

    @cached_property
    def _journal(self) -> Path | None:
        """Folder for the records of unfinished runs; emptied where none are to be continued."""
        folder = None if self.output is None or self.jobs is not None else self.output.with_suffix(".runs")
        if not self.resume:
            clear(folder)
        return folder

    @property
    def _kept(self) -> dict[str, Any]:
        """Settings of a `Keeper`."""
        return {"held": self.held, "recorded": self._journal is not None}

    def _earlier(self, part: str) -> Any:
        """The training or study that --resume continues, if any. InputError if the file holds none."""
        if self.held is not None and getattr(self.held, part) is None:
            raise InputError(f"{self.output} holds no {part} to continue.")
        return getattr(self.held, part, None)

    def _facts(self) -> dict[str, Any]:
        """All settings, for the provenance."""
        config = {"source": self.workspace.name, "task": self.workspace.spec, "jobs": self.jobs and str(self.jobs)}
        return {"seed": self.plan.seed, "config": config | self.plan.as_dict()}
