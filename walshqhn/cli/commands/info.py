"""walshqhn info."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from walshqhn.bits import bits_to_label, index_to_bits
from walshqhn.cli.options import Json, format_value
from walshqhn.cli.output import number, plural, print_json, stdout
from walshqhn.formats.hdf5 import Contents, load, unchecked
from walshqhn.formats.layout import FORMAT_VERSION


def info(file: Annotated[str, Parameter(help="A walshqhn file (.h5).")], /, *, json: Json = False) -> None:
    """Show what a walshqhn file holds and how it was made. The whole file is read and checked."""
    facts, lines = _described(load(file))
    if json:
        print_json({"source": file, "format_version": FORMAT_VERSION, **facts})
        return
    out = stdout()
    for name, text in (("file", f"{file}: walshqhn format {FORMAT_VERSION}, intact"), *lines):
        out.print(f"{name:<13} {text}", soft_wrap=True)


def _described(found: Contents) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Every part as JSON can hold it, and as lines (name, text)."""
    facts: dict[str, Any] = {"num_bits": found.num_qubits}
    lines = [("N", f"{found.num_qubits:,}")]
    if found.task is not None:
        facts["task"], data = found.task, found.task["data"]
        options = ", ".join(f"{k}={format_value(v)}" for k, v in found.task["options"].items())
        lines.append(("task", f"{found.task['name']} ({options})"))
        lines.append(("data", f"{data['source']}, SHA-256 {data['sha256'][:16]}..."))
    if found.cost is not None:
        low = int(found.cost.argmin())
        facts["exact_minimum"] = float(found.cost[low])
        facts["best_bits"] = bits_to_label(index_to_bits(low, found.num_qubits))
        lines.append(("cost", f"{found.cost.size:,} values, minimum {number(found.cost[low], 9)} at index {low}"))
    if found.weights is not None:
        facts["degree_weights"] = w = found.weights
        known = np.flatnonzero(~np.isnan(w))[:5].tolist()
        shares = ", ".join(f"W({k}) = {w[k] if w[k] > 1e-28 * np.nansum(w) else 0:.4g}" for k in known)
        lines.append(("spectrum", f"{'all coefficients; ' if found.spectrum is not None else ''}{shares}"))
    if found.hamiltonian is not None:
        h, degree = found.hamiltonian, int(found.hamiltonian.degrees.max(initial=0))
        facts["hamiltonian"] = {"terms": len(h), "degree": degree, "constant": h.constant}
        facts["hamiltonian"] |= {"discarded_weight": h.discarded_weight, "rms_error": h.rms_error}
        lines.append(("Hamiltonian", f"{plural(len(h), 'term')} up to degree {degree}, RMS error {h.rms_error:.3g}"))
    if found.training is not None:
        t = found.training
        facts["training"] = t.summary()
        layers = [plural(t.ansatz["layers"], "layer")] if "layers" in t.ansatz else []
        name = ", ".join([t.ansatz["name"], *layers, t.engine["name"], t.search["optimizer"]])
        lines.append(("training", f"{name}, {len(t.runs)} of {plural(t.planned_runs, 'run')}, {t.status}"))
        lines.append(("", f"E = {number(t.best_run.energy, 9)}, best sample {number(t.best_cost, 9)}"))
        lines.append(("", "accuracy " + (", ".join(f"{v:.4f} ({k})" for k, v in t.accuracies.items()) or "unknown")))
    if found.study is not None:
        s, wanted = found.study, len(found.study.plan.units())
        facts["study"] = {"plan": s.plan.as_dict(), "done": s.done, "complete": s.is_complete}
        lines.append(("study", f"{s.done:,} of {wanted:,} trainings done, seed {s.plan.seed}"))
        for v, label in enumerate(s.plan.labels):
            least = min((run.energy for run in s.runs(v)), default=None)
            lines.append(("", f"{v}: {label}: {plural(len(s.runs(v)), 'run')}, lowest E {number(least, 9)}"))
    facts["unchecked"] = unchecked(found)
    lines.append(("not checked", "; ".join(facts["unchecked"])))
    facts["provenance"] = made = found.provenance
    lines.append(("created", f"{made.get('utc')}, commit {made.get('git_commit') or 'unknown'}"))
    lines.append(("versions", ", ".join(f"{k} {v}" for k, v in dict(made.get("versions") or {}).items())))
    lines.append(("command", " ".join(map(str, made.get("argv") or []))))
    return facts, lines
