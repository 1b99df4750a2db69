"""MLflow works in the team's PostgreSQL."""

from __future__ import annotations

import pytest


@pytest.fixture
def query(as_user):
    return lambda database, text: as_user("postgres", "psql", "-At", "-d", database, given=text).strip()


def test_mlflow_owns_its_database_there(query):
    assert query("postgres", "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'mlflow'") == "mlflow"
    assert query("mlflow", "SELECT count(*) FROM alembic_version") == "1"


def test_mlflow_is_connected_as_itself(query, tunnel):
    assert query("postgres", "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'mlflow'") == "mlflow"


def test_nobody_else_may_connect_to_it(query):
    granted = "SELECT has_database_privilege('public', 'mlflow', 'CONNECT')"
    assert query("postgres", granted) == "f"
