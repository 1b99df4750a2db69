"""What a new project is, and which are refused."""

from __future__ import annotations

import configparser
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from workplace import ADDRESSES, SLUG, TEMPLATE, bake, environment

BAD_SLUGS = {
    "Churn": "a letter a-z",
    "1churn": "a letter a-z",
    "churn-model": "nothing but a-z, 0-9 and _",
    "churn_": "not end with _",
    "../churn": "nothing but a-z, 0-9 and _",
    "c" * 41: "41 characters",
    "class": "word of the Python language",
    "json": "Python's own library",
    "numpy": "uses itself",
    "sklearn": "uses itself",
    "scikit_learn": "uses itself",
    "detect__secrets": "uses itself",
    "fastapi": "uses itself",
    "threadpoolctl": "uses itself",
    "conftest": "uses itself",
    "models": "uses itself",
}


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """A project by somebody whose Git knows no name; its name holds what could break a file."""
    folder = tmp_path_factory.mktemp("baked")
    name = """Who's "churning" & why: 50 % {more}"""
    bake(folder, environment(home), project_name=name, slug="why_churn", author='Ada "the" Byron <ada@example.org>')
    return folder / "why_churn"


def git(folder: Path, *argv: str) -> str:
    return subprocess.run(["git", *argv], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_bad_slug_is_refused_with_the_reason(slug, tmp_path, home):
    done = bake(tmp_path / "out", environment(home), check=False, slug=slug)
    assert done.returncode != 0
    assert repr(slug) in done.stdout and BAD_SLUGS[slug] in done.stdout
    assert list((tmp_path / "out").rglob("*")) == [], "a refused project leaves nothing"


def test_project_is_a_repository_with_one_commit_by_its_author(baked):
    assert git(baked, "log", "--format=%an|%ae|%D") == 'Ada "the" Byron|ada@example.org|HEAD -> main'
    assert git(baked, "status", "--porcelain", "--ignored") == ""
    tracked = set(git(baked, "ls-files").splitlines())
    assert {"uv.lock", "dvc.yaml", "params.yaml", ".dvc/config", "Makefile", "data/raw/.gitkeep"} <= tracked
    assert not any("cookiecutter" in name for name in tracked)


def test_nothing_of_the_template_is_left_in_it(baked):
    for name in git(baked, "ls-files").splitlines():
        text = (baked / name).read_text()
        assert "{{ cookiecutter" not in text and "{%" not in text, name
    for file in [*baked.glob("*.yaml"), *baked.glob(".gitea/workflows/*.yml"), baked / ".pre-commit-config.yaml"]:
        assert yaml.safe_load(file.read_text()), file.name
    assert tomllib.loads((baked / "pyproject.toml").read_text())["project"]["name"] == "why_churn"


def test_remotes_are_the_project_s_own_and_verify(baked):
    config = configparser.ConfigParser()
    config.read(baked / ".dvc" / "config")
    assert config["core"]["remote"] == "dev"
    for place in ("dev", "prod"):
        remote = dict(config[f"'remote \"{place}\"'"])
        assert remote.pop("jobs").isdigit()
        assert remote == {
            "url": f"s3://dvc/why_churn/{place}",
            "endpointurl": "http://127.0.0.1:9000",
            "region": "us-east-1",
            "verify": "true",
        }


def test_lock_has_what_the_pins_say_and_nothing_else(baked):
    """So a project of next year gets the packages that were tried, and not that year's."""
    pins = tomllib.loads((baked / "pyproject.toml").read_text())["tool"]["uv"]["constraint-dependencies"]
    pinned = {tuple(pin.partition(" ;")[0].split("==")) for pin in pins}
    packages = tomllib.loads((baked / "uv.lock").read_text())["package"]
    locked = {(each["name"], each["version"]) for each in packages if each["name"] != "why-churn"}
    assert locked == pinned


def test_project_is_whole_where_nothing_can_be_locked(tmp_path, home):
    """No index: a line says what to do, and all else is there."""
    env = environment(home, UV_OFFLINE="1", UV_CACHE_DIR=str(tmp_path / "cache"))
    done = bake(tmp_path / "out", env, slug=SLUG, **ADDRESSES)
    assert "uv.lock was not made" in done.stdout and "run `uv lock`" in done.stdout
    made = tmp_path / "out" / SLUG
    assert git(made, "status", "--porcelain") == "" and not (made / "uv.lock").exists()


def test_project_started_by_a_hook_of_another_repository_stays_out_of_it(tmp_path, home):
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    bake(outer / "inner", environment(home, GIT_DIR=str(outer / ".git"), UV_OFFLINE="1"), slug=SLUG)
    assert (outer / "inner" / SLUG / ".git").is_dir()
    assert subprocess.run(["git", "rev-parse", "HEAD"], cwd=outer, capture_output=True, check=False).returncode != 0


def test_template_s_licence_asks_for_nothing():
    assert "MIT No Attribution" in (TEMPLATE / "LICENSE").read_text()
