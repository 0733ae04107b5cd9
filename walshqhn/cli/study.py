"""Studies from the command line: what `walshqhn train` does with several variants or workers."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from walshqhn.cli.common import Problem, number, plural, print_json, remark, stderr, stdout
from walshqhn.cli.training import LARGEST_TABLE
from walshqhn.support.errors import InputError, UsageError, WalshqhnError
from walshqhn.support.resources import require_memory

if TYPE_CHECKING:
    from walshqhn.study.plan import Plan, Study, Variant


def variants_of(ansatz: str, layers: str, **settings: Any) -> tuple[Variant, ...]:
    """Variants that options name: ``ansatz`` and ``layers`` may list several, separated by commas.

    ``settings``: other fields of `Variant`, the same for all but ``max_degree`` and ``grow``, which only some circuits
    know.
    """
    from walshqhn.study.plan import Variant

    try:
        depths = [int(depth) for depth in layers.split(",")]
    except ValueError:
        raise UsageError(f"layers must be whole numbers, like 2 or 0,1,2,3; got {layers!r}.") from None
    names = [name.strip() for name in ansatz.split(",")]
    found: list[Variant] = []
    for name in names:
        own = dict(settings)
        if len(names) > 1:
            if not name.endswith("qaoa"):
                own["max_degree"] = None
            if name not in ("linear", "qaoa"):
                own["grow"] = False
        for depth in [0] if name == "product" or name.endswith(".qpy") else depths:
            variant = Variant(name, depth, **own)
            if variant not in found:
                found.append(variant)
    return tuple(found)


def with_product(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    """And last the product state on the exact engine, a classical method, unless it is among them."""
    from walshqhn.study.plan import Variant

    states = (("product", 0), ("linear", 0))
    if any((v.ansatz, v.layers) in states and v.engine == "exact" for v in variants):
        return variants
    return (*variants, Variant("product", 0, objective=variants[0].objective))


def earlier_study(output: Path) -> Study:
    """The study in a file. InputError if it holds none."""
    from walshqhn.study.plan import Study

    return Study.load(output)


def run(
    problem: Problem,
    plan: Plan,
    output: Path | None,
    workers: int | None,
    earlier: Study | None,
    config: dict[str, Any],
    jobs: Path | None = None,
) -> Study:
    """Run a study with a progress display; store it after each training, with ``config``."""
    from walshqhn.study.run import run_study
    from walshqhn.study.workers import resolve_workers

    failures: list[OSError] = []
    if problem.num_bits > LARGEST_TABLE:
        advice = "Single trainings do without: --engine mps or backend, with --shots, one circuit, no --workers."
        require_memory(24 << problem.num_bits, f"a study: a table of all 2^{problem.num_bits} costs", advice)
    cost = problem.cost
    already = 0 if earlier is None else earlier.done
    if jobs is not None:
        remark(f"jobs are recorded in the folder {jobs}; --resume picks them up")
    with _Display(len(plan.units()), already, resolve_workers(workers)) as display:

        def keep(study: Study) -> None:
            display.update(study)
            if output is None:
                return
            try:
                save(output, problem, study, config)
                failures.clear()
            except OSError as error:  # a full disk must not cost the study
                failures.append(error)
                remark(f"warning: {output} could not be written ({error.strerror}); the study goes on")

        study = run_study(cost, plan, workers=workers, task=problem.task, resume=earlier, on_run=keep, jobs=jobs)
    if output is not None and study.done == already:  # nothing was left to do, but the plan may have changed
        save(output, problem, study, config)
    if failures:
        raise WalshqhnError(f"{output} could not be written: {failures[-1].strerror}")
    return study


def save(output: Path, problem: Problem, study: Study, config: dict[str, Any]) -> None:
    """Store a study with the cost it is of, and the ``config`` of the command; the file is replaced."""
    from walshqhn.formats.hdf5 import Contents
    from walshqhn.formats.hdf5 import save as store

    contents = Contents(
        cost=problem.cost,
        hamiltonian=problem.contents.hamiltonian if problem.contents is not None else None,
        task=problem.spec,
        bit_names=problem.bit_names,
        study=study,
        provenance={"seed": study.plan.seed, "config": config},
    )
    store(output, contents, overwrite=True)


def report(problem: Problem, study: Study, epsilon: float | None) -> dict[str, Any]:
    """Rows for every variant, and for classical methods that may look at as many costs."""
    from walshqhn.study import baselines
    from walshqhn.study.statistics import best_variant, sampling_probability, summary_rows

    cost = problem.cost
    if epsilon is None:
        epsilon = 0.01 * float(cost.std())
    elif not epsilon >= 0:
        raise UsageError(f"epsilon must be at least 0, got {epsilon}.")
    rows = summary_rows(study, epsilon)
    for v, row in enumerate(rows):
        found = sampling_probability(study, cost, v, epsilon)
        row["sampling_probability"] = float(found.mean()) if len(found) else None
    evaluations = max((round(row["mean_evaluations"]) for row in rows if row["mean_evaluations"]), default=1)
    runs, seed = study.plan.runs, study.plan.seed
    classical = [
        baselines.exact_minimum(cost),
        baselines.round_linear(cost),
        baselines.random_search(cost, evaluations, runs, seed),
        baselines.simulated_annealing(cost, evaluations, runs, seed),
    ]
    best = best_variant(study, epsilon)
    return {
        "epsilon": epsilon,
        "exact_minimum": study.exact_minimum,
        "runs": study.plan.runs,
        "complete": study.is_complete,
        "variants": rows,
        "baselines": [b.as_dict(study.exact_minimum, epsilon) for b in classical],
        "best": study.plan.variants[best.variant].label,
        "best_is_certain": best.is_certain,
    }


def show(problem: Problem, study: Study, epsilon: float | None, json: bool, output: Path | None) -> None:
    """Print what `report` says."""
    facts = report(problem, study, epsilon)
    if json:
        print_json(facts | {"output": output, "plan": study.plan.as_dict()})
        return
    from rich.table import Table

    from walshqhn.training.result import REMEDIES

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    headings = (
        "variant",
        "runs",
        "P(success)",
        "95 % interval",
        "one shot",
        "least excess",
        "evaluations",
        "time to 99 %",
    )
    for k, heading in enumerate(headings):
        table.add_column(heading, justify="left" if k == 0 else "right")
    for row in (*facts["variants"], *facts["baselines"]):
        low, high = row["interval"]
        table.add_row(
            row["variant"],
            str(row["runs"]),
            number(row["success_probability"], 3) if row["runs"] else "-",
            f"{low:.3f} to {high:.3f}" if row["runs"] and low < high else "-",
            number(row.get("sampling_probability"), 3),
            number(row["least_excess"], 3),
            "-" if row["mean_evaluations"] is None else f"{row['mean_evaluations']:,.0f}",
            "-" if row.get("time_to_solution") is None else f"{row['time_to_solution']:.3g} s",
        )
    out = stdout()
    out.print(table)
    out.print(
        f"Success: E - min C <= {facts['epsilon']:.3g} (for classical methods, the best cost found instead of E). "
        f"min C = {number(facts['exact_minimum'], 9)}. One shot: probability that a single measurement is that good.",
        markup=False,
    )
    ended = [f"{row['variant']}: {_counted(row['statuses'])}" for row in facts["variants"] if row["runs"]]
    out.print(f"Why runs ended: {'; '.join(ended)}.", markup=False, soft_wrap=True)
    sure = "beyond doubt (5 %)" if facts["best_is_certain"] else "not beyond doubt: more runs would tell"
    if len(facts["variants"]) > 1:
        out.print(f"Most often successful: {facts['best']}, {sure}.", markup=False)
    for status in sorted({status for row in facts["variants"] for status in row["statuses"]}):
        if REMEDIES[status]:
            remark(f"{status}: {REMEDIES[status]}")
    if not study.is_complete:
        done, wanted = study.done, len(study.plan.units())
        remark(f"interrupted: {done} of {plural(wanted, 'training')} done; --resume does the rest")


def _counted(statuses: dict[str, int]) -> str:
    """'198 converged, 2 stalled', the most frequent first."""
    return ", ".join(f"{n} {status}" for status, n in sorted(statuses.items(), key=lambda item: -item[1]))


class _Display:
    """Progress of a study on stderr, on terminals only."""

    def __init__(self, total: int, done: int, workers: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )  # fmt: skip
        self._bar = Progress(*columns, console=stderr(), transient=True, disable=not sys.stderr.isatty())
        text = f"trainings, {plural(workers, 'worker')}"
        self._handle = self._bar.add_task(text, total=total, completed=done, left="")
        self._total, self._before, self._start = total, done, time.monotonic()

    def __enter__(self) -> _Display:
        self._bar.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self._bar.__exit__(*details)

    def update(self, study: Study) -> None:
        """After each training; time left from the mean so far: single trainings differ too much."""
        new = study.done - self._before
        left = (time.monotonic() - self._start) / new * (self._total - study.done)
        self._bar.update(self._handle, completed=study.done, left=f"about {left / 60:.0f} min {left % 60:.0f} s left")


def require_study(contents: Any, source: str) -> Study:
    """The study of a file's contents. InputError if there is none."""
    if contents is None or contents.study is None:
        raise InputError(f"{source} holds no study.")
    study: Study = contents.study
    return study
