"""The server as a data scientist has it: a tunnel as README says, a key, and a template that is published."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from gitea import Gitea, gitea
from run_module import run_module
from s3 import s3_client
from workplace import SLUG, Bucket, Project, home, started

__all__ = ["gitea", "home", "run_module"]

PORTS = {"s3": 29000, "mlflow": 25000, "git": 23000}


@pytest.fixture(scope="module")
def addresses(tunnel: t.Callable[[int, int], str]) -> dict[str, str]:
    """The services at the ports that they have on the server: only there are the published addresses right."""
    return {name: tunnel(port, port) for name, port in PORTS.items()}


@pytest.fixture(scope="session")
def keys() -> Path:
    """The folder with the keys that the platform's people hand over."""
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "secrets" / "keys"


@pytest.fixture(scope="module")
def bucket(addresses: dict[str, str], secrets: dict[str, str]) -> Bucket:
    password = secrets["minio_administrator_password"]
    return Bucket(s3_client(addresses["s3"], "administrator", password, retries={"mode": "standard"}))


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory,
    addresses: dict[str, str],
    bucket: Bucket,
    home: Path,
    gitea: Gitea,
    keys: Path,
) -> t.Iterator[Project]:
    """The project `churn` of the inventory; every address in it is what the role published."""
    bucket.clear(f"{SLUG}/")
    published = f"git+{addresses['git']}/platform/cookiecutter-ds-project"
    yield started(tmp_path_factory.mktemp("projects"), home, gitea, keys, published=published)
    bucket.clear(f"{SLUG}/")
