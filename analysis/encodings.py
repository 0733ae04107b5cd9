"""The same Hamiltonians on a qubit for each bit, and on far fewer, whose Pauli correlators carry the bits.

Every method minimizes the same energy: all terms at 4x4 pixels, those of degrees 1 and 2 (exact) beyond.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn import (
    IsingHamiltonian,
    LinearAnsatz,
    MPSEngine,
    PauliEncoding,
    ProductAnsatz,
    ProductEngine,
    WalshSpectrum,
    load_task,
    low_degree_hamiltonian,
    train,
    train_encoded,
)
from walshqhn.binn.task import NetworkTask
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.multilinear import MultilinearTerms
from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE
from walshqhn.study.baselines import one_flip_descent, simulated_annealing
from walshqhn.support.arrays import BitArray
from walshqhn.training.encoded import EncodedEnergy, descend

from . import common
from .common import Finding, Settings
from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Fewer qubits than bits"
CLAIM = (
    "The paper puts each bit on a qubit and suggests denser encodings for later (Z replaced by X, Y, Z, XX and so on)."
)
ENUMERABLE = 20
SHOTS = (300, 3000, 30_000)
"""In all bases together, at the angles of the best run."""
TASKS = {"4x4": "mnist-4x4", "8x8": "mnist-8x8", "28x28": "mnist-28x28"}
ENCODINGS = {
    "4x4": (PauliEncoding.multi_basis(17), PauliEncoding.correlations(17, 2, 5)),
    "8x8": (PauliEncoding.correlations(66, 2),),
    "28x28": (PauliEncoding.correlations(785, 3),),
}
_COLOURS = {"circuit, a qubit a bit": BLUE, "encoded": ORANGE, "classical": GREY}
Row = dict[str, Any]


def run(settings: Settings) -> Finding:
    """A panel for each size of images."""
    names = settings.pick(tuple(TASKS), ("4x4",))
    runs, iterations = settings.pick(5, 2), settings.pick(150, 20)
    numbers: dict[str, Any] = {}
    for name in names:
        task = load_task(TASKS[name], num_samples=settings.pick(None, 200))
        full = task.num_bits <= ENUMERABLE
        hamiltonian = WalshSpectrum.from_cost(task).hamiltonian() if full else low_degree_hamiltonian(task, 2)
        rows = compare(task, hamiltonian, ENCODINGS[name], runs, iterations)
        numbers[name] = {"num_bits": task.num_bits, "terms": len(hamiltonian), "methods": rows, "runs": runs}
        for row in rows:
            common.say(f"{name}, {row['method']}: best {row['costs'][0]:.7g}, accuracy {row['accuracy']:.4f}")
    what = (
        f"{runs} runs of each method, trained without shots; L-BFGS-B with at most {iterations} iterations (encoded: "
        "in each of two stages); shots: the best string drawn, or the one that the measured correlators' signs give"
    )
    return Finding(picture(numbers), describe(numbers), what, numbers)


def compare(
    task: NetworkTask, hamiltonian: IsingHamiltonian, encodings: tuple[PauliEncoding, ...], runs: int, iterations: int
) -> list[Row]:
    """Every method on the same energy, ``runs`` times each."""
    n, rows = task.num_bits, []
    for label, ansatz, engine in (
        ("product state", ProductAnsatz(n), ProductEngine(hamiltonian)),
        ("linear, 2 layers", LinearAnsatz(n, 2), MPSEngine(hamiltonian)),
    ):
        start = time.perf_counter()
        found = train(ansatz, engine, runs=runs, seed=1, max_iterations=iterations)
        costs = np.sort([run.best_cost for run in found.runs])
        drawn = engine.prepare(ansatz).sample(found.parameters, max(SHOTS), 1)
        read = {shots: drawn[hamiltonian.costs(drawn[:shots]).argmin()] for shots in SHOTS}
        rows.append(
            {"method": label, "kind": "circuit, a qubit a bit", **circuit(ansatz, 1), "costs": costs.tolist(),
             "shots": measured(task, hamiltonian, read),
             "evaluations": found.evaluations // runs, "seconds": (time.perf_counter() - start) / runs,
             "accuracy": float(task.accuracy(found.best_bits[None])[0])}
        )  # fmt: skip
    for encoding in encodings:
        ansatz = LinearAnsatz(encoding.num_qubits, max(1, -(-n // (4 * encoding.num_qubits))))
        coded = train_encoded(hamiltonian, encoding, ansatz, runs=runs, seed=1, max_iterations=iterations)
        energy, best = EncodedEnergy(hamiltonian, encoding, ansatz), coded.parameters[coded.descended_costs.argmin()]
        read = {shots: energy.read(best, shots // len(encoding.families), 1) for shots in SHOTS}
        order = max(len(qubits) for _, qubits in encoding.strings)
        rows.append(
            {"method": f"{encoding.num_qubits} qubits, {'X and Z' if order == 1 else f'{order}-body correlators'}",
             "kind": "encoded", **circuit(ansatz, len(encoding.families)), "shots": measured(task, hamiltonian, read),
             "costs": np.sort(coded.descended_costs).tolist(), "rounded": np.sort(coded.rounded_costs).tolist(),
             "evaluations": coded.evaluations // runs, "seconds": coded.seconds / runs,
             "accuracy": float(task.accuracy(coded.bits[None])[0])}
        )  # fmt: skip
    for method in (one_flip_descent, simulated_annealing):
        classical = method(hamiltonian, 200 * n, runs, 1)
        rows.append(
            {"method": classical.name, "kind": "classical", "qubits": 0, "angles": 0, "cx": 0, "bases": 0,
             "costs": np.sort(classical.costs).tolist(), "evaluations": classical.evaluations,
             "seconds": classical.seconds, "accuracy": float("nan")}
        )  # fmt: skip
    return rows


def measured(task: NetworkTask, hamiltonian: IsingHamiltonian, read: dict[int, BitArray]) -> dict[str, Any]:
    """Of the bits (N,) that so many shots in all bases have given: their energy, and after flips, and accuracy."""
    extension, found = MultilinearTerms(hamiltonian), {}
    for shots, bits in read.items():
        better = descend(extension, bits)
        energy, descended = hamiltonian.costs(np.array([bits, better]))
        found[str(shots)] = {
            "energy": float(energy), "descended": float(descended), "accuracy": float(task.accuracy(better[None])[0]),
        }  # fmt: skip
    return found


def circuit(ansatz: Ansatz, bases: int) -> dict[str, int]:
    """What a circuit needs."""
    cx = sum(gate.name == "cx" for gate in ansatz.program.gates)
    return {"qubits": ansatz.num_qubits, "angles": ansatz.num_parameters, "cx": cx, "bases": bases}


def describe(numbers: dict[str, Any]) -> str:
    """Who wins at each size."""
    sentences = []
    for name, found in numbers.items():
        rows = sorted(found["methods"], key=lambda row: row["costs"][0])
        best = rows[0]["costs"][0]
        close = 1e-6 * abs(best)
        first = [row["method"] for row in rows if row["costs"][0] <= best + close]
        rest = [f"{row['method']} {row['costs'][0]:.6g}" for row in rows if row["costs"][0] > best + close]
        more = f"; {', '.join(rest)}" if rest else ""
        sentences.append(f"{name} (N = {found['num_bits']}): lowest energy {best:.6g}, by {', '.join(first)}{more}.")
        sentences.append("Read from shots, in all bases, and flipped while that helps:")
        words = [
            f"{row['method']} " + ", ".join(f"{at['descended']:.6g} from {int(k):,}" for k, at in row["shots"].items())
            for row in found["methods"] if "shots" in row
        ]  # fmt: skip
        sentences.append(f"{'; '.join(words)}.")
    return " ".join(sentences)


def picture(numbers: dict[str, Any]) -> Figure:
    """A panel for each size of images; methods are named once."""
    figure = blank_figure(max(6.4, 2.1 * len(numbers) + 2.2), 2.8)
    axes = np.atleast_1d(figure.subplots(1, len(numbers)))
    for ax, letter, (name, found) in zip(axes, "abc", numbers.items(), strict=False):
        draw(ax, found["methods"])
        panel(ax, letter, f"{name} pixels, N = {found['num_bits']}")
    return figure


def draw(ax: Axes, rows: list[Row]) -> None:
    """The energies that the runs end with, those off the axes as ">"; a line at the lowest of all."""
    lowest, highest = min(row["costs"][0] for row in rows), max(float(np.median(row["costs"])) for row in rows)
    span = max(highest - lowest, 1e-3 * abs(lowest))
    for k, row in enumerate(rows):
        costs, edge = np.asarray(row["costs"]), lowest + 1.6 * span
        for mark, shown in (("o", costs[costs <= edge]), (">", np.minimum(costs[costs > edge], edge))):
            ax.plot(shown, np.full(len(shown), k), mark, color=_COLOURS[row["kind"]], markersize=5, alpha=0.6)
    ax.axvline(lowest, color=GREEN, linewidth=1, zorder=0)
    ax.set_xlim(lowest - 0.15 * span, lowest + 1.7 * span)
    ax.locator_params(axis="x", nbins=3)
    ax.set_yticks(range(len(rows)), [row["method"].replace(", ", ",\n") for row in rows], fontsize=7)
    ax.invert_yaxis()
    ax.set_xlabel("energy (line: lowest found)\n>: off the axis")


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
