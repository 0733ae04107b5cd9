"""The loss as a short sum of exponentials, against the loss itself, and additive parts against the forward pass."""

import math

import numpy as np
import pytest

from walshqhn import load_task
from walshqhn.binn.expansion import MOST_TERMS, expand_loss, wrong_side_loss
from walshqhn.bits import bits_to_index
from walshqhn.support.errors import UsageError


def naive_loss(loss, v):
    if loss == "bce":
        return max(v, 0.0) + math.log1p(math.exp(-abs(v)))
    return (1.0 / (1.0 + math.exp(-v))) ** 2


@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize(("reach", "tolerance"), [(1e-3, 1e-12), (3.0, 1e-12), (30.0, 1e-12), (60.0, 1e-9)])
def test_the_sum_is_the_loss_within_its_own_bound(loss, reach, tolerance):
    expansion = expand_loss(loss, reach, tolerance)
    v = np.append(np.random.default_rng(3).uniform(-reach, reach, 3000), [reach, -reach])
    exact = np.array([naive_loss(loss, x) for x in v])
    terms = [c * np.exp(1j * k * expansion.step * v) for k, c in enumerate(expansion.coefficients)]
    total = expansion.slope * v + np.sum(terms, axis=0).real
    assert np.abs(total - exact).max() <= expansion.error <= tolerance * exact.max() * 1.0001
    np.testing.assert_allclose(expansion(v), total, atol=1e-12 * exact.max())
    np.testing.assert_allclose(wrong_side_loss(loss, v), exact, rtol=1e-12)
    assert len(expansion.coefficients) <= 20 + 3 * reach  # short: frequencies up to about 9


def test_an_accuracy_out_of_reach_is_one_clear_error():
    with pytest.raises(UsageError, match=rf"outputs up to 1e\+08 .* terms are needed, at most {MOST_TERMS:,} are"):
        expand_loss("bce", 1e8)
    with pytest.raises(UsageError, match=r"the error stays at .* Scale inputs or weights down"):
        expand_loss("mse", 60.0, 1e-14)
    with pytest.raises(UsageError, match="Unknown loss 'softmax' with an expansion"):
        expand_loss("softmax", 1.0)


OPTIONS = {
    "logistic": ("mnist-4x4", {"num_samples": 40, "weight_values": ((-3, 1), (0, 1))}),
    "hidden": ("gaussian", {"num_samples": 40, "hidden": (2,), "loss": "mse", "skip": (False, True)}),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_parts_add_up_to_the_loss_of_every_sample(case):
    name, options = OPTIONS[case]
    task = load_task(name, **options)
    rows = np.random.default_rng(4).integers(0, 2, (6, task.num_bits), dtype=np.uint8)
    parts = {tuple(part.architecture.items()): part for part in task.additive_parts()}
    positions = task.network.choice_positions
    for row, expected in zip(rows, task.costs(rows), strict=True):
        part = parts[tuple((p, int(row[p])) for p in positions)]
        groups = zip(part.bits, part.contributions, strict=True)
        v = sum(s[int(bits_to_index(row[list(bits)]))] for bits, s in groups)
        assert (np.abs(v) <= part.reach * (1 + 1e-12)).all()
        assert wrong_side_loss(task.loss, v).mean() == pytest.approx(expected, rel=1e-12)
    assert all(s.any() for part in parts.values() for s in part.contributions)  # blank pixels are left out


@pytest.mark.parametrize("options", [{"hidden": (2, 2)}, {"loss": "softmax"}])
def test_other_networks_have_no_parts(options):
    with pytest.raises(UsageError, match=r"is not a sum over groups of bits.*table.*samples"):
        load_task("gaussian", num_samples=10, num_test=0, **options).additive_parts()
