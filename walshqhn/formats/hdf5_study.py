"""The /study group of the native file.

::

    /study             plan (JSON), cost_sha256, exact_minimum, completed_runs (written last)
    /study/K           for variant K that has finished runs: a /training group, see `walshqhn.formats.hdf5_training`
"""

from __future__ import annotations

from collections.abc import Callable

import h5py
import numpy.typing as npt

from walshqhn.formats.hdf5_training import read_json, read_text, read_training, write_json, write_text, write_training
from walshqhn.study.plan import Plan, Study
from walshqhn.support.errors import FormatError


def write_study(file: h5py.File, study: Study, write_array: Callable[[h5py.Group, str, npt.ArrayLike], None]) -> None:
    """Write ``study`` as group /study of ``file``."""
    group = file.create_group("study")
    write_json(group.attrs, "plan", study.plan.as_dict())
    write_text(group.attrs, "cost_sha256", study.cost_sha256)
    group.attrs["exact_minimum"] = study.exact_minimum
    for variant, training in sorted(study.trainings.items()):
        write_training(group.create_group(str(variant)), training, write_array)
    group.attrs["completed_runs"] = study.done


def read_study(file: h5py.File, num_qubits: int) -> Study | None:
    """The study in ``file``; None if there is none. FormatError if its parts do not fit together."""
    if "study" not in file:
        return None
    group = file["study"]
    plan = Plan.from_dict(read_json(group.attrs, "plan"))
    trainings = {}
    for name in group:
        training = read_training(group[name], num_qubits)
        if training is None or not (name.isdecimal() and int(name) < len(plan.variants)):
            raise FormatError(f"{file.filename} is damaged: /study/{name} is no variant of the plan.")
        trainings[int(name)] = training
    study = Study(
        plan=plan,
        num_qubits=num_qubits,
        cost_sha256=read_text(group.attrs, "cost_sha256") or "",
        exact_minimum=float(group.attrs["exact_minimum"]),
        trainings=dict(sorted(trainings.items())),
    )
    units = {(v, run.index) for v, t in trainings.items() for run in t.runs}
    if study.done != int(group.attrs["completed_runs"]) or len(units) != study.done or not units <= {*plan.units()}:
        raise FormatError(f"{file.filename} is damaged: the runs of /study do not fit its plan.")
    return study
