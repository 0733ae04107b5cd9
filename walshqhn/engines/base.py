"""What every engine offers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError, UsageError


@runtime_checkable
class Engine(Protocol):
    """Runs an ansatz for a cost on bit strings."""

    num_qubits: int
    cost_sha256: str | None
    """Checksum of the cost table; None if the cost is a function."""

    @property
    def shots(self) -> int | None:
        """Measurements a value is estimated from; None: values are exact."""

    @property
    def exact_minimum(self) -> float | None:
        """The least cost of any configuration, where it is known."""

    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        """Costs of bit strings (M, N): shape (M,)."""

    def expectation(self, ansatz: Ansatz, params: npt.ArrayLike) -> float:
        """Mean cost of what is measured, E = sum_x |psi_x|^2 C(x)."""

    def value_and_gradient(self, ansatz: Ansatz, params: npt.ArrayLike) -> tuple[float, FloatArray]:
        """E and its derivatives with respect to the parameters."""

    def sample(self, ansatz: Ansatz, params: npt.ArrayLike, shots: int, rng: np.random.Generator) -> BitArray:
        """``shots`` measured bit strings: (shots, N) uint8."""


@runtime_checkable
class BatchEngine(Engine, Protocol):
    """An engine that runs many circuits as one job."""

    def expectations(self, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
        """E at every row of ``params`` (M, num_parameters): shape (M,)."""

    def sample_many(
        self, ansatz: Ansatz, params: npt.ArrayLike, shots: int, rng: np.random.Generator
    ) -> npt.NDArray[np.uint8]:
        """``shots`` measured bit strings at every row of ``params`` (M, num_parameters): (M, shots, N) uint8."""


def expectations(engine: Engine, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
    """E at every row of ``params`` (M, num_parameters), as one job where the engine can: shape (M,)."""
    rows = check_parameter_rows(ansatz, params)
    if isinstance(engine, BatchEngine):
        return engine.expectations(ansatz, rows)
    return np.array([engine.expectation(ansatz, row) for row in rows], dtype=np.float64)


def check_parameter_rows(ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
    """``params`` as float64 (M, num_parameters), M >= 1; InputError unless it is that, and finite."""
    rows = np.asarray(params, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != ansatz.num_parameters or not len(rows):
        raise InputError(f"parameters must have shape (M, {ansatz.num_parameters}), M >= 1, got {rows.shape}.")
    if not np.isfinite(rows).all():
        raise InputError("parameters must be finite.")
    return rows


def check_shots(shots: int) -> int:
    """``shots`` if it is a whole number of at least 1; UsageError otherwise."""
    if isinstance(shots, bool) or not isinstance(shots, int | np.integer) or shots < 1:
        raise UsageError(f"shots must be a whole number of at least 1, got {shots!r}.")
    return int(shots)


def check_qubits(ansatz: Ansatz, num_qubits: int) -> None:
    """InputError unless the circuit has as many qubits as the cost has bits."""
    if ansatz.num_qubits != num_qubits:
        raise InputError(f"the circuit has {ansatz.num_qubits} qubits, the cost has {num_qubits} bits.")
