"""What the tests share: the modules of the package, and the real data in small."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

PACKAGE = "{{ cookiecutter.slug }}"


def module(name: str) -> ModuleType:
    return import_module(f"{PACKAGE}.{name}")


@pytest.fixture
def wanted() -> dict[str, Any]:
    """The schema, as the stages read it."""
    return import_module(PACKAGE).schema()


@pytest.fixture
def samples(wanted: dict[str, Any]) -> pd.DataFrame:
    """A hundred rows, prepared as the pipeline prepares all of them."""
    features, parameters = module("features"), import_module(PACKAGE).parameters("features")
    return features.prepare(module("data").ingest().head(100), wanted["key"], **parameters)
