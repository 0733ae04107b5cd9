"""walshqhn train, one training."""

import dataclasses
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest

from walshqhn.binn.datasets import Dataset
from walshqhn.cli.output import ProgressDisplay
from walshqhn.formats.hdf5 import load, save

SMALL = ("--num-samples", "60", "--num-validation", "0", "--num-test", "40")


@pytest.fixture
def press(monkeypatch):
    """Presses Ctrl-C when so many iterations of a stage have been shown; 0: never."""

    def after(count, stage=""):
        shown = []

        def update(self, done, text=None, note=""):
            shown.extend([text] if stage in (text or "") else [])
            if text and len(shown) == count:
                raise KeyboardInterrupt

        monkeypatch.setattr(ProgressDisplay, "update", update)

    return after


def assert_equal_runs(first, second):
    assert len(first.runs) == len(second.runs)
    for a, b in zip(first.runs, second.runs, strict=True):
        np.testing.assert_array_equal(a.parameters, b.parameters)
        np.testing.assert_array_equal(a.best_bits, b.best_bits)
        np.testing.assert_array_equal(a.history, b.history)


def test_a_training_of_a_table(run, costs):
    facts = run.json("train", "costs.npy", "-o", "run.h5", "--runs", "2", "--layers", "1")
    assert facts["best_cost"] == facts["exact_minimum"] == 1.25
    assert facts["best_bits"] == "110"
    assert facts["status"] == "converged"
    stored = load("run.h5")
    assert stored.training.summary()["value"] == facts["value"]
    assert stored.cost.tolist() == costs.tolist()
    shown = run("train", "costs.npy", "--runs", "1", "--layers", "1")
    assert "linear ansatz, 1 layer, 12 angles, 1 run, " in shown
    assert "exact minimum   1.25  (reached by the best sample)" in shown


def test_a_network_has_accuracies(run):
    small = ("gaussian", *SMALL, "--hidden", "1")
    facts = run.json("train", *small, "--runs", "1", "--max-iterations", "20", "-o", "t.h5", "--data-seed", "4")
    assert set(facts["accuracy"]) == {"train", "test"}
    assert facts["status"] == "iteration limit"
    assert load("t.h5").task["options"]["seed"] == 4


def test_a_file_is_opened_once_and_its_data_loaded_and_hashed_once(run, monkeypatch):
    run("spectrum", "gaussian", *SMALL, "--hidden", "1", "-o", "g.h5")
    count = Counter()
    real_file, real_hash = h5py.File.__init__, Dataset.sha256

    def opened(self, name, *arguments, **more):
        count[str(name).endswith("g.h5") and "opened"] += 1
        return real_file(self, name, *arguments, **more)

    def hashed(self):
        count["hashed"] += 1
        return real_hash(self)

    monkeypatch.setattr(h5py.File, "__init__", opened)
    monkeypatch.setattr(Dataset, "sha256", hashed)
    facts = run.json("train", "g.h5", "--runs", "2", "--max-iterations", "3", "-o", "t.h5")
    assert set(facts["accuracy"]) == {"train", "test"}
    assert (count["opened"], count["hashed"]) == (1, 1)


@pytest.mark.parametrize("options", [("--ansatz", "product"), ("--ansatz", "qaoa", "--layers", "2")])
def test_other_circuits(run, costs, options):
    facts = run.json("train", "costs.npy", *options, "--runs", "2", "-o", "q.h5")
    assert facts["value"] < costs.mean()
    assert run.json("sample", "q.h5")["exact_minimum"] == 1.25


def test_shots(run, costs):
    facts = run.json("train", "costs.npy", "--engine", "aer", "--shots", "64", "--runs", "1", "--max-iterations", "26")
    assert facts["search"]["optimizer"] == "COBYLA"
    assert facts["evaluations"] == 26
    assert facts["best_cost"] == 1.25


def test_a_device(run, costs):
    """What the circuit takes there is said; where its jobs are recorded, too, if that was asked for."""
    small = ("train", "costs.npy", "--layers", "1", "--runs", "1", "--optimizer", "SPSA", "--max-iterations", "1")
    device = ("--engine", "backend", "--backend", "generic", "--shots", "20")
    facts = run.json(*small, *device)
    assert facts["compiled"]["two_qubit_gates"] >= 2
    out = run(*small, *device, "--jobs", "j.txt")
    assert f"circuit         depth {facts['compiled']['depth']}, " in out
    assert "two-qubit gates on generic_backend" in out
    assert "jobs are recorded in j.txt" in run.err
    assert Path("j.txt").read_text().count("job_id") > 3
    assert run.json(*small)["compiled"] is None


def test_what_was_decided_is_stored(run, tmp_path):
    """As the specs have it, whether it came from the command line, a file or a default."""
    (tmp_path / "c.toml").write_text('[train]\nobjective = "cvar:0.5"\n')
    small = ("gaussian", *SMALL, "--hidden", 1, "--data-seed", 3, "--runs", 1, "--max-iterations", 3)
    run("train", *small, "--config", "c.toml", "-o", "t.h5", "--engine", "aer", "--shots", 20, "--optimizer", "SPSA")
    found = load("t.h5").provenance["config"]
    (variant,) = found["variants"]
    assert found["source"] == "gaussian"
    assert found["task"]["options"]["seed"] == 3
    assert (found["runs"], found["seed"]) == (1, 0)
    assert variant["circuit"] == {"ansatz": "linear", "layers": 2, "max_degree": None, "mixer": "x"}
    assert (variant["engine"]["engine"], variant["engine"]["shots"]) == ("aer", 20)
    assert (variant["search"]["optimizer"], variant["search"]["objective"]) == ("SPSA", "cvar:0.5")
    assert (variant["search"]["max_iterations"], variant["search"]["tails"]) == (3, False)


# --- interrupting and going on ---------------------------------------------------------------------


def test_resume_equals_an_uninterrupted_training(run, costs):
    options = ("train", "costs.npy", "--layers", "1", "--max-iterations", "30")
    run(*options, "--runs", "3", "-o", "whole.h5")
    run(*options, "--runs", "1", "-o", "part.h5")
    run(*options, "--runs", "3", "-o", "part.h5", "--resume")
    assert_equal_runs(load("whole.h5").training, load("part.h5").training)


def test_a_file_can_be_source_and_result_when_it_goes_on(run, costs):
    options = ("--layers", "1", "--max-iterations", "10")
    run("train", "costs.npy", *options, "--runs", "1", "-o", "t.h5")
    run("train", "t.h5", *options, "--runs", "2", "-o", "t.h5", "--resume")
    assert len(load("t.h5").training.runs) == 2


def test_resume_needs_only_the_file(run, costs):
    options = ("--layers", "1", "--max-iterations", "30", "--optimizer", "Adam:learning_rate=0.1", "--seed", 4)
    run("train", "costs.npy", *options, "--runs", "3", "-o", "whole.h5")
    run("train", "costs.npy", *options, "--runs", "1", "-o", "part.h5")
    run("train", "part.h5", "--resume", "--runs", "3")
    assert_equal_runs(load("whole.h5").training, load("part.h5").training)
    assert run.json("train", "part.h5", "--resume")["runs"] == 3
    assert "--resume continues a file" in run.complaint("train", "gaussian", "--resume")
    assert "seed: 4 there, 5 here" in run.complaint("train", "part.h5", "--resume", "--seed", 5)
    run("spectrum", "costs.npy", "-o", "s.h5")
    assert "s.h5 holds no training or study" in run.complaint("train", "s.h5", "--resume", code=1)


def test_resume_refuses_another_training(run, costs, tmp_path):
    small = ("--runs", "1", "--max-iterations", "5")
    run("train", "costs.npy", "-o", "a.h5", *small, "--layers", "1")
    text = run.complaint("train", "costs.npy", "-o", "a.h5", "--resume", *small, "--layers", "2")
    assert "other settings" in text
    np.save(tmp_path / "b.npy", costs[::-1].copy())
    text = run.complaint("train", "b.npy", "-o", "a.h5", "--resume", *small, "--layers", "1")
    assert "cost" in text
    run("spectrum", "costs.npy", "-o", "s.h5")
    text = run.complaint("train", "costs.npy", "-o", "s.h5", "--resume", *small, code=1)
    assert "s.h5 holds no training to continue" in text


def test_ctrl_c_keeps_the_better_result(run, costs, press):
    options = ("train", "costs.npy", "-o", "r.h5", "--runs", "1", "--layers", "2")
    press(12)
    run(*options, code=130)
    before = load("r.h5").training
    assert before.status == "interrupted"
    press(2)
    run(*options, "--resume", code=130)
    assert load("r.h5").training.value == before.value


def test_growing_layer_by_layer(run, costs, press):
    """Interrupted on the way and resumed it ends where it would have ended; runs that did not grow are no part."""
    grown = ("train", "costs.npy", "--layers", "2", "--grow", "--max-iterations", "8")
    run(*grown, "--runs", "2", "-o", "whole.h5")
    whole = load("whole.h5").training
    press(1, "1 layer, run 2 of 2")
    run(*grown, "--runs", "2", "-o", "part.h5", code=130)
    press(0)
    assert load("part.h5").training.ansatz["layers"] == 1
    run(*grown, "--runs", "2", "-o", "part.h5", "--resume")
    part = load("part.h5").training
    assert whole.ansatz["layers"] == part.ansatz["layers"] == 2
    assert_equal_runs(whole, part)
    assert "grown beyond 0 layers with 2 runs" in run.complaint(*grown, "--runs", "3", "-o", "part.h5", "--resume")
    assert "other settings" in run.complaint("train", "costs.npy", "--layers", "3", "-o", "part.h5", "--resume")


def test_a_real_ctrl_c(run, tmp_path):
    """A SIGINT to a process, once it has begun to iterate; more runs than could be over before it comes."""
    np.save(tmp_path / "big.npy", np.random.default_rng(5).normal(size=1 << 12))
    code = (
        "import sys; from walshqhn.cli import main; from walshqhn.cli.output import ProgressDisplay\n"
        "ProgressDisplay.update = lambda *_, **__: print('iterating', flush=True)\n"
        "sys.exit(main(['train', 'big.npy', '-o', 'cut.h5', '--runs', '100000']))"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True) as process:
        for _ in range(20):
            assert process.stdout.readline() == "iterating\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in out
    assert "Traceback" not in err
    kept = load("cut.h5").training
    assert kept.status == "interrupted"
    assert len(kept.history) >= 20
    assert kept.value == kept.best_run.history.min()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--layers", "-1"), "--layers must be a whole number of at least 0, got -1"),
        (("--ansatz", "product", "--layers", "x"), "--layers must be a whole number of at least 0, got 'x'"),
        (("--shots", "10"), "--shots cannot be used with the exact engine"),
        (("--engine", "aer", "--shots", "0"), "--shots must be a whole number of at least 1, got 0"),
        (("--engine", "aer", "--shots", "9", "--optimizer", "L-BFGS-B"), "COBYLA"),
        (("--engine", "aer", "--shots", "9", "--max-iterations", "3"), "--max-iterations of at least 26"),
        (("--runs", "0"), "--runs must be a whole number of at least 1"),
        (("--seed", "-1"), "--seed must be a whole number of at least 0"),
        (("--resume",), "--output"),
        (("--epsilon", "1"), "--epsilon is for studies"),
        (("--ansatz", "qaoa", "--layers", "0"), "--layers of QAOA must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_input(run, costs, tmp_path, arguments, says):
    before = sorted(tmp_path.iterdir())
    assert says in run.complaint("train", "costs.npy", *arguments)
    assert sorted(tmp_path.iterdir()) == before


def test_what_else_a_file_holds_is_kept_when_it_is_continued(run, costs):
    run("train", "costs.npy", "--layers", "0", "--runs", 1, "--workers", 1, "-o", "a.h5")
    run("train", "costs.npy", "--layers", "0", "--runs", 1, "-o", "b.h5")
    study, training = load("a.h5"), load("b.h5")
    save("a.h5", dataclasses.replace(study, training=training.training), overwrite=True)
    run("train", "costs.npy", "--layers", "0", "--runs", 2, "--workers", 1, "-o", "a.h5", "--resume")
    run("train", "costs.npy", "--layers", "0", "--runs", 2, "-o", "a.h5", "--resume")
    found = load("a.h5")
    assert (len(found.training.runs), found.study.plan.runs) == (2, 2)
