"""QAOA with fair starts and other mixers, against the linear circuit at equal angles, gates and evaluations.

Starts: random; linear ramps (an adiabatic passage); depth by depth (INTERP); angles transferred from a smaller task, in
units of the deviation of C; a warm start from a trained product state, with the mixer that belongs to it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, WalshSpectrum, load_task, train
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.synthesis import synthesize_phase
from walshqhn.support.arrays import FloatArray

from . import common, qaoa_starts_figure
from .averaging import best_of, bootstrap_mean
from .common import Finding, Settings
from .depths import depth_name
from .qaoa import cx_of

TITLE = "QAOA with a fair start"
CLAIM = (
    "The paper trains the linear circuit only. QAOA from random angles is a straw man; here it starts as its "
    "literature has it: from linear ramps (an adiabatic passage), depth by depth by interpolation (INTERP, Zhou et "
    "al., Phys. Rev. X 10, 021067 (2020)), from the angles of a smaller problem (Brandao et al., arXiv:1812.04170), "
    "and from a classical solution with the mixer turned to it (Egger et al., Quantum 5, 479 (2021))."
)
SEED = 11
RANDOM, RAMP_ONLY, RAMP, INTERP = "random", "linear ramp, not trained", "linear ramp", "INTERP"
TRANSFER_ONLY, TRANSFER = "transferred, not trained", "transferred"
XX, WARM, PAIRS = "mixer X + XX, ramp", "warm start, its mixer", "phases of degree 2, ramp"
STARTS = (RANDOM, RAMP_ONLY, RAMP, INTERP, TRANSFER_ONLY, TRANSFER)
CIRCUITS = (RAMP, XX, WARM, PAIRS)
LINEAR = (0, 1, 2, 7, 15)
"""Layers: as many angles as 13 layers of QAOA (0), as many CX as 1 and 2 layers of degree 2 (7 and 15)."""
CLIP = 0.25
"""A warm start keeps the chance of either value of a bit at this or more."""
_SAME = 1e-9  # of the range of C


def random_everywhere(layers: int, spread: float, rng: np.random.Generator) -> FloatArray:
    """gamma uniform in [0, 2 / standard deviation of C), beta in its whole period, [-pi / 2, pi / 2)."""
    return np.concatenate([rng.uniform(0, 2 / spread, layers), rng.uniform(-np.pi / 2, np.pi / 2, layers)])


def ramp(layers: int, spread: float, rng: np.random.Generator) -> FloatArray:
    """gamma rises from 0 while |beta| falls to 0, both linearly, with random slopes.

    |+>^N is the highest state of sum X_j, so beta has to be negative for the passage to end in the lowest of C.
    """
    x = (np.arange(layers) + 0.5) / layers
    gamma, beta = rng.uniform((0.5, 0.2), (3.0, 0.8))
    return np.concatenate([gamma / spread * x, -beta * (1 - x)])


def interpolate(angles: FloatArray) -> FloatArray:
    """Angles of p + 1 layers from those of p: (2 p,) to (2 p + 2,), Zhou et al., eq. (B1)."""

    def longer(values: FloatArray) -> FloatArray:
        p = len(values)
        k = np.arange(p + 1)
        return k / p * np.concatenate([[0.0], values]) + (p - k) / p * np.concatenate([values, [0.0]])

    return np.concatenate([longer(half) for half in np.split(angles, 2)])


def warm_angles(product: FloatArray) -> FloatArray:
    """Ry angles (N,) of a warm start from those of a product state (2 N,), kept off certainty by `CLIP`."""
    ones = np.sin(product[: len(product) // 2] / 2) ** 2  # the chance that a bit is 1; Rz does not matter
    return 2 * np.arcsin(np.sqrt(np.clip(ones, CLIP, 1 - CLIP)))


@dataclass
class Trained:
    """Where runs of one circuit ended, and what that took."""

    points: list[FloatArray] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)
    ansatz: list[Ansatz] = field(default_factory=list)


@dataclass(frozen=True)
class Bench:
    """The task, and how it is trained."""

    cost: FloatArray
    engine: ExactEngine
    runs: int
    limit: int

    @classmethod
    def of(cls, cost: FloatArray, runs: int, limit: int) -> Bench:
        """For a table of costs."""
        return cls(cost, ExactEngine(cost, threads=1), runs, limit)

    @property
    def spread(self) -> float:
        """Standard deviation of C."""
        return float(self.cost.std())

    def rng(self, *key: int) -> np.random.Generator:
        """Of its own for every start."""
        return np.random.default_rng([SEED, *key])

    def ramps(self, layers: int) -> list[FloatArray]:
        """One for every run."""
        return [ramp(layers, self.spread, self.rng(layers, k)) for k in range(self.runs)]

    def train(
        self, ansatz: Ansatz | Sequence[Ansatz], starts: Sequence[FloatArray], before: Sequence[int] | None = None
    ) -> Trained:
        """L-BFGS from every start; ``before``: what finding it took, in evaluations."""
        found = Trained()
        for k, start in enumerate(starts):
            one = ansatz if isinstance(ansatz, Ansatz) else ansatz[k]
            result = train(
                one, self.engine, initial=start[None], max_iterations=self.limit, gradient_tolerance=1e-6, samples=1
            )
            found.points.append(result.best_run.parameters)
            found.evaluations.append(result.evaluations + (0 if before is None else before[k]))
            found.ansatz.append(one)
        return found

    def outcome(self, found: Trained, cx: int) -> dict[str, Any]:
        """All that is drawn or quoted of one circuit."""
        minima = self.cost <= self.cost.min() + _SAME * np.ptp(self.cost)
        pairs = zip(found.ansatz, found.points, strict=True)
        states = [self.engine.prepare(ansatz).probabilities(point) for ansatz, point in pairs]
        chances = np.array([p[minima].sum() for p in states])
        excess = np.array([(p @ self.cost - self.cost.min()) / self.spread for p in states])
        return {
            "angles": found.ansatz[0].num_parameters,
            "cx": cx,
            "evaluations": float(np.mean(found.evaluations)),
            "minimum": bootstrap_mean(chances),
            "excess": bootstrap_mean(excess),
            "success": float((excess <= 0.01).mean()),
            "by_run": {"minimum": chances, "excess": excess},
        }


def transferred(settings: Settings, bench: Bench, layers: int) -> tuple[list[FloatArray], int]:
    """(a start for every run, evaluations on the small task): trained ramps of tasks with a hidden neuron less."""
    starts, spent = [], 0
    for k in range(bench.runs):
        small = load_task("gaussian", hidden=settings.pick(2, 1), seed=100 + k)
        donor = Bench.of(small.cost_table(), 1, bench.limit)
        ansatz = QAOAAnsatz(donor.cost, layers)
        found = donor.train(ansatz, [ramp(layers, donor.spread, donor.rng(layers, k))])
        units = QAOAAnsatz(bench.cost, layers).parameter_units / ansatz.parameter_units
        starts.append(found.points[0] * units)
        spent += found.evaluations[0]
    return starts, spent // bench.runs


def run(settings: Settings) -> Finding:
    """Start, train, measure, draw."""
    task = load_task("gaussian", hidden=settings.pick(3, 2))
    cost = task.cost_table()
    bench = Bench.of(cost, settings.pick(20, 2), settings.pick(300, 15))
    depths = settings.pick((1, 2, 4, 8, 13), (1, 2, 3))
    pairs = WalshSpectrum.from_cost(cost).hamiltonian(max_degree=2)
    cx = {RAMP: synthesize_phase(WalshSpectrum.from_cost(cost).hamiltonian()).best.two_qubit_gates,
          PAIRS: synthesize_phase(pairs).best.two_qubit_gates}  # fmt: skip
    cx[XX] = cx[RAMP] + 2 * (task.num_bits - 1)

    linear: dict[str, Any] = {}
    products = Trained()
    for depth in LINEAR:
        circuit = LinearAnsatz(task.num_bits, depth) if depth else ProductAnsatz(task.num_bits)
        few = Bench(cost, bench.engine, settings.pick(60 if depth < 7 else 20, 3), bench.limit)
        found = few.train(circuit, [circuit.initial_parameters(bench.rng(k)) for k in range(few.runs)])
        products = products if depth else found
        linear[depth_name(depth)] = bench.outcome(found, cx_of(circuit))
        common.say(f"linear circuit, {depth_name(depth)}: done")

    numbers: dict[str, dict[int, Any]] = {name: {} for name in dict.fromkeys((*STARTS, *CIRCUITS))}
    climb = Trained()
    for layers in range(1, max(depths) + 1):
        plain = QAOAAnsatz(cost, layers)
        first = [random_everywhere(1, bench.spread, bench.rng(k)) for k in range(bench.runs)]
        higher = [interpolate(point) for point in climb.points] if layers > 1 else first
        climb = bench.train(plain, higher, climb.evaluations or None)
        if layers not in depths:
            continue
        ramps, untrained = bench.ramps(layers), [1] * bench.runs
        small, spent = transferred(settings, bench, layers)
        warm = [QAOAAnsatz(cost, layers, start=warm_angles(point)) for point in products.points[: bench.runs]]
        ended = {
            RANDOM: bench.train(plain, [plain.initial_parameters(bench.rng(k)) for k in range(bench.runs)]),
            RAMP_ONLY: Trained(ramps, untrained, [plain] * bench.runs),
            RAMP: bench.train(plain, ramps),
            INTERP: climb,
            TRANSFER_ONLY: Trained(small, untrained, [plain] * bench.runs),
            TRANSFER: bench.train(plain, small),
            XX: bench.train(QAOAAnsatz(cost, layers, mixer="xx"), ramps),
            WARM: bench.train(warm, ramps, products.evaluations),
            PAIRS: bench.train(QAOAAnsatz(pairs, layers), ramps),
        }
        for name, trained in ended.items():
            numbers[name][layers] = bench.outcome(trained, layers * cx.get(name, cx[RAMP]))
        for name in (TRANSFER_ONLY, TRANSFER):
            numbers[name][layers]["evaluations_of_the_small_task"] = spent
        common.say(f"QAOA, {layers} layers: done")
    whole = {"qaoa": numbers, "linear": linear, "runs": bench.runs, "N": task.num_bits,
             "compared": compared(numbers, linear)}  # fmt: skip
    runs = (
        f"{bench.runs} starts of every QAOA, {len(linear['product state']['by_run']['minimum'])} of the linear "
        f"circuits of 0 to 2 layers; exact gradients, L-BFGS of at most {bench.limit} iterations, seed {SEED}, task "
        f"gaussian, N = {task.num_bits}; bars and bands: 95 %, bootstrap"
    )
    return Finding(qaoa_starts_figure.draw(whole, STARTS, CIRCUITS), describe(whole), runs, whole)


def compared(qaoa: dict[str, Any], linear: dict[str, Any]) -> list[dict[str, Any]]:
    """QAOA against the linear circuit with as many angles, two-qubit gates, or evaluations (restarts: the best)."""
    rows = []

    def add(equal: str, name: str, layers: int, depth: str, count: int = 1) -> None:
        ours, other = qaoa[name][layers], linear[depth]
        by_run, times = other["by_run"], count if equal == "evaluations" else 1
        best = best_of(by_run["excess"], by_run["minimum"], count)
        rows.append({"equal": equal, "of": [ours[equal], other[equal] * times], "qaoa": name, "layers": layers,
                     "linear": depth, "restarts": count, "minimum": [ours["minimum"], best]})  # fmt: skip

    most = max(qaoa[RAMP])
    trained = [name for name in qaoa if name not in (RAMP_ONLY, TRANSFER_ONLY)]
    whole = max((n for n in trained if n not in (PAIRS, WARM)), key=lambda n: qaoa[n][most]["minimum"][0])
    for name in (whole, WARM, PAIRS):
        add("angles", name, most, depth_name(0))
    for layers, depth in zip((1, 2), LINEAR[3:], strict=True):
        add("cx", PAIRS, layers, depth_name(depth))
    for name in (whole, WARM):
        for depth in LINEAR[:3]:
            count = int(qaoa[name][most]["evaluations"] // linear[depth_name(depth)]["evaluations"])
            add("evaluations", name, most, depth_name(depth), max(1, count))
    return rows


def describe(found: dict[str, Any]) -> str:
    """What we find, in words."""
    qaoa, most = found["qaoa"], max(found["qaoa"][RAMP])
    each = "; ".join(
        f"{name} {chance(by[most]['minimum'])} after {by[most]['evaluations']:.0f} evaluations"
        for name, by in qaoa.items()
    )
    linear = "; ".join(
        f"{n} {chance(at['minimum'])} after {at['evaluations']:.0f}" for n, at in found["linear"].items()
    )
    rows = "; ".join(
        f"{row['equal'].replace('cx', 'CX')} ({row['of'][0]:.0f}, {row['of'][1]:.0f}): {row['qaoa']}, "
        f"{row['layers']} layers, {chance(row['minimum'][0])} against {row['linear']}"
        f"{f' (best of {count})' if (count := row['restarts']) > 1 else ''}, {chance(row['minimum'][1])}"
        for row in found["compared"]
    )
    return (
        f"One measurement is a minimum, {most} layers of QAOA ({qaoa[RAMP][most]['angles']} angles): {each}. Linear "
        f"circuit: {linear}. At equal {rows}. Angles that are transferred were trained on the same task with a hidden "
        f"neuron less ({qaoa[TRANSFER][most]['evaluations_of_the_small_task']} evaluations there); evaluations of a "
        f"warm start include those of its product state, whose bits keep a chance of {CLIP} or more of either value."
    )


def chance(mean: Sequence[float]) -> str:
    """A mean with its interval."""
    return f"{mean[0]:.2f} ({mean[1]:.2f} to {mean[2]:.2f})"


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
