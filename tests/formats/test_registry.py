"""Every format that a Hamiltonian can be exported to."""

from pathlib import Path

import pytest
from hamiltonian_cases import EVERY_KIND, small, wide

from walshqhn import IsingHamiltonian, read_hamiltonian, write_hamiltonian
from walshqhn.formats.registry import FORMATS, WRITTEN, describe, endings
from walshqhn.support.errors import InputError, UsageError

OF_HAMILTONIANS = [name for name, f in FORMATS.items() if f.write and name != "ommx"]  # which needs its package
READ_BACK = [name for name in OF_HAMILTONIANS if name != "sympy"]


@pytest.mark.parametrize("name", OF_HAMILTONIANS)
def test_a_format_writes_and_replaces_only_when_told(tmp_path, name):
    hamiltonian, target = small(max_degree=2), tmp_path / f"h{FORMATS[name].suffix}"
    target.write_bytes(b"precious")
    with pytest.raises(UsageError, match="exists; use --force"):
        write_hamiltonian(target, hamiltonian, name)
    assert target.read_bytes() == b"precious"
    write_hamiltonian(target, hamiltonian, name, overwrite=True)
    assert target.read_bytes() != b"precious"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", READ_BACK)
def test_a_format_is_read_back(tmp_path, name):
    """A last qubit that is in no term is kept."""
    wanted = IsingHamiltonian.from_terms({(): 2.0, (0,): -1.5, (1, 3): 0.25, (2, 3): 1e-3, (2,): 1e17}, 6)
    write_hamiltonian(tmp_path / f"h{FORMATS[name].suffix}", wanted, name)
    found = read_hamiltonian(tmp_path / f"h{FORMATS[name].suffix}")
    assert found.num_qubits == 6
    for bits in ([1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0], [1, 1, 1, 0, 1, 0]):
        assert found.energy(bits) == pytest.approx(wanted.energy(bits), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in READ_BACK if name != "qubo"])  # whose numbers are other ones
@EVERY_KIND
def test_no_digit_is_lost(tmp_path, name, hamiltonian):
    write_hamiltonian(tmp_path / f"h{FORMATS[name].suffix}", hamiltonian, name)
    assert read_hamiltonian(tmp_path / f"h{FORMATS[name].suffix}") == hamiltonian


@pytest.mark.parametrize("name", OF_HAMILTONIANS)
def test_a_file_says_its_convention(tmp_path, name):
    write_hamiltonian(tmp_path / "h", small(max_degree=1), name)
    assert FORMATS[name].convention.encode() in (tmp_path / "h").read_bytes()


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(UsageError, match="a QUBO is quadratic, this Hamiltonian has degree 3"):
        write_hamiltonian(tmp_path / "h.coo", wide(), "qubo")
    with pytest.raises(UsageError, match="Did you mean 'dimod'"):
        write_hamiltonian(tmp_path / "h", wide(), "dimond")
    with pytest.raises(UsageError, match="Unknown format 'qasm3'"):
        write_hamiltonian(tmp_path / "h", wide(), "qasm3")
    for version in (12, 99):
        with pytest.raises(UsageError, match="version of QPY"):
            write_hamiltonian(tmp_path / "h.qpy", small(), "sparse-pauli-op", qpy_version=version)
    with pytest.raises(UsageError, match="only HDF5 files have keys"):
        read_hamiltonian(tmp_path / "h.json", key="a")
    with pytest.raises(InputError, match="no such file"):
        read_hamiltonian(tmp_path / "h.json")


def test_endings_tell_formats_apart():
    assert len({FORMATS[name].suffix for name in WRITTEN}) == len(WRITTEN)


def test_documentation_has_every_format_and_ending():
    assert [name for name, f in FORMATS.items() if f.write and f"``{name}``" not in write_hamiltonian.__doc__] == []
    assert [ending for ending in endings() if f"``{ending}``" not in read_hamiltonian.__doc__] == []


def test_the_documentation_lists_the_formats():
    assert describe() in (Path(__file__).parents[2] / "docs" / "guides" / "export.md").read_text()
