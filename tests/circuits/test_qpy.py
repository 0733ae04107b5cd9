"""QPY files are parsed by native code: what takes it down must not take us down."""

import os
import signal

import pytest
from qiskit import QuantumCircuit, qpy

from walshqhn.circuits.qpy import read_qpy
from walshqhn.support.errors import FormatError


@pytest.fixture
def file(tmp_path):
    circuit = QuantumCircuit(2)
    circuit.cx(1, 0)
    with (tmp_path / "a.qpy").open("wb") as stream:
        qpy.dump(circuit, stream)
    return tmp_path / "a.qpy"


def test_the_circuits_in_a_file(file):
    (found,) = read_qpy(file)
    assert [found.find_bit(qubit).index for qubit in found.data[0].qubits] == [1, 0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a child process")
@pytest.mark.parametrize(
    "crash", [os.abort, lambda: os.kill(os.getpid(), signal.SIGSEGV), lambda: signal.raise_signal(signal.SIGALRM)]
)
def test_a_file_that_crashes_the_parser(file, monkeypatch, crash):
    monkeypatch.setattr(qpy, "load", lambda stream: crash())
    with pytest.raises(FormatError, match=r"a\.qpy: not a QPY file that can be read \(Qiskit's parser crashes\)"):
        read_qpy(file)


def test_a_reason_is_one_plain_line(file):
    file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(FormatError, match=r"a\.qpy: not a QPY file that can be read \([ -~]{5,60}\)\.$"):
        read_qpy(file)
