"""walshqhn demo."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from walshqhn.binn.catalog import load_task
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import bits_to_label, index_to_bits
from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz
from walshqhn.cli.figures import draw
from walshqhn.cli.options import FilePath, Force, Json, Threads, Whole
from walshqhn.cli.output import number, plural, print_json, stdout
from walshqhn.cost.base import Cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.engines.base import Evaluation
from walshqhn.engines.exact import ExactEngine
from walshqhn.engines.qiskit.aer import AerEngine
from walshqhn.formats import hdf5 as storage
from walshqhn.formats.registry import write_hamiltonian
from walshqhn.kernels import compile_apart
from walshqhn.report.figures import drawings
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import WalshqhnError
from walshqhn.support.files import targets
from walshqhn.training.result import INTERRUPTED, TrainingResult
from walshqhn.training.train import train
from walshqhn.workspace import Workspace

_STAGES = 9
_CLOSE = 1e-4  # above the optimum


def demo(
    *,
    output: Annotated[FilePath, Parameter(alias="-o", help="Folder for the files it makes.")] = Path("walshqhn-demo"),
    runs: Annotated[Whole, Parameter(help="Restarts of the training.")] = 4,
    max_iterations: Annotated[Whole, Parameter(help="Limit for each of them.")] = 60,
    shots: Annotated[Whole, Parameter(help="Shots of the trained circuit on Aer.")] = 4096,
    seed: Annotated[Whole, Parameter(help="Seed of angles and shots.")] = 0,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> int:
    """The whole job on bundled MNIST digits: from the images to a trained circuit and its best network.

    Images of 0 and 1 at 4x4 pixels, all 2^17 binary networks, their Walsh spectrum, HDF5 and
    SparsePauliOp, a variational circuit trained with gradients, shots on Qiskit Aer, figures.
    """
    for name, value, least in (
        ("runs", runs, 1),
        ("max_iterations", max_iterations, 1),
        ("shots", shots, 1),
        ("seed", seed, 0),
    ):
        check_whole(name, value, least)
    file, operators, figures = _places(output)
    with targets(file, *operators, *figures.values(), overwrite=force):
        say = _Narrator(quiet=json)
        compile_apart("sampling", "engine")  # meanwhile: two thirds of all there is to compile
        task = load_task("mnist-4x4")
        workspace = Workspace("mnist-4x4", task, threads=threads)
        cost, lowest = _costs(say, task, workspace)
        contents = _stored(say, task, workspace, file, overwrite=force)
        truncation_error = _operators(say, workspace, operators, overwrite=force)

        ansatz, engine = LinearAnsatz(task.num_bits, 2), ExactEngine(workspace.cost, threads=threads)
        result = train(
            ansatz, engine, runs=runs, seed=seed, max_iterations=max_iterations, task=task, callback=say.training(runs)
        )
        say(
            f"linear ansatz, 2 layers, {ansatz.num_parameters} angles: {result.evaluations} exact gradients in "
            f"{len(result.runs)} runs brought the mean cost from {number(result.history[0], 4)} to "
            f"{number(result.value)}."
        )
        bits, sampled = _measured(say, workspace.cost, ansatz, result, shots, seed)
        best = _best(say, task, result, bits, sampled, float(cost[lowest]))

        storage.save(
            file,
            replace(contents, training=result, provenance={"seed": seed, "config": result.search}),
            overwrite=True,
        )
        draw(
            {figures[kind]: one for kind, one in drawings(workspace, result).items() if kind in figures},
            overwrite=force,
        )
        say(f"figures drawn: {', '.join(path.name for path in figures.values())}.")

        facts = {
            "num_bits": task.num_bits,
            "exact_minimum": float(cost[lowest]),
            "best_bits": bits_to_label(index_to_bits(lowest, task.num_bits)),
            "degree_weights": workspace.spectrum.degree_weights(),
            "truncated_rms_error": truncation_error,
            "training": result.summary(),
            "aer": {
                "shots": shots,
                "energy": float(sampled.mean()),
                "energy_error": _standard_error(sampled),
                "within_1e-4": float((sampled <= cost[lowest] + _CLOSE).mean()),
            },
            "configurations": [best],
            "seconds": say.elapsed(),
            "files": [file, *operators, *figures.values()],
        }
        interrupted = result.status == INTERRUPTED
        print_json(facts) if json else say.summary(output, file, interrupted=interrupted)
        return 130 if interrupted else 0


def _costs(say: _Narrator, task: NetworkTask, workspace: Workspace) -> tuple[FloatArray, int]:
    """The cost of every network, and the index of the best."""
    say(
        f"{len(task.data.train):,} real MNIST images of 0 and 1, shrunk to 4x4 pixels; "
        f"{len(task.data.test or ()):,} more are kept for testing."
    )
    cost = workspace.table
    lowest = int(cost.argmin())
    optima = int((cost <= cost[lowest] + 1e-12 * np.ptp(cost)).sum())
    pairs = cost.size * len(task.data.train)
    say(
        f"all 2^{task.num_bits} = {cost.size:,} networks evaluated, {pairs:,} (network, image) pairs; "
        f"the best possible cost is {number(cost[lowest], 8)}, that of {plural(optima, 'network')}."
    )
    return cost, lowest


def _stored(
    say: _Narrator, task: NetworkTask, workspace: Workspace, file: Path, *, overwrite: bool
) -> storage.Contents:
    """Spectrum and Hamiltonian; they are stored, and what is read back is compared."""
    weights = workspace.spectrum.degree_weights()
    local = weights[1:3].sum() / weights[1:].sum()
    say(f"Walsh spectrum: degrees 1 and 2 carry {100 * local:.3f} % of the variance, so the cost is nearly 2-local.")

    cost, hamiltonian = workspace.table, workspace.hamiltonian
    contents = storage.Contents(cost, workspace.spectrum, hamiltonian, task.spec, task.bit_names)
    storage.save(file, contents, overwrite=overwrite)
    back = IsingHamiltonian.load(file)
    _check(np.array_equal(storage.load_part(file, "cost"), cost), "the costs read back differ")
    same = [np.array_equal(getattr(back, k), getattr(hamiltonian, k)) for k in ("masks", "coefficients")]
    _check(all(same), "the Hamiltonian read back differs")
    deviation = float(np.abs(back.energies(threads=workspace.threads) - cost).max())
    _check(deviation < 1e-9, f"the Hamiltonian's energies differ from the costs by {deviation}")
    say(
        f"Ising Hamiltonian of {len(hamiltonian):,} terms stored in HDF5 and read back bit for bit; "
        f"its energies are the costs to {deviation:.0e}."
    )
    return contents


def _operators(say: _Narrator, workspace: Workspace, paths: Sequence[Path], *, overwrite: bool) -> float:
    """Qiskit's operators, exact and truncated to degree 2, are checked and stored; the RMS error of the latter."""
    cost, threads = workspace.table, workspace.threads
    truncated = workspace.hamiltonian.truncate(max_degree=2)
    actual = float(np.sqrt(np.square(truncated.energies(threads=threads) - cost).mean()))
    _check(np.isclose(actual, truncated.rms_error, rtol=1e-6), "the RMS error is not what was announced")
    lowest = int(cost.argmin())
    for path, ising in zip(paths, (workspace.hamiltonian, truncated), strict=True):
        _check_operator(ising, ising.energies(threads=threads), (lowest, 1))  # neither reads the same backwards
        write_hamiltonian(path, ising, "sparse-pauli-op", overwrite=overwrite)
    best_truncated = float(cost[truncated.energies(threads=threads).argmin()])
    say(
        f"SparsePauliOp for Qiskit: exact, and with {len(truncated)} terms up to degree 2, RMS error {actual:.2g}; "
        f"minimizing that gives cost {number(best_truncated, 8)}."
    )
    return actual


def _measured(
    say: _Narrator, cost: Cost, ansatz: Ansatz, result: TrainingResult, shots: int, seed: int
) -> tuple[BitArray, FloatArray]:
    """Shots of the trained circuit on Aer, and their costs."""
    aer = AerEngine(cost, seed=seed)
    bits = aer.sample(ansatz, result.parameters, shots, np.random.default_rng(seed))
    sampled, table = aer.costs(bits), cost.cost_table()
    limit = table.min() + _CLOSE
    say(
        f"the same circuit on Qiskit Aer, {shots:,} shots: mean cost {number(float(sampled.mean()))} "
        f"± {_standard_error(sampled):.1g} (exact: {number(result.value)}); {100 * (sampled <= limit).mean():.0f} % "
        f"of the shots are within 1e-4 of the optimum, of all networks {100 * (table <= limit).mean():.2f} % are."
    )
    return bits, sampled


def _standard_error(sampled: FloatArray) -> float:
    return float(sampled.std(ddof=1) / np.sqrt(len(sampled))) if len(sampled) > 1 else float("nan")


def _best(
    say: _Narrator, task: NetworkTask, result: TrainingResult, bits: BitArray, sampled: FloatArray, minimum: float
) -> dict[str, Any]:
    """The cheapest network that was measured."""
    cheapest = float(min(result.best_cost, sampled.min()))
    best = result.best_bits if result.best_cost == cheapest else bits[int(sampled.argmin())]
    accuracies = {split: float(task.accuracy(best[None, :], split)[0]) for split in ("train", "test")}
    above = cheapest - minimum
    verdict = "the exact optimum" if above == 0 else f"{above:.1e} above the exact optimum"
    say(
        f"best network measured: {bits_to_label(best)}, cost {number(cheapest, 8)}, {verdict}; it recognizes "
        f"{100 * accuracies['train']:.1f} % of the training images and {100 * accuracies['test']:.1f} % of the others."
    )
    weights = task.network.weights(best)
    say.picture(weights["W1"].reshape(4, 4), float(weights["b1"][0]))
    return {"bits": bits_to_label(best), "cost": cheapest, "excess": above, "accuracy": accuracies}


def _places(output: Path) -> tuple[Path, list[Path], dict[str, Path]]:
    """The HDF5 file, the operators and the figures; their folder is made."""
    file = output / "mnist-4x4.h5"
    operators = [output / f"operator-{name}.qpy" for name in ("exact", "degree-2")]
    kinds = ("spectrum", "coefficients", "histogram", "training", "circuit", "network")
    figures = {kind: output / f"{kind}.png" for kind in kinds}
    output.mkdir(parents=True, exist_ok=True)
    return file, operators, figures


def _check_operator(ising: IsingHamiltonian, energies: FloatArray, indices: Sequence[int]) -> None:
    """That Qiskit's operator has these ``energies``, by Qiskit's own reading of labels at ``indices``."""
    from qiskit.result import sampled_expectation_value

    operator = ising.to_sparse_pauli_op()
    returned = IsingHamiltonian.from_sparse_pauli_op(operator)
    _check(np.array_equal(returned.energies(), energies), "SparsePauliOp differs")
    for index in indices:
        label = bits_to_label(index_to_bits(index, ising.num_qubits))
        by_qiskit = sampled_expectation_value({label: 1.0}, operator)
        _check(np.isclose(by_qiskit, energies[index], rtol=1e-9), "Qiskit evaluates the operator differently")


def _check(holds: object, complaint: str) -> None:
    if not holds:
        raise WalshqhnError(f"the demo's own check failed: {complaint}.")


class _Narrator:
    """Says, stage by stage, what happened and how long it took."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._out = stdout()
        self._stage = 0
        self._start = self._last = time.perf_counter()
        if not quiet:
            self._out.print("walshqhn demo (the first run compiles its kernels, which takes a little longer)\n")

    def __call__(self, text: str) -> None:
        now = time.perf_counter()
        self._stage += 1
        if not self._quiet:
            label = f"[{self._stage}/{_STAGES}] {now - self._last:4.1f} s  "
            self._out.print(label + text, soft_wrap=True)
        self._last = now

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    def training(self, runs: int) -> Any:
        """A progress callback for the training, on terminals only."""
        if self._quiet or not self._out.is_terminal:
            return None

        def update(run: int, found: Evaluation) -> None:
            self._out.print(f"  run {run + 1} of {runs}, E = {found.value:.6f}", end="\r")

        return update

    def picture(self, image: Any, bias: float) -> None:
        """Weights as characters."""
        if self._quiet:
            return
        self._out.print("\n      its weights on the 4x4 pixels: + ink there says 1, - ink there says 0")
        for row in image:
            self._out.print("          " + "  ".join("+" if w > 0 else "-" for w in row))
        self._out.print(f"      bias {bias:+g}\n")

    def summary(self, folder: Path, file: Path, *, interrupted: bool) -> None:
        """Where things are, and what to do next."""
        if interrupted:
            self._out.print("\nThe training was interrupted; the rest used what it had found.")
        self._out.print(f"\nDone in {self.elapsed():.1f} s. Everything is in {folder}/:", soft_wrap=True)
        self._out.print(f"  {file.name:<22} cost, spectrum, Hamiltonian and training (HDF5)")
        self._out.print(f"  {'operator-*.qpy':<22} the SparsePauliOps, for Qiskit")
        self._out.print(f"  {'*.png':<22} the figures")
        self._out.print("\nNext: walshqhn tasks; walshqhn info " + str(file), soft_wrap=True)
