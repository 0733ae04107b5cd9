"""walshqhn tasks."""

from walshqhn.binn.catalog import list_tasks, task_options
from walshqhn.binn.explanations import EXPLANATIONS

SMALL = ("--num-samples", "60", "--num-validation", "0", "--num-test", "40")


def test_the_list(run):
    out = run("tasks")
    assert [name for name in list_tasks() if name not in out] == []
    assert run.json("tasks") == list_tasks()


def test_one_task_shows_options_and_bits(run):
    facts = run.json("tasks", "gaussian-width", *SMALL)
    assert facts["options"]["hidden_width"] == [2, 3]
    assert facts["bit_names"][-2:] == ["activation", "hidden_width"]
    assert len(facts["bit_names"]) == 15
    out = run("tasks", "gaussian", "--skip", "false,true", *SMALL)
    assert "Wskip[1,0]" in out
    assert "--skip false,true Whether inputs also reach" in " ".join(out.split())
    third = run.json("tasks", "gaussian", *SMALL, "--weight-values", "0,1;-1,1")
    assert third["bit_names"][-1] == "encoding"


def test_options_that_must_be_given(run, tmp_path):
    assert "--path (required) The samples" in " ".join(run("tasks", "custom").split())
    (tmp_path / "d.csv").write_text("x,y\n0.5,0\n1.5,1\n-1,0\n2,1\n")
    assert run.json("tasks", "custom", "--path", "d.csv")["bit_names"] == ["x", "b1[0]"]


def test_every_option_of_every_task_is_explained(run):
    for name in list_tasks():
        assert set(EXPLANATIONS) >= set(task_options(name)), name
    facts = run.json("tasks", "glyphs-4x5")
    assert facts["help"].keys() == facts["options"].keys()
    assert "0 to 0.5" in facts["help"]["flip_probability"]


def test_seed_is_never_the_one_of_the_data(run):
    """--seed is for what a command draws itself; those that draw nothing have none."""
    one, two = (run.json("spectrum", "gaussian", *SMALL, "--data-seed", seed)["mean"] for seed in (0, 1))
    assert one != two
    for command in ("tasks", "plot", "report", "evaluate"):
        assert "Did you mean 'data-seed'?" in run.complaint(command, "gaussian", *SMALL, "--seed", 1)
    assert "--data-seed" in run("tasks", "gaussian")


def test_bad_input(run):
    assert "Did you mean 'gaussian'?" in run.complaint("tasks", "gausian")
    assert "name the task it belongs to" in run.complaint("tasks", "--skip", "true")
