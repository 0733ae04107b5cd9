"""User-supplied samples: labels of any kind, named features, hold-outs, scaling."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.datasets import Dataset, Split, check_fractions, generators, optional_split, warn_of_lost_classes
from walshqhn.binn.scaling import Scaling
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_array, check_numbers
from walshqhn.support.errors import DataWarning, InputError, UsageError
from walshqhn.support.text import plural

IN_MEMORY = "samples in memory"
"""Source of data that no file holds."""
MOST_FEATURES = 1 << 16
_LONGEST_NAME = 200
_LARGE = 10.0  # one bit of a feature of this size moves the output by 20 at weights of -1 and +1: by a factor of e^20


@dataclass(frozen=True)
class Samples:
    """Features and labels as they were given."""

    x: FloatArray
    """(S, D)"""
    labels: npt.NDArray[Any]
    """(S,), numbers, booleans or texts"""
    feature_names: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None


def as_samples(x: Any, y: Any, suffix: str = "", feature_names: Sequence[str] | None = None) -> Samples:
    """Samples from arrays, lists, or frames of pandas or polars; ``suffix`` of X and y in messages.

    InputError for features that are not numbers, missing or infinite (naming row and column), and for invalid
    labels.
    """
    features, names, shape = as_features(x, f"X{suffix}")
    if feature_names is not None:
        names = check_feature_names(feature_names, features.shape[1])
    labels = as_labels(y, f"y{suffix}")
    if len(labels) != len(features):
        raise InputError(
            f"X{suffix} and y{suffix} differ in length: {len(features):,} samples, {len(labels):,} labels."
        )
    return Samples(features, labels, names, shape)


def as_features(values: Any, name: str = "X") -> tuple[FloatArray, tuple[str, ...], tuple[int, int] | None]:
    """Finite features (S, D) float64, the names of a frame's columns, and the shape of images (S, rows, columns)."""
    names: tuple[str, ...] = ()
    shape = None
    if hasattr(values, "columns") and hasattr(values, "to_numpy"):
        columns = list(values.columns)
        if len(set(columns)) < len(columns):
            raise InputError(f"{name} has two columns of the same name: {sorted(map(str, columns))}.")
        if all(isinstance(c, str) for c in columns):
            names = check_feature_names(columns, len(columns))
        parts = [_numbers_of(values[c].to_numpy(), f"{name}, column {c!r}") for c in columns]
        x = np.column_stack(parts) if parts else np.empty((len(values), 0))
    else:
        if (
            isinstance(values, np.ndarray) and values.dtype.kind == "O" and values.ndim == 2
        ):  # a frame's, of mixed types
            values = np.array([_numbers_of(c, f"{name}, column {k}") for k, c in enumerate(values.T)]).T
        x = check_numbers(name, values, ndim=None)
        if x.ndim == 3:
            shape = (x.shape[1], x.shape[2])
            x = x.reshape(len(x), -1)
    if x.ndim != 2 or not x.size:
        raise InputError(f"{name} must be samples of features, (S, D), got shape {np.shape(values)}.")
    if x.shape[1] > MOST_FEATURES:
        raise InputError(f"{name}: samples have at most {MOST_FEATURES:,} features, got {x.shape[1]:,}.")
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0].tolist()
        where = f"{column}, {names[column]!r}" if names else f"{column}"
        what = "missing (nan)" if np.isnan(x[row, column]) else f"{x[row, column]}"
        raise InputError(f"{name} must hold finite numbers: row {row}, column {where}, is {what}.")
    return x, names, shape


def _numbers_of(column: npt.NDArray[Any], place: str) -> FloatArray:
    """A frame's column (S,); what is missing becomes NaN."""
    if column.dtype.kind == "O":
        cells = [float("nan") if _is_missing(v) else v for v in column.tolist()]
        column = np.array([float(v) if isinstance(v, Decimal) else v for v in cells])
    if column.dtype.kind not in "biuf":
        found = f", such as {str(column[0])[:40]!r}" if len(column) else ""
        raise InputError(f"{place} must hold numbers, got {column.dtype.name}{found}: encode it, or leave it out.")
    return check_numbers(place, column)


def _is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT."""
    return value is None or str(value) in ("nan", "<NA>", "NaT")


def check_feature_names(names: Sequence[Any], count: int) -> tuple[str, ...]:
    """The names of ``count`` features. InputError unless there are as many, all different."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise InputError(f"feature names must be {plural(count, 'different name')}, got {names!r}.")
    found = tuple(str(name).strip() or f"column {k}" for k, name in enumerate(names))
    twice = sorted({name for name in found if found.count(name) > 1}) if len(set(found)) < len(found) else []
    if len(found) != count or twice:
        problem = f"{twice[0]!r} twice" if twice else f"{len(found)}"
        raise InputError(f"feature names must be {plural(count, 'different name')}, got {problem}.")
    if longest := next((name for name in found if len(name) > _LONGEST_NAME), ""):
        raise InputError(f"a feature's name has at most {_LONGEST_NAME} characters, got {longest[:40]!r}...")
    return found


def as_labels(values: Any, name: str = "y") -> npt.NDArray[Any]:
    """Labels (S,) as an array of one kind: booleans, numbers or texts. Numbers that are all whole become integers.

    InputError for missing labels, mixtures, one-hot rows, and other types.
    """
    plain: Any = values.to_numpy() if hasattr(values, "to_numpy") else values
    labels: npt.NDArray[Any]
    if isinstance(plain, list | tuple) and not any(isinstance(v, list | tuple | np.ndarray) for v in plain):
        labels = np.empty(len(plain), dtype=object)  # NumPy would make text of numbers that stand beside text
        labels[:] = plain
    else:
        labels = check_array(name, plain)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        hint = " (for one-hot rows, y.argmax(axis=1))" if labels.ndim == 2 else ""
        raise InputError(f"{name} must be one label a sample, (S,), got shape {labels.shape}{hint}.")
    if labels.dtype.kind not in "biufU":
        items = [v.item() if isinstance(v, np.generic) else v for v in labels.tolist()]
        kinds = {str: "text", bool: "booleans", int: "numbers", float: "numbers"}
        row = next((k for k, v in enumerate(items) if _is_missing(v)), None)
        if row is not None:
            raise InputError(f"{name} must be a label everywhere: row {row} is missing.")
        found = sorted({kinds.get(type(v), type(v).__name__) for v in items})
        if len(found) > 1 or (found and found[0] not in kinds.values()):
            raise InputError(f"{name} must be all numbers, all booleans or all text, got {', '.join(found)}.")
        labels = np.array(items)
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            row = int(np.flatnonzero(~np.isfinite(labels))[0])
            raise InputError(f"{name} must be a label everywhere: row {row} is {labels[row]}.")
        if (labels == np.rint(labels)).all() and np.abs(labels).max(initial=0) < 1 << 53:
            labels = labels.astype(np.int64)
    return labels


def from_memory(
    train: tuple[Any, Any], others: Mapping[str, tuple[Any, Any]], feature_names: Sequence[str] | None, **settings: Any
) -> Dataset:
    """A data set of (X, y) for training and of those ``others`` that are not (None, None); see `make_dataset`."""
    held = {}
    for name, (x, y) in others.items():
        if (x is None) != (y is None):
            raise UsageError(f"X_{name} and y_{name} belong together, got only one of them.")
        if x is not None:
            held[name] = as_samples(x, y, f"_{name}", feature_names)
    return make_dataset(as_samples(*train, "", feature_names), held, IN_MEMORY, **settings)


def make_dataset(
    train: Samples, others: Mapping[str, Samples], source: str, *, scale: str = "none",
    validation_fraction: float = 0.0, test_fraction: float = 0.0, seed: int = 0, notes: Sequence[str] = (),
    asked: str = "are these the labels?",
) -> Dataset:  # fmt: skip
    """A data set of ``train`` and, in ``others``, "validation" and "test" samples.

    Classes are the labels in ascending order: False before True, text by its characters. Without test
    samples, ``test_fraction`` of each class is held out; without validation samples, ``validation_fraction`` of the
    rest; both are drawn with ``seed``. Every class stays in the training set; DataWarning if another set that was
    drawn misses one. Scaling is by the training samples.
    """
    check_fractions(validation_fraction, test_fraction)
    classes, numbers = np.unique(train.labels, return_inverse=True)
    if len(classes) < 2:
        raise InputError(f"{source}: at least two classes are needed, found {classes.tolist()}.")
    if 2 * len(classes) > len(numbers):
        _warn(f"{source}: {len(classes)} classes in {plural(len(numbers), 'sample')}: {asked}")
    kept = Split(train.x, numbers.astype(np.int64).ravel())
    held = {
        name: optional_split(_like(train, part, classes, f"{source}: {name} samples")) for name, part in others.items()
    }
    for name, fraction, shift in (("test", test_fraction, 0), ("validation", validation_fraction, 1)):
        if held.get(name) is None:
            kept, part = _hold_out_of_each_class(kept, fraction, seed + shift)
            warn_of_lost_classes(source, name, part, classes.tolist())
            held[name] = part
    scaling = Scaling.fit(scale, kept.x)
    names = train.feature_names
    if scale == "none":
        _warn_of_large(source, kept.x, names)

    def scaled(part: Split) -> Split:
        return Split(scaling(part.x), part.y)

    validation, test = (None if part is None else scaled(part) for part in (held["validation"], held["test"]))
    return Dataset(
        scaled(kept), validation, test, source, len(classes), train.image_shape, tuple(classes.tolist()), names,
        scaling, tuple(notes),
    )  # fmt: skip


def _warn(text: str) -> None:
    warnings.warn(text, DataWarning, stacklevel=5)


def _like(train: Samples, part: Samples, classes: npt.NDArray[Any], place: str) -> Split:
    """``part`` with class numbers. InputError if it has other features or classes than ``train``."""
    different = part.feature_names and train.feature_names and part.feature_names != train.feature_names
    if different or part.x.shape[1] != train.x.shape[1]:
        pairs = zip(part.feature_names, train.feature_names, strict=False)
        found = next((f"{a!r} in place of {b!r}" for a, b in pairs if a != b), f"{part.x.shape[1]}")
        raise InputError(f"{place} must have the {plural(train.x.shape[1], 'feature')} to train on, got {found}.")
    kinds = {("text" if labels.dtype.kind == "U" else "numbers") for labels in (part.labels, classes)}
    unknown = part.labels if len(kinds) > 1 else np.setdiff1d(part.labels, classes)
    if len(unknown):
        raise InputError(f"{place} hold classes that those to train on do not: {unknown[:5].tolist()}.")
    return Split(part.x, np.searchsorted(classes, part.labels).astype(np.int64))


def _warn_of_large(source: str, x: FloatArray, names: Sequence[str]) -> None:
    """Warn where one bit of one feature changes the output so much that it decides alone."""
    peak = np.abs(x).max(axis=0)
    sizes = peak * np.sqrt(np.mean(np.square(x / np.where(peak > 0, peak, 1.0)), axis=0))
    largest = int(sizes.argmax())
    if sizes[largest] > _LARGE:
        name = repr(names[largest]) if names else f"number {largest}"
        _warn(
            f"{source}: feature {name} is of size {sizes[largest]:.3g}, and so are the outputs of networks and costs; "
            'scale="standard" or "minmax" brings features to 1.'
        )


def _hold_out_of_each_class(data: Split, fraction: float, seed: int) -> tuple[Split, Split | None]:
    """Set a random ``fraction`` aside, stratified by class; order is preserved.

    Every class stays in the rest. A class of two samples or more is also in the part set aside, if that is large
    enough.
    """
    order = generators(seed, 1)[0].permutation(len(data))
    turn = np.empty(len(data))  # of each sample to be taken: those of a class are spread evenly between 0 and 1
    for k in np.unique(data.y):
        members = order[data.y[order] == k]
        turn[members] = (np.arange(len(members)) + 0.5) / len(members)
        turn[members[0]], turn[members[-1]] = 0.0, 1.0
    held = order[turn[order].argsort(kind="stable")][: round(fraction * len(data))]
    return data[np.setdiff1d(np.arange(len(data)), held)], optional_split(data[np.sort(held)])
