"""Data sets: samples x (S, D) float64 and class numbers y (S,), split into train, validation and test."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from walshqhn.binn import images
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.files import first_line, read_npz

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Samples of one split."""

    x: FloatArray
    """(S, D)"""
    y: npt.NDArray[np.int64]
    """(S,), 0 ... classes - 1"""

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Dataset:
    """Training samples and, where there are any, validation and test samples."""

    train: Split
    validation: Split | None
    test: Split | None
    source: str
    """Where it comes from, for provenance."""
    num_classes: int
    image_shape: tuple[int, int] | None = None
    """(rows, columns) if the inputs are the pixels of an image, row by row."""

    @property
    def available(self) -> tuple[str, ...]:
        """Names of the splits there are."""
        return tuple(name for name in SPLITS if self.get(name) is not None)

    def get(self, split: str) -> Split | None:
        """The split of that name; None if it is empty. UsageError for a name that is no split."""
        if split not in SPLITS:
            raise UsageError(f"a split is one of {', '.join(SPLITS)}, got {split!r}.")
        part: Split | None = getattr(self, split)
        return part

    def sha256(self) -> str:
        """Checksum of all samples, so that a stored result can name the data it belongs to."""
        digest = hashlib.sha256()
        for name in self.available:
            part = getattr(self, name)
            digest.update(f"{name} {part.x.shape}".encode())
            digest.update(np.ascontiguousarray(part.x, dtype="<f8").tobytes())
            digest.update(np.ascontiguousarray(part.y, dtype="<i8").tobytes())
        return digest.hexdigest()


def _check_count(name: str, value: int | None, least: int = 1) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise UsageError(f"{name} must be a whole number of at least {least}, got {value!r}.")


def _check_fraction(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise UsageError(f"{name} must lie in [0, 1), got {value!r}.")


def _optional(split: Split) -> Split | None:
    return split if len(split) else None


def _generators(seed: int, count: int) -> list[np.random.Generator]:
    _check_count("seed", seed, least=0)
    return [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(count)]


def gaussian_mixture(
    num_samples: int = 10_000, num_validation: int = 10_000, num_test: int = 10_000, seed: int = 0
) -> Dataset:
    """Two classes in the plane, equally likely (Carrasquilla et al., arXiv:2301.08292).

    Class 0 ~ N((-1, -2), 0.1 I). Class 1: an equal mixture of N((-2, 1), 0.1 I), N((1, 1), 0.1 I)
    and N((2, -2), 0.1 I). Each split is a draw of its own.
    """
    means = np.array([[-1.0, -2.0], [-2.0, 1.0], [1.0, 1.0], [2.0, -2.0]])
    _check_count("num_samples", num_samples)
    splits = []
    for rng, count in zip(_generators(seed, 3), (num_samples, num_validation, num_test), strict=True):
        _check_count("num_validation and num_test", count, least=0)
        y = rng.integers(0, 2, count)
        component = np.where(y == 0, 0, rng.integers(1, 4, count))
        splits.append(Split(means[component] + np.sqrt(0.1) * rng.normal(size=(count, 2)), y))
    train, validation, test = splits
    return Dataset(train, _optional(validation), _optional(test), f"Gaussian mixture, seed {seed}", 2)


# 5 rows of 4 pixels each
_GLYPHS = (("####", "#..#", "#..#", "#..#", "####"), (".#..", "##..", ".#..", ".#..", "####"))


def glyphs(
    flip_probability: float = 0.1,
    num_samples: int = 1000,
    num_validation: int = 1000,
    num_test: int = 1000,
    seed: int = 0,
) -> Dataset:
    """Two 4x5 glyphs (a nought and a one), each pixel flipped with ``flip_probability``; classes equally likely."""
    if not 0 <= flip_probability <= 0.5:
        raise UsageError(f"flip_probability must lie in [0, 0.5], got {flip_probability!r}.")
    clean = np.array([[[c == "#" for c in row] for row in glyph] for glyph in _GLYPHS], dtype=np.float64).reshape(2, 20)
    _check_count("num_samples", num_samples)
    splits = []
    for rng, count in zip(_generators(seed, 3), (num_samples, num_validation, num_test), strict=True):
        _check_count("num_validation and num_test", count, least=0)
        y = rng.integers(0, 2, count)
        splits.append(Split(np.abs(clean[y] - (rng.random((count, 20)) < flip_probability)), y))
    train, validation, test = splits
    source = f"glyphs, pixels flipped with probability {flip_probability}, seed {seed}"
    return Dataset(train, _optional(validation), _optional(test), source, 2, (5, 4))


def digit_images(
    digits: tuple[int, ...] = (0, 1),
    size: int = 4,
    dataset: str = "mnist",
    data_dir: str | None = None,
    num_samples: int | None = None,
    validation_fraction: float = 0.0,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Images of the given ``digits``, resized to ``size`` x ``size``, pixels in [0, 1].

    Parameters
    ----------
    digits
        Class k is digit ``digits[k]``; of two, the second is the positive one.
    dataset
        ``"mnist"`` or ``"sklearn"`` (scikit-learn's 8x8 digits, an optional extra).
    data_dir
        Folder with MNIST's four IDX files (plain or .gz); default: the bundled first 10,000
        training digits.
    num_samples
        Use only so many training images, drawn with ``seed``; None: all.
    validation_fraction
        Part of the training images set aside, drawn with ``seed``.
    test_fraction
        Where no separate test set exists: the last images of each digit that are kept for testing.
    """
    if isinstance(digits, int) or len(digits) < 2 or len(set(digits)) != len(digits):
        raise UsageError(f"digits must be two or more different digits, e.g. (0, 1), got {digits!r}.")
    if not all(isinstance(d, int) and 0 <= d <= 9 for d in digits):
        raise UsageError(f"digits lie in 0 ... 9, got {digits!r}.")
    _check_count("size", size)
    _check_count("num_samples", num_samples)
    _check_fraction("validation_fraction", validation_fraction)
    _check_fraction("test_fraction", test_fraction)
    raw = images.load(dataset, data_dir)

    def select(pixels: FloatArray, labels: npt.NDArray[np.int64]) -> Split:
        keep = np.isin(labels, digits)
        resized = images.resize_bilinear(pixels[keep], (size, size))
        order = {d: k for k, d in enumerate(digits)}
        y = np.array([order[int(d)] for d in labels[keep]], dtype=np.int64)
        return Split(resized.reshape(len(y), size * size), y)

    train = select(raw.train_images, raw.train_labels)
    if raw.test_images is not None and raw.test_labels is not None:
        test = _optional(select(raw.test_images, raw.test_labels))
    else:
        train, test = _hold_out_last(train, test_fraction)
    train, validation = _hold_out_random(train, validation_fraction, num_samples, seed)
    if len(np.unique(train.y)) < len(digits):
        raise InputError(f"the training images ({raw.source}) do not show all of the digits {digits}.")
    return Dataset(train, validation, test, raw.source, len(digits), (size, size))


def read_dataset(path: str, validation_fraction: float = 0.0, test_fraction: float = 0.2, seed: int = 0) -> Dataset:
    """One's own samples, from CSV or NPZ.

    CSV: one sample a line, the class in the last column; a first line without numbers is a header. NPZ: arrays
    ``x`` (S, D) and ``y`` (S,), and if wanted ``x_validation``, ``y_validation``, ``x_test``,
    ``y_test``. Classes may be any numbers; they are counted in ascending order. Without test
    samples of their own, a random ``test_fraction`` is set aside, and of the rest a random
    ``validation_fraction``.
    """
    _check_fraction("validation_fraction", validation_fraction)
    _check_fraction("test_fraction", test_fraction)
    file = Path(path)
    if not file.is_file():
        raise InputError(f"no such file: {path}")
    if file.suffix.lower() == ".npz":
        arrays = _read_npz(file)
    else:
        table = _read_csv(file)
        arrays = {"x": table[:, :-1], "y": table[:, -1]}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise InputError(f"{path}: {name} must hold finite numbers only.")
    classes = np.unique(arrays["y"])
    if len(classes) < 2:
        raise InputError(f"{path}: at least two classes are needed, found {classes.tolist()}.")

    def split(suffix: str) -> Split | None:
        if f"x{suffix}" not in arrays:
            return None
        x, labels = arrays[f"x{suffix}"].astype(np.float64), arrays[f"y{suffix}"]
        if x.ndim != 2 or labels.shape != (len(x),) or x.shape[1] != arrays["x"].shape[1]:
            raise InputError(f"{path}: x{suffix} must be (S, D) and y{suffix} (S,), got {x.shape} and {labels.shape}.")
        if not np.isin(labels, classes).all():
            raise InputError(f"{path}: y{suffix} holds classes that y does not.")
        if suffix and not len(x):
            return None
        return Split(x, np.searchsorted(classes, labels).astype(np.int64))

    train, validation, test = split(""), split("_validation"), split("_test")
    assert train is not None  # _read_npz and _read_csv see to it
    if test is None:
        train, test = _hold_out_random(train, test_fraction, None, seed)
    if validation is None:
        train, validation = _hold_out_random(train, validation_fraction, None, seed + 1)
    return Dataset(train, validation, test, f"file {file.name}", len(classes))


def _read_npz(file: Path) -> dict[str, npt.NDArray[np.float64]]:
    arrays = read_npz(file)
    for suffix in ("", "_validation", "_test"):
        present = [f"{axis}{suffix}" in arrays for axis in "xy"]
        if any(present) != all(present) or (not suffix and not all(present)):
            raise InputError(f"{file}: needs both x{suffix} and y{suffix}, has {', '.join(sorted(arrays))}.")
    return arrays


def _read_csv(file: Path) -> npt.NDArray[np.float64]:
    values: list[list[float]] = []
    first = True
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:  # spreadsheets begin with a byte order mark
            reader = csv.reader(stream)
            for row in reader:
                if not row:
                    continue
                try:
                    values.append([float(cell) for cell in row])
                except ValueError:
                    if not first or any(_is_number(cell) for cell in row):  # a header names columns, in words
                        text = ",".join(row)[:60]
                        raise InputError(f"{file}: line {reader.line_num} is not all numbers: {text!r}.") from None
                first = False
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: not a CSV file in UTF-8 ({first_line(error)}).") from error
    widths = {len(row) for row in values}
    if len(values) < 2 or len(widths) != 1 or widths == {1}:
        raise InputError(f"{file}: needs at least two lines of equally many numbers, the last being the class.")
    return np.array(values)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _hold_out_last(data: Split, fraction: float) -> tuple[Split, Split | None]:
    """Keep the last ``fraction`` of each class apart."""
    held = np.zeros(len(data), dtype=bool)
    for k in np.unique(data.y):
        members = np.flatnonzero(data.y == k)
        held[members[len(members) - round(fraction * len(members)) :]] = True
    return Split(data.x[~held], data.y[~held]), _optional(Split(data.x[held], data.y[held]))


def _hold_out_random(data: Split, fraction: float, keep: int | None, seed: int) -> tuple[Split, Split | None]:
    """Keep a random ``fraction`` apart, then only ``keep`` of the rest (None: all); order is preserved."""
    order = _generators(seed, 1)[0].permutation(len(data))
    count = round(fraction * len(data))
    held, rest = np.sort(order[:count]), order[count:]
    if keep is not None and keep > len(rest):
        raise UsageError(f"num_samples must be at most {len(rest)}, got {keep}.")
    rest = np.sort(rest if keep is None else rest[:keep])
    return Split(data.x[rest], data.y[rest]), _optional(Split(data.x[held], data.y[held]))
