"""Compiled loops against dense matrices, tensor contractions and themselves without the compiler."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from oracles import cx_matrix, dense_run, embed, overlaps, rotation_matrix, tensor_apply
from scipy.special import expit

from walshqhn.kernels import circuit, costs, statevector, walsh
from walshqhn.resources import thread_limit

COMPILED_OR_NOT = pytest.mark.parametrize("version", [lambda f: f, lambda f: f.py_func], ids=["compiled", "python"])
TESTS = Path(__file__).parent


def random_state(num_qubits, seed=0):
    rng = np.random.default_rng([seed, num_qubits])
    return rng.normal(size=1 << num_qubits) + 1j * rng.normal(size=1 << num_qubits)


def random_unitary(seed):
    rng = np.random.default_rng(seed)
    return np.linalg.qr(rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2)))[0]


def parts(state):
    return state.real.copy(), state.imag.copy()


def reals(matrix):
    """Eight reals, row by row, real part first."""
    return np.ascontiguousarray(matrix).reshape(-1).view(np.float64).copy()


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
SMALL = [(n, SERIAL, q) for n in range(1, 5) for q in range(n)]
LARGE = [(n, p, q) for n, p in ((12, SERIAL), (12, THREADED), (16, THREADED)) for q in (0, 1, 2, 3, 4, 8, n - 2, n - 1)]
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
    if len(qubits) == 1:
        return embed(num_qubits, qubits[0], matrix) @ state
    return cx_matrix(num_qubits, *qubits) @ state


def test_pool_for():
    assert statevector.pool_for(2) is SERIAL
    assert statevector.pool_for(1 << 24) is THREADED


@COMPILED_OR_NOT
@pytest.mark.parametrize(("num_qubits", "pool", "qubit"), SMALL + LARGE)
def test_rotate(version, num_qubits, pool, qubit):
    state, u = random_state(num_qubits), random_unitary(qubit)
    re, im = parts(state)
    version(statevector.rotate)(re, im, qubit, reals(u), pool)
    np.testing.assert_allclose(re + 1j * im, apply(u, state, [qubit]), atol=1e-14)


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
    found = version(statevector.phase_overlap)(re, im, *parts(other), table, pool)
    np.testing.assert_allclose(found, np.vdot(other, table * state).imag, **tolerance)
    version(statevector.phase)(re, im, table, 0.7, pool)
    np.testing.assert_allclose(re + 1j * im, np.exp(-0.7j * table) * state, atol=1e-14)


@COMPILED_OR_NOT
@pytest.mark.parametrize(("num_qubits", "pool", "qubit"), SMALL + LARGE)
def test_unrotate(version, num_qubits, pool, qubit):
    psi, lam, u = random_state(num_qubits), random_state(num_qubits, seed=1), random_unitary(qubit)
    (re, im), (lre, lim) = parts(psi), parts(lam)
    found = version(statevector.unrotate)(re, im, lre, lim, qubit, reals(u), pool)
    np.testing.assert_allclose(found, reals(overlaps(psi, lam, qubit)), rtol=1e-12, atol=1e-12 * psi.size)
    np.testing.assert_allclose(re + 1j * im, apply(u, psi, [qubit]), atol=1e-14)
    np.testing.assert_allclose(lre + 1j * lim, apply(u, lam, [qubit]), atol=1e-14)


# --- circuits -----------------------------------------------------------------------------------


def program():
    """Three qubits, all kinds of blocks, parameters used twice, with scales and in no order."""
    rotation, cx, phase = circuit.ROTATION, circuit.CX, circuit.PHASE
    blocks = [
        (rotation, 0, 0, 0, 2), (rotation, 2, 0, 2, 3), (cx, 0, 1, 0, 0), (phase, 0, 0, 3, 4),
        (rotation, 1, 0, 4, 7), (cx, 2, 0, 0, 0), (phase, 0, 0, 7, 8), (rotation, 2, 0, 8, 10),
    ]  # fmt: skip
    axes = np.array([1, 2, 0, 0, 2, 0, 1, 0, 1, 2])
    indices = np.array([3, 0, 1, 2, 4, 4, 0, 2, 5, 1])
    scales = np.array([1.0, 1.0, 2.0, 0.3, -1.0, 1.0, 0.5, -0.7, 1.0, 2.0])
    params = np.array([0.3, -1.1, 0.8, 2.0, -0.4, 1.7])
    table = np.array([0.5, -1.0, 2.0, 0.1, 1.5, -0.3, 0.9, -2.2])
    return np.array(blocks), axes, indices, scales, params, table


@COMPILED_OR_NOT
@pytest.mark.parametrize(("num_qubits", "pool"), [(3, SERIAL), (12, SERIAL), (12, THREADED)])
def test_circuit_and_gradient_against_dense_matrices(version, num_qubits, pool):
    """The program acts on qubits 0 to 2; further qubits only number copies of them."""
    *circuit_arguments, table = program()
    start = random_state(num_qubits)
    copies = start.reshape(-1, 8).T
    tables = np.tile(table, copies.shape[1])
    re, im = parts(start)
    version(circuit.run)(*circuit_arguments, tables, re, im, pool)
    psi = dense_run(copies, *program())
    np.testing.assert_allclose(re + 1j * im, psi.T.ravel(), atol=1e-13)

    gradient = np.zeros(6)
    version(circuit.adjoint)(*circuit_arguments, tables, re, im, tables * re, tables * im, gradient, pool)
    expected, indices = np.zeros(6), circuit_arguments[2]
    for g, index in enumerate(indices):
        expected[index] += 2 * np.vdot(psi, table[:, None] * dense_run(copies, *program(), kick=g)).real
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-12 * np.sqrt(start.size))
    np.testing.assert_allclose(re + 1j * im, start, atol=1e-13)


@COMPILED_OR_NOT
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_gates(version, axis):
    gate = version(circuit._gate)(axis, 0.9)
    np.testing.assert_allclose(gate, rotation_matrix(axis, 0.9), atol=1e-15)
    np.testing.assert_allclose(version(circuit._dagger)(gate), gate.conj().T)
    other = random_unitary(axis)
    np.testing.assert_allclose(version(circuit._multiply)(gate, other), gate @ other, atol=1e-15)
    assert np.array_equal(version(circuit._reals)(other), reals(other))


# --- all of them --------------------------------------------------------------------------------


def exercise_kernels():
    """Results of every kernel, serial and threaded."""
    out = {}
    for name, num_bits, dtype, skip in [("f8", 13, "f8", 0), ("c8", 6, "f4", 1)]:
        out[f"block {name}"] = np.arange(1 << num_bits).astype(dtype) % 19
        walsh.transform_block(out[f"block {name}"], skip, np.dtype(dtype).type(0.5))
    out["large"] = np.arange(1.0, 1 + (1 << 17)) ** 2 % 23
    walsh.transform_large(out["large"], 0, 0.5)
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
        numbers = []
        for q in qubits:
            statevector.rotate(re, im, q, reals(random_unitary(q)), pool)
            numbers += list(statevector.unrotate(re, im, lre, lim, q, reals(random_unitary(q + 9)), pool))
        statevector.cx(re, im, *qubits, pool)
        statevector.phase(re, im, table, 0.4, pool)
        numbers.append(statevector.expectation(re, im, table, pool))
        numbers.append(statevector.phase_overlap(re, im, lre, lim, table, pool))
        gradient, circuit_arguments = np.zeros(6), program()[:-1]
        circuit.run(*circuit_arguments, table, re, im, pool)
        circuit.adjoint(*circuit_arguments, table, re, im, lre, lim, gradient, pool)
        out |= {f"state {pool}": np.stack([re, im, lre, lim]), f"numbers {pool}": np.array([*numbers, *gradient])}
    return out


def test_all_kernels_without_the_compiler(tmp_path):
    script = "import numpy as np, sys, test_kernels; np.savez(sys.argv[1], **test_kernels.exercise_kernels())"
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", script, tmp_path / "plain.npz"], env=environment, check=True, timeout=300)
    compiled = exercise_kernels()
    with np.load(tmp_path / "plain.npz") as plain:
        assert set(plain.files) == set(compiled)
        for name, result in compiled.items():
            np.testing.assert_allclose(result, plain[name], rtol=1e-10, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("kernel", [statevector.expectation, statevector.phase_overlap])
@pytest.mark.parametrize("num_qubits", [10, 15])
def test_threads_do_not_change_a_sum(num_qubits, kernel):
    for seed in range(20):
        states = (*parts(random_state(num_qubits, seed)), *parts(random_state(num_qubits, seed + 100)))
        arguments = states if kernel is statevector.phase_overlap else states[:2]
        table = np.random.default_rng(seed).normal(size=1 << num_qubits)
        found = []
        for threads in (1, 2):
            with thread_limit(threads):
                found.append(kernel(*arguments, table, THREADED))
        assert found[0] == found[1]


def test_threads_do_not_change_a_bit():
    results = []
    for threads in (1, 2):
        with thread_limit(threads):
            results.append(exercise_kernels())
    for name, one in results[0].items():
        assert one.tobytes() == results[1][name].tobytes(), name
