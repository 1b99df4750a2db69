"""Stage quality: nothing is trained on data that breaks schemas/samples.yaml or the bounds in params.yaml."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd

from . import SAMPLES, parameters, schema, write_json


def shares(samples: pd.DataFrame, label: str) -> dict[str, float]:
    return {str(name): float(share) for name, share in samples[label].value_counts(normalize=True).items()}


def problems(samples: pd.DataFrame, wanted: dict[str, Any], bounds: dict[str, Any]) -> Iterator[str]:
    """A sentence for each thing that is wrong."""
    key, label, features = wanted["key"], wanted["label"], wanted["features"]
    absent = sorted({key, label, *features} - set(samples.columns))
    if absent:
        yield f"columns are missing: {', '.join(absent)}."
        return
    if len(samples) < bounds["min_rows"]:
        yield f"{len(samples)} rows are fewer than quality.min_rows, {bounds['min_rows']}."
    repeated = samples.loc[samples[key].duplicated(), key]
    if len(repeated):
        yield f"{key} {repeated.iloc[0]} occurs more than once."
    unlabelled = samples.loc[samples[label].isna(), key]
    if len(unlabelled):
        yield f"{len(unlabelled)} rows have no label ({label}), the first is {key} {unlabelled.iloc[0]}."
    unknown = sorted(set(samples[label].dropna()) - set(wanted["classes"]))
    if unknown:
        yield f"{label} has values that the schema does not know: {', '.join(map(str, unknown))}."
    for name in features:
        if not pd.api.types.is_numeric_dtype(samples[name]) or samples[name].isna().any():
            yield f"{name} must be a number in every row."
    found = shares(samples, label)
    for name in wanted["classes"]:
        share, low, high = found.get(name, 0.0), bounds["class_share"]["min"], bounds["class_share"]["max"]
        if not low <= share <= high:
            yield f"class {name} makes up {share:.3f} of the rows, outside quality.class_share, {low} to {high}."


if __name__ == "__main__":
    table = pd.read_csv(SAMPLES)
    found = [f"{SAMPLES}: {problem}" for problem in problems(table, schema(), parameters("quality"))]
    if found:
        sys.exit("\n".join(found))
    write_json("metrics/quality.json", {"rows": len(table), "share": shares(table, schema()["label"])})
