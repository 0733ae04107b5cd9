"""Every format that a Hamiltonian can be exported to."""

import pytest
from hamiltonian_cases import small

from walshqhn.formats.hdf5 import Contents
from walshqhn.formats.registry import FORMATS
from walshqhn.support.errors import UsageError


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_writes_and_replaces_only_when_told(tmp_path, name):
    found, hamiltonian = FORMATS[name], small()
    export = (hamiltonian, Contents(hamiltonian=hamiltonian, bit_names=("a", "b", "c")), True)
    target = tmp_path / f"h{found.ending}"
    target.write_bytes(b"precious")
    with pytest.raises(UsageError, match="exists; use --force"):
        found.write(target, *export, False)
    assert target.read_bytes() == b"precious"
    found.write(target, *export, True)
    assert target.read_bytes() != b"precious"
    assert list(tmp_path.iterdir()) == [target]
    assert found.help


def test_endings_tell_formats_apart():
    assert len({found.ending for found in FORMATS.values()}) == len(FORMATS)
