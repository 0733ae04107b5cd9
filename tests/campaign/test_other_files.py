"""Arrays, tables, images, circuits, configurations and records of jobs, mutilated: refused in one line, or read."""

import gzip
import io
import json
import struct
import warnings

import numpy as np
import pytest
from campaign.conftest import REFUSED, RIGHT
from campaign.probe import complaint, program, verdicts
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from walshqhn import WalshSpectrum, read_cost_table, read_hamiltonian, write_hamiltonian
from walshqhn.binn.files import read_dataset
from walshqhn.binn.images import read_idx
from walshqhn.circuits.spec import CircuitSpec
from walshqhn.engines.qiskit.jobs import Journal, Request
from walshqhn.formats.registry import FORMATS
from walshqhn.support.errors import DataWarning, WalshqhnError

pytestmark = pytest.mark.campaign

TABLE = np.array([3.0, 7.5, 4.0, 2.0, 5.25, 9.0, 1.25, 6.0])
HEADS = (
    b"",
    b"\x00",
    b"\xef\xbb\xbf",
    b"PK\x03\x04",
    b"\x93NUMPY\x01\x00\xff\xff",
    b"\x89HDF\r\n\x1a\n",
    b"QISKIT\x0c",
)
TEXTS = (
    b"1e400\n",
    b"nan\n",
    b"0x10\n",
    b"1;2\n",
    b"=1+1\n",
    b"\x1b[31m",
    b"[" * 9000,
    b"9" * 9000,
    b"\r",
    b"\xff\xfe",
)


def seeds(folder):
    """A good file of each kind."""
    np.save(folder / "a.npy", TABLE)
    np.savez(folder / "a.npz", x=np.arange(12.0).reshape(6, 2), y=np.array([0, 1, 0, 1, 1, 0]))
    np.savez_compressed(folder / "b.npz", costs=TABLE)
    (folder / "a.csv").write_text("".join(f"{v}\n" for v in TABLE))
    (folder / "b.csv").write_text("a,b,class\n" + "".join(f"{k},{k * k},{k % 2}\n" for k in range(8)))
    (folder / "a.idx").write_bytes(b"\x00\x00\x08\x03" + struct.pack(">3I", 2, 3, 4) + bytes(range(24)))
    (folder / "a.gz").write_bytes(gzip.compress((folder / "a.idx").read_bytes()))
    circuit, stream = QuantumCircuit(3), io.BytesIO()
    circuit.ry(2 * Parameter("a") + 1, 0)
    circuit.cx(0, 2)
    qpy.dump(circuit, stream)
    (folder / "a.qpy").write_bytes(stream.getvalue())
    (folder / "a.toml").write_text('[spectrum]\nmax_degree = 2\njson = true\n[train]\nlayers = "0,1"\n')
    journal = Journal(folder / "a.jobs")
    journal.record(Request("k", 0), np.ones((2, 3, 4), np.uint8))
    hamiltonian = WalshSpectrum.from_cost(TABLE).hamiltonian(max_degree=2)
    for name in ("csv", "openfermion", "hamlib", "dimod", "qubo", "qokit", "pennylane", "qiskit-function"):
        write_hamiltonian(folder / f"h-{name}{FORMATS[name].suffix}", hamiltonian, name)
    return {path.suffix: path.read_bytes() for path in folder.iterdir()} | {
        f"{path.stem}{path.suffix}": path.read_bytes() for path in folder.iterdir()
    }


def mutilated(content, rng):
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4])):
        start = int(rng.integers(len(data) + 1))
        match rng.integers(7):
            case 0 if start < len(data):
                data[start] ^= 1 << int(rng.integers(8))
            case 1:
                del data[start : start + int(rng.integers(1, 16))]
            case 2:
                data[start:start] = rng.bytes(int(rng.integers(1, 16)))
            case 3:
                data[start : start + 8] = [b"\xff" * 8, b"\x7f" * 8, bytes(8)][rng.integers(3)]
            case 4:
                data[:0] = HEADS[rng.integers(len(HEADS))]
            case 5:
                data[start:start] = TEXTS[rng.integers(len(TEXTS))]
            case _:
                data[start:] = data[start:] * 2
    return bytes(data)


def try_input(path):
    """Everything that could read it."""
    readers = {
        ".npy": [read_cost_table], ".npz": [read_cost_table, read_dataset],
        ".csv": [read_cost_table, read_dataset, read_hamiltonian],
        **{ending: [read_hamiltonian] for ending in (".json", ".coo", ".txt", ".hdf5")},
        ".idx": [read_idx], ".gz": [read_idx], ".jobs": [Journal],
        ".qpy": [read_hamiltonian, lambda p: CircuitSpec(str(p)).make(TABLE)],
    }.get(path.suffix)  # fmt: skip
    if readers is None:
        code, *texts = program("spectrum", path.parent / "costs.npy", "--config", path)
        return complaint(code, *texts) or (REFUSED if code else RIGHT)
    verdict = REFUSED
    for read in readers:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)
                read(path)
            verdict = RIGHT
        except WalshqhnError as error:
            text = " ".join(str(error).splitlines())
            if "\n" in str(error).strip() or len(text) > 1000:
                return f"not one line: {str(error)!r:.300}"
    return verdict


def test_mutilated_inputs(tmp_path, rng, tally, scaled):
    (tmp_path / "seeds").mkdir()
    good = {name: content for name, content in seeds(tmp_path / "seeds").items() if not name.startswith(".")}
    np.save(tmp_path / "costs.npy", TABLE)
    jobs = []
    for k in range(scaled(500)):
        name = list(good)[k % len(good)]
        jobs.append(tmp_path / f"{k}-{name}")
        jobs[-1].write_bytes(mutilated(good[name], rng))
    for path, verdict in zip(jobs, verdicts("campaign.test_other_files:try_input", jobs), strict=True):
        tally.add(f"{path.name}: {path.read_bytes()[:60]!r}", verdict)
    tally.close()


def test_the_seeds_are_read(tmp_path, tally):
    """What is mutilated is good before."""
    (tmp_path / "costs").mkdir()
    seeds(tmp_path / "costs")
    np.save(tmp_path / "costs" / "costs.npy", TABLE)
    for path in sorted((tmp_path / "costs").iterdir()):
        (verdict,) = verdicts("campaign.test_other_files:try_input", [path])
        tally.add(path.name, RIGHT if verdict == RIGHT else json.dumps(verdict))
    tally.close(10)
