"""Samples from files: tables of text, NPZ, Parquet."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.datasets import Dataset
from walshqhn.binn.samples import MOST_FEATURES, Samples, as_labels, as_samples, make_dataset
from walshqhn.cost.read import holds_costs
from walshqhn.support.errors import InputError, UsageError, missing_package
from walshqhn.support.files import check_source, first_line
from walshqhn.support.npy import read_npz
from walshqhn.support.resources import require_memory
from walshqhn.support.tables import Table, find_column, is_number, read_table

_TEXTS = (".csv", ".tsv", ".txt", ".data")
_LABELS = {"label", "labels", "class", "classes", "target", "y"}  # names of a column that say what it is
_COUNTERS = {"", "unnamed: 0", "index", "id", "row", "nr", "no", "no.", "#"}
_PARTS = {"train": ("", "_train"), "validation": ("_validation", "_val", "_valid"), "test": ("_test",)}
_X, _Y = ("x", "X", "data", "images"), ("y", "Y", "labels", "label", "target", "targets")
_NAMES, _CLASSES = ("feature_names", "columns", "features"), ("class_names", "target_names", "classes", "label_names")


def read_dataset(
    path: str, label: str | int | None = None, *, drop: str | Sequence[str | int] | None = None,
    header: bool | None = None, scale: str = "none", validation_fraction: float = 0.0, test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:  # fmt: skip
    """Samples from a file.

    A text table (.csv, .tsv, .txt, .data) has one sample per line, in columns separated by commas, semicolons, tabs,
    bars or blanks, with or without a header, with decimal points or commas. Parquet (.parquet) needs pandas. ``label``
    is the column of labels, by name or by number from 0, -1 being the last; default: the one called so, else the last.
    ``drop`` names columns to leave out, "" none; default: one that merely counts the samples. ``header`` says whether a
    table has one.

    NPZ: arrays ``x`` (S, D), or images (S, rows, columns), and ``y`` (S,), and perhaps ``x_validation``,
    ``y_validation`` (``x_val``, ``y_val``), ``x_test``, ``y_test``, ``feature_names``, ``class_names``.

    Labels, ``scale`` and fractions are as for `NetworkTask.from_arrays`. What is guessed about the file is said in
    ``notes``. InputError for a file that is missing or does not hold samples, naming the place; UsageError for a column
    it does not have; MissingDependencyError for Parquet without pandas.
    """
    file = check_source(path)
    kind = file.suffix.lower()
    class_names = None
    if kind == ".npz":
        if (label, drop, header) != (None, None, None):
            raise UsageError(f"{file.name} has no columns: label, drop and header are for tables.")
        parts, class_names, notes = _npz(file)
        asked = "is y the label?"
    elif kind in (*_TEXTS, ".parquet"):
        train, column, notes = (_parquet if kind == ".parquet" else _text)(file, label, drop, header)
        parts, asked = {"train": train}, f"is column {column} the label?"
    else:
        raise InputError(f"{file}: samples are a file of kind {', '.join((*_TEXTS, '.npz', '.parquet'))}.")
    data = make_dataset(
        parts.pop("train"), parts, f"file {file.name}", scale=scale, validation_fraction=validation_fraction,
        test_fraction=test_fraction, seed=seed, notes=notes, asked=asked,
    )  # fmt: skip
    return data if class_names is None else _with_names(file, data, class_names)


def _with_names(file: Path, data: Dataset, names: list[Any]) -> Dataset:
    """Classes called ``names`` of what were their numbers, in the order of these."""
    if not all(isinstance(k, int) and not isinstance(k, bool) and 0 <= k < len(names) for k in data.classes):
        raise InputError(f"{file}: {len(names)} names of classes, but the labels are not 0 ... {len(names) - 1}.")
    return replace(data, classes=tuple(str(names[int(k)]) for k in data.classes))


def holds_samples(path: Path, sure: bool = False) -> bool:
    """Whether a file that exists looks like samples, rather than like costs; ``sure``: whether it could be one."""
    kind = path.suffix.lower()
    if kind == ".npz":
        try:
            with zipfile.ZipFile(check_source(path)) as archive:
                names = {name.removesuffix(".npy") for name in archive.namelist()}
        except (OSError, zipfile.BadZipFile):
            return False
        ends = _PARTS["train"]
        return all(any(name + end in names for name in known for end in ends) for known in (_X, _Y))
    return kind == ".parquet" or (kind in _TEXTS and (sure or not holds_costs(path)))


def _text(
    file: Path, label: str | int | None, drop: str | Sequence[str | int] | None, header: bool | None
) -> tuple[Samples, str, list[str]]:
    table = read_table(file, header=header, label=label)
    target, kept = _columns(file, table.names, table.width, label, drop)
    notes = list(table.guesses)
    if drop is None and len(kept) > 1 and _counts(table, kept[0]):
        notes.append(f"column {table.describe(kept[0])} only names or numbers the samples, so it is left out")
        kept = kept[1:]
    for c in kept:
        cell = table.head[0][c][:40]
        if cell and not any(is_number(row[c], table.decimal_comma) for row in table.head) and not table.is_numeric(c):
            name = table.names[c] if table.names else c
            raise InputError(
                f"{file}: column {table.describe(c)} holds words ({cell!r}), features are numbers: "
                f"encode it, or leave it out with drop={name}."
            )
    names = tuple(table.names[c] or f"column {c}" for c in kept) if table.names else ()
    notes.append(f"the label is column {table.describe(target)}" + " (a guess)" * (label is None))
    return Samples(table.numbers(kept), _labels(table, target), names), table.describe(target), notes


def _columns(
    file: Path, names: Sequence[str], width: int, label: str | int | None, drop: str | Sequence[str | int] | None
) -> tuple[int, list[int]]:
    """The column of the label, the one that is called so or the last if none is given, and those of the features."""
    called = [c for c, name in enumerate(names) if name.lower() in _LABELS]
    guess = called[0] if len(called) == 1 else width - 1
    target = guess if label is None else find_column(names, width, label, "label")
    listed = [name for name in (drop.split(",") if isinstance(drop, str) else drop or ()) if name != ""]
    gone = {target, *(find_column(names, width, name, "drop") for name in listed)}
    if len(gone) >= width:
        raise InputError(f"{file}: samples need a column of features beside the label, found none.")
    if width > MOST_FEATURES:
        raise InputError(f"{file}: samples have at most {MOST_FEATURES:,} features, got {width:,}.")
    return target, [c for c in range(width) if c not in gone]


def _counts(table: Table, column: int) -> bool:
    """Whether a column merely numbers or names the rows."""
    name = table.names[column].lower() if table.names else ""
    if column != 0 or name not in _COUNTERS:
        return False
    if not table.is_numeric(column):
        return bool(table.names) and name == ""
    values = table.numbers([column])[:, 0]
    return values[0] in (0, 1) and bool((np.diff(values) == 1).all())


def _labels(table: Table, column: int) -> npt.NDArray[Any]:
    """Numbers or booleans if all cells are, else text."""
    cells = table.texts(column)
    kinds = np.unique(cells).tolist()
    if {kind.lower() for kind in kinds} <= {"true", "false"}:
        return np.strings.lower(cells) == "true"
    if all(is_number(kind, table.decimal_comma) for kind in kinds):
        return as_labels(table.numbers([column])[:, 0])
    return cells


def _parquet(
    file: Path, label: str | int | None, drop: str | Sequence[str | int] | None, header: bool | None
) -> tuple[Samples, str, list[str]]:
    if header is not None:
        raise UsageError(f"{file.name} names its columns: header is for tables of text.")
    try:
        import pandas as pd
        from pyarrow import parquet
    except ImportError as error:
        raise missing_package("walshqhn[pandas]", "a Parquet file") from error
    try:
        about = parquet.read_metadata(file)
        require_memory(40 * about.num_rows * about.num_columns, str(file), "Save fewer columns.")
        frame = pd.read_parquet(file)
    except (OSError, ValueError) as error:  # pyarrow's own errors are among them
        raise InputError(f"{file}: cannot be read ({first_line(error)}).") from error
    names = [str(name) for name in frame.columns]
    target, kept = _columns(file, names, len(names), label, drop)
    notes = [f"the label is column {names[target]!r}" + " (a guess)" * (label is None)]
    return _named(file, frame.iloc[:, kept], frame.iloc[:, target]), repr(names[target]), notes


def _named(file: Path, x: Any, y: Any, feature_names: Sequence[str] | None = None, suffix: str = "") -> Samples:
    """As `as_samples`; errors name the ``file``."""
    try:
        return as_samples(x, y, suffix, feature_names)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def _npz(file: Path) -> tuple[dict[str, Samples], list[str] | None, list[str]]:
    """Samples of each part, names of the classes that are numbered, and notes of what was not used."""
    arrays, used, found = read_npz(file), set(), {}

    def pick(names: Sequence[str], ends: Sequence[str] = ("",)) -> str | None:
        name = next((name + end for end in ends for name in names if name + end in arrays), None)
        used.add(name)
        return name

    titles, kinds = pick(_NAMES), pick(_CLASSES)
    for part, ends in _PARTS.items():
        x, y = pick(_X, ends), pick(_Y, ends)
        if (x is None) != (y is None) or (x is None and part == "train"):
            raise InputError(
                f"{file}: needs both x{ends[0]} and y{ends[0]}, has {', '.join(sorted(arrays)) or 'nothing'}."
            )
        if x is not None and y is not None and (part == "train" or len(arrays[x])):
            names = None if titles is None else arrays[titles].tolist()
            found[part] = _named(file, arrays[x], arrays[y], names, ends[0])
    ignored = sorted(arrays.keys() - used)
    return found, None if kinds is None else arrays[kinds].tolist(), [f"not used: {', '.join(ignored)}"] * bool(ignored)
