"""walshqhn train with several variants: studies."""

import numpy as np
import pytest
from study_cases import content

from walshqhn import Study, storage
from walshqhn.vqa.study import Plan, Variant
from walshqhn.vqa.study_runner import run_study

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
    assert {b["variant"] for b in facts["baselines"]} == {"rounding degree 1", "random search", "simulated annealing"}
    assert facts["complete"] is True


def test_the_table(run, costs):
    shown = run("train", "costs.npy", "--layers", "0,1", "--runs", 2, "--epsilon", 100, *QUICK)
    lines = {line.split("  ")[0]: line.split() for line in shown.splitlines()}
    assert "linear, 1 layer" in lines
    assert lines["linear, 0 layers"][3:5] == ["2", "1"]  # runs, all within 100 of the minimum
    assert "min C = 1.25" in shown


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
