"""Numbers that a float64 would change are refused wherever they come in; all others are kept."""

import numpy as np
import pytest

from walshqhn import ExactEngine, IsingHamiltonian, ProductAnsatz, TableCost, WalshSpectrum, as_cost
from walshqhn.support.errors import InputError

TAKERS = {
    "as_cost": lambda v: as_cost(v).cost_table(),
    "TableCost": lambda v: TableCost(v).values,
    "WalshSpectrum": lambda v: WalshSpectrum(v).coefficients,
    "IsingHamiltonian": lambda v: IsingHamiltonian(2, [[1], [2]], v).coefficients,
    "parameters": lambda v: ProductAnsatz(1).check_parameters(v),
}
CHANGED = {
    "int64": np.array([2**53 + 1, 0]),
    "uint64": np.array([2**64 - 1, 0], np.uint64),
    "object": np.array([2**70, 1], object),
    "list": [2**53 + 1, 0],
    "mixed": [2**53 + 1, 0.5],
    "masked": np.ma.array([1.0, 2.0], mask=[0, 1]),
    "masked in a list": [np.ma.masked, 1.0],
    "ragged": [[1], [1, 2]],
    "complex": np.array([1 + 1j, 0]),
    "text": np.array(["1", "2"]),
    "dates": np.array(["2020", "2021"], "M8[Y]"),
    "None": [None, 1.0],
    "a set": {1, 2},
}
KEPT = {
    "bool": np.array([True, False]),
    "uint64": np.array([2**53, 1], np.uint64),
    "half": np.array([1.5, 2], np.float16),
    "big-endian": np.array([1.5, 2.0], ">f8"),
    "strided": np.arange(4.0)[::2],
    "subnormal": np.array([5e-324, 0.0]),
    "read-only": np.frombuffer(np.array([3.0, 4.0]).tobytes()),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("case", CHANGED)
def test_what_would_change_is_refused(taker, case):
    with pytest.raises(InputError) as caught:
        TAKERS[taker](CHANGED[case])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("case", KEPT)
def test_everything_else_is_kept(taker, case):
    found = TAKERS[taker](KEPT[case])
    assert found.dtype == np.float64
    assert found.tolist() == KEPT[case].astype(float).tolist()


@pytest.mark.parametrize("bits", [[[0, 1], [1]], np.ma.array([0, 1], mask=[0, 1]), ["0", "1"], [0.5, 1]])
def test_bits(bits):
    with pytest.raises(InputError):
        IsingHamiltonian(2, [[1], [2]], [1.0, 2.0]).energy(bits)
    with pytest.raises(InputError):
        ExactEngine([1.0, 2.0, 3.0, 4.0]).costs([bits])
