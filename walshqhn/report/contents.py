"""The contents of a report: sections of text, facts, tables and figures, from a workspace."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any

import numpy as np

from walshqhn.binn.architecture import named_weights
from walshqhn.binn.catalog import list_tasks
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import bits_to_label, index_to_bits
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.study.plan import Study
from walshqhn.study.summary import study_report
from walshqhn.support.text import number, plural
from walshqhn.training.result import TrainingResult
from walshqhn.training.spec import Variant
from walshqhn.workspace import Workspace

_LARGEST_TERMS = 20
_SHOWN_DEGREES = 12


@dataclass(frozen=True)
class Table:
    """Rows under headings; numbers keep their value to be sorted by."""

    caption: str
    headings: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    """Text, or (text, number to sort by)."""
    folded: bool = False
    """Whether it is shown on request only."""


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    words: str = ""
    """Paragraphs, with empty lines between them."""
    facts: dict[str, str] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    figures: tuple[str, ...] = ()
    """Kinds, as `drawings` names them."""
    code: str = ""


def sections(workspace: Workspace) -> Iterator[Section]:
    """All sections, in the order of the work: problem, spectrum, training, result, provenance."""
    yield _question(workspace)
    if workspace.spec is not None:
        yield _task(workspace)
    if workspace.contents.hamiltonian is not None or _has_table(workspace):
        yield _spectrum(workspace)
        yield _hamiltonian(workspace)
    if workspace.contents.training is not None:
        yield _training(workspace, workspace.contents.training)
    if (study := workspace.contents.study) is not None and study.done:
        yield _study(workspace, study)
    if (training := workspace.training) is not None or _has_table(workspace):
        yield _best(workspace, training)
    yield _provenance(workspace)


def cell(value: float | None, digits: int = 6) -> tuple[str, float]:
    """A number in a table."""
    return number(value, digits), float("inf") if value is None else float(value)


def whole(value: int) -> tuple[str, float]:
    """A whole number in a table."""
    return f"{value:,}", float(value)


def _has_table(workspace: Workspace) -> bool:
    source = workspace.contents
    return (
        source.cost is not None
        or source.spectrum is not None
        or (source.hamiltonian is None and workspace.num_bits <= workspace.LARGEST_TABLE)
    )


def _question(workspace: Workspace) -> Section:
    n, config = workspace.num_bits, workspace.contents.provenance.get("config")
    words = (
        f"{n:,} binary choices, each on a qubit: 2^{n:,} configurations, each with a cost C. This page tells how C is "
        "built, what was done to find a configuration of low cost, and what came out."
    )
    facts = {"bits (N)": f"{n:,}"}
    asked = dict(config) if isinstance(config, dict) else {}
    if isinstance(asked.get("variants"), list):
        asked["variants"] = [Variant.from_dict(v, "the provenance").label for v in asked["variants"]]
    facts |= {str(k).replace("_", " "): _said(v) for k, v in asked.items() if _is_set(v) and k != "task"}
    if (seed := workspace.contents.provenance.get("seed")) is not None:
        facts["seed"] = str(seed)
    return Section("What was asked", words, facts)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_said(v)}" for k, v in value.items() if _is_set(v)) or "defaults"
    return "; ".join(map(_said, value)) if isinstance(value, list | tuple) else str(value)


def _is_set(value: Any) -> bool:
    return value is not None and value is not False and value not in ([], {})


def _task(workspace: Workspace) -> Section:
    spec, task = workspace.spec or {}, workspace.task
    options = {k.replace("_", " "): v for k, v in spec["options"].items()}
    facts = {"task": f"{spec['name']}: {list_tasks().get(spec['name'], 'your own')}", "options": _said(options)}
    facts["data"] = f"{spec['data']['source']}, SHA-256 {spec['data']['sha256'][:16]}…"
    if isinstance(task, NetworkTask):
        parts = {name: len(part) for name in task.splits if (part := task.data.get(name)) is not None}
        facts["samples"] = ", ".join(f"{count:,} {name}" for name, count in parts.items())
        facts["network"] = _layers(task)
        facts["loss"] = {"bce": "binary cross-entropy", "mse": "squared error"}.get(task.loss, task.loss) + ", mean"
        facts["weights"] = " or ".join(
            f"{low:g} (bit 0), {high:g} (bit 1)" for low, high in task.network.choices["weight_values"].options
        )
    return Section("Task", "", facts)


def _layers(task: NetworkTask) -> str:
    network = task.network
    sizes = [plural(network.num_inputs, "input"), *(plural(w, "hidden neuron") for w in network.hidden)]
    choices = [f"{name} ({', '.join(map(str, c.options))})" for name, c in network.choices.items() if c.num_bits]
    chosen = f"; chosen by bits: {', '.join(choices)}" if choices else ""
    return f"{', '.join([*sizes, plural(network.num_outputs, 'output')])}{chosen}"


def _spectrum(workspace: Workspace) -> Section:
    source = workspace.spectrum if _has_table(workspace) else workspace.hamiltonian
    weights, n = source.degree_weights(), workspace.num_bits
    variance = float(weights[1:].sum())
    seen = np.flatnonzero(weights > 1e-28 * weights.sum())
    rows, total = [], 0.0
    for k in seen[seen > 0][:_SHOWN_DEGREES].tolist():
        total += weights[k]
        share = [cell(weights[k] / variance, 4), cell(total / variance, 6)] if variance else ["-", "-"]
        rows.append((whole(k), whole(comb(n, k)), cell(weights[k]), *share))
    most = int(np.argmax(weights[1:])) + 1 if variance else 0
    words = (
        "C is a sum of products of spins z = ±1 (bit 0 is z = +1, bit 1 is z = -1), C = Σ f(S) ∏ z. The weight "
        "W(k) = Σ f(S)² over all products of k spins tells how much of the variance of C comes from k bits acting "
        "together; k = 1 is what each bit does by itself.\n\n"
    )
    if variance:
        words += f"Of the variance, {100 * weights[most] / variance:.4g} % is in degree {most}."
    else:
        words += "All configurations have the same cost."
    facts = {"mean cost": number(float(np.sqrt(weights[0])) if weights[0] else 0.0), "variance": number(variance)}
    mean = getattr(source, "mean", getattr(source, "constant", None))
    facts["mean cost"] = number(mean)
    if isinstance(source, IsingHamiltonian) and source.discarded_weight:
        facts["weight of what is not in the file"] = number(source.discarded_weight, 4)
    headings = ("degree k", "products", "W(k)", "share of the variance", "cumulative")
    found = Table("Weight of each degree", headings, rows)
    return Section("Spectrum", words, facts, (found,), ("spectrum", "coefficients", "histogram"))


def _hamiltonian(workspace: Workspace) -> Section:
    full = workspace.spectrum.hamiltonian() if _has_table(workspace) else workspace.hamiltonian
    sigma = float(np.sqrt(np.square(full.coefficients).sum() + full.discarded_weight)) or 1.0
    rows = []
    for degree in range(1, min(int(full.degrees.max(initial=0)), 6) + 1):
        cut = full.truncate(max_degree=degree)
        rows.append((whole(degree), whole(len(cut)), cell(cut.rms_error, 4), cell(cut.rms_error / sigma, 3)))
    headings = ("up to degree", "terms", "RMS error", "in standard deviations of C")
    names = workspace.bit_names
    terms = [
        (" · ".join(names[j] for j in qubits), "Z" + " Z".join(map(str, qubits)), cell(value))
        for qubits, value in full.largest(_LARGEST_TERMS)
    ]
    words = (
        "With a Pauli Z for each spin, C is an Ising Hamiltonian: its ground states are the configurations of least "
        "cost. Leaving out terms of high degree makes it shorter, at the price of an error in the energies."
    )
    facts = {"terms": f"{len(full):,}", "constant": number(full.constant, 9)}
    tables = (
        Table("What is lost by leaving out high degrees", headings, rows),
        Table(f"The {min(len(full), _LARGEST_TERMS)} largest terms", ("bits", "operator", "coefficient"), terms),
    )
    return Section("Hamiltonian", words, facts, tables)


def _training(workspace: Workspace, found: TrainingResult) -> Section:
    run = found.best_run
    layers = [plural(found.ansatz["layers"], "layer")] if "layers" in found.ansatz else []
    shots = f", {plural(found.engine['shots'], 'shot')} a value" if found.engine.get("shots") else ""
    facts = {
        "circuit": ", ".join([str(found.ansatz["name"]), *layers, plural(len(run.parameters), "angle")]),
        "engine": f"{found.engine['name']}{shots}",
        "optimizer": f"{found.search['optimizer']}, objective {found.search['objective']}",
        "mean cost E of the best run": number(run.energy, 9) + _error(run.energy_error),
        "cheapest sample": number(found.best_cost, 9),
        "ended by": found.status + (f" ({found.remedy})" if found.remedy else ""),
        "time": f"{number(found.seconds, 3)} s, {plural(found.evaluations, 'evaluation')}",
    }
    if found.exact_minimum is not None:
        facts["least cost of all"] = number(found.exact_minimum, 9)
        facts["cheapest sample above it"] = number(found.excess, 3)
    rows = [
        (whole(r.index + 1), cell(r.energy, 9), cell(r.best_cost, 9), whole(len(r.history) - 1), r.status,
         cell(r.seconds, 3)) for r in found.runs
    ]  # fmt: skip
    headings = ("run", "E", "cheapest sample", "iterations", "ended by", "seconds")
    words = (
        "A circuit with adjustable angles is measured; the angles are changed until the mean cost E of what is "
        "measured is low. Each run starts at random angles."
    )
    table = Table("Runs", headings, rows)
    return Section("Training", words, facts, (table,), ("training", "tails", "architecture", "circuit"))


def _error(error: float) -> str:
    return f" ± {number(error, 2)}" if error > 0 else ""


def _study(workspace: Workspace, study: Study) -> Section:
    facts = study_report(workspace.cost, study, None)
    rows = []
    for row in (*facts["variants"], *facts["baselines"]):
        low, high = row["interval"]
        chance = (f"{row['success_probability']:.3g} ({low:.2f} to {high:.2f})", row["success_probability"])
        seconds = row.get("time_to_solution")
        rows.append((
            row["variant"], whole(row["runs"]), chance if row["runs"] else "-", cell(row["least_excess"], 3),
            cell(row["mean_evaluations"], 5), cell(seconds, 3),
        ))  # fmt: skip
    headings = ("variant", "runs", "P(success), 95 % interval", "lowest excess", "evaluations a run", "seconds to 99 %")
    least = "the least cost of all" if facts["exact_minimum"] is not None else "the lowest cost found"
    words = (
        f"Success is a mean cost E within {facts['epsilon']:.3g} of {least}, {number(facts['reference'], 9)}; for "
        "classical methods, the best cost found. Excess is the distance to it."
    )
    if facts["best"] is not None:
        sure = "significant" if facts["best_is_significant"] else "not significant"
        words += f"\n\nMost often successful: {facts['best']} ({sure} at the 5 % level)."
    done = {"trainings": f"{study.done:,} of {len(study.plan.units()):,}", "seed": str(study.plan.seed)}
    figures = ("success", "energies", *(() if workspace.contents.training else ("training", "circuit")))
    table = Table("Variants, and classical methods", headings, rows)
    return Section("Study", words, done, (table,), figures)


def _best(workspace: Workspace, training: TrainingResult | None) -> Section:
    task, names = workspace.task, workspace.bit_names
    if training is None:
        bits, source = index_to_bits(int(workspace.table.argmin()), workspace.num_bits), "a configuration of least cost"
    else:
        bits, source = training.best_bits, "the cheapest bit string that was measured"
    cost = float(workspace.cost.costs(bits[None])[0])
    facts = {"bits": f"{bits_to_label(bits)} (bit {len(bits) - 1:,} first)", "cost": number(cost, 9)}
    if task is not None:
        facts |= {f"accuracy, {name}": f"{float(task.accuracy(bits[None], name)[0]):.4f}" for name in task.splits}
    rows: list[tuple[Any, ...]] = [(whole(j), names[j], whole(int(b))) for j, b in enumerate(bits)]
    if isinstance(task, NetworkTask):
        flat = named_weights(task.network, bits, names)
        rows = [(*row, cell(flat[names[j]]) if names[j] in flat else "architecture") for j, row in enumerate(rows)]
    headings = ("bit", "name", "value", "weight")[: len(rows[0]) if rows else 3]
    return Section("Best network" if task is not None else "Best configuration", f"This is {source}.", facts,
                   (Table("Every bit", headings, rows, folded=True),), ("network",))  # fmt: skip


def _provenance(workspace: Workspace) -> Section:
    made = workspace.contents.provenance
    argv: Sequence[Any] = made.get("argv") or []
    facts = {"written": str(made.get("utc", "unknown")), "commit": str(made.get("git_commit") or "unknown")}
    facts["machine"] = str(made.get("machine", "unknown"))
    facts["versions"] = ", ".join(f"{k} {v}" for k, v in dict(made.get("versions") or {}).items()) or "unknown"
    facts["SHA-256 of the input"] = str(made.get("input_sha256") or "unknown")
    command = shlex.join(["walshqhn", *map(str, argv[1:])]) if argv else ""
    words = "The command that made the file:" if command else ""
    return Section("Where it comes from, and how to repeat it", words, facts, code=command)
