"""How people work in a project that cookiecutter made from the template."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from gitea import Gitea

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "roles" / "cookiecutter_publish" / "files" / "cookiecutter-ds-project"
KEYS = ROOT / "tests" / "live" / "inventory" / ".keys" / "localhost"
BIN = Path(sys.executable).parent
SLUG = "churn"
ADDRESSES = {"_mlflow_tracking_uri": "http://127.0.0.1:15000", "_s3_endpoint": "http://127.0.0.1:19000"}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs of a person keep what is theirs."""
    folder = tmp_path_factory.mktemp("home")
    # in a folder that is everybody's, cookiecutter removes the template that another run has just fetched
    kept = {f"{name}_dir": str(folder / name) for name in ("cookiecutters", "replay")}
    (folder / "cookiecutter.yml").write_text(json.dumps(kept))
    return folder


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a person's shell has who has uv and nothing of this repository: no keys, no identity for Git."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "GIT_AUTHOR", "GIT_COMMITTER", "MLFLOW_", "VIRTUAL_ENV"))
    }
    return {
        **kept,
        "PATH": f"{BIN}:{kept['PATH']}",
        "UV_SYSTEM_CERTS": "true",
        # a clone that differs is left there
        "TMPDIR": str(home),
        "COOKIECUTTER_CONFIG": str(home / "cookiecutter.yml"),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_SYSTEM": os.devnull,
        "DVC_GLOBAL_CONFIG_DIR": str(home / "dvc"),
        "DVC_SITE_CACHE_DIR": str(home / "dvc-site"),
        **more,
    }


def finished(
    argv: t.Sequence[str | Path], *, check: bool, env: dict[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The finished program, its output in one text; where ``check`` is set a failure is the test's."""
    command = [str(part) for part in argv]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if check and done.returncode != 0:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}")
    return done


@dataclasses.dataclass(frozen=True)
class Project:
    """A clone, and the shell of whoever works in it."""

    path: Path
    environment: dict[str, str] = dataclasses.field(repr=False)

    def run(self, *argv: str | Path, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        return finished(argv, check=check, cwd=self.path, env={**self.environment, **more})

    def make(self, *targets: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("make", *targets, check=check, **more)

    def dvc(self, *argv: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("uv", "run", "--frozen", "dvc", *argv, check=check, **more)

    def git(self, *argv: str, check: bool = True, **more: str) -> str:
        return self.run("git", *argv, check=check, **more).stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def clone(self, path: Path) -> Project:
        """Somebody else's clone of what was pushed."""
        self.run("git", "clone", "--quiet", self.git("remote", "get-url", "origin"), str(path))
        return Project(path, self.environment)


def bake(
    folder: Path, env: dict[str, str], *, published: str = "", check: bool = True, **answers: str
) -> subprocess.CompletedProcess[str]:
    """cookiecutter with answers instead of questions, on the template in this repository or where it is published."""
    folder.mkdir(exist_ok=True)
    template = published or folder.with_name(f"{folder.name}-template")
    if not published:
        # without what linters leave in a working tree
        left = shutil.ignore_patterns(".ruff_cache", "__pycache__")
        shutil.copytree(TEMPLATE, template, ignore=left, dirs_exist_ok=True)
    words = [f"{name}={value}" for name, value in answers.items()]
    command = [BIN / "cookiecutter", "--no-input", "--output-dir", folder, template, *words]
    return finished(command, check=check, env=env)


def started(folder: Path, home: Path, forge: Gitea, keys: Path, **answers: str) -> Project:
    """The project `churn` as alice starts it, who may write: with her key, the hooks and a repository on the forge."""
    env = environment(home, **forge.git_environment())
    bake(folder, env, project_name="Churn", slug=SLUG, author="Alice <alice@example.org>", **answers)
    made = Project(folder / SLUG, env)
    made.git("config", "--global", "user.name", "Alice")
    made.git("config", "--global", "user.email", "alice@example.org")
    key = folder / "keys of alice" / "churn"  # as people name folders
    key.parent.mkdir()
    shutil.copy(keys / "alice", key)
    made.make("key", f"FILE=../{key.parent.name}/{key.name}")
    made.make("hooks")
    created = forge.api("POST", "/user/repos", {"name": SLUG, "auto_init": False, "default_branch": "main"})
    assert created.status_code == 201, created.text
    made.git("remote", "add", "origin", f"{forge.endpoint}/{forge.user}/{SLUG}.git")
    return made


class Bucket:
    """The administrator's view of what a project has on the stack."""

    def __init__(self, client: t.Any) -> None:
        self._client = client

    def keys(self, prefix: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket="dvc", Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        return self._client.get_object(Bucket="dvc", Key=key)["Body"].read()

    def write(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket="dvc", Key=key, Body=content)

    def clear(self, prefix: str) -> None:
        for key in self.keys(prefix):
            self._client.delete_object(Bucket="dvc", Key=key)
