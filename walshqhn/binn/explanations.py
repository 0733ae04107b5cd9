"""What each option of a task means and what it may be, in one sentence."""

from __future__ import annotations

from walshqhn.binn.images import IDX
from walshqhn.binn.losses import LOSSES
from walshqhn.binn.network import ACTIVATIONS, OUTPUT_ACTIVATIONS
from walshqhn.binn.scaling import SCALES

_SEVERAL = "Several values, separated by commas, are a choice that costs bits."

EXPLANATIONS = {
    "num_samples": "Training samples, at least 1; none: all.",
    "num_validation": "Validation samples, 0 for none.",
    "num_test": "Test samples, 0 for none.",
    "seed": "Seed of the data: of what is drawn, and of which samples are set aside. A whole number of at least 0.",
    "flip_probability": "Probability that a pixel is flipped, 0 to 0.5.",
    "digits": "Digits, or other labels, to tell apart, as in 3,7: two or more; of two, the second is the positive one.",
    "size": "Images are shrunk to this many pixels per side, at least 1.",
    "dataset": f"{', '.join(IDX)} (IDX files in data_dir; mnist is bundled) or sklearn (scikit-learn's 8x8 digits).",
    "data_dir": "Folder with IDX files, plain or .gz, or in which torchvision or TensorFlow keep them.",
    "validation_fraction": "Fraction of the training samples set aside for validation, from 0 to below 1.",
    "test_fraction": "Fraction of the samples set aside for testing where the data has no test set, from 0 to below 1.",
    "path": "The samples: a table (.csv, .tsv, .txt, .data), .npz with x and y, or .parquet.",
    "label": "Column of labels, name or number from 0 (-1: the last); none: one named label or similar, else the last.",
    "drop": "Columns to leave out, names or numbers; none: a first one that counts the samples; empty: nothing.",
    "header": "Whether the first line names the columns, true or false; none: guessed, and asked for where unclear.",
    "scale": f"Of features, by the training samples: {', '.join(SCALES)} (mean 0 and deviation 1, or 0 to 1).",
    "hidden": "Widths of up to two hidden layers, as in 3 or 3,3; none: no hidden layer.",
    "activation": f"Of hidden neurons: {', '.join(ACTIVATIONS)}. {_SEVERAL}",
    "hidden_width": f"Neurons in use in each hidden layer, 1 to the width; none: all. {_SEVERAL}",
    "hidden_layers": f"Hidden layers in use, 1 or 2; none: all. {_SEVERAL}",
    "weight_values": "Weight of bit 0 and of bit 1, two different numbers, as in -1,1. Several pairs, as in 0,1;-1,1, "
    "are a choice that costs bits.",
    "skip": f"Whether inputs also reach the outputs directly, true or false. {_SEVERAL}",
    "output_activation": f"What makes a probability of the one output: {' or '.join(OUTPUT_ACTIVATIONS)}. {_SEVERAL}",
    "loss": f"{', '.join(LOSSES)}: cross-entropy, squared error (two classes), cross-entropy of several classes; "
    "none: bce for two classes, softmax for more.",
}
"""Option of any task -> explanation."""
