"""walshqhn train with several variants: studies."""

import numpy as np
import pytest
from study_cases import content

from walshqhn import Study
from walshqhn.formats import hdf5 as storage
from walshqhn.study.plan import Plan, Variant
from walshqhn.study.run import run_study

QUICK = ("--max-iterations", 15, "--samples", 20, "--workers", 1)


def test_several_depths_are_a_study(run, costs, tmp_path):
    variants = ("--ansatz", "product,linear", "--layers", "1,2")
    facts = run.json("train", "costs.npy", *variants, "--runs", 3, "--seed", 4, "-o", "s.h5", *QUICK)
    plan = Plan((Variant("product", 0), Variant("linear", 1), Variant("linear", 2)), 3, 4, 15, 1e-6, 20)
    alone = run_study(costs, plan, workers=1)
    assert content(Study.load(tmp_path / "s.h5")) == content(alone)
    assert [v["variant"] for v in facts["variants"]] == ["product", "linear, 1 layer", "linear, 2 layers"]
    assert facts["epsilon"] == pytest.approx(0.01 * costs.std())
    for v, row in enumerate(facts["variants"]):
        good = alone.energies(v) - costs.min() <= facts["epsilon"]
        assert row["success_probability"] == pytest.approx(good.mean())
        assert row["least_excess"] == alone.energies(v).min() - costs.min()
    assert [b["variant"] for b in facts["baselines"]] == [
        "exact minimum", "rounding degree 1", "random search", "simulated annealing",
    ]  # fmt: skip
    assert facts["baselines"][0]["best_cost"] == costs.min()
    assert sum(facts["variants"][0]["statuses"].values()) == 3
    assert facts["complete"] is True


def test_the_table(run, costs):
    shown = run("train", "costs.npy", "--layers", "0,1", "--runs", 2, "--epsilon", 100, *QUICK)
    lines = {line.split("  ")[0]: line.split() for line in shown.splitlines()}
    assert "linear, 1 layer" in lines
    assert lines["linear, 0 layers"][3:5] == ["2", "1"]  # runs, all within 100 of the minimum
    assert "min C = 1.25" in shown
    assert lines["exact minimum"][3:6] == ["1", "-", "-"]  # certain, no interval
    assert "Why runs ended: linear, 0 layers: " in shown


def test_the_product_state_is_in_the_table(run, costs, tmp_path):
    """Trained on the exact engine, whatever trains the others; unless it is there, or not wanted."""
    small = ("train", "costs.npy", "--layers", 1, "--runs", 2, *QUICK)
    facts = run.json(*small, "-o", "s.h5")
    assert [v["variant"] for v in facts["variants"]] == ["linear, 1 layer", "product"]
    assert facts["variants"][1]["runs"] == 2
    facts = run.json(*small, "--no-product-baseline")
    assert [v["variant"] for v in facts["variants"]] == ["linear, 1 layer"]
    facts = run.json(*small, "--engine", "aer", "--shots", 30, "--optimizer", "SPSA", "--max-shots", 400)
    assert [v["variant"] for v in facts["variants"]] == ["linear, 1 layer, aer, 30 shots, SPSA", "product"]
    assert facts["variants"][0]["statuses"] == {"shot limit": 2}
    assert "shot limit: raise max_shots" in run(*small, "--engine", "aer", "--shots", 30, "--max-shots", 400) + run.err


def test_the_configuration_is_stored(run, costs, tmp_path):
    """Everything that was decided, whether it came from the command line, a file or a default."""
    (tmp_path / "c.toml").write_text('[train]\nobjective = "cvar:0.5"\nruns = 2\n')
    run("train", "costs.npy", "--config", "c.toml", "--layers", "0,1", "-o", "s.h5", *QUICK)
    found = storage.load("s.h5").provenance["config"]
    wanted = {"source": "costs.npy", "objective": "cvar:0.5", "runs": 2, "layers": "0,1", "workers": 1,
              "optimizer": "L-BFGS-B", "max_iterations": 15, "seed": 0, "product_baseline": True}  # fmt: skip
    assert {name: found[name] for name in wanted} == wanted
    run("train", "gaussian", "--hidden", 1, "--num-samples", 60, "--data-seed", 3, "--runs", 1, "-o", "t.h5",
        "--max-iterations", 3, "--engine", "aer", "--shots", 20, "--optimizer", "SPSA")  # fmt: skip
    found = storage.load("t.h5").provenance["config"]
    wanted = {"task": "gaussian", "hidden": 1, "num_samples": 60, "data_seed": 3, "seed": 0, "engine": "aer",
              "shots": 20, "optimizer": "SPSA", "ansatz": "linear", "layers": "2", "tails": False}  # fmt: skip
    assert {name: found[name] for name in wanted} == wanted


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

    save = storage.save
    saved = []

    def save_and_stop(path, contents, **options):
        save(path, contents, **options)
        saved.append(contents.study.done)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(storage, "save", save_and_stop)
    run(*arguments, code=130)
    assert "2 of 6 trainings done" in run.err
    assert Study.load(tmp_path / "s.h5").done == 2
    run(*arguments, code=2)
    assert "exists" in run.err
    run(*arguments, "--seed", 9, "--resume", code=2)
    assert "seed: 0 there, 9 here" in run.err
    run(*arguments, "--resume")
    assert content(Study.load(tmp_path / "s.h5")) == whole
    assert saved == [1, 2, 3, 4, 5, 6]


def test_what_else_can_be_done_with_a_study(run, costs, tmp_path):
    run("train", "costs.npy", "--layers", "0,1", "--runs", 2, "-o", "s.h5", *QUICK)
    assert run.json("info", "s.h5")["study"]["done"] == 4
    assert "linear, 1 layer: 2 runs" in run("info", "s.h5")
    figures = run.json("plot", "s.h5", "--kind", "success", "--kind", "energies")["figures"]
    assert figures == ["s-success.png", "s-energies.png"]
    assert all((tmp_path / f).stat().st_size > 5000 for f in figures)
    figures = run.json("plot", "s.h5", "--kind", "training", "-o", "more")["figures"]  # of the better variant
    assert figures == ["more/s-training.png"]
    assert np.array_equal(storage.load(tmp_path / "s.h5").cost, costs)


def test_from_a_configuration_file(run, costs, tmp_path):
    (tmp_path / "c.toml").write_text(
        '[train]\nansatz = ["product", "linear"]\nlayers = [1, 2]\nruns = 1\nworkers = 1\n'
    )
    facts = run.json("train", "costs.npy", "--config", "c.toml", "--max-iterations", 5)
    assert [v["variant"] for v in facts["variants"]] == ["product", "linear, 1 layer", "linear, 2 layers"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--layers", "1,x"), "'1,x'"),
        (("--layers", "0,1", "--epsilon", "-1"), "epsilon must be at least 0"),
        (("--epsilon", "1"), "studies"),
        (("--workers", "0"), "at least 1"),
        (("--ansatz", "linear,laser"), "'laser'"),
        (("--layers", "1,2", "--shots", "5"), "shots does not go with the exact engine"),
    ],
)
def test_bad_input(run, costs, arguments, says):
    run("train", "costs.npy", "--runs", 1, "--max-iterations", 3, *arguments, code=2)
    assert run.out == ""
    assert says in run.err
    assert run.err.count("\n") == 1


def test_resuming_a_file_without_a_study(run, costs):
    run("train", "costs.npy", "--runs", 1, "--max-iterations", 3, "-o", "t.h5")
    run("train", "costs.npy", "--layers", "0,1", "--resume", "-o", "t.h5", code=1)
    assert "holds no study" in run.err
