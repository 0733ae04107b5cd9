"""walshqhn evaluate."""

import json
import subprocess
import sys

import numpy as np
import pytest

from walshqhn import load_task

SMALL = ("--num-samples", 60, "--num-validation", 0, "--num-test", 40, "--hidden", 1)


def test_weights_cost_and_accuracies_of_any_bit_string(run):
    """Against a network of one hidden neuron by hand: x -> W1 -> relu or sigmoid -> W2, biases as the bits say."""
    task = load_task("gaussian", num_samples=60, num_validation=0, num_test=40, hidden=1, weight_values=(-3, 1))
    facts = run.json("evaluate", "gaussian", "01100", "10111", *SMALL, "--weight-values=-3,1")
    assert facts["num_bits"] == 5
    for found, label in zip(facts["configurations"], ("01100", "10111"), strict=True):
        w = {name: (-3.0, 1.0)[int(bit)] for name, bit in zip(task.bit_names, label[::-1], strict=True)}
        assert found["weights"] == w
        for split in ("train", "test"):
            x, y = task.data.get(split).x, task.data.get(split).y
            hidden = 1 / (1 + np.exp(-(x @ [w["W1[0,0]"], w["W1[1,0]"]] + w["b1[0]"])))
            u = hidden * w["W2[0,0]"] + w["b2[0]"]
            assert found["accuracy"][split] == pytest.approx(((u > 0) == y).mean())
            loss = ((1 / (1 + np.exp(-u)) - y) ** 2).mean()
            assert task.costs([[int(bit) for bit in label[::-1]]], split) == pytest.approx(loss)
        assert found["cost"] == task.costs([[int(bit) for bit in label[::-1]]])[0]
    turned = run.json("evaluate", "gaussian", "00110", *SMALL, "--weight-values=-3,1", "--order", "bits")
    assert turned["configurations"] == [facts["configurations"][0]]
    shown = run("evaluate", "gaussian-activation", "100110", *SMALL)
    assert "activation             relu" in shown
    assert "W1[0,0]" in shown


def test_without_a_task_it_is_the_cost(run, costs):
    facts = run.json("evaluate", "costs.npy", "110", "011")
    found = [(n["cost"], n["excess"], n["accuracy"]) for n in facts["configurations"]]
    assert found == [(1.25, 0, {}), (2.0, 0.75, {})]
    assert "weights" not in facts["configurations"][0]
    assert "cost                   2  (0.75 above the minimum)" in run("evaluate", "costs.npy", "011")
    assert "a label has 3 digits here, got 2" in run.complaint("evaluate", "costs.npy", "11", code=1)
    assert "give 3 zeros and ones" in run.complaint("evaluate", "costs.npy")


def test_the_best_of_a_training_is_the_default(run, costs):
    run("train", "costs.npy", "-o", "t.h5", "--layers", 1, "--runs", 1, "--max-iterations", 30)
    assert run.json("evaluate", "t.h5")["configurations"][0]["bits"] == "110"


def test_the_shell_is_offered_tasks_and_files(run, costs, tmp_path):
    code = "import sys; from walshqhn.cli import main; sys.exit(main(['__complete', *sys.argv[1:]]))"

    def offered(*words):
        done = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True)
        return done.stdout.split("\n")

    assert {"gaussian", "mnist-4x4", "costs.npy"} <= {line.split("\t")[0] for line in offered("spectrum", "")}
    assert "gaussian" in {line.split("\t")[0] for line in offered("tasks", "ga")}
    assert json.loads(run("tasks", "--json")).keys() <= {line.split("\t")[0] for line in offered("train", "")}
