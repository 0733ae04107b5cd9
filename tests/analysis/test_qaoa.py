"""The QAOA script: sizes, comparisons and truncations against independent counts."""

import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from quantum_oracles import fourier_coefficients, random_table
from scipy.stats import fisher_exact

from analysis import qaoa
from walshqhn import Plan, QAOAAnsatz, TableCost, Variant, WalshSpectrum, run_study
from walshqhn.circuits.spec import CircuitSpec
from walshqhn.training.spec import SearchSpec


@pytest.fixture(scope="module")
def cost():
    return random_table(5)


def test_members_are_equal_in_angles_where_they_should_be(cost):
    """N layers of QAOA have the angles of the product state, 2 N those of one linear layer."""
    found = qaoa.members(cost)
    angles = {Variant(m.circuit).label: m.angles for m in found}
    assert angles["product"] == angles["qaoa, 5 layers"] == angles["qaoa, 5 layers, degree 2"] == 10
    assert angles["linear, 1 layer"] == angles["qaoa, 10 layers"] == 20
    for member in found:
        assert member.angles == member.circuit.make(TableCost(cost)).num_parameters


def test_gates_are_those_of_the_compiled_circuits(cost):
    """Against Qiskit's count, in a circuit with symbols."""
    for member in qaoa.members(cost):
        if member.circuit.layers > 2:
            continue
        ansatz = member.circuit.make(TableCost(cost))
        circuit = ansatz.circuit()
        saved = circuit.num_nonlocal_gates() - member.two_qubit_gates
        assert saved == 0 or (saved > 0 and isinstance(ansatz, QAOAAnsatz))  # numbers for angles may take fewer
    dense = next(m for m in qaoa.members(cost) if m.family == qaoa.EXACT and m.circuit.layers == 4)
    assert dense.two_qubit_gates == 4 * (2**5 - 2)


def test_the_linear_circuit_of_equal_gates_is_the_largest_that_fits(cost):
    found = qaoa.members(cost)
    one = next(m for m in found if m.family == qaoa.TRUNCATED and m.circuit.layers == 1).two_qubit_gates
    assert one // 4 in [m.circuit.layers for m in found if m.family == qaoa.LINEAR]  # 4 CX a layer


@pytest.mark.parametrize("degree", [1, 2, 3, None])
def test_a_truncation_by_hand(cost, degree):
    coefficients = fourier_coefficients(cost)
    kept = [s for s in range(32) if degree is None or s.bit_count() <= degree]
    energies = [sum(coefficients[s] * (-1) ** (x & s).bit_count() for s in kept) for x in range(32)]
    found = qaoa.compile_one("random", cost, degree)
    assert found.terms == len(kept) - 1
    assert found.rms_error == pytest.approx(np.std(cost - energies) / np.std(cost), abs=1e-9)
    assert found.argmin_excess == pytest.approx((cost[np.argmin(energies)] - cost.min()) / np.std(cost))
    assert found.two_qubit_gates == min(c.two_qubit_gates for c in found.counts)
    assert (found.two_qubit_gates == 0) == (degree == 1)


def test_many_terms_are_counted_without_a_circuit(cost, monkeypatch):
    hamiltonian = WalshSpectrum.from_cost(cost).hamiltonian()
    ladders = next(c for c in qaoa.counts_of(hamiltonian) if c.method == "ladders")
    monkeypatch.setattr(qaoa, "LARGEST_NETWORK", 10)
    (only,) = qaoa.counts_of(hamiltonian)
    assert (only.method, only.two_qubit_gates) == ("ladders", ladders.two_qubit_gates)


def row(family, variant, angles, gates, successes, *, layers=1, runs=20):
    return {"family": family, "variant": variant, "angles": angles, "two_qubit_gates": gates, "successes": successes,
            "runs": runs, "success_probability": successes / runs, "layers": layers, "interval": [0, 1],
            "measures_minimum": 0.5}  # fmt: skip


def test_comparisons_are_of_equals():
    rows = [
        row(qaoa.LINEAR, "product", 10, 0, 15),
        row(qaoa.LINEAR, "linear, 1 layer", 20, 4, 12),
        row(qaoa.LINEAR, "linear, 3 layers", 60, 12, 20),
        row(qaoa.EXACT, "qaoa, 1 layer", 2, 300, 0),
        row(qaoa.EXACT, "qaoa, 5 layers", 10, 1500, 2, layers=5),
        row(qaoa.TRUNCATED, "qaoa, 1 layer, degree 2", 2, 13, 1),
    ]
    found = qaoa.comparisons(rows)
    assert [(c["qaoa"], c["linear"], c["equal"]) for c in found] == [
        ("qaoa, 5 layers", "product", "angles"),
        ("qaoa, 1 layer, degree 2", "linear, 3 layers", "two-qubit gates"),
    ]
    assert found[0]["p_value"] == pytest.approx(fisher_exact([[2, 18], [15, 5]]).pvalue)
    assert found[0]["success_probability"] == [0.1, 0.75]
    assert qaoa._verdict(found) == ("Significantly better (Fisher, 5 % in all): linear in 2 of 2 comparisons.")
    said = qaoa._groups(found, rows)
    assert said.startswith("10 angles: 0.75 (0.00 to 1.00) (product) against 0.10 (0.00 to 1.00) (qaoa, 5 layers); ")
    assert "12 CX against 13: 1.00 (0.00 to 1.00) (linear, 3 layers) against 0.05" in said
    alike = [c | {"p_value": 0.2} for c in found]
    assert qaoa._verdict(alike).startswith("None of these 2 differences")


def test_rows_of_a_study(cost):
    """Chance of a minimum from the state vector; success counted by hand."""
    circuits = (CircuitSpec("product"), CircuitSpec("qaoa", 2))
    found = [qaoa.Member("a", c, n, g) for c, n, g in ((circuits[0], 10, 0), (circuits[1], 4, 60))]
    search = SearchSpec(max_iterations=30)
    study = run_study(cost, Plan([Variant(c, search=search) for c in circuits], runs=3), workers=1)
    for v, got in enumerate(qaoa.rows_of(study, cost, found)):
        energies = np.array([run.energy for run in study.runs(v)])
        assert got["successes"] == (energies - cost.min() <= 0.01 * cost.std()).sum()
        chances = []
        for run in study.runs(v):
            state = circuits[v].make(TableCost(cost)).circuit(run.parameters)
            chances.append(Statevector(state).probabilities()[cost.argmin()])
        assert got["measures_minimum"] == pytest.approx(np.mean(chances), abs=1e-9)
        assert got["measures_minimum_error"] == pytest.approx(np.std(chances, ddof=1) / np.sqrt(3), abs=1e-9)
