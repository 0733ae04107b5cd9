"""What the figure of 8x8 images shows, on networks of which it is known."""

import numpy as np
import pytest

from analysis import qnspsa
from walshqhn import load_task


def test_accuracies_of_the_cheapest_shots():
    """100 networks: the cheapest by far is the best classifier, half of the rest are wrong wherever it is right."""
    task = load_task("mnist-4x4", num_samples=300)
    found = task.cost_table()
    best, worst = (int(x) for x in (found.argmin(), found.argmax()))
    rows = np.array([[x >> j & 1 for j in range(task.num_bits)] for x in [worst] * 60 + [best] * 40], np.uint8)
    right = {x: float(task.accuracy(row[None])[0]) for x, row in ((worst, rows[0]), (best, rows[-1]))}
    assert right[best] > right[worst]
    everything, hundredth, twentieth, tenth = qnspsa.accuracies(task, rows)
    assert everything == pytest.approx(0.6 * right[worst] + 0.4 * right[best])
    assert [hundredth, twentieth, tenth] == pytest.approx([right[best]] * 3)


def test_a_training_remembers_which_steps_it_accepted(tmp_path):
    """A step that is blocked repeats the value before it, one that is accepted does not."""
    task = load_task("mnist-8x8", num_samples=50)
    settings = qnspsa.Settings(quick=True, studies=tmp_path)
    found = qnspsa.by_shots(task, 3, 20, 12, settings)
    moved = np.diff(found["history"]) != 0
    assert found["accepted"] == [False, *moved.tolist()]
    assert sum(found["accepted"]) > 0
    assert np.shape(found["accuracies"]) == (13, 4)
    assert sum(len(values) for values in found["final"].values()) == 80
