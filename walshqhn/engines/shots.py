"""The base of engines that measure circuits: simulators with shots, and hardware."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from walshqhn.cost.base import Cost
from walshqhn.engines.base import Engine, Prepared, Rng, check_cost, require_sample_memory
from walshqhn.engines.distribution import Distribution
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_whole


class SampledEngine(Engine):
    """An engine that measures circuits, many per job.

    ``cost`` is anything `as_cost` accepts, ``shots`` the measurements per value (None: values are exact); every job
    without ``rng`` gets a new seed derived from ``seed``. InputError for an invalid cost; UsageError for one with no
    bits, and for shots or a seed out of range.
    """

    def __init__(self, cost: Cost | npt.ArrayLike, *, shots: int | None, seed: int) -> None:
        self.cost = check_cost(cost)
        self.shots = None if shots is None else check_whole("shots", shots, 1)
        require_sample_memory(self.shots or 0, self.cost.num_bits)
        self.seed = check_whole("seed", seed, 0)
        self._seeds = np.random.SeedSequence(self.seed)

    def job_seed(self, rng: Rng) -> int:
        """The seed of the next job: drawn with ``rng``, or from the engine's own."""
        if rng is None:
            return int(self._seeds.spawn(1)[0].generate_state(1)[0] >> 1)
        return int(np.random.default_rng(rng).integers(2**31))


class SampledPrepared(Prepared):
    """A circuit that is measured. Subclasses implement `run`; `distributions` too if their engine may have no shots."""

    engine: SampledEngine

    @abstractmethod
    def run(self, points: FloatArray, shots: int, seed: int) -> Iterator[BitArray]:
        """Measured bit strings (shots, N) at every row of ``points`` (M, num_parameters), all submitted together."""

    def measure(self, points: FloatArray, shots: int, rng: Rng = None) -> Iterator[BitArray]:
        return self.run(points, shots, self.engine.job_seed(rng))

    def distributions(self, points: FloatArray, rng: Rng = None) -> Iterator[Distribution]:
        return map(self.measured, self.measure(points, check_whole("shots", self.engine.shots, 1), rng))


def derived_seed(seed: int, number: int) -> int:
    """A seed for part ``number`` of a job."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)
