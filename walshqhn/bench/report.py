"""What was measured, as a table: cells for the terminal, Markdown for the README."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from walshqhn.bench.harness import format_seconds

_PACKAGES = ("numpy", "numba", "scipy", "h5py", "qiskit", "qiskit-aer", "fht-cpu", "pennylane-lightning", "qulacs")
Result = dict[str, Any]  # a `Measured` as JSON has it


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, versions and time."""
    import psutil

    import walshqhn

    versions = {"walshqhn": walshqhn.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions,
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine_line(machine: dict[str, Any], threads: int) -> str:
    """One line: '2 threads, AMD EPYC, 2 cores, 23 GiB, Linux x86_64, 2026-11-22'."""
    day = machine["utc"][:10]
    cores = f"{machine['cores']} cores, {machine['memory_gib']} GiB"
    plural = "" if threads == 1 else "s"
    return f"{threads} thread{plural}, {machine['processor']}, {cores}, {machine['system']}, {day}"


def cells(result: Result) -> list[tuple[str, str, str, str, str]]:
    """Lines of a row: what, contender, time, ratio to ours, verdict on the goal. Ours comes first."""
    unit = result["unit"]
    verdicts = {g["text"]: g for g in result["goals"]}
    lines = []
    for k, t in enumerate(result["timings"]):
        if result["quantity"] == "ratio":
            shown = f"{t['median']:.3f}"
        elif unit:
            shown = f"{format_seconds(t['per_unit'])} per {unit}"
        else:
            shown = format_seconds(t["per_unit"])
        ratio = "" if k == 0 else f"{format_ratio(t['times_ours'])} x ours"
        name = t["name"] + (" (quoted)" if t["kind"] == "quoted" else _threads(t["threads"]))
        mine = [v for text, v in verdicts.items() if _concerns(text, t["name"], k == 0)]
        goal = "; ".join(f"{v['text']}: {'yes' if v['met'] else _missed(v)}" for v in mine)
        lines.append((result["title"] if k == 0 else "", name, shown, ratio, goal))
    lines += [("", s, "skipped", "", "") for s in result["skipped"]]
    return lines


def format_ratio(ratio: float) -> str:
    """Two digits below 10, whole numbers above: '1.6', '1,400'."""
    return f"{ratio:.2g}" if ratio < 9.95 else f"{float(f'{ratio:.3g}'):,.0f}"


def _threads(count: int) -> str:
    return f", {count} thread{'' if count == 1 else 's'}"


def _concerns(text: str, name: str, ours: bool) -> bool:
    return text.endswith(f" x {name}") or (ours and " x " not in text)


def _missed(verdict: dict[str, Any]) -> str:
    if " x " not in verdict["text"]:
        return "no"
    return f"no, {verdict['value']:.3g}"


HEADLINES = (  # the rows of the README's table
    "wht-float64-17",
    "wht-float64-24",
    "wht-complex128-23",
    "cost-mnist-4x4",
    "cost-gaussian-h4",
    "gradient-17",
    "expectation-17",
    "qaoa-20",
    "sampling-20",
    "operator-17",
    "load-20",
    "demo-cold",
)
BEGIN, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


def markdown(document: dict[str, Any]) -> str:
    """The table of the README: a line for each of `HEADLINES`, ours beside the others."""
    lines = ["| what | walshqhn | others, and how many times as long they take |", "|---|---|---|"]
    rows = {result["name"]: result for result in document["rows"]}
    for name in HEADLINES:
        result = rows[name]
        ours, *others = result["timings"]
        theirs = [
            f"{t['name']}{' (quoted)' if t['kind'] == 'quoted' else ''} {format_seconds(t['per_unit'])}, "
            f"{format_ratio(t['times_ours'])}x"
            for t in others
            if t["kind"] != "floor"
        ]
        unit = f", per {result['unit']}" if result["unit"] else ""
        lines.append(f"| {result['title']}{unit} | {format_seconds(ours['per_unit'])} | {'; '.join(theirs)} |")
    machine = machine_line(document["machine"], document["threads"])
    return "\n".join([*lines, "", f"*Medians of {document['repeats']} rounds in one run; {machine}.*"])


def main() -> None:
    """``python -m walshqhn.bench.report figures/benchmarks.json README.md``: renew the README's table."""
    import json
    import sys

    source, target = (Path(argument) for argument in sys.argv[1:])
    before, _, rest = target.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    target.write_text(f"{before}{BEGIN}\n{markdown(json.loads(source.read_text()))}\n{END}{after}")


if __name__ == "__main__":
    main()
