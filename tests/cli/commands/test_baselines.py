"""walshqhn baselines."""

import pytest


def test_a_task(run):
    facts = run.json(
        "baselines", "gaussian", "--num-samples", "50", "--hidden", "2", "--evaluations", "400", "--runs", "6"
    )
    rows = {row["variant"]: row for row in facts["baselines"]}
    assert list(rows) == [
        "exact minimum", "rounding degree 1", "random search", "1-flip descent", "simulated annealing",
        "straight-through",
    ]  # fmt: skip
    assert rows["1-flip descent"]["best_cost"] == pytest.approx(facts["reference"], rel=1e-12)
    assert all(row["least_excess"] >= 0 for row in rows.values())


def test_a_hamiltonian_past_tables(run):
    out = run("baselines", "labs-31", "--evaluations", "3000", "--runs", "4")
    assert "cost - 67 <= " in out
    assert "That is the exact minimum." in out
    assert "N = 31, 3,000 evaluations a run" in out
    assert "evaluations must be" in run.complaint("baselines", "labs-31", "--evaluations", "0")
    assert "epsilon must be" in run.complaint("baselines", "labs-31", "--epsilon=-1")
