"""Compiled loops against dense matrices, tensor contractions and themselves without the compiler."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from oracles import cx_matrix, dense_run, overlaps, rotation_matrix, tensor_apply
from scipy.special import expit

from walshqhn.circuits.program import Gate, Program, compile_program
from walshqhn.kernels import circuit, costs, phases, rotations, statevector, walsh, walsh_large
from walshqhn.support.resources import thread_limit

COMPILED_OR_NOT = pytest.mark.parametrize("version", [lambda f: f, lambda f: f.py_func], ids=["compiled", "python"])
TESTS = Path(__file__).parent.parent


def random_state(num_qubits, seed=0):
    rng = np.random.default_rng([seed, num_qubits])
    return rng.normal(size=1 << num_qubits) + 1j * rng.normal(size=1 << num_qubits)


def parts(state):
    return state.real.copy(), state.imag.copy()


# --- costs --------------------------------------------------------------------------------------


def sums(samples, size, seed=0):
    """Two halves whose sums fill [-size, size], 3 rows on the left and 5 columns on the right."""
    rng = np.random.default_rng([seed, samples])
    return rng.uniform(-size / 2, size / 2, (3, samples)), rng.uniform(-size / 2, size / 2, (samples, 5))


@COMPILED_OR_NOT
@pytest.mark.parametrize(
    ("samples", "size", "period"), [(8, 1, 100), (4000, 1, 100), (4, 0, 1), (40, 169, 1), (64, 50, 3), (20, 30, 2)]
)
def test_add_softplus(version, samples, size, period):
    left, right = sums(samples, size)
    out = np.arange(15.0).reshape(3, 5)
    expected = out + np.logaddexp(0, left[:, :, None] + right).sum(axis=1)
    version(costs.add_softplus)(np.exp(left), np.exp(right), period, out)
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-12)


@COMPILED_OR_NOT
def test_add_softplus_one_sided_sums(version):
    """All u large: every step of one sample multiplies by 2^245, so nothing survives without splitting."""
    left, right = np.full((1, 400), 84.5), np.full((400, 2), 84.5)
    right[:, 1] = -254.0
    out = np.zeros((1, 2))
    version(costs.add_softplus)(np.exp(left), np.exp(right), 1, out)
    np.testing.assert_allclose(out, [[400 * 169, 400 * np.exp(-169.5)]], rtol=1e-13, atol=1e-12)


@COMPILED_OR_NOT
def test_add_softplus_padding_adds_nothing(version):
    left, right = sums(7, 10)
    expected = np.logaddexp(0, left[:, :, None] + right).sum(axis=1)
    out = np.zeros((3, 5))
    version(costs.add_softplus)(np.pad(np.exp(left), ((0, 0), (0, 1))), np.pad(np.exp(right), ((0, 1), (0, 0))), 9, out)
    np.testing.assert_allclose(out, expected, rtol=1e-13)


@COMPILED_OR_NOT
@pytest.mark.parametrize(("samples", "size"), [(1, 3), (7, 20), (50, 1300)])
def test_add_squared_sigmoid(version, samples, size):
    left, right = sums(samples, size)
    out = np.arange(15.0).reshape(3, 5)
    expected = out + (expit(-(left[:, :, None] + right)) ** 2).sum(axis=1)
    version(costs.add_squared_sigmoid)(np.exp(left), np.exp(right), out)
    np.testing.assert_allclose(out, expected, rtol=1e-12)


@COMPILED_OR_NOT
@pytest.mark.parametrize("size", [2, 2000])
def test_direct_versions(version, size):
    left, right = sums(6, size)
    left[0, 0], left[1, 1], right[2, 3], right[3, 4] = 1000, -1000, 1000, -1000
    u = left[:, :, None] + right
    softplus, squares = np.arange(15.0).reshape(3, 5), np.arange(15.0).reshape(3, 5)
    version(costs.add_softplus_direct)(left, right, softplus)
    version(costs.add_squared_sigmoid_direct)(left, right, squares)
    base = np.arange(15.0).reshape(3, 5)
    np.testing.assert_allclose(softplus, base + np.logaddexp(0, u).sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(squares, base + (expit(-u) ** 2).sum(axis=1), rtol=1e-14)


# --- state vectors ------------------------------------------------------------------------------

SERIAL, THREADED = None, True  # what ``pool`` stands for
SIZES = [(n, SERIAL) for n in (1, 2, 3, 4, 9, 12, 18)] + [(n, THREADED) for n in (3, 12, 18)]
SMALL_PAIRS = [(n, SERIAL, c, t) for n in range(2, 5) for c in range(n) for t in range(n) if c != t]
LARGE_PAIRS = [
    (12, pool, *pair)
    for pool in (SERIAL, THREADED)
    for pair in ((0, 1), (1, 0), (0, 11), (11, 0), (3, 8), (8, 3), (11, 10), (10, 11))
]


def apply(matrix, state, qubits):
    """Dense matrices on few qubits, tensor contraction on many."""
    num_qubits = state.size.bit_length() - 1
    if num_qubits > 4:
        return tensor_apply(state, matrix, qubits)
    return cx_matrix(num_qubits, *qubits) @ state


def test_pool_for():
    assert statevector.pool_for(2) is SERIAL
    assert statevector.pool_for(1 << 24) is THREADED


@COMPILED_OR_NOT
@pytest.mark.parametrize(("num_qubits", "pool", "control", "target"), SMALL_PAIRS + LARGE_PAIRS)
def test_cx(version, num_qubits, pool, control, target):
    state = random_state(num_qubits)
    re, im = parts(state)
    version(statevector.cx)(re, im, control, target, pool)
    assert np.array_equal(re + 1j * im, apply(cx_matrix(2, 0, 1), state, [control, target]))


@COMPILED_OR_NOT
@pytest.mark.parametrize("pool", [SERIAL, THREADED])
@pytest.mark.parametrize("num_qubits", [1, 2, 3, 4, 6, 15])
def test_diagonal_operators(version, num_qubits, pool):
    state, other = random_state(num_qubits), random_state(num_qubits, seed=1)
    table = np.random.default_rng(5).normal(size=state.size)
    re, im = parts(state)
    tolerance = {"rtol": 1e-12, "atol": 1e-12 * np.sqrt(state.size)}
    found = version(statevector.expectation)(re, im, table, pool)
    np.testing.assert_allclose(found, np.vdot(state, table * state).real, **tolerance)
    version(phases.phase)(re, im, table, 0.7, pool)
    np.testing.assert_allclose(re + 1j * im, np.exp(-0.7j * table) * state, atol=1e-14)
    lre, lim = parts(np.exp(-0.7j * table) * other)
    found = version(phases.unphase)(re, im, lre, lim, table, 0.7, pool)
    np.testing.assert_allclose(found, np.vdot(other, table * state).imag, **tolerance)
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
    version(phases._phase_range)(re, im, table, 0.9, low, high)
    expected = state.copy()
    expected[low:high] *= np.exp(-0.9j * table[low:high])
    np.testing.assert_allclose(re + 1j * im, expected, atol=1e-14)


def layer(num_qubits, seed=0):
    """Angles for most qubits; a few have none."""
    rng = np.random.default_rng([seed, num_qubits])
    return np.where(rng.random(num_qubits) < 0.8, rng.uniform(-4, 4, num_qubits), 0.0)


def shuffle(num_qubits, seed=0):
    """A permutation of the lowest 2^11 positions that keeps to the state, and what it does to a state."""
    size = min(1 << num_qubits, 1 << 11)
    permutation = np.concatenate([np.random.default_rng(seed).permutation(size), np.arange(size, 1 << 11)])
    return permutation, lambda state: state.reshape(-1, size)[:, permutation[:size]].reshape(-1)


def rotated(state, axis, angles):
    for q, angle in enumerate(angles):
        state = tensor_apply(state, rotation_matrix(axis, angle), [q])
    return state


@COMPILED_OR_NOT
@pytest.mark.parametrize("permuted", [False, True])
@pytest.mark.parametrize(("num_qubits", "pool"), SIZES)
def test_ry_layer_there_and_back(version, num_qubits, pool, permuted):
    psi, lam, angles = random_state(num_qubits), random_state(num_qubits, 1), layer(num_qubits)
    permutation, moved = shuffle(num_qubits) if permuted else (np.zeros(0, np.int64), lambda state: state)
    (re, im), (lre, lim) = parts(psi), parts(rotated(moved(lam), 1, angles))
    c, s = np.cos(angles / 2), np.sin(angles / 2)
    version(rotations.turn)(re, im, c, s, permutation, pool)
    expected = rotated(moved(psi), 1, angles)
    np.testing.assert_allclose(re + 1j * im, expected, atol=1e-13)

    slopes, used = np.zeros(num_qubits), (angles != 0).astype(np.int64)
    version(rotations.unturn)(re, im, lre, lim, c, s, used, permutation, slopes, pool)
    for q in np.flatnonzero(used):
        m = overlaps(moved(psi), moved(lam), q)
        np.testing.assert_allclose(slopes[q], (m[0, 1] - m[1, 0]).real, rtol=1e-11, atol=1e-11 * psi.size)
    np.testing.assert_allclose(re + 1j * im, psi, atol=1e-13)
    np.testing.assert_allclose(lre + 1j * lim, lam, atol=1e-13)


@COMPILED_OR_NOT
@pytest.mark.parametrize(("num_qubits", "pool"), SIZES)
def test_rz_layer_there_and_back(version, num_qubits, pool):
    psi, lam, angles = random_state(num_qubits), random_state(num_qubits, 1), layer(num_qubits)
    (re, im), (lre, lim) = parts(psi), parts(rotated(lam, 2, angles))
    version(statevector.twist)(re, im, angles, pool)
    np.testing.assert_allclose(re + 1j * im, rotated(psi, 2, angles), atol=1e-13)

    slopes = np.zeros(num_qubits)
    version(statevector.untwist)(re, im, lre, lim, angles, slopes, pool)
    for q in range(num_qubits):
        m = overlaps(psi, lam, q)
        np.testing.assert_allclose(slopes[q], (m[0, 0] - m[1, 1]).imag, rtol=1e-11, atol=1e-11 * psi.size)
    np.testing.assert_allclose(re + 1j * im, psi, atol=1e-13)
    np.testing.assert_allclose(lre + 1j * lim, lam, atol=1e-13)


# --- circuits -----------------------------------------------------------------------------------


GATES = (
    Gate("ry", (0,), 3), Gate("rz", (0,), 0), Gate("rx", (2,), 1, 2.0), Gate("cx", (0, 1)), Gate("phase", (), 2, 0.3),
    Gate("rz", (1,), 4, -1.0), Gate("rx", (1,), 4), Gate("ry", (1,), 0, 0.5), Gate("cx", (2, 0)), Gate("cx", (1, 2)),
    Gate("ry", (2,), -1, 0.7), Gate("phase", (), 2, -0.7), Gate("ry", (2,), 5), Gate("rz", (2,), 1, 2.0),
)  # fmt: skip
PARAMS = np.array([0.3, -1.1, 0.8, 2.0, -0.4, 1.7])
TABLE = np.array([0.5, -1.0, 2.0, 0.1, 1.5, -0.3, 0.9, -2.2])


@COMPILED_OR_NOT
@pytest.mark.parametrize(("num_qubits", "pool"), [(3, SERIAL), (12, SERIAL), (12, THREADED)])
def test_circuit_and_gradient_against_dense_matrices(version, num_qubits, pool):
    """The gates act on qubits 0 to 2; further qubits only number copies of them."""
    compiled = compile_program(Program(num_qubits, 6, GATES))
    start = random_state(num_qubits)
    copies = start.reshape(-1, 8).T
    tables = np.tile(TABLE, copies.shape[1])
    re, im = parts(start)
    version(circuit.run)(compiled, PARAMS, tables, num_qubits, re, im, pool)
    psi = dense_run(copies, GATES, PARAMS, TABLE)
    np.testing.assert_allclose(re + 1j * im, psi.T.ravel(), atol=1e-13)

    gradient = np.zeros(6)
    arguments = (re, im, tables * re, tables * im, gradient, pool)
    version(circuit.adjoint)(compiled, PARAMS, tables, num_qubits, *arguments)
    expected = np.zeros(6)
    for number, gate in enumerate(GATES):
        if gate.parameter >= 0:
            kicked = dense_run(copies, GATES, PARAMS, TABLE, kick=number)
            expected[gate.parameter] += 2 * np.vdot(psi, TABLE[:, None] * kicked).real
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-12 * np.sqrt(start.size))
    np.testing.assert_allclose(re + 1j * im, start, atol=1e-13)


# --- all of them --------------------------------------------------------------------------------


def exercise_kernels():
    """Results of every kernel, serial and threaded."""
    out = {}
    for name, num_bits, dtype, skip in [("f8", 13, "f8", 0), ("c8", 6, "f4", 1)]:
        out[f"block {name}"] = np.arange(1 << num_bits).astype(dtype) % 19
        walsh.transform_block(out[f"block {name}"], skip, np.dtype(dtype).type(0.5))
    out["large"] = np.arange(1.0, 1 + (1 << 17)) ** 2 % 23
    walsh_large.transform_large(out["large"], out["large"], 0, 0.5)
    left, right = sums(16, 150)
    for kernel, arguments in [
        (costs.add_softplus, (np.exp(left), np.exp(right), 1)),
        (costs.add_squared_sigmoid, (np.exp(left), np.exp(right))),
        (costs.add_softplus_direct, (left, right)),
        (costs.add_squared_sigmoid_direct, (left, right)),
    ]:
        out[kernel.__name__] = np.zeros((3, 5))
        kernel(*arguments, out[kernel.__name__])
    for num_qubits, pool, qubits in [(3, SERIAL, (0, 2)), (12, THREADED, (1, 9))]:
        (re, im), (lre, lim) = parts(random_state(num_qubits)), parts(random_state(num_qubits, 1))
        table = np.random.default_rng(5).normal(size=re.size)
        slopes, angles = np.zeros((2, num_qubits)), layer(num_qubits)
        c, s, permutation = np.cos(angles), np.sin(angles), shuffle(num_qubits)[0]
        rotations.turn(re, im, c, s, permutation, pool)
        rotations.unturn(re, im, lre, lim, s, c, np.ones(num_qubits, np.int64), permutation, slopes[0], pool)
        statevector.twist(re, im, angles, pool)
        statevector.untwist(re, im, lre, lim, 2 * angles, slopes[1], pool)
        numbers = [*slopes.ravel()]
        statevector.cx(re, im, *qubits, pool)
        phases.phase(re, im, table, 0.4, pool)
        numbers.append(statevector.expectation(re, im, table, pool))
        numbers.append(phases.unphase(re, im, lre, lim, table, 0.6, pool))
        gradient, compiled = np.zeros(6), compile_program(Program(num_qubits, 6, GATES))
        circuit.run(compiled, PARAMS, table, num_qubits, re, im, pool)
        circuit.adjoint(compiled, PARAMS, table, num_qubits, re, im, lre, lim, gradient, pool)
        out |= {f"state {pool}": np.stack([re, im, lre, lim]), f"numbers {pool}": np.array([*numbers, *gradient])}
    return out


def test_all_kernels_without_the_compiler(tmp_path):
    script = "import numpy as np, sys; sys.path.insert(0, 'tests/kernels'); import test_kernels; np.savez(sys.argv[1], **test_kernels.exercise_kernels())"
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", script, tmp_path / "plain.npz"], env=environment, check=True, timeout=300)
    compiled = exercise_kernels()
    with np.load(tmp_path / "plain.npz") as plain:
        assert set(plain.files) == set(compiled)
        for name, result in compiled.items():
            np.testing.assert_allclose(result, plain[name], rtol=1e-10, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("kernel", [statevector.expectation, phases.unphase])
@pytest.mark.parametrize("num_qubits", [10, 15])
def test_threads_do_not_change_a_sum(num_qubits, kernel):
    for seed in range(20):
        states = (*parts(random_state(num_qubits, seed)), *parts(random_state(num_qubits, seed + 100)))
        table = np.random.default_rng(seed).normal(size=1 << num_qubits)
        found = []
        for threads in (1, 2):
            arguments = (*states, table, 0.3) if kernel is phases.unphase else (*states[:2], table)
            with thread_limit(threads):
                found.append(kernel(*(a.copy() for a in arguments[:-1]), arguments[-1], THREADED))
        assert found[0] == found[1]


def test_threads_do_not_change_a_bit():
    results = []
    for threads in (1, 2):
        with thread_limit(threads):
            results.append(exercise_kernels())
    for name, one in results[0].items():
        assert one.tobytes() == results[1][name].tobytes(), name
