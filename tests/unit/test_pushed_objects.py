"""The hook of the project template before a push, on real repositories whose remotes are folders."""

from __future__ import annotations

import dataclasses
import io
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.cli import main as dvc_command

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = next(ROOT.glob("roles/cookiecutter_publish/files/cookiecutter-ds-project/*/ci/pushed_objects.py"))


@dataclasses.dataclass(frozen=True)
class Work:
    path: Path

    def git(self, *argv: str) -> str:
        return subprocess.run(["git", *argv], check=True, capture_output=True, text=True).stdout.strip()

    def dvc(self, *argv: str) -> None:
        assert dvc_command([*argv, "--quiet"]) == 0

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def add(self, name: str, content: str) -> str:
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
        self.dvc("add", name.partition("/")[0])
        return self.commit(f"Add {name}")

    def hook(self, branch: str = "HEAD") -> str | None:
        """What it refuses, as Git calls it where nothing was pushed yet."""
        name = self.git("rev-parse", "--symbolic-full-name", branch)
        refs = f"{name} {self.git('rev-parse', branch)} refs/heads/main {'0' * 40}\n"
        return self._script("origin", refs=refs)

    def bring(self, branch: str = "main") -> str | None:
        return self._script("--push", "origin", branch)

    def _script(self, *argv: str, refs: str = "") -> str | None:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
            patch.setattr(sys, "argv", [str(SCRIPT), *argv])
            patch.setattr(sys, "stdin", io.StringIO(refs))
            runpy.run_path(str(SCRIPT), run_name="__main__")
        return end.value.code

    def object(self, store: str, content: str) -> Path:
        (found,) = (file for file in (self.path / store).rglob("*") if file.is_file() and file.read_text() == content)
        return found


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    folders = {"DVC_SITE_CACHE_DIR": "site", "DVC_GLOBAL_CONFIG_DIR": "global", "DVC_SYSTEM_CONFIG_DIR": "system"}
    person = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "DVC_NO_ANALYTICS": "1"}
    for name, value in ({name: str(tmp_path / folder) for name, folder in folders.items()} | person | alone).items():
        monkeypatch.setenv(name, value)
    made = Work(tmp_path / "work")
    made.path.mkdir()
    monkeypatch.chdir(made.path)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    made.dvc("init")
    (made.path / ".gitignore").write_text("/store*\n")
    # of a relative path DVC looks for another folder in an old commit
    made.dvc("remote", "add", "--default", "dev", str(made.path / "store"))
    return made


def test_remote_is_asked_where_it_is_today(work):
    """The commits before the last name an address that was wrong."""
    work.dvc("remote", "modify", "dev", "url", str(work.path / "store of yesterday"))
    work.add("one.csv", "1")
    work.add("two.csv", "2")
    work.dvc("remote", "modify", "dev", "url", str(work.path / "store"))
    work.commit("Correct the address")
    work.dvc("push")
    assert work.hook() is None


def test_data_on_a_remote_of_yesterday_is_not_there_today(work):
    first = work.add("one.csv", "1")
    work.add("two.csv", "2")
    work.dvc("push")
    work.dvc("remote", "modify", "dev", "url", str(work.path / "store of today"))
    last = work.add("three.csv", "3")
    said = work.hook()
    assert f"Push refused: DVC remote dev: one.csv of commit {first[:10]} cannot be had from it" in said
    assert f"run `uv run python {SCRIPT} --push origin main` first" in said
    work.dvc("push", "one.csv", "two.csv")
    assert f"three.csv of commit {last[:10]} cannot be had from it; run `uv run dvc push` first" in work.hook()
    work.dvc("push")
    assert work.hook() is None


def test_all_commits_are_brought_to_today_s_remote(work):
    work.add("one.csv", "1")
    work.add("one.csv", "2")
    work.dvc("remote", "modify", "dev", "url", str(work.path / "store of today"))
    work.commit("Move")
    work.dvc("push", "--all-commits")
    assert work.hook(), "DVC brings the data of old commits to the old address"
    assert work.bring() is None
    assert work.hook() is None


def test_file_that_was_removed_below_its_folder_s_list_is_missed_and_brought_back(work):
    work.add("pictures/one.txt", "1")
    commit = work.add("pictures/two.txt", "2")
    work.dvc("push", "--all-commits")
    assert work.hook() is None
    lost = work.object("store", "2")
    lost.unlink()
    said = work.hook()
    assert f"DVC remote dev: pictures/two.txt of commit {commit[:10]} cannot be had" in said
    work.dvc("push")
    assert not lost.exists(), "DVC itself passes over it"
    assert f"`uv run python {SCRIPT} --push origin main`" in said
    assert work.bring() is None
    assert lost.read_text() == "2" and work.hook() is None


def test_what_is_neither_there_nor_here_cannot_be_pushed(work):
    commit = work.add("one.csv", "1")
    shutil.rmtree(work.path / ".dvc" / "cache")
    (work.path / "one.csv").unlink()
    for said, verdict in ((work.hook(), "Push refused"), (work.bring(), "Not all is there")):
        assert f"{verdict}: DVC remote dev: one.csv of commit {commit[:10]}" in said and "nor from this machine" in said


def test_list_of_a_folder_that_is_not_whole_is_kept_back(work):
    commit = work.add("pictures/one.txt", "1")
    work.add("pictures/two.txt", "2")
    work.object(".dvc/cache", "1").unlink()
    assert f"pictures/one.txt of commit {commit[:10]} cannot be had from it; nor from this machine" in work.bring()
    assert work.object("store", "2") and not list((work.path / "store").rglob("*.dir"))


def test_what_another_branch_needs_is_brought(work):
    work.git("checkout", "--quiet", "-b", "topic")
    work.add("one.csv", "1")
    work.git("checkout", "--quiet", "--orphan", "main")
    work.commit("Begin")
    assert "--push origin topic` first" in work.hook("topic"), "`uv run dvc push` is for what is checked out"
    assert work.bring("topic") is None
    assert work.hook("topic") is None


def test_list_of_a_folder_is_read_on_the_remote_where_it_is_not_here(work):
    commit = work.add("pictures/one.txt", "1")
    work.dvc("push")
    shutil.rmtree(work.path / ".dvc" / "cache")
    assert work.hook() is None
    work.object("store", "1").unlink()
    assert f"pictures/one.txt of commit {commit[:10]} cannot be had" in work.hook()
