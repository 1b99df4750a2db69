"""A project made from the template by cookiecutter itself, on the test stack."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest
from s3 import s3_client
from workplace import ADDRESSES, KEYS, SLUG, Bucket, Project, bake, environment


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def bucket(minio: t.Any) -> Bucket:
    return Bucket(s3_client(minio.endpoint, minio.access_key, minio.secret_key))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, home: Path, bucket: Bucket, gitea: t.Any) -> t.Iterator[Project]:
    """The project `churn` of the inventory as alice starts it, who may write: with her key, the hooks and a forge."""
    bucket.clear(f"{SLUG}/")
    folder = tmp_path_factory.mktemp("projects")
    env = environment(home, **gitea.git_environment())
    bake(folder, env, project_name="Churn", slug=SLUG, author="Alice <alice@example.org>", **ADDRESSES)
    made = Project(folder / SLUG, env)
    made.git("config", "--global", "user.name", "Alice")
    made.git("config", "--global", "user.email", "alice@example.org")
    key = folder / "keys of alice" / "churn"  # as people name folders
    key.parent.mkdir()
    shutil.copy(KEYS / "alice", key)
    made.make("key", f"FILE=../{key.parent.name}/{key.name}")
    made.make("hooks")
    created = gitea.api("POST", "/user/repos", {"name": SLUG, "auto_init": False, "default_branch": "main"})
    assert created.status_code == 201, created.text
    made.git("remote", "add", "origin", f"{gitea.endpoint}/{gitea.user}/{SLUG}.git")
    yield made
    bucket.clear(f"{SLUG}/")
