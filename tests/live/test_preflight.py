"""What the preflight says of the containers of somebody else."""

from __future__ import annotations

import json

import docker
import pytest

EXISTING = {"postgres_existing_dsn": "postgresql://team:a-long-password@198.51.100.5/postgres"}


@pytest.fixture
def somebody_elses():
    """A container with nothing of the stack."""
    engine = docker.from_env().api
    engine.import_image_from_data(bytes(1024), repository="team/postgres", tag="latest")
    made = engine.create_container("team/postgres:latest", command="postgres", name="test-team-postgres")
    yield "test-team-postgres"
    engine.remove_container(made["Id"])
    engine.remove_image("team/postgres:latest")


@pytest.mark.parametrize(("options", "refused"), [({}, True), (EXISTING, False)])
def test_a_name_is_taken_only_where_a_container_of_it_would_be_run(stack, somebody_elses, options, refused):
    given = json.dumps({"postgres_container": somebody_elses, **options})
    ran = stack.playbook("site.yml", "--check", "--tags", "preflight", "-e", given, check=False)
    assert (ran.returncode != 0) is refused, ran.stdout
    assert (somebody_elses in ran.stdout) is refused
