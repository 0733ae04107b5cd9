"""Minimizing a Hamiltonian of many bits on few qubits, each bit being the sign of a Pauli correlator.

The bits are relaxed to soft spins tanh(alpha <P_j>), the Hamiltonian to its multilinear extension, and that is
minimized over the angles of a circuit, whose gradients the adjoint method gives, basis by basis. A second stage with a
larger alpha sharpens the spins. The signs are then read, and improved by single flips (Sciorilli et al., Nature
Communications 16, 476 (2025), without their regularization).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz
from walshqhn.circuits.encodings import MeasuredIn, PauliEncoding
from walshqhn.cost.base import Progress
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.multilinear import MultilinearTerms
from walshqhn.engines.distribution import Distribution, Estimate
from walshqhn.engines.exact import ExactEngine
from walshqhn.engines.objectives import MEAN, Objective
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.clock import Stopwatch
from walshqhn.support.errors import UsageError
from walshqhn.support.shown import ByValue, Shown
from walshqhn.transform import wht

_SHARPER = 4.0  # alpha of the second stage over that of the first


@dataclass(frozen=True, eq=False, repr=False)
class EncodedResult(ByValue, Shown):
    """Several trainings from random angles."""

    encoding: PauliEncoding
    bits: BitArray
    """(N,), the best configuration of all runs."""
    cost: float
    """Its energy."""
    soft_energies: FloatArray
    """(runs,), the multilinear extension at the soft spins, after the last stage."""
    rounded_costs: FloatArray
    """(runs,), energies of the signs of the correlators."""
    descended_costs: FloatArray
    """(runs,), after flips of single bits that lower the energy, the steepest first, until there is none."""
    parameters: FloatArray
    """(runs, num_parameters), the trained angles."""
    evaluations: int
    """Energies with gradients computed in all runs; each takes a circuit in every basis."""
    seconds: float
    """Without the compilation of kernels."""


class EncodedEnergy:
    """The multilinear extension of a Hamiltonian at soft spins tanh(alpha <P_j>), and its gradient.

    UsageError unless the encoding has as many bits as the Hamiltonian, and the circuit as many qubits as the encoding.
    """

    def __init__(
        self, hamiltonian: IsingHamiltonian, encoding: PauliEncoding, ansatz: Ansatz, *, threads: int | None = None
    ) -> None:
        if hamiltonian.num_qubits != encoding.num_bits:
            raise UsageError(f"the encoding has {encoding.num_bits} bits, the Hamiltonian {hamiltonian.num_qubits}.")
        if ansatz.num_qubits != encoding.num_qubits:
            raise UsageError(f"the circuit has {ansatz.num_qubits} qubits, the encoding {encoding.num_qubits}.")
        self.encoding, self.ansatz = encoding, ansatz
        self.extension = MultilinearTerms(hamiltonian, threads=threads)
        self._size = 1 << encoding.num_qubits
        engine = ExactEngine(np.zeros(self._size), threads=threads)
        self._prepared = {basis: engine.prepare(MeasuredIn(ansatz, basis)) for basis in encoding.families}

    def correlators(
        self, params: FloatArray, shots: int | None = None, rng: np.random.Generator | int | None = None
    ) -> FloatArray:
        """<P_j> of every bit: (N,); exact, or the means of ``shots`` measurements in each basis."""
        found, generator = np.empty(self.encoding.num_bits), np.random.default_rng(rng)
        for basis, (bits, masks) in self.encoding.families.items():
            weights = self._prepared[basis].probabilities(params)
            if shots is not None:
                weights = generator.multinomial(shots, weights / weights.sum()) / shots
            found[bits] = wht(weights)[masks]
        return found

    def value_and_gradient(self, params: FloatArray, alpha: float) -> tuple[float, FloatArray]:
        """The energy and its derivatives with respect to the angles, (num_parameters,)."""
        spins = np.tanh(alpha * self.correlators(params))
        value, slopes = self.extension.value_and_slopes(spins)
        slopes = slopes * alpha * (1.0 - spins**2)  # dE / d<P_j>
        gradient = np.zeros(self.ansatz.num_parameters)
        for basis, (bits, masks) in self.encoding.families.items():
            terms = np.zeros(self._size)
            terms[masks] = slopes[bits]
            found = self._prepared[basis].value_and_gradient(params, _Fixed(wht(terms)))
            assert found.gradient is not None
            gradient += found.gradient
        return value, gradient

    def read(
        self, params: FloatArray, shots: int | None = None, rng: np.random.Generator | int | None = None
    ) -> BitArray:
        """The bits, from `correlators`: (N,)."""
        return (self.correlators(params, shots, rng) < 0).astype(np.uint8)


class _Fixed(Objective):
    """The mean of a given diagonal in place of the engine's cost."""

    def __init__(self, diagonal: FloatArray) -> None:
        self.diagonal = diagonal

    def evaluate(self, found: Distribution) -> Estimate:
        return MEAN.evaluate(found)

    def linearized(self, found: Distribution) -> Callable[[FloatArray], FloatArray]:
        return lambda costs: self.diagonal


def train_encoded(
    hamiltonian: IsingHamiltonian, encoding: PauliEncoding, ansatz: Ansatz | None = None, *, runs: int = 5,
    alpha: float | None = None, max_iterations: int = 300, shots: int | None = None, seed: int = 0,
    threads: int | None = None, progress: Progress | None = None,
) -> EncodedResult:  # fmt: skip
    """Train ``hamiltonian`` (N bits, any degree) on the few qubits of ``encoding``.

    Parameters
    ----------
    ansatz
        A circuit on the encoding's qubits; default: a linear one with as many angles as there are bits, or more.
    alpha
        Steepness of the soft spins in the first stage, above 0; default: 1.5 n^floor(k / 2) for correlators of k out of
        n qubits. The second stage has four times as much.
    max_iterations
        Iterations of L-BFGS-B in each stage.
    shots
        Measurements in each basis from which the bits are read at the end; None: from exact correlators. Training
        itself is exact.

    UsageError if circuit, encoding and Hamiltonian do not match; TooLargeError if the state does not fit in
    memory.

    >>> ring = IsingHamiltonian.from_terms({(j, (j + 1) % 6): 1.0 for j in range(6)})
    >>> train_encoded(ring, PauliEncoding.multi_basis(6)).cost
    -6.0
    """
    from scipy.optimize import minimize

    circuit = _default_circuit(encoding) if ansatz is None else ansatz
    energy, clock = EncodedEnergy(hamiltonian, encoding, circuit, threads=threads), Stopwatch()
    order = max(len(qubits) for _, qubits in encoding.strings)
    first = 1.5 * encoding.num_qubits ** (order // 2) if alpha is None else check_real("alpha", alpha, above=0)
    check_whole("max_iterations", max_iterations, 1)
    count = None if shots is None else check_whole("shots", shots, 1)
    size = float(np.sqrt(np.square(hamiltonian.coefficients).sum())) or 1.0
    evaluations, found = 0, []
    sequences = np.random.SeedSequence(check_whole("seed", seed, 0)).spawn(check_whole("runs", runs, 1))
    for k, sequence in enumerate(sequences):
        generator = np.random.default_rng(sequence)
        params = circuit.initial_parameters(generator)
        value = 0.0
        for sharpness in (first, _SHARPER * first):

            def scaled(values: FloatArray, sharpness: float = sharpness) -> tuple[float, FloatArray]:
                e, gradient = energy.value_and_gradient(values, sharpness)
                return (e - hamiltonian.constant) / size, gradient / size

            result = minimize(scaled, params, jac=True, method="L-BFGS-B", options={"maxiter": max_iterations})
            params, value, evaluations = result.x, float(result.fun), evaluations + int(result.nfev)
        rounded = energy.read(params, count, generator)
        improved = descend(energy.extension, rounded)
        costs = hamiltonian.costs(np.array([rounded, improved]))
        found.append((params, size * value + hamiltonian.constant, costs[0], costs[1], improved))
        if progress is not None:
            progress((k + 1) / runs)
    angles, soft, raw, descended, bits = (list(column) for column in zip(*found, strict=True))
    best = int(np.argmin(descended))
    return EncodedResult(
        encoding, bits[best], float(descended[best]), np.array(soft), np.array(raw), np.array(descended),
        np.array(angles), evaluations, clock.seconds,
    )  # fmt: skip


def descend(extension: MultilinearTerms, bits: BitArray) -> BitArray:
    """Flip the bit that lowers the energy most, until none does: (N,)."""
    spins = 1.0 - 2.0 * bits.astype(np.float64)
    while True:
        value, slopes = extension.value_and_slopes(spins)
        gains = 2.0 * spins * slopes  # of a flip: E is linear in each spin
        best = int(np.argmax(gains)) if len(gains) else 0
        before = spins.copy()
        spins[best] = -spins[best]
        if not extension.value(spins) < value:  # rounding must not make it go in circles
            return ((1 - before) / 2).astype(np.uint8)


def _default_circuit(encoding: PauliEncoding) -> LinearAnsatz:
    n = encoding.num_qubits
    return LinearAnsatz(n, max(1, -(-encoding.num_bits // (4 * n))))
