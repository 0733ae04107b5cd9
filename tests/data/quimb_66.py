"""The number QUIMB in tests/engines/test_mps.py: `pip install quimb`, then run this file. It does not use walshqhn."""

import numpy as np
import quimb.tensor as qtn

N, LAYERS = 66, 2


def terms(n):
    """As `wide` in the test."""
    supports = [(j,) for j in range(0, n, 3)] + [(j, (j + 7) % n) for j in range(n)]
    supports += [(j, j + 1) for j in range(n - 1)] + [(j, j + 3) for j in range(n - 3)]
    supports += [(0, n // 2, n - 1), (1, 4, n - 1), (2, 3, 4), (1, 2, n // 2, n - 2, n - 1)]
    supports = sorted({tuple(sorted(set(s))) for s in supports})
    return supports, np.random.default_rng(1).normal(size=len(supports))


def main():
    """Every term by itself: Z on its qubits, then an overlap."""
    count = 2 * N * 2 * LAYERS
    angles = np.random.default_rng([66, count, 7]).uniform(0, 2 * np.pi, count).reshape(2 * LAYERS, 2, N)
    circuit = qtn.CircuitMPS(N)
    for d in range(1, 2 * LAYERS + 1):
        for j in range(d % 2, N - 1, 2):
            circuit.cnot(j, j + 1)
        for j in range(N):
            circuit.ry(angles[d - 1, 0, j], j)
        for j in range(N):
            circuit.rz(angles[d - 1, 1, j], j)
    state, total = circuit.psi, 0.7
    for support, value in zip(*terms(N), strict=True):
        other = state.copy()
        for j in support:
            other.gate_(np.diag([1.0, -1.0]), j, contract=True)
        total += value * np.real(state.H @ other)
    print(f"bond {state.max_bond()}, norm {abs(state.H @ state):.15f}, energy {total:.12f}")


if __name__ == "__main__":
    main()
