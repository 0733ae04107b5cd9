"""Names for kinds of arrays."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BitArray = npt.NDArray[np.uint8]
"""Zeros and ones; the last axis counts bits, entry j is bit j."""
MaskArray = npt.NDArray[np.uint64]
"""Rows of words, bit j in word j // 64."""
