"""Loops over state vectors against dense matrices and tensor contractions, compiled and not."""

import numpy as np
import pytest
from kernel_cases import layer, parts, random_state
from oracles import cx_matrix, overlaps, rotation_matrix, tensor_apply

from walshqhn.kernels import phases, pool, rotations, statevector
from walshqhn.kernels.schedule import BLOCK_BITS

COMPILED_OR_NOT = pytest.mark.parametrize("version", [lambda f: f, lambda f: f.py_func], ids=["compiled", "python"])
SMALL_PAIRS = [(n, c, t) for n in range(2, 5) for c in range(n) for t in range(n) if c != t]
LARGE_PAIRS = [(12, *pair) for pair in ((0, 1), (1, 0), (0, 11), (11, 0), (3, 8), (8, 3), (11, 10), (10, 11))]


def in_two(size):
    """A range cut at an odd place, as if two threads had it."""
    cut = size // 3
    return [(0, cut), (cut, size)]


@COMPILED_OR_NOT
@pytest.mark.parametrize(("num_qubits", "control", "target"), SMALL_PAIRS + LARGE_PAIRS)
def test_cx(version, num_qubits, control, target):
    state = random_state(num_qubits)
    re, im = parts(state)
    for low, high in in_two(state.size // 4):
        version(statevector.cx)(re, im, control, target, low, high)
    matrix = cx_matrix(num_qubits, control, target) if num_qubits < 5 else None
    expected = tensor_apply(state, cx_matrix(2, 0, 1), [control, target]) if matrix is None else matrix @ state
    assert np.array_equal(re + 1j * im, expected)


@pytest.mark.parametrize("num_qubits", [1, 2, 6, 15, 17, 18])
def test_expectation_and_product(num_qubits):
    state = random_state(num_qubits)
    table = np.random.default_rng(5).normal(size=state.size)
    re, im = parts(state)
    table.flags.writeable = False
    found = statevector.expectation(re, im, table)
    np.testing.assert_allclose(found, np.vdot(state, table * state).real, rtol=1e-12, atol=1e-12 * state.size**0.5)
    out = np.empty((2, state.size))
    statevector.multiply(re, im, table, *out)
    assert np.array_equal(out[0] + 1j * out[1], table * state)


@pytest.mark.parametrize("num_qubits", [10, 17])
def test_threads_do_not_change_a_sum(num_qubits):
    for seed in range(10):
        re, im = parts(random_state(num_qubits, seed))
        table = np.random.default_rng(seed).normal(size=1 << num_qubits)
        found = []
        for threads in (1, 2, 5):
            with pool.limited(threads):
                found.append(statevector.expectation(re, im, table))
        assert found[0] == found[1] == found[2]


@COMPILED_OR_NOT
@pytest.mark.parametrize("num_qubits", [1, 2, 3, 4, 6, 13])
def test_phase_there_and_back(version, num_qubits):
    state, other = random_state(num_qubits), random_state(num_qubits, seed=1)
    table = np.random.default_rng(5).normal(size=state.size)
    re, im = parts(state)
    for low, high in in_two(state.size):
        version(phases.phase)(re, im, table, 0.7, low, high)
    np.testing.assert_allclose(re + 1j * im, np.exp(-0.7j * table) * state, atol=1e-14)
    lre, lim = parts(np.exp(-0.7j * table) * other)
    found = sum(version(phases.phase_adjoint)(re, im, lre, lim, table, 0.7, *part) for part in in_two(state.size))
    expected = np.vdot(other, table * state).imag
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.sqrt(state.size))
    np.testing.assert_allclose(re + 1j * im, state, atol=1e-14)
    np.testing.assert_allclose(lre + 1j * lim, other, atol=1e-14)


@COMPILED_OR_NOT
@pytest.mark.parametrize("largest", [1e-300, 1e-3, 10.0, 1e5, 1.01e5, 1e15])
def test_cosines_and_sines(version, largest):
    """Of random angles, of multiples of pi/4 and their neighbours; to the last bit but one."""
    rng = np.random.default_rng(3)
    eighths = np.arange(-1000, 1000) * (np.pi / 4) * (largest / 1000 if largest < 800 else 1)
    angles = np.concatenate([rng.uniform(-largest, largest, 2000), eighths, np.nextafter(eighths, 9e9), [0, largest]])
    cosines, sines = np.empty((2, angles.size))
    version(phases._factors)(angles / 0.7, 0.7, cosines, sines)
    np.testing.assert_allclose(cosines, np.cos(angles / 0.7 * 0.7), rtol=0, atol=2.3e-16)
    np.testing.assert_allclose(sines, np.sin(angles / 0.7 * 0.7), rtol=0, atol=2.3e-16)


@COMPILED_OR_NOT
@pytest.mark.parametrize(("low", "high"), [(0, 5000), (3, 4101), (17, 17)])
def test_phases_of_a_range_with_some_huge_costs(version, low, high):
    """Chunks with costs beyond the fast sine's range go through the library's."""
    state = random_state(13)[:5000]
    table = np.random.default_rng(2).normal(size=5000)
    table[4500] = 3e9
    re, im = parts(state)
    version(phases.phase)(re, im, table, 0.9, low, high)
    expected = state.copy()
    expected[low:high] *= np.exp(-0.9j * table[low:high])
    np.testing.assert_allclose(re + 1j * im, expected, atol=1e-14)


# --- Rz and Ry on all qubits at once ---


def rotated(state, axis, angles, low=0):
    for q, angle in enumerate(angles):
        state = tensor_apply(state, rotation_matrix(axis, angle), [low + q])
    return state


def rz_arguments(angles, version=lambda f: f):
    """What `rz_layer` takes."""
    return angles, np.cos(angles / 2), np.sin(angles / 2), *version(statevector.row_factors)(angles)


NO_RZ = tuple(np.zeros((5, 0)))
NO_FLIPS = np.zeros((0, 2), np.int64)


@COMPILED_OR_NOT
@pytest.mark.parametrize("num_qubits", [1, 2, 3, 9, 10, 13])
def test_rz_layer_there_and_back(version, num_qubits):
    psi, lam, angles = random_state(num_qubits), random_state(num_qubits, 1), layer(num_qubits)
    (re, im), (lre, lim) = parts(psi), parts(rotated(lam, 2, angles))
    count = psi.size // min(psi.size, 512)
    for rows in in_two(count):
        version(statevector.rz_layer)(re, im, rz_arguments(angles, version), *rows)
    np.testing.assert_allclose(re + 1j * im, rotated(psi, 2, angles), atol=1e-13)

    row_sums, columns, slopes = np.full(count, np.nan), np.zeros(psi.size // count), np.zeros(num_qubits)
    for rows in in_two(count):
        version(statevector.rz_layer_adjoint)(
            re, im, lre, lim, rz_arguments(-angles, version), *rows, row_sums, columns
        )
    version(statevector.signed_sums)(columns, slopes)
    version(statevector.signed_sums)(row_sums, slopes[9:])
    for q in range(num_qubits):
        m = overlaps(psi, lam, q)
        np.testing.assert_allclose(slopes[q], (m[0, 0] - m[1, 1]).imag, rtol=1e-11, atol=1e-11 * psi.size)
    np.testing.assert_allclose(re + 1j * im, psi, atol=1e-13)
    np.testing.assert_allclose(lre + 1j * lim, lam, atol=1e-13)


def permuted(num_qubits, low, count, flips, seed):
    """A permutation of the bits ``low`` to ``low + count - 1``, and what it and the flips do to a state."""
    size = 1 << min(count, num_qubits)
    order = np.random.default_rng(seed).permutation(size)
    x = np.arange(1 << num_qubits)
    inside = (x >> low) % size
    flip = np.zeros_like(x)
    for control, mask in flips:
        flip ^= np.where(x >> control & 1, mask, 0)
    source = x - (inside << low) + ((order[inside] ^ flip) << low)
    return np.concatenate([order, np.arange(size, 1 << count)]), lambda state: state[source]


@COMPILED_OR_NOT
@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize(
    ("num_qubits", "low", "count", "flips", "with_rz"),
    [*((n, 0, 11, (), with_rz) for n in (1, 4, 11, 13) for with_rz in (False, True)),  # Rz join the last pass only
     (12, 11, 1, ((10, 1),), False), (14, 11, 3, ((10, 2), (9, 5)), False), (14, 11, 2, (), False),
     (18, 11, 6, ((10, 9),), False), (18, 17, 1, ((10, 1),), False)],
)  # fmt: skip
def test_ry_layer_there_and_back(version, num_qubits, low, count, flips, moved, with_rz):
    """Alone, after a permutation of the qubits' amplitudes, before Rz on all qubits; in two halves."""
    if num_qubits > 14 and version(rotations.ry_layer) is not rotations.ry_layer:
        pytest.skip("slow")
    psi, lam = random_state(num_qubits), random_state(num_qubits, 1)
    angles, all_angles = layer(min(count, num_qubits)), layer(num_qubits, 3) if with_rz else np.zeros(num_qubits)
    order, move = permuted(num_qubits, low, count, flips if moved else (), 4)
    if not moved:
        order, move = np.arange(1 << count) if low else np.zeros(0, np.int64), lambda state: state
    masks = np.array(flips, np.int64).reshape(-1, 2) if moved else NO_FLIPS
    first = BLOCK_BITS - count
    c, t = np.ones(BLOCK_BITS), np.zeros(BLOCK_BITS)
    c[first : first + angles.size], t[first : first + angles.size] = np.cos(angles / 2), np.tan(angles / 2)
    done = rotated(move(psi), 1, angles, low)
    (re, im), (lre, lim) = parts(psi), parts(rotated(rotated(move(lam), 1, angles, low), 2, all_angles))
    blocks = in_two(max(1, psi.size >> BLOCK_BITS))
    for part in blocks:
        rz = rz_arguments(all_angles) if with_rz else NO_RZ
        version(rotations.ry_layer)(re, im, low, first, c, t, order, masks, rz, *part)
    np.testing.assert_allclose(re + 1j * im, rotated(done, 2, all_angles), atol=1e-13)

    slopes, row_sums, columns = np.zeros(11), np.zeros(max(1, psi.size >> 9)), np.zeros(min(psi.size, 512))
    for part in blocks:
        rz = rz_arguments(-all_angles) if with_rz else NO_RZ
        version(rotations.ry_layer_adjoint)(
            re, im, lre, lim, low, first, c, -t, order, masks, rz, *part, slopes, row_sums, columns
        )  # fmt: skip
    for k in range(angles.size):
        m = overlaps(move(psi), move(lam), low + k)
        np.testing.assert_allclose(slopes[first + k], (m[0, 1] - m[1, 0]).real, rtol=1e-11, atol=1e-11 * psi.size)
    np.testing.assert_allclose(re + 1j * im, psi, atol=1e-13)
    np.testing.assert_allclose(lre + 1j * lim, lam, atol=1e-13)
