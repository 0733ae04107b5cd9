"""Data sets: samples x (S, D) float64 and class numbers y (S,), split into train, validation and test."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn import images
from walshqhn.binn.scaling import Scaling
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.errors import DataWarning, InputError, UsageError
from walshqhn.support.resources import require_memory
from walshqhn.support.shown import ByValue, Shown

SPLITS = ("train", "validation", "test")

Label = str | int | float | bool
"""What a class is called in the data it comes from."""


@dataclass(frozen=True, eq=False, repr=False)
class Split(ByValue, Shown):
    """Samples of one split."""

    x: FloatArray
    """(S, D)"""
    y: npt.NDArray[np.int64]
    """(S,), 0 ... classes - 1"""

    def facts(self) -> dict[str, Any]:
        return {"samples": len(self), "inputs": self.x.shape[1]}

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, chosen: npt.NDArray[np.bool_ | np.int64]) -> Split:
        return Split(self.x[chosen], self.y[chosen])


@dataclass(frozen=True, repr=False)
class Dataset(Shown):
    """Training samples and, optionally, validation and test samples."""

    train: Split
    validation: Split | None
    test: Split | None
    source: str
    """Where it comes from, for provenance."""
    num_classes: int
    image_shape: tuple[int, int] | None = None
    """(rows, columns) if the inputs are the pixels of an image, row by row."""
    classes: tuple[Label, ...] = ()
    """The label of every class number; default: 0, 1, ..."""
    feature_names: tuple[str, ...] = ()
    """(D,), or empty: they have none."""
    scaling: Scaling = field(default_factory=Scaling)
    """How the features were scaled; samples here are scaled already."""
    notes: tuple[str, ...] = ()
    """What was guessed about the data, in words."""

    def __post_init__(self) -> None:
        if not self.classes:
            object.__setattr__(self, "classes", tuple(range(self.num_classes)))

    def facts(self) -> dict[str, Any]:
        samples = {name: len(part) for name in SPLITS if (part := self.get(name)) is not None}
        classes = ", ".join(map(str, self.classes))
        return {"source": self.source, "classes": classes, "inputs": self.train.x.shape[1]} | samples

    @property
    def available(self) -> tuple[str, ...]:
        """Names of the splits that have samples."""
        return tuple(name for name in SPLITS if self.get(name) is not None)

    def get(self, split: str) -> Split | None:
        """The split of that name; None if it is empty. UsageError for an unknown name."""
        if split not in SPLITS:
            raise UsageError(f"a split is one of {', '.join(SPLITS)}, got {split!r}.")
        part: Split | None = getattr(self, split)
        return part

    def as_dict(self) -> dict[str, Any]:
        """What a stored result says about its data."""
        found = {"source": self.source, "sha256": self.sha256(), "classes": list(self.classes)}
        named = {"features": list(self.feature_names)} if self.feature_names else {}
        return found | named | ({} if self.scaling.kind == "none" else {"scaling": self.scaling.as_dict()})

    def sha256(self) -> str:
        """Checksum of all samples, so that a stored result can name the data it belongs to."""
        digest = hashlib.sha256()
        for name in self.available:
            part = getattr(self, name)
            digest.update(f"{name} {part.x.shape}".encode())
            digest.update(np.ascontiguousarray(part.x, dtype="<f8").tobytes())
            digest.update(np.ascontiguousarray(part.y, dtype="<i8").tobytes())
        return digest.hexdigest()


def check_fractions(validation_fraction: float, test_fraction: float) -> None:
    """UsageError unless both are in [0, 1)."""
    check_real("validation_fraction", validation_fraction, least=0, below=1)
    check_real("test_fraction", test_fraction, least=0, below=1)


def optional_split(split: Split) -> Split | None:
    """``split``, or None if it is empty."""
    return split if len(split) else None


def warn_of_lost_classes(source: str, name: str, part: Split | None, classes: Sequence[Label]) -> None:
    """DataWarning where the samples of ``part``, called ``name``, show none of a class."""
    lost = sorted({*range(len(classes))} - {*part.y.tolist()}) if part is not None else []
    if lost:
        text = f"{source}: no {name} sample is of class {', '.join(repr(classes[k]) for k in lost)}."
        warnings.warn(text, DataWarning, stacklevel=6)


def generators(seed: int, count: int) -> list[np.random.Generator]:
    """Independent generators, all derived from ``seed``."""
    sequence = np.random.SeedSequence(check_whole("seed", seed, 0))
    return [np.random.default_rng(s) for s in sequence.spawn(count)]


def _drawn(
    draw: Callable[[np.random.Generator, int], Split], counts: tuple[int, int, int], seed: int, features: int
) -> tuple[Split, Split | None, Split | None]:
    """Independent draws of the given numbers of training, validation and test samples."""
    for name, count, least in zip(("num_samples", "num_validation", "num_test"), counts, (1, 0, 0), strict=True):
        check_whole(name, count, least)
    require_memory(sum(counts) * (40 + 24 * features), "the samples", "Ask for fewer (num_samples).")
    train, *others = (draw(rng, count) for rng, count in zip(generators(seed, 3), counts, strict=True))
    return train, optional_split(others[0]), optional_split(others[1])


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
    """Two 4x5 glyphs (a zero and a one), each pixel flipped with ``flip_probability``; classes equally likely."""
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

    Class k is digit ``digits[k]``, or whatever has that label; of two, the second is the positive one. ``dataset`` is
    "mnist", which is bundled, or from its IDX files (plain or .gz) in the folder ``data_dir``, like "fashion-mnist",
    "kmnist", "qmnist" and "emnist-letters" ("balanced", "digits", "mnist", "byclass", "bymerge"): also where
    torchvision and TensorFlow put them in that folder. "sklearn" are scikit-learn's 8x8 digits (an optional extra).
    Without a test set, the last ``test_fraction`` of each digit is kept for testing. Of the training images,
    ``validation_fraction`` is set aside and ``num_samples`` (None: all) are used, both drawn with ``seed``.
    """
    if isinstance(digits, int) or len(digits) < 2 or len(set(digits)) != len(digits):
        raise UsageError(f"digits must be two or more different digits, e.g. (0, 1), got {digits!r}.")
    if not all(isinstance(d, int) and not isinstance(d, bool) and d >= 0 for d in digits):
        raise UsageError(f"digits are whole numbers of at least 0, got {digits!r}.")
    check_whole("size", size, 1)
    if num_samples is not None:
        check_whole("num_samples", num_samples, 1)
    check_fractions(validation_fraction, test_fraction)
    train_images, test_images, source, white = images.load(dataset, data_dir)

    known = np.unique(train_images.digits).tolist()
    if strange := [d for d in digits if d not in known]:
        shown = f"{known[0]} ... {known[-1]}" if len(known) > 2 else known
        raise UsageError(f"digits must be labels of {source}, which are {shown}, got {strange[0]}.")

    def select(labelled: images.Labelled) -> Split:
        keep = np.isin(labelled.digits, digits)
        require_memory(32 * int(keep.sum()) * size**2, f"images of {size:,}x{size:,} pixels", "Ask for a smaller size.")
        resized = images.resize_bilinear(labelled.pixels[keep] / white, (size, size))
        y = np.array([digits.index(d) for d in labelled.digits[keep].tolist()], dtype=np.int64)
        return Split(resized.reshape(len(y), size * size), y)

    train = select(train_images)
    if test_images is not None:
        test = optional_split(select(test_images))
    else:
        train, test = _hold_out_last(train, test_fraction)
    train, validation = _hold_out_random(train, validation_fraction, num_samples, seed)
    for name, part in (("validation", validation), ("test", test)):
        warn_of_lost_classes(source, name, part, digits)
    if len(np.unique(train.y)) < len(digits):
        raise InputError(f"the training images ({source}) do not show all of the digits {digits}.")
    return Dataset(train, validation, test, source, len(digits), (size, size), tuple(digits))


def _hold_out_last(data: Split, fraction: float) -> tuple[Split, Split | None]:
    """Keep the last ``fraction`` of each class apart."""
    held = np.zeros(len(data), dtype=bool)
    for k in np.unique(data.y):
        members = np.flatnonzero(data.y == k)
        held[members[len(members) - round(fraction * len(members)) :]] = True
    return data[~held], optional_split(data[held])


def _hold_out_random(data: Split, fraction: float, keep: int | None, seed: int) -> tuple[Split, Split | None]:
    """Keep a random ``fraction`` apart, then only ``keep`` of the rest (None: all); order is preserved."""
    order = generators(seed, 1)[0].permutation(len(data))
    held, rest = np.split(order, [round(fraction * len(data))])
    if keep is not None and keep > len(rest):
        raise UsageError(f"num_samples must be at most {len(rest)}, got {keep}.")
    return data[np.sort(rest[:keep])], optional_split(data[np.sort(held)])
