"""What `walshqhn train` prints about a training or a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from walshqhn.binn.task import Task
from walshqhn.bits import bits_to_label
from walshqhn.cli.output import number, plural, print_json, remark, stdout, table
from walshqhn.cost.base import Cost
from walshqhn.study.plan import Study
from walshqhn.study.summary import study_report
from walshqhn.training.result import FAILED, REMEDIES, TrainingResult


def show_training(name: str, result: TrainingResult, compiled: dict[str, Any] | None = None) -> None:
    """Print the main results; ``compiled``: backend, depth and two-qubit gates of the circuit on a device."""
    out, run = stdout(), result.best_run
    words = [f"{result.ansatz['name']} ansatz"]
    words += [plural(result.ansatz["layers"], "layer")] if "layers" in result.ansatz else []
    words += [plural(len(run.parameters), "angle"), plural(len(result.runs), "run"), f"{number(result.seconds, 3)} s"]
    words += [plural(result.shots, "shot")] if result.shots else []
    out.print(f"{name}: {', '.join(words)}")
    objective = result.search["objective"]
    if objective != "mean":
        out.print(f"objective       {number(run.value, 9)}{_error(run.value_error)}  ({objective})")
    out.print(f"mean cost E     {number(run.energy, 9)}{_error(run.energy_error)}  ({result.status})")
    out.print(f"best sample     {number(result.best_cost, 9)}  {bits_to_label(result.best_bits)}")
    if result.exact_minimum is not None:
        above = f"{number(result.excess, 3)} below the best sample" if result.excess else "reached by the best sample"
        out.print(f"exact minimum   {number(result.exact_minimum, 9)}  ({above})")
    for split, value in result.accuracies.items():
        out.print(f"accuracy        {value:.4f}  ({split})")
    for choice, shares in run.architecture.items():
        out.print(f"{choice:15s} {', '.join(f'{option}: {share:.3f}' for option, share in shares.items())}")
    if compiled is not None:
        gates = plural(compiled["two_qubit_gates"], "two-qubit gate")
        out.print(f"circuit         depth {compiled['depth']:,}, {gates} on {compiled['backend']}")
    if result.remedy:
        remark(f"{result.message}\n" * (result.status == FAILED) + f"{result.status}: {result.remedy}")


def _error(error: float) -> str:
    return f" ± {number(error, 2)}" if error > 0 else ""


def show_study(
    cost: Cost, study: Study, epsilon: float | None, json: bool, output: Path | None, task: Task | None = None
) -> None:
    """Print the `study_report`."""
    facts = study_report(cost, study, epsilon, task)
    if json:
        print_json(facts | {"output": output, "plan": study.plan.as_dict()})
        return
    headings = ("runs", "P(success)", "95 % interval", "one shot", "lowest excess", "evaluations", "time to 99 %")
    shown = table(("variant", *headings))
    for row in (*facts["variants"], *facts["baselines"]):
        low, high = row["interval"]
        evaluations, seconds = row["mean_evaluations"], number(row.get("time_to_solution"), 3)
        shown.add_row(
            row["variant"], str(row["runs"]), number(row["success_probability"], 3) if row["runs"] else "-",
            f"{low:.3f} to {high:.3f}" if row["runs"] and low < high else "-",
            number(row.get("sampling_probability"), 3), number(row["least_excess"], 3),
            "-" if evaluations is None else f"{evaluations:,.0f}", seconds if seconds == "-" else f"{seconds} s",
        )  # fmt: skip
    out = stdout()
    out.print(shown)
    least, named = ("C_best", ", the lowest cost found") if facts["exact_minimum"] is None else ("min C", "")
    out.print(
        f"Success: E - {least} <= {facts['epsilon']:.3g} (classical methods: best cost found in place of E). "
        f"{least} = {number(facts['reference'], 9)}{named}. "
        "One shot: probability that a single measurement succeeds."
    )
    ended = []
    for row in (row for row in facts["variants"] if row["runs"]):
        counts = sorted(row["statuses"].items(), key=lambda item: -item[1])
        ended.append(f"{row['variant']}: {', '.join(f'{count} {status}' for status, count in counts)}")
    out.print(f"Why runs ended: {'; '.join(ended)}.", soft_wrap=True)
    if len(facts["variants"]) > 1 and facts["best"] is not None:
        sure = "significant" if facts["best_is_significant"] else "not significant"
        out.print(f"Most often successful: {facts['best']} ({sure} at the 5 % level).")
    for status in sorted({status for row in facts["variants"] for status in row["statuses"]}):
        if REMEDIES[status]:
            remark(f"{status}: {REMEDIES[status]}")
    if not study.is_complete:
        wanted = plural(len(study.plan.units()), "training")
        remark(f"interrupted: {study.done} of {wanted} done; continue with --resume")
