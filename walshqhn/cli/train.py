"""walshqhn train."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from walshqhn.cli.common import (
    Force,
    Json,
    OptionalWhole,
    Output,
    Problem,
    Source,
    TaskOptions,
    Threads,
    Whole,
    check_native_name,
    number,
    open_problem,
    plural,
    print_json,
    remark,
    stderr,
    stdout,
)
from walshqhn.errors import InputError, UsageError, WalshqhnError

if TYPE_CHECKING:
    from walshqhn.vqa.result import TrainingResult


def train(
    source: Source,
    /,
    *,
    output: Annotated[Output, Parameter(help="Store the result in this HDF5 file, after every run.")] = None,
    ansatz: Annotated[str, Parameter(help="The circuit: linear, product or qaoa; several (linear,qaoa): a study.")] = (
        "linear"
    ),
    layers: Annotated[str, Parameter(help="Its layers; several (0,1,2,3): a study.")] = "2",
    engine: Annotated[Literal["exact", "aer"], Parameter(help="What runs it.")] = "exact",
    shots: Annotated[OptionalWhole, Parameter(help="With aer: estimate values from so many shots.")] = None,
    optimizer: Annotated[
        Literal["L-BFGS-B", "COBYLA"] | None, Parameter(help="Default: L-BFGS-B, with shots COBYLA.")
    ] = None,
    runs: Annotated[Whole, Parameter(help="Restarts from random angles.")] = 5,
    max_iterations: Annotated[Whole, Parameter(help="Limit for each run.")] = 500,
    gradient_tolerance: Annotated[float, Parameter(help="L-BFGS-B: largest gradient component to stop at.")] = 1e-6,
    samples: Annotated[Whole, Parameter(help="Bit strings sampled at the end of each run.")] = 1024,
    seed: Annotated[Whole, Parameter(help="Seed of angles and samples.")] = 0,
    data_seed: Annotated[OptionalWhole, Parameter(help="The task's own option seed, for its data.")] = None,
    workers: Annotated[
        OptionalWhole, Parameter(help="Make a study, in so many processes of one thread; default there: all cores.")
    ] = None,
    epsilon: Annotated[
        float | None, Parameter(help="Studies: E - min C that counts as success; default: 1 % of C's deviation.")
    ] = None,
    resume: Annotated[
        bool, Parameter(negative="", show_default=False, help="Go on with the training stored in --output.")
    ] = False,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
    **options: TaskOptions,
) -> int:
    """Train a variational circuit on the cost of a task or file, from several random starts.

    Several circuits or depths, or --workers, make a study: how often does each succeed? Ctrl-C keeps
    what was found; with --output it is stored, and --resume goes on from there.
    """
    from walshqhn.cli.study import earlier_study, show, variants_of
    from walshqhn.cli.study import run as run_study
    from walshqhn.files import check_target
    from walshqhn.vqa.ansatz import make_ansatz
    from walshqhn.vqa.engines.factory import make_engine
    from walshqhn.vqa.result import INTERRUPTED
    from walshqhn.vqa.study import Plan
    from walshqhn.vqa.train import train as run_training

    if resume and output is None:
        raise UsageError("--resume needs --output, the file to go on with.")
    if output is not None:
        check_native_name(output)
        check_target(output, overwrite=force or resume)
    if data_seed is not None:
        options["seed"] = str(data_seed)
    variants = variants_of(ansatz, layers, engine, shots, optimizer)
    problem = open_problem(source, options, threads, command=train)
    if len(variants) > 1 or workers is not None:
        plan = Plan(variants, runs, seed, max_iterations, gradient_tolerance, samples)
        before = earlier_study(output) if resume and output is not None and output.exists() else None
        study = run_study(problem, plan, output, workers, before)
        show(problem, study, epsilon, json, output)
        return 0 if study.is_complete else 130
    if epsilon is not None:
        raise UsageError("--epsilon is for studies: name several layers, or --workers.")
    (variant,) = variants
    earlier = _earlier(output) if resume and output is not None and output.exists() else None
    circuit = make_ansatz(variant.ansatz, variant.layers, problem.cost)
    runner = make_engine(engine, problem.cost, shots=shots, seed=seed, threads=threads)
    method = variant.method

    failures: list[OSError] = []

    def store(result: TrainingResult) -> None:
        if output is None:
            return
        try:
            _save(output, problem, result)
            failures.clear()
        except OSError as error:  # a full disk must not cost the training
            failures.append(error)
            remark(f"warning: {output} could not be written ({error.strerror}); the training goes on")

    with _Display(runs, max_iterations) as display:
        result = run_training(
            circuit,
            runner,
            runs=runs,
            seed=seed,
            optimizer=method,
            max_iterations=max_iterations,
            gradient_tolerance=gradient_tolerance,
            samples=samples,
            task=problem.task,
            resume=earlier,
            progress=display.update,
            on_run=store,
        )
    if json:
        print_json(result.summary() | {"source": source, "output": output})
    else:
        _print(problem, result)
        if output is not None and not failures:
            remark(f"stored in {output}")
    if failures:
        raise WalshqhnError(f"{output} could not be written: {failures[-1].strerror}")
    return 130 if result.status == INTERRUPTED else 0


def _earlier(output: Path) -> TrainingResult:
    from walshqhn.storage import load

    found = load(output).training
    if found is None:
        raise InputError(f"{output} holds no training to go on with.")
    return found


def _save(output: Path, problem: Problem, result: TrainingResult) -> None:
    from walshqhn.storage import Contents, save

    contents = Contents(
        cost=problem.cost,
        spectrum=problem.spectrum,
        hamiltonian=problem.contents.hamiltonian if problem.contents is not None else None,
        task=problem.spec,
        bit_names=problem.bit_names,
        training=result,
        provenance={"seed": result.seed, "config": result.settings | {"ansatz": result.ansatz}},
    )
    save(output, contents, overwrite=True)


def _print(problem: Problem, result: TrainingResult) -> None:
    from walshqhn.bits import bits_to_label

    out = stdout()
    layers, angles = plural(result.ansatz["layers"], "layer"), plural(len(result.parameters), "angle")
    name = f"{result.ansatz['name']} ansatz, {layers}, {angles}"
    out.print(f"{problem.name}: {name}, {plural(len(result.runs), 'run')}, {number(result.seconds, 3)} s", markup=False)
    out.print(f"mean cost E     {number(result.value, 9)}  ({result.status})")
    out.print(f"best sample     {number(result.best_cost, 9)}  {bits_to_label(result.best_bits)}")
    if result.exact_minimum is not None:
        above = (
            "it is the exact minimum" if result.excess == 0 else f"{number(result.excess, 3)} above the exact minimum"
        )
        out.print(f"exact minimum   {number(result.exact_minimum, 9)}  ({above})")
    for split, value in result.accuracies.items():
        out.print(f"accuracy        {value:.4f}  ({split})")
    if result.remedy:
        remark(f"{result.status}: {result.remedy}")


class _Display:
    """Progress of all runs on stderr, on terminals only."""

    def __init__(self, runs: int, max_iterations: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=stderr(), transient=True, disable=not sys.stderr.isatty())
        self._runs, self._limit = runs, max_iterations
        self._handle = self._bar.add_task("training", total=runs * max_iterations)

    def __enter__(self) -> _Display:
        self._bar.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self._bar.__exit__(*details)

    def update(self, run: int, iteration: int, value: float) -> None:
        """After each iteration."""
        text = f"run {run + 1} of {self._runs}, iteration {iteration}, E = {value:.6g}"
        self._bar.update(self._handle, completed=run * self._limit + iteration, description=text)
