"""walshqhn minimum."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from walshqhn.binn.task import NetworkTask
from walshqhn.bits import bits_to_label
from walshqhn.cli import options as opt
from walshqhn.cli.output import ProgressDisplay, number, plural, print_json, remark, stdout, table
from walshqhn.cost.base import Cost, Minimum
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.minimum import METHODS
from walshqhn.cost.table import TableCost
from walshqhn.support.errors import UsageError
from walshqhn.support.files import targets
from walshqhn.support.text import duration


def minimum(
    source: opt.Source,
    /,
    *,
    method: Annotated[
        Literal[(*METHODS, "descend")] | None,  # type: ignore[valid-type]
        Parameter(
            help="Of a Hamiltonian: enumerate (all configurations, N <= 62), eliminate (few terms meet anywhere), "
            "branch (branch and bound), anneal (not exact); of a task: enumerate, descend (by flips, not exact); "
            "default: auto, the first that can do it in time."
        ),
    ] = None,
    keep: Annotated[opt.Whole, Parameter(help="Show this many of the best configurations.")] = 10,
    symmetry: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(),
            help="A symmetry of a Hamiltonian: reversal, or a permutation p_0,p_1,... of its bits, x'[j] = x[p_j]; "
            "several times for several. Flips of signs are found without being given.",
        ),
    ] = (),
    seconds: Annotated[
        float | None, Parameter(help="Time it may take; default: enumeration an hour, otherwise 20 s.")
    ] = None,
    memory: Annotated[opt.OptionalWhole, Parameter(help="Bytes that the enumeration may use.")] = None,
    checkpoint: Annotated[
        opt.OptionalPath,
        Parameter(help="File for the state of an enumeration; after an interruption, the same command goes on."),
    ] = None,
    seed: Annotated[opt.Whole, Parameter(help="Of annealings and descents.")] = 0,
    threads: opt.Threads = None,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Find the minimum cost and the configurations that attain it, and say whether it is exact and how it was found.

    No table is needed: the 2^N energies of a Hamiltonian are enumerated in slabs that fit the cache, 10^9 and more per
    second; the costs of a network on data are enumerated by meeting in the middle.
    """
    workspace = opt.open_source(source, options, threads, minimum)
    cost = workspace.source
    if not isinstance(cost, IsingHamiltonian | NetworkTask):
        cost = TableCost(workspace.table)
    given: dict[str, Any] = {"seconds": seconds, "memory": memory, "method": method or "auto", "seed": seed}
    if isinstance(cost, IsingHamiltonian):
        given["symmetries"] = [_symmetry(text, cost.num_bits) for text in symmetry]
    elif symmetry or (method is not None and isinstance(cost, TableCost)):
        raise UsageError(f"--method and --symmetry are for Hamiltonians; {source} is {type(cost).__name__}.")
    start = time.monotonic()
    try:
        with targets(checkpoint, overwrite=True):
            found = _search(cost, keep, {"threads": threads, "checkpoint": checkpoint, **given})
    except KeyboardInterrupt:
        if checkpoint is not None and checkpoint.exists():
            remark(f"the state of the search is in {checkpoint}; the same command goes on from there")
        raise
    _show(workspace.name, cost, found, time.monotonic() - start, json)


def _symmetry(text: str, num_bits: int) -> list[int]:
    if text == "reversal":
        return list(range(num_bits))[::-1]
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--symmetry is reversal or numbers separated by commas, got {text!r}.") from None


def _search(cost: IsingHamiltonian | NetworkTask | TableCost, keep: int, settings: dict[str, Any]) -> Minimum:
    """Find the minimum, displaying progress and the time left."""
    if isinstance(cost, TableCost):
        return cost.find_minimum(keep)
    start, first = time.monotonic(), 2.0
    with ProgressDisplay("minimum", 1.0) as display:

        def report(fraction: float) -> None:
            nonlocal start, first
            if fraction < first:  # of a method, from where its checkpoint was
                start, first = time.monotonic(), fraction
            elif fraction > first:
                left = (time.monotonic() - start) / (fraction - first) * (1 - fraction)
                display.update(fraction, note=f"about {duration(left)} left")

        return cost.find_minimum(keep=keep, progress=report, **settings)


def _show(name: str, cost: Cost, found: Minimum, seconds: float, json: bool) -> None:
    labels = [bits_to_label(row) for row in found.bits]
    if json:
        facts = {"source": name, "num_bits": cost.num_bits, "best_cost": found.value}
        facts |= {"exact_minimum": found.value if found.is_exact else None, "degeneracy": found.count}
        facts |= {"how": found.how, "seconds": seconds}
        best = [{"bits": label, "cost": c} for label, c in zip(labels, found.costs, strict=True)]
        print_json(facts | {"configurations": best})
        return
    out = stdout()
    word, sure = ("minimum", "exact") if found.is_exact else ("best found", "not exact")
    out.print(f"{name}: N = {cost.num_bits:,}", soft_wrap=True)
    out.print(f"{word:<12} {number(found.value, 12)}")
    out.print(f"{sure:<12} {found.how}; {duration(seconds)}", soft_wrap=True)
    if found.count is not None:
        out.print(f"{'reached by':<12} {plural(found.count, 'configuration')}")
    shown = table(("bits (last ... first)", "cost", "above the best"))
    for label, value in zip(labels, found.costs, strict=True):
        short = label if len(label) <= 80 else f"{label[:38]}....{label[-38:]}"
        shown.add_row(short, number(value, 12), number(value - found.value, 6))
    out.print()
    out.print(shown)
