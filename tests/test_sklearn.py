"""The estimators in scikit-learn's own checks, and where people put estimators."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from walshqhn.bits import index_to_bits
from walshqhn.sklearn import BinaryNetworkClassifier, FeatureSelector

QUICK = {"max_iterations": 20, "runs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def iris():
    data = load_iris(as_frame=True)
    names = data.target_names[data.target]
    return data.data, names


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_classifier_passes_all_checks():
    found = check_estimator(BinaryNetworkClassifier(**QUICK), on_skip=None)
    assert {row["check_name"] for row in found if row["status"] != "passed"} <= {"check_array_api_input"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_selector_passes_all_checks():
    found = check_estimator(FeatureSelector(GaussianNB(), evaluations=100, cv=2, **QUICK), on_skip=None)
    assert {row["check_name"] for row in found if row["status"] != "passed"} <= {"check_array_api_input"}


def test_the_best_network_is_found_and_its_attributes_belong_to_it(iris):
    x, y = iris
    model = BinaryNetworkClassifier(layers=1, runs=2, max_iterations=100, random_state=2).fit(x, y)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.feature_names_in_.tolist() == list(x.columns)
    assert model.task_.num_bits == 15
    table = model.task_.cost_table()
    assert model.task_.costs(model.bits_[None]) == table.min()
    assert np.allclose(model.spectrum_.cost_table(), table)
    assert np.allclose(model.hamiltonian_.energy(model.bits_), table.min())
    everything = index_to_bits(np.arange(1 << 15), 15)
    assert model.score(x, y) == model.task_.accuracy(everything[[table.argmin()]], "train")
    assert model.predict_proba(x).sum(axis=1) == pytest.approx(np.ones(len(x)))
    assert "sepal length (cm) -> setosa" in model.task_.bit_names


def test_labels_come_back_as_they_were(iris):
    x, y = iris
    two = y != "setosa"
    flags = y[two] == "virginica"
    model = BinaryNetworkClassifier(**QUICK).fit(x[two], flags)
    assert model.predict(x[two]).dtype == bool
    assert (model.predict(x[two]) == flags).mean() == model.task_.accuracy(model.bits_[None], "train")


def test_pipelines_grids_and_cross_validation(iris):
    x, y = iris
    two = y != "setosa"
    folds = list(StratifiedKFold(3).split(x[two], y[two]))
    pipeline = make_pipeline(StandardScaler(), BinaryNetworkClassifier(scale="none", **QUICK))
    scores = cross_val_score(pipeline, x[two], y[two], cv=3)
    parts = [pipeline.fit(x[two].iloc[a], y[two][a]).score(x[two].iloc[b], y[two][b]) for a, b in folds]
    assert scores.tolist() == parts
    grid = GridSearchCV(
        BinaryNetworkClassifier(**QUICK), {"weight_values": [(-1, 1), (-3, 1)], "layers": [1, 2]}, cv=2
    ).fit(x[two], y[two])
    assert grid.best_score_ == max(grid.cv_results_["mean_test_score"])
    assert set(grid.best_params_) == {"weight_values", "layers"}


def test_more_bits_than_a_table_has(iris):
    data = load_breast_cancer()
    x, y = data.data[:40], data.target[:40]
    exact = BinaryNetworkClassifier(layers=1, max_iterations=5, runs=1, random_state=1).fit(x, y)
    assert exact.task_.num_bits == 31
    assert exact.training_.engine["shots"] is None
    assert exact.hamiltonian_.degrees.max() == 2
    x, y = iris
    quick = QUICK | {"max_iterations": 2}
    sampled = BinaryNetworkClassifier(hidden=(4,), loss="softmax", layers=1, **quick).fit(x, y)
    assert sampled.training_.engine["shots"] == 1000
    assert sampled.predict(x).shape == (150,)


def test_the_same_seed_gives_the_same_network(iris):
    x, y = iris
    one, two = (BinaryNetworkClassifier(**QUICK).fit(x, y) for _ in range(2))
    assert np.array_equal(one.training_.parameters, two.training_.parameters)


def test_settings_beyond_the_common_ones(iris):
    x, y = iris
    model = BinaryNetworkClassifier(settings={"objective": "cvar:0.2"}, options={"skip": False}, **QUICK).fit(x, y)
    assert model.training_.search["objective"] == "cvar:0.2"


def test_features_are_chosen_as_by_trying_all():
    rng = np.random.default_rng(3)
    x = pd.DataFrame(rng.normal(size=(80, 5)), columns=list("abcde"))
    y = np.where(x["b"] - x["d"] > 0, "up", "down")
    selector = FeatureSelector(LogisticRegression(), evaluations=100, cv=2, price=0.02, random_state=0).fit(x, y)
    costs = [
        0.02 * sum(row) - cross_val_score(LogisticRegression(), x.loc[:, row], y, cv=2).mean()
        for row in index_to_bits(np.arange(1, 32), 5).astype(bool)
    ]
    assert selector.cost_ == pytest.approx(min(costs))
    assert selector.get_feature_names_out().tolist() == ["b", "d"]
    assert selector.transform(x).shape == (80, 2)
    assert selector.hamiltonian_.names == tuple("abcde")


def test_a_regressor_without_useful_features_gets_none():
    rng = np.random.default_rng(5)
    from sklearn.linear_model import Ridge

    selector = FeatureSelector(Ridge(), evaluations=100, price=0.5, random_state=0)
    selector.fit(rng.normal(size=(40, 3)), rng.normal(size=40))
    assert not selector.support_.any()
