"""What `walshqhn train` shows and stores of a training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from walshqhn.cli.common import Problem, number, plural, remark, stderr, stdout
from walshqhn.support.errors import InputError, UsageError, WalshqhnError

if TYPE_CHECKING:
    from walshqhn.training.result import TrainingResult

LARGEST_TABLE = 30
"""Bits; beyond that costs are computed where they are needed."""


def cost_of(problem: Problem) -> tuple[Any, int | None]:
    """(cost table, None), or beyond 30 bits (function of bit strings, N): what engines are given."""
    if problem.num_bits <= LARGEST_TABLE:
        return problem.cost, None
    if problem.task is not None:
        return problem.task.costs, problem.num_bits
    hamiltonian = problem.contents.hamiltonian if problem.contents is not None else None
    if hamiltonian is None:
        raise InputError(f"{problem.name} has {problem.num_bits} bits, but holds neither a task nor a Hamiltonian.")
    return hamiltonian.energy, problem.num_bits


def operator_of(problem: Problem, ansatz: str) -> Any:
    """What a circuit is made for: the cost table, or beyond 30 bits the Hamiltonian, if the file holds one.

    UsageError for QAOA without one; other circuits know nothing of the cost, so one without terms will do.
    """
    if problem.num_bits <= LARGEST_TABLE:
        return problem.cost
    if problem.contents is not None and problem.contents.hamiltonian is not None:
        return problem.contents.hamiltonian
    if ansatz.endswith("qaoa"):
        raise UsageError(
            f"{ansatz} on {problem.num_bits} qubits needs a file with a Hamiltonian, {problem.name} is none."
        )
    import numpy as np

    from walshqhn.bits import words_for
    from walshqhn.cost.hamiltonian import IsingHamiltonian

    return IsingHamiltonian(problem.num_bits, np.zeros((0, words_for(problem.num_bits)), np.uint64), np.zeros(0))


def earlier_training(output: Path) -> TrainingResult:
    """The training in a file. InputError if it holds none."""
    from walshqhn.formats.hdf5 import load

    found = load(output).training
    if found is None:
        raise InputError(f"{output} holds no training to go on with.")
    return found


def default_jobs(backend: str, output: Path | None) -> Path | None:
    """Where jobs on a device are recorded that take time and money; None for copies that run here."""
    if backend.startswith("fake_"):
        return None
    return Path(f"{backend}.jobs") if output is None else output.with_suffix(".jobs")


def compiled_facts(engine: Any, operator: Any, result: TrainingResult) -> dict[str, Any] | None:
    """Depth and two-qubit gates of the circuit on the engine's device; None if it has none."""
    from walshqhn.circuits.spec import ansatz_like

    if not hasattr(engine, "compiled"):
        return None
    found = engine.compiled(ansatz_like(result.ansatz, operator))
    return {"backend": engine.backend.name, "depth": found.depth, "two_qubit_gates": found.two_qubit_gates}


class Keeper:
    """Stores a training after each run; a full disk costs the file, not the training."""

    def __init__(self, output: Path | None, problem: Problem, config: dict[str, Any]) -> None:
        self.output, self.problem, self.config = output, problem, config
        self._failure: OSError | None = None

    def __call__(self, result: TrainingResult) -> None:
        if self.output is None:
            return
        try:
            _save(self.output, self.problem, result, self.config)
            self._failure = None
        except OSError as error:
            self._failure = error
            remark(f"warning: {self.output} could not be written ({error.strerror}); the training goes on")

    def check(self) -> None:
        """WalshqhnError if the last result is not stored."""
        if self._failure is not None:
            raise WalshqhnError(f"{self.output} could not be written: {self._failure.strerror}")


def _save(output: Path, problem: Problem, result: TrainingResult, config: dict[str, Any]) -> None:
    from walshqhn.formats.hdf5 import Contents, save

    table = problem.num_bits <= LARGEST_TABLE
    contents = Contents(
        cost=problem.cost if table else None,
        spectrum=problem.spectrum if table else None,
        hamiltonian=problem.contents.hamiltonian if problem.contents is not None else None,
        task=problem.spec,
        bit_names=problem.bit_names,
        training=result,
        provenance={"seed": result.seed, "config": config},
    )
    save(output, contents, overwrite=True)


def show(problem: Problem, result: TrainingResult, compiled: dict[str, Any] | None = None) -> None:
    """Print the main figures."""
    from walshqhn.bits import bits_to_label

    out, run = stdout(), result.best_run
    words = [f"{result.ansatz['name']} ansatz"]
    if "layers" in result.ansatz:
        words.append(plural(result.ansatz["layers"], "layer"))
    words += [plural(len(run.parameters), "angle"), plural(len(result.runs), "run"), f"{number(result.seconds, 3)} s"]
    if result.shots:
        words.append(plural(result.shots, "shot"))
    out.print(f"{problem.name}: {', '.join(words)}", markup=False)
    objective = result.settings.get("objective", {"name": "mean"})
    if objective["name"] != "mean":
        setting = ", ".join(f"{k} = {v:g}" for k, v in objective.items() if k != "name")
        out.print(f"objective       {number(run.value, 9)}{_error(run.value_error)}  ({objective['name']}, {setting})")
    out.print(f"mean cost E     {number(run.energy, 9)}{_error(run.energy_error)}  ({result.status})")
    out.print(f"best sample     {number(result.best_cost, 9)}  {bits_to_label(result.best_bits)}")
    if result.exact_minimum is not None:
        above = (
            "it is the exact minimum" if result.excess == 0 else f"{number(result.excess, 3)} above the exact minimum"
        )
        out.print(f"exact minimum   {number(result.exact_minimum, 9)}  ({above})")
    for split, value in result.accuracies.items():
        out.print(f"accuracy        {value:.4f}  ({split})")
    for choice, shares in run.architecture.items():
        out.print(f"{choice:15s} {', '.join(f'{option}: {share:.3f}' for option, share in shares.items())}")
    if compiled is not None:
        gates = plural(compiled["two_qubit_gates"], "two-qubit gate")
        out.print(f"circuit         depth {compiled['depth']:,}, {gates} on {compiled['backend']}", markup=False)
    if result.remedy:
        remark(f"{result.status}: {result.remedy}")


def _error(error: float) -> str:
    return f" ± {number(error, 2)}" if error > 0 else ""


class Display:
    """Progress of all runs on stderr, on terminals only."""

    def __init__(self, runs: int, max_iterations: int, value: str = "E") -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=stderr(), transient=True, disable=not sys.stderr.isatty())
        self._runs, self._limit, self._value, self.stage = runs, max_iterations, value, ""
        self._handle = self._bar.add_task("training", total=runs * max_iterations)

    def __enter__(self) -> Display:
        self._bar.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self._bar.__exit__(*details)

    def update(self, run: int, iteration: int, value: float) -> None:
        """After each iteration."""
        text = f"{self.stage}run {run + 1} of {self._runs}, iteration {iteration}, {self._value} = {value:.6g}"
        self._bar.update(self._handle, completed=run * self._limit + iteration, description=text)
