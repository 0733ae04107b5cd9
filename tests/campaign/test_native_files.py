"""Native files altered in any way, checksums made anew: refused in one line, or read as what they are."""

import json
import shutil

import h5py
import numpy as np
import pytest
from campaign.conftest import REFUSED, RIGHT
from campaign.probe import complaint, program, verdicts
from storage_cases import everything, parts

from walshqhn.formats.hdf5 import load, save
from walshqhn.support.errors import WalshqhnError

pytestmark = pytest.mark.campaign

VALUES = (
    None, True, -1, 0, 1, 3, 1.5, -0.0, 10**9, 2**63, 2**70, 10**400, 1e308, -1e308, "", "x", "laser", "[/b]", "a\x1b[31mb",
    "\u202e", "mean", "product", "own.qpy", "/etc/passwd", "..", "SPSA", "cvar:0.5", [], [1], {}, {"a": 1}, [[[]]],
)  # fmt: skip
DTYPES = ("f2", "<f4", ">f8", "<f8", "c8", "<c16", "<i8", "<u8", "i1", "u1", "?", "S3", "O", "ref", "region", "compound",
          "enum", "array", "opaque")  # fmt: skip


def mutate(file, rng):
    """Change something; return what."""
    groups, data = [file], []
    file.visititems(lambda name, item: (groups if isinstance(item, h5py.Group) else data).append(item))
    kind = rng.choice(
        ["json", "json", "json", "attribute", "attribute", "dtype", "shape", "value", "value", "link", "move"]
    )
    if kind in ("json", "attribute"):
        group = groups[rng.integers(len(groups))]
        while not len(group.attrs):
            group = groups[rng.integers(len(groups))]
        name = str(rng.choice(sorted(group.attrs)))
        old = group.attrs[name]
        if kind == "json" and isinstance(old, bytes) and old[:1] in b"[{n0123456789":
            value = altered(json.loads(old), rng)
            group.attrs[name] = np.bytes_(json.dumps(value).encode())
        else:
            value = attribute_value(rng, old)
            del group.attrs[name]
            if value is not None:
                group.attrs[name] = value
        return f"{group.name}@{name} = {value!r:.200}"
    target = data[rng.integers(len(data))]
    place, old = target.name, target[()]
    if kind == "move":
        other = [*groups[1:], *data][rng.integers(len(groups) - 1 + len(data))]
        source, goal = other.name, f"/{rng.choice(['cost', 'training', 'study/5', 'spectrum/weight', 'x'])}"
        try:
            if goal in file and goal != source:
                del file[goal]
            file.move(source, goal)
        except (KeyError, ValueError, RuntimeError) as error:
            return f"nothing: {error}"
        return f"{source} -> {goal}"
    if kind == "link":
        del file[place]
        others = [item.name for item in data if item]
        choice = rng.integers(4)
        if choice == 0:
            file[place] = h5py.SoftLink(str(rng.choice([place, "/nowhere", *others])))
        elif choice == 1:
            file[place] = h5py.ExternalLink(
                str(rng.choice(["/dev/zero", "/etc/passwd", "file.h5", "PIPE"])), "/cost/values"
            )
        elif choice == 2:
            file.create_dataset(place, old.shape, old.dtype, external=[("/etc/passwd", 0, max(1, old.nbytes))])
        else:
            return f"{place} is gone"
        return f"link {choice} in place of {place}"
    if kind == "value":
        new = old.copy()
        if new.size:
            flat = new.reshape(-1)
            which = rng.integers(flat.size)
            choices = [0, 1, 255] if new.dtype.kind == "u" else [0, 1, -1, 2**40, 7]
            choices += [np.nan, np.inf, 1e308, 1e-320, 0.5] if new.dtype.kind == "f" else []
            with np.errstate(all="ignore"):
                flat[which] = np.asarray(rng.choice(choices)).astype(new.dtype)
    elif kind == "shape":
        new = [old[:-1], old[..., None], np.concatenate([old, old]), old.reshape(-1), np.array(0, old.dtype), old[:0]][
            rng.integers(6)
        ]
    else:
        new = of_dtype(old, str(rng.choice(DTYPES)))
    del file[place]
    if isinstance(new, tuple):
        file.create_dataset(place, old.shape, new[0])
        return f"{place}: {new[0]}"
    file[place] = new
    return f"{place}: {kind}, now {new.dtype} {new.shape}"


def of_dtype(old, name):
    special = {
        "O": h5py.string_dtype(), "ref": h5py.ref_dtype, "region": h5py.regionref_dtype, "opaque": np.dtype("V4"),
        "compound": np.dtype([("a", "<f8"), ("b", "<i4")]), "enum": h5py.enum_dtype({"a": 1}), "array": np.dtype("(2,)f8"),
    }  # fmt: skip
    if name in special:
        return (special[name],)
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.asarray(old, dtype=float)).astype(name)


def attribute_value(rng, old):
    choices = [
        None, -5, 0, 1, 1.99, 2, 2**62, -(2**63), np.uint64(2**64 - 1), np.nan, np.inf, 1e308, True, "x", "", b"y",
        np.bytes_(b"{}"), np.bytes_(b"[]"), np.bytes_(b"null"), np.bytes_(b"[" * 50_000), np.bytes_(b"1e999"),
        np.bytes_(b"\xff\xfe"), np.bytes_(b'{"a": NaN}'), np.bytes_(b"9" * 5000), [1, 2], [[1.5]], 1 + 2j,
        np.float16(1), np.float32(1.5), np.array([old]), h5py.Empty("f8"), np.array((1, 2.5), dtype=[("a", "i4"), ("b", "f8")]),
    ]  # fmt: skip
    return choices[rng.integers(len(choices))]


def altered(value, rng):
    """``value`` with one entry, at any depth, changed, removed or added."""
    if isinstance(value, dict | list) and len(value) and rng.random() < 0.85:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = keys[rng.integers(len(keys))]
        copy = dict(value) if isinstance(value, dict) else list(value)
        if isinstance(copy[key], dict | list) or rng.random() < 0.75:
            copy[key] = altered(copy[key], rng)
        else:
            del copy[key]
        return copy
    if isinstance(value, dict) and rng.random() < 0.5:
        return value | {"x": VALUES[rng.integers(len(VALUES))]}
    return VALUES[rng.integers(len(VALUES))]


def try_file(job):
    """All commands on an altered file."""
    path, thorough = job
    try:
        load(path)
    except WalshqhnError as error:
        if "\n" in str(error) or str(path) not in str(error):
            return f"not one line that names the file: {error!r}"
    commands = [("info", path), ("info", path, "--json"), ("sample", path, "--shots", 8), ("spectrum", path)]
    commands += [("export", path, "--format", "csv", "-o", f"{path}.csv", "--force")]
    if thorough:
        commands += [("plot", path, "-o", path.parent / "figures", "--force")]
        commands += [("train", path, "-o", path, "--resume", "--runs", 4, "--layers", 1, "--max-iterations", 2)]
    refused = True
    for command in commands:
        code, *texts = program(*command)
        if wrong := complaint(code, *texts):
            return f"{command[0]}: {wrong}"
        refused &= code != 0
    return REFUSED if refused else RIGHT


def try_bytes(job):
    """A file of changed bytes holds what it held, or is refused."""
    path, original = job
    try:
        return RIGHT if parts(load(path)) == parts(load(original)) else "other numbers"
    except WalshqhnError as error:
        return REFUSED if "\n" not in str(error) else f"more than a line: {error}"


def test_altered_native_files(tmp_path, rng, tally, scaled):
    save(tmp_path / "file.h5", everything())
    jobs, cases = [], []
    for k in range(scaled(700)):
        path = tmp_path / f"{k}.h5"
        shutil.copy(tmp_path / "file.h5", path)
        with h5py.File(path, "a") as file:
            cases.append(f"{k}: {'; '.join(mutate(file, rng) for _ in range(rng.choice([1, 1, 1, 2])))}")
        jobs.append((path, k % 8 == 0))
    for case, verdict in zip(cases, verdicts("campaign.test_native_files:try_file", jobs), strict=True):
        tally.add(case, verdict)
    tally.close()


def test_changed_bytes(tmp_path, rng, tally, scaled):
    save(tmp_path / "file.h5", everything())
    content, jobs, cases = (tmp_path / "file.h5").read_bytes(), [], []
    for k in range(scaled(300)):
        damaged = bytearray(content)
        kind = ("flip", "flip", "cut", "zeros", "noise")[k % 5]
        start, length = int(rng.integers(len(content))), int(rng.integers(1, 64))
        if kind == "flip":
            damaged[start] ^= 1 << int(rng.integers(8))
        elif kind == "cut":
            del damaged[start:]
        else:
            new = bytes(length) if kind == "zeros" else rng.bytes(length)
            damaged[start : start + length] = new[: len(damaged) - start]
        (tmp_path / f"{k}.h5").write_bytes(damaged)
        jobs.append((tmp_path / f"{k}.h5", tmp_path / "file.h5"))
        cases.append(f"{k}: {kind} at {start}, {length} bytes")
    for case, verdict in zip(cases, verdicts("campaign.test_native_files:try_bytes", jobs), strict=True):
        tally.add(case, verdict)
    tally.close()
