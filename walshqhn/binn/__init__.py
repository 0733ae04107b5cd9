"""The problem: data sets, binary neural networks, and the cost of every one of them."""
