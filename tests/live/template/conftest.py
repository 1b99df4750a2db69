"""A project made from the template by cookiecutter itself, on the test stack."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from gitea import Gitea
from s3 import s3_client
from workplace import ADDRESSES, KEYS, SLUG, Bucket, Project, home, started

__all__ = ["home"]


@pytest.fixture(scope="session")
def bucket(minio: t.Any) -> Bucket:
    return Bucket(s3_client(minio.endpoint, minio.access_key, minio.secret_key))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, home: Path, bucket: Bucket, gitea: Gitea) -> t.Iterator[Project]:
    """The project `churn` of the inventory as alice starts it."""
    bucket.clear(f"{SLUG}/")
    yield started(tmp_path_factory.mktemp("projects"), home, gitea, KEYS, **ADDRESSES)
    bucket.clear(f"{SLUG}/")


@pytest.fixture(scope="module")
def main(project: Project) -> Project:
    """The project with its first figures on the forge, wherever another test left it."""
    project.git("checkout", "--quiet", "main")
    project.make("eval")
    if project.git("status", "--porcelain"):
        project.commit("Figures")
    project.dvc("push", "--all-commits", "--run-cache")
    project.git("push", "--quiet", "-u", "origin", "main")
    return project


@pytest.fixture
def branch(main: Project, request: pytest.FixtureRequest) -> t.Iterator[Project]:
    """The project on a branch of the test's own."""
    main.git("checkout", "--quiet", "-b", request.node.name)
    yield main
    main.git("checkout", "--quiet", "--force", "main")
    main.dvc("checkout")
