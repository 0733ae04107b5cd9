"""`check_engine`: whether an engine does what `walshqhn.engines.base` promises. For any engine; ours are held to it."""

from __future__ import annotations

import numpy as np

from walshqhn.engines.base import Engine
from walshqhn.engines.objectives import MEAN
from walshqhn.support.errors import UsageError
from walshqhn.testing.trial import Trial

_FEWEST_SHOTS = 1000
_LARGEST = 8  # bits


def check_engine(engine: Engine, *, repeats: bool = True, seed: int = 0) -> None:
    """Try an engine out on a dozen small circuits.

    Parameters
    ----------
    engine
        Without noise, on 2 ... 8 bits, with shots (1,000 or more) or without. All 2^N costs must differ, such as
        random numbers do, or a reversed order of bits would not show.
    repeats
        Whether equal ``rng`` give equal samples, as on simulators. Of what does not repeat, hardware, copies by pickle
        are not tried either.
    seed
        Of the angles and samples.

    Raises
    ------
    AssertionError
        What the engine does wrong: what it gave, and what it must give.
    UsageError
        An engine that cannot be tried out, as said above.

    Examples
    --------
    >>> from walshqhn import ExactEngine
    >>> check_engine(ExactEngine([0.3, -1.2, 2.0, 0.7]))
    """
    if not isinstance(engine, Engine):
        raise UsageError(f"check_engine tries out an Engine, got {type(engine).__name__}.")
    if not 2 <= engine.num_qubits <= _LARGEST:
        raise UsageError(f"check_engine needs a cost of 2 ... {_LARGEST} bits, got {engine.num_qubits}.")
    if engine.shots is not None and engine.shots < _FEWEST_SHOTS:
        raise UsageError(f"check_engine needs {_FEWEST_SHOTS:,} shots or more, got {engine.shots}.")
    trial = Trial(engine, seed)
    if len(np.unique(trial.table)) < trial.table.size:
        raise UsageError("check_engine needs a cost that differs between any two configurations.")
    trial.cost()
    trial.order_of_bits()
    for ansatz in trial.circuits:
        trial.values(ansatz)
        trial.samples(ansatz)
        trial.gradient(ansatz, MEAN)
        trial.overlaps(ansatz)
    for objective in trial.objectives:
        trial.objective(objective)
        trial.gradient(trial.circuits[0], objective)
    trial.results_stay()
    trial.refusals()
    if repeats:
        trial.seeds()
        trial.copies()
