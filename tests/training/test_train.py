"""Training: what it finds, that it repeats itself, and how it ends."""

import dataclasses

import numpy as np
import pytest
from quantum_oracles import random_table
from storage_cases import a_training
from training_cases import TABLE, Recorder, fingerprints, quick

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, load_task, train
from walshqhn.bits import bits_to_label
from walshqhn.support.errors import InputError, UsageError, WalshqhnError

# --- what it finds --------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA"])
def test_the_minimum_of_a_small_cost(optimizer):
    table = random_table(4)
    result = train(ProductAnsatz(4), ExactEngine(table), runs=8, optimizer=optimizer, seed=1)
    best = int(table.argmin())
    assert result.best_bits.tolist() == [best >> j & 1 for j in range(4)]
    assert result.best_cost == result.exact_minimum == table.min()
    assert result.excess == 0
    assert result.value == pytest.approx(table.min(), abs=1e-4)
    assert result.status == "converged"
    assert result.remedy == ""


def test_what_a_result_says_fits_together():
    result = quick(runs=4, seed=3)
    engine = ExactEngine(TABLE)
    assert [run.index for run in result.runs] == [0, 1, 2, 3]
    for run in result.runs:
        assert run.value == engine.expectation(LinearAnsatz(5, 1), run.parameters)
        assert run.value == run.history.min()
        assert run.best_cost == engine.costs(run.best_bits[None])[0]
        assert run.best_cost >= TABLE.min()
        assert len(run.gradient_norms) == len(run.history) <= run.evaluations + 1
        assert run.history[0] > run.history[-1]
    assert result.value == result.values().min() == min(run.value for run in result.runs)
    assert result.best_run.value == result.value
    assert np.array_equal(result.parameters, result.best_run.parameters)
    assert np.array_equal(result.history, result.best_run.history)
    assert result.best_cost == engine.costs(result.best_bits[None])[0]
    assert result.excess == result.best_cost - TABLE.min() >= 0
    assert result.evaluations == sum(run.evaluations for run in result.runs)


def test_the_best_sample_may_come_from_another_run_than_the_least_value():
    result = a_training(lengths=(2, 2))
    first = dataclasses.replace(result.runs[0], value=-1.0, best_cost=0.5, best_bits=np.array([0, 1, 1], np.uint8))
    second = dataclasses.replace(result.runs[1], value=0.0, best_cost=-2.0, best_bits=np.array([1, 0, 0], np.uint8))
    for runs in ((first, second), (second, first)):
        result = dataclasses.replace(result, runs=runs, exact_minimum=-2.5)
        assert (result.value, result.best_cost, result.excess) == (-1.0, -2.0, 0.5)
        assert result.best_bits.tolist() == [1, 0, 0]
        assert result.parameters is first.parameters


def test_history_starts_at_the_initial_parameters():
    ansatz, engine = LinearAnsatz(5, 1), ExactEngine(TABLE)
    initial = np.linspace(0, 3, ansatz.num_parameters)
    value, gradient = engine.value_and_gradient(ansatz, initial)
    result = quick(initial=initial, runs=2)
    assert result.runs[0].history[0] == value
    assert result.runs[0].gradient_norms[0] == np.abs(gradient).max()
    assert result.runs[1].history[0] == quick(runs=2).runs[1].history[0] != value


def test_gradient_norms_belong_to_the_values():
    run = quick(max_iterations=200, gradient_tolerance=1e-3).runs[0]
    assert run.status == "converged"
    assert run.gradient_norms[-1] <= 1e-3 < run.gradient_norms[0]


def test_qaoa_is_trained_as_well():
    ansatz = QAOAAnsatz(TABLE, 2)
    result = quick(ansatz=ansatz)
    assert result.ansatz == ansatz.description
    assert result.value < TABLE.mean()


def test_accuracies_of_a_task():
    task = load_task("gaussian", num_samples=50, num_validation=0, num_test=40, hidden=1)
    table = task.cost_table()
    result = train(ProductAnsatz(task.num_bits), ExactEngine(table), runs=2, task=task)
    assert set(result.accuracies) == {"train", "test"}
    for split, accuracy in result.accuracies.items():
        assert accuracy == task.accuracy(result.best_bits[None], split)[0]
        assert (accuracy * (50 if split == "train" else 40)) % 1 == pytest.approx(0, abs=1e-9)
    assert result.best_cost == pytest.approx(task.costs(result.best_bits[None])[0], abs=1e-12)
    assert train(ProductAnsatz(task.num_bits), ExactEngine(table)).accuracies == {}


# --- seeds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA"])
def test_the_same_seed_gives_the_same_training(optimizer):
    arguments = {"runs": 2, "optimizer": optimizer, "max_iterations": 60}
    assert fingerprints(quick(seed=5, **arguments)) == fingerprints(quick(seed=5, **arguments))
    assert fingerprints(quick(seed=5, **arguments))[0] != fingerprints(quick(seed=6, **arguments))[0]


def test_a_run_does_not_depend_on_the_number_of_runs():
    few, many = fingerprints(quick(runs=2, seed=5)), fingerprints(quick(runs=4, seed=5))
    assert few == many[:2]
    assert len({run[1] for run in many}) == 4


# --- shots ----------------------------------------------------------------------------------------


def test_with_shots_no_sample_is_lost():
    """One sample in the last state is poor; the best of all that was ever measured is kept."""
    engine = Recorder(AerEngine(TABLE, shots=30))
    result = quick(engine=engine, ansatz=ProductAnsatz(5), optimizer="COBYLA", samples=1, seed=4)
    run = result.runs[0]
    costs = engine.costs(np.concatenate(engine.measured))
    assert len(engine.measured) == run.evaluations + 1
    assert [len(sample) for sample in engine.measured] == [30] * run.evaluations + [1]
    assert run.best_cost == costs.min() == engine.costs(run.best_bits[None])[0]
    assert run.best_cost < engine.costs(engine.measured[-1]).min()
    assert run.history.tolist() == [engine.costs(sample).mean() for sample in engine.measured[:-1]]
    assert np.isnan(run.gradient_norms).all()


def test_with_shots_the_seed_is_the_trainings_own():
    """Whatever the engine was asked before."""
    arguments = {"ansatz": ProductAnsatz(5), "optimizer": "COBYLA", "runs": 2}
    fresh, used = AerEngine(TABLE, shots=30, seed=1), AerEngine(TABLE, shots=30, seed=2)
    used.expectation(ProductAnsatz(5), np.zeros(10))
    assert fingerprints(quick(engine=fresh, **arguments)) == fingerprints(quick(engine=used, **arguments))


def test_a_cost_function_that_gives_no_number():
    """There is no least value then, and a result without any run would be of no use."""
    engine = AerEngine(lambda bits: np.full(len(bits), np.nan), num_qubits=2, shots=5)
    with pytest.raises(WalshqhnError):
        train(ProductAnsatz(2), engine, optimizer="COBYLA", max_iterations=10)


def test_gradients_with_shots_are_refused():
    with pytest.raises(UsageError, match="L-BFGS-B needs exact values, this engine estimates them from 10 shots"):
        quick(engine=AerEngine(TABLE, shots=10))


def test_aer_without_shots_trains_as_the_exact_engine_does():
    initial = np.linspace(0.2, 1.4, 10)
    exact, aer = (
        train(ProductAnsatz(5), engine(TABLE), initial=initial, max_iterations=4) for engine in (ExactEngine, AerEngine)
    )
    np.testing.assert_allclose(aer.history, exact.history, rtol=0, atol=1e-8)
    np.testing.assert_allclose(aer.parameters, exact.parameters, rtol=0, atol=1e-6)


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3])
def test_iteration_limit(limit):
    result = quick(max_iterations=limit)
    assert result.status == "iteration limit"
    assert "max_iterations" in result.remedy
    assert len(result.history) == limit + 1


def test_iteration_limit_without_gradients():
    result = quick(max_iterations=25, optimizer="COBYLA")
    assert result.status == "iteration limit"
    assert result.evaluations == len(result.history) == 25


def test_a_constant_cost_converges_at_once():
    result = train(LinearAnsatz(3, 1), ExactEngine(np.full(8, 4.0)), samples=5)
    assert result.status == "converged"
    assert result.value == pytest.approx(4.0, abs=1e-12)
    assert result.best_cost == 4.0


def test_the_status_is_that_of_the_best_run():
    result = quick(max_iterations=30, runs=6, seed=1)
    assert {run.status for run in result.runs} <= {"converged", "iteration limit"}
    assert result.status == min(result.runs, key=lambda run: run.value).status


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runs": 0}, "runs must be a whole number of at least 1, got 0"),
        ({"runs": 2.0}, "runs must be a whole number"),
        ({"runs": True}, "runs must be a whole number"),
        ({"max_iterations": 0}, "max_iterations must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"samples": 0}, "must be a whole number of at least 1, got 0"),
        ({"gradient_tolerance": 0.0}, "gradient_tolerance must be positive"),
        ({"gradient_tolerance": np.nan}, "gradient_tolerance must be positive"),
        ({"gradient_tolerance": np.inf}, "gradient_tolerance must be positive"),
        ({"optimizer": "lbfgsb"}, "Unknown optimizer 'lbfgsb'.*Known: L-BFGS-B, COBYLA"),
        ({"optimizer": "COBYLA", "max_iterations": 2}, "at least 22 for 20 angles, got 2"),
        ({"initial": np.zeros(3)}, r"parameters must have shape \(20,\)"),
        ({"initial": np.full(20, np.nan)}, "parameters must be finite"),
        ({"ansatz": ProductAnsatz(4)}, "the circuit has 4 qubits, the cost has 5 bits"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises((UsageError, InputError), match=message):
        quick(**arguments)


def test_summary():
    result = quick(runs=2)
    summary = result.summary()
    assert summary["best_sample"] == bits_to_label(result.best_bits)
    assert summary["best_cost"] == TABLE[int(summary["best_sample"], 2)]
    assert summary["iterations"] == [len(run.history) - 1 for run in result.runs]
    assert (summary["runs"], summary["seed"], summary["excess"]) == (2, 0, result.excess)
    assert summary["settings"]["optimizer"] == "L-BFGS-B"
