"""Ways to alter a native file through h5py, so that its checksums are right."""

import json

import h5py
import numpy as np

VALUES = (
    None, True, -1, 0, 1, 3, 1.5, -0.0, 10**9, 2**63, 2**70, 10**400, 1e308, -1e308, "", "x", "laser", "[/b]",
    "a\x1b[31mb", "\u202e", "mean", "product", "own.qpy", "/etc/passwd", "..", "SPSA", "cvar:0.5", [], [1], {},
    {"a": 1}, [[[]]],
)  # fmt: skip
PLAIN = ("f2", "<f4", ">f8", "<f8", "c8", "<c16", "<i8", "<u8", "i1", "u1", "?", "S3")
SPECIAL = (
    h5py.string_dtype(), h5py.ref_dtype, h5py.regionref_dtype, np.dtype("V4"), h5py.enum_dtype({"a": 1}),
    np.dtype([("a", "<f8"), ("b", "<i4")]), np.dtype("(2,)f8"),
)  # fmt: skip


def mutate(file, rng):
    """Change something in an open file; return what."""
    try:
        return WAYS[rng.integers(len(WAYS))](file, rng)
    except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:  # what an earlier change has left
        return f"less than intended ({error})"


def _items(file):
    groups, data = [file], []
    file.visititems(lambda name, item: (groups if isinstance(item, h5py.Group) else data).append(item))
    return groups, data


def _any_attribute(file, rng):
    groups = [group for group in _items(file)[0] if len(group.attrs)]
    group = groups[rng.integers(len(groups))]
    return group, str(rng.choice(sorted(group.attrs)))


def change_json(file, rng):
    group, name = _any_attribute(file, rng)
    try:
        value = altered(json.loads(group.attrs[name]), rng)
    except (TypeError, ValueError):  # not JSON
        return change_attribute(file, rng)
    group.attrs[name] = np.bytes_(json.dumps(value).encode())
    return f"{group.name}@{name} = {value!r:.200}"


def change_attribute(file, rng):
    group, name = _any_attribute(file, rng)
    old = group.attrs[name]
    compound = np.array((1, 2.5), dtype=[("a", "i4"), ("b", "f8")])
    choices = [
        None, -5, 0, 1, 1.99, 2, 2**62, -(2**63), np.uint64(2**64 - 1), np.nan, np.inf, 1e308, True, "x", "", b"y",
        np.bytes_(b"{}"), np.bytes_(b"[]"), np.bytes_(b"null"), np.bytes_(b"[" * 50_000), np.bytes_(b"1e999"),
        np.bytes_(b"\xff\xfe"), np.bytes_(b'{"a": NaN}'), np.bytes_(b"9" * 5000), [1, 2], [[1.5]], 1 + 2j,
        np.float16(1), np.float32(1.5), np.array([old]), h5py.Empty("f8"), compound,
    ]  # fmt: skip
    value = choices[rng.integers(len(choices))]
    del group.attrs[name]
    if value is not None:
        group.attrs[name] = value
    return f"{group.name}@{name} = {value!r:.200}"


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


def _replaced(file, rng, change):
    data = _items(file)[1]
    target = data[rng.integers(len(data))]
    place, old = target.name, target[()]
    new = change(old)
    del file[place]
    file[place] = new
    return f"{place}: now {new.dtype} {new.shape}"


def change_value(file, rng):
    def change(old):
        new = old.copy()
        choices = [0, 1, 255] if new.dtype.kind == "u" else [0, 1, -1, 2**40, 7]
        choices += [np.nan, np.inf, 1e308, 1e-320, 0.5] if new.dtype.kind == "f" else []
        if new.size:
            new.reshape(-1)[rng.integers(new.size)] = choices[rng.integers(len(choices))]
        return new

    return _replaced(file, rng, change)


def change_shape(file, rng):
    def change(old):
        stacked = np.concatenate([old, old])
        return [old[:-1], old[..., None], stacked, old.reshape(-1), np.array(0, old.dtype), old[:0]][rng.integers(6)]

    return _replaced(file, rng, change)


def change_dtype(file, rng):
    if rng.random() < 0.7:
        with np.errstate(all="ignore"):
            kind = str(rng.choice(PLAIN))
            return _replaced(file, rng, lambda old: np.nan_to_num(np.asarray(old, dtype=float)).astype(kind))
    data = _items(file)[1]
    target, dtype = data[rng.integers(len(data))], SPECIAL[rng.integers(len(SPECIAL))]
    place, shape = target.name, target.shape
    del file[place]
    file.create_dataset(place, shape, dtype)
    return f"{place}: {dtype}"


def change_link(file, rng):
    data = _items(file)[1]
    target = data[rng.integers(len(data))]
    place, shape, dtype, size = target.name, target.shape, target.dtype, target.nbytes
    del file[place]
    which = rng.integers(4)
    if which == 0:
        file[place] = h5py.SoftLink(str(rng.choice([place, "/nowhere", *(item.name for item in data if item)])))
    elif which == 1:
        file[place] = h5py.ExternalLink(str(rng.choice(["/dev/zero", "/etc/passwd", "file.h5"])), "/cost/values")
    elif which == 2:
        file.create_dataset(place, shape, dtype, external=[("/etc/passwd", 0, max(1, size))])
    return f"{place}: {('a soft link', 'an external link', 'external storage', 'gone')[which]}"


def move(file, rng):
    groups, data = _items(file)
    others = [item.name for item in (*groups[1:], *data)]
    source, goal = (
        str(rng.choice(others)),
        str(rng.choice(["/cost", "/training", "/study/5", "/spectrum/weight", "/x"])),
    )
    try:
        if goal in file and not source.startswith(goal):
            del file[goal]
        file.move(source, goal)
    except (KeyError, ValueError, RuntimeError):
        return "nothing"
    return f"{source} moved to {goal}"


WAYS = (
    change_json, change_json, change_json, change_attribute, change_attribute, change_dtype, change_shape,
    change_value, change_value, change_link, move,
)  # fmt: skip
