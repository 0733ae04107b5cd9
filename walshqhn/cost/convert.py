"""Conversion to costs: from arrays, Hamiltonians, Qiskit operators and dimod models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from walshqhn.bits import masks_from_supports
from walshqhn.cost.base import Cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.support.errors import InputError


def as_cost(source: Any) -> Cost:
    """``source`` as a cost. InputError if it is of another kind, or invalid as a cost of its kind.

    A `Cost` is returned unchanged. An array holds 2^N numbers, entry x for bits x = sum_j b_j 2^j. A Qiskit
    ``SparsePauliOp`` consists of I and Z. In a dimod ``BinaryQuadraticModel`` or ``BinaryPolynomial``, binary variables
    are the bits, spin variables the spins z = (-1)^b. (dimod itself maps x = 1 to the spin +1, so a model that it has
    converted between the two has all bits flipped here.)

    >>> as_cost([0.0, 1.0, 1.0, 3.0])
    TableCost(bits=2, minimum=0, mean=1.25, maximum=3)
    """
    if isinstance(source, Cost):
        return source
    kinds = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(source).__mro__}
    if "qiskit.SparsePauliOp" in kinds:
        return IsingHamiltonian.from_sparse_pauli_op(source)
    if "dimod.BinaryQuadraticModel" in kinds:
        spin = source.change_vartype("SPIN", inplace=False)
        terms = {(): spin.offset} | {(v,): bias for v, bias in spin.linear.items()} | dict(spin.quadratic.items())
        return _from_spins(terms, list(spin.variables), source.vartype.name == "BINARY")
    if "dimod.BinaryPolynomial" in kinds:
        spin = source.to_spin()
        return _from_spins(dict(spin.items()), list(spin.variables), source.vartype.name == "BINARY")
    if callable(source):
        raise InputError("a function is a cost as BlackBoxCost(function, num_bits).")
    if not isinstance(source, np.ndarray | list | tuple):
        kind = type(source).__name__
        raise InputError(f"a cost is an array of 2^N numbers, a Cost, a SparsePauliOp or a dimod model, got {kind}.")
    return TableCost(source)


def _from_spins(terms: Mapping[Any, float], variables: list[Any], flipped: bool) -> IsingHamiltonian:
    """Variables 0 ... N-1 are the qubits; others are numbered in order and keep names. ``flipped``: z = 2 b - 1."""
    numbered = set(variables) == set(range(len(variables)))
    place = {v: int(v) if numbered else k for k, v in enumerate(variables)}
    present = {tuple(t): -float(b) if flipped and len(t) % 2 else float(b) for t, b in terms.items() if b}
    constant = present.pop((), 0.0)
    supports = [[place[v] for v in term] for term in present]
    names = () if numbered else tuple(str(v) for v in variables)
    masks, values = masks_from_supports(supports, len(variables)), np.array([*present.values()], dtype=np.float64)
    return IsingHamiltonian(len(variables), masks, values, constant, names=names)
