"""IBM's quantum computers, by name."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from walshqhn.support.errors import UsageError, missing_package
from walshqhn.support.files import first_line

if TYPE_CHECKING:
    from qiskit.providers import BackendV2


def ibm_backend(name: str | None = None, *, min_qubits: int = 1) -> BackendV2:
    """A device of the account saved by qiskit-ibm-runtime: by ``name``, or the least busy one.

    walshqhn neither asks for credentials nor reads them. Names that begin with "fake_" are local simulations of
    devices, without an account. MissingDependencyError if qiskit-ibm-runtime is not installed; UsageError if there is
    no saved account, or no such device.
    """
    if find_spec("qiskit_ibm_runtime") is None:
        raise missing_package("qiskit-ibm-runtime", "an IBM backend")
    if name is not None and name.startswith("fake_"):
        fakes = vars(import_module("qiskit_ibm_runtime.fake_provider")).values()  # a provider would make all of them
        for kind in fakes:
            if getattr(kind, "backend_name", None) == name:
                return kind()
        raise UsageError(f"qiskit-ibm-runtime has no {name!r}.")
    try:
        service = import_module("qiskit_ibm_runtime").QiskitRuntimeService()
        if name is not None:
            return service.backend(name)
        return service.least_busy(min_num_qubits=min_qubits, operational=True, simulator=False)
    except Exception as error:  # its own errors, and those of what it calls
        raise UsageError(
            f"no IBM backend {name or 'at all'} ({first_line(error)}); an account is saved once with "
            "QiskitRuntimeService.save_account, see the documentation of qiskit-ibm-runtime."
        ) from error
