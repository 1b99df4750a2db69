"""What `make down` stops: it keeps the data, a run in check mode says so much, and the next run brings it up again."""

from __future__ import annotations

import re
import uuid

import docker
import pytest
import requests

SERVICES = ("test-gateway", "test-mlflow", "test-minio", "test-postgres")


@pytest.fixture
def experiment(mlflow):
    """Something that lies in PostgreSQL, reached through everything there is."""
    made = requests.post(
        f"{mlflow.endpoint}/api/2.0/mlflow/experiments/create", json={"name": f"kept-{uuid.uuid4()}"}, timeout=30
    )
    assert made.status_code == 200, made.text
    number = made.json()["experiment_id"]
    address = f"{mlflow.endpoint}/api/2.0/mlflow/experiments"
    yield lambda: requests.get(f"{address}/get", params={"experiment_id": number}, timeout=30).json()["experiment"]
    requests.post(f"{address}/delete", json={"experiment_id": number}, timeout=30).raise_for_status()


def running() -> set[str]:
    return {container.name for container in docker.from_env().containers.list()} & set(SERVICES)


def test_down_keeps_everything_and_the_next_run_starts_it(stack, experiment):
    before = experiment()
    assert running() == set(SERVICES)

    # what somebody removed is no obstacle, and a PostgreSQL is somebody else's where the inventory names one
    docker.from_env().api.remove_container("test-mlflow", force=True)
    stack.playbook("teardown.yml", "-e", "postgres_existing_dsn=postgresql://team@198.51.100.5/postgres")
    assert running() == {"test-postgres"}
    stack.playbook("teardown.yml")
    assert running() == set()
    foretold = stack.playbook("site.yml", "--check").stdout
    assert re.search(r"failed=0 ", foretold) and not re.search(r"changed=0 ", foretold)
    assert running() == set()

    stack.playbook("site.yml")
    assert running() == set(SERVICES)
    assert experiment() == before
    assert "changed=0 " in stack.playbook("site.yml").stdout
