"""Files are untrusted: nothing is followed, awaited, unpickled or allocated that they merely name or claim."""

import io
import os
import struct
import zipfile

import h5py
import numpy as np
import pytest
from storage_cases import COST, everything, refused

from walshqhn import read_cost_table
from walshqhn.binn import images
from walshqhn.binn.datasets import gaussian_mixture
from walshqhn.binn.files import read_dataset
from walshqhn.formats.hdf5 import save
from walshqhn.support.errors import FormatError, InputError, TooLargeError, WalshqhnError
from walshqhn.support.npy import read_npy, read_npz

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@needs_pipes
@pytest.mark.parametrize("name", ["p.h5", "p.npy", "p.npz", "p.csv"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="is a pipe or a device"):
        read_cost_table(tmp_path / name)
    with pytest.raises(InputError, match="is a pipe or a device"):
        read_dataset(str(tmp_path / name))


@needs_pipes
@pytest.mark.parametrize("place", ["spectrum/coefficients", "training/initial", "study/1"])
def test_a_link_to_a_pipe_in_place_of_what_is_optional(tmp_path, place):
    os.mkfifo(tmp_path / "pipe")
    save(tmp_path / "file.h5", everything())
    with h5py.File(tmp_path / "file.h5", "a") as file:
        del file[place]
        file[place] = h5py.ExternalLink(str(tmp_path / "pipe"), "/")
    refused(tmp_path / "file.h5", f"/{place} is a link, which is not followed")


def external_link(file, folder):
    file["costs"] = h5py.ExternalLink(str(folder / "secret.h5"), "values")


def virtual(file, folder):
    layout = h5py.VirtualLayout(shape=(8,), dtype="<f8")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "values", shape=(8,))
    file.create_virtual_dataset("costs", layout)


def external_storage(file, folder):
    file.create_dataset("costs", (8,), "<f8", external=[(str(folder / "secret.raw"), 0, 64)])


@pytest.mark.parametrize("make", [external_link, virtual, external_storage])
def test_a_cost_of_another_program_is_inside_its_file(tmp_path, make):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["values"] = COST
    COST.tofile(tmp_path / "secret.raw")
    with h5py.File(tmp_path / "costs.h5", "w") as file:
        make(file, tmp_path)
    with pytest.raises(WalshqhnError, match=r"found none|must be a data set inside the file"):
        read_cost_table(tmp_path / "costs.h5")


@pytest.mark.parametrize("dtype", [h5py.string_dtype(), h5py.ref_dtype, np.dtype([("a", "<f8")]), "c16"])
def test_a_cost_of_another_program_is_of_real_numbers(tmp_path, dtype):
    with h5py.File(tmp_path / "costs.h5", "w") as file:
        file.create_dataset("costs", (8,), dtype)
    with pytest.raises(FormatError, match="/costs must hold real numbers"):
        read_cost_table(tmp_path / "costs.h5")


def test_a_small_file_that_claims_gigabytes(tmp_path):
    """One chunk of 2 GiB is there, of 60 bytes: deflate cannot have made so much of them."""
    with h5py.File(tmp_path / "costs.h5", "w") as file:
        data = file.create_dataset("costs", (1 << 28,), "<f8", chunks=(1 << 28,), compression="gzip")
        data.id.write_direct_chunk((0,), b"x" * 60)
    with pytest.raises(FormatError, match="claims 268,435,456 values, but they are not all stored"):
        read_cost_table(tmp_path / "costs.h5")


def npy(shape, dtype="<f8"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue() + bytes(64)


@pytest.mark.parametrize("shape", [(1 << 40,), (9,), (1 << 62, 1 << 62)])
def test_arrays_that_are_only_claimed(tmp_path, shape):
    (tmp_path / "a.npy").write_bytes(npy(shape))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("costs.npy", npy(shape))
    for read, name in ((read_npy, "a.npy"), (read_npz, "a.npz")):
        with pytest.raises(InputError, match=r"claims shape .*, of which not all is there"):
            read(tmp_path / name)


def test_arrays_of_objects_are_not_unpickled(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "here"),)

    np.savez(tmp_path / "a.npz", costs=np.array([Evil(), Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"costs\.npy holds Python objects"):
        read_npz(tmp_path / "a.npz")
    assert not (tmp_path / "here").exists()


def test_a_header_that_python_cannot_even_tokenize(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy((8,)).replace(b"}", b" "))
    with pytest.raises(InputError, match=r"a\.npy: cannot be read \("):
        read_npy(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", [(1 << 31, 1 << 31, 4), (0, 28, 28), (1,) * 200])
def test_idx_headers_of_absurd_sizes(tmp_path, shape):
    (tmp_path / "a").write_bytes(b"\x00\x00\x08" + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape))
    with pytest.raises(FormatError, match=r"which are not there|have shape"):
        images.read_idx(tmp_path / "a")


def test_one_line_of_very_many_numbers(tmp_path):
    (tmp_path / "a.csv").write_text(",".join(["1"] * 100_000) + "\n0\n")
    with pytest.raises(InputError, match="a line is longer than 1,000 characters"):
        read_cost_table(tmp_path / "a.csv")
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 70_000)), y=np.arange(3))
    with pytest.raises(InputError, match="at most 65,536 features, got 70,000"):
        read_dataset(str(tmp_path / "a.npz"))


def test_more_samples_than_memory_holds():
    with pytest.raises(TooLargeError, match=r"the samples needs .* of memory"):
        gaussian_mixture(num_samples=10**12)
