"""A program to call, and small inputs for it."""

import json

import numpy as np
import pytest

from walshqhn.cli import main


class Program:
    """Calls the command line in this process; remembers what it printed."""

    def __init__(self, capsys):
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments, code=0):
        found = main([str(a) for a in arguments])
        self.out, self.err = self._capsys.readouterr()
        assert found == code, (found, self.err)
        return self.out

    def json(self, *arguments, code=0):
        return json.loads(self(*arguments, "--json", code=code))

    def complaint(self, *arguments, code=2):
        """The one line on stderr, besides what says that kernels compile; nothing is on stdout."""
        self(*arguments, code=code)
        self.err = "".join(line for line in self.err.splitlines(True) if not line.startswith("compiling "))
        assert self.out == ""
        assert self.err.startswith("walshqhn: ")
        assert self.err.count("\n") == 1
        return self.err


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Program(capsys)


@pytest.fixture
def costs(tmp_path):
    """An asymmetric cost on 3 bits; its minimum, 1.25, is at index 6 (bits 0, 1, 1)."""
    table = np.array([3.0, 7.5, 4.0, 2.0, 5.25, 9.0, 1.25, 6.0])
    np.save(tmp_path / "costs.npy", table)
    return table
