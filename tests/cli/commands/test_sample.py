"""walshqhn sample."""

import pytest

QUICK = ("--runs", 1, "--max-iterations", 15)


@pytest.fixture
def trained(run, costs):
    run("train", "costs.npy", "-o", "run.h5", "--runs", 2, "--layers", 1)


@pytest.mark.parametrize("engine", [(), ("--engine", "aer"), ("--engine", "mps")])
def test_networks_are_ranked_by_cost(run, trained, costs, engine):
    facts = run.json("sample", "run.h5", "--shots", 100, *engine)
    assert facts["configurations"][0]["bits"] == "110"
    assert facts["configurations"][0]["excess"] == 0
    assert [n["cost"] for n in facts["configurations"]] == sorted(n["cost"] for n in facts["configurations"])
    assert all(n["cost"] == costs[int(n["bits"], 2)] for n in facts["configurations"])
    assert sum(n["count"] for n in facts["configurations"]) == 100
    assert "110" in run("sample", "run.h5", *engine)


def test_accuracies_of_networks(run):
    small = ("gaussian", "--num-samples", 60, "--num-validation", 0, "--num-test", 40, "--hidden", 1)
    run("train", *small, *QUICK, "-o", "t.h5")
    assert "test accuracy" in " ".join(run("sample", "t.h5", "--top", "2").split())


def test_a_study_is_sampled_by_its_variant_of_least_energy(run, costs):
    study = ("train", "costs.npy", "--layers", "0,1", "--runs", 2, "--max-iterations", "1,30", "--workers", 1)
    facts = run.json(*study, "-o", "s.h5")
    least = min(row["least_excess"] for row in facts["variants"])
    sampled = run.json("sample", "s.h5", "--shots", 4000)
    error = sampled["energy_error"] or 0
    best = min(facts["variants"], key=lambda row: row["least_excess"])["variant"]
    assert sampled["variant"] == best
    assert f"variant: {best}" in run("sample", "s.h5")
    assert run.json("sample", "s.h5", "--variant", 1)["variant"] == facts["variants"][1]["variant"]
    assert "variant 9 of s.h5 has no finished run" in run.complaint("sample", "s.h5", "--variant", 9)
    assert abs(sampled["energy"] - costs.min() - least) <= 5 * error + 1e-6


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("costs.npy",), 1, "holds no training"),
        (("run.h5", "--seed", -1), 2, "--seed must be a whole number of at least 0, got -1"),
        (("run.h5", "--shots", 0), 2, "--shots must be a whole number of at least 1, got 0"),
        (("run.h5", "--top", -1), 2, "--top must be a whole number of at least 0, got -1"),
    ],
)
def test_bad_input(run, trained, arguments, code, says):
    assert says in run.complaint("sample", *arguments, code=code)
