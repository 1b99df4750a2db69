"""What the project template pins."""

from __future__ import annotations

import getpass
import json
import os
import re
import runpy
import subprocess
import tomllib
from pathlib import Path

import jinja2
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


@pytest.mark.parametrize("error", [KeyError, OSError], ids=["until Python 3.12", "since 3.13"])
def test_user_without_a_name_can_start_a_project(error, tmp_path, monkeypatch):
    """As in a container that runs as any number."""

    def nobody() -> str:
        raise error("uid not found")

    answers = {"slug": "churn", "author": "", "_version": "1.0.0", "_git_forge": ""}
    hook = tmp_path / "hook.py"
    hook.write_text(
        jinja2.Template((TEMPLATE / "hooks" / "post_gen_project.py").read_text()).render(cookiecutter=answers)
    )
    (tmp_path / "churn").mkdir()
    (tmp_path / "churn" / "pyproject.toml").write_text("[project]\n")
    monkeypatch.chdir(tmp_path / "churn")
    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setenv("UV", "/nowhere/uv")
    for scope in ("GLOBAL", "SYSTEM"):
        monkeypatch.setenv(f"GIT_CONFIG_{scope}", os.devnull)
    runpy.run_path(str(hook))
    said = subprocess.run(["git", "log", "--format=%an|%ae"], capture_output=True, text=True, check=True).stdout
    assert said == f"user{os.getuid()}|user{os.getuid()}@localhost\n"
