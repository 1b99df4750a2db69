"""What the project template pins."""

from __future__ import annotations

import json
import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "roles" / "cookiecutter_publish" / "files" / "cookiecutter-ds-project"
PROJECT = TEMPLATE / "{{cookiecutter.slug}}"


@pytest.fixture(scope="module")
def pyproject() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())


def name(requirement: str) -> str:
    return re.split(r"[\[=<>~! ;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_every_package_that_a_group_names_is_pinned(pyproject):
    pins = pyproject["tool"]["uv"]["constraint-dependencies"]
    assert all(re.fullmatch(r"[a-z0-9-]+==[^ ]+( ; .+)?", pin) for pin in pins)
    asked = {name(each) for group in pyproject["dependency-groups"].values() for each in group}
    assert list(pyproject["dependency-groups"]) == ["base", "ml", "eval", "dev"]
    assert asked <= {name(pin) for pin in pins}


def test_mlflow_of_a_project_is_the_server_s(pyproject):
    served = re.search(
        r"^mlflow==(\S+)", (ROOT / "roles/mlflow/files/image/requirements.txt").read_text(), re.MULTILINE
    )
    assert f"mlflow-skinny=={served[1]}" in pyproject["dependency-groups"]["base"]


def test_pins_are_taken_out_before_they_are_renewed():
    """Else a renewed lock would hold what the old one did."""
    script = runpy.run_path(str(ROOT / ".ci" / "pins.py"))
    for file in script["FILES"]:
        project = tomllib.loads(script["as_a_project"](file.read_text()))
        before = tomllib.loads(file.read_text())
        assert before["tool"]["uv"]["constraint-dependencies"]
        assert project["tool"]["uv"].pop("constraint-dependencies") == []
        assert project.get("dependency-groups") == before.get("dependency-groups")
        assert project["project"]["dependencies"] == before["project"]["dependencies"]


def test_version_can_be_a_tag():
    assert re.fullmatch(r"\d+\.\d+\.\d+", json.loads((TEMPLATE / "cookiecutter.json").read_text())["_version"])
