"""mlflow_schema_info against the real server and its real schema."""

from __future__ import annotations

import typing as t
import uuid
from pathlib import Path

import pytest
from sessions import execute_sql

RunModule = t.Callable[..., dict[str, t.Any]]
ROOT = Path(__file__).resolve().parents[2]
KNOWN = (ROOT / "roles/mlflow/files/image/schema-revisions").read_text().splitlines()


@pytest.fixture
def run(run_module: RunModule, postgres: t.Any) -> RunModule:
    def run(**options: t.Any) -> dict[str, t.Any]:
        given = {"login_unix_socket": postgres.socket, "name": postgres.database, "known_revisions": KNOWN} | options
        return run_module("mlflow_schema_info", **given)

    run.failed = run_module.failed
    return run


def test_the_server_runs_with_its_own_schema(run: RunModule, mlflow: t.Any) -> None:
    for check_mode in (True, False):
        answer = run(check_mode=check_mode)
        assert not answer["changed"]
        assert answer["schema"] == {"state": "current", "revision": KNOWN[-1]}


def test_an_older_server_does_not_know_it(run: RunModule, mlflow: t.Any) -> None:
    assert run(known_revisions=KNOWN[:-1])["schema"] == {"state": "unknown", "revision": KNOWN[-1]}


def test_a_newer_server_would_upgrade_it(run: RunModule, mlflow: t.Any) -> None:
    assert run(known_revisions=[*KNOWN, "newer"])["schema"] == {"state": "older", "revision": KNOWN[-1]}


def test_what_is_not_there_has_no_revision(run: RunModule) -> None:
    assert run(name="no-such-database")["schema"] == {"state": "missing", "revision": None}
    assert run(name="postgres")["schema"] == {"state": "empty", "revision": None}


def test_tables_of_another_program_are_unknown(run: RunModule, postgres: t.Any) -> None:
    name = f"live_{uuid.uuid4().hex[:8]}"
    execute_sql(postgres.socket, f"create database {name}")
    try:
        execute_sql(postgres.socket, "create table users (id int)", database=name)
        assert run(name=name)["schema"]["state"] == "unknown"
    finally:
        execute_sql(postgres.socket, f"drop database {name} with (force)")


def test_a_server_that_does_not_run_may_be_expected(run: RunModule) -> None:
    absent = {"login_unix_socket": "/nonexistent"}
    assert run(required=False, **absent)["schema"] == {"state": "unreachable", "revision": None}
    with pytest.raises(run.failed, match="PostgreSQL at /nonexistent cannot be used"):
        run(**absent)
