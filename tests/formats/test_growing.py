"""Files that grow equal what is in memory, and files written at once, at any moment."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from storage_cases import COST, a_run, a_study, a_training, parts

from walshqhn.formats import growing
from walshqhn.formats.growing import ResultFile
from walshqhn.formats.hdf5 import Contents, load, save

CONTENTS = Contents(cost=COST, bit_names=["a", "b", "c"], provenance={"seed": 1})


def growing_training(count):
    """A training after 1, 2, ... ``count`` runs, which end in another order than that of their numbers."""
    whole = dataclasses.replace(a_training(lengths=(3,) * count), planned_runs=count)
    order = np.random.default_rng(1).permutation(count)
    for n in range(1, count + 1):
        runs = sorted((whole.runs[k] for k in order[:n]), key=lambda run: run.index)
        yield dataclasses.replace(whole, runs=tuple(runs), accuracies={"test": n / count})


def growing_study():
    """A study after each of its five trainings, variant by variant in turns."""
    whole, counts = a_study(), [0, 0]
    for v in (1, 0, 0, 1, 0):
        counts[v] += 1
        trainings = {u: dataclasses.replace(whole.trainings[u], runs=whole.trainings[u].runs[:n])
                     for u, n in enumerate(counts) if n}  # fmt: skip
        yield dataclasses.replace(whole, trainings=trainings)


@pytest.mark.parametrize("results", [growing_training(6), growing_study()], ids=["training", "study"])
def test_a_file_equals_its_twin_in_memory_and_one_written_at_once(tmp_path, results):
    file = ResultFile(tmp_path / "grown.h5", CONTENTS)
    for result in results:
        part = "study" if hasattr(result, "plan") else "training"
        file.store(result)
        twin = dataclasses.replace(CONTENTS, **{part: result})
        save(tmp_path / "once.h5", twin, overwrite=True)
        assert parts(load(tmp_path / "grown.h5")) == parts(load(tmp_path / "once.h5")) == parts(twin)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["grown.h5", "once.h5"]


def test_ctrl_c_while_a_file_is_built_is_not_lost(tmp_path, monkeypatch):
    write, (first, second) = growing.write_training, list(growing_training(2))
    file = ResultFile(tmp_path / "f.h5", CONTENTS)
    file.store(first)

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(growing, "write_training", interrupted)
        with pytest.raises(KeyboardInterrupt):
            file.store(second)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert parts(load(tmp_path / "f.h5")) == parts(dataclasses.replace(CONTENTS, training=first))
    file.store(second)
    assert parts(load(tmp_path / "f.h5")) == parts(dataclasses.replace(CONTENTS, training=second))


def test_only_what_is_new_is_written(tmp_path, monkeypatch):
    whole, added = [], []
    write_all, write_more = growing.write_contents, growing.write_training

    def write_contents(file, contents):
        whole.append(1)
        write_all(file, contents)

    def write_training(group, training, runs):
        added.append(len(runs))
        write_more(group, training, runs)

    monkeypatch.setattr(growing, "write_contents", write_contents)
    monkeypatch.setattr(growing, "write_training", write_training)
    file = ResultFile(tmp_path / "t.h5", CONTENTS)
    for result in growing_training(6):
        file.store(result)
    file.store(result)
    assert (len(whole), added) == (1, [1] * 5)


def test_a_file_of_many_runs_is_not_much_larger_than_one_written_at_once(tmp_path):
    file = ResultFile(tmp_path / "grown.h5", CONTENTS)
    for result in growing_training(60):
        file.store(result)
    save(tmp_path / "once.h5", dataclasses.replace(CONTENTS, training=result))
    assert (tmp_path / "grown.h5").stat().st_size < 2 * (tmp_path / "once.h5").stat().st_size


def test_runs_that_changed_are_replaced(tmp_path):
    """A run that was interrupted, and finished later."""
    before = a_training()
    again = a_run(2, np.random.default_rng(9), length=2)
    after = dataclasses.replace(before, runs=(*before.runs[:2], again))
    file = ResultFile(tmp_path / "t.h5", CONTENTS)
    file.store(before)
    file.store(after)
    assert parts(load(tmp_path / "t.h5")) == parts(dataclasses.replace(CONTENTS, training=after))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_failure_leaves_the_old_file_and_the_next_attempt_catches_up(tmp_path, monkeypatch):
    first, second, third = growing_training(3)
    file = ResultFile(tmp_path / "t.h5", CONTENTS)
    file.store(first)
    with monkeypatch.context() as patch:
        patch.setattr(growing, "write_atomically", lambda path, write, **options: write(Path("/dev/full")))
        with pytest.raises(OSError, match="No space left") as held:
            file.store(second)
    assert parts(load(tmp_path / "t.h5")) == parts(dataclasses.replace(CONTENTS, training=first))
    file.store(third)
    assert held.value.errno == 28  # an error that somebody keeps does not keep the file from growing
    assert parts(load(tmp_path / "t.h5")) == parts(dataclasses.replace(CONTENTS, training=third))


def test_an_interruption_while_storing_is_made_good_by_the_next_time(tmp_path, monkeypatch):
    first, second, third = growing_training(3)
    file = ResultFile(tmp_path / "t.h5", CONTENTS)
    file.store(first)
    with monkeypatch.context() as patch:
        patch.setattr(growing, "write_training", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            file.store(second)
    assert parts(load(tmp_path / "t.h5")) == parts(dataclasses.replace(CONTENTS, training=first))
    file.store(third)
    assert parts(load(tmp_path / "t.h5")) == parts(dataclasses.replace(CONTENTS, training=third))


def _interrupted(*arguments):
    raise KeyboardInterrupt


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_at_any_moment_the_file_is_whole(tmp_path):
    """And is one of the stages that a growing study goes through."""
    code = (
        "import sys; from storage_cases import *; from test_growing import *; from pathlib import Path\n"
        "stages = list(growing_study())\n"
        "ResultFile(Path(sys.argv[1]), CONTENTS).store(stages[0]); print('ready', flush=True)\n"
        "while True:\n"
        "    file = ResultFile(Path(sys.argv[1]), CONTENTS)\n"
        "    for study in stages: file.store(study)\n"
    )
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(here), str(here.parent), *sys.path])}
    stages = [parts(dataclasses.replace(CONTENTS, study=study)) for study in growing_study()]
    path, rng = tmp_path / "s.h5", np.random.default_rng(3)
    for _ in range(4):
        command = [sys.executable, "-c", code, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0.05, 0.4))
            process.send_signal(signal.SIGKILL)
        assert parts(load(path)) in stages
