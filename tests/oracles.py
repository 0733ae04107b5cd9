"""Independent oracles: written from the definitions, one number at a time, slow on purpose.

None of them imports walshqhn. They share its conventions: bit j of index x is (x >> j) & 1.
"""

import gzip
import itertools
import math
import struct

import numpy as np

# --- bits ---------------------------------------------------------------------------------------


def bits_of(x, num_bits):
    """The bits b_0 ... b_{N-1} of the number x."""
    return [(x >> j) & 1 for j in range(num_bits)]


def index_of(bits):
    return sum(int(b) * 2**j for j, b in enumerate(bits))


# --- Walsh-Hadamard transform -------------------------------------------------------------------


def naive_wht(values):
    """sum_x v(x) (-1)^popcount(x & S) for every S."""
    size = len(values)
    return [sum(values[x] * (-1) ** bin(x & s).count("1") for x in range(size)) for s in range(size)]


def butterfly_wht(values, low=0, high=None):
    """The textbook butterflies, one axis of length 2 at a time; of bits ``low`` to ``high - 1`` only."""
    out = np.array(values)
    for bit in range(low, out.size.bit_length() - 1 if high is None else high):
        pairs = out.reshape(-1, 2, 1 << bit)
        out = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).ravel()
    return out


# --- state vectors ------------------------------------------------------------------------------


def rotation_matrix(axis, angle):
    """exp(-i angle P / 2), P = X, Y, Z for axis 0, 1, 2, from P^2 = 1."""
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)[axis]
    return math.cos(angle / 2) * np.eye(2) - 1j * math.sin(angle / 2) * pauli


def embed(num_qubits, qubit, matrix):
    """A one-qubit matrix as one on all qubits: qubit 0 is the last factor of the Kronecker product."""
    out = np.eye(1)
    for q in reversed(range(num_qubits)):
        out = np.kron(out, matrix if q == qubit else np.eye(2))
    return out


def cx_matrix(num_qubits, control, target):
    """|0><0| x 1 + |1><1| x X."""
    zero, one, x = np.diag([1.0, 0.0]), np.diag([0.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
    return embed(num_qubits, control, zero) + embed(num_qubits, control, one) @ embed(num_qubits, target, x)


def tensor_apply(state, matrix, qubits):
    """Apply a matrix on ``qubits`` (the first is its lowest bit) by contracting tensor axes."""
    num_qubits, k = state.size.bit_length() - 1, len(qubits)
    axes = [num_qubits - 1 - q for q in reversed(qubits)]  # axis 0 of a C-ordered tensor is the highest qubit
    tensor = state.reshape((2,) * num_qubits)
    tensor = np.tensordot(np.asarray(matrix).reshape((2,) * (2 * k)), tensor, axes=(range(k, 2 * k), axes))
    return np.moveaxis(tensor, range(k), axes).reshape(-1)


def overlaps(psi, lam, qubit):
    """M[s, t] = sum over the other qubits of psi_s conj(lambda_t)."""
    a, b = (v.reshape(-1, 2, 1 << qubit) for v in (psi, lam))
    return np.array([[np.vdot(b[:, t], a[:, s]) for t in range(2)] for s in range(2)])


def dense_run(state, gates, params, table, kick=None):
    """Three qubits by dense matrices; after gate number ``kick``, times its generator -i scale P / 2 or -i scale C."""
    for number, gate in enumerate(gates):
        if gate.name == "cx":
            state = cx_matrix(3, *gate.qubits) @ state
            continue
        angle = gate.scale if gate.parameter < 0 else gate.scale * params[gate.parameter]
        if gate.name == "phase":
            matrix, generator = np.diag(np.exp(-1j * angle * table)), np.diag(table)
        else:
            axis = "xyz".index(gate.name[1])
            matrix, generator = (embed(3, gate.qubits[0], rotation_matrix(axis, a)) for a in (angle, np.pi))
            generator = 0.5j * generator  # exp(-i pi P / 2) = -i P
        state = matrix @ state
        if number == kick:
            state = -1j * gate.scale * generator @ state
    return state


# --- binary networks ----------------------------------------------------------------------------


def logistic(u):
    return 1 / (1 + math.exp(-u)) if u > -700 else math.exp(u)


SCALAR_ACTIVATIONS = {
    "sigmoid": logistic,
    "relu": lambda u: u if u > 0 else 0.0,
    "tanh": math.tanh,
    "sign": lambda u: 1.0 if u >= 0 else -1.0,
}


def read_network(
    bits, inputs, *, hidden=(), outputs=1, activation=("sigmoid",), width=None, values=((-1, 1),), skip=(False,),
    layers=None, output=("sigmoid",),
):  # fmt: skip
    """Weights and architecture of one configuration, its bits read one after another in the documented order.

    Every keyword from ``activation`` on is the list of alternatives.
    """
    stream = iter(int(b) for b in bits)

    def choose(options):
        code = 0
        for _ in range((len(options) - 1).bit_length()):
            code = 2 * code + next(stream)
        return options[code % len(options)]

    sizes = [inputs, *hidden, outputs]
    raw = {
        f"W{k}": [[next(stream) for _ in range(columns)] for _ in range(rows)]
        for k, (rows, columns) in enumerate(itertools.pairwise(sizes), start=1)
    }
    if any(skip):
        raw["Wskip"] = [[next(stream) for _ in range(outputs)] for _ in range(inputs)]
    raw[f"b{len(hidden) + 1}"] = [[next(stream) for _ in range(outputs)]]
    for k, neurons in enumerate(hidden, start=1):
        raw[f"b{k}"] = [[next(stream) for _ in range(neurons)]]
    net = {"activation": choose(activation), "width": choose(width or (max(hidden, default=0),))}
    low, high = choose(values)
    net |= {"skip": choose(skip), "layers": choose(layers or (len(hidden),)), "depth": len(hidden)}
    net["output"] = choose(output)
    assert next(stream, None) is None, "bits left over"
    for name, rows in raw.items():
        net[name] = [[high if b else low for b in row] for row in rows]
    return net


def network_outputs(net, sample):
    """Logits of one network on one sample: log p / (1 - p) = 2 u where p = (1 + tanh u) / 2."""
    act, depth = SCALAR_ACTIVATIONS[net["activation"]], net["depth"]

    def affine(vector, weights, bias):
        return [
            bias[j] + sum(v * row[j] for v, row in zip(vector, weights, strict=True)) for j in range(len(weights[0]))
        ]

    vector = list(sample)
    for k in range(1, depth + 1):
        if k > net["layers"]:  # bypassed
            continue
        vector = [act(u) for u in affine(vector, net[f"W{k}"], net[f"b{k}"][0])]
        vector = [h if j < net["width"] else 0.0 for j, h in enumerate(vector)]
    out = affine(vector, net[f"W{depth + 1}"], net[f"b{depth + 1}"][0])
    if net["skip"]:
        direct = affine(sample, net["Wskip"], [0.0] * len(out))
        out = [u + d for u, d in zip(out, direct, strict=True)]
    return [2 * u for u in out] if net["output"] == "tanh" else out


def softplus(u):
    return u if u > 50 else math.log(1 + math.exp(u)) if u > -30 else math.exp(u)


def sample_loss(outputs, target, loss):
    """Loss of one sample: ``outputs`` pre-activations, ``target`` class number."""
    if loss == "bce":  # -log of the probability given to the right class
        return softplus(-outputs[0]) if target else softplus(outputs[0])
    if loss == "mse":
        return (logistic(outputs[0]) - target) ** 2
    return math.log(sum(math.exp(u - outputs[target]) for u in outputs))


def mean_loss(bits, x, y, loss, **architecture):
    """The cost of one configuration."""
    net = read_network(bits, len(x[0]), **architecture)
    losses = [sample_loss(network_outputs(net, s), int(t), loss) for s, t in zip(x.tolist(), y, strict=True)]
    return math.fsum(losses) / len(losses)


# --- files ---------------------------------------------------------------------------------------

MNIST_FILES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def idx_bytes(array):
    """The IDX format: two zeros, type 8 (unsigned byte), number of axes, big-endian lengths, data."""
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_mnist(folder, train=40, test=12, suffix="", spelling="-idx"):
    """A folder as MNIST comes, of random images; returns its arrays."""
    rng = np.random.default_rng(7)
    arrays = {}
    for part, count in (("train", train), ("test", test)):
        arrays[f"{part}_images"] = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays[f"{part}_labels"] = rng.permutation(np.arange(count) % 10).astype(np.uint8)
    for part, array in arrays.items():
        content = idx_bytes(array)
        path = folder / (MNIST_FILES[part].replace("-idx", spelling) + suffix)
        path.write_bytes(gzip.compress(content) if suffix == ".gz" else content)
    return arrays
