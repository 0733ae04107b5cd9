"""Engines that measure: the seeds of their jobs, and what they refuse."""

import numpy as np
import pytest
from quantum_oracles import random_table

from walshqhn import ProductAnsatz
from walshqhn.engines.shots import SampledEngine, SampledPrepared, derived_seed
from walshqhn.support.errors import InputError, UsageError


class Recorded(SampledEngine):
    """Measures zeros, and keeps what each job was asked for."""

    def __init__(self, cost=(0.5, 1.5, 2.5, 4.5), *, shots=4, seed=0):
        super().__init__(cost, shots=shots, seed=seed)
        self.jobs = []

    def prepare(self, ansatz):
        return RecordedPrepared(self, ansatz)


class RecordedPrepared(SampledPrepared):
    def run(self, points, shots, seed):
        self.engine.jobs.append((len(points), shots, seed))
        return (np.zeros((shots, self.ansatz.num_qubits), np.uint8) for _ in points)


def seeds_of(engine, use):
    engine.jobs.clear()
    use(engine.prepare(ProductAnsatz(2)))
    return [seed for _, _, seed in engine.jobs]


def test_a_job_has_one_seed_however_many_points():
    engine = Recorded()
    values = engine.prepare(ProductAnsatz(2)).expectations(np.zeros((3, 4)), rng=7)
    assert values.tolist() == [0.5] * 3
    assert engine.jobs == [(3, 4, int(np.random.default_rng(7).integers(2**31)))]


def test_seeds_of_the_engine_never_come_twice_and_repeat_with_the_engine():
    def three_jobs(prepared):
        prepared.expectation(np.zeros(4))
        prepared.value_and_gradient(np.zeros(4))

    first, again, other = (seeds_of(Recorded(seed=s), three_jobs) for s in (1, 1, 2))
    assert len({*first, *other}) == 6
    assert first == again


def test_a_generator_goes_on_from_job_to_job():
    generator = np.random.default_rng(3)
    expected = np.random.default_rng(3).integers(2**31, size=3).tolist()
    found = seeds_of(Recorded(), lambda p: (p.value_and_gradient(np.zeros(4), rng=generator),
                                            p.sample(np.zeros(4), 5, generator)))  # fmt: skip
    assert found == expected


def test_seeds_of_a_jobs_parts_differ():
    assert len({derived_seed(seed, part) for seed in (0, 1) for part in range(100)}) == 200


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"shots": 0}, UsageError, "shots must be a whole number of at least 1, got 0"),
        ({"shots": 2.5}, UsageError, "shots must be a whole number"),
        ({"seed": -1}, UsageError, "seed must be a whole number of at least 0, got -1"),
        ({"cost": [1.0]}, UsageError, "at least 1 bit"),
        ({"cost": [1.0, 2.0, 3.0]}, InputError, "power of two"),
        ({"cost": len}, InputError, r"a function is a cost as BlackBoxCost\(function, num_bits\)"),
    ],
)
def test_settings_that_make_no_sense(arguments, error, message):
    with pytest.raises(error, match=message):
        Recorded(**{"cost": random_table(2)} | arguments)
