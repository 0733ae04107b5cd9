"""walshqhn train with several variants: studies."""

import numpy as np
import pytest
from study_cases import content

from walshqhn import Plan, Study, Variant, run_study
from walshqhn.cli.keeper import Keeper
from walshqhn.formats.hdf5 import load

QUICK = ("--max-iterations", 15, "--samples", 20, "--workers", 1)


def variants(*settings):
    return tuple(Variant.of(**one, max_iterations=15, samples=20) for one in settings)


def test_several_depths_are_a_study(run, costs, tmp_path):
    asked = ("--ansatz", "product,linear", "--layers", "1,2")
    facts = run.json("train", "costs.npy", *asked, "--runs", 3, "--seed", 4, "-o", "s.h5", *QUICK)
    plan = Plan(variants({"ansatz": "product"}, {"layers": 1}, {"layers": 2}), 3, 4)
    alone = run_study(costs, plan, workers=1)
    assert content(Study.load(tmp_path / "s.h5")) == content(alone)
    assert [v["variant"] for v in facts["variants"]] == ["product", "linear, 1 layer", "linear, 2 layers"]
    assert facts["epsilon"] == pytest.approx(0.01 * costs.std())
    for v, row in enumerate(facts["variants"]):
        good = alone.energies(v) - costs.min() <= facts["epsilon"]
        assert row["success_probability"] == pytest.approx(good.mean())
        assert row["least_excess"] == alone.energies(v).min() - costs.min()
    assert [b["variant"] for b in facts["baselines"]] == [
        "exact minimum", "rounding degree 1", "random search", "1-flip descent", "simulated annealing",
    ]  # fmt: skip
    assert facts["baselines"][0]["best_cost"] == costs.min()
    assert sum(facts["variants"][0]["statuses"].values()) == 3
    assert facts["complete"] is True
    assert np.array_equal(load(tmp_path / "s.h5").cost, costs)


def test_several_values_of_any_option_are_a_study(run, costs, tmp_path):
    (tmp_path / "c.toml").write_text('[train]\nansatz = ["product", "linear"]\nlayers = [1, 2]\nworkers = 1\n')
    facts = run.json("train", "costs.npy", "--config", "c.toml", "--max-iterations", "2,5", "--runs", 1)
    assert [v["variant"] for v in facts["variants"]] == [
        f"{circuit}, max iterations {n}"
        for circuit in ("product", "linear, 1 layer", "linear, 2 layers")
        for n in (2, 5)
    ]


def test_the_table(run, costs):
    shown = run("train", "costs.npy", "--layers", "0,1", "--runs", 2, "--epsilon", 100, *QUICK)
    lines = {line.split("  ")[0]: line.split() for line in shown.splitlines()}
    assert "linear, 1 layer" in lines
    assert lines["linear, 0 layers"][3:5] == ["2", "1"]  # runs, all within 100 of the minimum
    assert lines["exact minimum"][2:6] == ["1", "1", "-", "-"]  # certain, no interval
    assert "min C = 1.25" in shown
    assert "Why runs ended: linear, 0 layers: " in shown
    assert "Most often successful: linear, 0 layers (not significant at the 5 % level)." in shown


def test_where_nothing_succeeded_nobody_is_called_best(run, costs):
    hopeless = ("train", "costs.npy", "--layers", "1,2", "--runs", 2, "--max-iterations", 1, "--workers", 1)
    shown = run(*hopeless, "--epsilon", 1e-9, "--no-product-baseline")
    assert "Most often successful" not in shown
    assert "inf" not in shown
    rows = [line.split() for line in shown.splitlines() if line.startswith("linear")]
    assert [row[-1] for row in rows] == ["-", "-"]  # time to solution
    assert run.json(*hopeless, "--epsilon", 1e-9)["best"] is None


def test_the_product_state_is_in_the_table(run, costs):
    """Trained on the exact engine, whatever trains the others; unless it is there, or not wanted."""
    small = ("train", "costs.npy", "--layers", 1, "--runs", 2, *QUICK)
    facts = run.json(*small)
    assert [v["variant"] for v in facts["variants"]] == ["linear, 1 layer", "product"]
    assert facts["variants"][1]["runs"] == 2
    facts = run.json(*small, "--no-product-baseline")
    assert [v["variant"] for v in facts["variants"]] == ["linear, 1 layer"]
    facts = run.json(*small, "--engine", "aer", "--shots", 30, "--optimizer", "SPSA", "--max-shots", 400)
    assert [v["variant"] for v in facts["variants"]] == ["linear, 1 layer, aer, 30 shots, SPSA", "product"]
    assert facts["variants"][0]["statuses"] == {"shot limit": 2}
    assert "shot limit: raise max_shots" in run(*small, "--engine", "aer", "--shots", 30, "--max-shots", 400) + run.err


def test_what_was_decided_is_stored(run, costs):
    run("train", "costs.npy", "--layers", "0,1", "--runs", 2, "-o", "s.h5", *QUICK)
    found = load("s.h5").provenance["config"]
    plan = Plan(variants({"layers": 0}, {"layers": 1}), 2, 0)
    assert {name: found[name] for name in plan.as_dict()} == plan.as_dict()
    assert found["source"] == "costs.npy"


def test_jobs_of_a_study(run, costs, tmp_path, monkeypatch):
    """A folder with a file for each training on hardware; a study that lost its file pays for nothing again."""
    from backend_cases import Service

    service = Service()
    monkeypatch.setattr("walshqhn.engines.spec.find_backend", lambda name, qubits: service)
    small = ("train", "costs.npy", "--ansatz", "product", "--engine", "backend", "--backend", "ibm_one", "--shots", 20)
    small = (*small, "--optimizer", "SPSA", "--max-iterations", 2, "--samples", 20, "--runs", 2, "--workers", 1)
    facts = run.json(*small, "-o", "s.h5", "--no-product-baseline")
    assert len(list((tmp_path / "s.jobs").iterdir())) == 2
    paid = len(service.kept)
    assert paid > 4
    (tmp_path / "s.h5").unlink()
    again = run.json(*small, "-o", "s.h5", "--no-product-baseline")
    assert len(service.kept) == paid
    assert again["variants"][0]["least_excess"] == facts["variants"][0]["least_excess"]


def test_interrupted_and_resumed(run, costs, tmp_path, monkeypatch):
    arguments = ("train", "costs.npy", "--layers", "0,1", "--runs", 3, "-o", "s.h5", *QUICK)
    run(*arguments)
    whole = content(Study.load(tmp_path / "s.h5"))
    (tmp_path / "s.h5").unlink()
    real, kept = Keeper.keep, []

    def keep_and_stop(self, study):
        real(self, study)
        kept.append(study.done)
        if len(kept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Keeper, "keep", keep_and_stop)
    run(*arguments, code=130)
    assert "2 of 6 trainings done" in run.err
    assert Study.load(tmp_path / "s.h5").done == 2
    assert "exists" in run.complaint(*arguments)
    assert "seed: 0 there, 9 here" in run.complaint(*arguments, "--seed", 9, "--resume")
    kept.clear()
    kept.extend([0, 1, 2])
    run(*arguments, "--resume")
    assert content(Study.load(tmp_path / "s.h5")) == whole
    assert kept[3:7] == [3, 4, 5, 6]


def test_a_study_needs_only_its_file_too(run, costs, tmp_path):
    run("train", "costs.npy", "--layers", "0,1", "--runs", 2, "--seed", 3, "-o", "s.h5", *QUICK)
    facts = run.json("train", "s.h5", "--resume", "--runs", 3, "--epsilon", 0.5)
    assert [row["runs"] for row in facts["variants"]] == [3, 3]
    plan = Plan(variants({"layers": 0}, {"layers": 1}), 3, 3)
    assert content(Study.load(tmp_path / "s.h5")) == content(run_study(costs, plan, workers=1))


def test_a_depth_that_a_circuit_has_not_is_left_out(run, costs):
    few = ("train", "costs.npy", "--layers", "0,1", "--runs", 1, *QUICK, "--no-product-baseline")
    facts = run.json(*few, "--ansatz", "linear,qaoa")
    assert [v["variant"] for v in facts["variants"]] == ["linear, 0 layers", "linear, 1 layer", "qaoa, 1 layer"]
    assert run.err.startswith("note: there is no qaoa with 0 layers; left out\n")
    facts = run.json(*few, "--grow")
    assert [v["variant"] for v in facts["variants"]] == ["linear, 1 layer, grown"]
    assert "nothing is left" in run.complaint("train", "costs.npy", "--ansatz", "qaoa,ma-qaoa", "--layers", 0)


def test_brackets_in_a_label_are_no_markup(run, costs, tmp_path):
    from qiskit import QuantumCircuit, qpy
    from qiskit.circuit import ParameterVector

    circuit = QuantumCircuit(3)
    circuit.ry(ParameterVector("t", 1)[0], 1)
    with (tmp_path / "a[red].qpy").open("wb") as file:
        qpy.dump(circuit, file)
    shown = run("train", "costs.npy", "--ansatz", "a[red].qpy,product", "--runs", 1, *QUICK)
    assert shown.splitlines()[1].startswith("a[red].qpy ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--layers", "1,x"), "'x'"),
        (("--layers", "0,1", "--epsilon", "-1"), "epsilon must be at least 0"),
        (("--workers", "0"), "at least 1"),
        (("--ansatz", "linear,laser"), "'laser'"),
        (("--layers", "1,2", "--shots", "5"), "--shots cannot be used with the exact engine"),
    ],
)
def test_bad_input(run, costs, arguments, says):
    assert says in run.complaint("train", "costs.npy", "--runs", 1, "--max-iterations", 3, *arguments)


def test_resuming_a_file_without_a_study(run, costs):
    run("train", "costs.npy", "--runs", 1, "--max-iterations", 3, "-o", "t.h5")
    text = run.complaint("train", "costs.npy", "--layers", "0,1", "--resume", "-o", "t.h5", code=1)
    assert "holds no study" in text
