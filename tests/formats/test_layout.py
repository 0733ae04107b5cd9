"""The tables that files are made from, and the text that specifies them."""

import h5py
import numpy as np
import pytest
from storage_cases import everything

from walshqhn.formats.hdf5 import save
from walshqhn.formats.layout import GROUPS, LENGTHS, TRAINING, describe

KINDS = {"word": str, "text": bytes, "json": bytes, "int": np.integer, "float": np.floating, "flag": np.bool_}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("layout") / "file.h5"
    save(path, everything())
    with h5py.File(path) as found:
        yield found


def test_a_file_holds_what_the_tables_say_and_nothing_else(file):
    in_study = [a.name for group in ("/study/K", "/training") for a in GROUPS[group][0]]
    columns = {f"{group}/{c.name}" for group, (_, found) in GROUPS.items() for c in found}
    columns |= {f"/study/{v}/{c.name}" for v in range(2) for c in TRAINING}
    assert {name for name in _names(file) if isinstance(file[name], h5py.Dataset)} == columns
    for name in (n for n in _names(file) if isinstance(file[n], h5py.Group)):
        expected = in_study if name[1:].startswith("study/") else [a.name for a in GROUPS[name][0]]
        assert set(file[name].attrs) == set(expected), name


def _names(file):
    found = ["/"]
    file.visit(lambda name: found.append(f"/{name}"))
    return found


@pytest.mark.parametrize("group", [name for name in GROUPS if "K" not in name])
def test_types_shapes_and_protection_are_those_of_the_tables(file, group):
    attributes, columns = GROUPS[group]
    for attribute in attributes:
        assert isinstance(file[group].attrs[attribute.name], KINDS[attribute.kind]), attribute.name
    lengths = {axis: int(file[f"training/{name}"][:].sum()) for axis, name in LENGTHS.items()}
    sizes = {"N": 3, "N+1": 4, "2^N": 8, "words": 1, "terms": 3, "runs": 3, "angles": 6, "starts": 1} | lengths
    for column in columns:
        data = file[group][column.name]
        assert data.dtype.str == column.dtype
        assert data.shape == tuple(sizes.get(axis, axis) for axis in column.shape)
        assert data.chunks
        assert data.fletcher32
        assert data.shuffle
        assert data.compression


def test_the_description_names_everything():
    text = describe()
    for group, (attributes, columns) in GROUPS.items():
        assert f"### `{group}`" in text
        for entry in (*attributes, *columns):
            assert f"| `{entry.name}` |" in text
    assert "| `value_error` | f8 | (runs,) | its standard error; at least 0; NaN: unknown |" in text
    assert "| `tail_means` | f8 | (iterations, 3) | mean cost of the cheapest 1, 5 and 10 % " in text
    assert "| `best_bits` | u1 | (runs, N) | cheapest bit string sampled; 0 ... 1 |" in text
