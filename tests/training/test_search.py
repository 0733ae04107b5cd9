"""One run: its histories, its samples, and how it ends."""

import numpy as np
import pytest
from quantum_oracles import random_table
from training_cases import EASY, TABLE, Recorder, Sampled, fingerprints, quick

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, load_task, train
from walshqhn.binn.architecture import architecture_distribution
from walshqhn.engines.distribution import Estimate
from walshqhn.engines.objectives import Objective
from walshqhn.training.optimizers import OPTIMIZERS, QNSPSA, SPSA, Adam, make_optimizer

WITH_SHOTS = [name for name in OPTIMIZERS if not make_optimizer(name).exact_only]
WITHOUT_GRADIENTS = ("COBYLA", "COBYQA", "Nelder-Mead", "Powell")


# --- histories ------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_histories_of_exact_searches(optimizer):
    run = quick(ansatz=ProductAnsatz(5), optimizer=optimizer).runs[0]
    for name in ("gradient_norms", "standard_errors", "best_so_far", "history_shots", "history_seconds"):
        assert getattr(run, name).shape == run.history.shape
    assert (run.standard_errors == 0).all()
    assert (run.history_shots == 0).all()
    assert (run.shots, run.value_error) == (0, 0.0)
    assert run.best_so_far[-1] == run.value
    assert (run.best_so_far <= np.minimum.accumulate(run.history)).all()
    assert (np.diff(run.history_seconds) >= 0).all()
    assert 0 < run.history_seconds[-1] <= run.seconds
    assert np.isnan(run.tail_means).all()
    assert np.isnan(run.gradient_norms).all() == (optimizer in WITHOUT_GRADIENTS)


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA", "SPSA"])
def test_exact_tails_on_request(optimizer):
    """Of the exact distribution at the angles of every iteration; nothing else changes."""
    settings, angles = {"ansatz": ProductAnsatz(5), "optimizer": optimizer}, []
    plain = quick(**settings).runs[0]
    run = quick(**settings, tails=True, callback=lambda k, e: angles.append(e.parameters)).runs[0]
    assert plain.history.tolist() == run.history.tolist()
    expected = np.zeros((len(angles), 3))
    for row, x in zip(expected, angles, strict=True):
        probabilities = ExactEngine(TABLE).probabilities(settings["ansatz"], x)
        for column, alpha in enumerate((0.01, 0.05, 0.1)):
            left = alpha
            for index in TABLE.argsort():
                share = min(left, probabilities[index])
                row[column], left = row[column] + share * TABLE[index] / alpha, left - share
    np.testing.assert_allclose(run.tail_means, expected, rtol=0, atol=1e-9)


class Entropy(Objective):
    """Of an exact distribution only, as a user might write it."""

    def __str__(self):
        return "entropy"

    def evaluate(self, found):
        if found.probabilities is None:
            raise NotImplementedError
        p = found.probabilities[found.probabilities > 0]
        return Estimate(float(-(p * np.log(p)).sum()), 0.0)

    def linearized(self, found):
        raise NotImplementedError


def test_an_objective_for_exact_distributions_only():
    """The final samples tell nothing of it; everything else is there."""
    result = quick(ansatz=ProductAnsatz(5), optimizer="COBYLA", objective=Entropy())
    run = result.best_run
    assert run.value < run.history[0]
    assert np.isnan([run.sampled_value, run.sampled_error]).all()
    assert run.energy == ExactEngine(TABLE).expectation(ProductAnsatz(5), run.parameters)
    assert result.summary()["sampled_value"] is None


def test_histories_with_shots_by_hand():
    """SPSA with given gains: 1 value, then 3 an iteration, the last of which is the history's."""
    engine = Recorder(Sampled(TABLE))
    result = quick(
        engine=engine, ansatz=ProductAnsatz(5), optimizer=SPSA(learning_rate=0.1), max_iterations=6, samples=30
    )
    run = result.runs[0]
    costs = [engine.costs(bits) for bits in engine.measured]
    assert [len(c) for c in costs] == [50] * 19 + [30]
    recorded = [costs[0], *costs[3:19:3]]
    assert run.history.tolist() == [c.mean() for c in recorded]
    cheapest = [np.sort(c) for c in recorded]  # of 50: half a shot, 2.5 and 5
    tails = [(c[0], (c[0] + c[1] + 0.5 * c[2]) / 2.5, c[:5].mean()) for c in cheapest]
    np.testing.assert_allclose(run.tail_means, tails, rtol=1e-12)
    assert run.standard_errors.tolist() == [c.std(ddof=1) / np.sqrt(50) for c in recorded]
    assert run.history_shots.tolist() == [50 + 150 * k for k in range(7)]
    assert run.best_so_far.tolist() == [min(c.mean() for c in costs[: 1 + 3 * k]) for k in range(7)]
    best = int(np.argmin([c.mean() for c in costs[:19]]))
    assert (run.value, run.value_error) == (costs[best].mean(), costs[best].std(ddof=1) / np.sqrt(50))
    assert (run.sampled_value, run.sampled_error) == (costs[19].mean(), costs[19].std(ddof=1) / np.sqrt(30))
    assert (run.energy, run.energy_error) == (run.sampled_value, run.sampled_error)
    assert run.best_cost == min(c.min() for c in costs)
    assert result.shots == run.shots == 950


def test_the_final_samples_estimate_without_the_bias_of_the_search():
    """The least of many noisy estimates lies below the truth; the final samples scatter around it."""
    flat = np.array([1.0, -1.0] * 16)  # Ry on qubits 1 ... 4 changes nothing
    start = np.full(10, np.pi / 2)
    runs = [
        quick(
            engine=Sampled(flat), ansatz=ProductAnsatz(5), optimizer="COBYLA", initial=start, seed=s, samples=200,
            max_iterations=12,
        ).runs[0]
        for s in range(40)
    ]  # fmt: skip
    exact = ExactEngine(flat)
    truth = np.array([exact.expectation(ProductAnsatz(5), run.parameters) for run in runs])
    searched = np.array([run.value for run in runs]) - truth
    sampled = np.array([run.sampled_value for run in runs]) - truth
    errors = np.array([run.sampled_error for run in runs])
    assert searched.mean() < -0.05
    assert abs(sampled.mean()) < 4 * np.sqrt(np.square(errors).sum()) / 40
    assert (np.abs(sampled) < 3 * errors + 1e-12).mean() > 0.9


# --- samples --------------------------------------------------------------------------------------


def test_the_cheapest_distinct_samples():
    engine = Recorder(ExactEngine(TABLE))
    run = quick(engine=engine, max_iterations=1, samples=200).runs[0]
    (bits,) = engine.measured
    counted = {}
    for row in bits.tolist():
        counted[tuple(row)] = counted.get(tuple(row), 0) + 1
    ranked = sorted(counted, key=lambda row: TABLE[sum(b << j for j, b in enumerate(row))])[:10]
    assert len(counted) > 10
    assert [tuple(row) for row in run.sampled_bits.tolist()] == ranked
    assert run.sampled_counts.tolist() == [counted[row] for row in ranked]
    assert run.sampled_costs.tolist() == engine.costs(run.sampled_bits).tolist()
    np.testing.assert_allclose(run.bit_means, [sum(r[j] for r in bits.tolist()) / 200 for j in range(5)], rtol=1e-12)


def test_a_run_says_which_architectures_it_returns():
    task = load_task("gaussian-activation", num_samples=30, num_validation=10, num_test=10)
    engine = Recorder(ExactEngine(random_table(task.num_bits)))
    run = train(ProductAnsatz(task.num_bits), engine, task=task, max_iterations=1, samples=50).runs[0]
    assert run.architecture == architecture_distribution(task.network, engine.measured[0])
    assert set(run.architecture) == {"activation"}


# --- how it ends ----------------------------------------------------------------------------------


def test_gradient_norms_belong_to_the_values():
    run = quick(max_iterations=200, gradient_tolerance=1e-3).runs[0]
    assert run.status == "converged"
    assert run.gradient_norms[-1] <= 1e-3 < run.gradient_norms[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_constant_cost_is_no_trouble(optimizer):
    engine = ExactEngine(np.full(8, 4.0))
    result = quick(ansatz=ProductAnsatz(3), engine=engine, optimizer=optimizer, max_iterations=1000)
    assert result.status == "converged"
    assert result.value == pytest.approx(4.0, abs=1e-12)
    assert result.best_cost == 4.0


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name not in WITHOUT_GRADIENTS])
@pytest.mark.parametrize("limit", [1, 7])
def test_iteration_limits(optimizer, limit):
    result = quick(optimizer=optimizer, max_iterations=limit)
    assert result.status == "iteration limit"
    assert "max_iterations" in result.remedy
    assert len(result.history) == limit + 1


@pytest.mark.parametrize("optimizer", WITHOUT_GRADIENTS)
def test_iteration_limits_without_gradients(optimizer):
    result = quick(max_iterations=45, optimizer=optimizer)
    assert result.status == "iteration limit"
    assert result.evaluations == len(result.history) == 45


@pytest.mark.parametrize("optimizer", WITH_SHOTS)
def test_a_budget_of_shots(optimizer):
    settings = {"ansatz": ProductAnsatz(5), "optimizer": optimizer, "max_iterations": 500, "max_shots": 4900}
    result = quick(**settings, engine=Sampled(TABLE, 200))
    assert result.status == "shot limit"
    assert "max_shots" in result.remedy
    assert 4900 - 21 * 200 <= result.shots <= 4900
    assert result.shots % 200 == 0
    same = quick(**settings, engine=Sampled(TABLE, 200), runs=2)
    assert fingerprints(same)[0] == fingerprints(result)[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_budget_of_seconds(optimizer):
    """So short that only the first value is computed."""
    result = quick(ansatz=ProductAnsatz(5), optimizer=optimizer, max_seconds=1e-9)
    assert result.status == "time limit"
    assert "max_seconds" in result.remedy
    assert result.evaluations == 1
    assert result.value == result.history[0]


def test_stalling():
    adam = quick(optimizer=Adam(learning_rate=2.0, patience=3), max_iterations=300)
    assert adam.status == "stalled"
    assert adam.remedy
    assert adam.history[-4:].min() >= adam.history[:-3].min()
    blocked = quick(optimizer=SPSA(blocking=True, learning_rate=1e3, max_blocked=4), max_iterations=300)
    assert blocked.status == "stalled"
    assert (blocked.history[-5:] == blocked.history[-1]).all()
    impatient = quick(optimizer=QNSPSA(blocking=False, learning_rate=5.0, patience=5), max_iterations=300)
    assert impatient.status == "stalled"
    assert impatient.best_run.message == "no lower value in 5 iterations"


# --- what methods find ----------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_method_finds_an_easy_minimum(optimizer):
    result = quick(ansatz=ProductAnsatz(3), engine=ExactEngine(EASY), optimizer=optimizer, max_iterations=400, seed=2)
    assert result.best_bits.tolist() == [1, 1, 1]
    assert result.value == pytest.approx(-1.0, abs=0.01)
    assert result.search["optimizer"] == optimizer
    assert result.history[0] > result.value
    assert (np.diff(result.best_run.best_so_far) <= 0).all()


@pytest.mark.parametrize("optimizer", WITH_SHOTS)
def test_methods_that_need_no_exact_values_cope_with_shots(optimizer):
    engine = Sampled(EASY, 200)
    result = quick(ansatz=ProductAnsatz(3), engine=engine, optimizer=optimizer, max_iterations=150, seed=2)
    run = result.runs[0]
    assert result.best_bits.tolist() == [1, 1, 1]
    assert run.sampled_value < result.history[0] - 5 * run.standard_errors[0]
    assert result.shots == run.history_shots[-1] >= 200 * run.evaluations
    assert run.standard_errors[0] > 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_seed_gives_the_same_search(optimizer):
    arguments = {"ansatz": LinearAnsatz(5, 0), "optimizer": optimizer, "runs": 2, "max_iterations": 25}
    first, again, other = (fingerprints(quick(seed=s, **arguments)) for s in (5, 5, 6))
    assert first == again
    assert first[0] != other[0]
    assert first[0][1] != first[1][1]
