"""Ising Hamiltonians: a constant and products of Pauli Z, of any degree, on any number of qubits."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import (
    check_bits,
    check_rows,
    configuration,
    mask_degrees,
    mask_support,
    pack_bits,
    unpack_bits,
    words_for,
)  # fmt: skip
from walshqhn.cost.base import Progress, Scale, check_names
from walshqhn.cost.energies import Terms
from walshqhn.cost.minimum import find_minimum
from walshqhn.cost.table import LARGEST_COST
from walshqhn.cost.terms import TermSum
from walshqhn.cost.truncation import select_terms
from walshqhn.support.arrays import FloatArray, MaskArray
from walshqhn.support.checks import check_array, check_numbers, check_real
from walshqhn.support.errors import InputError
from walshqhn.support.hooks import native_format
from walshqhn.support.resources import require_memory
from walshqhn.support.shown import Drawn, Tabular
from walshqhn.transform import wht

if TYPE_CHECKING:
    from qiskit.quantum_info import SparsePauliOp

_ERRORS = ("discarded_weight", "discarded_error", "coefficient_error")
_BATCH = 1 << 16  # masks unpacked at a time


@dataclass(frozen=True, eq=False, repr=False)
class IsingHamiltonian(Tabular, Drawn, TermSum):
    """H = constant + sum_t coefficients[t] prod_{j in masks[t]} Z_j; its energies are a cost C(x).

    InputError unless coefficients are finite and masks distinct.

    >>> ring = IsingHamiltonian(num_qubits=3, masks=[[3], [6], [5]], coefficients=[1.0, 1.0, 1.0])
    >>> ring.energy([0, 1, 0])
    -1.0
    """

    num_qubits: int
    masks: MaskArray
    """(T, ceil(N / 64)), bit j in word j // 64; distinct, none empty."""
    coefficients: FloatArray
    """(T,)"""
    constant: float = 0.0
    discarded_weight: float = 0.0
    """Sum of the squares of all coefficients that truncations have dropped."""
    max_degree: int | None = None
    """The degree the terms were truncated to; None: not by degree."""
    tolerance: float = 0.0
    """Terms with |coefficient| up to this were dropped."""
    discarded_error: float = 0.0
    """Standard error of ``discarded_weight`` where it was estimated by sampling; 0: it is exact."""
    coefficient_error: float = 0.0
    """Bound on the error that the way of computing left in each coefficient; 0: rounding errors only."""
    names: tuple[str, ...] = field(default=(), repr=False)
    """Names of the N bits; empty: b[0], b[1], ..."""

    def __post_init__(self) -> None:
        if not isinstance(self.num_qubits, int | np.integer) or self.num_qubits < 0:
            raise InputError(f"num_qubits must be a whole number of at least 0, got {self.num_qubits!r}.")
        given = check_array("masks", self.masks)
        if given.size and given.dtype.kind not in "ui":
            raise InputError(f"masks are whole numbers, got dtype {given.dtype}.")
        for name in _ERRORS:
            if not 0 <= getattr(self, name) < np.inf:
                raise InputError(f"{name} must be at least 0 and finite, got {getattr(self, name)}.")
        masks, words = np.ascontiguousarray(given, dtype=np.uint64), words_for(self.num_qubits)
        coefficients = check_numbers("coefficients", self.coefficients)
        check_numbers("the constant", self.constant, ndim=0)
        if masks.shape != (len(coefficients), words):
            raise InputError(
                f"a Hamiltonian on {self.num_qubits} qubits has masks (T, {words}) and coefficients (T,), "
                f"got {masks.shape} and {coefficients.shape}."
            )
        if not (np.isfinite(coefficients).all() and np.isfinite(self.constant)):
            raise InputError("coefficients must be finite.")
        if max(np.abs(coefficients).max(initial=0.0), abs(self.constant)) > LARGEST_COST:
            raise InputError(f"coefficients must stay below {LARGEST_COST:g} in size: rescale the cost.")
        spare = 64 * words - self.num_qubits
        if spare and masks.size and int(masks[:, -1].max()) >> (64 - spare):
            raise InputError(f"a mask names a qubit beyond {self.num_qubits - 1}.")
        if not masks.any(axis=1).all():
            raise InputError("an empty mask is the constant; give it as such.")
        ascending = words == 1 and bool((masks[1:] > masks[:-1]).all())
        if not ascending and len(np.unique(masks, axis=0)) != len(masks):
            raise InputError("a mask occurs twice.")
        names = check_names(self.names or None, self.num_qubits)
        numbers = {name: float(getattr(self, name)) for name in ("constant", "tolerance", *_ERRORS)}
        for name, value in {"masks": masks, "coefficients": coefficients, "names": names, **numbers}.items():
            object.__setattr__(self, name, value)

    def facts(self) -> dict[str, Any]:
        degree = int(self.degrees.max(initial=0))
        return {"qubits": self.num_qubits, "terms": len(self), "degree": degree, "constant": self.constant}

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """Terms by descending size: the names of their bits, degree and coefficient."""
        terms, labels = self.largest(len(self) if count is None else count), self.bit_names
        names = [" · ".join(labels[q] for q in qubits) for qubits, _ in terms]
        return {"term": names, "degree": [len(qubits) for qubits, _ in terms], "coefficient": [f for _, f in terms]}

    @property
    def num_bits(self) -> int:
        return self.num_qubits

    @cached_property
    def digest(self) -> str:
        """SHA-256 of constant, masks and coefficients."""
        content = np.float64(self.constant).tobytes() + self.masks.tobytes() + self.coefficients.tobytes()
        return hashlib.sha256(f"ising {self.num_qubits} ".encode() + content).hexdigest()

    @cached_property
    def scale(self) -> Scale:
        """Center and standard deviation of C."""
        return Scale.of_terms(self.constant, self.coefficients)

    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        return np.asarray(self.energy(check_rows(bits, self.num_qubits)))

    def cost_table(self, *, threads: int | None = None, progress: Progress | None = None) -> FloatArray:
        return self.energies(threads=threads)

    @property
    def degrees(self) -> npt.NDArray[np.int64]:
        """Degree of each term: (T,)."""
        return mask_degrees(self.masks)

    @property
    def rms_error(self) -> float:
        """Root mean square, over all configurations, of what truncations changed in the energy."""
        return float(np.sqrt(self.discarded_weight))

    @property
    def is_truncated(self) -> bool:
        """Whether truncations dropped more than rounding errors."""
        return self.rms_error > 1e-12 * float(np.sqrt(np.square(self.coefficients).sum() + self.constant**2))

    def degree_weights(self) -> FloatArray:
        """W(k) of the terms: (N + 1,); W(0) = constant^2."""
        weights = np.bincount(self.degrees, np.square(self.coefficients), self.num_qubits + 1).astype(np.float64)
        weights[0] = self.constant**2
        return weights

    def influences(self) -> FloatArray:
        """Inf_j = sum of f(S)^2 over all S that contain j: (N,), how much the cost depends on each bit.

        It is a quarter of the mean squared change of the cost when bit j is flipped (O'Donnell, Definition 2.22).
        """
        out = np.zeros(self.num_qubits)
        for start in range(0, len(self), _BATCH):
            part = slice(start, start + _BATCH)
            out += np.square(self.coefficients[part]) @ unpack_bits(self.masks[part], self.num_qubits)
        return out

    def noise_stability(self, rho: float) -> float:
        """sum over k of rho^k W(k): E[C(x) C(y)] where each spin of y is that of x with probability (1 + rho) / 2.

        UsageError unless -1 <= rho <= 1.
        """
        return float(self.degree_weights() @ check_real("rho", rho, least=-1, most=1) ** np.arange(self.num_qubits + 1))

    def truncate(
        self, max_degree: int | None = None, tolerance: float = 0.0, max_terms: int | None = None
    ) -> IsingHamiltonian:
        """Fewer terms; parameters as in `WalshSpectrum.hamiltonian`. What is dropped adds to ``discarded_weight``."""
        kept, discarded = select_terms(self.coefficients, self.degrees, max_degree, tolerance, max_terms)
        return replace(
            self, masks=self.masks[kept], coefficients=self.coefficients[kept],
            discarded_weight=self.discarded_weight + discarded, tolerance=max(tolerance, self.tolerance),
            max_degree=min((d for d in (max_degree, self.max_degree) if d is not None), default=None),
        )  # fmt: skip

    def largest(self, count: int) -> list[tuple[tuple[int, ...], float]]:
        """The ``count`` largest terms as (qubits, coefficient), by decreasing size."""
        order = np.argsort(-np.abs(self.coefficients), kind="stable")[:count]
        return [(mask_support(self.masks[t]), float(self.coefficients[t])) for t in order]

    def labels(self, names: Sequence[str] | None, pattern: str = "b[{}]") -> list[str]:
        """``names`` of the qubits, or ``pattern`` filled in. InputError unless there are N distinct ones."""
        found = [pattern.format(j) for j in range(self.num_qubits)] if names is None else list(names)
        if len(found) != self.num_qubits or len(set(found)) != len(found):
            raise InputError(f"names must be {self.num_qubits} different names, got {len(found)}.")
        return found

    find_minimum = find_minimum

    def energies(self, bits: npt.ArrayLike | None = None, *, threads: int | None = None) -> FloatArray:
        """Energies of bits (M, N): shape (M,); by default of all configurations, (2^N,), or TooLargeError."""
        if bits is not None:
            return self.costs(bits)
        require_memory(
            8 << self.num_qubits,
            f"the table of all energies of N = {self.num_qubits} qubits",
            "Use energy(bits) for the configurations you need; engines with shots (mps, backend) do without the table.",
        )
        values = np.zeros(1 << self.num_qubits)
        values[self.masks[:, 0]] = self.coefficients
        values[0] = self.constant
        return wht(values, overwrite=True, threads=threads)

    def energy(self, bits: npt.ArrayLike) -> Any:
        """Energy of configurations, bits (..., N) in {0, 1}: shape (...), a float for one configuration.

        One configuration may also be a label, "b_{N-1} ... b_0", or an index.
        """
        rows = check_bits(configuration(bits, self.num_qubits), self.num_qubits)
        flat = rows.reshape(math.prod(rows.shape[:-1]), self.num_qubits)
        out = self.constant + self._terms.energies(flat)
        return float(out[0]) if rows.ndim == 1 else out.reshape(rows.shape[:-1])

    @cached_property
    def _terms(self) -> Terms:
        return Terms(self.num_qubits, self.masks, self.coefficients)

    def to_sparse_pauli_op(self, *, constant: bool = True) -> SparsePauliOp:
        """As Qiskit's SparsePauliOp on ``num_qubits`` qubits; the identity term first, unless ``constant=False``."""
        from qiskit.quantum_info import PauliList, SparsePauliOp

        z = unpack_bits(self.masks, self.num_qubits).astype(bool)
        coefficients = self.coefficients
        if constant or not len(self):  # Qiskit has no operator without terms
            z = np.vstack([np.zeros((1, self.num_qubits), dtype=bool), z])
            coefficients = np.concatenate([[self.constant if constant else 0.0], coefficients])
        paulis = PauliList.from_symplectic(z, np.zeros_like(z))
        return SparsePauliOp(paulis, coefficients.astype(np.complex128), ignore_pauli_phase=True, copy=False)

    @classmethod
    def from_sparse_pauli_op(cls, op: SparsePauliOp) -> IsingHamiltonian:
        """From a SparsePauliOp of I and Z with real coefficients; equal terms are added up.

        InputError if a term holds X or Y, or a coefficient is not real and finite.
        """
        x, z = np.asarray(op.paulis.x), np.asarray(op.paulis.z)
        if x.any():
            raise InputError(f"an Ising Hamiltonian holds I and Z only, got {op.paulis[int(x.any(axis=1).argmax())]}.")
        values = np.asarray(op.coeffs, dtype=np.complex128)
        finite = np.isfinite(values).all()
        if finite:
            values = values * (-1j) ** np.asarray(op.paulis.phase)
        if not finite or np.abs(values.imag).max(initial=0.0) > 1e-12 * np.abs(values).max(initial=0.0):
            raise InputError("the coefficients of an Ising Hamiltonian are real and finite.")
        return cls._summed(op.num_qubits, pack_bits(z), values.real)

    def to_sympy(self, *, names: Sequence[str] | None = None, max_terms: int | None = None) -> Any:
        """As a SymPy sum, constant first, then terms by decreasing size (unevaluated, so that the order stays).

        ``names`` replace Z_0, Z_1, ... Print with ``sympy.sstr(expression, order="none")``.
        """
        import sympy

        labels = self.labels(names, "Z_{}")
        symbols = [sympy.Symbol(label, commutative=True) for label in labels]
        terms = [
            sympy.Mul(sympy.Float(value, 17), *(symbols[j] for j in qubits), evaluate=False)
            for qubits, value in self.largest(len(self) if max_terms is None else max_terms)
        ]
        return sympy.Add(sympy.Float(self.constant, 17), *terms, evaluate=False)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a walshqhn HDF5 file; it appears whole or not at all. UsageError if it exists, unless ``overwrite``."""
        native_format().save_part(path, "hamiltonian", self, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> IsingHamiltonian:
        """From a walshqhn HDF5 file. InputError if it holds no Hamiltonian; FormatError if it is damaged or newer."""
        found: IsingHamiltonian = native_format().load_part(path, "hamiltonian")
        return found
