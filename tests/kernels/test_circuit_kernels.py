"""Whole circuits against dense matrices; all kernels against themselves, without the compiler and on other threads."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kernel_cases import GATES, PARAMS, TABLE, dense_layers, exercise_kernels, parts, random_state
from oracles import cx_matrix, dense_run, rotation_matrix, tensor_apply

from walshqhn.circuits.program import Gate, Program, compile_program
from walshqhn.kernels import circuit, pool, statevector
from walshqhn.kernels.schedule import CX, RY

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("num_qubits", [3, 12, 17])
def test_circuit_and_gradient_against_dense_matrices(num_qubits):
    """The gates act on qubits 0 to 2; further qubits only number copies of them."""
    compiled = compile_program(Program(num_qubits, 6, GATES))
    start = random_state(num_qubits)
    copies = start.reshape(-1, 8).T
    tables = np.tile(TABLE, copies.shape[1])
    re, im = parts(start)
    circuit.apply(compiled, PARAMS, tables, num_qubits, re, im)
    psi = dense_run(copies, GATES, PARAMS, TABLE)
    np.testing.assert_allclose(re + 1j * im, psi.T.ravel(), atol=1e-13)

    gradient = np.zeros(6)
    circuit.adjoint(compiled, PARAMS, tables, num_qubits, (re, im), (tables * re, tables * im), gradient)
    expected = np.zeros(6)
    for number, gate in enumerate(GATES):
        if gate.parameter >= 0:
            kicked = dense_run(copies, GATES, PARAMS, TABLE, kick=number)
            expected[gate.parameter] += 2 * np.vdot(psi, TABLE[:, None] * kicked).real
    np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-12 * np.sqrt(start.size))
    np.testing.assert_allclose(re + 1j * im, start, atol=1e-13)


def one_by_one(gates, params, state):
    """Gates applied as tensors, in order."""
    for gate in gates:
        if gate.name == "cx":
            state = tensor_apply(state, cx_matrix(2, 0, 1), list(gate.qubits))
        else:
            angle = gate.scale * (params[gate.parameter] if gate.parameter >= 0 else 1.0)
            state = tensor_apply(state, rotation_matrix({"ry": 1, "rz": 2}[gate.name], angle), list(gate.qubits))
    return state


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("num_qubits", [2, 5, 11, 12, 14, 18])
def test_passes_do_what_the_gates_say(num_qubits, seed):
    """CX of every distance and direction between layers of rotations, in groups of qubits and across them."""
    gates, params = dense_layers(num_qubits, seed)
    compiled = compile_program(Program(num_qubits, params.size, gates))
    start = random_state(num_qubits, seed)
    table = np.random.default_rng(seed).normal(size=start.size)
    re, im = parts(start)
    circuit.apply(compiled, params, table, num_qubits, re, im)
    np.testing.assert_allclose(re + 1j * im, one_by_one(gates, params, start), atol=1e-12)
    gradient = np.zeros(params.size)
    circuit.adjoint(compiled, params, table, num_qubits, (re, im), (table * re, table * im), gradient)
    np.testing.assert_allclose(re + 1j * im, start, atol=1e-12)

    def energy(x):
        state = one_by_one(gates, x, start)
        return np.vdot(state, table * state).real

    for k in range(params.size) if num_qubits < 14 else [seed]:
        step = np.zeros(params.size)
        step[k] = 1e-4
        difference = (energy(params + step) - energy(params - step)) / 2e-4
        np.testing.assert_allclose(gradient[k], difference, rtol=1e-5, atol=1e-6 * np.sqrt(start.size))


def test_gates_that_meet_in_cache_are_one_pass():
    """A sub-layer of the linear ansatz on 17 qubits, 8 CX, 17 Ry and 17 Rz, takes two passes over memory."""
    gates = [Gate("cx", (q, q + 1)) for q in range(0, 16, 2)]
    gates += [Gate(name, (q,), 0) for name in ("ry", "rz") for q in range(17)]
    passes = compile_program(Program(17, 1, tuple(gates))).passes
    assert passes[:, 0].tolist() == [RY, RY]
    assert passes[:, 3].tolist() == [11, 0]
    upwards = [Gate("cx", (16, 3)), *gates[8:]]
    assert compile_program(Program(17, 1, tuple(upwards))).passes[:, 0].tolist() == [CX, RY, RY]


def test_all_kernels_without_the_compiler(tmp_path):
    script = "import numpy as np, sys, kernel_cases; np.savez(sys.argv[1], **kernel_cases.exercise_kernels())"
    path = os.pathsep.join([str(FOLDER.parent), str(FOLDER.parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", script, tmp_path / "plain.npz"], env=environment, check=True, timeout=300)
    compiled = exercise_kernels()
    with np.load(tmp_path / "plain.npz") as plain:
        assert set(plain.files) == set(compiled)
        for name, result in compiled.items():
            np.testing.assert_allclose(result, plain[name], rtol=1e-9, atol=1e-10, err_msg=name)


def test_threads_and_pieces(monkeypatch):
    """Threads change no bit; whole or in pieces, results agree."""
    whole = exercise_kernels()
    monkeypatch.setattr(statevector, "_WHOLE_BELOW", 1)
    results = []
    for threads in (1, 2, 3):
        with pool.limited(threads):
            results.append(exercise_kernels())
    for name, one in results[0].items():
        np.testing.assert_allclose(one, whole[name], rtol=1e-9, atol=1e-10, err_msg=name)
        assert all(one.tobytes() == other[name].tobytes() for other in results[1:]), name
