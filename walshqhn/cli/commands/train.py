"""walshqhn train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

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
    open_problem,
    print_json,
    remark,
)
from walshqhn.support.errors import UsageError

if TYPE_CHECKING:
    from walshqhn.cli.training import Display
    from walshqhn.study.plan import Variant
    from walshqhn.training.result import TrainingResult

_CIRCUIT, _ENGINE, _SEARCH, _STUDY = (
    Group(name, sort_key=k) for k, name in enumerate(("Circuit", "Engine", "Search", "Studies"), start=1)
)
Optimizers = Literal["L-BFGS-B", "COBYLA", "COBYQA", "Nelder-Mead", "Adam", "SPSA", "QN-SPSA"]


def train(
    source: Source,
    /,
    *,
    output: Annotated[Output, Parameter(help="Store the result in this HDF5 file, after every run.")] = None,
    ansatz: Annotated[
        str,
        Parameter(
            group=_CIRCUIT,
            help="linear, product, qaoa, ma-qaoa or a QPY file with a circuit; several (linear,qaoa): a study.",
        ),
    ] = "linear",
    layers: Annotated[str, Parameter(group=_CIRCUIT, help="Its layers; several (0,1,2,3): a study.")] = "2",
    max_degree: Annotated[
        OptionalWhole, Parameter(group=_CIRCUIT, help="qaoa: make its phases from terms up to this degree.")
    ] = None,
    grow: Annotated[
        bool,
        Parameter(
            group=_CIRCUIT, negative="", show_default=False, help="Train layer by layer, from the fewest to --layers."
        ),
    ] = False,
    engine: Annotated[
        Literal["exact", "aer", "mps", "backend"],
        Parameter(group=_ENGINE, help="What runs it: mps: matrix product states; backend: hardware."),
    ] = "exact",
    shots: Annotated[
        OptionalWhole, Parameter(group=_ENGINE, help="Estimate values from so many shots; not with exact.")
    ] = None,
    noise: Annotated[
        str | None,
        Parameter(group=_ENGINE, help="aer, mps: strength p of depolarizing noise, or a backend to imitate."),
    ] = None,
    bond_dimension: Annotated[
        OptionalWhole, Parameter(group=_ENGINE, help="mps: truncate matrix product states to this.")
    ] = None,
    backend: Annotated[
        str | None, Parameter(group=_ENGINE, help="backend: generic, fake_... or an IBM device's name.")
    ] = None,
    mitigate_readout: Annotated[
        bool,
        Parameter(group=_ENGINE, negative="", show_default=False, help="backend: correct E for errors in reading out."),
    ] = False,
    jobs: Annotated[
        Path | None,
        Parameter(
            group=_ENGINE,
            help="backend: record jobs in this file (studies: folder), to pick them up after an interruption. "
            "Default: for IBM devices, OUTPUT with the ending .jobs.",
        ),
    ] = None,
    optimizer: Annotated[
        Optimizers | None, Parameter(group=_SEARCH, help="Default: L-BFGS-B, with shots COBYLA.")
    ] = None,
    objective: Annotated[
        str, Parameter(group=_SEARCH, help="mean, cvar:ALPHA (mean of the cheapest fraction) or gibbs:ETA.")
    ] = "mean",
    runs: Annotated[Whole, Parameter(group=_SEARCH, help="Restarts from random angles.")] = 5,
    max_iterations: Annotated[Whole, Parameter(group=_SEARCH, help="Limit for each run.")] = 500,
    max_shots: Annotated[OptionalWhole, Parameter(group=_SEARCH, help="Budget of each run.")] = None,
    max_seconds: Annotated[float | None, Parameter(group=_SEARCH, help="Budget of each run.")] = None,
    gradient_tolerance: Annotated[
        float, Parameter(group=_SEARCH, help="L-BFGS-B, Adam: largest gradient component to stop at.")
    ] = 1e-6,
    samples: Annotated[Whole, Parameter(group=_SEARCH, help="Bit strings sampled at the end of each run.")] = 1024,
    tails: Annotated[
        bool,
        Parameter(
            group=_SEARCH,
            negative="",
            show_default=False,
            help="Record the mean of the cheapest 1, 5 and 10 % at every iteration; with shots always done.",
        ),
    ] = False,
    seed: Annotated[Whole, Parameter(group=_SEARCH, help="Seed of angles and samples.")] = 0,
    data_seed: Annotated[OptionalWhole, Parameter(help="The task's own option seed, for its data.")] = None,
    workers: Annotated[
        OptionalWhole,
        Parameter(
            group=_STUDY, help="Make a study, in so many processes of one thread each; default there: all cores."
        ),
    ] = None,
    product_baseline: Annotated[
        bool,
        Parameter(group=_STUDY, help="Also train the product state, on the exact engine, for comparison."),
    ] = True,
    epsilon: Annotated[
        float | None,
        Parameter(group=_STUDY, help="E - min C that counts as success; default: 1 % of C's standard deviation."),
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
    from walshqhn.cli import study as studies
    from walshqhn.cli.training import default_jobs
    from walshqhn.study.plan import Plan
    from walshqhn.support.files import check_target

    if resume and output is None:
        raise UsageError("--resume needs --output, the file to go on with.")
    if output is not None:
        check_native_name(output)
        check_target(output, overwrite=force or resume)
    if data_seed is not None:
        options["seed"] = str(data_seed)
    variants = studies.variants_of(
        ansatz, layers, engine=engine, shots=shots, optimizer=optimizer, objective=objective, max_degree=max_degree,
        grow=grow, noise=noise, bond_dimension=bond_dimension, backend=backend, mitigate_readout=mitigate_readout,
    )  # fmt: skip
    is_study = len(variants) > 1 or workers is not None
    if jobs is None and engine == "backend" and backend is not None and backend != "generic":
        jobs = default_jobs(backend, output)
    config: dict[str, Any] = {
        "source": source, "task": None, "ansatz": ansatz, "layers": layers, "max_degree": max_degree, "grow": grow,
        "engine": engine, "shots": shots, "noise": noise, "bond_dimension": bond_dimension, "backend": backend,
        "mitigate_readout": mitigate_readout, "jobs": None if jobs is None else str(jobs),
        "optimizer": variants[0].method, "objective": objective, "runs": runs, "max_iterations": max_iterations,
        "max_shots": max_shots, "max_seconds": max_seconds, "gradient_tolerance": gradient_tolerance,
        "samples": samples, "tails": tails, "seed": seed,
    }  # fmt: skip
    if is_study and tails:
        raise UsageError("--tails is for single trainings, not for studies.")
    problem = open_problem(source, options, threads, command=train)
    if problem.spec is not None:
        config["task"] = problem.spec["name"]
        config |= {_option_name(k, config): v for k, v in problem.spec["options"].items()}
    going_on = output if resume and output is not None and output.exists() else None
    if is_study:
        if product_baseline:
            variants = studies.with_product(variants)
        config |= {"workers": workers, "product_baseline": product_baseline}
        plan = Plan(variants, runs, seed, max_iterations, gradient_tolerance, samples, max_shots, max_seconds)
        before = None if going_on is None else studies.earlier_study(going_on)
        study = studies.run(problem, plan, output, workers, before, config, jobs)
        studies.show(problem, study, epsilon, json, output)
        return 0 if study.is_complete else 130
    if epsilon is not None:
        raise UsageError("--epsilon is for studies: name several layers, or --workers.")
    settings: dict[str, Any] = {
        "runs": runs, "seed": seed, "max_iterations": max_iterations, "max_shots": max_shots,
        "max_seconds": max_seconds, "gradient_tolerance": gradient_tolerance, "samples": samples, "tails": tails,
    }  # fmt: skip
    return _train_one(problem, variants[0], settings, output, going_on, jobs, json, config)


def _option_name(task_option: str, taken: dict[str, Any]) -> str:
    """What ``walshqhn train`` calls an option of the task."""
    return f"data_{task_option}" if task_option in taken else task_option


def _train_one(
    problem: Problem,
    variant: Variant,
    settings: dict[str, Any],
    output: Path | None,
    going_on: Path | None,
    jobs: Path | None,
    json: bool,
    config: dict[str, Any],
) -> int:
    from walshqhn.cli.training import Display, Keeper, compiled_facts, cost_of, earlier_training, operator_of, show
    from walshqhn.training.result import INTERRUPTED
    from walshqhn.training.train import train as run_training

    cost, num_qubits = cost_of(problem)
    runner = variant.make_engine(cost, seed=settings["seed"], threads=problem.threads, num_qubits=num_qubits, jobs=jobs)
    if jobs is not None:
        remark(f"jobs are recorded in {jobs}; after an interruption the same command picks them up")
    operator = operator_of(problem, variant.ansatz)
    circuit = variant.make_ansatz(operator)
    keeper = Keeper(output, problem, config)
    earlier = None if going_on is None else earlier_training(going_on)
    settings |= {"optimizer": variant.method, "objective": variant.objective, "task": problem.task}
    value = "E" if variant.objective == "mean" else variant.objective
    with Display(settings["runs"], settings["max_iterations"], value) as display:
        settings |= {"progress": display.update, "on_run": keeper}
        if variant.grow:
            result = _grown(variant, operator, circuit, runner, settings, earlier, display)
        else:
            result = run_training(circuit, runner, resume=earlier, **settings)
    compiled = compiled_facts(runner, operator, result)
    if json:
        print_json(result.summary() | {"source": problem.name, "output": output, "compiled": compiled})
    else:
        show(problem, result, compiled)
    keeper.check()
    if output is not None and not json:
        remark(f"stored in {output}")
    return 130 if result.status == INTERRUPTED else 0


def _grown(
    variant: Variant,
    operator: Any,
    circuit: Any,
    runner: Any,
    settings: dict[str, Any],
    earlier: TrainingResult | None,
    display: Display,
) -> TrainingResult:
    """Layer by layer; an earlier result is of one of the depths on the way, and goes on from there."""
    from walshqhn.circuits.spec import ansatz_like
    from walshqhn.training.growth import train_layerwise

    if earlier is not None:
        wanted = dict(circuit.description) | {"layers": earlier.ansatz.get("layers")}
        if earlier.ansatz != wanted and earlier.ansatz.get("name") != "product":
            raise UsageError(f"the earlier training, of {earlier.ansatz}, does not grow into {variant.label}.")
        began, runs = circuit.description["layers"], earlier.settings["runs"]
        if earlier.ansatz["layers"] > began and runs != settings["runs"]:
            raise UsageError(
                f"the earlier training has grown beyond {began} layer{'' if began == 1 else 's'} with {runs} runs: "
                f"it goes on with as many, got {settings['runs']}. Train anew (--force) for others."
            )
        circuit = ansatz_like(earlier.ansatz, operator)
        settings = settings | {"initial": earlier.settings.get("initial")}

    def grown(stages: tuple[TrainingResult, ...]) -> None:
        display.stage = f"{stages[-1].ansatz['layers'] + 1} layers, "

    return train_layerwise(
        circuit, runner, variant.layers, resume=() if earlier is None else (earlier,), on_depth=grown, **settings
    )[-1]
