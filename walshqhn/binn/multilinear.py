"""The mean over independent bits of any cost that has an exact one."""

from __future__ import annotations

from walshqhn.cost.base import Cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.multilinear import Multilinear, MultilinearTable, MultilinearTerms
from walshqhn.cost.table import TableCost
from walshqhn.support.errors import UsageError


def multilinear(cost: Cost, *, threads: int | None = None) -> Multilinear:
    """The mean of ``cost`` over independent bits, exactly. ``threads`` as in `resolve_threads`.

    UsageError for a cost that is neither a table nor a Hamiltonian.
    """
    if isinstance(cost, TableCost):
        return MultilinearTable(cost)
    if isinstance(cost, IsingHamiltonian):
        return MultilinearTerms(cost, threads=threads)
    raise UsageError(f"the mean of {cost!r} over independent bits is not known exactly: set shots.")
