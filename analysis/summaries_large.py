"""As `summaries`, for networks of more bits than can be enumerated."""

from __future__ import annotations

from statistics import median

from .verdict import NEW, PARTLY, REPRODUCED, Numbers, Summary


def sizes(numbers: Numbers) -> Summary:
    """New: the paper's tasks can all be enumerated."""
    largest = {label: list(found.items())[-1] for label, found in numbers.items()}

    def rest(s: Numbers) -> str:
        error = f" ± {100 * s['error']:.1g}" if s["error"] else ""
        return f"{100 * s['share'][2]:.2g}{error} %"

    parts = [f"{rest(s)} at {size}x{size} ({label})" for label, (size, s) in largest.items()]
    headline = f"Nearly 2-local at full size, too: degrees above 2 hold {', '.join(parts)} of the variance."
    rows = [
        (f"{label}, {size}x{size}", str(s["num_bits"]), f"{s['terms']:,}", f"{100 * s['share'][0]:.3g} %",
         f"{100 * s['share'][1]:.3g} %", rest(s))
        for label, found in numbers.items() for size, s in found.items()
    ]  # fmt: skip
    heading = ("weights, pixels", "N", "terms of degree 1, 2", "degree 1", "degree 2", "all higher")
    return Summary(NEW, headline, (heading, *rows))


def large(numbers: Numbers) -> Summary:
    rows = [
        (size, str(at["num_bits"]), layers, f"{min(one['energies']):.4g}", f"{at['descent']:.4g}",
         f"{at['annealing']:.4g}", f"{one['cost']:.4g}", f"{one['accuracy']:.2%}")
        for size, at in numbers.items() for layers, one in at["depths"].items()
    ]  # fmt: skip
    headline = "{1} qubits ({0}), {2} layers: {7} of the test images are recognized.".format(*rows[-1])
    return Summary(NEW, headline, (("pixels", "N", "layers", "E", "descent", "annealing", "cost", "accuracy"), *rows))


def qnspsa(numbers: Numbers) -> Summary:
    """Reproduced if in the end not only the cheapest shots but all of them classify well, 90 % of the test images."""
    one, methods = numbers["trainings"][numbers["drawn"]], numbers["methods"]
    (first, *_), (last, cheapest, *_) = one["accuracies"][0], one["accuracies"][-1]
    costs = {name: min(at["cost"]) for name, at in methods.items()}
    winner = min(costs, key=lambda name: costs[name])
    shots, exact = (costs[name] for name in list(methods)[:2])
    headline = (
        f"All networks that are measured recognize {100 * first:.1f} % of the test images at the start and "
        f"{100 * last:.1f} % in the end, the cheapest hundredth {100 * cheapest:.1f} %. The least training cost is "
        f"found by {winner}, {costs[winner]:.4f}; by QN-SPSA {shots:.4f}, by exact gradients {exact:.4f}."
    )
    rows = [
        (name, f"{min(at['cost']):.4f}", f"{median(at['cost']):.4f}",
         f"{100 * at['accuracy'][at['cost'].index(min(at['cost']))]:.2f} %",
         f"{median(at['energy']):.3f}" if "energy" in at else "-",
         f"{100 * median(at['mean_accuracy']):.1f} %" if "energy" in at else "-",
         f"{at['evaluations']:,}", f"{_mean(at['seconds']):.3g}")
        for name, at in methods.items()
    ]  # fmt: skip
    heading = ("method", "best network: cost", "median of runs", "test accuracy", "state: mean cost", "test accuracy",
               "networks (exact gradients: states) evaluated in a run", "CPU seconds a run")  # fmt: skip
    return Summary(REPRODUCED if last >= 0.9 else PARTLY, headline, (heading, *rows))


def encodings(numbers: Numbers) -> Summary:
    """New: the paper names them as an outlook."""
    rows, words = [], []
    for name, found in numbers.items():
        best = min(row["costs"][0] for row in found["methods"])
        coded = min((row for row in found["methods"] if row["kind"] == "encoded"), key=lambda row: row["costs"][0])
        off = coded["costs"][0] - best
        words.append(
            f"{found['num_bits']} bits on {coded['qubits']} qubits end {off:.2g} above the lowest energy found"
        )
        rows += [
            (f"{name}: {row['method']}", str(row["qubits"] or "-"), f"{row['cx']:,}" if row["qubits"] else "-",
             str(row["bases"] or "-"), f"{row['evaluations']:,}", f"{row['costs'][0]:.7g}",
             f"{row['costs'][len(row['costs']) // 2]:.7g}", f"{row['accuracy']:.4f}" if row["accuracy"] else "-",
             *_read_from_shots(row.get("shots", {}), "3000"))
            for row in found["methods"]
        ]  # fmt: skip
    heading = (
        "task: method", "qubits", "CX", "bases", "evaluations a run", "best energy", "median", "test accuracy",
        "read from 3,000 shots", "after flips", "its accuracy",
    )  # fmt: skip
    return Summary(NEW, f"{'; '.join(words)}.", (heading, *rows))


def minima(numbers: Numbers) -> Summary:
    """New: the paper's minima are those of tables."""
    last, at = list(numbers.items())[-1]
    methods = ("1-flip descent", "simulated annealing")
    reached = " and ".join(f"{at[name]['reached']:.2g} ({name})" for name in methods)
    headline = (
        f"{at['energy']:g} is proved to be the minimum at N = {last} in {at['seconds']:.3g} s; {reached} reach it."
    )
    rows = [
        (n, f"{at['energy']:g}", f"{at['seconds']:.3g}",
         f"{at['branch']['seconds']:.3g}" if at["branch"]["is_exact"] else f"not proved, {at['branch']['energy']:g}",
         *(f"{at[name]['reached']:.2g}" for name in methods), *(f"{at[name]['seconds']:.2g}" for name in methods))
        for n, at in numbers.items()
    ]  # fmt: skip
    heading = ("N", "minimum", "seconds", "branch and bound: seconds", *(f"{m}: share of runs at it" for m in methods),
               *(f"{m}: seconds a run" for m in methods))  # fmt: skip
    return Summary(NEW, headline, (heading, *rows))


def _read_from_shots(found: Numbers, shots: str) -> tuple[str, str, str]:
    at = found.get(shots)
    return (f"{at['energy']:.7g}", f"{at['descended']:.7g}", f"{at['accuracy']:.4f}") if at else ("-", "-", "-")


def digits(numbers: Numbers) -> Summary:
    """New: the paper separates two digits."""
    words, rows = [], []
    for count, at in numbers.items():
        circuit = next(iter(at["methods"]))
        best = max(at["methods"], key=lambda name: at["methods"][name]["mean"][0])
        published = " and ".join(f"{100 * p:.1f} %" for p in at["published"].values())
        lead = (
            "which no other method exceeds"
            if best == circuit
            else f"the best method, {best}, {_points(at['methods'][best]['mean'])}"
        )
        words.append(
            f"From {count} images a class the {circuit}, recognizes {_points(at['methods'][circuit]['mean'])}, {lead}; "
            f"published for BeMi: {published}."
        )
        rows += [
            (f"{count}: {name}", _points(of["mean"]), f"{100 * _mean(of['accuracy_without_idle']):.1f} %",
             f"{100 * _mean(of['pair_accuracy']):.1f} %", f"{_mean(of['cost']):.2g}", f"{_mean(of['cpu_seconds']):.2f}")
            for name, of in at["methods"].items()
        ]  # fmt: skip
    heading = ("images a class: method", "ten digits, test images recognized (± 95 %, Student's t over draws)",
               "blank pixels left out", "single pairs",
               "full training cost", "CPU seconds a pair")  # fmt: skip
    return Summary(NEW, " ".join(words), (heading, *rows))


def _mean(values: list[float] | float) -> float:
    return values if isinstance(values, float | int) else sum(values) / len(values)


def _points(mean: list[float]) -> str:
    return f"{100 * mean[0]:.1f} ± {100 * mean[1]:.1f} %"
