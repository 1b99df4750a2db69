"""The scratch clone, whatever this clone has of the history."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import module
from dvc.config import Config

REMOTE = """
['remote "dev"']
    url = s3://dvc/dev
"""
# prod is younger than the commits
KEYS = """
[cache]
    dir = /srv/cache
    shared = group
['remote "dev"']
    credentialpath = ../keys
['remote "prod"']
    credentialpath = ../keys
"""


def git(folder: Path, *argv: str) -> str:
    somebody = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    command = ["git", *somebody, *argv]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "code.py").write_text(text)
    (folder / ".dvc").mkdir(exist_ok=True)
    (folder / ".dvc" / "config").write_text(REMOTE)
    git(folder, "add", "code.py", ".dvc/config")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    return folder


@pytest.fixture
def first(origin: Path) -> str:
    return commit(origin, "first")


@pytest.fixture
def shallow(origin: Path, first: str, tmp_path: Path, monkeypatch) -> Path:
    """A clone of the last commit of the main branch alone, with somebody's keys, and whoever works in it."""
    commit(origin, "second")
    folder = tmp_path / "here"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{origin}", str(folder))
    (folder / ".dvc" / "config").write_text(REMOTE + REMOTE.replace("dev", "prod"))
    (folder / ".dvc" / "config.local").write_text(KEYS)
    monkeypatch.chdir(folder)
    return folder


def test_a_commit_that_this_clone_lacks_comes_from_origin(shallow, first, tmp_path):
    module("reproduce").clone(first, tmp_path / "scratch")
    assert (tmp_path / "scratch" / "code.py").read_text() == "first"


def test_the_scratch_clone_has_our_keys_and_a_cache_of_its_own(shallow, first, tmp_path):
    scratch = tmp_path / "scratch"
    module("reproduce").clone(first, scratch)
    found = Config(str(scratch / ".dvc")).read("local")
    assert found["remote"] == {"dev": {"credentialpath": str(shallow / "keys")}}
    assert found["cache"] == {"dir": str(scratch / ".dvc" / "cache")}


def test_a_commit_of_another_branch_comes_from_origin(shallow, origin, tmp_path):
    git(origin, "checkout", "--quiet", "-b", "other")
    other = commit(origin, "other")
    module("reproduce").clone(other, tmp_path / "scratch")
    assert (tmp_path / "scratch" / "code.py").read_text() == "other"


def test_a_commit_on_no_branch_is_cloned(shallow, tmp_path):
    lost = commit(shallow, "lost")
    git(shallow, "reset", "--quiet", "--hard", "HEAD^")
    module("reproduce").clone(lost, tmp_path / "scratch")
    assert (tmp_path / "scratch" / "code.py").read_text() == "lost"


def test_a_commit_that_cannot_be_had_says_why(shallow, origin, tmp_path):
    reproduce = module("reproduce")
    sentence = f"Commit {'1' * 40} is neither in this repository nor at its origin: fatal: "
    with pytest.raises(reproduce.Refused, match=f"{sentence}.*not our ref"):
        reproduce.clone("1" * 40, tmp_path / "scratch")
    origin.rename(tmp_path / "moved")
    with pytest.raises(reproduce.Refused, match=f"{sentence}.*does not appear to be a git repository"):
        reproduce.clone("1" * 40, tmp_path / "scratch")
