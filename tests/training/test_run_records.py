"""What a run records besides its result: histories, samples, architectures; in memory and in files."""

import dataclasses

import h5py
import numpy as np
import pytest
from quantum_oracles import random_table
from training_cases import TABLE, Recorder, fingerprints, quick

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, ProductAnsatz, load_task, train
from walshqhn.binn.architecture import architecture_distribution
from walshqhn.engines.objectives import CVaR
from walshqhn.formats.hdf5 import Contents, load, save
from walshqhn.support.errors import FormatError, InputError, UsageError
from walshqhn.training.optimizers import OPTIMIZERS, SPSA

ARRAYS = (
    "parameters", "history", "gradient_norms", "best_bits", "standard_errors", "best_so_far", "history_shots",
    "history_seconds", "tail_means", "bit_means", "sampled_bits", "sampled_costs", "sampled_counts",
)  # fmt: skip
NUMBERS = ("value", "best_cost", "seconds", "value_error", "energy", "energy_error", "shots", "sampled_value",
           "sampled_error", "evaluations")  # fmt: skip
OLD = {
    "parameters", "value", "best_bits", "best_cost", "seconds", "index", "evaluations", "history", "gradient_norms",
    "history_length",
}  # fmt: skip


class Sampled(ExactEngine):
    """The exact engine, but it says that it measures."""

    shots = 50


def everything_in(run):
    found = [getattr(run, name) for name in ARRAYS]
    arrays = [(a.dtype.str, a.shape, a.tobytes()) for a in found]
    accuracies = {split: values.tolist() for split, values in run.sampled_accuracies.items()}
    return [*arrays, *(np.float64(getattr(run, n)).tobytes() for n in NUMBERS), accuracies, run.architecture]


# --- histories ------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_histories_of_exact_trainings(optimizer):
    run = quick(ansatz=ProductAnsatz(5), optimizer=optimizer).runs[0]
    for name in ("gradient_norms", "standard_errors", "best_so_far", "history_shots", "history_seconds"):
        assert getattr(run, name).shape == run.history.shape
    assert (run.standard_errors == 0).all()
    assert (run.history_shots == 0).all()
    assert run.shots == 0
    assert run.value_error == 0.0
    assert run.best_so_far[-1] == run.value
    assert (run.best_so_far <= np.minimum.accumulate(run.history)).all()
    assert (np.diff(run.history_seconds) >= 0).all()
    assert 0 < run.history_seconds[-1] <= run.seconds
    assert np.isnan(run.gradient_norms).all() == (optimizer in ("COBYLA", "COBYQA", "Nelder-Mead"))


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA", "SPSA"])
def test_exact_tails_on_request(optimizer):
    """Those of the exact distribution, at the end CVaR at the angles of the last iteration; nothing else changes."""
    settings = {"ansatz": ProductAnsatz(5), "optimizer": optimizer}
    plain, run = quick(**settings).runs[0], quick(**settings, tails=True).runs[0]
    assert np.isnan(plain.tail_means).all()
    assert plain.history.tolist() == run.history.tolist()
    assert (np.diff(run.tail_means, axis=1) >= -1e-12).all()
    assert (run.tail_means <= run.history[:, None] + 1e-12).all()
    best = int(run.history.argmin())
    if run.history[best] == run.value:
        probabilities = ExactEngine(TABLE).probabilities(settings["ansatz"], run.parameters)
        for column, alpha in enumerate((0.01, 0.05, 0.1)):
            left, expected = alpha, 0.0
            for index in TABLE.argsort():
                share = min(left, probabilities[index])
                expected, left = expected + share * TABLE[index] / alpha, left - share
            assert run.tail_means[best, column] == pytest.approx(expected)


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


def test_accuracies_of_the_samples_on_every_split():
    task = load_task("gaussian", num_samples=40, num_validation=30, num_test=20, hidden=1)
    engine = ExactEngine(task.cost_table())
    result = train(ProductAnsatz(task.num_bits), engine, task=task, max_iterations=3, runs=2)
    assert set(result.accuracies) == {"train", "validation", "test"}
    for run in result.runs:
        assert set(run.sampled_accuracies) == {"train", "validation", "test"}
        for split, accuracies in run.sampled_accuracies.items():
            assert accuracies.tolist() == task.accuracy(run.sampled_bits, split).tolist()
    without = train(ProductAnsatz(task.num_bits), engine, max_iterations=3, runs=2)
    assert without.runs[0].sampled_accuracies == {}
    later = train(ProductAnsatz(task.num_bits), engine, task=task, max_iterations=3, runs=2, resume=without)
    assert later.runs[1].sampled_accuracies["test"].tolist() == result.runs[1].sampled_accuracies["test"].tolist()


def test_versions():
    found = quick(max_iterations=1).versions
    assert found["numpy"] == np.__version__
    assert {"python", "scipy", "numba"} <= set(found)


# --- other objectives and starting points -----------------------------------------------------------


@pytest.mark.parametrize("text", ["cvar:0.2", "gibbs:1.5"])
@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "SPSA"])
def test_training_of_other_objectives(text, optimizer):
    result = quick(objective=text, optimizer=optimizer, max_iterations=60)
    engine = ExactEngine(TABLE)
    name, _, number = text.partition(":")
    setting = {"cvar": "alpha", "gibbs": "eta"}[name]
    assert result.settings["objective"] == {"name": name, setting: float(number)}
    p = engine.probabilities(LinearAnsatz(5, 1), result.parameters)
    if name == "cvar":
        assert result.value == pytest.approx(CVaR(0.2).exact(p, TABLE), abs=1e-11)
    else:
        assert result.value == pytest.approx(-np.log(p @ np.exp(-1.5 * TABLE)), abs=1e-11)
    assert result.value < result.history[0]
    assert result.best_cost == TABLE.min()
    with pytest.raises(UsageError, match=r"other settings \(objective: "):
        quick(objective="mean", optimizer=optimizer, max_iterations=60, resume=result)


def test_a_starting_point_for_each_of_the_first_runs():
    rows = np.random.default_rng(1).uniform(0, 3, (2, 20))
    result = quick(initial=rows, runs=3, max_iterations=5)
    engine = ExactEngine(TABLE)
    for run, row in zip(result.runs, rows, strict=False):
        assert run.history[0] == engine.expectation(LinearAnsatz(5, 1), row)
    assert fingerprints(result)[2] == fingerprints(quick(runs=3, max_iterations=5))[2]
    assert fingerprints(result)[0] == fingerprints(quick(initial=rows[0], max_iterations=5))[0]
    with pytest.raises(InputError, match=r"shape \(20,\), got \(19,\)"):
        quick(initial=np.zeros((1, 19)))


@pytest.mark.parametrize("optimizer", ["Nelder-Mead", "Adam", "SPSA", "QN-SPSA"])
@pytest.mark.parametrize("engine", [ExactEngine, Sampled])
def test_resuming_equals_not_being_interrupted(optimizer, engine):
    arguments = {"runs": 3, "seed": 3, "optimizer": optimizer, "ansatz": ProductAnsatz(5), "max_iterations": 20}

    def press(run, iteration, value):
        if (run, iteration) == (1, 4):
            raise KeyboardInterrupt

    try:
        partial = quick(**arguments, engine=engine(TABLE), progress=press)
    except KeyboardInterrupt:
        pytest.fail("Ctrl-C was not turned into a status")
    assert [run.status for run in partial.runs][1:] == ["interrupted"]
    assert len(partial.runs[1].history) == 5
    resumed = quick(**arguments, engine=engine(TABLE), resume=partial)
    assert fingerprints(resumed) == fingerprints(quick(**arguments, engine=engine(TABLE)))


def test_resuming_what_an_earlier_version_made():
    """Its settings do not name what could not be set then."""
    later = ("optimizer_settings", "objective", "max_shots", "max_seconds")
    result = quick(runs=2)
    old = dataclasses.replace(result, settings={k: v for k, v in result.settings.items() if k not in later})
    assert fingerprints(quick(runs=3, resume=old)) == fingerprints(quick(runs=3))
    with pytest.raises(UsageError, match="objective"):
        quick(runs=3, resume=old, objective="cvar:0.5")


# --- architectures --------------------------------------------------------------------------------


def a_choosing_task():
    return load_task("gaussian-activation", num_samples=30, num_validation=10, num_test=10)


def test_a_run_says_which_architectures_it_returns():
    task = a_choosing_task()
    engine = Recorder(ExactEngine(random_table(task.num_bits)))
    run = train(ProductAnsatz(task.num_bits), engine, task=task, max_iterations=1, samples=50).runs[0]
    assert run.architecture == architecture_distribution(task.network, engine.measured[0])
    assert set(run.architecture) == {"activation"}


# --- files ----------------------------------------------------------------------------------------


def trained(shots=None):
    task = a_choosing_task()
    table = task.cost_table()
    engine = ExactEngine(table) if shots is None else AerEngine(table, shots=shots)
    method = "L-BFGS-B" if shots is None else "SPSA"
    return train(
        ProductAnsatz(task.num_bits), engine, task=task, runs=3, max_iterations=3, samples=20, optimizer=method
    )


@pytest.mark.parametrize("shots", [None, 30])
def test_files_keep_everything(tmp_path, shots):
    result = trained(shots)
    save(tmp_path / "file.h5", Contents(training=result))
    found = load(tmp_path / "file.h5").training
    assert [everything_in(run) for run in found.runs] == [everything_in(run) for run in result.runs]
    assert found.versions == result.versions
    assert found.summary() == result.summary()


def rewrite(path, change):
    with h5py.File(path, "r+") as file:
        change(file["training"])


def test_files_of_an_earlier_version_load(tmp_path):
    result = trained()
    save(tmp_path / "file.h5", Contents(training=result))

    def forget(group):
        for name in set(group) - OLD:
            del group[name]
        for name in ("versions", "architecture"):
            del group.attrs[name]

    rewrite(tmp_path / "file.h5", forget)
    found = load(tmp_path / "file.h5").training
    assert fingerprints(found) == fingerprints(result)
    assert found.versions == {}
    for run in found.runs:
        assert np.isnan(run.standard_errors).all()
        assert run.standard_errors.shape == run.history.shape
        assert run.best_so_far.tolist() == np.minimum.accumulate(run.history).tolist()
        assert run.sampled_bits.shape == (0, len(run.best_bits))
        assert np.isnan(run.bit_means).all()
        assert run.bit_means.shape == run.best_bits.shape
        assert (run.architecture, run.sampled_accuracies) == ({}, {})
    assert found.summary()["sampled_value"] is None
    save(tmp_path / "again.h5", Contents(training=found))
    again = load(tmp_path / "again.h5").training
    assert [everything_in(run) for run in again.runs] == [everything_in(run) for run in found.runs]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("standard_errors", np.zeros(2)),
        ("history_shots", np.zeros(1)),
        ("shots", np.zeros(1, np.int64)),
        ("bit_means", np.zeros((3, 1))),
        ("sampled_length", np.array([1, 1, 1])),
        ("sampled_length", np.array([-1, 1, 1])),
        ("sampled_bits", np.zeros((2, 2), np.uint8)),
        ("sampled_costs", np.zeros(1)),
    ],
)
def test_parts_that_do_not_fit(tmp_path, name, value):
    save(tmp_path / "file.h5", Contents(training=trained()))

    def spoil(group):
        del group[name]
        group[name] = value

    rewrite(tmp_path / "file.h5", spoil)
    with pytest.raises(FormatError, match="do not fit together") as caught:
        load(tmp_path / "file.h5")
    assert "\n" not in str(caught.value)
