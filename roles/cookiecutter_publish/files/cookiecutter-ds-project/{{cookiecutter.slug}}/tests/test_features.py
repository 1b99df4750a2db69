from __future__ import annotations

import numpy as np
from conftest import module


def test_every_column_of_the_schema_is_there(samples, wanted):
    assert {wanted["key"], wanted["label"], *wanted["features"]} <= set(samples.columns)


def test_a_sample_stays_in_its_part_when_others_come(wanted):
    raw, prepare = module("data").ingest(), module("features").prepare
    few, many = (prepare(rows, wanted["key"], 0.25, [], seed=1)["part"] for rows in (raw.head(50), raw))
    assert few.tolist() == many.head(50).tolist()
    assert 0.15 < (many == "test").mean() < 0.35
    assert many.tolist() != prepare(raw, wanted["key"], 0.25, [], seed=2)["part"].tolist()


def test_logarithms_and_nothing_else(wanted):
    raw = module("data").ingest().head(5)
    prepared = module("features").prepare(raw, wanted["key"], 0.25, ["mean_area"], seed=1)
    assert np.allclose(np.expm1(prepared["mean_area"]), raw["mean_area"])
    assert prepared[list(raw.columns.drop("mean_area"))].equals(raw.drop(columns="mean_area"))


def test_rows_without_a_label_reach_the_gate(wanted):
    raw = module("data").ingest().head(5)
    raw.loc[3, wanted["label"]] = None
    assert len(module("features").prepare(raw, wanted["key"], 0.25, [], seed=1)) == 5
