"""QAOA against the linear circuit, at equal numbers of angles and of two-qubit gates; the cost of compiling phases."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn import Plan, Study, Variant, WalshSpectrum, load_task
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.parities import LARGEST_NETWORK, count_cx, ladders, term_masks
from walshqhn.circuits.spec import CircuitSpec
from walshqhn.circuits.synthesis import PhaseCount, synthesize_phase
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.study.statistics import sampling_probability, summary_rows
from walshqhn.training.spec import SearchSpec

from . import common, qaoa_figure
from .common import Finding, Settings

if TYPE_CHECKING:
    from walshqhn.support.arrays import FloatArray

TITLE = "QAOA against the linear circuit, and what its phases cost"
CLAIM = (
    "The paper trains a circuit whose layers know nothing of the cost. QAOA's layers are made from it, at the price of "
    "compiling exp(i alpha C); which of the two is worth its angles and its gates is the question here."
)
LINEAR, EXACT, TRUNCATED, MULTI = "linear", "QAOA, all of C", "QAOA, degree 2", "multi-angle, degree 2"
_DEGREE = 2
_SAME = 1e-9  # costs closer than that are alike


@dataclass(frozen=True)
class Member:
    """A circuit to train, and what it takes."""

    family: str
    circuit: CircuitSpec
    angles: int
    two_qubit_gates: int


@dataclass(frozen=True)
class Compiled:
    """What one phase exp(i alpha C) takes, C truncated or not."""

    task: str
    num_qubits: int
    max_degree: int | None
    terms: int
    counts: tuple[PhaseCount, ...]
    """By two-qubit gates, fewest first; depth -1: not counted."""
    rms_error: float
    """Of the energies, by truncation, in standard deviations of C."""
    argmin_excess: float
    """C - C_min at the cheapest configuration of the truncated C, in standard deviations; the worst of equals."""

    @property
    def two_qubit_gates(self) -> int:
        """Of the smallest."""
        return self.counts[0].two_qubit_gates


def members(cost: FloatArray) -> list[Member]:
    """Circuits that can be compared: equal angles (QAOA against 0 and 1 layers), equal gates (degree 2 against few)."""
    source, spectrum = TableCost(cost), WalshSpectrum.from_cost(cost)
    num_qubits = source.num_bits
    phase = {d: synthesize_phase(spectrum.hamiltonian(max_degree=d)).best.two_qubit_gates for d in (None, _DEGREE)}
    depths = sorted({0, 1, 2, 4, phase[_DEGREE] // (num_qubits - 1)})
    circuits = [(LINEAR, CircuitSpec("linear" if depth else "product", depth)) for depth in depths]
    for family, degree in ((EXACT, None), (TRUNCATED, _DEGREE)):
        circuits += [(family, CircuitSpec("qaoa", p, degree)) for p in (1, 4, num_qubits, 2 * num_qubits)]
    circuits += [(MULTI, CircuitSpec("ma-qaoa", p, _DEGREE)) for p in (1, 2)]
    found = []
    for family, circuit in circuits:
        ansatz = circuit.make(source)
        gates = circuit.layers * phase[circuit.max_degree] if circuit.ansatz == "qaoa" else cx_of(ansatz)
        found.append(Member(family, circuit, ansatz.num_parameters, gates))
    return found


def cx_of(ansatz: Ansatz) -> int:
    """CX of a circuit without phase gates."""
    return sum(gate.name == "cx" for gate in ansatz.program.gates)


def plan(settings: Settings, found: Sequence[Member]) -> Plan:
    """Random starts, L-BFGS to gradient 1e-6, 300 iterations. 30 runs: `analysis.qaoa_starts` has the fair ones."""
    search = SearchSpec(max_iterations=settings.pick(300, 15), gradient_tolerance=1e-6)
    return Plan(tuple(Variant(m.circuit, search=search) for m in found), runs=settings.pick(30, 3), seed=3)


def run(settings: Settings) -> Finding:
    """Train, count, compile, draw."""
    task = load_task("gaussian", **settings.pick({}, {"hidden": (2,)}))
    cost = task.cost_table()
    found = members(cost)
    study = common.study(settings, "qaoa", task, plan(settings, found))
    rows = rows_of(study, cost, found)
    phases = compile_all(settings)
    figure = qaoa_figure.draw(rows, phases, float((cost <= cost.min() + _SAME).mean()))
    runs = (
        f"{len(found)} x {study.plan.runs} L-BFGS trainings of task gaussian, N = {task.num_bits}, random starts, seed "
        f"{study.plan.seed}; bars: 95 %"
    )
    here = [p for p in phases if p.task == "gaussian" and p.num_qubits == task.num_bits]
    numbers = {
        "cost_deviation": cost.std(),
        "minimum": cost.min(),
        "minima": int((cost <= cost.min() + _SAME).sum()),
        "epsilon": epsilon_of(cost),
        "rows": rows,
        "comparisons": comparisons(rows),
        "layers_of_the_linear_circuit_for_one_of_qaoa": {
            str(p.max_degree): p.two_qubit_gates / (task.num_bits - 1) for p in here
        },
        "phases": [asdict(p) for p in phases],
    }
    return Finding(figure, _text(rows, here, task.num_bits), runs, numbers)


def epsilon_of(cost: FloatArray) -> float:
    """How far above C_min still counts as success: 1 % of the deviation of C."""
    return 0.01 * float(cost.std())


def rows_of(study: Study, cost: FloatArray, found: Sequence[Member]) -> list[dict[str, Any]]:
    """For each member its size, how often it succeeds, and the chance that one measurement is a minimum."""
    rows = []
    for v, (member, row) in enumerate(zip(found, summary_rows(study, epsilon_of(cost)), strict=True)):
        excess = (study.energies(v) - study.reference) / cost.std()
        chances = sampling_probability(study, cost, v, _SAME)
        rows.append(
            row
            | {
                "family": member.family,
                "layers": member.circuit.layers,
                "angles": member.angles,
                "two_qubit_gates": member.two_qubit_gates,
                "successes": round(row["success_probability"] * row["runs"]),
                "excess_quartiles": np.quantile(excess, (0.25, 0.5, 0.75)),
                "measures_minimum": chances.mean(),
                "measures_minimum_error": chances.std(ddof=1) / np.sqrt(len(chances)),
                "measures_minimum_quartiles": np.quantile(chances, (0.25, 0.5, 0.75)),
                "iteration_limit": sum(r.status == "iteration limit" for r in study.runs(v)),
            }
        )
    return rows


def comparisons(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each QAOA against the linear circuit with as many angles, or with the most two-qubit gates that are no more.

    With the probability (Fisher's exact test, two-sided) of successes this far apart if both were equally good.
    """
    from scipy.stats import fisher_exact

    linear = [row for row in rows if row["family"] == LINEAR]
    found = []
    for row in rows:
        if row["family"] == LINEAR:
            continue
        alike = [(other, "angles") for other in linear if other["angles"] == row["angles"]]
        if row["layers"] == 1:
            within = [other for other in linear if other["two_qubit_gates"] <= row["two_qubit_gates"]]
            most = max(within, key=lambda other: other["two_qubit_gates"])
            if most["two_qubit_gates"] > 0.85 * row["two_qubit_gates"]:
                alike.append((most, "two-qubit gates"))
        for other, equal in alike:
            table = [[r["successes"], r["runs"] - r["successes"]] for r in (row, other)]
            found.append(
                {
                    "qaoa": row["variant"],
                    "linear": other["variant"],
                    "equal": equal,
                    "number": row["angles"] if equal == "angles" else row["two_qubit_gates"],
                    "success_probability": [row["success_probability"], other["success_probability"]],
                    "p_value": float(fisher_exact(table).pvalue),
                    "measures_minimum": [row["measures_minimum"], other["measures_minimum"]],
                }
            )
    return found


def compile_all(settings: Settings) -> list[Compiled]:
    """Phases of one-hidden-layer networks on the Gaussian task, and of logistic regression on images, as N grows."""
    tasks = [load_task("gaussian", hidden=(width,)) for width in range(1, settings.pick(5, 3))]
    tasks += [load_task("mnist-4x4", size=size) for size in settings.pick((2, 3, 4), (2,))]
    found = []
    for task in tasks:
        cost = task.cost_table()
        found += [compile_one(task.name, cost, degree) for degree in (1, 2, 3, None)]
    return found


def compile_one(name: str, cost: FloatArray, max_degree: int | None) -> Compiled:
    """Count and compare one phase."""
    hamiltonian = WalshSpectrum.from_cost(cost).hamiltonian(max_degree=max_degree)
    energies = hamiltonian.energies()
    cheapest = energies <= energies.min() + _SAME * float(np.ptp(energies))
    return Compiled(
        task=name,
        num_qubits=hamiltonian.num_qubits,
        max_degree=max_degree,
        terms=len(hamiltonian),
        counts=counts_of(hamiltonian),
        rms_error=hamiltonian.rms_error / float(cost.std()),
        argmin_excess=float(cost[cheapest].max() - cost.min()) / float(cost.std()),
    )


def counts_of(hamiltonian: IsingHamiltonian) -> tuple[PhaseCount, ...]:
    """As `synthesize_phase`; with very many terms only the CX of the one method that copes, without building it."""
    if len(hamiltonian) <= LARGEST_NETWORK:
        return synthesize_phase(hamiltonian).counts
    steps = ladders(term_masks(hamiltonian), hamiltonian.num_qubits)
    return (PhaseCount("ladders", count_cx(steps), -1),)


def _text(rows: Sequence[dict[str, Any]], here: Sequence[Compiled], num_qubits: int) -> str:
    compared = comparisons(rows)
    best = [max(some, key=lambda r: r["measures_minimum"]) for some in _by_kind(rows)]
    exact, truncated = (next(p for p in here if p.max_degree == d) for d in (None, _DEGREE))
    layers = [p.two_qubit_gates / (num_qubits - 1) for p in (exact, truncated)]
    return (
        "How often the mean energy comes within 1 % of C's deviation of C_min, linear circuit against QAOA, at "
        f"{_groups(compared, rows)}. {_verdict(compared)} One measurement of a trained circuit is "
        f"a minimum with {_chance(best[0])} at best for linear ({best[0]['variant']}), {_chance(best[1])} for QAOA "
        f"({best[1]['variant']}, {best[1]['two_qubit_gates']:,} CX). One phase of all of C takes "
        f"{exact.two_qubit_gates:,} CX, as many as {layers[0]:,.0f} layers of the linear circuit; truncated to degree "
        f"{_DEGREE} it takes {truncated.two_qubit_gates}, {layers[1]:.1f} layers, which leaves out "
        f"{100 * truncated.rms_error**2:.0f} % of C's variance and puts the minimum "
        f"{_elsewhere(truncated.argmin_excess)}. Starts are random, and {_unfinished(rows)}: QAOA with a better start, "
        "or trained longer, may do better."
    )


def _by_kind(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Linear circuits; QAOA."""
    return [r for r in rows if r["family"] == LINEAR], [r for r in rows if r["family"] != LINEAR]


def _groups(compared: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> str:
    """Each linear circuit with those that are compared to it for the same reason."""
    named, parts = {row["variant"]: row for row in rows}, []
    for linear, equal in dict.fromkeys((c["linear"], c["equal"]) for c in compared):
        peers = [named[c["qaoa"]] for c in compared if (c["linear"], c["equal"]) == (linear, equal)]
        row = named[linear]
        if equal == "angles":
            size = f"{row['angles']} angles"
        else:
            gates = dict.fromkeys(f"{peer['two_qubit_gates']:,}" for peer in peers)
            size = f"{row['two_qubit_gates']:,} CX against {' and '.join(gates)}"
        against = " and ".join(f"{_success(peer)} ({peer['variant']})" for peer in peers)
        parts.append(f"{size}: {_success(row)} ({linear}) against {against}")
    return "; ".join(parts)


def _verdict(compared: Sequence[dict[str, Any]]) -> str:
    clear = [c for c in compared if c["p_value"] * len(compared) < 0.05]
    linear = sum(c["success_probability"][1] > c["success_probability"][0] for c in clear)
    ahead = [f"{name} in {k}" for name, k in (("linear", linear), ("QAOA", len(clear) - linear)) if k]
    if not ahead:
        return f"None of these {len(compared)} differences is significant (Fisher, 5 % in all)."
    return f"Significantly better (Fisher, 5 % in all): {' and '.join(ahead)} of {len(compared)} comparisons."


def _success(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    return f"{row['success_probability']:.2f} ({low:.2f} to {high:.2f})"


def _chance(row: dict[str, Any]) -> str:
    return f"{row['measures_minimum']:.2f} +- {row['measures_minimum_error']:.2f}"


def _elsewhere(excess: float) -> str:
    return "nowhere else" if excess < 1e-6 else f"at a network {excess:.2f} deviations above C_min"


def _unfinished(rows: Sequence[dict[str, Any]]) -> str:
    linear, qaoa = (
        100 * sum(r["iteration_limit"] for r in some) / sum(r["runs"] for r in some) for some in _by_kind(rows)
    )
    return f"{qaoa:.0f} % of QAOA's runs stop at the limit of iterations ({linear:.0f} % of the linear ones)"


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
