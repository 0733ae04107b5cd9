"""walshqhn minimum."""

import pytest

from walshqhn import IsingHamiltonian, labs, load_task


def test_a_problem_and_its_file_give_the_same(run):
    run("export", "labs-13", "--format", "native", "-o", "labs13.h5")
    facts = run.json("minimum", "labs13.h5", "--keep", "5")
    assert (facts["exact_minimum"], facts["degeneracy"], facts["best_cost"], facts["num_bits"]) == (6, 4, 6, 13)
    assert [c["cost"] for c in facts["configurations"]] == [6, 6, 6, 6, 14]
    bits = [int(b) for b in reversed(facts["configurations"][0]["bits"])]
    assert labs(13).energy(bits) == 6
    again = run.json("minimum", "labs-13", "--symmetry", "reversal", "--symmetry", ",".join(map(str, range(13))))
    assert (again["best_cost"], again["degeneracy"]) == (6, 4)
    out = run("minimum", "labs13.h5")
    assert "exact        all 2^13 configurations" in out
    assert "reached by   4 configurations" in out


def test_a_table_and_a_task(run, costs):
    facts = run.json("minimum", "costs.npy", "--keep", "2")
    assert [c["cost"] for c in facts["configurations"]] == [1.25, 2.0]
    assert facts["configurations"][0]["bits"] == "110"
    small = {"num_samples": 50, "hidden": 2}
    facts = run.json("minimum", "gaussian", "--num-samples", "50", "--hidden", "2")
    assert facts["best_cost"] == pytest.approx(load_task("gaussian", **small).cost_table().min(), rel=1e-12)
    assert "--method and --symmetry are for Hamiltonians" in run.complaint("minimum", "costs.npy", "--method", "anneal")


def test_what_is_not_exact_is_said(run):
    masks = [[1 << i | 1 << j] for i in range(40) for j in range(i)]
    IsingHamiltonian(40, masks, [(-1.0) ** k / (1 + k % 7) for k in range(len(masks))]).save("dense.h5")
    out = run("minimum", "dense.h5", "--seconds", "0.05", "--method", "anneal")
    assert "best found" in out
    assert "not exact    the best of" in out
    assert "would take about" in run.complaint(
        "minimum", "dense.h5", "--seconds", "0.001", "--method", "enumerate", code=1
    )


def test_bad_input(run):
    run("export", "labs-9", "--format", "native", "-o", "l.h5")
    assert "permutation" in run.complaint("minimum", "l.h5", "--symmetry", "1,2")
    assert "reversal or numbers" in run.complaint("minimum", "l.h5", "--symmetry", "mirror")
    assert "labs-999" in run.complaint("minimum", "labs-999x")
    assert "num_bits" in run.complaint("minimum", "labs-1")
    (run.json("minimum", "l.h5", "--checkpoint", "state.json"))
