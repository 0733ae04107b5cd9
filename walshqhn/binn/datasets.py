"""Data sets: samples x (S, D) float64 and class numbers y (S,), split into train, validation and test."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from walshqhn.binn import images
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.npy import read_npz
from walshqhn.support.resources import require_memory

SPLITS = ("train", "validation", "test")

_MOST_FEATURES = 1 << 16  # of samples from a file


@dataclass(frozen=True)
class Split:
    """Samples of one split."""

    x: FloatArray
    """(S, D)"""
    y: npt.NDArray[np.int64]
    """(S,), 0 ... classes - 1"""

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, chosen: npt.NDArray[np.bool_ | np.int64]) -> Split:
        return Split(self.x[chosen], self.y[chosen])


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
        """The split of that name; None if it is empty. UsageError for an unknown name."""
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


def _check_fractions(validation_fraction: float, test_fraction: float) -> None:
    check_real("validation_fraction", validation_fraction, least=0, below=1)
    check_real("test_fraction", test_fraction, least=0, below=1)


def _optional(split: Split) -> Split | None:
    return split if len(split) else None


def _generators(seed: int, count: int) -> list[np.random.Generator]:
    sequence = np.random.SeedSequence(check_whole("seed", seed, 0))
    return [np.random.default_rng(s) for s in sequence.spawn(count)]


def _drawn(
    draw: Callable[[np.random.Generator, int], Split], counts: tuple[int, int, int], seed: int, features: int
) -> tuple[Split, Split | None, Split | None]:
    """Independent draws of so many samples to train, to validate and to test."""
    for name, count, least in zip(("num_samples", "num_validation", "num_test"), counts, (1, 0, 0), strict=True):
        check_whole(name, count, least)
    require_memory(sum(counts) * (40 + 24 * features), "the samples", "Ask for fewer (num_samples).")
    train, *others = (draw(rng, count) for rng, count in zip(_generators(seed, 3), counts, strict=True))
    return train, _optional(others[0]), _optional(others[1])


def gaussian_mixture(
    num_samples: int = 10_000, num_validation: int = 10_000, num_test: int = 10_000, seed: int = 0
) -> Dataset:
    """Two classes in the plane, equally likely (Carrasquilla et al., arXiv:2301.08292).

    Class 0 ~ N((-1, -2), 0.1 I). Class 1: an equal mixture of N((-2, 1), 0.1 I), N((1, 1), 0.1 I) and
    N((2, -2), 0.1 I). The splits are independent draws.
    """
    means = np.array([[-1.0, -2.0], [-2.0, 1.0], [1.0, 1.0], [2.0, -2.0]])

    def draw(rng: np.random.Generator, count: int) -> Split:
        y = rng.integers(0, 2, count)
        component = np.where(y == 0, 0, rng.integers(1, 4, count))
        return Split(means[component] + np.sqrt(0.1) * rng.normal(size=(count, 2)), y)

    splits = _drawn(draw, (num_samples, num_validation, num_test), seed, 2)
    return Dataset(*splits, f"Gaussian mixture, seed {seed}", 2)


# 5 rows of 4 pixels each
_GLYPHS = (("####", "#..#", "#..#", "#..#", "####"), (".#..", "##..", ".#..", ".#..", "####"))


def glyphs(
    flip_probability: float = 0.1, num_samples: int = 1000, num_validation: int = 1000, num_test: int = 1000,
    seed: int = 0,
) -> Dataset:  # fmt: skip
    """Two 4x5 glyphs (a nought and a one), each pixel flipped with ``flip_probability``; classes equally likely."""
    check_real("flip_probability", flip_probability, least=0, most=0.5)
    clean = np.array([[[c == "#" for c in row] for row in glyph] for glyph in _GLYPHS], dtype=np.float64).reshape(2, 20)

    def draw(rng: np.random.Generator, count: int) -> Split:
        y = rng.integers(0, 2, count)
        return Split(np.abs(clean[y] - (rng.random((count, 20)) < flip_probability)), y)

    splits = _drawn(draw, (num_samples, num_validation, num_test), seed, 20)
    return Dataset(*splits, f"glyphs, pixels flipped with probability {flip_probability}, seed {seed}", 2, (5, 4))


def digit_images(
    digits: tuple[int, ...] = (0, 1), size: int = 4, dataset: str = "mnist", data_dir: str | None = None, *,
    num_samples: int | None = None, validation_fraction: float = 0.0, test_fraction: float = 0.2, seed: int = 0,
) -> Dataset:  # fmt: skip
    """Images of the given ``digits``, resized to ``size`` x ``size``, pixels in [0, 1].

    Class k is digit ``digits[k]``; of two, the second is the positive one. ``dataset`` is "mnist", which is bundled, or
    read from its four IDX files (plain or .gz) in the folder ``data_dir``; or "sklearn", scikit-learn's 8x8 digits (an
    optional extra). MNIST brings its test set; where there is none, the last ``test_fraction`` of each digit is kept
    for testing. Of the training images, ``validation_fraction`` is set aside and ``num_samples`` (None: all) are used,
    both drawn with ``seed``.
    """
    if isinstance(digits, int) or len(digits) < 2 or len(set(digits)) != len(digits):
        raise UsageError(f"digits must be two or more different digits, e.g. (0, 1), got {digits!r}.")
    if not all(isinstance(d, int) and 0 <= d <= 9 for d in digits):
        raise UsageError(f"digits lie in 0 ... 9, got {digits!r}.")
    check_whole("size", size, 1)
    if num_samples is not None:
        check_whole("num_samples", num_samples, 1)
    _check_fractions(validation_fraction, test_fraction)
    train_images, test_images, source, white = images.load(dataset, data_dir)

    def select(labelled: images.Labelled) -> Split:
        keep = np.isin(labelled.digits, digits)
        require_memory(32 * int(keep.sum()) * size**2, f"images of {size:,}x{size:,} pixels", "Ask for a smaller size.")
        resized = images.resize_bilinear(labelled.pixels[keep] / white, (size, size))
        y = np.array([digits.index(d) for d in labelled.digits[keep].tolist()], dtype=np.int64)
        return Split(resized.reshape(len(y), size * size), y)

    train = select(train_images)
    if test_images is not None:
        test = _optional(select(test_images))
    else:
        train, test = _hold_out_last(train, test_fraction)
    train, validation = _hold_out_random(train, validation_fraction, num_samples, seed)
    if len(np.unique(train.y)) < len(digits):
        raise InputError(f"the training images ({source}) do not show all of the digits {digits}.")
    return Dataset(train, validation, test, source, len(digits), (size, size))


def read_dataset(path: str, validation_fraction: float = 0.0, test_fraction: float = 0.2, seed: int = 0) -> Dataset:
    """Samples from a CSV or NPZ file.

    CSV: one sample a line, the class in the last column; a first line without numbers is a header. NPZ: arrays ``x``
    (S, D) and ``y`` (S,), and optionally ``x_validation``, ``y_validation``, ``x_test``, ``y_test``. Classes may be any
    numbers; they are counted in ascending order. Without test samples, a random ``test_fraction`` is set aside, and
    without validation samples a random ``validation_fraction`` of the rest.
    """
    _check_fractions(validation_fraction, test_fraction)
    file = check_source(path)
    arrays = _read_npz(file) if file.suffix.lower() == ".npz" else _read_csv(file)
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise InputError(f"{path}: {name} must hold finite numbers only.")
    classes = np.unique(arrays["y"])
    if len(classes) < 2:
        raise InputError(f"{path}: at least two classes are needed, found {classes.tolist()}.")

    def split(suffix: str) -> Split:
        x, labels = arrays[f"x{suffix}"].astype(np.float64), arrays[f"y{suffix}"]
        if x.ndim == 2 and x.shape[1] > _MOST_FEATURES:
            raise InputError(f"{path}: samples have at most {_MOST_FEATURES:,} features, got {x.shape[1]:,}.")
        if x.ndim != 2 or labels.shape != (len(x),) or x.shape[1] != arrays["x"].shape[1]:
            raise InputError(f"{path}: x{suffix} must be (S, D) and y{suffix} (S,), got {x.shape} and {labels.shape}.")
        if not np.isin(labels, classes).all():
            raise InputError(f"{path}: y{suffix} holds classes that y does not.")
        return Split(x, np.searchsorted(classes, labels).astype(np.int64))

    train = split("")
    validation, test = (_optional(split(s)) if f"x{s}" in arrays else None for s in ("_validation", "_test"))
    if test is None:
        train, test = _hold_out_of_each_class(train, test_fraction, seed)
    if validation is None:
        train, validation = _hold_out_of_each_class(train, validation_fraction, seed + 1)
    return Dataset(train, validation, test, f"file {file.name}", len(classes))


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


def _hold_out_last(data: Split, fraction: float) -> tuple[Split, Split | None]:
    """Keep the last ``fraction`` of each class apart."""
    held = np.zeros(len(data), dtype=bool)
    for k in np.unique(data.y):
        members = np.flatnonzero(data.y == k)
        held[members[len(members) - round(fraction * len(members)) :]] = True
    return data[~held], _optional(data[held])


def _hold_out_of_each_class(data: Split, fraction: float, seed: int) -> tuple[Split, Split | None]:
    """Keep a random ``fraction`` apart, as much of each class as can be; order is preserved.

    Every class stays in what is left, and one of two samples or more is also in what is kept apart, if as many are.
    """
    order = _generators(seed, 1)[0].permutation(len(data))
    turn = np.empty(len(data))  # of each sample to be taken: those of a class are spread evenly between 0 and 1
    for k in np.unique(data.y):
        members = order[data.y[order] == k]
        turn[members] = (np.arange(len(members)) + 0.5) / len(members)
        turn[members[0]], turn[members[-1]] = 0.0, 1.0
    held = order[turn[order].argsort(kind="stable")][: round(fraction * len(data))]
    return data[np.setdiff1d(np.arange(len(data)), held)], _optional(data[np.sort(held)])


def _hold_out_random(data: Split, fraction: float, keep: int | None, seed: int) -> tuple[Split, Split | None]:
    """Keep a random ``fraction`` apart, then only ``keep`` of the rest (None: all); order is preserved."""
    order = _generators(seed, 1)[0].permutation(len(data))
    held, rest = np.split(order, [round(fraction * len(data))])
    if keep is not None and keep > len(rest):
        raise UsageError(f"num_samples must be at most {len(rest)}, got {keep}.")
    return data[np.sort(rest[:keep])], _optional(data[np.sort(held)])
