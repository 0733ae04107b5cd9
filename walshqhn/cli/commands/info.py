"""walshqhn info."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from walshqhn.cli.common import Json, format_value, number, print_json, stdout


def info(file: Annotated[str, Parameter(help="A walshqhn file (.h5).")], /, *, json: Json = False) -> None:
    """What a walshqhn file holds, and where it comes from. The whole file is read and checked."""
    from walshqhn.formats.hdf5 import FORMAT_VERSION, load

    contents = load(file)
    facts: dict[str, Any] = {"file": file, "format_version": FORMAT_VERSION, "num_qubits": contents.num_qubits}
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
    facts["provenance"] = contents.provenance
    if json:
        print_json(facts)
        return
    out = stdout()

    def line(name: str, text: str) -> None:
        out.print(f"{name:<13} {text}", markup=False, soft_wrap=True)

    line("file", f"{file}: walshqhn format {FORMAT_VERSION}, intact")
    line("N", f"{facts['num_qubits']}")
    if contents.task is not None:
        options = ", ".join(f"{k}={format_value(v)}" for k, v in contents.task["options"].items())
        line("task", f"{contents.task['name']} ({options})")
        line("data", f"{contents.task['data']['source']}, SHA-256 {contents.task['data']['sha256'][:16]}...")
    if contents.cost is not None:
        line("cost", f"{contents.cost.size:,} values, minimum {number(facts['cost']['minimum'], 9)} at index {low}")
    if contents.weights is not None:
        w = contents.weights
        shares = ", ".join(f"W({k}) = {w[k] if w[k] > 1e-28 * w.sum() else 0:.4g}" for k in range(min(5, len(w))))
        line("spectrum", f"{'all coefficients; ' if contents.spectrum is not None else ''}{shares}")
    if contents.hamiltonian is not None:
        h = contents.hamiltonian
        line(
            "Hamiltonian",
            f"{len(h):,} terms up to degree {facts['hamiltonian']['degree']}, RMS error {h.rms_error:.3g}",
        )
    if contents.training is not None:
        t = contents.training
        name = f"{t.ansatz['name']}, {t.ansatz['layers']} layers, {t.settings['engine']}, {t.settings['optimizer']}"
        line("training", f"{name}, {len(t.runs)} of {t.settings['runs']} runs, {t.status}")
        line("", f"E = {number(t.best_run.energy, 9)}, best sample {number(t.best_cost, 9)}")
        line("", "accuracy " + (", ".join(f"{v:.4f} ({k})" for k, v in t.accuracies.items()) or "unknown"))
    if contents.study is not None:
        study = contents.study
        line("study", f"{study.done:,} of {len(study.plan.units()):,} trainings done, seed {study.plan.seed}")
        for v, variant in enumerate(study.plan.variants):
            runs = study.runs(v)
            least = number(float(study.energies(v).min()), 9) if runs else "-"
            line("", f"{variant.label}: {len(runs)} runs, least E {least}")
    made = contents.provenance
    versions = ", ".join(f"{k} {v}" for k, v in made.get("versions", {}).items())
    line("made", f"{made.get('utc')}, commit {made.get('git_commit')}")
    line("with", versions)
    line("by", " ".join(made.get("argv", [])))
