"""The contents of native files, as tables that the writer, the reader and the specification are driven by.

Names of axes: N, the number of qubits; N+1; 2^N; words = ceil(N / 64); terms; and in trainings runs, angles (parameters
of the circuit), starts, and three along which the runs are concatenated: iterations (entries of the histories), samples
(bit strings that are kept) and characters.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from walshqhn.cost.table import LARGEST_COST

FORMAT = "walshqhn"
FORMAT_VERSION = 1
LARGEST = sys.float_info.max
CONVENTIONS = {"bit_order": "little", "spin": "z=(-1)^b", "normalisation": "f = 2^-N sum C chi"}


_LOW, _HIGH = -LARGEST_COST, LARGEST_COST


@dataclass(frozen=True)
class Column:
    """A data set."""

    name: str
    dtype: str
    """In NumPy's notation: "<f8" float64, "<i8" int64, "<u8" uint64, "|u1" uint8, all little-endian."""
    shape: tuple[str | int, ...]
    """Axes, by name or length."""
    meaning: str
    least: float = -LARGEST
    most: float = LARGEST
    nan: bool = False
    """Whether entries may be NaN (unknown)."""


@dataclass(frozen=True)
class Attribute:
    """A scalar attribute.

    "text" and "json" are UTF-8 of fixed length, which HDF5 checksums; a "word" is a plain string of any length.
    """

    name: str
    kind: Literal["word", "text", "json", "int", "float", "flag"]
    meaning: str


HEADER = (
    Attribute("format", "word", f'"{FORMAT}"'),
    Attribute("format_version", "int", f"{FORMAT_VERSION}"),
    Attribute("num_qubits", "int", "N"),
    *(Attribute(name, "word", f'"{text}"') for name, text in CONVENTIONS.items()),
    Attribute("provenance", "json", "versions, command line, time, commit, seed and settings of the writer"),
    Attribute("complete", "flag", "true; written last"),
)
COST = (Column("values", "<f8", ("2^N",), "C(x) of every configuration x", _LOW, _HIGH),)
SPECTRUM = (
    Column("weight", "<f8", ("N+1",), "W(k) of every degree k", least=0, nan=True),
    Column("coefficients", "<f8", ("2^N",), "f(S) of every mask S; optional", _LOW, _HIGH),
)
HAMILTONIAN = (
    Column("masks", "<u8", ("terms", "words"), "bit j of a mask in bit j mod 64 of word j // 64; nonzero and distinct"),
    Column("coefficients", "<f8", ("terms",), "of the terms", _LOW, _HIGH),
)
HAMILTONIAN_ATTRIBUTES = (
    Attribute("constant", "float", "the term without a Pauli operator"),
    Attribute("discarded_weight", "float", "sum of the squares of what truncations dropped"),
    Attribute("discarded_error", "float", "standard error of discarded_weight; 0: it is exact"),
    Attribute("coefficient_error", "float", "bound on the error of each coefficient, rounding apart"),
    Attribute("max_degree", "int", "degree it was truncated to; -1: not truncated by degree"),
    Attribute("tolerance", "float", "terms up to this absolute value were dropped"),
)
TASK_ATTRIBUTES = (
    Attribute("name", "text", "of the task; empty if only the bit names are known"),
    Attribute("spec", "json", "name, options, source and checksum of the data; or null"),
    Attribute("bit_names", "json", "N names, entry j for bit j; or null"),
)
TRAINING_ATTRIBUTES = (
    Attribute("ansatz", "json", "name and settings of the circuit"),
    Attribute("engine", "json", "name, shots and settings of the engine"),
    Attribute("search", "json", "optimizer, objective, limits ..."),
    Attribute("cost_digest", "text", "checksum of the cost"),
    Attribute("seed", "json", "seed of all random numbers"),
    Attribute("planned_runs", "int", "number of runs requested"),
    Attribute("exact_minimum", "json", "minimum of the cost; null if unknown"),
    Attribute("accuracies", "json", "split -> accuracy of the best sample"),
    Attribute("versions", "json", "package -> version"),
    Attribute("completed_runs", "int", "number of runs in this group; written last"),
)
LENGTHS = {"iterations": "history_length", "samples": "sampled_length", "characters": "words_length"}
"""Axis along which runs are concatenated -> column with the number of entries of each run."""
TRAINING = (
    Column("index", "<i8", ("runs",), "number k of the run; runs are in the order in which they finished", least=0),
    Column("history_length", "<i8", ("runs",), "number of history entries", 0, 2**40),
    Column("sampled_length", "<i8", ("runs",), "number of bit strings kept from the final samples", 0, 2**40),
    Column("words_length", "<i8", ("runs",), "number of bytes of its words", 0, 2**40),
    Column("parameters", "<f8", ("runs", "angles"), "angles with the lowest value seen"),
    Column("value", "<f8", ("runs",), "objective there", _LOW, _HIGH),
    Column("value_error", "<f8", ("runs",), "its standard error", 0, nan=True),
    Column("energy", "<f8", ("runs",), "mean cost E there", _LOW, _HIGH),
    Column("energy_error", "<f8", ("runs",), "its standard error", 0, nan=True),
    Column(
        "sampled_value", "<f8", ("runs",), "objective of the final samples; NaN: exact values only", _LOW, _HIGH, True
    ),
    Column("sampled_error", "<f8", ("runs",), "its standard error", 0, nan=True),
    Column("evaluations", "<i8", ("runs",), "number of objective values computed", 0),
    Column("shots", "<i8", ("runs",), "measurements in the search", 0),
    Column("seconds", "<f8", ("runs",), "time, in seconds", 0),
    Column("best_bits", "|u1", ("runs", "N"), "cheapest bit string sampled", 0, 1),
    Column("best_cost", "<f8", ("runs",), "its cost", _LOW, _HIGH),
    Column("bit_means", "<f8", ("runs", "N"), "fraction of the final samples in which each bit is 1", 0, 1),
    Column("history", "<f8", ("iterations",), "objective at the start and after each iteration", _LOW, _HIGH),
    Column("standard_errors", "<f8", ("iterations",), "its standard error", 0, nan=True),
    Column("best_so_far", "<f8", ("iterations",), "lowest value evaluated so far", _LOW, _HIGH),
    Column("gradient_norms", "<f8", ("iterations",), "largest gradient component; NaN: none computed", 0, nan=True),
    Column("history_shots", "<f8", ("iterations",), "measurements so far", 0),
    Column("history_seconds", "<f8", ("iterations",), "time so far, in seconds", 0),
    Column(
        "tail_means",
        "<f8",
        ("iterations", 3),
        "mean cost of the cheapest 1, 5 and 10 % of the shots",
        _LOW,
        _HIGH,
        True,
    ),
    Column("sampled_bits", "|u1", ("samples", "N"), "cheapest distinct bit strings of the final samples", 0, 1),
    Column("sampled_costs", "<f8", ("samples",), "their costs", _LOW, _HIGH),
    Column("sampled_counts", "<i8", ("samples",), "how often each was measured", 1),
    Column("sampled_accuracies", "<f8", ("samples", 3), "training, validation and test accuracy", 0, 1, nan=True),
    Column("words", "|u1", ("characters",), "JSON of each run: status, message, architecture"),
)
INITIAL = Column("initial", "<f8", ("starts", "angles"), "starting points given for the first runs; optional")
STUDY_ATTRIBUTES = (
    Attribute("runs", "int", "number of runs planned for each variant"),
    Attribute("seed", "json", "seed from which the seeds of all runs are derived"),
    Attribute("num_variants", "int", "groups /study/0, /study/1 ..."),
    Attribute("cost_digest", "text", "checksum of the cost"),
    Attribute("exact_minimum", "json", "minimum of the cost; null if unknown"),
    Attribute("completed_runs", "int", "number of finished runs of all variants; written last"),
)
VARIANT_ATTRIBUTES = (Attribute("variant", "json", "circuit, engine and search: setting -> value"),)

GROUPS: dict[str, tuple[tuple[Attribute, ...], tuple[Column, ...]]] = {
    "/": (HEADER, ()),
    "/cost": ((), COST),
    "/spectrum": ((), SPECTRUM),
    "/hamiltonian": (HAMILTONIAN_ATTRIBUTES, HAMILTONIAN),
    "/task": (TASK_ATTRIBUTES, ()),
    "/training": (TRAINING_ATTRIBUTES, (*TRAINING, INITIAL)),
    "/study": (STUDY_ATTRIBUTES, ()),
    "/study/K": (VARIANT_ATTRIBUTES, ()),  # and everything in /training once it has finished runs
}


def describe() -> str:
    """The tables as Markdown, for the specification of the format."""
    lines = []
    for group, (attributes, columns) in GROUPS.items():
        lines += [f"### `{group}`", ""]
        if attributes:
            lines += ["| attribute | kind | meaning |", "|---|---|---|"]
            lines += [f"| `{a.name}` | {a.kind} | {a.meaning} |" for a in attributes] + [""]
        if columns:
            lines += ["| data set | dtype | shape | meaning |", "|---|---|---|---|"]
            for c in columns:
                shape = ", ".join(map(str, c.shape)) + ("," if len(c.shape) == 1 else "")
                bounds = f"{c.least:g} ... {c.most:g}" if c.most < 2**40 else f"at least {c.least:g}"
                notes = [bounds] if c.least > -LARGEST_COST else []
                notes += ["NaN: unknown"] if c.nan and "NaN" not in c.meaning else []
                lines.append(f"| `{c.name}` | {c.dtype[1:]} | ({shape}) | {'; '.join([c.meaning, *notes])} |")
            lines.append("")
    return "\n".join(lines)
