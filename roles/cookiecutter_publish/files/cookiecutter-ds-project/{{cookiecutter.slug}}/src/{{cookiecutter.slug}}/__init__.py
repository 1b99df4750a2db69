"""The pipeline: each stage of dvc.yaml is one module here, run from the project's folder.

A stage reads what dvc.yaml declares, writes what dvc.yaml declares, and talks to no server: the same inputs give the same
bytes. `mlflow_utils` records the outcome, `registry` publishes it, `serve` answers with it, `reproduce` proves it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = __name__

RAW = Path("data/raw/tumours.csv")
SAMPLES = Path("data/processed/samples.csv")
SCHEMA = Path("schemas/samples.yaml")
MODEL = Path("models/model.pkl")


class Refused(Exception):
    """One sentence: what is not possible, and the way out."""


def parameters(stage: str) -> dict[str, Any]:
    """The section of params.yaml with the stage's name."""
    return yaml.safe_load(Path("params.yaml").read_text())[stage]


def schema() -> dict[str, Any]:
    """What the prepared table must look like."""
    return yaml.safe_load(SCHEMA.read_text())


def write_json(path: str, values: Mapping[str, Any]) -> None:
    """The same values are the same bytes."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
