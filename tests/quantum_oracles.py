"""Independent oracles for Hamiltonians, circuits and training: dense matrices and plain loops, from the definitions.

Nothing here imports walshqhn. Qubit j is bit j of an index, the last factor but j of a Kronecker product.
"""

import math

import numpy as np
from oracles import bits_of, cx_matrix, embed, rotation_matrix

AXES = {"rx": 0, "ry": 1, "rz": 2}


def random_table(num_bits, seed=0):
    """Costs without any symmetry, so that no reversed or permuted order of bits goes unnoticed."""
    return np.random.default_rng([seed, num_bits]).normal(size=1 << num_bits) + np.arange(1 << num_bits) * 0.3


def random_angles(count, seed=0):
    return np.random.default_rng([seed, count, 7]).uniform(0, 2 * np.pi, count)


def all_bits(num_bits):
    """Every configuration, row x that of index x."""
    rows = [bits_of(x, num_bits) for x in range(1 << num_bits)]
    return np.array(rows, dtype=np.uint8).reshape(1 << num_bits, num_bits)


# --- Hamiltonians -------------------------------------------------------------------------------


def support_of(index):
    return tuple(j for j in range(index.bit_length()) if index >> j & 1)


def ising_energy(bits, supports, coefficients, constant):
    """constant + sum of coefficient times product of spins, one term at a time."""
    spins = [1 - 2 * int(b) for b in bits]
    return constant + math.fsum(
        c * math.prod(spins[j] for j in support) for support, c in zip(supports, coefficients, strict=True)
    )


def fourier_coefficients(table):
    """f(S) = 2^-N sum_x C(x) prod_{j in S} z_j, every S by itself."""
    num_bits = len(table).bit_length() - 1
    spins = 1 - 2 * all_bits(num_bits).astype(int)
    sums = [math.fsum(table * spins[:, list(support_of(s))].prod(axis=1)) for s in range(len(table))]
    return np.array(sums) / len(table)


# --- circuits -----------------------------------------------------------------------------------


def linear_gates(num_qubits, layers):
    """Gates of the linear ansatz, read off section 7 of the design: (name, qubits, index into [d, kind, j])."""
    gates = []
    for d in range(1, max(1, 2 * layers) + 1):
        if layers > 0:
            control = d % 2
            while control <= num_qubits - 2:
                gates.append(("cx", (control, control + 1), None))
                control += 2
        for kind, name in enumerate(("ry", "rz")):
            gates += [(name, (j,), (d - 1, kind, j)) for j in range(num_qubits)]
    return gates


def linear_state(num_qubits, layers, angles):
    """State that the linear ansatz prepares; ``angles`` of shape (sub-layers, 2, N)."""
    state = np.zeros(1 << num_qubits, complex)
    state[0] = 1
    for name, qubits, which in linear_gates(num_qubits, layers):
        if name == "cx":
            gate = cx_matrix(num_qubits, *qubits)
        else:
            gate = embed(num_qubits, qubits[0], rotation_matrix(AXES[name], angles[which]))
        state = gate @ state
    return state


def z_product(num_qubits, support):
    """The matrix of prod_{j in support} Z_j."""
    out = np.eye(1 << num_qubits)
    for j in support:
        out = out @ embed(num_qubits, j, np.diag([1.0, -1.0]))
    return out


def qaoa_gates(terms, num_qubits, layers):
    """QAOA in gates exp(-i factor * parameter * P / 2): a list of (P, parameter number, factor)."""
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    gates = []
    for layer in range(layers):
        gates += [(z_product(num_qubits, support), layer, 2 * value) for support, value in terms]
        gates += [(embed(num_qubits, j, x), layers + layer, 2.0) for j in range(num_qubits)]
    return gates


def qaoa_state(gates, params, num_qubits, shifts=None):
    """State after ``gates`` on |+>^N, gate g turned by another ``shifts[g]``; P^2 = 1."""
    state = np.full(1 << num_qubits, 2 ** (-num_qubits / 2), complex)
    for g, (pauli, parameter, factor) in enumerate(gates):
        angle = factor * params[parameter] + (0 if shifts is None else shifts[g])
        state = math.cos(angle / 2) * state - 1j * math.sin(angle / 2) * (pauli @ state)
    return state


def mean_cost(state, table):
    return math.fsum(np.abs(state) ** 2 * table)


def shifted_gate_gradient(gates, params, num_qubits, table):
    """Every gate's own parameter shift, times how fast its angle grows with its parameter."""
    gradient = np.zeros(len(params))
    for g, (_, parameter, factor) in enumerate(gates):
        up, down = (
            mean_cost(qaoa_state(gates, params, num_qubits, {**dict.fromkeys(range(len(gates)), 0.0), g: s}), table)
            for s in (np.pi / 2, -np.pi / 2)
        )
        gradient[parameter] += factor * (up - down) / 2
    return gradient


def finite_differences(function, params, step=1e-5, components=None):
    """Central differences, of the ``components`` (default: all)."""
    params = np.asarray(params, dtype=float)
    chosen = range(params.size) if components is None else components
    units = [np.eye(1, params.size, k)[0] * step for k in chosen]
    return np.array([(function(params + e) - function(params - e)) / (2 * step) for e in units])
