"""A table of one's own, from the first look to the report."""

import csv
from pathlib import Path

import numpy as np
import pytest

ROWS = [
    (5.1, 0.2, "setosa"),
    (4.9, 0.4, "setosa"),
    (6.3, 1.8, "virginica"),
    (6.0, 2.0, "virginica"),
    (5.5, 1.5, "setosa"),
]


@pytest.fixture
def flowers(tmp_path):
    lines = [f"{k};{w:.1f};{h:.1f};{kind}".replace(".", ",") for k, (w, h, kind) in enumerate(ROWS * 2)]
    (tmp_path / "flowers.csv").write_text("\n".join(["id;sepal length;petal width;species", *lines]))


def test_a_table_is_a_source(run, flowers):
    facts = run.json("spectrum", "flowers.csv", "--scale", "minmax", "--test-fraction", "0", "-o", "f.h5")
    assert "note: flowers.csv: values stand between semicolons, with decimal commas\n" in run.err
    assert "note: flowers.csv: the label is column 'species' (a guess)\n" in run.err
    x = np.array([row[:2] for row in ROWS])
    x, y = (x - x.min(axis=0)) / np.ptp(x, axis=0), np.array([row[2] == "virginica" for row in ROWS])
    bits = np.array([[(k >> j) & 1 for j in range(3)] for k in range(8)])
    u = x @ (2 * bits[:, :2] - 1).T + 2 * bits[:, 2] - 1
    costs = (np.log1p(np.exp(u)) - y[:, None] * u).mean(axis=0)
    assert facts["exact_minimum"] == pytest.approx(costs.min(), rel=1e-12)
    assert facts["best_bits"] == f"{costs.argmin():03b}"
    found = run.json("evaluate", "f.h5", "110")["configurations"][0]
    assert found["weights"] == {"sepal length": -1, "petal width": 1, "b1[0]": 1}
    assert found["cost"] == pytest.approx(costs[6], rel=1e-12)
    assert run.err == ""
    run("export", "f.h5", "--format", "csv", "-o", "terms.csv")
    terms = csv.DictReader(Path("terms.csv").read_text(encoding="utf-8").splitlines())
    assert "sepal length" in {row["bits"] for row in terms}
    run("report", "f.h5")
    page = Path("f.html").read_text(encoding="utf-8")
    assert "sepal length" in page
    assert "architecture" not in page.split("Every bit")[1].split("</table>")[0]


def test_what_is_asked_of_a_table(run, flowers):
    assert "Did you mean 'label'" in run.complaint("spectrum", "flowers.csv", "--lable", "species")
    assert "label 'kind' is none of the columns id, sepal length" in run.complaint(
        "spectrum", "flowers.csv", "--label", "kind"
    )
    shown = run("tasks", "custom", "--path", "flowers.csv", "--label", "species", "--drop", "petal width,id")
    assert "0  sepal length" in shown
    assert "holds words ('setosa')" in run.complaint("spectrum", "flowers.csv", "--label", "id", code=1)


def test_costs_beside_bit_strings_are_no_samples(run, costs, tmp_path):
    rows = [f"{k:03b},{cost}" for k, cost in enumerate(costs.tolist())]
    for header in ([], ["bits,cost"]):
        (tmp_path / "c.csv").write_text("\n".join([*header, *reversed(rows)]))
        facts = run.json("spectrum", "c.csv")
        assert (facts["exact_minimum"], facts["best_bits"]) == (1.25, "110")
    (tmp_path / "c.csv").write_text("\n".join(rows[:5] + rows[6:]))
    assert "the cost of 101 is missing" in run.complaint("spectrum", "c.csv", code=1)
