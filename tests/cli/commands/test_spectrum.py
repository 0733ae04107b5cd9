"""walshqhn spectrum."""

from pathlib import Path

import numpy as np
import pytest

from walshqhn.formats.hdf5 import load

SMALL = ("--num-samples", "60", "--num-validation", "0", "--num-test", "40")


def test_a_table(run, costs):
    facts = run.json("spectrum", "costs.npy")
    assert (facts["exact_minimum"], facts["best_bits"]) == (1.25, "110")
    assert facts["mean"] == pytest.approx(costs.mean())
    assert facts["variance"] == pytest.approx(costs.var())
    assert sum(facts["degree_weights"]) == pytest.approx(np.mean(costs**2))
    out = run("spectrum", "costs.npy")
    assert f"mean {costs.mean():.6g}, variance {costs.var():.6g}, minimum 1.25" in out


def test_it_stores_what_it_found(run):
    target = ("-o", "g.h5", "--plot", "g.png")
    facts = run.json("spectrum", "gaussian", *SMALL, "--hidden", "2", *target, "--max-degree", "2")
    contents = load("g.h5")
    assert contents.num_qubits == facts["num_bits"] == 9
    assert contents.hamiltonian.degrees.max() == 2
    assert contents.hamiltonian.discarded_weight == pytest.approx(facts["hamiltonian"]["discarded_weight"])
    assert contents.task["options"]["hidden"] == 2
    assert contents.provenance["config"]["max_degree"] == 2
    assert contents.provenance["input_sha256"] == contents.task["data"]["sha256"]
    assert Path("g.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    again = run.json("spectrum", "g.h5")
    assert again["degree_weights"] == facts["degree_weights"]


def test_options_with_minus_signs(run):
    small = ("spectrum", "gaussian", *SMALL, "--hidden", "1")
    first, second = run.json(*small, "--weight-values", "-3,1"), run.json(*small, "--weight-values=-3,1")
    assert first["mean"] == second["mean"]


def test_a_truncated_hamiltonian_is_called_one(run, costs):
    """Its energies stand for the cost, but nothing pretends that they are the cost."""
    first = run.json("export", "costs.npy", "--format", "native", "-o", "h1.h5", "--max-degree", "1")
    facts = run.json("spectrum", "h1.h5", "-o", "s1.h5")
    assert "truncated Hamiltonian" in run.err
    assert facts["hamiltonian"]["rms_error"] == pytest.approx(first["rms_error"])
    assert load("s1.h5").hamiltonian.max_degree == 1


def test_rounding_errors_are_no_terms(run):
    facts = run.json("spectrum", "mnist-4x4", "-o", "m.h5")
    assert facts["hamiltonian"]["terms"] == 380
    assert facts["hamiltonian"]["rms_error"] < 1e-14
    assert "0 (rounding)" in run("spectrum", "m.h5")


def test_dollars_in_a_name(run, costs, tmp_path):
    (tmp_path / "costs.npy").rename(tmp_path / "price_$5_to_$x{.npy")
    run("spectrum", "price_$5_to_$x{.npy", "--plot", "p.png")
    assert Path("p.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("--plot", "x.gif"), ".png, .pdf, .svg"), (("-o", "no/such/x.h5"), "no/such"), (("-o", "x.txt"), ".h5")],
)
def test_bad_targets(run, costs, tmp_path, arguments, says):
    before = sorted(tmp_path.iterdir())
    assert says in run.complaint("spectrum", "costs.npy", *arguments)
    assert sorted(tmp_path.iterdir()) == before


def test_past_tables(run):
    """66 bits: what is known is printed and stored, what is not is estimated and said to be."""
    few = ("spectrum", "mnist-8x8", "--num-samples", "30")
    facts = run.json(*few, "--max-degree", "2", "-o", "m.h5", "--plot", "m.png")
    assert facts["num_bits"] == 66
    assert len(facts["degree_weights"]) == 3
    assert facts["rest"] == facts["hamiltonian"]["discarded_weight"] > 0
    assert facts["hamiltonian"]["discarded_error"] > 0
    assert facts["exact_minimum"] is None
    assert facts["variance"] == pytest.approx(sum(facts["degree_weights"][1:]) + facts["rest"])
    contents = load("m.h5")
    assert contents.weights[:3].tolist() == facts["degree_weights"]
    assert np.isnan(contents.weights[3:]).all()
    assert (contents.hamiltonian.num_qubits, contents.hamiltonian.max_degree) == (66, 2)
    again = run.json("spectrum", "m.h5")
    assert (again["degree_weights"], again["rest"]) == (facts["degree_weights"], facts["rest"])
    assert "> 2" in run("spectrum", "m.h5")
    assert "random configurations" in run.out
    assert "W(2) = " in run("info", "m.h5")
    assert "W(3)" not in run.out
    assert "mnist-8x8 has 2^66 networks: without a table of them all, give --max-degree" in run.complaint(*few)
    assert "--max-degree must be a whole number in 0 ... 3, got 4" in run.complaint(*few, "--max-degree", "4")


def test_without_a_table_on_request(run):
    small = ("spectrum", "gaussian", *SMALL, "--hidden", "2")
    full, low = run.json(*small), run.json(*small, "--no-table", "--max-degree", "2")
    assert low["degree_weights"] == pytest.approx(full["degree_weights"][:3], rel=1e-9)
    assert low["rest"] == pytest.approx(sum(full["degree_weights"][3:]), rel=1e-6)  # all 512 networks were visited
    assert low["hamiltonian"]["discarded_error"] == 0


def test_an_estimate_of_any_source(run):
    """A function of 40 bits, a file, a network; how often the cost is evaluated is said before."""
    Path("mine.py").write_text("def cost(b):\n    z = 1 - 2.0 * b\n    return 3 * z[:, 0] * z[:, 35] + z[:, 1]\n")
    facts = run.json("spectrum", "mine:cost", "--num-bits", "40", "--estimate", "sparse", "-o", "m.h5")
    assert "up to 80,000 evaluations of mine:cost (sparse)" in run.err
    assert facts["degree_weights"] == pytest.approx([0, 1, 9])
    assert load("m.h5").hamiltonian.largest(1) == [((0, 35), pytest.approx(3.0))]
    stored = run.json("spectrum", "m.h5")
    assert np.flatnonzero(stored["influences"]).tolist() == [0, 1, 35]
    assert stored["noise_stability"]["0.5"] == pytest.approx(0.5 + 9 / 4)
    fitted = run.json("spectrum", "m.h5", "--estimate", "regression", "--max-degree", "2", "--evaluations", "3000")
    assert fitted["evaluations"] == 3000
    assert fitted["degree_weights"] == pytest.approx([0, 1, 9])
    pairs = run.json("spectrum", "mnist-8x8", "--num-samples", "30", "--estimate", "pairs", "--evaluations", "800")
    assert "degrees up to 2 are exact" in run.err
    assert pairs["errors"][:3] == [0, 0, 0] < pairs["errors"][3:]
    assert "standard error" in run("spectrum", "mine:cost", "--num-bits", "40", "--estimate", "pairs")
    assert "no terms that could be stored" in run.complaint(
        "spectrum", "mine:cost", "--num-bits", "40", "--estimate", "pairs", "-o", "x.h5"
    )
