"""What a study says, against formulas written out and scipy-free counting."""

import math
from dataclasses import replace

import numpy as np
import pytest
from storage_cases import a_run, a_training
from study_cases import QUICK, TABLE
from training_cases import a_chain

from walshqhn import ExactEngine, LinearAnsatz, Plan, ProductAnsatz, Study, Variant, run_study
from walshqhn.study import statistics
from walshqhn.support.errors import TooLargeError, UsageError


def wilson_by_hand(k, n, z):
    center = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    return center - half, center + half


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (3, 10), (199, 200), (0, 200)])
def test_wilson(k, n):
    found = statistics.wilson(k, n)
    low, high = wilson_by_hand(k, n, 1.959963984540054)
    assert (found.low, found.high) == pytest.approx((max(low, 0), min(high, 1)), abs=1e-12)
    assert found.estimate == k / n


def test_wilson_of_nothing():
    found = statistics.wilson(0, 0)
    assert (found.low, found.high) == (0, 1)
    assert math.isnan(found.estimate)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, math.nan])
def test_bad_confidence(confidence):
    with pytest.raises(UsageError, match="confidence"):
        statistics.wilson(1, 2, confidence)


def a_study(energies, seconds=2.0):
    """Variants with these final energies above a minimum of -1; the best samples 0.05 lower."""
    rng, trainings = np.random.default_rng(0), {}
    for v, values in enumerate(energies):
        runs = tuple(
            replace(
                a_run(k, rng), status="converged", seconds=seconds, evaluations=10, energy=value - 1, value=value - 7,
                best_cost=max(value - 0.05, 0.0) - 1,
            )
            for k, value in enumerate(values)
        )  # fmt: skip
        if runs:
            trainings[v] = replace(a_training(), runs=runs, exact_minimum=-1.0)
    variants = tuple(Variant.of(layers=v) for v in range(len(energies)))
    return Study(Plan(variants, runs=max(map(len, energies))), 4, "", -1.0, trainings)


def test_success_counts_runs_within_epsilon():
    study = a_study([[0.0, 0.1, 0.2, 0.5], [0.25, 0.3], []])
    assert [(p.successes, p.count) for p in study.success_probability(0.2)] == [(3, 4), (0, 2), (0, 0)]
    assert [p.successes for p in study.success_probability(0.0)] == [1, 0, 0]
    assert [p.successes for p in study.success_probability(0.2, sampled=True)] == [3, 1, 0]
    curve = statistics.success_curve(study, 0, [0.0, 0.05, 0.15, 1.0])
    assert curve[0].tolist() == [0.25, 0.25, 0.5, 1.0]
    for k, point in zip((1, 1, 2, 4), curve.T, strict=True):
        assert point[1:] == pytest.approx(wilson_by_hand(k, 4, 1.959963984540054), abs=1e-12)


def test_best_variant_and_whether_that_is_chance():
    few = a_study([[0.0, 1.0], [0.0, 0.0]])
    best = statistics.best_variant(few, 0.5)
    assert best.variant == 1
    assert best.p_values == {0: 1.0}  # one run of two differs: a coin
    assert not best.is_significant
    sure = statistics.best_variant(a_study([[1.0] * 30 + [0.0] * 3, [0.0] * 30, []]), 0.5)
    assert sure.variant == 1
    assert sure.is_significant
    with pytest.raises(UsageError, match="no finished runs"):
        statistics.best_variant(replace(few, trainings={}), 0.5)


def test_runs_are_compared_in_pairs():
    """By counting: of 12 runs that only one of the two succeeds in, 10 or more are one's; times 3, 2 and 1 (Holm)."""
    a = [1.0] * 10 + [0.0] * 2 + [1.0] * 50 + [np.nan]
    b = [0.0] * 10 + [1.0] * 2 + [1.0] * 50 + [1.0]
    p = 2 * sum(math.comb(12, k) for k in (10, 11, 12)) / 2**12
    assert statistics.paired_tests([a, b])[0] == pytest.approx([1, p])
    found = statistics.paired_tests([a, b, b])  # b against b differs nowhere
    assert found[0] == pytest.approx([1, 3 * p, 3 * p])
    assert found[1] == pytest.approx([3 * p, 1, 1])
    assert np.array_equal(found, found.T)
    assert statistics.paired_tests([a]).tolist() == [[1.0]]


def test_outcomes_keep_the_number_of_a_run():
    study = a_study([[0.0, 0.3, 0.1], [0.0]])
    late = replace(study.trainings[1], runs=(replace(study.trainings[1].runs[0], index=2),))
    found = statistics.outcomes(replace(study, trainings=study.trainings | {1: late}), 0.2)
    np.testing.assert_array_equal(found, [[1, 0, 1], [np.nan, np.nan, 1]])


def test_time_to_solution():
    study = a_study([[0.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    estimate, low, high = statistics.time_to_solution(study, 0, 0.5)
    assert estimate == pytest.approx(2.0 * math.log(0.01) / math.log(0.5))
    assert low < estimate < high
    assert statistics.time_to_solution(study, 1, 0.5)[0] == 2.0
    assert statistics.time_to_solution(study, 2, 0.5)[0] == math.inf
    with pytest.raises(UsageError, match="target"):
        statistics.time_to_solution(study, 0, 0.5, target=1.0)


def test_sampling_probability_is_the_weight_of_good_networks():
    study = run_study(TABLE, QUICK, workers=1)
    for v, ansatz in enumerate((ProductAnsatz(4), LinearAnsatz(4, 1))):
        found = statistics.sampling_probability(study, TABLE, v, 0.8)
        for k, run in enumerate(study.runs(v)):
            psi = ExactEngine(TABLE).statevector(ansatz, run.parameters)
            good = [x for x in range(16) if TABLE[x] <= TABLE.min() + 0.8]
            assert len(good) > 1
            assert found[k] == pytest.approx(sum(abs(psi[x]) ** 2 for x in good), abs=1e-12)


def test_summary_rows():
    first, second = statistics.summary_rows(a_study([[0.0, 0.5], []]), 0.2)
    assert first["success_probability"] == 0.5
    assert first["median_excess"] == pytest.approx(0.25)
    assert (first["least_excess"], first["mean_seconds"], first["mean_evaluations"]) == (0.0, 2.0, 10.0)
    assert (second["runs"], second["best_cost"]) == (0, None)


def test_sampling_probability_without_a_state_vector():
    plan = Plan(
        (Variant.of(ansatz="product", engine="mps", shots=8, optimizer="SPSA:calibration=1", max_iterations=1),), 1
    )
    chain = a_chain(40)
    study = run_study(chain, plan, workers=1)
    with pytest.raises(
        TooLargeError, match=r"takes all 2\^40 amplitudes .* success_probability\(sampled=True\)"
    ) as caught:
        statistics.sampling_probability(study, chain, 0, 0.1)
    assert "\n" not in str(caught.value)


def test_relative_success_where_the_minimum_is_unknown():
    study = replace(a_study([[0.0, 0.1], [0.3, 0.6]]), exact_minimum=None)
    assert study.reference == -1.0  # the best sample of the first run
    curve = statistics.success_curve(study, 1, [0.2, 0.35, 0.7])
    assert curve[0].tolist() == [0.0, 0.5, 1.0]
    assert [row["least_excess"] for row in statistics.summary_rows(study, 0.2)] == pytest.approx([0.0, 0.3])
