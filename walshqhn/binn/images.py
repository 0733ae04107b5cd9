"""Images of digits: the bundled MNIST, its IDX files, scikit-learn's digits; resizing."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import FormatError, InputError, UsageError, missing_package, unknown_name
from walshqhn.support.files import check_source
from walshqhn.support.resources import require_memory

_IDX_TYPES = {0x08: "u1", 0x0C: ">i4"}
_BUNDLED = "mnist.h5"
_STRONGEST = 1040  # bytes that a byte of a gzip file can stand for: deflate's most is 1032


class Labelled(NamedTuple):
    """Images and what they show."""

    pixels: npt.NDArray[np.uint8 | np.float64]
    """(S, rows, columns), 0 ... `DigitImages.white`"""
    digits: npt.NDArray[np.int64]
    """(S,)"""


class DigitImages(NamedTuple):
    """A data set; ``test`` is None if it has no separate test images."""

    train: Labelled
    test: Labelled | None
    source: str
    white: float
    """The largest value a pixel can have."""


IDX = {
    "mnist": ("MNIST", ""),
    "fashion-mnist": ("FashionMNIST", ""),
    "kmnist": ("KMNIST", ""),
    "qmnist": ("QMNIST", "qmnist-"),
} | {
    f"emnist-{p}": ("EMNIST", f"emnist-{p}-") for p in ("letters", "balanced", "digits", "mnist", "byclass", "bymerge")
}
"""Data sets of IDX files: the folder that they are usually in, and what their names begin with."""


def load(dataset: str = "mnist", data_dir: str | None = None) -> DigitImages:
    """Images of ``dataset``: one of `IDX`, from ``data_dir`` (default: the bundled "mnist"), or "sklearn"."""
    if dataset == "sklearn":
        return _sklearn_digits()
    if dataset not in IDX:
        raise unknown_name("dataset", dataset, (*IDX, "sklearn"))
    if data_dir is None and dataset != "mnist":
        raise UsageError(f"{dataset} is not bundled: say where its IDX files are (data_dir).")
    return _bundled() if data_dir is None else _idx_folder(Path(data_dir), dataset)


@cache
def _bundled() -> DigitImages:
    """The bundled file: inside an installed package, or in ``data/`` of a checkout."""
    import h5py

    package = Path(__file__).resolve().parent.parent
    path = next((p for f in (package, package.parent) if (p := f / "data" / _BUNDLED).is_file()), None)
    if path is None:
        raise InputError(f"the bundled data {_BUNDLED} is missing from this installation; reinstall walshqhn.")
    with h5py.File(path, "r") as file:
        train, test = (
            Labelled(file[f"{part}/images"][:], file[f"{part}/labels"][:].astype(np.int64))
            for part in ("train", "test")
        )
    return DigitImages(train, test, "MNIST (bundled)", 255.0)


def _idx_folder(folder: Path, dataset: str) -> DigitImages:
    """From ``folder``, or where torchvision and TensorFlow put them in it."""
    if not folder.is_dir():
        raise InputError(f"data_dir must be a folder with IDX files, got {str(folder)!r}.")
    prefix, places = IDX[dataset][1], _idx_places(folder, dataset)

    def read(part: str, names: tuple[str, ...]) -> Labelled | None:
        """Both files of a part; None if one of them is missing."""
        pixels = _find_idx(places, [f"{prefix}{name}-images-idx3-ubyte" for name in names])
        kinds = ("labels-idx1-ubyte", "labels-idx2-int")
        labels = _find_idx(places, [f"{prefix}{name}-{kind}" for name in names for kind in kinds])
        if pixels is None or labels is None:
            return None
        if labels.ndim == 2 and labels.dtype != np.uint8:  # QMNIST's: the class, and where the image comes from
            labels = labels[:, 0]
        if pixels.ndim != 3 or labels.shape != pixels.shape[:1]:
            raise InputError(f"{folder}: {part} images and labels do not belong together.")
        if prefix.startswith("emnist"):
            pixels = pixels.transpose(0, 2, 1)  # they lie on their side in the files
        return Labelled(pixels, labels.astype(np.int64))

    train = read("train", ("train",))
    if train is None:
        labels = "labels-idx2-int" if dataset == "qmnist" else "labels-idx1-ubyte"
        raise InputError(f"{folder}: needs {prefix}train-images-idx3-ubyte and {prefix}train-{labels} (plain or .gz).")
    names = {"mnist": "MNIST, IDX files"}
    return DigitImages(train, read("test", ("t10k", "test")), names.get(dataset, f"{dataset}, IDX files"), 255.0)


def _idx_places(folder: Path, dataset: str) -> list[Path]:
    homes = [folder, *(folder / name for name in (IDX[dataset][0], dataset, dataset.replace("-", "_")))]
    return [home / inner for home in homes for inner in ("", "raw", "gzip", "raw/gzip")]


def idx_files(folder: Path, dataset: str) -> list[Path]:
    """All files that may be read as ``dataset`` from ``folder``."""
    places = _idx_places(folder, dataset) if dataset in IDX else []
    return sorted({path for place in places for path in place.glob("*[-.]idx[123]-*") if path.is_file()})


def _find_idx(places: list[Path], names: list[str]) -> npt.NDArray[Any] | None:
    for place, name in product(places, names):
        for spelling, suffix in product((name, name.replace("-idx", ".idx")), ("", ".gz")):
            if (path := place / (spelling + suffix)).is_file():
                return read_idx(path)
    return None


def read_idx(path: str | Path) -> npt.NDArray[Any]:
    """The array in an IDX file of unsigned bytes or 32-bit integers, plain or gzipped. FormatError for another file."""
    file = check_source(path)
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            start = stream.read(4)
            if len(start) < 4 or start[:2] != b"\x00\x00" or start[2] not in _IDX_TYPES:
                raise FormatError(f"{file}: not an IDX file of unsigned bytes or 32-bit integers.")
            dtype = np.dtype(_IDX_TYPES[start[2]])
            sizes = stream.read(4 * start[3])
            if len(sizes) < 4 * start[3]:
                raise FormatError(f"{file}: the header is truncated.")
            shape = struct.unpack(f">{start[3]}I", sizes)
            if start[3] > 3 or 0 in shape:
                raise FormatError(f"{file}: images or labels have shape {shape}.")
            expected = math.prod(shape) * dtype.itemsize
            if expected > file.stat().st_size * _STRONGEST:  # a claim that no content can meet
                raise FormatError(f"{file}: its header says {expected:,} bytes, which are not there.")
            require_memory(9 * expected, str(file), "Use fewer images.")  # pixels become float64
            content = stream.read(expected + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{file}: cannot be read ({error}).") from error
    if len(content) != expected:
        found = f"more than {expected}" if len(content) > expected else f"{len(content)}"
        raise FormatError(f"{file}: holds {found} bytes, its header says {expected}.")
    return np.frombuffer(content, dtype).reshape(shape)


def _sklearn_digits() -> DigitImages:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise missing_package("scikit-learn", "the data set 'sklearn'") from error
    bunch = load_digits()
    return DigitImages(Labelled(bunch.images, bunch.target.astype(np.int64)), None, "scikit-learn digits", 16.0)


def resize_bilinear(images: npt.ArrayLike, size: tuple[int, int]) -> FloatArray:
    """Images (S, rows, columns) resized to ``size``, new (rows, columns).

    Bilinear, without antialiasing, half-pixel centres, as TensorFlow 2's ``tf.image.resize``: output pixel i reads at
    (i + 0.5) * old / new - 0.5, clamped to the image.
    """
    array = np.asarray(images, dtype=np.float64)
    for axis, new in ((1, size[0]), (2, size[1])):
        old = array.shape[axis]
        if new == old:
            continue  # no copies of all of MNIST at full size
        position = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        below = np.floor(position).astype(np.int64)
        above = np.minimum(below + 1, old - 1)
        weight = (position - below).reshape((-1, 1) if axis == 1 else (1, -1))
        array = np.take(array, below, axis=axis) * (1 - weight) + np.take(array, above, axis=axis) * weight
    return array
