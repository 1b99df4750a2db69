"""Stage ingest: the raw table, as it came.

The data set that ships with scikit-learn stands for yours. Put the way your data comes here (a query, a folder of
``datasets/``), or track a file with ``dvc add`` and let the stage ``features`` depend on it.
"""

from __future__ import annotations

import pandas as pd
from sklearn.datasets import load_breast_cancer

from . import RAW


def ingest() -> pd.DataFrame:
    """One row for each sample: its id, thirty measurements, and what the laboratory found."""
    source = load_breast_cancer(as_frame=True)
    table = source.data.rename(columns=lambda name: name.replace(" ", "_"))
    table.insert(0, "sample", range(1, len(table) + 1))
    table["diagnosis"] = source.target.map(dict(enumerate(source.target_names)))
    return table


if __name__ == "__main__":
    RAW.parent.mkdir(parents=True, exist_ok=True)
    ingest().to_csv(RAW, index=False)
