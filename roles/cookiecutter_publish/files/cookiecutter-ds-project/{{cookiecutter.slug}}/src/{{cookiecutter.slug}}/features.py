"""Stage features: the table that a model is trained and tested on."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pandas as pd

from . import RAW, SAMPLES, parameters, schema


def part(sample: object, test_share: float, seed: int) -> str:
    """A sample stays in its part when others come later: only its own id decides."""
    return "test" if crc32(f"{seed}:{sample}".encode()) / 2**32 < test_share else "train"


def prepare(raw: pd.DataFrame, key: str, test_share: float, logarithm: Sequence[str], seed: int) -> pd.DataFrame:
    """Rows are neither dropped nor repaired here, so that the quality gate sees what is wrong with them."""
    table = raw.copy()
    table[list(logarithm)] = np.log1p(table[list(logarithm)])
    table["part"] = [part(sample, test_share, seed) for sample in table[key]]
    return table


if __name__ == "__main__":
    SAMPLES.parent.mkdir(parents=True, exist_ok=True)
    prepare(pd.read_csv(RAW), schema()["key"], **parameters("features")).to_csv(SAMPLES, index=False)
