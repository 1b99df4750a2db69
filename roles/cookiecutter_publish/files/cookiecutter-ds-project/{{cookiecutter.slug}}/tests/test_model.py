from __future__ import annotations

import pickle

import numpy as np
import pytest
from conftest import module


@pytest.fixture
def model(samples, wanted):
    return module("train").fit(samples[wanted["features"]], samples[wanted["label"]], C=1.0, max_iter=1000, seed=1)


def test_the_same_inputs_give_the_same_bytes(model, samples, wanted):
    train = module("train")
    again = train.fit(samples[wanted["features"]], samples[wanted["label"]], C=1.0, max_iter=1000, seed=1)
    other = train.fit(samples[wanted["features"]], samples[wanted["label"]], C=0.1, max_iter=1000, seed=1)
    assert train.serialise(model) == train.serialise(again) != train.serialise(other)


def test_a_loaded_model_is_written_as_it_was(model):
    written = module("train").serialise(model)
    assert pickle.dumps(pickle.loads(written)) == written


def test_the_model_has_learned(model, samples, wanted):
    assert (model.predict(samples[wanted["features"]]) == samples[wanted["label"]]).mean() > 0.9


def test_scores_by_hand():
    actual, predicted = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert module("evaluate").scores(actual, predicted) == {"accuracy": 0.5, "precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_curve_of_thresholds(samples, wanted):
    actual = samples[wanted["label"]] == wanted["positive"]
    curve = module("evaluate").thresholds(actual, actual.to_numpy(dtype=float), steps=4)
    assert curve["threshold"].unique().tolist() == [0.25, 0.5, 0.75]
    assert (curve["value"] == 1.0).all()
