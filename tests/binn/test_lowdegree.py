"""Coefficients of low degree against enumeration: all costs, and a plain Walsh-Hadamard transform of them."""

import numpy as np
import pytest
from oracles import butterfly_wht

from walshqhn import IsingHamiltonian, load_task
from walshqhn.binn.datasets import Dataset, Split
from walshqhn.binn.expansion import expand_loss
from walshqhn.binn.lowdegree import low_degree_hamiltonian
from walshqhn.binn.network import BinaryNetwork
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import mask_support, masks_from_supports
from walshqhn.support.errors import InputError, TooLargeError, UsageError

FEW = {"num_samples": 60, "num_validation": 0, "num_test": 0}
CASES = {
    "logistic": ("mnist-4x4", {"num_samples": 60, "size": 3}),
    "asymmetric values": ("mnist-4x4", {"num_samples": 60, "size": 3, "weight_values": (-3, 1)}),
    "zeros and ones, mse": ("mnist-4x4", {"num_samples": 60, "size": 3, "weight_values": (0, 1), "loss": "mse"}),
    "encoding": ("mnist-4x4-encoding", {"num_samples": 60, "size": 3}),
    "output activation": ("mnist-8x8", {"num_samples": 60, "size": 3, "weight_values": (-2, 1)}),
    "hidden layer": ("gaussian-width", FEW),
    "hidden layer, bce": ("gaussian", FEW | {"loss": "bce", "hidden": (2,), "weight_values": (0, 1)}),
    "skip": ("gaussian", FEW | {"hidden": (2,), "skip": (True, False), "weight_values": (-3, 1), "activation": "sign"}),
    "long reach": ("mnist-4x4", {"num_samples": 60, "size": 3, "weight_values": (-25, 14)}),
}


def enumerated(task):
    return butterfly_wht(task.cost_table()) / 2**task.num_bits


def by_mask(hamiltonian):
    found = np.zeros(2**hamiltonian.num_qubits)
    found[hamiltonian.masks[:, 0]] = hamiltonian.coefficients
    found[0] = hamiltonian.constant
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_coefficient_up_to_degree_3_is_that_of_enumeration(case):
    name, options = CASES[case]
    task = load_task(name, **options)
    f = enumerated(task)
    degree = np.bitwise_count(np.arange(f.size))
    found = low_degree_hamiltonian(task, max_degree=3, samples=f.size)
    scale = np.sqrt(np.square(f).sum())
    np.testing.assert_allclose(by_mask(found), np.where(degree <= 3, f, 0.0), atol=2e-12 * scale)
    assert found.max_degree == 3
    assert found.coefficient_error < 1e-10 * scale
    assert found.discarded_weight == pytest.approx(np.square(f[degree > 3]).sum(), rel=1e-6, abs=1e-20)
    assert found.discarded_error == 0  # all configurations were visited
    low = low_degree_hamiltonian(task, max_degree=1, samples=f.size)
    np.testing.assert_allclose(by_mask(low), np.where(degree <= 1, f, 0.0), atol=2e-12 * scale)
    chosen = np.random.default_rng(5).choice(np.arange(1, f.size), 12, replace=False).astype(np.uint64)
    picked = low_degree_hamiltonian(task, masks=chosen[:, None], samples=2)
    expected = np.zeros(f.size)
    expected[chosen], expected[0] = f[chosen], f[0]
    np.testing.assert_allclose(by_mask(picked), expected, atol=2e-12 * scale)


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_cosines_that_vanish_together_lose_no_accuracy(loss):
    """Twelve weights of +-2 on ones: at the seventh frequency all cosines are 6e-17, their product 1e-195."""
    x = np.random.default_rng(2).integers(0, 2, (6, 11)).astype(float)
    x[0] = 1.0
    assert np.abs(np.cos(2.0 * expand_loss(loss, 24.0).frequencies)).min() < 1e-15
    data = Dataset(Split(x, np.array([0, 1, 1, 0, 1, 0])), None, None, "made up", 2)
    task = NetworkTask("made up", {}, BinaryNetwork(11, weight_values=(-2.0, 2.0)), data, loss)
    f = enumerated(task)
    degree = np.bitwise_count(np.arange(f.size))
    found = by_mask(low_degree_hamiltonian(task, max_degree=3, samples=2))
    np.testing.assert_allclose(found, np.where(degree <= 3, f, 0.0), atol=1e-13 * np.abs(f).max())


def test_means_that_vanish_exactly():
    """Neurons without input, their outputs +-1: the mean of exp(i w s) is cos w, or 0 at w = pi / 2."""
    data = Dataset(Split(np.zeros((3, 1)), np.array([0, 1, 1])), None, None, "made up", 2)
    network = BinaryNetwork(1, (3,), activation="sign", weight_values=(-1.0, 1.0))
    task = NetworkTask("made up", {}, network, data, "mse")
    f = enumerated(task)
    degree = np.bitwise_count(np.arange(f.size))
    found = by_mask(low_degree_hamiltonian(task, max_degree=3, samples=2))
    np.testing.assert_allclose(found, np.where(degree <= 3, f, 0.0), atol=1e-13)


def test_full_size_images():
    """785 bits: mean, largest coefficient and what is left out, against other random configurations."""
    task = load_task("mnist-28x28", num_samples=12)
    found = low_degree_hamiltonian(task, samples=500)
    assert (found.num_qubits, found.max_degree) == (785, 2)
    acting = int(task.data.train.x.any(axis=0).sum()) + 1
    assert len(found) <= acting * (acting + 1) // 2
    bits = np.random.default_rng(11).integers(0, 2, (2000, 785), dtype=np.uint8)
    difference = task.costs(bits) - found.costs(bits)
    spread = difference.std() / np.sqrt(len(bits))
    assert np.square(difference).mean() == pytest.approx(found.discarded_weight, abs=6 * found.discarded_error)
    largest = np.argsort(-np.abs(found.coefficients))[:9]
    for mask in ([], mask_support(found.masks[largest[0]])):
        assert (
            abs((difference * (-1.0) ** bits[:, list(mask)].sum(axis=1)).mean()) < 4 * spread
        )  # nothing of it is left
    picked = low_degree_hamiltonian(task, masks=found.masks[largest], samples=2)
    np.testing.assert_allclose(sorted(picked.coefficients), sorted(found.coefficients[largest]), rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist-4x4", "mnist-4x4-encoding", "gaussian-h4"])
def test_whole_tasks_up_to_19_bits(name):
    task = load_task(name)
    f = enumerated(task)
    degree = np.bitwise_count(np.arange(f.size))
    found = low_degree_hamiltonian(task, max_degree=3, samples=500)
    np.testing.assert_allclose(by_mask(found), np.where(degree <= 3, f, 0.0), atol=1e-12)
    assert np.square(f[degree > 3]).sum() == pytest.approx(found.discarded_weight, abs=6 * found.discarded_error)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "images", "share"), [(4, None, 0.99983), (8, None, 0.9953), (28, 2128, 0.986)]
)  # of a prototype, in which what is left out was sampled
def test_share_of_degrees_1_and_2_on_mnist(size, images, share):
    """At 8x8, 80,000 random networks say 0.99474 +- 0.00012; from some thousand, as here, the error is 0.0005."""
    found = low_degree_hamiltonian(load_task("mnist-4x4", size=size, num_samples=images), samples=4000)
    known = found.degree_weights()[1:].sum()
    variance = known + found.discarded_weight
    assert known / variance == pytest.approx(share, abs=5 * found.discarded_error / variance + 5e-5)


def test_threads_change_no_bit_and_progress_ends_at_1():
    task, seen = load_task("mnist-8x8", num_samples=40), []
    one = low_degree_hamiltonian(task, samples=2, threads=1, progress=seen.append)
    two = low_degree_hamiltonian(task, samples=2, threads=2)
    assert np.array_equal(one.coefficients, two.coefficients)
    assert one.discarded_weight == two.discarded_weight
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_a_file_keeps_what_is_known_of_the_errors(tmp_path):
    found = low_degree_hamiltonian(load_task("mnist-8x8", num_samples=30), samples=50)
    found.save(tmp_path / "m.h5")
    again = IsingHamiltonian.load(tmp_path / "m.h5")
    assert found.discarded_error > 0
    assert found.coefficient_error > 0
    for name in ("discarded_weight", "discarded_error", "coefficient_error", "max_degree", "names", "constant"):
        assert getattr(again, name) == getattr(found, name)


def test_bad_input():
    task = load_task("mnist-28x28", num_samples=4)
    with pytest.raises(UsageError, match=r"max_degree must be a whole number in 0 \.\.\. 3, got 4"):
        low_degree_hamiltonian(task, 4)
    with pytest.raises(InputError, match=r"masks must be whole numbers of shape \(M, 13\), got int64 \(1, 1\)"):
        low_degree_hamiltonian(task, masks=[[3]])
    with pytest.raises(InputError, match="distinct and name bits below 785"):
        low_degree_hamiltonian(task, masks=masks_from_supports([(1, 2), (2, 1)], 785))
    data = Dataset(Split(np.ones((1, 10_000)), np.array([1])), None, None, "made up", 2)
    wide = NetworkTask("wide", {}, BinaryNetwork(10_000), data, "bce")
    with pytest.raises(TooLargeError, match="degree 3 on 10001 bits has up to 166,716,680,002 terms"):
        low_degree_hamiltonian(wide, 3)
    with pytest.raises(UsageError, match=r"outputs up to .* Scale inputs or weights down"):
        low_degree_hamiltonian(load_task("mnist-4x4", num_samples=9, weight_values=(-1e6, 1e6)))
    with pytest.raises(UsageError, match="need a network on data, got list: use WalshSpectrum"):
        low_degree_hamiltonian([1.0, 2.0])
    with pytest.raises(UsageError, match="is not a sum over groups of bits"):
        low_degree_hamiltonian(load_task("gaussian", num_samples=9, hidden=(2, 2)))
