"""walshqhn tasks."""

from walshqhn.binn.catalog import list_tasks

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
    assert "--skip                  false,true" in out
    third = run.json("tasks", "gaussian", *SMALL, "--weight-values", "0,1;-1,1")
    assert third["bit_names"][-1] == "encoding"


def test_options_that_must_be_given(run, tmp_path):
    assert "--path                  (required)" in run("tasks", "custom")
    (tmp_path / "d.csv").write_text("x,y\n0.5,0\n1.5,1\n-1,0\n2,1\n")
    assert run.json("tasks", "custom", "--path", "d.csv")["bit_names"] == ["W1[0,0]", "b1[0]"]


def test_bad_input(run):
    assert "Did you mean 'gaussian'?" in run.complaint("tasks", "gausian")
    assert "name the task it belongs to" in run.complaint("tasks", "--skip", "true")
