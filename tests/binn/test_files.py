"""Samples from files as people have them."""

import struct

import numpy as np
import pytest
from oracles import idx_bytes

from walshqhn import Workspace, load_task
from walshqhn.binn.catalog import load_task_from_spec
from walshqhn.binn.files import read_dataset
from walshqhn.support.errors import DataWarning, InputError, UsageError

FEATURES = [[1.5, 2.25], [2.5, 1.5], [0.5, 2.5], [1, 2]]
COMMAS = "1.5,2.25,a\n2.5,1.5,b\n0.5,2.5,a\n1,2,b\n"
EUROPE = COMMAS.replace(",", ";").replace(".", ",")


def made(tmp_path, content, name="d.csv", **options):
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_dataset(str(tmp_path / name), **({"test_fraction": 0.0} | options))


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (COMMAS, ()),
        (COMMAS.replace(",", "\t"), ()),
        (COMMAS.replace(",", "  ").replace("\n", " \n  "), ()),
        (COMMAS.replace(",", "|"), ()),
        (COMMAS.replace(",", ", ").replace("\n", "\r"), ()),
        ("w,h,kind\n" + COMMAS, ("w", "h")),
        ("# w,h,kind\n" + COMMAS, ("w", "h")),
        ("\ufeffw;h;kind\r\n" + EUROPE.replace("\n", "\r\n"), ("w", "h")),
        ("Größe;Höhe;Art\n".encode("cp1252") + EUROPE.encode(), ("Größe", "Höhe")),
        (("w\th\tkind\n" + COMMAS.replace(",", "\t")).encode("utf-16"), ("w", "h")),
        ('"w, x","h","kind"\n' + COMMAS.replace("a", '"a"').replace("b", '"b"'), ("w, x", "h")),
        (",w,h,kind\n" + "".join(f"{k},{row}\n" for k, row in enumerate(COMMAS.split())), ("w", "h")),
        ("ID;w;h;kind\n" + "".join(f"{k};{row}\n" for k, row in enumerate(EUROPE.split(), start=1)), ("w", "h")),
        ("w,h,kind\n" + "".join(f'"row {k}",{row}\n' for k, row in enumerate(COMMAS.split())), ("w", "h")),  # R's
        ("".join(f"{k},{row}\n" for k, row in enumerate(COMMAS.split())), ()),
    ],
)
def test_a_table_in_whatever_form(tmp_path, content, names):
    data = made(tmp_path, content)
    assert data.feature_names == names
    assert data.train.x.tolist() == FEATURES
    assert data.classes == ("a", "b")
    assert data.train.y.tolist() == [0, 1, 0, 1]


def test_what_is_guessed_is_said(tmp_path):
    rows = "".join(f"{k};{row}\n" for k, row in enumerate(EUROPE.split()))
    data = made(tmp_path, "id;w;h;kind\n" + rows)
    assert data.notes == (
        "line 1 is a header", "values stand between semicolons, with decimal commas",
        "column 'id' only names or numbers the samples, so it is left out", "the label is column 'kind' (a guess)",
    )  # fmt: skip
    assert made(tmp_path, COMMAS).notes[0] == "line 1 is a sample, there is no header"
    assert made(tmp_path, "id;w;h;kind\n" + rows, drop="").feature_names == ("id", "w", "h")
    with pytest.warns(DataWarning, match="20 classes in 20 samples: is column 1 the label"):
        made(tmp_path, "".join(f"{k % 2},{k / 7}\n" for k in range(20)))


@pytest.mark.parametrize(
    ("label", "drop", "names", "classes"),
    [
        ("kind", None, ("w", "h"), ("a", "b")), (-1, "h", ("w",), ("a", "b")), (2, ("w",), ("h",), ("a", "b")),
        ("0", "kind", ("h",), (0.5, 1.0, 1.5, 2.5)), ("w", ["2"], ("h",), (0.5, 1.0, 1.5, 2.5)),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*4 classes in 4 samples")
def test_label_and_columns_to_leave_out(tmp_path, label, drop, names, classes):
    data = made(tmp_path, "w,h,kind\n" + COMMAS, label=label, drop=drop)
    assert (data.feature_names, data.classes) == (names, classes)


def test_a_column_that_is_called_the_label_is_it(tmp_path):
    data = made(tmp_path, "label,p0,p1\n7,0,.5\n3,1,1\n7,0,.25\n3,1,0\n")
    assert (data.classes, data.feature_names) == ((3, 7), ("p0", "p1"))
    assert data.train.y.tolist() == [1, 0, 1, 0]


NUMBERS = ".1,.2,.3,1\n.2,.3,.4,0\n.1,.1,.2,1\n.5,.2,.1,0\n"


@pytest.mark.parametrize("header", ["0,1,2,3\n", "label,0,1,2\n", "", ",0,1,2\n"])
def test_a_header_of_numbers_is_no_sample(tmp_path, header):
    body = {
        "l": "1,.1,.2,.3\n0,.2,.3,.4\n1,.1,.1,.2\n0,.5,.2,.1\n",
        ",": "0,.1,.2,1\n1,.2,.3,0\n2,.1,.1,1\n3,.5,.2,0\n",
    }
    data = made(tmp_path, header + body.get(header[:1], NUMBERS))
    assert len(data.train) == 4
    assert data.classes == (0, 1)


@pytest.mark.parametrize("line", ["400,410,420,9", "400,410,420,class", "1,2,x,0", "0,1,2,3"])
def test_a_line_that_may_be_a_header_must_be_called_one_or_not(tmp_path, line):
    text = line + "\n" + NUMBERS.replace(",0\n", ",3\n")
    with pytest.raises(InputError, match=r"is line 1 a header, or a sample.*say header=true or header=false"):
        made(tmp_path, text)
    assert len(made(tmp_path, text, header=True).train) == 4
    assert made(tmp_path, text, header=True).feature_names[0] == line.split(",")[0]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("w,h,y\n1,2,0\n3,,1\n1,1,0\n", {}, r"line 3, column 'h': the value is missing \(''\)"),
        ("w,h,y\n1,2,0\n3,NA,1\n1,1,0\n", {}, r"line 3, column 'h': the value is missing \('NA'\)"),
        ("w,h,y\n1,2,0\n3,1,\n1,1,0\n", {}, "line 3, column 'y': the value is missing"),
        ("w,h,y\n1,2,0\n3,1,NaN\n1,1,0\n", {}, "line 3, column 'y': the value is missing"),
        ("w;h;y\n1;2,5;0\n3;1.234,5;1\n1;1;0\n", {}, "line 3, column 'h': '1.234,5' is not a number"),
        ("w,h,y\n1,2,0\n1_0,1,1\n1,1,0\n", {}, "line 3, column 'w': '1_0' is not a number"),
        ("w,h,y\n" + "1,2,0\n" * 99 + "1,2,3,0\n", {}, "line 101 has 4 values, the others have 3"),
        ("w,w,y\n1,2,0\n1,2,1\n", {}, "two columns are called 'w'"),
        ("w,h,y\n1,red,0\n1,blue,1\n", {}, r"column 'h' holds words \('red'\).*drop=h"),
        ("1,2,0\n1,2,1\n", {"label": "kind"}, "label 'kind' is none of the columns 1, 2, 0"),
        ("1,2,0\n1,2,1\n", {"label": 3}, "label 3 is none of the columns 0 ... 2, without a header"),
        (b"1,2\x00,0\n", {}, "zero bytes"),
        ("1,2,0\n1,2,1\n", {"drop": "0,1"}, "a column of features beside the label"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(tmp_path, content, options, message):
    with pytest.raises((InputError, UsageError), match=message):
        made(tmp_path, content, **options)


def test_arrays_under_the_names_that_people_give_them(tmp_path):
    x, y = np.random.default_rng(0).random((8, 2, 3)), np.array([0, 1] * 4)
    np.savez(tmp_path / "k.npz", x_train=x, y_train=y, x_val=x[:2], y_val=y[:2], X_test=x[2:], y_test=y[2:],
             feature_names=[f"pixel {k}" for k in range(6)], target_names=["no", "Yes"], comment=["mine"])  # fmt: skip
    data = read_dataset(str(tmp_path / "k.npz"))
    assert [len(data.get(s)) for s in data.available] == [8, 2, 6]
    assert np.array_equal(data.validation.x, x[:2].reshape(2, 6))
    assert (data.classes, data.image_shape, data.feature_names[5]) == (("no", "Yes"), (2, 3), "pixel 5")
    assert data.notes == ("not used: comment",)
    np.savez(tmp_path / "t.npz", x=x, y=np.array(["u", "v"] * 4))
    assert read_dataset(str(tmp_path / "t.npz")).classes == ("u", "v")
    with pytest.raises(UsageError, match="has no columns"):
        read_dataset(str(tmp_path / "t.npz"), label="y")
    np.savez(tmp_path / "c.npz", x=x, y=y + 1, class_names=["no", "yes"])
    with pytest.raises(InputError, match=r"2 names of classes, but the labels are not 0 \.\.\. 1"):
        read_dataset(str(tmp_path / "c.npz"))


def test_a_task_from_a_table_is_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made(tmp_path, "w,h,kind\n" + COMMAS * 3)
    task = load_task("custom", path="d.csv", label="kind", drop=["h"], scale="standard", hidden=2)
    assert task.bit_names[:2] == ("w -> 0", "w -> 1")
    assert load_task_from_spec(task.spec).spec == task.spec
    assert Workspace.open("d.csv", {"label": "kind", "drop": "h"}).bit_names == ("w", "b1[0]")
    assert Workspace.open("d.csv").task.classes == ("a", "b")
    made(tmp_path, "w,h,kind\n" + COMMAS.replace("a", "c") * 3)
    with pytest.raises(InputError, match="its checksum is another"):
        load_task_from_spec(task.spec)


def ints(array):
    return b"\x00\x00\x0c\x02" + struct.pack(">2I", *array.shape) + array.astype(">i4").tobytes()


@pytest.mark.parametrize(
    ("dataset", "place", "names", "labels"),
    [
        ("fashion-mnist", "FashionMNIST/raw", ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), (9, 3)),
        ("fashion-mnist", "fashion-mnist", ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), (9, 3)),
        ("kmnist", ".", ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), (0, 7)),
        ("emnist-letters", "EMNIST/raw", ("emnist-letters-train-images-idx3-ubyte",
         "emnist-letters-train-labels-idx1-ubyte"), (26, 1)),
        ("emnist-balanced", "gzip", ("emnist-balanced-train-images-idx3-ubyte",
         "emnist-balanced-train-labels-idx1-ubyte"), (46, 11)),
        ("qmnist", "QMNIST/raw", ("qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int"), (5, 4)),
    ],
)  # fmt: skip
def test_data_sets_like_mnist_in_their_own_folders(tmp_path, dataset, place, names, labels):
    folder = tmp_path / place
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (10, 28, 28))
    digits = np.array(labels * 5)
    (folder / names[0]).write_bytes(idx_bytes(pixels))
    wide = np.column_stack([digits, np.arange(70, 80), np.full((10, 6), -1)])
    (folder / names[1]).write_bytes(ints(wide) if dataset == "qmnist" else idx_bytes(digits))
    options = {"dataset": dataset, "data_dir": str(tmp_path), "size": 28}
    data = load_task("mnist-4x4", digits=labels, test_fraction=0.0, **options).data
    assert data.classes == labels
    assert data.train.y.tolist() == [0, 1] * 5
    upright = pixels.transpose(0, 2, 1) if dataset.startswith("emnist") else pixels
    assert np.array_equal(data.train.x, upright.reshape(10, 784) / 255)
    with pytest.raises(UsageError, match=f"digits must be labels of {dataset}, IDX files, .*, got 2"):
        load_task("mnist-4x4", digits=(labels[0], 2), **options)


def test_what_is_not_bundled_needs_a_folder():
    with pytest.raises(UsageError, match="kmnist is not bundled"):
        load_task("mnist-4x4", dataset="kmnist")
