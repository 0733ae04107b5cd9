"""The bundled MNIST, IDX files, scikit-learn's digits, resizing."""

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import MNIST_FILES, idx_bytes, write_mnist
from scipy.ndimage import map_coordinates

from walshqhn.binn import images
from walshqhn.support.errors import FormatError, InputError, MissingDependencyError, UsageError


def test_bundled_digits():
    """As many of each digit as MNIST has, in its own order."""
    digits = images.load("mnist")
    assert (digits.train.pixels.shape, digits.test.pixels.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    counts = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
    assert tuple(np.bincount(digits.train.digits)) == counts
    assert tuple(np.bincount(digits.test.digits)) == (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
    assert digits.train.digits[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert digits.test.digits[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert digits.train.pixels.dtype == np.uint8
    assert digits.train.pixels.max() == digits.white == 255


def test_the_bundled_file_is_the_one_described():
    folder = Path(__file__).parents[2] / "data"
    assert hashlib.sha256((folder / "mnist.h5").read_bytes()).hexdigest() in (folder / "README.md").read_text()


def test_bundled_digits_look_like_digits():
    """A nought is empty in the middle and a one is not; the margin of four pixels is almost empty."""
    digits = images.load("mnist")
    shown = digits.test.pixels / 255
    noughts, ones = (shown[digits.test.digits == d].mean(axis=0) for d in (0, 1))
    assert noughts[13:15, 13:15].mean() < 0.1 < 0.7 < ones[13:15, 13:15].mean()
    assert ones[14, 10:18].sum() > 2 * ones[14, 18:].sum()
    shown[:, 4:24, 4:24] = 0
    assert shown.mean() < 0.02


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("spelling", ["-idx", ".idx"])
def test_idx_folder(tmp_path, suffix, spelling):
    arrays = write_mnist(tmp_path, suffix=suffix, spelling=spelling)
    found = images.load("mnist", str(tmp_path))
    for part, array in arrays.items():
        split, kind = part.split("_")
        labelled = getattr(found, split)
        assert np.array_equal(labelled.pixels if kind == "images" else labelled.digits, array)
    assert found.train.digits.dtype == np.int64


@pytest.mark.parametrize("missing", ["test_images", "test_labels"])
def test_half_a_test_set_is_none(tmp_path, missing):
    write_mnist(tmp_path)
    (tmp_path / MNIST_FILES[missing]).unlink()
    found = images.load("mnist", str(tmp_path))
    assert found.test is None


@pytest.mark.parametrize("missing", ["train_images", "train_labels"])
def test_training_files_are_needed(tmp_path, missing):
    write_mnist(tmp_path)
    (tmp_path / MNIST_FILES[missing]).unlink()
    with pytest.raises(InputError, match="needs train-images-idx3-ubyte and train-labels-idx1-ubyte"):
        images.load("mnist", str(tmp_path))


def test_folder_must_exist(tmp_path):
    with pytest.raises(InputError, match="data_dir must be a folder"):
        images.load("mnist", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("wrong", [np.zeros(41), np.zeros((40, 28)), np.zeros((12, 1))])
def test_images_and_labels_must_belong_together(tmp_path, part, wrong):
    write_mnist(tmp_path)
    (tmp_path / MNIST_FILES[f"{part}_labels"]).write_bytes(idx_bytes(wrong))
    with pytest.raises(InputError, match=f"{part} images and labels do not belong together"):
        images.load("mnist", str(tmp_path))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 255))
def test_idx_bytes_round_trip(tmp_path_factory, shape, first):
    array = ((first + np.arange(np.prod(shape))) % 256).astype(np.uint8).reshape(shape)
    path = tmp_path_factory.mktemp("idx") / "array"
    path.write_bytes(idx_bytes(array))
    found = images.read_idx(path)
    assert found.shape == tuple(shape)
    assert np.array_equal(found, array)


GOOD = idx_bytes(np.arange(12).reshape(3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file"),
        (b"\x00\x00", "not an IDX file"),
        (b"PK\x03\x04 something else", "not an IDX file"),
        (b"\x00\x00\x0d" + GOOD[3:], "not an IDX file of unsigned bytes"),  # 32-bit floats
        (b"\x01" + GOOD[1:], "not an IDX file"),
        (GOOD[:9], "the header is truncated"),
        (GOOD[:-1], "holds 11 bytes, its header says 12"),
        (GOOD + b"\x00", "holds more than 12 bytes, its header says 12"),
    ],
)
def test_damaged_idx_files(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        images.read_idx(path)


@pytest.mark.parametrize(
    "content",
    [GOOD, gzip.compress(GOOD)[:-9], gzip.compress(GOOD)[:12] + b"garbage" * 4, b""],
    ids=["plain", "truncated", "garbled", "empty"],
)
def test_damaged_gzip_files(tmp_path, content):
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"file\.gz: "):
        images.read_idx(path)


def test_missing_idx_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        images.read_idx(tmp_path / "nowhere")


def test_28_to_4_reads_single_pixels():
    array = np.random.default_rng(0).random((3, 28, 28))
    picked = array[:, [3, 10, 17, 24]][:, :, [3, 10, 17, 24]]
    assert np.array_equal(images.resize_bilinear(array, (4, 4)), picked)


@pytest.mark.parametrize("old", [(1, 1), (2, 3), (5, 8), (7, 7), (28, 28), (9, 4)])
@pytest.mark.parametrize("new", [(1, 1), (3, 2), (4, 4), (5, 9), (8, 8), (11, 3), (29, 28)])
def test_resize_equals_scipy(old, new):
    array = np.random.default_rng([*old, *new]).random((2, *old))
    grid = np.meshgrid(*((np.arange(n) + 0.5) * o / n - 0.5 for o, n in zip(old, new, strict=True)), indexing="ij")
    expected = [map_coordinates(image, grid, order=1, mode="nearest") for image in array]
    np.testing.assert_allclose(images.resize_bilinear(array, new), expected, rtol=0, atol=1e-14)


def test_resize_to_the_same_size_changes_nothing():
    array = np.random.default_rng(0).random((2, 7, 5))
    assert np.array_equal(images.resize_bilinear(array, (7, 5)), array)


def test_resize_up_by_hand():
    """Positions -0.25, 0.25, 0.75, 1.25, clamped to 0 ... 1."""
    assert images.resize_bilinear([[[0.0, 4.0]]], (1, 4)).tolist() == [[[0, 1, 3, 4]]]
    assert images.resize_bilinear([[[0.0], [4.0]]], (4, 1)).tolist() == [[[0], [1], [3], [4]]]


def test_sklearn_digits():
    datasets = pytest.importorskip("sklearn.datasets")
    bunch = datasets.load_digits()
    found = images.load("sklearn")
    assert np.array_equal(found.train.pixels, bunch.data.reshape(-1, 8, 8))
    assert found.white == found.train.pixels.max()
    assert np.array_equal(found.train.digits, bunch.target)


def test_sklearn_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingDependencyError, match=r"scikit-learn.*pip install scikit-learn"):
        images.load("sklearn")


def test_unknown_dataset():
    with pytest.raises(UsageError, match=r"Unknown dataset 'minst'\. Did you mean 'mnist'"):
        images.load("minst")
