"""A database of an older MLflow: dumped, brought to this one's schema, and served again with all that was in it."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import docker
import pytest
import requests
from sessions import execute_sql

ROOT = Path(__file__).resolve().parents[2]
KNOWN = (ROOT / "roles/mlflow/files/image/schema-revisions").read_text().splitlines()
# MLflow 2.18's
OLD = "0584bdc529eb"
MAKE_OLD = f"""
import sqlalchemy
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base
uri = "postgresql+psycopg2://mlflow@/mlflow?host=/run/postgresql"
engine = sqlalchemy.create_engine(uri)
Base.metadata.create_all(engine)
config = _get_alembic_config(uri)
command.upgrade(config, "{OLD}")
"""


@pytest.fixture
def old_database(stack: t.Any) -> t.Iterator[None]:
    """What an MLflow 2.18 left behind, with one experiment; afterwards an empty database for the tests that follow."""
    engine = docker.from_env()
    image = engine.api.inspect_container("test-mlflow")["Config"]["Image"]
    empty = ("drop database mlflow with (force)", "create database mlflow owner mlflow template template0")
    execute_sql(stack.postgres_socket, *empty)
    volumes = ["--volume", f"{stack.root}/opt/mlflow:/etc/mlflow:ro"]
    volumes += ["--volume", f"{stack.root}/opt/postgres/run:/run/postgresql"]
    command = ["docker", "run", "--rm", *volumes, "--env", "PGPASSFILE=/etc/mlflow/pgpass", "--entrypoint", "python3"]
    made = subprocess.run([*command, image, "-c", MAKE_OLD], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    execute_sql(
        stack.postgres_socket,
        "set role mlflow; insert into experiments (experiment_id, name, artifact_location, lifecycle_stage) "
        "values (0, 'Default', 'mlflow-artifacts:/0', 'active'), (7, 'of old', 'mlflow-artifacts:/7', 'active')",
        database="mlflow",
    )
    yield
    execute_sql(stack.postgres_socket, *empty)
    stack.playbook("site.yml")


def test_a_database_of_old_is_dumped_and_upgraded(old_database: None, stack: t.Any, mlflow: t.Any) -> None:
    assert OLD in KNOWN
    dumps = stack.root / "srv/mlflow/dumps"
    before = set(dumps.glob("*")) if dumps.exists() else set()
    said = stack.playbook("site.yml").stdout
    (dump,) = set(dumps.glob("*")) - before
    assert re.fullmatch(rf"mlflow-{OLD}-\d{{8}}T\d{{6}}Z\.dump", dump.name)
    assert dump.read_bytes()[:5] == b"PGDMP" and dump.stat().st_mode & 0o777 == 0o600
    assert said.index("Stop the server, since") < said.index("upgrade | Dump the database")
    found = requests.get(f"{mlflow.endpoint}/api/2.0/mlflow/experiments/get", params={"experiment_id": 7}, timeout=30)
    assert found.json()["experiment"]["name"] == "of old"
    assert "changed=0 " in stack.playbook("site.yml").stdout


def test_a_dump_that_fails_ends_nothing(old_database: None, stack: t.Any) -> None:
    execute_sql(stack.postgres_socket, "create schema of_another create table kept (x int)", database="mlflow")
    there = docker.from_env().api.inspect_container("test-mlflow")
    refused = stack.playbook("site.yml", check=False)
    assert refused.returncode != 0 and "mlflow cannot be dumped, so nothing was upgraded" in refused.stdout
    assert "permission denied for schema of_another" in refused.stdout
    found = docker.from_env().api.inspect_container("test-mlflow")
    assert found["Id"] == there["Id"] and found["State"]["StartedAt"] > there["State"]["StartedAt"]
    assert execute_sql(stack.postgres_socket, "select version_num from alembic_version", database="mlflow") == [(OLD,)]
