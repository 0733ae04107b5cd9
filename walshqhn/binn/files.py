"""Samples from files."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from walshqhn.binn.datasets import Dataset
from walshqhn.binn.samples import MOST_FEATURES, Samples, as_labels, make_dataset
from walshqhn.support.errors import InputError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.npy import read_npz
from walshqhn.support.resources import require_memory


def read_dataset(path: str, validation_fraction: float = 0.0, test_fraction: float = 0.2, seed: int = 0) -> Dataset:
    """Samples from a CSV or NPZ file.

    CSV: one sample a line, the class in the last column; a first line without numbers is a header. NPZ: arrays ``x``
    (S, D) and ``y`` (S,), and optionally ``x_validation``, ``y_validation``, ``x_test``, ``y_test``. Classes may be any
    numbers; they are counted in ascending order. Without test samples, a random ``test_fraction`` is set aside, and
    without validation samples a random ``validation_fraction`` of the rest.
    """
    file = check_source(path)
    arrays = _read_npz(file) if file.suffix.lower() == ".npz" else _read_csv(file)
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise InputError(f"{path}: {name} must hold finite numbers only.")

    def samples(suffix: str) -> Samples:
        x, labels = arrays[f"x{suffix}"].astype(np.float64), as_labels(arrays[f"y{suffix}"], f"{path}: y{suffix}")
        if x.ndim != 2 or labels.shape != (len(x),):
            raise InputError(f"{path}: x{suffix} must be (S, D) and y{suffix} (S,), got {x.shape} and {labels.shape}.")
        if x.shape[1] > MOST_FEATURES:
            raise InputError(f"{path}: samples have at most {MOST_FEATURES:,} features, got {x.shape[1]:,}.")
        return Samples(x, labels)

    others = {name: samples(f"_{name}") for name in ("validation", "test") if f"x_{name}" in arrays}
    return make_dataset(
        samples(""), others, f"file {file.name}", validation_fraction=validation_fraction, test_fraction=test_fraction,
        seed=seed,
    )  # fmt: skip


def _read_npz(file: Path) -> dict[str, npt.NDArray[np.float64]]:
    arrays = read_npz(file)
    for suffix in ("", "_validation", "_test"):
        present = {f"x{suffix}", f"y{suffix}"} & arrays.keys()
        if len(present) == 1 or not (suffix or present):
            raise InputError(f"{file}: needs both x{suffix} and y{suffix}, has {', '.join(sorted(arrays))}.")
    return arrays


def _read_csv(file: Path) -> dict[str, npt.NDArray[np.float64]]:
    values: list[list[float]] = []
    require_memory(20 * file.stat().st_size, str(file), "Save the samples as .npz.")
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:  # spreadsheets begin with a byte order mark
            reader = csv.reader(stream)
            for k, row in enumerate(row for row in reader if row):
                numbers = []
                for cell in row:
                    with suppress(ValueError):
                        numbers.append(float(cell))
                if len(numbers) == len(row):
                    values.append(numbers)
                elif k or numbers:  # a header names columns, in words
                    text = ",".join(row)[:60]
                    raise InputError(f"{file}: line {reader.line_num} is not all numbers: {text!r}.")
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: not a CSV file in UTF-8 ({first_line(error)}).") from error
    widths = {len(row) for row in values}
    if len(values) < 2 or len(widths) != 1 or widths == {1}:
        raise InputError(f"{file}: needs at least two lines of equally many numbers, the last being the class.")
    table = np.array(values)
    return {"x": table[:, :-1], "y": table[:, -1]}
