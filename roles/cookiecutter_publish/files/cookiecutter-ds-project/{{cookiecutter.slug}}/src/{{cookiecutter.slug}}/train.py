"""Stage train: a model, the same bytes for the same inputs."""

from __future__ import annotations

import pickle

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from . import MODEL, SAMPLES, parameters, schema, write_json


def fit(features: pd.DataFrame, labels: pd.Series, C: float, max_iter: int, seed: int) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=max_iter, random_state=seed))
    # sums split over threads are added in another order, and so differ in their last bits
    with threadpool_limits(limits=1):
        return model.fit(features, labels)


def serialise(model: Pipeline) -> bytes:
    """A model just trained shares objects that a loaded one does not: once through, both are the same bytes."""
    return pickle.dumps(pickle.loads(pickle.dumps(model)))


if __name__ == "__main__":
    table, wanted = pd.read_csv(SAMPLES), schema()
    table = table[table["part"] == "train"]
    inputs, labels = table[wanted["features"]], table[wanted["label"]]
    model = fit(inputs, labels, **parameters("train"))
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    MODEL.write_bytes(serialise(model))
    fitted = {
        "accuracy": float(accuracy_score(labels, model.predict(inputs))),
        "log_loss": float(log_loss(labels, model.predict_proba(inputs), labels=model.classes_)),
    }
    write_json("metrics/train.json", fitted)
