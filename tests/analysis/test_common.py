"""What the scripts share."""

import numpy as np
import pytest

from analysis import common
from analysis.common import Settings, _Spent
from walshqhn import Plan, Study, Variant, load_task
from walshqhn.binn.catalog import load_task_from_spec
from walshqhn.workspace import Workspace


def test_time_adds_up_over_sittings(tmp_path):
    spent = _Spent(tmp_path / "studies" / "script-seconds.json")
    assert spent.add(12.5) == pytest.approx(12.5)
    assert _Spent(spent.path).add(2.0) == pytest.approx(14.5)
    spent.path.unlink()  # with its studies
    assert spent.add(1.0) == pytest.approx(1.0)


def test_a_study_is_kept_and_goes_on(tmp_path, monkeypatch):
    """Cut short after three trainings and begun again, it is that of one go; its file holds all that it takes."""
    monkeypatch.setattr(common, "say", lambda text: None)
    task = load_task("gaussian", hidden=(1,), num_samples=20)
    variants = (Variant.of(ansatz="product", max_iterations=3), Variant.of(layers=1, max_iterations=3))
    plan = Plan(variants, runs=3, seed=4)
    whole = common.study(Settings(workers=1, studies=tmp_path / "a"), "name", task, plan)
    assert whole.is_complete
    settings, run_study = Settings(workers=1, studies=tmp_path / "b"), common.run_study

    def cut(cost, plan, *, on_run, **more):
        def stop_at_three(so_far):
            on_run(so_far)
            if so_far.done == 3:
                raise KeyboardInterrupt

        return run_study(cost, plan, on_run=stop_at_three, **more)

    monkeypatch.setattr(common, "run_study", cut)
    with pytest.raises(KeyboardInterrupt):
        common.study(settings, "name", task, plan)
    assert Study.load(tmp_path / "b" / "name.h5").done == 3
    taken_over = []

    def watched(cost, plan, *, resume, **more):
        taken_over.append(resume.done)
        return run_study(cost, plan, resume=resume, **more)

    monkeypatch.setattr(common, "run_study", watched)
    again = common.study(settings, "name", task, plan)
    assert taken_over == [3]
    kept = Workspace.open(tmp_path / "b" / "name.h5")
    assert load_task_from_spec(kept.spec).digest == task.digest
    np.testing.assert_array_equal(kept.table, task.cost_table())
    for found in (again, kept.contents.study):
        assert (found.plan, found.cost_digest) == (plan, whole.cost_digest)
        for v in range(2):
            for one, other in zip(found.runs(v), whole.runs(v), strict=True):
                np.testing.assert_array_equal(one.history, other.history)
                np.testing.assert_array_equal(one.parameters, other.parameters)
