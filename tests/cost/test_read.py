"""Cost tables of one's own, from files of every kind, good and bad."""

import gc

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from walshqhn import TableCost, read_cost_table
from walshqhn.support.errors import FormatError, InputError

TABLE = np.array([0.5, -1, 2, 0.1, 1.5, -0.3, 0.9, 1e-17])


def write_hdf5(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, data in datasets.items():
            file[name.replace("__", "/")] = data


def write(path, table):
    """``table`` in the format of the suffix."""
    if path.suffix == ".npy":
        np.save(path, table)
    elif path.suffix == ".npz":
        np.savez(path, anything=table)
    elif path.suffix in (".txt", ".csv"):
        np.savetxt(path, table, fmt="%.17g")
    else:
        write_hdf5(path, anything=table)


SUFFIXES = (".npy", ".npz", ".txt", ".csv", ".h5", ".hdf5")


@pytest.mark.parametrize("size", [1, 2, 8])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_read(tmp_path, suffix, size):
    path = tmp_path / f"costs{suffix}"
    write(path, TABLE[:size].tolist() if suffix == ".h5" else TABLE[:size])
    table = read_cost_table(str(path))
    assert table.dtype == np.float64
    assert table.flags.c_contiguous
    assert np.array_equal(table, TABLE[:size])


def test_suffix_in_capitals(tmp_path):
    np.save(tmp_path / "costs.npy", TABLE)
    (tmp_path / "costs.npy").rename(tmp_path / "COSTS.NPY")
    assert np.array_equal(read_cost_table(tmp_path / "COSTS.NPY"), TABLE)


@pytest.mark.parametrize("dtype", [">f8", "f4", "i2", "u1", "?"])
def test_other_real_numbers_become_float64(tmp_path, dtype):
    numbers = np.array([0, 1, 1, 0], dtype=dtype)
    np.save(tmp_path / "costs.npy", numbers)
    table = read_cost_table(tmp_path / "costs.npy")
    assert table.dtype == np.dtype("=f8")
    assert table.tolist() == [0, 1, 1, 0]


@given(arrays(np.float64, st.sampled_from([1, 2, 4, 16]), elements=st.floats(-1e140, 1e140)))
def test_round_trip_of_text(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("text") / "costs.txt"
    path.write_text("\n".join(map(repr, table.tolist())))
    assert np.array_equal(read_cost_table(path), table)


@pytest.mark.parametrize("name", ["costs", "table", "values"])
def test_the_array_is_found_by_name(tmp_path, name):
    np.savez(tmp_path / "a.npz", other=TABLE * 2, **{name: TABLE})
    write_hdf5(tmp_path / "a.h5", other=TABLE * 2, **{name: TABLE})
    for path in (tmp_path / "a.npz", tmp_path / "a.h5"):
        assert np.array_equal(read_cost_table(path), TABLE)


def test_a_file_of_our_own(tmp_path):
    write_hdf5(tmp_path / "a.h5", cost__values=TABLE, costs=TABLE * 2, spectrum__weight=np.zeros(4))
    assert np.array_equal(read_cost_table(tmp_path / "a.h5"), TABLE)


def test_which_array_is_unclear(tmp_path):
    np.savez(tmp_path / "a.npz", first=TABLE, second=TABLE)
    write_hdf5(tmp_path / "a.h5", first=TABLE, second=TABLE)
    write_hdf5(tmp_path / "empty.h5")
    for name, found in (("a.npz", "first, second"), ("a.h5", "first, second"), ("empty.h5", "none")):
        with pytest.raises(InputError, match=f"which array is the cost table.*found {found}"):
            read_cost_table(tmp_path / name)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("length", [3, 6])
def test_length_must_be_a_power_of_two(tmp_path, suffix, length):
    path = tmp_path / f"costs{suffix}"
    write(path, np.arange(float(length)))
    with pytest.raises(InputError, match=f"costs{suffix} must have a length that is a power of two, got {length}"):
        read_cost_table(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_must_be_finite(tmp_path, suffix, bad):
    table = TABLE.copy()
    table[[2, 5]] = bad
    path = tmp_path / f"costs{suffix}"
    if suffix in (".txt", ".csv"):
        path.write_text("\n".join(map(str, table.tolist())))
    else:
        write(path, table)
    with pytest.raises(InputError, match=f"must be finite; 2 of 8 values are not.* {bad} at index 2"):
        read_cost_table(path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((2, 2)), r"one axis, got shape \(2, 2\)"),
        (np.float64(1.0), r"one axis, got shape \(\)"),
        (np.zeros(4, complex), "real numbers, got dtype complex128"),
        (np.array(["1", "2"]), "real numbers, got dtype <U1"),
        (np.zeros(0), "power of two, got 0"),
    ],
)
def test_other_arrays_are_refused(tmp_path, table, message):
    np.save(tmp_path / "costs.npy", table)
    with pytest.raises(InputError, match=message):
        read_cost_table(tmp_path / "costs.npy")
    with pytest.raises(InputError, match=f"^a cost table .*{message}"):
        TableCost(table)


def test_pickled_objects_are_refused(tmp_path):
    np.save(tmp_path / "costs.npy", np.array([1, None]), allow_pickle=True)
    with pytest.raises(InputError, match="holds Python objects, which are not read"):
        read_cost_table(tmp_path / "costs.npy")


@pytest.mark.parametrize("name", ["costs.npy", "nowhere/costs.h5"])
def test_missing_file(tmp_path, name):
    with pytest.raises(InputError, match="no such file"):
        read_cost_table(tmp_path / name)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "costs.npy").mkdir()
    with pytest.raises(InputError, match="no such file"):
        read_cost_table(tmp_path / "costs.npy")


@pytest.mark.parametrize("name", ["costs.json", "costs", "costs.npy.gz"])
def test_unknown_suffix(tmp_path, name):
    (tmp_path / name).write_text("1\n")
    with pytest.raises(InputError, match=r"a cost table is a file of kind \.npy, \.npz, \.txt, \.csv, \.h5"):
        read_cost_table(tmp_path / name)


@pytest.mark.parametrize("text", ["1\n2\nthree\n4\n", "cost\n1\ntwo\n", "1,2,3\n"])
def test_text_that_is_no_number(tmp_path, text):
    (tmp_path / "costs.csv").write_text(text)
    with pytest.raises(InputError, match=r"costs\.csv: cannot be read"):
        read_cost_table(tmp_path / "costs.csv")


def damage(content, kind):
    middle = len(content) // 2
    return {
        "empty": b"",
        "text": b"hello, world\n",
        "truncated": content[:middle],
        "flipped": content[:200] + bytes(b ^ 255 for b in content[200:260]) + content[260:],
    }[kind]


@pytest.mark.parametrize("kind", ["empty", "text", "truncated"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_files(tmp_path, suffix, kind):
    path = tmp_path / f"costs{suffix}"
    write(path, np.linspace(-1, 1, 1 << 10))
    content = damage(path.read_bytes(), kind)
    if suffix in (".txt", ".csv") and kind == "truncated":
        content += b"xyz"  # a shorter text is a text still
    path.write_bytes(content)
    with pytest.raises((InputError, FormatError), match="costs"):
        read_cost_table(path)
    gc.collect()  # a file left open would show now


@pytest.mark.parametrize("compress", [False, True])
def test_archive_with_flipped_bits(tmp_path, compress):
    path = tmp_path / "costs.npz"
    (np.savez_compressed if compress else np.savez)(path, costs=np.random.default_rng(0).random(1 << 10))
    path.write_bytes(damage(path.read_bytes(), "flipped"))
    with pytest.raises(InputError, match="cannot be read"):
        read_cost_table(path)


def test_hdf5_with_a_checksum_that_fails(tmp_path):
    path, table = tmp_path / "costs.h5", np.random.default_rng(0).random(1 << 10)
    with h5py.File(path, "w") as file:
        file.create_dataset("costs", data=table, chunks=(256,), fletcher32=True)
    content = path.read_bytes()
    where = content.index(table[512:516].tobytes())
    path.write_bytes(content[:where] + b"\x00\x01" + content[where + 2 :])
    with pytest.raises(FormatError, match="damaged: it cannot be read"):
        read_cost_table(path)


@pytest.mark.parametrize(("content", "name"), [(".npy", "costs.npz"), (".npz", "costs.npy"), (".h5", "costs.npz")])
def test_wrong_suffix(tmp_path, content, name):
    write(tmp_path / f"right{content}", TABLE)
    (tmp_path / f"right{content}").rename(tmp_path / name)
    with pytest.raises(InputError, match="costs"):
        read_cost_table(tmp_path / name)
    gc.collect()


def labelled(order, header="", separator=","):
    """Costs of 3 bits beside their labels, b_2 b_1 b_0."""
    return header + "".join(f"{k:03b}{separator}{TABLE.tolist()[k]!r}\n" for k in order)


@pytest.mark.parametrize(
    "text",
    [
        "cost\n" + "".join(f"{c!r}\n" for c in TABLE.tolist()),
        labelled([5, 0, 3, 7, 1, 2, 6, 4]),
        labelled(range(8), "bits,cost\n"),
        labelled(reversed(range(8)), "bits;cost\n", ";").replace(".", ","),
        labelled(range(8), "", "\t"),
        labelled(range(8), "", "  ").replace("  ", " "),
        '"bits","cost"\n' + "".join(f'"{k:03b}","{c!r}"\n' for k, c in enumerate(TABLE.tolist())),
        ",0\n" + "".join(f"{k},{c!r}\n" for k, c in enumerate(TABLE.tolist())),  # a pandas Series
        "".join(f"{k},{TABLE.tolist()[k]!r}\n" for k in (7, 2, 0, 1, 3, 4, 6, 5)),
    ],
)
def test_text_with_headers_or_with_bit_strings_in_any_order(tmp_path, text):
    (tmp_path / "costs.csv").write_text(text)
    assert np.array_equal(read_cost_table(tmp_path / "costs.csv"), TABLE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (labelled([0, 1, 2, 4, 5, 6, 7]), "the cost of 011 is missing"),
        (labelled(range(7)), "the cost of 111 is missing"),
        (labelled([0, 1, 2, 3, 3, 5, 6, 7]), "the cost of 011 is there twice"),
        (labelled([0, 1, 2, 3, 4, 5, 6, 7, 7]), "the cost of 111 is there twice"),
        ("0,1\n1,2\n10,3\n11,4\n", "a spreadsheet may have dropped their leading zeros"),
        ("00,1\n01,2\n10,3\n1x,4\n", "beside bit strings of up to 62 bits, or indices"),
        ("bits,cost\n00,1\n01,\n10,3\n11,4\n", "line 3, column 'cost': the value is missing"),
        ("bits,cost\n00,1\n01,inf\n10,3\n11,4\n", "line 3, column 'cost': 'inf' is not a number"),
        (f"{'1' * 62},1\n{'0' * 62},2\n", f"the cost of {'0' * 61}1 is missing"),
    ],
)
def test_bit_strings_that_are_missing_or_there_twice(tmp_path, text, message):
    (tmp_path / "costs.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_cost_table(tmp_path / "costs.csv")
