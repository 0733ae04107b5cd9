"""Conversions between indices, bits, spins, labels and masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import bits_of, index_of

from walshqhn import bits
from walshqhn.support.errors import InputError

bit_rows = st.integers(1, 130).flatmap(lambda n: st.lists(st.integers(0, 1), min_size=n, max_size=n))


def test_six_on_four_bits_by_hand():
    assert bits.index_to_bits(6, 4).tolist() == [0, 1, 1, 0]
    assert bits.bits_to_label([0, 1, 1, 0]) == "0110"
    assert bits.bits_to_spins([0, 1, 1, 0]).tolist() == [1, -1, -1, 1]
    assert bits.pack_bits([0, 1, 1, 0]).tolist() == [6]


def test_one_on_three_bits_by_hand():
    """Asymmetric: a reversed order would give 4 or '100'."""
    assert bits.index_to_bits(1, 3).tolist() == [1, 0, 0]
    assert bits.bits_to_index([1, 0, 0]) == 1
    assert bits.bits_to_label([1, 0, 0]) == "001"
    assert bits.label_to_bits("001").tolist() == [1, 0, 0]
    assert bits.masks_from_supports([[0]], 3).tolist() == [[1]]


@given(st.data())
def test_index_and_bits_are_inverse(data):
    num_bits = data.draw(st.integers(1, 63))
    index = data.draw(st.integers(0, 2**num_bits - 1))
    row = bits.index_to_bits(index, num_bits)
    assert row.dtype == np.uint8
    assert row.tolist() == bits_of(index, num_bits)
    assert bits.bits_to_index(row) == index


def test_arrays_of_indices_keep_their_shape():
    index = np.array([[1, 2, 3], [8, 9, 30]])
    rows = bits.index_to_bits(index, 5)
    assert rows.shape == (2, 3, 5)
    assert rows.tolist() == [[bits_of(int(x), 5) for x in line] for line in index]
    assert np.array_equal(bits.bits_to_index(rows), index)


@pytest.mark.parametrize(("index", "num_bits"), [(4, 2), (-1, 3), ([0, 8], 3), (1, 0)])
def test_index_out_of_range(index, num_bits):
    with pytest.raises(InputError, match=f"of {num_bits} bits lies in 0 ... {2**num_bits - 1}"):
        bits.index_to_bits(index, num_bits)


def test_an_index_holds_63_bits():
    assert bits.bits_to_index([0] * 62 + [1]) == 2**62
    with pytest.raises(InputError, match="at most 63 bits, got 64"):
        bits.bits_to_index([0] * 64)


@given(bit_rows)
def test_label_reads_backwards(row):
    label = bits.bits_to_label(row)
    assert label == "".join(map(str, reversed(row)))
    assert int(label, 2) == index_of(row)
    assert bits.label_to_bits(label).tolist() == row


def test_label_ignores_blanks_between_registers():
    assert bits.label_to_bits("01 1").tolist() == [1, 1, 0]


@pytest.mark.parametrize("label", ["", "  ", "012", "0b1", "-1"])
def test_bad_labels(label):
    with pytest.raises(InputError, match="a label is a string of 0 and 1"):
        bits.label_to_bits(label)


@given(bit_rows)
def test_spins(row):
    spins = bits.bits_to_spins(row)
    assert spins.tolist() == [(-1) ** b for b in row]
    assert bits.spins_to_bits(spins).tolist() == row


def test_spins_of_unsigned_and_bool_bits():
    assert bits.bits_to_spins(np.array([0, 1], np.uint8)).tolist() == [1, -1]
    assert bits.bits_to_spins(np.array([False, True])).tolist() == [1, -1]


@pytest.mark.parametrize("spins", [[0, 1], [1, 2], [0.5]])
def test_bad_spins(spins):
    with pytest.raises(InputError, match="spins must be -1 or"):
        bits.spins_to_bits(spins)


@pytest.mark.parametrize(("num_bits", "words"), [(0, 1), (1, 1), (64, 1), (65, 2), (128, 2), (129, 3), (785, 13)])
def test_words_for(num_bits, words):
    assert bits.words_for(num_bits) == words


@given(st.data())
def test_masks_hold_bit_j_in_word_j_div_64(data):
    num_bits = data.draw(st.integers(1, 130))
    rows = data.draw(st.lists(st.integers(0, 2**num_bits - 1), min_size=1, max_size=5))
    bit_array = np.array([bits_of(x, num_bits) for x in rows], np.uint8)
    packed = bits.pack_bits(bit_array)
    assert packed.dtype == np.uint64
    assert packed.shape == (len(rows), -(-num_bits // 64))
    assert [sum(int(w) << (64 * k) for k, w in enumerate(row)) for row in packed] == rows
    assert np.array_equal(bits.unpack_bits(packed, num_bits), bit_array)
    assert bits.mask_degrees(packed).tolist() == [x.bit_count() for x in rows]
    for mask, x in zip(packed, rows, strict=True):
        assert bits.mask_support(mask) == tuple(j for j in range(num_bits) if (x >> j) & 1)


def test_masks_from_supports_over_three_words():
    masks = bits.masks_from_supports([[0, 65], [129], [], [63, 64]], 130)
    assert masks.tolist() == [[1, 2, 0], [0, 0, 2], [0, 0, 0], [1 << 63, 1, 0]]
    assert bits.mask_degrees(masks).tolist() == [2, 1, 0, 2]
    assert [bits.mask_support(m) for m in masks] == [(0, 65), (129,), (), (63, 64)]


def test_no_supports():
    assert bits.masks_from_supports([], 70).shape == (0, 2)


@pytest.mark.parametrize("qubit", [3, -1])
def test_support_out_of_range(qubit):
    with pytest.raises(InputError, match=f"a qubit lies in 0 ... 2, got {qubit}"):
        bits.masks_from_supports([[0], [1, qubit]], 3)


def test_index_degrees():
    assert bits.index_degrees(4).tolist() == [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]
    assert bits.index_degrees(0).tolist() == [0]


def test_deposit_by_hand():
    """Bits 0, 1 of the subset go to bits 3 and 1: 1 -> 8, 2 -> 2, 3 -> 10."""
    assert bits.deposit(np.arange(4), [3, 1]).tolist() == [0, 8, 2, 10]
    assert bits.deposit([0], []).tolist() == [0]


@given(st.data())
def test_deposit_places_every_bit(data):
    positions = data.draw(st.lists(st.integers(0, 62), unique=True, min_size=1, max_size=10))
    index = data.draw(st.integers(0, 2 ** len(positions) - 1))
    placed = bits_of(int(bits.deposit(index, positions)), 63)
    assert [placed[p] for p in positions] == bits_of(index, len(positions))
    assert sum(placed) == index.bit_count()


@pytest.mark.parametrize("given_bits", [[[0, 1, 1]], [[False, True, True]], np.array([[0.0, 1.0, 1.0]])])
def test_check_bits_gives_uint8(given_bits):
    checked = bits.check_bits(given_bits, 3)
    assert checked.dtype == np.uint8
    assert checked.tolist() == [[0, 1, 1]]


@pytest.mark.parametrize("bad", [[0, 2], [0, -1], [0.5, 1], [float("nan"), 0], ["a", "b"], [1, 256]])
def test_check_bits_refuses_other_values(bad):
    with pytest.raises(InputError, match="must be 0 or 1"):
        bits.check_bits(bad, 2)


@pytest.mark.parametrize("bad", [[0, 1], [[0], [1]], 1, np.zeros((3, 4), int)])
def test_check_bits_refuses_other_shapes(bad):
    with pytest.raises(InputError, match="3 entries along the last axis, got shape"):
        bits.check_bits(bad, 3)


@pytest.mark.parametrize("exponent", [0, 1, 5, 40])
def test_log2_exact(exponent):
    assert bits.log2_exact(2**exponent, "a thing") == exponent


@pytest.mark.parametrize("length", [0, 3, 6, 1000, -4])
def test_log2_exact_refuses(length):
    with pytest.raises(InputError, match=f"a thing must have a length that is a power of two, got {length}"):
        bits.log2_exact(length, "a thing")
