"""Images of digits: the bundled MNIST subset, MNIST's own IDX files, scikit-learn's digits; resizing."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import FormatError, InputError, missing_package, unknown_name

BUNDLED = "mnist-10k.h5"
_IDX = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


@dataclass(frozen=True)
class DigitImages:
    """Images (S, rows, columns) with values in [0, 1] and their digits (S,)."""

    train_images: FloatArray
    train_labels: npt.NDArray[np.int64]
    test_images: FloatArray | None
    test_labels: npt.NDArray[np.int64] | None
    source: str


def load(dataset: str = "mnist", data_dir: str | None = None) -> DigitImages:
    """Images of ``dataset``, "mnist" (from ``data_dir`` if given, else bundled) or "sklearn"."""
    if dataset == "sklearn":
        return _sklearn_digits()
    if dataset != "mnist":
        raise unknown_name("dataset", dataset, ("mnist", "sklearn"))
    return _bundled() if data_dir is None else _idx_folder(Path(data_dir))


def bundled_path() -> Path:
    """The bundled file: inside an installed package, or in ``data/`` of a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "data", package.parent / "data"):
        if (folder / BUNDLED).is_file():
            return folder / BUNDLED
    raise InputError(f"the bundled data {BUNDLED} is missing from this installation; reinstall walshqhn.")


@cache
def _bundled() -> DigitImages:
    import h5py

    with h5py.File(bundled_path(), "r") as file:
        pixels, labels = file["images"][:], file["labels"][:].astype(np.int64)
    return DigitImages(pixels / 255.0, labels, None, None, "MNIST, first 10,000 training images (bundled)")


def _idx_folder(folder: Path) -> DigitImages:
    if not folder.is_dir():
        raise InputError(f"data_dir must be a folder with MNIST's IDX files, got {str(folder)!r}.")
    arrays = {part: _find_idx(folder, name) for part, name in _IDX.items()}
    images, labels = arrays["train_images"], arrays["train_labels"]
    if images is None or labels is None:
        raise InputError(f"{folder}: needs {_IDX['train_images']} and {_IDX['train_labels']} (plain or .gz).")
    for part in ("train", "test"):
        pair = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        if pair[0] is not None and pair[1] is not None and (pair[0].ndim != 3 or pair[1].shape != pair[0].shape[:1]):
            raise InputError(f"{folder}: {part} images and labels do not belong together.")
    test_images, test_labels = arrays["test_images"], arrays["test_labels"]
    if test_images is None or test_labels is None:
        test_images = test_labels = None
    return DigitImages(
        images / 255.0,
        labels.astype(np.int64),
        None if test_images is None else test_images / 255.0,
        None if test_labels is None else test_labels.astype(np.int64),
        "MNIST, IDX files",
    )


def _find_idx(folder: Path, name: str) -> npt.NDArray[np.uint8] | None:
    for spelling in (name, name.replace("-idx", ".idx")):
        for suffix in ("", ".gz"):
            path = folder / (spelling + suffix)
            if path.is_file():
                return read_idx(path)
    return None


def read_idx(path: str | Path) -> npt.NDArray[np.uint8]:
    """An IDX file of unsigned bytes, plain or gzipped: an array of the shape it names. FormatError if it is none."""
    file = Path(path)
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{file}: cannot be read ({error}).") from error
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise FormatError(f"{file}: not an IDX file of unsigned bytes.")
    axes = content[3]
    header = 4 + 4 * axes
    if len(content) < header:
        raise FormatError(f"{file}: the header is truncated.")
    shape = struct.unpack(f">{axes}I", content[4:header])
    expected = int(np.prod(shape, dtype=np.int64))
    if len(content) - header != expected:
        raise FormatError(f"{file}: holds {len(content) - header} bytes, its header says {expected}.")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _sklearn_digits() -> DigitImages:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise missing_package("scikit-learn", "the data set 'sklearn'") from error
    bunch = load_digits()
    return DigitImages(bunch.images / 16.0, bunch.target.astype(np.int64), None, None, "scikit-learn digits")


def resize_bilinear(images: npt.ArrayLike, size: tuple[int, int]) -> FloatArray:
    """Bilinear resizing without antialiasing, half-pixel centres, as TensorFlow 2's ``tf.image.resize``.

    Output pixel i reads at (i + 0.5) * old / new - 0.5, clamped to the image.

    Parameters
    ----------
    images
        (S, rows, columns)
    size
        New (rows, columns).
    """
    array = np.asarray(images, dtype=np.float64)
    for axis, new in ((1, size[0]), (2, size[1])):
        old = array.shape[axis]
        position = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        below = np.floor(position).astype(np.int64)
        above = np.minimum(below + 1, old - 1)
        weight = (position - below).reshape((-1, 1) if axis == 1 else (1, -1))
        array = np.take(array, below, axis=axis) * (1 - weight) + np.take(array, above, axis=axis) * weight
    return array
