"""How cost grows with N: the same contenders as in the table, over a range of sizes, and their figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from walshqhn.bench import costs, engine, transform
from walshqhn.bench.harness import measure
from walshqhn.bench.row import Row, Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ENOUGH = 2.5  # seconds: whoever takes longer is not asked for the next size
_OURS, _FIRST, _SECOND, _THIRD = ("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D")
_STYLES = {  # Okabe and Ito's colours, and markers that differ as well
    "walshqhn": _OURS, "fht-cpu": _FIRST, "one pass over the array": ("#8C8C8C", "x"), "NumPy": _FIRST,
    "NumPy, one network at a time": _FIRST, "NumPy, batches (BLAS)": _SECOND, "Aer": _FIRST,
    "Aer, parameter shift": _FIRST, "lightning.qubit": _SECOND, "qulacs": _THIRD, "pyfwht": _SECOND,
}  # fmt: skip
_SHORT = {"NumPy, one network at a time": "NumPy, one by one", "NumPy, batches (BLAS)": "NumPy, batches"}


@dataclass(frozen=True)
class Panel:
    """One panel of the figure."""

    name: str
    title: str
    sizes: Iterable[int]
    prepare: Callable[..., list[Any]]
    """Called with N, then `Settings`."""
    peers: dict[str, str]


def _hidden_layer(num_bits: int, settings: Settings) -> list[Any]:
    """A 2-h-1 network with N = 4h + 1 on 1,000 samples."""
    options = {"hidden": ((num_bits - 1) // 4,), "num_samples": 1000}
    return costs.contenders("gaussian", options, 200, 512, settings)


def panels() -> list[Panel]:
    """The panels, in order."""
    both, sizes = engine.PEERS, (*range(8, 27, 2), 27)
    return [
        Panel("transform", "Walsh-Hadamard transform, float64", sizes, transform.growing, transform.PEERS),
        Panel("costs", "cost table, 2-h-1 network, 1,000 samples", range(9, 26, 4), _hidden_layer, {}),
        Panel("gradient", "value and gradient, linear ansatz, L = 2", range(4, 23, 2), engine.gradient, both),
        Panel("qaoa", "QAOA expectation value, p = 4", range(4, 25, 2), lambda n, s: engine.qaoa(n, 4, False, s), {}),
    ]


def _quick(panel: Panel, size: int, slow: set[str], settings: Settings) -> list[Any]:
    return [c for c in panel.prepare(size, settings) if c.name not in slow]


def measure_growth(settings: Settings) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Measure panel after panel, size after size; yields (panel, N, seconds of each contender for all the work)."""
    few = replace(settings, repeats=min(settings.repeats, 5))
    for panel in panels():
        slow: set[str] = set()
        for size in panel.sizes:
            row = Row(panel.name, panel.title, partial(_quick, panel, size, slow), peers=panel.peers)
            measured = measure(row, few)
            whole = measured.timings[0].median / measured.timings[0].per_unit  # the work of one of our calls
            slow |= {t.name for t in measured.timings if t.median > _ENOUGH or t.per_unit * whole > 40 * _ENOUGH}
            yield panel.name, size, {t.name: t.per_unit * whole for t in measured.timings}
            if measured.timings[0].name in slow:  # ours, by which the others are measured
                break


def draw_growth(growth: dict[str, dict[str, Any]], machine: str) -> Figure:
    """The figure of what `measure_growth` found: {panel: {contender: [[N, seconds], ...]}}."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 7.6), layout="constrained", dpi=130)
    axes = figure.subplots(2, 2)
    for ax, panel, letter in zip(axes.ravel(), panels(), "abcd", strict=True):
        lines = growth[panel.name]
        for name, points in lines.items():
            colour, marker = _STYLES[name]
            ax.plot(*zip(*points, strict=True), color=colour, marker=marker, markersize=4.5, linewidth=1.4)
        for name, y in _spread({name: points[-1][1] for name, points in lines.items()}).items():
            at = lines[name][-1][0]
            ax.annotate(_SHORT.get(name, name), (at, y), xytext=(7, 0), textcoords="offset points", va="center",
                        color=_STYLES[name][0], fontsize=8.5, annotation_clip=False)  # fmt: skip
        ax.set_yscale("log")
        largest = max(points[-1][0] for points in lines.values())
        smallest = min(points[0][0] for points in lines.values())
        ax.set_xlim(smallest - 0.5, largest + 0.36 * (largest - smallest))
        ax.set_xticks([n for n in panel.sizes if n % 4 == 0 or panel.name == "costs"])
        ax.set_xlabel("number of bits N" if panel.name in ("transform", "costs") else "number of qubits N")
        ax.set_ylabel("time (s)")
        ax.set_title(panel.title, fontsize=10)
        ax.set_title(letter, loc="left", fontweight="bold")
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="#E6E6E6", linewidth=0.6)
        ax.set_axisbelow(True)
    figure.suptitle(machine, fontsize=9, color="#555555")
    return figure


def _spread(ends: dict[str, float]) -> dict[str, float]:
    """Heights of labels: at the ends of their lines, but far enough apart to be legible."""
    placed: dict[str, float] = {}
    for name, y in sorted(ends.items(), key=lambda item: item[1]):
        placed[name] = max([y, *(2.2 * below for below in placed.values())])
    return placed
