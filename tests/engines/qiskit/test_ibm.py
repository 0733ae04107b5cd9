"""IBM's devices by name. All offline."""

import pytest

from walshqhn.engines.qiskit.ibm import ibm_backend
from walshqhn.support.errors import MissingDependencyError, UsageError


def test_a_fake_device_by_name():
    pytest.importorskip("qiskit_ibm_runtime")
    assert ibm_backend("fake_manila").num_qubits == 5
    with pytest.raises(UsageError, match="has no 'fake_nowhere'"):
        ibm_backend("fake_nowhere")


def test_no_saved_account(monkeypatch):
    runtime = pytest.importorskip("qiskit_ibm_runtime")

    def refuse():
        raise RuntimeError("Unable to find account.")

    monkeypatch.setattr(runtime, "QiskitRuntimeService", refuse)
    with pytest.raises(UsageError, match=r"no IBM backend at all \(Unable to find account.\).*save_account"):
        ibm_backend()


def test_devices_come_from_the_saved_account(monkeypatch):
    """No credentials are passed on; a name asks for that device, none for the least busy one that is large enough."""
    runtime = pytest.importorskip("qiskit_ibm_runtime")
    asked = []

    class Account:
        def backend(self, name):
            return f"device {name}"

        def least_busy(self, **filters):
            asked.append(filters)
            return "least busy"

    monkeypatch.setattr(runtime, "QiskitRuntimeService", Account)
    assert ibm_backend("ibm_torino") == "device ibm_torino"
    assert ibm_backend(min_qubits=20) == "least busy"
    assert asked == [{"min_num_qubits": 20, "operational": True, "simulator": False}]


def test_without_the_runtime_package(monkeypatch):
    monkeypatch.setattr("walshqhn.engines.qiskit.ibm.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install qiskit-ibm-runtime"):
        ibm_backend()
