"""The measured ensemble and the verdict on depths against computations of their own."""

import numpy as np
import pytest

from analysis import success_gaussian, success_mnist
from analysis.depths import compare, verdict
from analysis.success_gaussian import Ensemble
from walshqhn import ExactEngine, LinearAnsatz, Plan, Variant, load_task
from walshqhn.bits import bits_to_index, index_to_bits
from walshqhn.study.run import run_study


def outcome(*successes):
    """Of 200 runs of each variant the first so many succeed: no two pairs differ in both ways."""
    return np.array([[1.0] * k + [0.0] * (200 - k) for k in successes])


def said(*successes):
    return verdict(compare(outcome(*successes), "abc"[: len(successes)]))


def test_verdict():
    assert said(50, 50, 50) == "all alike (0.25)"
    assert said(50, 52, 50) == "most often b (0.26), significantly ahead of none"
    assert said(20, 100, 97) == "b (0.50) significantly ahead of a, not of c"
    assert said(20, 100, 30) == "b (0.50) significantly ahead of a, c: an optimal depth among these"


def test_verdict_corrects_for_all_pairs():
    """6 of 6 runs that differ: p = 2 / 2^6 = 0.031, significant alone, not among three pairs."""
    assert "ahead of a" in said(50, 56)
    assert said(50, 56, 55).endswith("ahead of none")


def test_work_buys_restarts():
    """Of 8 runs 2 succeed; 3 of them fit in the work: 1 - (3/4)^3."""
    found = success_mnist.restarts(np.array([1.0, 1, 0, 0, 0, 0, 0, 0]), [10] * 8, 35.0)
    assert found["count"] == 3
    assert found["rate"] == pytest.approx(1 - 0.75**3)
    assert found["low"] < found["rate"] < found["high"]


def test_accuracies_of_all_networks_and_of_states():
    task = load_task("mnist-4x4", size=2, num_samples=40)
    table = success_mnist.accuracy_table(task)
    assert table.shape == (32,)
    assert table[13] == task.accuracy(index_to_bits([13], 5))[0]
    cost = task.cost_table()
    study = run_study(cost, Plan((Variant.of(layers=1, max_iterations=2),), runs=2), workers=1)
    for run, found in zip(study.runs(0), success_mnist.expected(study, cost, 0, table), strict=True):
        assert found == pytest.approx(ExactEngine(cost).probabilities(LinearAnsatz(5, 1), run.parameters) @ table)


def test_the_ensemble_is_what_the_states_return():
    cost = np.random.default_rng(0).random(16)
    study = run_study(cost, Plan((Variant.of(layers=1, max_iterations=2),), runs=3), workers=1)
    found = success_gaussian.measured(study, cost, 0)
    p = np.mean([ExactEngine(cost).probabilities(LinearAnsatz(4, 1), r.parameters) for r in study.runs(0)], axis=0)
    shares = np.zeros(16)
    shares[bits_to_index(found.bits)] = found.shares
    np.testing.assert_allclose(shares, p, atol=16e-6)
    assert found.shares.sum() == pytest.approx(1)


def test_mean_prediction_and_accuracy():
    task = load_task("gaussian", hidden=1, num_samples=5, num_test=30)
    bits = index_to_bits(np.array([0, 3, 9]), task.num_bits)
    ensemble, x = Ensemble(bits, np.array([0.2, 0.5, 0.3])), task.data.test.x
    one = [task.predict(row[None], x)[0, :, 1] for row in bits]
    mean = 0.2 * one[0] + 0.5 * one[1] + 0.3 * one[2]
    np.testing.assert_allclose(success_gaussian.mean_prediction(task, ensemble, x), mean, atol=1e-12)
    single = Ensemble(bits[1:2], np.ones(1))
    assert success_gaussian.accuracy(task, single) == pytest.approx(task.accuracy(bits[1:2])[0])
