"""`check_engine` tests whether an engine satisfies the contract of `walshqhn.engines.base`."""

from __future__ import annotations

import numpy as np

from walshqhn.engines.base import Engine
from walshqhn.engines.objectives import MEAN
from walshqhn.support.errors import UsageError
from walshqhn.testing.trial import Trial


def check_engine(engine: Engine, *, repeats: bool = True, seed: int = 0) -> None:
    """Test an engine on a dozen small circuits.

    Circuits that the engine refuses with UsageError, such as entangled ones, are left out, except for product states;
    objectives likewise.

    The ``engine`` has no noise, 2 ... 8 bits, and 1,000 shots or more or none. All 2^N costs must differ, as random
    numbers do; otherwise a reversed order of bits would go unnoticed. ``repeats``: whether equal ``rng`` give equal
    samples, as on simulators; otherwise, as on hardware, copies by pickle are not tested either. ``seed`` is for angles
    and samples.

    AssertionError, with what the engine returned and what it should, if it breaks the contract; UsageError for an
    engine that cannot be tested.

    >>> from walshqhn import ExactEngine
    >>> check_engine(ExactEngine([0.3, -1.2, 2.0, 0.7]))
    """
    if not isinstance(engine, Engine):
        raise UsageError(f"check_engine tests an Engine, got {type(engine).__name__}.")
    if not 2 <= engine.num_qubits <= 8:
        raise UsageError(f"check_engine needs a cost of 2 ... 8 bits, got {engine.num_qubits}.")
    if engine.shots is not None and engine.shots < 1000:
        raise UsageError(f"check_engine needs 1,000 shots or more, got {engine.shots}.")
    trial = Trial(engine, seed)
    if len(np.unique(trial.table)) < trial.table.size:
        raise UsageError("check_engine needs a cost that differs between any two configurations.")
    trial.cost()
    trial.order_of_bits()
    for ansatz in trial.circuits:
        trial.values(ansatz, MEAN)
        trial.samples(ansatz)
        trial.gradient(ansatz, MEAN)
        trial.overlaps(ansatz)
    for objective in trial.objectives:
        trial.values(trial.circuits[0], objective)
        trial.gradient(trial.circuits[0], objective)
    trial.results_stay()
    trial.refusals()
    if repeats:
        trial.seeds()
        trial.copies()
