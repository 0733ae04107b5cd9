"""Estimators for scikit-learn: a binary network as a classifier, and feature selection as a black-box problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.lowdegree import low_degree_hamiltonian
from walshqhn.binn.task import NetworkTask
from walshqhn.cost.blackbox import BlackBoxCost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.regression import fit_hamiltonian
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_real
from walshqhn.support.errors import missing_package
from walshqhn.training.result import TrainingResult
from walshqhn.training.spec import Variant
from walshqhn.training.variant import train_variant

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone, is_classifier
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.feature_selection import SelectorMixin
    from sklearn.model_selection import check_cv, cross_val_score
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    raise missing_package("scikit-learn", "walshqhn.sklearn") from None

_EXACT = 20
"""Bits up to which the exact engine is the default."""
_SHOTS = 1000


class BinaryNetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network with binary weights, found by a variational quantum algorithm.

    `fit` trains a circuit on the cost of the network, the mean loss over the training samples, and keeps the cheapest
    network that its final states return.

    Parameters
    ----------
    hidden, activation, weight_values, loss
        The network, as for `NetworkTask.from_arrays`; by default logistic regression.
    scale
        "standard", "minmax" or "none": how features are scaled, fitted to the training samples.
    ansatz, layers, engine, shots, optimizer, max_iterations
        The circuit, what runs it and how it is trained, as for `Variant.of`. ``engine`` None: "exact" up to 20 bits;
        beyond, "mps" with exact values for logistic regression of two classes, else with 1,000 shots.
    runs
        Number of trainings from random angles.
    random_state
        Seed of starting points and samples: None, a number or a `RandomState`.
    options
        Further options of the network, as for `NetworkTask.from_arrays`.
    settings
        Further settings of the training, as for `Variant.of`.

    Attributes
    ----------
    classes_ : array
        Labels (K,), ascending.
    bits_ : array (N,)
        The network.
    task_ : NetworkTask
        The cost, with the names of its bits.
    training_ : TrainingResult
        The training.
    n_iter_ : int
        Iterations of the best run.

    Examples
    --------
    >>> X, y = [[0.0, 3.0], [1.0, 1.0], [0.5, 2.5], [2.0, 0.5]], ["no", "yes", "no", "yes"]
    >>> BinaryNetworkClassifier(random_state=1).fit(X, y).predict([[0.2, 2.0], [3.0, 1.0]])
    array(['no', 'yes'], dtype='<U3')
    """

    def __init__(  # noqa: PLR0913  flat, so that a grid search can vary each
        self, *, hidden: Sequence[int] = (), activation: str = "sigmoid",
        weight_values: tuple[float, float] = (-1.0, 1.0), loss: str | None = None, scale: str = "standard",
        ansatz: str = "linear", layers: int = 2, engine: str | None = None, shots: int | None = None,
        optimizer: str | None = None, max_iterations: int = 200, runs: int = 3, random_state: Any = None,
        options: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.hidden = hidden
        self.activation = activation
        self.weight_values = weight_values
        self.loss = loss
        self.scale = scale
        self.ansatz = ansatz
        self.layers = layers
        self.engine = engine
        self.shots = shots
        self.optimizer = optimizer
        self.max_iterations = max_iterations
        self.runs = runs
        self.random_state = random_state
        self.options = options
        self.settings = settings

    def fit(self, X: Any, y: Any) -> BinaryNetworkClassifier:
        """Train on samples (S, D) with labels (S,). Errors as for `NetworkTask.from_arrays` and `train`."""
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs two classes, got one class, {self.classes_[0]!r}.")
        network = {"hidden": tuple(self.hidden), "weight_values": self.weight_values} | dict(self.options or {})
        if self.hidden:
            network["activation"] = self.activation
        names = getattr(self, "feature_names_in_", None)
        self.task_ = NetworkTask.from_arrays(X, y, loss=self.loss, scale=self.scale, feature_names=names, **network)
        seed = int(check_random_state(self.random_state).randint(1 << 31))
        training = train_variant(self._variant(), self.task_, seed=seed, runs=self.runs, task=self.task_)
        self.training_: TrainingResult = training
        self.bits_: BitArray = training.best_bits
        self.n_iter_ = len(training.history) - 1
        return self

    def _variant(self) -> Variant:
        engine, shots = self.engine, self.shots
        if engine is None and self.task_.num_bits <= _EXACT and shots is None:
            engine = "exact"
        elif engine is None:
            engine, additive = "mps", self.task_.loss != "softmax" and not self.task_.network.hidden
            shots = shots or (None if additive else _SHOTS)
        own = {"ansatz": self.ansatz, "layers": self.layers, "engine": engine, "shots": shots}
        optimizer = self.optimizer or (None if shots is None else "SPSA")  # COBYLA takes a value for each angle first
        own |= {"optimizer": optimizer, "max_iterations": self.max_iterations}
        return Variant.of(**own | dict(self.settings or {}))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # of scikit-learn's own two-class problem even the best network, with weights -1 and 1, gets 82 % right
        tags.classifier_tags.poor_score = True
        return tags

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities of the classes at samples (S, D): (S, classes)."""
        check_is_fitted(self)
        return self.task_.predict(self.bits_[None], self._samples(X))[0]

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The most likely class of samples (S, D): labels (S,)."""
        check_is_fitted(self)
        return self.task_.predict_labels(self.bits_[None], self._samples(X))[0].astype(self.classes_.dtype)

    def _samples(self, X: Any) -> FloatArray:
        return np.asarray(validate_data(self, X, reset=False), dtype=np.float64)

    @property
    def spectrum_(self) -> WalshSpectrum:
        """Fourier spectrum of the cost. TooLargeError if 2^N numbers do not fit in memory."""
        check_is_fitted(self)
        return WalshSpectrum.from_cost(self.task_)

    @property
    def hamiltonian_(self) -> IsingHamiltonian:
        """The cost as an Ising Hamiltonian: up to 20 bits all of it, beyond its terms of degree 0, 1 and 2.

        UsageError past 20 bits for networks that `low_degree_hamiltonian` does not take.
        """
        check_is_fitted(self)
        if self.task_.num_bits > _EXACT:
            return low_degree_hamiltonian(self.task_, 2)
        return replace(self.spectrum_.hamiltonian(), names=self.task_.bit_names)


class FeatureSelector(MetaEstimatorMixin, SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Chooses features by a variational quantum algorithm: a bit for each, 1 if it is used.

    The cost of a choice is ``price`` times the number of its features, minus the mean cross-validated score of the
    ``estimator`` on them; without features, of `DummyClassifier` or `DummyRegressor`. A Hamiltonian is fitted to it
    (`fit_hamiltonian`), a circuit is trained on that, and its cheapest choices are scored. Starting from the best of
    them, the single feature whose inclusion or exclusion lowers the cost most is then changed, until none lowers it.

    Parameters
    ----------
    estimator
        Classifier or regressor; it is cloned.
    price
        Of each feature, in units of the score; at least 0.
    scoring, cv
        As for `sklearn.model_selection.cross_val_score`. The default folds, 5, are the same for all choices.
    evaluations
        Subsets scored for the fit: at least 1.5 for each pair of features, or the fit has single features only.
    ansatz, layers, max_iterations, runs
        The training, as for `Variant.of`, and its number of random starts.
    random_state
        None, a number or a `RandomState`.

    Attributes
    ----------
    support_ : array of bool (D,)
        Which features are chosen.
    cost_ : float
        The cost of that choice.
    hamiltonian_ : IsingHamiltonian
        The fit, with the names of the features.
    training_ : TrainingResult
        The training on it.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(60, 4))
    >>> chosen = FeatureSelector(LogisticRegression(), price=0.05, evaluations=100, random_state=0)
    >>> chosen.fit(X, X[:, 2] > 0).get_support()
    array([False, False,  True, False])
    """

    def __init__(
        self, estimator: Any, *, price: float = 0.01, scoring: Any = None, cv: Any = None, evaluations: int = 1000,
        ansatz: str = "product", layers: int = 1, max_iterations: int = 200, runs: int = 10, random_state: Any = None,
    ) -> None:  # fmt: skip
        self.estimator = estimator
        self.price = price
        self.scoring = scoring
        self.cv = cv
        self.evaluations = evaluations
        self.ansatz = ansatz
        self.layers = layers
        self.max_iterations = max_iterations
        self.runs = runs
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> FeatureSelector:
        """Choose features of samples (S, D) with targets (S,). CostError where the estimator fails."""
        X, y = validate_data(self, X, y)
        seed = int(check_random_state(self.random_state).randint(1 << 31))
        names = getattr(self, "feature_names_in_", None)
        cost = BlackBoxCost(self._costs(X, y), X.shape[1], bit_names=names, name="feature selection")
        pairs = 1 + cost.num_bits + cost.num_bits * (cost.num_bits - 1) // 2
        degree = 2 if self.evaluations >= 1.5 * pairs else 1
        fitted = fit_hamiltonian(cost, degree, evaluations=self.evaluations, rng=seed).hamiltonian
        assert fitted is not None
        self.hamiltonian_: IsingHamiltonian = fitted
        circuit = {"ansatz": self.ansatz} | ({} if self.ansatz == "product" else {"layers": self.layers})
        variant = Variant.of(engine="mps", max_iterations=self.max_iterations, **circuit)
        self.training_: TrainingResult = train_variant(variant, fitted, seed=seed, runs=self.runs)
        candidates = np.unique([run.best_bits for run in self.training_.runs], axis=0)
        bits = candidates[int(cost.costs(candidates).argmin())]
        while True:
            nearby = np.vstack([bits, bits ^ np.eye(cost.num_bits, dtype=np.uint8)])
            costs = cost.costs(nearby)
            if not (best := int(costs.argmin())):
                break
            bits = nearby[best]
        self.cost_ = float(costs[0])
        self.support_ = bits.astype(bool)
        return self

    def _costs(self, X: FloatArray, y: npt.NDArray[Any]) -> Callable[[BitArray], list[float]]:
        """The function from choices of features to their costs."""
        price, classifies = check_real("price", self.price, least=0), is_classifier(self.estimator)
        folds = list(check_cv(self.cv, y, classifier=classifies).split(X, y))
        nothing = DummyClassifier() if classifies else DummyRegressor()

        def cost_of(chosen: npt.NDArray[np.bool_]) -> float:
            model, seen = (clone(self.estimator), X[:, chosen]) if chosen.any() else (nothing, X)
            score = cross_val_score(model, seen, y, scoring=self.scoring, cv=folds, error_score="raise").mean()
            return price * float(chosen.sum()) - float(score)

        return lambda bits: [cost_of(row) for row in bits.astype(bool)]

    def _get_support_mask(self) -> npt.NDArray[np.bool_]:
        check_is_fitted(self)
        return self.support_
