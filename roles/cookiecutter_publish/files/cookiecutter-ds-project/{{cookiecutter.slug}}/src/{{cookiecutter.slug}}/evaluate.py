"""Stage evaluate: how good the model is on samples it has not seen."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score
from threadpoolctl import threadpool_limits

from . import MODEL, SAMPLES, parameters, schema, write_json

CONFUSION = Path("reports/confusion.csv")
THRESHOLDS = Path("reports/thresholds.csv")


def scores(actual: pd.Series, predicted: np.ndarray) -> dict[str, float]:
    """Both say of each sample whether it is of the class that is looked for."""
    return {
        "accuracy": float(accuracy_score(actual, predicted)),
        "precision": float(precision_score(actual, predicted, zero_division=0)),
        "recall": float(recall_score(actual, predicted, zero_division=0)),
        "f1": float(f1_score(actual, predicted, zero_division=0)),
    }


def thresholds(actual: pd.Series, probability: np.ndarray, steps: int) -> pd.DataFrame:
    """What other thresholds than the model's own would give: a row for each threshold and score."""
    chosen = [step / steps for step in range(1, steps)]
    table = pd.DataFrame({"threshold": value} | scores(actual, probability >= value) for value in chosen)
    return table.melt(id_vars="threshold", var_name="score", value_name="value")


if __name__ == "__main__":
    table, wanted = pd.read_csv(SAMPLES), schema()
    table = table[table["part"] == "test"]
    model = pickle.loads(MODEL.read_bytes())  # the stage train wrote it
    looked_for = wanted["positive"]
    with threadpool_limits(limits=1):
        predicted = model.predict(table[wanted["features"]])
        probability = model.predict_proba(table[wanted["features"]])[:, list(model.classes_).index(looked_for)]
    actual = table[wanted["label"]] == looked_for

    CONFUSION.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"actual": table[wanted["label"]], "predicted": predicted}).to_csv(CONFUSION, index=False)
    thresholds(actual, probability, **parameters("evaluate")).to_csv(THRESHOLDS, index=False)
    reached = scores(actual, predicted == looked_for)
    write_json("metrics/evaluation.json", reached | {"roc_auc": float(roc_auc_score(actual, probability))})
