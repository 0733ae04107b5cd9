"""Sums of products of Z, as terms: from dictionaries and to them, added, multiplied and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from walshqhn.bits import mask_support, masks_from_supports
from walshqhn.cost.base import Cost
from walshqhn.cost.substitution import substitute
from walshqhn.support.arrays import FloatArray, MaskArray
from walshqhn.support.errors import InputError, unknown_name
from walshqhn.support.resources import require_memory


class TermSum(Cost):
    """`IsingHamiltonian` as an algebraic expression.

    Sums, differences and products with numbers and with each other are Hamiltonians, too (Z^2 = 1); they carry no
    truncation error. Two are equal if they have the same terms, in any order; names do not count.
    """

    __array_ufunc__ = None  # numbers of NumPy leave sums and products to us

    if TYPE_CHECKING:
        num_qubits: int
        masks: MaskArray
        coefficients: FloatArray
        constant: float

    def __len__(self) -> int:
        return len(self.coefficients)

    def __iter__(self) -> Iterator[tuple[tuple[int, ...], float]]:
        """(qubits, coefficient) of every term, without the constant."""
        return ((mask_support(mask), float(value)) for mask, value in zip(self.masks, self.coefficients, strict=True))

    def to_terms(self, of: str = "spins") -> dict[tuple[int, ...], float]:
        """The inverse of `from_terms`: coefficients by the qubits of their terms, the constant first if it is not 0.

        ``of="bits"``: of products of bits, z = 1 - 2 b, as in a QUBO; a term of degree k becomes 2^k of them.
        TooLargeError for more than memory holds.

        >>> from walshqhn import IsingHamiltonian
        >>> IsingHamiltonian.from_terms({(0, 2): 1.0}).to_terms(of="bits")
        {(): 1.0, (0,): -2.0, (2,): -2.0, (0, 2): 4.0}
        """
        if not _is_of_bits(of):
            return ({(): self.constant} if self.constant else {}) | dict(self)
        made: Any = type(self)  # spins that take the place of bits: a sum of products all the same
        return made._summed(self.num_qubits, *substitute(self.num_qubits, *self._with_constant(), 1.0, -2.0)).to_terms()

    @classmethod
    def from_terms(
        cls, terms: Mapping[tuple[int, ...], float], num_qubits: int | None = None, *,
        names: Sequence[str] = (), of: str = "spins",
    ) -> Self:  # fmt: skip
        """From coefficients by the qubits of their terms, the empty tuple for the constant.

        ``num_qubits`` is by default as large as the qubits need. A qubit named twice cancels, Z^2 = 1; equal terms are
        added up. ``of="bits"``: terms are products of bits, b = (1 - z) / 2, as in a QUBO, and b^2 = b. InputError for
        anything else, TooLargeError for more products than memory holds.

        >>> from walshqhn import IsingHamiltonian
        >>> IsingHamiltonian.from_terms({(): 0.5, (0,): 1.0, (0, 2): -2.0}).energy([0, 0, 1])
        3.5
        >>> IsingHamiltonian.from_terms({(): 0.5, (0,): 1.0, (0, 2): -2.0}, of="bits").energy([1, 0, 1])
        -0.5
        """
        bits = _is_of_bits(of)
        sets = [tuple(q for q in set(term) if bits or term.count(q) % 2) for term in terms]
        size = max((q for term in terms for q in term), default=-1) + 1 if num_qubits is None else num_qubits
        masks, values = masks_from_supports(sets, size), np.array([*terms.values()], dtype=np.float64)
        if bits:
            masks, values = substitute(size, masks, values, 0.5, -0.5)
        return cls._summed(size, masks, values, tuple(names))

    @classmethod
    def _summed(cls, num_qubits: int, masks: MaskArray, values: FloatArray, names: tuple[str, ...] = ()) -> Self:
        """With equal ``masks`` added up, and the empty one as the constant."""
        distinct, which = np.unique(masks, axis=0, return_inverse=True)
        sums = np.bincount(which.ravel(), weights=values, minlength=len(distinct)).astype(np.float64)
        empty = ~distinct.any(axis=1)
        made: Any = cls  # of a dataclass
        found: Self = made(num_qubits, distinct[~empty], sums[~empty], constant=float(sums[empty].sum()), names=names)
        return found

    def _with_constant(self) -> tuple[MaskArray, FloatArray]:
        """Masks and coefficients, the constant among them."""
        return np.vstack([np.zeros_like(self.masks, shape=(1, self.masks.shape[1])), self.masks]), np.concatenate(
            [[self.constant], self.coefficients]
        )

    def _operand(self, other: Any) -> TermSum | None:
        """``other`` as a sum of terms on as many qubits, a number as a constant; None for anything else."""
        if isinstance(other, int | float | np.integer | np.floating):
            other = type(self).from_terms({(): float(other)}, self.num_qubits)
        if not isinstance(other, TermSum):
            return None
        self._check_size(other)
        return other

    def _combined(self, other: Any, sign: float) -> Self:
        other = self._operand(other)
        if other is None:
            return NotImplemented
        (masks, values), (more, added) = self._with_constant(), other._with_constant()
        total = self._summed(
            self.num_qubits, np.vstack([masks, more]), np.concatenate([values, sign * added]), self.names
        )
        return total._without_zeros()

    def _without_zeros(self) -> Self:
        if self.coefficients.all():
            return self
        kept = self.coefficients != 0
        made: Any = type(self)
        found: Self = made(self.num_qubits, self.masks[kept], self.coefficients[kept], self.constant, names=self.names)
        return found

    def _check_size(self, other: TermSum) -> None:
        if other.num_qubits != self.num_qubits:
            raise InputError(
                f"Hamiltonians of {self.num_qubits} and {other.num_qubits} qubits do not combine: give num_qubits."
            )

    def __add__(self, other: Any) -> Self:
        return self._combined(other, 1.0)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Self:
        return self._combined(other, -1.0)

    def __rsub__(self, other: Any) -> Self:
        return (-self)._combined(other, 1.0)

    def __neg__(self) -> Self:
        return self * -1.0

    def __mul__(self, other: Any) -> Self:
        other = self._operand(other)
        if other is None:
            return NotImplemented
        (masks, values), (more, factors) = self._with_constant(), other._with_constant()
        count, words = len(values) * len(factors), masks.shape[1]
        require_memory(3 * (8 * words + 8) * count, f"a product of {count:,} terms", "Truncate the factors.")
        products = (masks[:, None] ^ more[None]).reshape(count, words)
        return self._summed(self.num_qubits, products, np.outer(values, factors).ravel(), self.names)._without_zeros()

    __rmul__ = __mul__

    def __truediv__(self, number: Any) -> Self:
        return self * (1.0 / float(number)) if isinstance(number, int | float | np.number) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TermSum):
            return NotImplemented
        if (self.num_qubits, self.constant) != (other.num_qubits, other.constant):
            return False
        one, two = (dict(zip(map(bytes, x.masks), x.coefficients, strict=True)) for x in (self, other))
        return {k: v for k, v in one.items() if v} == {k: v for k, v in two.items() if v}

    def __hash__(self) -> int:
        return hash((self.num_qubits, self.constant))


def _is_of_bits(of: str) -> bool:
    if of not in ("spins", "bits"):
        raise unknown_name("variables", of, ("spins", "bits"))
    return of == "bits"
