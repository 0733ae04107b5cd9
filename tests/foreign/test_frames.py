"""Frames of pandas and polars, and Parquet files."""

import numpy as np
import pytest

from walshqhn import NetworkTask, load_task
from walshqhn.support.errors import InputError, UsageError

X = np.array([[0.5, -1, 2], [1, 0.25, -2], [-0.5, 3, 1], [2, 1, 0], [0, -2, 1], [1, 1, -1]])
COLUMNS = {"mean radius": X[:, 0], "count": np.array([1, 2, 3, 4, 5, 6]), "is old": X[:, 2] > 0}


@pytest.mark.parametrize("frames", ["pandas", "polars"])
def test_columns_of_frames_name_the_bits(frames):
    library = pytest.importorskip(frames)
    frame, y = library.DataFrame(COLUMNS), library.Series(["b", "a", "b", "a", "c", "c"])
    task = NetworkTask.from_arrays(frame, y, hidden=2, skip=(False, True), X_test=frame[:3], y_test=y[:3])
    names = [f"{c} -> {j}" for c in COLUMNS for j in (0, 1)]
    assert list(task.bit_names[:6]) == names
    assert "count -> output b" in task.bit_names
    expected = np.column_stack([np.asarray(c, dtype=float) for c in COLUMNS.values()])
    assert np.array_equal(task.data.train.x, expected)
    plain = NetworkTask.from_arrays(expected, y.to_list(), hidden=2, skip=(False, True))
    rows = np.random.default_rng(0).integers(0, 2, (4, task.num_bits))
    assert np.array_equal(task.costs(rows), plain.costs(rows))
    assert np.array_equal(task.predict(rows, frame), plain.predict(rows, expected))
    with pytest.raises(InputError, match="must have the features mean radius, count, is old, got count, "):
        task.predict(rows, frame[["count", "mean radius", "is old"]])


def test_parquet(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = tmp_path / "d.parquet"
    pandas.DataFrame({"kind": ["b", "a"] * 3, **COLUMNS}).to_parquet(path)
    task = load_task("custom", path=path, label="kind", test_fraction=0.0)
    assert (task.classes, task.bit_names) == (("a", "b"), (*COLUMNS, "b1[0]"))
    assert np.array_equal(task.data.train.x, np.column_stack([np.asarray(c, dtype=float) for c in COLUMNS.values()]))
    assert load_task("custom", path=path, label=0, drop="count", test_fraction=0.0).bit_names == (
        "mean radius",
        "is old",
        "b1[0]",
    )
    with pytest.raises(UsageError, match="label 'sort' is none of the columns kind, mean radius, count, is old"):
        load_task("custom", path=path, label="sort")
    with pytest.raises(InputError, match=r"d\.parquet: X, column 'kind' must hold numbers"):
        load_task("custom", path=path, label="count")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"d\.parquet: cannot be read"):
        load_task("custom", path=path)
