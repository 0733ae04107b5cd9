"""What a notebook shows of public objects; equality, pickling, data frames and figures of them."""

import pickle
from html.parser import HTMLParser

import joblib
import numpy as np
import pandas as pd
import pytest

import walshqhn as wq
from walshqhn.study.baselines import random_search

TABLE = np.array([3.0, 1.0, 0.5, 2.0, -1.0, 4.0, 0.25, 7.0])  # no symmetry of its bits


def circuit():
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    made = QuantumCircuit(2)
    made.ry(Parameter("a"), 0)
    made.cx(0, 1)
    return made


def objects():
    """Every kind of public object, by a word for it."""
    hamiltonian = wq.WalshSpectrum.from_cost(TABLE).hamiltonian()
    task = wq.load_task("gaussian", num_samples=50, num_validation=0, num_test=20)
    quick = {"max_iterations": 3}
    plan = wq.Plan((wq.Variant.of(layers=1, **quick), wq.Variant.of(ansatz="product", layers=0, **quick)), runs=2)
    trained = wq.train(wq.ProductAnsatz(3), wq.ExactEngine(TABLE), runs=2, seed=1)
    return {
        "task": task, "data": task.data, "split": task.data.train, "network": task.network, "choice": wq.Choice((1, 2)),
        "table": wq.TableCost(TABLE), "function": wq.BlackBoxCost(np.sum, 4, name="sum"), "hamiltonian": hamiltonian,
        "minimum": hamiltonian.find_minimum(), "spectrum": wq.WalshSpectrum.from_cost(TABLE),
        "estimate": wq.estimate_spectrum(hamiltonian, 500, rng=1), "linear": wq.LinearAnsatz(3, 1),
        "product": wq.ProductAnsatz(3), "qaoa": wq.QAOAAnsatz(TABLE, 2), "circuit": wq.CircuitAnsatz(circuit()),
        "many angles": wq.MultiAngleQAOAAnsatz(hamiltonian, 1), "encoding": wq.PauliEncoding.multi_basis(5),
        "cvar": wq.CVaR(0.1), "gibbs": wq.Gibbs(2.0), "circuit spec": wq.CircuitSpec(layers=1),
        "engine spec": wq.EngineSpec(engine="aer", shots=100), "search spec": wq.SearchSpec(max_iterations=7),
        "variant": wq.Variant.of(layers=3), "plan": plan, "study": wq.run_study(TABLE, plan, workers=1),
        "training": trained, "run": trained.best_run, "baseline": random_search(wq.TableCost(TABLE), 10, 2),
        "phases": wq.synthesize_phase(hamiltonian),
        "evaluation": wq.ExactEngine(TABLE).prepare(wq.ProductAnsatz(3)).value_and_gradient(np.zeros(6)),
    }  # fmt: skip


def machines():
    """Objects that hold resources; equal is only the same one."""
    hamiltonian = wq.WalshSpectrum.from_cost(TABLE).hamiltonian()
    return {
        "exact": wq.ExactEngine(TABLE), "product engine": wq.ProductEngine(hamiltonian),
        "mps": wq.MPSEngine(hamiltonian), "aer": wq.AerEngine(TABLE, shots=10),
        "prepared": wq.ExactEngine(TABLE).prepare(wq.LinearAnsatz(3, 1)),
        "workspace": wq.Workspace.open("gaussian", {"num_samples": 50}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def shown():
    return objects() | machines()


class Balanced(HTMLParser):
    """Which tags are open."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_representations_are_short_and_name_the_type(shown):
    for value in shown.values():
        assert repr(value).startswith(f"{type(value).__name__}")
        assert len(repr(value)) < 300
        assert " at 0x" not in repr(value)


def test_notebooks_show_whole_tables(shown):
    for value in shown.values():
        page = Balanced()
        page.feed(value._repr_html_())
        assert page.open == []
        assert page.text.startswith(type(value).__name__)


def test_what_is_pickled_is_equal(shown, tmp_path):
    for value in objects().values():
        joblib.dump(value, tmp_path / "value")
        for again in (pickle.loads(pickle.dumps(value)), joblib.load(tmp_path / "value")):
            assert again == value
            assert hash(again) == hash(value)
            assert again is not value


def test_engines_and_workspaces_work_after_pickling(shown):
    angles = np.linspace(0, 2, 6)
    for name in ("exact", "product engine", "mps"):
        again = pickle.loads(pickle.dumps(shown[name]))
        expected = shown[name].expectation(wq.ProductAnsatz(3), angles)
        assert again.expectation(wq.ProductAnsatz(3), angles) == expected
    assert pickle.loads(pickle.dumps(shown["workspace"])).spectrum == shown["workspace"].spectrum


def test_different_content_is_not_equal():
    other = TABLE + np.eye(8)[5] * 1e-9
    assert wq.TableCost(TABLE) != wq.TableCost(other)
    assert wq.WalshSpectrum.from_cost(TABLE) != wq.WalshSpectrum.from_cost(other)
    assert wq.QAOAAnsatz(TABLE, 2) != wq.QAOAAnsatz(other, 2)
    assert wq.QAOAAnsatz(TABLE, 2) != wq.QAOAAnsatz(TABLE, 1)
    assert wq.load_task("gaussian", num_samples=50) != wq.load_task("gaussian", num_samples=50, seed=1)
    assert wq.load_task("gaussian", num_samples=50, num_test=9) != wq.load_task("gaussian", num_samples=50)
    assert wq.TableCost([0.0, 1.0], ["a"]) != wq.TableCost([0.0, 1.0])


def test_data_frames_hold_the_rows():
    spectrum = wq.WalshSpectrum.from_cost(TABLE)
    frame = spectrum.to_dataframe()
    assert np.array_equal(frame["weight"], spectrum.degree_weights())
    assert frame["share"][1:].sum() == pytest.approx(1)
    terms = spectrum.hamiltonian().to_dataframe()
    assert dict(zip(terms["term"], terms["coefficient"], strict=True))["b[0] · b[2]"] == spectrum.coefficients[5]
    assert terms["coefficient"].abs().is_monotonic_decreasing
    study = objects()["study"]
    rows = study.to_dataframe()
    assert list(rows.groupby("variant")["value"].min()) == [min(r.value for r in study.runs(v)) for v in (0, 1)]
    assert isinstance(rows, pd.DataFrame)
    assert len(rows) == 4


def test_figures_are_drawn_into_the_axes_given(shown):
    from matplotlib.figure import Figure

    drawn = [name for name, value in shown.items() if hasattr(value, "plot")]
    assert len(drawn) == 11
    for name in drawn:
        ax = Figure().add_subplot()
        assert shown[name].plot(ax) is ax
        assert ax.has_data() + len(ax.texts)


def test_names_are_no_markup():
    cost = wq.TableCost(TABLE, ["<b>", "&", "x"])
    page = wq.WalshSpectrum.from_cost(cost).hamiltonian().to_terms()
    named = wq.IsingHamiltonian.from_terms(page, names=cost.bit_names)
    assert "<b> " not in named._repr_html_()
    assert "&lt;b&gt;" in named._repr_html_()


def test_of_many_rows_the_first_are_shown():
    ring = wq.IsingHamiltonian.from_terms({(j, (j + 1) % 50): 1.0 + j for j in range(50)})
    assert ring._repr_html_().count("<tr>") == 4 + 1 + 10
    assert "to_dataframe() has all" in ring._repr_html_()
