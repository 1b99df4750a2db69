from __future__ import annotations

import pandas as pd
import pytest
from conftest import module

BOUNDS = {"min_rows": 50, "class_share": {"min": 0.2, "max": 0.8}}


def without_label(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(diagnosis=samples["diagnosis"].where(samples["sample"] != 8))


def unknown_label(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(diagnosis=samples["diagnosis"].where(samples["sample"] != 8, "perhaps"))


def one_sided(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(diagnosis=["malignant"] * 90 + ["benign"] * 10)


def twice(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(sample=samples["sample"].replace(8, 1))


def not_a_number(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(mean_area=samples["mean_area"].where(samples["sample"] != 8))


def without_column(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.drop(columns="mean_area")


def few(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.sort_values("diagnosis").iloc[10:59]


def problems(samples, wanted) -> list[str]:
    return list(module("quality").problems(samples, wanted, BOUNDS))


def test_good_data_passes(samples, wanted):
    assert problems(samples, wanted) == []


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without_label, "1 rows have no label (diagnosis), the first is sample 8."),
        (unknown_label, "diagnosis has values that the schema does not know: perhaps."),
        (twice, "sample 1 occurs more than once."),
        (not_a_number, "mean_area must be a number in every row."),
        (without_column, "columns are missing: mean_area."),
        (few, "49 rows are fewer than quality.min_rows, 50."),
    ],
)
def test_bad_data_is_named(samples, wanted, spoil, sentence):
    assert problems(spoil(samples), wanted) == [sentence]


def test_a_class_out_of_bounds_is_named(samples, wanted):
    assert problems(one_sided(samples), wanted) == [
        "class benign makes up 0.100 of the rows, outside quality.class_share, 0.2 to 0.8.",
        "class malignant makes up 0.900 of the rows, outside quality.class_share, 0.2 to 0.8.",
    ]
