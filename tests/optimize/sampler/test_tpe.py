import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_weights
from optuna.trial import TrialState, create_trial

from optimize.sampler.tpe import Densities, density, kernel_rows, n_good, recency_weights

OPTUNA = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)


def optuna_log_density(observed, n_values):
    """What Optuna's own estimator says of each value."""
    space = {"x": CategoricalDistribution(tuple(range(n_values)))}
    estimator = _ParzenEstimator({"x": np.asarray(observed, dtype=float)}, space, OPTUNA)
    return estimator.log_pdf({"x": np.arange(n_values, dtype=float)})


@given(st.integers(2, 11), st.lists(st.integers(0, 1_000_000), max_size=120))
@settings(deadline=None, max_examples=60)
def test_a_density_is_that_of_optunas_mixture_of_kernels(n_values, draws):
    observed = np.array([d % n_values for d in draws], dtype=np.int64)
    ours = density(observed, recency_weights(len(observed)), kernel_rows(n_values, False))
    assert ours.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(np.log(ours), optuna_log_density(observed, n_values), rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 24, 25, 26, 249, 250, 1000])
def test_split_and_weights_are_optunas(n):
    assert n_good(n) == default_gamma(n)
    np.testing.assert_allclose(recency_weights(n), default_weights(n))


def test_good_and_bad_trials_are_split_as_optuna_splits_them():
    rng = np.random.default_rng(3)
    shape = (5, 3)
    positions = np.stack([rng.integers(n, size=140) for n in shape], axis=1)
    values = np.where(rng.random(140) < 0.4, np.nan, rng.integers(0, 20, size=140) * 1.0)
    distributions = {f"d{i}": CategoricalDistribution(tuple(range(n))) for i, n in enumerate(shape)}
    study = optuna.create_study(direction="maximize")
    for row, value in zip(positions, values, strict=True):
        is_pruned = np.isnan(value)
        study.add_trial(
            create_trial(
                state=TrialState.PRUNED if is_pruned else TrialState.COMPLETE,
                value=None if is_pruned else value,
                params={f"d{i}": int(p) for i, p in enumerate(row)},
                distributions=distributions,
            )
        )
    good, bad = _split_trials(study, study.trials, default_gamma(140))
    ours = Densities(positions, values, [kernel_rows(n, False) for n in shape])
    for i, n in enumerate(shape):
        for trials, found in ((good, ours.good[i]), (bad, ours.bad[i])):
            expected = optuna_log_density([t.params[f"d{i}"] for t in trials], n)
            np.testing.assert_allclose(np.log(found), expected, rtol=1e-12)


def test_proposals_favour_what_the_good_trials_share():
    positions = np.array([[i % 4, i % 3] for i in range(60)])
    values = np.where(positions[:, 0] == 2, 10.0, 0.0)
    densities = Densities(positions, values, [kernel_rows(4, True), kernel_rows(3, False)])
    rng = np.random.default_rng(0)
    assert {densities.propose(rng, 48)[0] for _ in range(20)} == {2}
    assert densities.score(np.array([[2, 0]]))[0] > densities.score(np.array([[1, 0]]))[0]


def test_an_ordered_value_speaks_for_its_neighbours_too():
    rows = kernel_rows(5, True)
    np.testing.assert_allclose(rows.sum(axis=1), 1.0)
    assert rows[2, 2] > rows[2, 1] == rows[2, 3] > rows[2, 0] > 0
    np.testing.assert_array_equal(kernel_rows(5, False), np.eye(5))
    found = density(np.array([2, 2, 2]), np.ones(3), rows)
    assert found.sum() == pytest.approx(1.0)
    assert found[2] > found[1] > found[0]
