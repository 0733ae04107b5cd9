"""Every command on small inputs: what it prints, what it writes."""

import csv
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from walshqhn import IsingHamiltonian
from walshqhn.binn.catalog import list_tasks
from walshqhn.formats import hdf5 as storage
from walshqhn.formats.export import read_sparse_pauli_op

SMALL = ("--num-samples", "60", "--num-validation", "0", "--num-test", "40")


def test_help_lists_every_command(run):
    out = run("--help")
    for command in ("demo", "tasks", "spectrum", "export", "train", "sample", "plot", "info", "--config"):
        assert command in out


@pytest.mark.parametrize("command", ["demo", "tasks", "spectrum", "export", "train", "sample", "plot", "info"])
def test_every_command_explains_itself(run, command):
    out = run(command, "--help")
    assert f"Usage: walshqhn {command}" in out
    assert "--json" in out


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from walshqhn.cli import main; main(['--help']);"
        "print(sorted({'numpy', 'numba', 'qiskit', 'h5py', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_tasks(run):
    out = run("tasks")
    for name in list_tasks():
        assert name in out
    assert run.json("tasks") == list_tasks()


def test_one_task_shows_options_and_bits(run):
    facts = run.json("tasks", "gaussian-width", *SMALL)
    assert facts["options"]["hidden_width"] == [2, 3]
    assert facts["bit_names"][-2:] == ["activation", "hidden_width"]
    assert len(facts["bit_names"]) == 15
    out = run("tasks", "gaussian", "--skip", "false,true", *SMALL)
    assert "Wskip[1,0]" in out
    assert "--skip                  false,true" in out
    assert "path" in run("tasks", "table")
    assert "(needed)" in run("tasks", "custom")


def test_spectrum_of_a_table(run, costs):
    facts = run.json("spectrum", "costs.npy")
    assert facts["minimum"] == {"index": 6, "cost": 1.25}
    assert facts["mean"] == pytest.approx(costs.mean())
    assert facts["variance"] == pytest.approx(costs.var())
    assert sum(facts["degree_weights"]) == pytest.approx(np.mean(costs**2))
    out = run("spectrum", "costs.npy")
    assert f"mean {costs.mean():.6g}, variance {costs.var():.6g}, minimum 1.25" in out


def test_spectrum_stores_what_it_found(run):
    facts = run.json(
        "spectrum", "gaussian", *SMALL, "--hidden", "2", "-o", "g.h5", "--plot", "g.png", "--max-degree", "2"
    )
    contents = storage.load("g.h5")
    assert contents.num_qubits == facts["num_bits"] == 9
    assert contents.hamiltonian.degrees.max() == 2
    assert contents.hamiltonian.discarded_weight == pytest.approx(facts["hamiltonian"]["discarded_weight"])
    assert contents.task["options"]["hidden"] == 2
    assert contents.provenance["config"]["max_degree"] == 2
    assert contents.provenance["input_sha256"] == contents.task["data"]["sha256"]
    assert Path("g.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    again = run.json("spectrum", "g.h5")
    assert again["degree_weights"] == facts["degree_weights"]


def test_task_options_with_minus_signs_and_choices(run):
    first = run.json("spectrum", "gaussian", *SMALL, "--hidden", "1", "--weight-values", "-3,1")
    second = run.json("spectrum", "gaussian", *SMALL, "--hidden", "1", "--weight-values=-3,1")
    assert first["mean"] == second["mean"]
    third = run.json("tasks", "gaussian", *SMALL, "--weight-values", "0,1;-1,1")
    assert third["bit_names"][-1] == "encoding"


@pytest.mark.parametrize("format", ["native", "sparse-pauli-op", "sympy", "csv"])
def test_export(run, costs, format):
    facts = run.json("export", "costs.npy", "--format", format, "-o", "out.h5", "--max-degree", "2")
    assert facts["terms"] == 6
    assert facts["rms_error"] > 0
    if format == "native":
        back = IsingHamiltonian.load("out.h5")
    elif format == "sparse-pauli-op":
        back = read_sparse_pauli_op("out.h5")
    else:
        text = Path("out.h5").read_text()
        if format == "csv":
            rows = list(csv.DictReader(text.splitlines()))
            assert float(rows[0]["coefficient"]) == costs.mean()
            assert {row["bits"] for row in rows} >= {"b[0]", "b[0] b[2]"}
        else:
            import sympy

            z = dict(zip(sympy.symbols("Z_0 Z_1 Z_2"), (1, -1, 1), strict=True))
            full = run.json("export", "costs.npy", "--format", "sympy", "-o", "full.txt")
            assert full["terms"] == 7
            assert float(sympy.sympify(Path("full.txt").read_text()).subs(z)) == pytest.approx(costs[2])
        return
    assert np.sqrt(np.mean((back.energies() - costs) ** 2)) == pytest.approx(facts["rms_error"])


def test_export_names_its_file_after_the_source(run, costs):
    run("export", "costs.npy", "--format", "csv")
    assert Path("costs.csv").read_text().splitlines()[0] == "degree,qubits,bits,coefficient"


def test_train_sample_plot_info(run, costs, tmp_path):
    facts = run.json("train", "costs.npy", "-o", "run.h5", "--runs", "2", "--layers", "1")
    assert facts["best_cost"] == facts["exact_minimum"] == 1.25
    assert facts["best_sample"] == "110"
    assert facts["status"] in ("converged", "stalled")
    sampled = run.json("sample", "run.h5", "--shots", "100", "--engine", "aer")
    assert sampled["networks"][0]["bits"] == "110"
    assert sampled["networks"][0]["excess"] == 0
    assert sum(n["count"] for n in sampled["networks"]) <= 100
    assert "110" in run("sample", "run.h5")
    figures = run.json("plot", "run.h5", "--figure-format", "svg", "-o", "figs")["figures"]
    names = ("spectrum", "coefficients", "histogram", "training", "circuit")
    assert figures == [f"figs/run-{k}.svg" for k in names]
    assert all((tmp_path / f).read_text().lstrip().startswith("<?xml") for f in figures)
    described = run.json("info", "run.h5")
    assert described["training"]["best_cost"] == 1.25
    assert "intact" in run("info", "run.h5")


def test_training_a_network_reports_accuracies(run):
    small = ("gaussian", *SMALL, "--hidden", "1")
    facts = run.json("train", *small, "--runs", "1", "--max-iterations", "20", "-o", "t.h5", "--data-seed", "4")
    assert set(facts["accuracy"]) == {"train", "test"}
    assert facts["status"] == "iteration limit"
    assert storage.load("t.h5").task["options"]["seed"] == 4
    assert "test accuracy" in " ".join(run("sample", "t.h5", "--top", "2").split())


@pytest.mark.parametrize("options", [("--ansatz", "product"), ("--ansatz", "qaoa", "--layers", "2")])
def test_other_circuits(run, costs, options):
    facts = run.json("train", "costs.npy", *options, "--runs", "2", "-o", "q.h5")
    assert facts["value"] < costs.mean()
    assert run.json("sample", "q.h5")["exact_minimum"] == 1.25


def test_train_on_shots(run, costs):
    facts = run.json("train", "costs.npy", "--engine", "aer", "--shots", "64", "--runs", "1", "--max-iterations", "26")
    assert facts["settings"]["optimizer"] == "COBYLA"
    assert facts["evaluations"] == 26
    assert facts["best_cost"] == 1.25


def test_train_on_a_device(run, costs):
    """What the circuit takes there is said; where its jobs are recorded, too, if that was asked for."""
    small = ("train", "costs.npy", "--layers", "1", "--runs", "1", "--optimizer", "SPSA", "--max-iterations", "1")
    device = ("--engine", "backend", "--backend", "generic", "--shots", "20")
    facts = run.json(*small, *device)
    assert facts["compiled"]["two_qubit_gates"] >= 2
    out = run(*small, *device, "--jobs", "j.txt")
    assert f"circuit         depth {facts['compiled']['depth']}, " in out
    assert "two-qubit gates on generic_backend" in out
    assert "jobs are recorded in j.txt" in run.err
    assert Path("j.txt").read_text().count("job_id") > 3
    assert run.json(*small)["compiled"] is None


def test_resume_equals_an_uninterrupted_training(run, costs):
    options = ("--layers", "1", "--max-iterations", "30")
    run("train", "costs.npy", *options, "--runs", "3", "-o", "whole.h5")
    run("train", "costs.npy", *options, "--runs", "1", "-o", "part.h5")
    run("train", "costs.npy", *options, "--runs", "3", "-o", "part.h5", "--resume")
    whole, part = storage.load("whole.h5").training, storage.load("part.h5").training
    assert len(part.runs) == 3
    for a, b in zip(whole.runs, part.runs, strict=True):
        np.testing.assert_array_equal(a.parameters, b.parameters)
        np.testing.assert_array_equal(a.best_bits, b.best_bits)
        np.testing.assert_array_equal(a.history, b.history)


def test_growing_layer_by_layer(run, costs, monkeypatch):
    """Interrupted on the way and resumed it ends where it would have ended; runs that did not grow are no part."""
    from walshqhn.training.optimizers.base import Problem

    grown = ("train", "costs.npy", "--layers", "2", "--grow", "--max-iterations", "8")
    run(*grown, "--runs", "2", "-o", "whole.h5")
    real = Problem.iteration

    began = []

    def iteration(self, *facts, **more):
        real(self, *facts, **more)
        if self.ansatz.description["layers"] == 1 and len(self.history) == 1:
            began.append(self)
            if len(began) == 2:  # the second run with 1 layer
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Problem, "iteration", iteration)
        run(*grown, "--runs", "2", "-o", "part.h5", code=130)
    assert storage.load("part.h5").training.ansatz["layers"] == 1
    run(*grown, "--runs", "2", "-o", "part.h5", "--resume")
    whole, part = storage.load("whole.h5").training, storage.load("part.h5").training
    assert whole.ansatz["layers"] == part.ansatz["layers"] == 2
    for a, b in zip(whole.runs, part.runs, strict=True):
        np.testing.assert_array_equal(a.parameters, b.parameters)
        np.testing.assert_array_equal(a.history, b.history)
    run(*grown, "--runs", "3", "-o", "part.h5", "--resume", code=2)
    assert "grown beyond 0 layers with 2 runs: it goes on with as many, got 3" in run.err
    run("train", "costs.npy", "--layers", "3", "-o", "part.h5", "--resume", code=2)
    assert "other settings" in run.err


def test_options_from_toml(run, costs, tmp_path):
    (tmp_path / "my.toml").write_text(
        '[train]\nruns = 2\nlayers = 0\n[spectrum]\noutput = "s.h5"\n[tasks]\nactivation = ["relu", "tanh"]\n'
    )
    assert run.json("tasks", "gaussian", *SMALL, "--config", "my.toml")["bit_names"][-1] == "activation"
    for order in (("--config", "my.toml", "train", "costs.npy"), ("train", "costs.npy", "--config=my.toml")):
        assert run.json(*order)["runs"] == 2
    assert run.json("train", "costs.npy", "--runs", "1", "--config", "my.toml")["runs"] == 1
    run("spectrum", "costs.npy", "--config", "my.toml")
    with h5py.File("s.h5") as file:
        assert file.attrs["format"] == "walshqhn"


def test_ctrl_c_keeps_what_was_found(run, tmp_path):
    """A real SIGINT to a real process, once it has begun to iterate."""
    rng = np.random.default_rng(5)
    np.save(tmp_path / "big.npy", rng.normal(size=1 << 12))
    code = (
        "import sys; from walshqhn.cli import main; from walshqhn.training.optimizers.base import Problem\n"
        "real = Problem.iteration\n"
        "def noisy(self, *facts, **more):\n    real(self, *facts, **more); print('iterating', flush=True)\n"
        "Problem.iteration = noisy\n"
        "sys.exit(main(['train', 'big.npy', '-o', 'cut.h5', '--runs', '100']))"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True) as process:
        for _ in range(20):
            assert process.stdout.readline() == "iterating\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in out
    assert "Traceback" not in err
    kept = storage.load("cut.h5").training
    assert kept.status == "interrupted"
    assert len(kept.history) >= 20
    assert kept.value == kept.best_run.history.min()


def test_a_truncated_hamiltonian_is_called_one(run, costs):
    """Its energies stand for the cost, but nothing pretends that they are the cost."""
    first = run.json("export", "costs.npy", "--format", "native", "-o", "h1.h5", "--max-degree", "1")
    facts = run.json("spectrum", "h1.h5", "-o", "s1.h5")
    assert "truncated Hamiltonian" in run.err
    assert facts["hamiltonian"]["rms_error"] == pytest.approx(first["rms_error"])
    assert storage.load("s1.h5").hamiltonian.max_degree == 1


def test_rounding_errors_are_no_terms(run):
    facts = run.json("spectrum", "mnist-4x4")
    assert facts["hamiltonian"]["terms"] == 206
    assert facts["hamiltonian"]["rms_error"] < 1e-14
    assert "0 (rounding)" in run("spectrum", "mnist-4x4")


def test_interrupting_a_resumed_training_keeps_the_better_result(run, costs, monkeypatch):
    from walshqhn.training.optimizers.base import Problem

    options = ("train", "costs.npy", "-o", "r.h5", "--runs", "1", "--layers", "2")

    def interrupt_after(count):
        real = Problem._record

        def record(self, *facts):
            estimate = real(self, *facts)
            if self.evaluations == count:
                raise KeyboardInterrupt
            return estimate

        monkeypatch.setattr(Problem, "_record", record)

    with monkeypatch.context() as patch:
        interrupt_after(12)
        run(*options, code=130)
        patch.undo()
    before = storage.load("r.h5").training.value
    interrupt_after(2)
    run(*options, "--resume", code=130)
    assert storage.load("r.h5").training.value == before
    monkeypatch.undo()


def test_a_closed_pipe_is_no_error(run, costs):
    script = f"{sys.executable} -c 'import sys; from walshqhn.cli import main; sys.exit(main([\"tasks\"]))' | head -n 1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("gaussian")
    assert done.stderr == ""
