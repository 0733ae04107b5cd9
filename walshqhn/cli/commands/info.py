"""walshqhn info."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from walshqhn.cli.options import Json, format_value
from walshqhn.cli.output import number, plural, print_json, stdout
from walshqhn.formats.hdf5 import Contents, load
from walshqhn.formats.layout import FORMAT_VERSION


def info(file: Annotated[str, Parameter(help="A walshqhn file (.h5).")], /, *, json: Json = False) -> None:
    """What a walshqhn file holds, and where it comes from. The whole file is read and checked."""
    contents = load(file)
    if json:
        print_json({"file": file, "format_version": FORMAT_VERSION, **_facts(contents)})
        return
    out = stdout()
    for name, text in [("file", f"{file}: walshqhn format {FORMAT_VERSION}, intact"), *_lines(contents)]:
        out.print(f"{name:<13} {text}", soft_wrap=True)


def _facts(contents: Contents) -> dict[str, Any]:
    facts: dict[str, Any] = {"num_qubits": contents.num_qubits}
    if contents.task is not None:
        facts["task"] = contents.task
    if contents.cost is not None:
        low = int(contents.cost.argmin())
        facts["cost"] = {"values": contents.cost.size, "minimum": float(contents.cost[low]), "at": low}
    if contents.weights is not None:
        facts["degree_weights"] = contents.weights
    if contents.hamiltonian is not None:
        h = contents.hamiltonian
        facts["hamiltonian"] = {
            "terms": len(h),
            "degree": int(h.degrees.max(initial=0)),
            "constant": h.constant,
            "discarded_weight": h.discarded_weight,
            "rms_error": h.rms_error,
        }
    if contents.training is not None:
        facts["training"] = contents.training.summary()
    if contents.study is not None:
        plan = contents.study.plan
        facts["study"] = {"plan": plan.as_dict(), "done": contents.study.done, "complete": contents.study.is_complete}
    return facts | {"provenance": contents.provenance}


def _lines(contents: Contents) -> list[tuple[str, str]]:
    """(name, what there is to say) for every part."""
    lines, facts = [("N", f"{contents.num_qubits}")], _facts(contents)
    if contents.task is not None:
        options = ", ".join(f"{k}={format_value(v)}" for k, v in contents.task["options"].items())
        lines.append(("task", f"{contents.task['name']} ({options})"))
        lines.append(("data", f"{contents.task['data']['source']}, SHA-256 {contents.task['data']['sha256'][:16]}..."))
    if contents.cost is not None:
        low = facts["cost"]
        lines.append(("cost", f"{low['values']:,} values, minimum {number(low['minimum'], 9)} at index {low['at']}"))
    if contents.weights is not None:
        w = contents.weights
        shares = ", ".join(f"W({k}) = {w[k] if w[k] > 1e-28 * w.sum() else 0:.4g}" for k in range(min(5, len(w))))
        lines.append(("spectrum", f"{'all coefficients; ' if contents.spectrum is not None else ''}{shares}"))
    if contents.hamiltonian is not None:
        h, degree = contents.hamiltonian, facts["hamiltonian"]["degree"]
        lines.append(("Hamiltonian", f"{len(h):,} terms up to degree {degree}, RMS error {h.rms_error:.3g}"))
    if contents.training is not None:
        t = contents.training
        layers = [plural(t.ansatz["layers"], "layer")] if "layers" in t.ansatz else []
        name = ", ".join([t.ansatz["name"], *layers, t.engine["name"], t.search["optimizer"]])
        lines.append(("training", f"{name}, {len(t.runs)} of {plural(t.planned_runs, 'run')}, {t.status}"))
        lines.append(("", f"E = {number(t.best_run.energy, 9)}, best sample {number(t.best_cost, 9)}"))
        lines.append(("", "accuracy " + (", ".join(f"{v:.4f} ({k})" for k, v in t.accuracies.items()) or "unknown")))
    if contents.study is not None:
        study = contents.study
        done = f"{study.done:,} of {len(study.plan.units()):,} trainings done, seed {study.plan.seed}"
        lines.append(("study", done))
        for v, label in enumerate(study.plan.labels):
            least = min((run.energy for run in study.runs(v)), default=None)
            lines.append(("", f"{label}: {plural(len(study.runs(v)), 'run')}, least E {number(least, 9)}"))
    made = contents.provenance
    versions = made.get("versions", {})
    lines.append(("made", f"{made.get('utc')}, commit {made.get('git_commit')}"))
    lines.append(("with", ", ".join(f"{k} {v}" for k, v in versions.items()) if isinstance(versions, dict) else "?"))
    lines.append(("by", " ".join(map(str, made.get("argv") or []))))
    return lines
