"""Product states where no table fits: value and gradient of Hamiltonians and of the full cost of networks."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from walshqhn import ExactEngine, IsingHamiltonian, ProductAnsatz, ProductEngine, load_task
from walshqhn.bench.row import Contender, Goal, Row, Settings
from walshqhn.cost.base import Cost


def quadratic(num_bits: int) -> IsingHamiltonian:
    """Random coefficients of degrees 1 and 2, all of them."""
    rng = np.random.default_rng(num_bits)
    pairs = np.array([*((j, j) for j in range(num_bits)), *zip(*np.triu_indices(num_bits, 1), strict=True)])
    words = -(-num_bits // 64)
    masks, row = np.zeros((len(pairs), words), np.uint64), np.arange(len(pairs))
    for column in pairs.T:
        masks[row, column // 64] |= np.uint64(1) << (column % 64).astype(np.uint64)
    return IsingHamiltonian(num_bits, masks, rng.normal(size=len(pairs)))


def product_gradient(cost: Cost, settings: Settings) -> list[Contender]:
    """Value and gradient of a product state: ours, and where a table fits, with a state vector."""
    ansatz = ProductAnsatz(cost.num_bits)
    params = ansatz.initial_parameters(np.random.default_rng(cost.num_bits))
    names = {ProductEngine: "walshqhn", ExactEngine: "state vector and table"}
    kinds = (ProductEngine, ExactEngine) if cost.num_bits <= 20 else (ProductEngine,)
    return [
        Contender(
            names[kind], partial(kind(cost, threads=settings.threads).prepare(ansatz).value_and_gradient, params),
            "ours" if kind is ProductEngine else "reference", result=lambda found: found.gradient,
        )
        for kind in kinds
    ]  # fmt: skip


def of_task(name: str, options: dict[str, Any], settings: Settings) -> list[Contender]:
    """`product_gradient` of the full cost of a task."""
    return product_gradient(load_task(name, **options), settings)


def of_quadratic(num_bits: int, settings: Settings) -> list[Contender]:
    """`product_gradient` of a Hamiltonian of degree 2."""
    return product_gradient(quadratic(num_bits), settings)


def rows() -> list[Row]:
    """The rows of this module."""
    what = "value and gradient of a product state"
    return [
        Row("product-quadratic-785", f"{what}, all terms of degree 1 and 2, N = 785", partial(of_quadratic, 785),
            (Goal(0.5),)),
        Row("product-network-66", f"{what}, full cost, mnist-8x8, N = 66", partial(of_task, "mnist-8x8", {}),
            (Goal(1.0),)),
        Row("product-network-785", f"{what}, full cost, mnist-28x28, N = 785", partial(of_task, "mnist-28x28", {})),
        Row("product-network-17", f"{what}, full cost, mnist-4x4, N = 17", partial(of_task, "mnist-4x4", {})),
    ]  # fmt: skip
