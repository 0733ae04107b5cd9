"""States, circuits and calls of every kernel that the tests of this folder share."""

import numpy as np

from walshqhn import IsingHamiltonian, LinearAnsatz, MPSEngine, load_task
from walshqhn.circuits.program import Gate, Program, compile_program
from walshqhn.kernels import circuit, costs, statevector, walsh, walsh_large

GATES = (
    Gate("ry", (0,), 3), Gate("rz", (0,), 0), Gate("rx", (2,), 1, 2.0), Gate("cx", (0, 1)), Gate("phase", (), 2, 0.3),
    Gate("rz", (1,), 4, -1.0), Gate("rx", (1,), 4), Gate("ry", (1,), 0, 0.5), Gate("cx", (2, 0)), Gate("cx", (1, 2)),
    Gate("ry", (2,), -1, 0.7), Gate("phase", (), 2, -0.7), Gate("ry", (2,), 5), Gate("rz", (2,), 1, 2.0),
)  # fmt: skip
PARAMS = np.array([0.3, -1.1, 0.8, 2.0, -0.4, 1.7])
TABLE = np.array([0.5, -1.0, 2.0, 0.1, 1.5, -0.3, 0.9, -2.2])


def random_state(num_qubits, seed=0):
    rng = np.random.default_rng([seed, num_qubits])
    return rng.normal(size=1 << num_qubits) + 1j * rng.normal(size=1 << num_qubits)


def parts(state):
    return state.real.copy(), state.imag.copy()


def layer(num_qubits, seed=0):
    """Angles for most qubits; a few have none."""
    rng = np.random.default_rng([seed, num_qubits])
    return np.where(rng.random(num_qubits) < 0.8, rng.uniform(-4, 4, num_qubits), 0.0)


def sums(samples, size, seed=0):
    """Two halves whose sums fill [-size, size], 3 rows on the left and 5 columns on the right."""
    rng = np.random.default_rng([seed, samples])
    return rng.uniform(-size / 2, size / 2, (3, samples)), rng.uniform(-size / 2, size / 2, (samples, 5))


def dense_layers(num_qubits, seed=0):
    """Two sub-layers of Ry and Rz on all qubits with CX of every distance and direction between; params; angles."""
    rng = np.random.default_rng([seed, num_qubits])
    gates, count = [], 0
    for _ in range(2):
        for name in ("ry", "rz"):
            for q in rng.permutation(num_qubits):
                gates.append(Gate(name, (int(q),), count % 7, float(rng.uniform(0.5, 2))))
                count += 1
        order = rng.permutation(num_qubits).tolist()
        gates += [Gate("cx", (a, b)) for a, b in zip(order[::2], order[1::2], strict=False)]
    for q in range(num_qubits):
        gates.append(Gate("ry", (q,), q % 7))
    return tuple(gates), rng.uniform(-3, 3, 7)


def exercise_kernels():
    """Results of every kernel, on small and on large arrays."""
    out = {}
    for name, num_bits, dtype, skip in [("f8", 13, "f8", 0), ("c8", 6, "f4", 1)]:
        out[f"block {name}"] = np.arange(1 << num_bits).astype(dtype) % 19
        walsh.transform_blocks(out[f"block {name}"], 1 << num_bits, skip, 0.5)
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
        costs.in_rows(kernel, *arguments, out=out[kernel.__name__])
    for num_qubits in (3, 13):
        (re, im), (lre, lim) = parts(random_state(num_qubits)), parts(random_state(num_qubits, 1))
        table = np.random.default_rng(5).normal(size=re.size)
        for gates, params in ((GATES, PARAMS), dense_layers(num_qubits)):
            compiled, gradient = compile_program(Program(num_qubits, len(params), gates)), np.zeros(len(params))
            circuit.apply(compiled, params, table, num_qubits, re, im)
            value = statevector.expectation(re, im, table)
            circuit.adjoint(compiled, params, table, num_qubits, (re, im), (lre, lim), gradient)
            statevector.multiply(re, im, table, lre, lim)
            key = f"{num_qubits} qubits, {len(gates)} gates"
            out[key], out[f"{key}: state"] = np.array([value, *gradient]), np.stack([re, im, lre, lim])
    return out | exercise_mps()


def exercise_mps():
    """Of a Hamiltonian with pairs that factorize, and of a network with an architecture bit."""
    out, rng = {}, np.random.default_rng(6)
    hamiltonian = IsingHamiltonian(6, np.array([[1], [33], [6], [56]]), np.array([0.7, -1.1, 0.4, 0.9]))
    options = {"hidden": (), "weight_values": ((-3, 1), (0, 1)), "num_validation": 0, "num_test": 0}
    for name, cost in ("terms", hamiltonian), ("network", load_task("gaussian", num_samples=5, **options)):
        ansatz = LinearAnsatz(cost.num_bits, 2)
        points, prepared = rng.uniform(0, 6, (2, ansatz.num_parameters)), MPSEngine(cost).prepare(ansatz)
        found = prepared.value_and_gradient(points[0])
        out[f"mps, {name}"] = np.array([found.value, *found.gradient, *prepared.overlaps(points[0], points)])
        out[f"mps, {name}, means"] = prepared.spin_means(points[0], [[1], [5], [7]])
        out[f"mps, {name}, samples"] = prepared.sample(points[0], 130, 1)
    return out
