"""The results as a table: cells for the terminal, Markdown for the README."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from walshqhn.bench.harness import format_seconds
from walshqhn.support.provenance import package_versions

_PEERS = ("fht-cpu", "pyfwht", "pennylane-lightning", "qulacs")
Result = dict[str, Any]  # a `Measured` as JSON has it


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, versions and time."""
    import psutil

    path, named = Path("/proc/cpuinfo"), platform.processor() or platform.machine()
    info = path.read_text().splitlines() if path.exists() else []
    return {
        "processor": next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), named),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": package_versions(_PEERS),
        "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "real_time": hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def machine_line(machine: dict[str, Any], threads: int) -> str:
    """One line: '2 threads, AMD EPYC, 2 cores, 23 GiB, Linux x86_64, 2026-11-22'."""
    cores = f"{machine['cores']} cores, {machine['memory_gib']} GiB"
    return f"{_threads(threads)}, {machine['processor']}, {cores}, {machine['system']}, {machine['utc'][:10]}"


def cells(result: Result) -> list[tuple[str, ...]]:
    """Lines of a row: what, contender, time, GOp/s, ratio to ours, verdict on the goal. Ours comes first."""
    per = f" per {result['unit']}" if result["unit"] else ""
    lines = []
    for k, t in enumerate(result["timings"]):
        shown = f"{t['median']:.3f}" if result["quantity"] == "ratio" else format_seconds(t["per_unit"]) + per
        ratio = "" if k == 0 else f"{format_ratio(t['times_ours'])} x ours"
        name, speed = _who(t), "" if t["gops"] is None else f"{t['gops']:.3g}"
        goals = [g for g in result["goals"] if _against(g) == (t["name"] if k else "")]
        goal = "; ".join(f"{g['text']}: {'yes' if g['met'] else _missed(g)}" for g in goals)
        lines.append((result["title"] if k == 0 else "", name, shown, speed, ratio, goal))
    return lines + [("", s, "skipped", "", "", "") for s in result["skipped"]]


def format_ratio(ratio: float) -> str:
    """Two digits below 10, whole numbers above: '1.6', '1,400'."""
    return f"{ratio:.2g}" if ratio < 9.95 else f"{float(f'{ratio:.3g}'):,.0f}"


def _threads(count: int) -> str:
    return f"{count} thread{'' if count == 1 else 's'}"


def _who(timing: dict[str, Any]) -> str:
    """A contender and its threads."""
    quoted = ["quoted"] if timing["kind"] == "quoted" else []
    notes = quoted + ([_threads(timing["threads"])] if timing["threads"] else [])
    return f"{timing['name']} ({', '.join(notes)})" if notes else str(timing["name"])


def _against(verdict: dict[str, Any]) -> str:
    """The contender that a goal is against; empty: none."""
    return str(verdict["text"].partition(" x ")[2])


def _missed(verdict: dict[str, Any]) -> str:
    return f"no, {verdict['value']:.3g}" if _against(verdict) else "no"


HEADLINES = (  # the rows of the README's table
    "wht-float64-17", "wht-float64-24", "wht-complex128-23", "cost-mnist-4x4", "cost-gaussian-h4", "gradient-17",
    "expectation-17", "qaoa-20", "sampling-20", "operator-17", "load-20", "demo-cold",
)  # fmt: skip
BEGIN, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


def markdown(document: dict[str, Any]) -> str:
    """The table of the README: a line for each of `HEADLINES`, ours beside the others."""
    lines = ["| what | walshqhn | GOp/s | others, and how many times as long they take |", "|---|---|---|---|"]
    rows = {result["name"]: result for result in document["rows"]}
    for name in HEADLINES:
        result = rows[name]
        ours, *others = result["timings"]
        theirs = []
        for t in (t for t in others if t["kind"] != "floor"):
            speed = "" if t["gops"] is None else f", {t['gops']:.3g} GOp/s"
            theirs.append(f"{_who(t)} {format_seconds(t['per_unit'])}, {format_ratio(t['times_ours'])}x{speed}")
        unit = f", per {result['unit']}" if result["unit"] else ""
        speed = "" if ours["gops"] is None else f"{ours['gops']:.3g}"
        time = f"{format_seconds(ours['per_unit'])} ({_threads(ours['threads'])})"
        lines.append(f"| {result['title']}{unit} | {time} | {speed} | {'; '.join(theirs)} |")
    machine = machine_line(document["machine"], document["threads"])
    load = document["machine"]["load"]
    others = f"load {load[0]:g} when it began" if load else "load unknown"
    if document["machine"]["real_time"]:
        others += ", kept out by a real-time priority"
    note = f"*Medians of {document['repeats']} rounds in one run; {machine}; {others}.*"
    return "\n".join([*lines, "", f"{note} {_roofline(rows)}"])


def _roofline(rows: dict[str, Result]) -> str:
    """How close the transform comes to what memory allows."""
    found = []
    for n in (24, 27):
        timings = rows[f"wht-float64-{n}"]["timings"]
        floor = next(t for t in timings if t["kind"] == "floor")
        speed, passes = 16 * 2**n / floor["median"] / 1e9, 1 / floor["times_ours"]
        found.append(f"at N = {n} one pass over the array, in place, moves {speed:.3g} GB/s, and a transform takes as "
                     f"long as {passes:.2g} of them")  # fmt: skip
    return f"What memory allows: {'; '.join(found)}."


def main() -> None:
    """``python -m walshqhn.bench.report figures/benchmarks.json README.md``: renew the README's table."""
    source, target = (Path(argument) for argument in sys.argv[1:])
    before, _, rest = target.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    target.write_text(f"{before}{BEGIN}\n{markdown(json.loads(source.read_text()))}\n{END}{after}")


if __name__ == "__main__":
    main()
