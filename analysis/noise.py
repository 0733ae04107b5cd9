"""Trained 2-layer circuits under depolarizing noise: mean and minimum of 1,000 samples, N = 17."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn import ExactEngine, LinearAnsatz, load_task, train
from walshqhn.bits import bits_to_index
from walshqhn.cost.table import sha256
from walshqhn.engines.trajectories import GateNoise, PauliTrajectories
from walshqhn.study.statistics import Proportion, wilson
from walshqhn.support.files import write_atomically
from walshqhn.support.npy import read_npz
from walshqhn.support.workers import resolve_workers, run_pieces

from . import common, noise_figure, success_mnist
from .common import Finding, Settings, say
from .depths import depth_plan

if TYPE_CHECKING:
    from walshqhn.support.arrays import FloatArray

TITLE = "Resilience to noise: trained circuits on MNIST 4x4"
CLAIM = (
    "The paper samples optimized circuits under depolarizing noise of growing strength p, with error probabilities "
    "p1 = 0.001 p after one-qubit gates and p2 = 0.00375 p after CX, to see how well their energies and the networks "
    "that are measured hold up."
)
LAYERS, SEED = 2, 7
STRENGTHS = np.round(np.arange(11) * 0.2, 1)
"""p; 0, without noise, is there to compare with."""
SAME, NEAR = noise_figure.SAME, noise_figure.NEAR
LONGER = 750
"""Iterations that a few circuits go on for, to see what the limit of the trainings leaves undone."""
_EVERY = 10.0  # seconds between writes


def gate_noise(p: float) -> GateNoise:
    """As in `depolarizing_noise`: total probabilities of a Pauli other than the identity."""
    return GateNoise(0.001 * p, 0.00375 * p)


def run(settings: Settings) -> Finding:
    """Sample the trained circuits under noise, count, draw."""
    task = load_task("mnist-4x4", weight_values=success_mnist.WEIGHTS)
    cost = task.cost_table()
    strengths = settings.pick(STRENGTHS, np.array([0.0, 0.4, 1.0, 2.0]))
    shots, circuits = settings.pick((1000, 100), (200, 3))
    plan = depth_plan(settings, [LAYERS], circuits, success_mnist.ITERATIONS)  # runs 0 ... of `success_mnist`
    trained = common.study(settings, "noise", task, plan).runs(0)[:circuits]
    angles = np.array([run.parameters for run in trained])
    measured = sample_all(settings, cost, angles, strengths, shots)
    energies = cost[measured] - cost.min()
    longer = trained_longer(cost, angles[: settings.pick(40, 2)], settings.pick(LONGER, 5), shots)
    return _finding(settings, cost, energies, strengths, angles, longer)


def sample_all(
    settings: Settings, cost: FloatArray, angles: FloatArray, strengths: FloatArray, shots: int
) -> npt.NDArray[np.uint32]:
    """What is measured, as configuration indices: (circuits, strengths, shots); kept in a file as circuits are done.

    More circuits go on from fewer.
    """
    folder = settings.studies / "quick" if settings.quick else settings.studies
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "noise.npz"
    keys = np.array([_key(cost, row, strengths, shots) for row in angles])
    measured = np.zeros((len(angles), len(strengths), shots), np.uint32)
    done = np.zeros(len(angles), bool)
    if path.exists():
        earlier = read_npz(path)
        for k, key in enumerate(earlier["keys"][: len(keys)]):
            if key == keys[k] and earlier["done"][k]:
                measured[k], done[k] = earlier["measured"][k], True
    todo = [int(k) for k in np.flatnonzero(~done)]
    start = last = time.monotonic()
    for count, (k, found) in enumerate(_results(settings, cost, angles, strengths, shots, todo), start=1):
        measured[k], done[k] = found, True
        now = time.monotonic()
        if count == len(todo) or now - last > _EVERY:
            last = now
            _store(path, keys, measured, done)
            left = (now - start) / count * (len(todo) - count)
            say(f"noise: {done.sum()} of {len(done)} circuits, about {left:.0f} s left")
    return measured


def _key(cost: FloatArray, angles: FloatArray, strengths: FloatArray, shots: int) -> str:
    """What the samples of one circuit depend on, beside its number."""
    hashed = hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in (angles, strengths)))
    return f"{sha256(cost)} {hashed.hexdigest()} {shots} {SEED}"


def _store(
    path: Path, keys: npt.NDArray[np.str_], measured: npt.NDArray[np.uint32], done: npt.NDArray[np.bool_]
) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:  # given a path, NumPy would add a suffix
            np.savez_compressed(file, keys=keys, measured=measured, done=done)

    write_atomically(path, write, overwrite=True)


def _results(settings: Settings, *given: Any) -> Iterator[tuple[int, Any]]:
    *arguments, todo = given
    workers = resolve_workers(settings.workers)
    if settings.quick or workers == 1 or len(todo) < 2:  # starting processes takes longer than the quick run
        work = prepare(*arguments)
        return ((k, work(k)) for k in todo)
    return run_pieces(prepare, arguments, todo, workers)


def prepare(
    cost: FloatArray, angles: FloatArray, strengths: FloatArray, shots: int
) -> Callable[[int], npt.NDArray[np.uint32]]:
    """A function that samples circuit k under all strengths: (strengths, shots). Each circuit has a seed of its own."""
    engine = ExactEngine(cost, threads=1)
    sampler = PauliTrajectories(engine, LinearAnsatz(engine.num_qubits, LAYERS))
    levels = [gate_noise(p) for p in strengths]

    def work(k: int) -> npt.NDArray[np.uint32]:
        bits = sampler.sample(angles[k], shots, levels, np.random.default_rng([SEED, k]))
        return bits_to_index(bits).astype(np.uint32)

    return work


def error_free(num_qubits: int, layers: int, p: float) -> float:
    """Probability that no gate of the linear ansatz is followed by an error."""
    gates = LinearAnsatz(num_qubits, layers).program.gates
    two = sum(gate.name == "cx" for gate in gates)
    noise = gate_noise(p)
    return (1 - noise.p1) ** (len(gates) - two) * (1 - noise.p2) ** two


def best_of_uniform(cost: FloatArray, shots: int) -> float:
    """Probability that the best of ``shots`` networks drawn at random is a minimum of C."""
    return float(1 - (1 - (cost <= cost.min() + SAME).mean()) ** shots)


def trained_longer(cost: FloatArray, angles: FloatArray, iterations: int, shots: int) -> dict[str, Any]:
    """How often ``shots`` samples without noise hold a minimum, exactly, before and after so many more ``iterations``.

    "exact": the least cost itself; "near": a network within `NEAR` of it. Means over the circuits.
    """
    engine, excess = ExactEngine(cost, threads=1), cost - cost.min()
    ansatz = LinearAnsatz(engine.num_qubits, LAYERS)
    prepared = engine.prepare(ansatz)
    search: dict[str, Any] = {"max_iterations": iterations, "gradient_tolerance": 1e-8, "samples": 1}
    after = []
    for k, start in enumerate(angles, 1):
        after.append(train(ansatz, engine, initial=start[None], **search).parameters)
        if k % 10 == 0:
            say(f"noise: {k} of {len(angles)} circuits trained further")
    found: dict[str, Any] = {"exact": [], "near": [], "circuits": len(angles), "iterations": iterations, "shots": shots}
    for points in (angles, after):
        probabilities = np.array([prepared.probabilities(row) for row in points])
        for name, tolerance in (("exact", SAME), ("near", NEAR)):
            share = probabilities[:, excess <= tolerance].sum(axis=1)
            found[name].append(float((1 - (1 - share) ** shots).mean()))
    return found


def reached(energies: FloatArray, tolerance: float = SAME) -> list[Proportion]:
    """For each strength, of how many circuits the best sample is a minimum; energies (circuits, strengths, shots)."""
    hits = (energies.min(axis=2) <= tolerance).sum(axis=0)
    return [wilson(int(h), len(energies)) for h in hits]


def kept(energies: FloatArray) -> tuple[int, int]:
    """(how many circuits have a minimum among their samples at every strength, at the first one)."""
    hit = energies.min(axis=2) <= SAME
    return int(hit.all(axis=1).sum()), int(hit[:, 0].sum())


def rise(means: FloatArray, strengths: FloatArray) -> tuple[float, float]:
    """Slope of the mean energy against p, its mean over the circuits and the standard error of that."""
    slopes = np.polyfit(strengths, means.T, 1)[0]
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(len(slopes))) if len(slopes) > 1 else float("nan")


def _finding(
    settings: Settings,
    cost: FloatArray,
    energies: FloatArray,
    strengths: FloatArray,
    angles: FloatArray,
    longer: dict[str, Any],
) -> Finding:
    circuits, _, shots = energies.shape
    deviation, num_qubits = float(cost.std()), int(cost.size).bit_length() - 1
    means, least = energies.mean(axis=2), energies.min(axis=2)
    fractions, near, chance = reached(energies), reached(energies, NEAR), best_of_uniform(cost, shots)
    slope, slope_error = rise(means, strengths)
    free = np.array([error_free(num_qubits, LAYERS, p) for p in strengths])
    share = (energies <= SAME).mean(axis=(0, 2))

    figure = noise_figure.draw(strengths, energies, cost, fractions, near, free=free, chance=chance)
    last, survivors = fractions[-1], kept(energies)
    text = (
        f"At p = {strengths[-1]:g} (p1 = {0.1 * strengths[-1]:.2g} %, p2 = {0.375 * strengths[-1]:.2g} %) the mean of "
        f"{shots:,} samples lies {np.median(means[:, -1]) / deviation:.2f} standard deviations of C above C_min in the "
        f"median circuit, against {np.median(means[:, 0]) / deviation:.2f} without noise; it rises by "
        f"{slope / deviation:.3f} +- {slope_error / deviation:.3f} a unit of p. The best sample is within {NEAR:g} of "
        f"C_min, which is what trainings resolve, in {_proportion(near[-1])} of {circuits} circuits "
        f"({_proportion(near[0])} without noise), and exactly C_min in {_proportion(last)} ("
        f"{_proportion(fractions[0])} without noise; {chance:.2f} for {shots:,} networks drawn at random): "
        f"{_verdict(survivors)} {_why(longer)} A single sample is C_min with probability {share[-1]:.2f} "
        f"({share[0]:.2f} without noise), and {free[-1]:.2f} of the shots meet no error{_enough(share[-1])}."
    )
    runs = (
        f"{circuits} trained circuits of {LAYERS} layers, {shots:,} samples at each of {len(strengths)} strengths, "
        f"seed {SEED}; 95 % Wilson intervals"
    )
    numbers = {
        "strengths": strengths,
        "minimum": cost.min(),
        "minima": int((cost <= cost.min() + SAME).sum()),
        "cost_deviation": deviation,
        "mean_excess": {str(p): means[:, k] for k, p in enumerate(strengths)},
        "least_excess": {str(p): least[:, k] for k, p in enumerate(strengths)},
        "reached": _as_rows(fractions),
        "reached_nearly": _as_rows(near),
        "near": NEAR,
        "trained_longer": longer,
        "share_of_samples_at_minimum": share,
        "error_free_shots": free,
        "slope": slope,
        "slope_error": slope_error,
        "random_networks_reach": chance,
    }
    return Finding(figure, text, runs, numbers)


def _why(longer: dict[str, Any]) -> str:
    """What the limit of iterations has to do with it."""
    exact, near = ([f"{value:.2f}" for value in longer[key]] for key in ("exact", "near"))
    return (
        f"What is missing are trainings that end elsewhere, and, for C_min itself, the limit of their iterations: "
        f"{longer['iterations']} more take the first {longer['circuits']} circuits' chance that {longer['shots']:,} "
        f"samples without noise hold C_min from {exact[0]} to {exact[1]}, and one within {NEAR:g} from {near[0]} to "
        f"{near[1]}."
    )


def _as_rows(fractions: list[Proportion]) -> list[dict[str, Any]]:
    return [{"circuits": f.successes, "estimate": f.estimate, "interval": [f.low, f.high]} for f in fractions]


def _proportion(p: Proportion) -> str:
    return f"{p.estimate:.2f} ({p.low:.2f} to {p.high:.2f})"


def _enough(share: float) -> str:
    """How few samples would do."""
    if not 0 < share < 1:
        return ""
    needed = int(np.ceil(np.log(0.01) / np.log1p(-share)))
    return f", so that {needed:,} sample{'' if needed == 1 else 's'} of an average circuit hold one with 99 %"


def _verdict(survivors: tuple[int, int]) -> str:
    always, first = survivors
    if first == 0:
        return "no circuit had one to lose."
    if always == first:
        return f"all {first} circuits that find one without noise find it at every strength."
    return f"{always} of the {first} circuits that find one without noise find it at every strength."


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
