"""train: a classifier of the odd rows, with as much regularisation as params.yaml says."""

import pickle
from pathlib import Path

import pandas as pd
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parameters = yaml.safe_load(Path("params.yaml").read_text())["train"]
table = pd.read_csv("data/wine.csv")[1::2]
model = make_pipeline(StandardScaler(), LogisticRegression(C=parameters["C"], max_iter=1000))
model.fit(table.drop(columns="target"), table["target"])
Path("model.pkl").write_bytes(pickle.dumps(model))
