"""Matrix product states: exact means, gradients and samples of shallow circuits at any number of qubits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.task import NetworkTask
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.shifts import ShiftRule
from walshqhn.cost.base import Cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.engines.base import Evaluation, Rng
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.mps_hidden import HiddenEnergy, network_energy
from walshqhn.engines.mps_network import NetworkEnergy
from walshqhn.engines.mps_state import SiteProgram, State, truncated_state
from walshqhn.engines.mps_terms import NO_COTANGENT, Automaton, Cotangent, Energy, term_sites
from walshqhn.engines.objectives import MEAN, Objective
from walshqhn.engines.shots import SampledEngine, SampledPrepared
from walshqhn.kernels import mps, mps_sites
from walshqhn.kernels.pool import share
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.resources import resolve_threads, thread_limit

_BLOCK = 64  # samples that are drawn at a time
_UNIFORMS = 1 << 24  # random numbers held at a time
_ROUNDING = 1e-15  # coefficients this much smaller than the largest are errors of the transform


class MPSEngine(SampledEngine):
    """Circuits of rotations and CX as matrix product states, on any number of qubits (Vidal, PRL 91, 147902 (2003)).

    A CX doubles the bond that it crosses: the linear ansatz of L layers has bond 2^L, exactly, whatever N. Without
    ``shots`` the mean E and its gradient are exact, without any array of size 2^N, for Hamiltonians of any degree, for
    networks with one output and at most one hidden layer, and (by their spectrum) for tables. From ``shots``,
    independent samples of the state, any cost and any objective can be estimated. ``cost`` and ``seed`` are as in
    `SampledEngine`; ``threads`` defaults to $WALSHQHN_THREADS, else all cores; results do not depend on it.

    ``max_bond`` truncates states whose exact bond is larger, after every CX; gradients are then taken by parameter
    shifts, and `MPSPrepared.discarded_weight` tells how much was dropped.

    UsageError without shots for a cost whose mean is not known exactly, and for invalid settings.

    >>> from walshqhn import IsingHamiltonian, LinearAnsatz
    >>> ring = IsingHamiltonian(num_qubits=3, masks=[[3], [6], [5]], coefficients=[1.0, 1.0, 1.0])
    >>> round(MPSEngine(ring).expectation(LinearAnsatz(3, 1), [0.3] * 12), 6)
    2.213684
    """

    def __init__(
        self, cost: Cost | npt.ArrayLike, *, shots: int | None = None, max_bond: int | None = None, seed: int = 0,
        threads: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(cost, shots=shots, seed=seed)
        self.max_bond = None if max_bond is None else check_whole("max_bond", max_bond, 1)
        resolve_threads(threads)  # fail early
        self.threads = threads
        if shots is None:
            _ = self.hamiltonian  # likewise

    @cached_property
    def network(self) -> NetworkEnergy | HiddenEnergy | None:
        """What the cost holds besides `hamiltonian`."""
        return network_energy(self.cost) if isinstance(self.cost, NetworkTask) else None

    @cached_property
    def hamiltonian(self) -> IsingHamiltonian:
        """The cost, or the part of it that is a Hamiltonian. UsageError if its mean is not known exactly."""
        if self.network is not None:
            return self.network.linear
        if isinstance(self.cost, TableCost):
            spectrum = WalshSpectrum.from_cost(self.cost, threads=self.threads)
            largest = float(np.abs(spectrum.coefficients).max())
            return spectrum.hamiltonian(tolerance=_ROUNDING * largest)
        if isinstance(self.cost, IsingHamiltonian):
            return self.cost
        raise UsageError(
            f"the mps engine knows the exact mean of Hamiltonians, tables and additive networks, not of a "
            f"{type(self.cost).__name__}: set shots."
        )

    @property
    def settings(self) -> dict[str, Any]:
        return {} if self.max_bond is None else {"max_bond": self.max_bond}

    def check_objective(self, objective: Objective) -> None:
        if self.shots is None and objective != MEAN:
            raise UsageError(f"the mps engine computes the mean alone exactly, not {objective}: set shots.")

    def prepare(self, ansatz: Ansatz) -> MPSPrepared:
        """UsageError for circuits with other gates than rotations and CX; TooLargeError where the bond does not fit."""
        return MPSPrepared(self, ansatz)


class MPSPrepared(SampledPrepared):
    """A circuit as a program for each site."""

    engine: MPSEngine

    def __init__(self, engine: MPSEngine, ansatz: Ansatz) -> None:
        super().__init__(engine, ansatz)
        self.program = SiteProgram(ansatz)
        if not self.is_truncated:
            self.program.require_memory()

    @property
    def bond(self) -> int:
        """The exact bond dimension, 2 to the power of the CX gates that cross the busiest cut."""
        return 1 << max(self.program.crossings)

    @property
    def is_truncated(self) -> bool:
        """Whether ``max_bond`` is less than `bond`."""
        return self.engine.max_bond is not None and self.bond > self.engine.max_bond

    def discarded_weight(self, params: npt.ArrayLike) -> float:
        """Sum of the squares of all Schmidt coefficients dropped by truncation at ``params``; 0 if exact."""
        return self._state(self.ansatz.check_parameters(params)).discarded

    def note(self, params: npt.ArrayLike) -> str:
        if not self.is_truncated:
            return ""
        weight = self.discarded_weight(params)
        return f"bond {self.bond:,} was truncated to {self.engine.max_bond:,}: discarded weight {weight:.3g}"

    def evaluate(self, points: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> list[Evaluation]:
        if not self.is_exact:
            return super().evaluate(points, objective, rng)
        self.engine.check_objective(objective)
        rows = self.check_points(points)
        return [Evaluation(row.copy(), self._value(self._state(row), NO_COTANGENT), 0.0) for row in rows]

    def value_and_gradient(self, params: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> Evaluation:
        """The objective and its gradient: by the adjoint method where both are exact, else by parameter shifts."""
        if not self.is_exact:
            return super().value_and_gradient(params, objective, rng)
        self.engine.check_objective(objective)
        values = self.ansatz.check_parameters(params)
        state = self._state(values)
        if self.is_truncated:
            rule = ShiftRule(self.ansatz)
            shifted = self if rule.ansatz is self.ansatz else self.engine.prepare(rule.ansatz)
            gradient = rule.gradient(shifted.expectations(rule.points(values)))
            return Evaluation(values.copy(), self._value(state, NO_COTANGENT), 0.0, gradient)
        cotangent = Cotangent.of(state)
        value = self._value(state, cotangent)
        return Evaluation(values.copy(), value, 0.0, self.program.gradient(values, state, cotangent.re, cotangent.im))

    def run(self, points: FloatArray, shots: int, seed: int) -> Iterator[BitArray]:
        generator, n = np.random.default_rng(seed), self.ansatz.num_qubits
        for row in points:
            state, found = self._state(row).canonical, np.empty((shots, n), np.uint8)
            batch = max(1, _UNIFORMS // (n * _BLOCK)) * _BLOCK
            for start in range(0, shots, batch):
                part = found[start : start + batch]
                uniforms = generator.random((-(-len(part) // _BLOCK), n, _BLOCK))
                drawn = np.empty(uniforms.shape, np.uint8)

                def work(begin: int, end: int, uniforms: FloatArray = uniforms, drawn: BitArray = drawn) -> None:
                    mps_sites.draw(state.re, state.im, state.tensors, state.bonds, uniforms, drawn, begin, end)  # noqa: B023

                with thread_limit(self.engine.threads):
                    share(work, len(drawn), max(1, len(drawn) // 16))
                part[:] = drawn.transpose(0, 2, 1).reshape(-1, n)[: len(part)]
            yield found

    def distributions(self, points: FloatArray, rng: Rng = None) -> Iterator[Distribution]:
        """Measured. UsageError without shots: a matrix product state has no list of all probabilities."""
        if self.is_exact:
            raise UsageError("the mps engine gives no distribution over all configurations: set shots, or sample.")
        return super().distributions(points, rng)

    def probabilities(self, params: npt.ArrayLike) -> FloatArray:
        raise UsageError("the mps engine gives no probabilities of all configurations; sample, or use ExactEngine.")

    def overlaps(
        self, params: npt.ArrayLike, points: npt.ArrayLike, rng: Rng = None, shots: int | None = None
    ) -> FloatArray:
        """|<psi(params)|psi(y)>|^2 for every row y of ``points`` (M, num_parameters): shape (M,).

        Exact; with ``shots`` (default: the engine's), the fraction of successes in as many simulated measurements.
        """
        here = self._state(self.ansatz.check_parameters(params))
        moves, ones = np.tile(np.array([[0, 0, 1]]), (self.ansatz.num_qubits, 1)), np.ones(self.ansatz.num_qubits)
        found = []
        for row in self.check_points(points):
            there = self._state(row)
            size = int((here.bonds * there.bonds).sum())
            re, im = mps.automaton(
                here.re, here.im, here.tensors, here.bonds, there.re, there.im, there.tensors, there.bonds,
                np.ones(len(here.bonds), np.int64), np.arange(len(here.bonds)), moves, ones, *(np.zeros(0),) * 3,
                np.empty(size), np.empty(size),
            )  # fmt: skip
            found.append(min(1.0, re * re + im * im))
        if shots is None and self.is_exact:
            return np.array(found)
        count = check_whole("shots", self.engine.shots if shots is None else shots, 1)
        return np.random.default_rng(self.engine.job_seed(rng)).binomial(count, found) / count

    def spin_means(self, params: npt.ArrayLike, masks: npt.ArrayLike) -> FloatArray:
        """<prod_{j in S} Z_j> at ``params`` for each mask S, masks (T, ceil(N / 64)) as in `IsingHamiltonian`: (T,).

        InputError for masks that no Hamiltonian can have.
        """
        rows = np.atleast_2d(np.asarray(masks))
        terms = IsingHamiltonian(self.ansatz.num_qubits, rows, np.zeros(len(rows)))
        if not len(terms):
            raise InputError("spin_means needs one mask or more, got none.")
        automaton = Automaton(term_sites(terms.masks), self.ansatz.num_qubits)
        state = self._state(self.ansatz.check_parameters(params))
        return automaton.run(state, terms.coefficients, NO_COTANGENT, means=True)[1]

    @property
    def gradient_circuits(self) -> int:
        return 1 if self.is_exact and not self.is_truncated else super().gradient_circuits

    def _state(self, params: FloatArray) -> State:
        most = self.engine.max_bond
        if most is None or self.bond <= most:
            return self.program.state(params)
        return truncated_state(self.program, params, most)

    @cached_property
    def _energy(self) -> Energy:
        return Energy(self.engine.hamiltonian, None if self.is_truncated else self.program.reach)

    def _value(self, state: State, cotangent: Cotangent) -> float:
        value = self._energy(state, cotangent)
        with thread_limit(self.engine.threads):
            return value if self.engine.network is None else value + self.engine.network.add(state, cotangent)
