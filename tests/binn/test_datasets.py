"""Samples: where they come from, how they are distributed, how they are split."""

import gc

import numpy as np
import pytest
from oracles import MNIST_FILES, write_mnist

from walshqhn import load_task
from walshqhn.binn import images
from walshqhn.binn.datasets import digit_images, gaussian_mixture, glyphs
from walshqhn.binn.files import read_dataset
from walshqhn.support.errors import DataWarning, InputError, UsageError

MEANS = np.array([[-1, -2], [-2, 1], [1, 1], [2, -2]])
NOUGHT = [1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1]
ONE = [0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1]


def same(a, b):
    return np.array_equal(a.x, b.x) and np.array_equal(a.y, b.y)


# --- Gaussian mixture and glyphs ----------------------------------------------------------------


def test_gaussian_mixture_components():
    """Nearest component: they lie more than nine standard deviations apart."""
    data = gaussian_mixture(60_000, 0, 0, seed=1).train
    component = ((data.x[:, None, :] - MEANS) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(component > 0, data.y == 1)
    shares = np.bincount(component) / len(data)
    np.testing.assert_allclose(shares, [1 / 2, 1 / 6, 1 / 6, 1 / 6], atol=0.01)
    for k, mean in enumerate(MEANS):
        points = data.x[component == k]
        np.testing.assert_allclose(points.mean(axis=0), mean, atol=0.015)
        np.testing.assert_allclose(np.cov(points.T), 0.1 * np.eye(2), atol=0.005)
    standard = (data.x - MEANS[component]) / np.sqrt(0.1)
    np.testing.assert_allclose((standard**4).mean(), 3, atol=0.1)  # a normal distribution's


@pytest.mark.parametrize("make", [gaussian_mixture, glyphs])
def test_seeds_and_splits(make):
    def first(seed):
        return make(num_samples=30, num_validation=30, num_test=30, seed=seed)

    data, again, other = first(4), first(4), first(5)
    assert data.sha256() == again.sha256() != other.sha256()
    for split in ("train", "validation", "test"):
        assert same(data.get(split), again.get(split))
        assert not same(data.get(split), other.get(split))
    assert not same(data.train, data.validation)
    assert not same(data.train, data.test)
    assert not same(data.validation, data.test)
    assert data.available == ("train", "validation", "test")


@pytest.mark.parametrize("make", [gaussian_mixture, glyphs])
def test_one_split_does_not_depend_on_the_size_of_another(make):
    small, large = make(num_samples=5, num_test=20), make(num_samples=50, num_test=20)
    assert same(small.test, large.test)
    assert (len(small.train), len(large.train)) == (5, 50)


@pytest.mark.parametrize("make", [gaussian_mixture, glyphs])
def test_empty_splits_are_none(make):
    data = make(num_samples=5, num_validation=0, num_test=0)
    assert data.available == ("train",)
    assert data.validation is None
    assert data.test is None


@pytest.mark.parametrize("make", [gaussian_mixture, glyphs])
@pytest.mark.parametrize(
    "options", [{"num_samples": 0}, {"num_samples": 1.5}, {"num_samples": True}, {"num_test": -1}, {"seed": -1}]
)
def test_refuses_bad_counts(make, options):
    with pytest.raises(UsageError, match="must be a whole number of at least"):
        make(**options)


def test_glyphs_without_flips():
    data = glyphs(flip_probability=0, num_samples=200).train
    assert np.array_equal(data.x, np.array([NOUGHT, ONE])[data.y])
    assert 60 < data.y.sum() < 140


def test_glyph_pixels_flip_independently():
    data = glyphs(flip_probability=0.2, num_samples=20_000, seed=2).train
    flips = data.x != np.array([NOUGHT, ONE])[data.y]
    assert set(np.unique(data.x)) == {0.0, 1.0}
    np.testing.assert_allclose(flips.mean(axis=0), 0.2, atol=0.015)
    np.testing.assert_allclose(np.cov(flips.T), 0.16 * np.eye(20), atol=0.01)


@pytest.mark.parametrize("probability", [-0.1, 0.6, float("nan")])
def test_refuses_bad_flip_probability(probability):
    with pytest.raises(UsageError, match="flip_probability must be in"):
        glyphs(flip_probability=probability)


# --- digits -------------------------------------------------------------------------------------


def test_images_of_two_digits():
    data, raw = digit_images((7, 3)), images.load("mnist")
    for split, labelled in ((data.train, raw.train), (data.test, raw.test)):
        for k, digit in enumerate((7, 3)):
            pixels = labelled.pixels[labelled.digits == digit][:, 3::7, 3::7]
            assert np.array_equal(split.x[split.y == k], pixels.reshape(-1, 16) / 255)
    assert data.image_shape == (4, 4)
    assert data.num_classes == 2


def test_without_a_test_set_the_last_images_of_each_digit_are_for_testing(tmp_path):
    arrays = write_mnist(tmp_path, train=80)
    (tmp_path / MNIST_FILES["test_images"]).unlink()
    data = digit_images((7, 3), data_dir=str(tmp_path), test_fraction=0.25)
    for k, digit in enumerate((7, 3)):
        pixels = arrays["train_images"][arrays["train_labels"] == digit][:, 3::7, 3::7].reshape(-1, 16) / 255
        assert len(pixels) == 8
        assert np.array_equal(data.train.x[data.train.y == k], pixels[:6])
        assert np.array_equal(data.test.x[data.test.y == k], pixels[6:])
    assert digit_images((7, 3), data_dir=str(tmp_path), test_fraction=0.0).available == ("train",)


def test_subsets_and_validation():
    data = digit_images(size=9, validation_fraction=0.25, num_samples=100, seed=3)
    assert (len(data.train), len(data.validation), len(data.test)) == (100, 3166, 2115)
    assert same(data.train, digit_images(size=9, validation_fraction=0.25, num_samples=100, seed=3).train)
    assert not same(data.train, digit_images(size=9, num_samples=100, seed=4).train)
    held, kept = ({tuple(row) for row in part.x} for part in (data.validation, data.train))
    assert not held & kept
    assert 30 < data.train.y.sum() < 70


def test_a_validation_set_without_a_digit_says_so():
    with pytest.warns(DataWarning, match=r"no validation sample is of class [17]\."):
        assert len(digit_images((1, 7), validation_fraction=8e-5).validation) == 1


def test_num_samples_at_most_what_there_is():
    assert len(digit_images(num_samples=12_665).train) == 12_665
    with pytest.raises(UsageError, match="num_samples must be at most 12665, got 12666"):
        digit_images(num_samples=12_666)


def test_samples_must_show_all_digits():
    with pytest.raises(InputError, match=r"do not show all of the digits \(0, 1\)"):
        digit_images(num_samples=1)


@pytest.mark.parametrize(
    "options",
    [
        {"digits": (0,)}, {"digits": (1, 1)}, {"digits": 3}, {"digits": (0, 10)}, {"digits": "01"}, {"size": 0},
        {"num_samples": 0}, {"validation_fraction": 1.0}, {"test_fraction": -0.1}, {"test_fraction": "half"},
    ],
)  # fmt: skip
def test_refuses_bad_options_of_digits(options):
    with pytest.raises(UsageError, match=next(iter(options))):
        digit_images(**options)


def test_full_mnist_folder_has_its_own_test_set(tmp_path):
    arrays = write_mnist(tmp_path, train=60, test=30)
    data = load_task("mnist-4x4", data_dir=str(tmp_path), digits=(4, 9), test_fraction=0.9).data
    for split, part in ((data.train, "train"), (data.test, "test")):
        pixels, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        keep = np.isin(labels, (4, 9))
        assert np.array_equal(split.x, pixels[keep][:, 3::7, 3::7].reshape(-1, 16) / 255)
        assert np.array_equal(split.y, labels[keep] == 9)
    assert (len(data.train), len(data.test)) == (12, 6)


def test_sklearn_digits_at_4x4_are_means_of_four_pixels():
    bunch = pytest.importorskip("sklearn.datasets").load_digits()
    data = load_task("mnist-4x4", dataset="sklearn", digits=(2, 5), test_fraction=0.0).data
    keep = np.isin(bunch.target, (2, 5))
    means = bunch.images[keep].reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)) / 16
    np.testing.assert_allclose(data.train.x, means.reshape(-1, 16), atol=1e-15)
    assert np.array_equal(data.train.y, bunch.target[keep] == 5)


# --- files of one's own -------------------------------------------------------------------------

ROWS = "0.5,1,7\n-2,3e-1,-1\n4,5,7\n6,7,2.5\n8,9,-1\n1,2,2.5\n"


@pytest.mark.parametrize("text", [ROWS, "a,b,class\n" + ROWS, "\n" + ROWS + "\n\n", ROWS.replace("\n", "\r\n")])
def test_csv(tmp_path, text):
    path = tmp_path / "samples.csv"
    path.write_bytes(text.encode())
    data = read_dataset(str(path), test_fraction=0.0)
    assert data.train.x.tolist() == [[0.5, 1], [-2, 0.3], [4, 5], [6, 7], [8, 9], [1, 2]]
    assert data.train.y.tolist() == [2, 0, 2, 1, 0, 1]
    assert (data.num_classes, data.available) == (3, ("train",))


def test_csv_with_a_byte_order_mark_keeps_its_first_sample(tmp_path):
    """As spreadsheets save it."""
    path = tmp_path / "samples.csv"
    path.write_bytes(b"\xef\xbb\xbf" + ROWS.encode())
    assert len(read_dataset(str(path), test_fraction=0.0).train) == 6


def test_hold_out_of_a_file(tmp_path):
    x = np.random.default_rng(0).random((40, 3))
    np.savetxt(tmp_path / "s.csv", np.column_stack([x, np.arange(40) % 2]), delimiter=",")
    data = read_dataset(str(tmp_path / "s.csv"), validation_fraction=0.25, test_fraction=0.2, seed=1)
    assert [len(data.get(s)) for s in data.available] == [24, 8, 8]  # a quarter of what testing leaves
    together = np.concatenate([data.get(s).x for s in data.available])
    assert np.allclose(together[np.lexsort(together.T)], x[np.lexsort(x.T)])
    assert same(data.test, read_dataset(str(tmp_path / "s.csv"), seed=1).test)
    assert not same(data.test, read_dataset(str(tmp_path / "s.csv"), seed=2).test)


def test_npz_with_splits_of_its_own(tmp_path):
    x, y = np.arange(6.0).repeat(2).reshape(6, 2), np.array([4, 9, 4, 9, 9, 4])
    np.savez(tmp_path / "s.npz", x=x, y=y, x_test=x[:2] + 1, y_test=y[:2], x_validation=x[:2] - 1, y_validation=y[:2])
    data = read_dataset(str(tmp_path / "s.npz"), validation_fraction=0.5, test_fraction=0.5)
    assert np.array_equal(data.train.x, x)
    assert data.train.y.tolist() == [0, 1, 0, 1, 1, 0]
    assert np.array_equal(data.test.x, x[:2] + 1)
    assert np.array_equal(data.validation.x, x[:2] - 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "at least two lines"),
        ("1,2,0\n", "at least two lines"),
        ("a,b\n1,0\n", "at least two classes"),
        ("1\n0\n", "a column of features"),
        ("1,2,0\n1,2\n", "line 2 has 2 values, the others have 3|line 1 has 3 values, the others have 2"),
        ("1,2,0\n1,x,1\n", "line 2, column 1: 'x' is not a number"),
        ("a,b,c\n\n1,2,0\n1,x,1\n", "line 4, column 'b': 'x' is not a number"),
        ("1,2,0\n1,nan,1\n", r"line 2, column 1: the value is missing \('nan'\)"),
        ("a,b,c\n1,2,0\n1,inf,1\n", "line 3, column 'b': 'inf' is not a number"),
        ("1,2,0\n3,4,0\n", r"at least two classes are needed, found \[0\]"),
        (b"\x80\x81\x82,\xff\n1,2\n", "samples.csv"),
    ],
)
def test_bad_csv(tmp_path, content, message):
    path = tmp_path / "samples.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        read_dataset(str(path))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((4, 2))}, "needs both x and y, has x"),
        ({"a": np.zeros(4)}, "needs both x and y, has a"),
        ({"x": np.zeros((4, 2)), "y": [0, 1, 0, 1], "x_test": np.zeros((1, 2))}, "needs both x_test and y_test"),
        ({"x": np.zeros(4), "y": [0, 1, 0, 1]}, r"X must be samples of features, \(S, D\), got shape \(4,\)"),
        ({"x": np.zeros((4, 2)), "y": [0, 1, 0]}, "differ in length: 4 samples, 3 labels"),
        ({"x": np.array([["a", "b"]] * 4), "y": [0, 1, 0, 1]}, "X must hold real numbers"),
        (
            {"x": np.zeros((4, 2)), "y": [0, 1, 0, 1], "x_test": np.zeros((1, 3)), "y_test": [0]},
            "2 features to train on, got 3",
        ),
        ({"x": np.zeros((4, 2)), "y": [0, 1, 0, 1], "x_test": np.zeros((1, 2)), "y_test": [5]}, r"do not: \[5\]"),
    ],
)
def test_bad_npz(tmp_path, arrays, message):
    np.savez(tmp_path / "s.npz", **arrays)
    with pytest.raises(InputError, match=message):
        read_dataset(str(tmp_path / "s.npz"))


def damaged_archives(path):
    np.savez(path, x=np.random.default_rng(0).random((40, 2)), y=np.arange(40) % 2)
    content = path.read_bytes()
    np.save(path.with_suffix(".npy"), np.zeros(4))
    return {
        "empty": b"", "text": b"x,y\n1,2\n", "truncated": content[: len(content) // 2],
        "flipped": content[:300] + bytes(b ^ 255 for b in content[300:310]) + content[310:],
        "npy": path.with_suffix(".npy").read_bytes(),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["empty", "text", "truncated", "flipped", "npy"])
def test_damaged_npz(tmp_path, kind):
    path = tmp_path / "s.npz"
    path.write_bytes(damaged_archives(path)[kind])
    with pytest.raises(InputError, match=r"s\.npz"):
        read_dataset(str(path))
    gc.collect()  # a file left open would show now


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_dataset(str(tmp_path / "nowhere.csv"))


def test_a_test_set_of_no_samples_is_no_test_set(tmp_path):
    none = {"x_test": np.zeros((0, 2)), "y_test": np.zeros(0)}
    np.savez(tmp_path / "s.npz", x=np.arange(8.0).reshape(4, 2), y=[0, 1, 0, 1], **none)
    task = load_task("custom", path=str(tmp_path / "s.npz"), test_fraction=0.0)
    assert "test" not in task.splits
    with pytest.raises(UsageError, match="has no 'test' samples"):
        task.accuracy(np.zeros((1, 3)))


@pytest.mark.parametrize("counts", [(8, 2), (5, 4, 1), (2, 2, 2, 4)])
@pytest.mark.filterwarnings("ignore:.*no test sample is of class")
def test_a_random_hold_out_loses_no_class(tmp_path, counts):
    y = np.repeat(np.arange(len(counts)), counts)
    np.savez(tmp_path / "d.npz", x=np.arange(20.0).reshape(10, 2) / 4, y=y)
    for seed in range(30):
        data = load_task("custom", path=tmp_path / "d.npz", seed=seed, loss="softmax").data
        assert set(data.train.y) == set(y)
        assert len(data.test) == 2
        assert len(set(data.test.y)) == 2
        rows = np.vstack([data.train.x, data.test.x])
        assert sorted(rows[:, 0].tolist()) == np.arange(0.0, 5, 0.5).tolist()
