"""The measured ensemble and the verdict on depths against computations of their own."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import fisher_exact

from analysis import success_gaussian
from analysis.depths import verdict
from analysis.success_gaussian import Ensemble
from walshqhn import ExactEngine, LinearAnsatz, Plan, Variant, load_task
from walshqhn.bits import bits_to_index, index_to_bits
from walshqhn.study.run import run_study
from walshqhn.study.statistics import wilson


def outcome(*successes):
    """What `verdict` asks of a study with 200 runs of each variant."""
    return SimpleNamespace(success_probability=lambda epsilon: [wilson(k, 200) for k in successes])


def test_verdict():
    names = ["a", "b", "c"]
    assert verdict(outcome(50, 50, 50), 0.1, names) == "all alike (0.25)"
    assert verdict(outcome(50, 55, 50), 0.1, names) == "most often b (0.28), not significantly"
    assert verdict(outcome(20, 100, 95), 0.1, names) == "b (0.50) significantly ahead of a, not of c"
    assert (
        verdict(outcome(20, 100, 30), 0.1, names)
        == "b (0.50) significantly ahead of a, c: an optimal depth among these"
    )


def test_verdict_corrects_for_the_number_of_comparisons():
    p = fisher_exact([[64, 136], [47, 153]], alternative="greater").pvalue
    assert 0.025 < p < 0.05  # significant alone, not among two
    assert "significantly ahead of a" in verdict(outcome(47, 64), 0.1, ["a", "b"])
    assert verdict(outcome(47, 64, 62), 0.1, ["a", "b", "c"]).endswith("not significantly")


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
