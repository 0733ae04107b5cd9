"""Mathematical programs: LP and MPS files, which HiGHS reads; the quadratic objective of binary variables is a cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import BITS, Format, of_terms, parsed_by, real
from walshqhn.support.errors import InputError, missing_package
from walshqhn.support.resources import require_memory


def check_program(file: Path, names: Sequence[str], binary: Sequence[bool], constraints: int) -> None:
    """InputError unless a program has binary variables only, and no constraints."""
    if not names:
        raise InputError(f"{file}: there are no variables.")
    if len(set(names)) < len(names):
        raise InputError(f"{file}: two variables have the same name.")
    if not all(binary):
        raise InputError(
            f"{file}: a cost has binary variables, {names[list(binary).index(False)]} is none; write it as bits "
            "(for a whole number: x = b0 + 2 b1 + 4 b2)."
        )
    if constraints:
        raise InputError(
            f"{file}: a cost has no constraints, this has {constraints:,}; add them to the objective as penalties "
            "(OMMX does it: instance.to_qubo(), then save it as .ommx)."
        )


def _read(file: Path) -> IsingHamiltonian:
    """The objective; that of a maximization with the opposite sign. The order is that of the variables in the file."""
    try:
        import highspy
    except ImportError:
        raise missing_package("highspy", f"{file}, an LP or MPS file,") from None
    require_memory(20 * file.stat().st_size, str(file), "Use a file of walshqhn (.h5).")
    solver = highspy.Highs.__base__()  # without what the Python class prints when it is made
    solver.setOptionValue("output_flag", False)
    if parsed_by("HiGHS", file, lambda: solver.readModel(str(file))) == highspy.HighsStatus.kError:
        raise InputError(f"{file}: HiGHS cannot read it as an LP or MPS file.")
    model = solver.getModel()
    program, hessian = model.lp_, model.hessian_
    whole = [kind == highspy.HighsVarType.kInteger for kind in program.integrality_] or [False] * program.num_col_
    bounds = zip(whole, program.col_lower_, program.col_upper_, strict=True)
    names = [str(name) for name in program.col_names_] or [f"x{j}" for j in range(program.num_col_)]
    check_program(file, names, [w and (a, b) == (0, 1) for w, a, b in bounds], program.num_row_)
    terms: list[tuple[tuple[int, ...], float]] = [((), program.offset_)]
    terms += [((j,), cost) for j, cost in enumerate(program.col_cost_)]
    for j in range(hessian.dim_):  # half of x^T Q x, of which the lower triangle is stored
        for k in range(hessian.start_[j], hessian.start_[j + 1]):
            i, value = hessian.index_[k], hessian.value_[k]
            terms.append(((j,), value / 2) if i == j else ((i, j), value))
    sign = 1 if program.sense_ == highspy.ObjSense.kMinimize else -1
    return of_terms(file, ((t, sign * real(file, x, t)) for t, x in terms if x), names=names, of="bits")


FORMAT = Format(
    name="lp", suffix=".lp", holds="LP and MPS: the quadratic objective of binary variables without constraints",
    reader="HiGHS", convention=BITS, reads=(".lp", ".mps"), read=_read,
)  # fmt: skip
