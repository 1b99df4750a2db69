"""postgres_database against the real server: its life, what drifts, and what must never happen."""

from __future__ import annotations

import subprocess
import typing as t
import uuid

import pytest
from psycopg2 import sql
from sessions import session

RunModule = t.Callable[..., dict[str, t.Any]]
PASSWORD = "a right Password: with \\ and ' 1234"


def execute(cursor: t.Any, statement: str, **names: str) -> None:
    cursor.execute(sql.SQL(statement).format(**{key: sql.Identifier(value) for key, value in names.items()}))


@pytest.fixture
def name(postgres: t.Any) -> t.Iterator[str]:
    """A name that needs quotes; whatever has it is gone afterwards."""
    name = f"live-{uuid.uuid4().hex[:8]} \"Q'"
    yield name
    with session(postgres.socket) as cursor:
        execute(cursor, "drop database if exists {name} with (force)", name=name)
        execute(cursor, "drop role if exists {name}", name=name)


@pytest.fixture
def run(run_module: RunModule, postgres: t.Any, name: str) -> RunModule:
    def run(*, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        login = {"login_unix_socket": postgres.socket, "name": name}
        return run_module("postgres_database", check_mode=check_mode, **login, **options)

    run.failed = run_module.failed
    return run


@pytest.fixture
def kept(run: RunModule, name: str) -> RunModule:
    """The module with a database that is as declared."""

    def keep(**options: t.Any) -> dict[str, t.Any]:
        return run(password=PASSWORD, **options)

    keep()
    keep.failed = run.failed
    return keep


def test_life(run: RunModule, name: str) -> None:
    for options in ({"password": PASSWORD}, {"password": "another Password 1234"}, {"state": "absent"}):
        foretold = run(check_mode=True, **options)
        done = run(**options)
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"]["before"] == done["diff"]["before"]
        for again in (run(check_mode=True, **options), run(**options)):
            assert not again["changed"]
            assert again["diff"]["before"] == again["diff"]["after"]
    assert done["database"] is None


def test_what_it_makes(kept: RunModule, name: str) -> None:
    assert kept()["database"] == {
        "name": name,
        "owner": name,
        "encoding": "UTF8",
        "locale": "C.UTF-8",
        "role_attributes": ["LOGIN"],
        "password": "as declared",
        "privileges": {name: ["CONNECT", "CREATE", "TEMPORARY"]},
        "database_attributes": [],
        "public_schema": {"owner": name, "privileges": ["CREATE", "USAGE"], "withheld": []},
    }


@pytest.mark.parametrize(
    ("inside", "statement", "field"),
    [
        (False, "revoke connect on database {name} from {name}", "privileges"),
        (False, "grant connect on database {name} to public", "privileges"),
        (False, "grant temporary on database {name} to pg_monitor with grant option", "privileges"),
        (False, "alter database {name} owner to postgres", "owner"),
        (False, "alter role {name} superuser createrole", "role_attributes"),
        (False, "alter role {name} nologin", "role_attributes"),
        (False, "alter role {name} connection limit 0", "role_attributes"),
        (False, "alter role {name} valid until '2001-01-01'", "role_attributes"),
        (False, "alter role {name} set statement_timeout = '1ms'", "role_attributes"),
        (False, "alter role {name} in database {name} set search_path = nowhere", "role_attributes"),
        (False, "grant pg_read_all_data, pg_monitor to {name}", "role_attributes"),
        (False, "grant {name} to pg_monitor", "role_attributes"),
        (False, "alter database {name} set default_transaction_read_only = on", "database_attributes"),
        (False, "alter database {name} connection limit 0 is_template true", "database_attributes"),
        (False, "alter database {name} allow_connections false", "database_attributes"),
        (False, "alter role {name} password 'other'", "password"),
        (False, "alter role {name} password null", "password"),
        (True, "alter schema public owner to postgres", "public_schema"),
        (True, "revoke all on schema public from pg_database_owner, {name}", "public_schema"),
        (True, "drop schema public cascade", "public_schema"),
        (True, "alter table runs owner to postgres", "public_schema"),
        (True, "alter view best owner to pg_monitor", "public_schema"),
        (True, "revoke all on runs from {name}", "public_schema"),
        (True, "revoke update on runs from {name}", "public_schema"),
        (True, "revoke usage on sequence runs_id_seq from {name}", "public_schema"),
        (True, 'create table "of a ""visitor" (x int)', "public_schema"),
    ],
)
def test_drift_is_found_named_and_repaired(
    kept: RunModule, postgres: t.Any, name: str, inside: bool, statement: str, field: str
) -> None:
    with session(postgres.socket, name) as cursor:
        execute(cursor, "set role {name}", name=name)
        cursor.execute("create table runs (id serial, score float); create view best as select max(score) from runs")
    right = kept()["database"]
    with session(postgres.socket, name if inside else "postgres") as cursor:
        execute(cursor, statement, name=name)
    foretold = kept(check_mode=True)
    repaired = kept()
    for outcome in (foretold, repaired):
        assert outcome["changed"]
        assert outcome["diff"]["before"][field] != right[field]
        assert outcome["diff"]["after"] == right
    assert not kept()["changed"]


OVERRIDE = "copy (select '{}') to '/var/lib/postgresql/data/postgresql.auto.conf'"
RELOAD = "select pg_reload_conf(), pg_sleep(1)"


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["alter role all set default_transaction_read_only = on"], ["SET default_transaction_read_only"]),
        ([OVERRIDE.format("log_min_messages = error"), RELOAD], ["SET log_min_messages"]),
        ([OVERRIDE.format("log_min_messages = error"), RELOAD, OVERRIDE.format("")], ["SET log_min_messages"]),
        ([OVERRIDE.format("max_connections = 50"), RELOAD], ["SET max_connections"]),
        ([OVERRIDE.format("= no configuration")], ["syntax error"]),
    ],
    ids=["for every role", "overriding file", "overriding file that is gone", "for the next start", "no configuration"],
)
def test_what_is_set_for_everybody_is_drift_in_a_server_of_ours(
    kept: RunModule, postgres: t.Any, statements: list[str], found: list[str]
) -> None:
    right = kept(exclusive=True)["database"]
    assert right["server_settings"] == []
    try:
        with session(postgres.socket) as cursor:
            for statement in statements:
                cursor.execute(statement)
        assert not kept()["changed"]
        foretold = kept(check_mode=True, exclusive=True)
        repaired = kept(exclusive=True)
    finally:
        kept(exclusive=True)
    for outcome in (foretold, repaired):
        assert outcome["changed"]
        assert outcome["diff"]["before"] == {**right, "server_settings": found}
        assert outcome["diff"]["after"] == right
    assert not kept(exclusive=True)["changed"]
    with session(postgres.socket) as cursor:
        cursor.execute("show default_transaction_read_only")
        assert cursor.fetchone() == ("off",)
        cursor.execute("show log_min_messages")
        assert cursor.fetchone() == ("warning",)


def test_what_an_extension_brought_is_left_to_it(kept: RunModule, postgres: t.Any, name: str) -> None:
    with session(postgres.socket, name) as cursor:
        cursor.execute("create extension pg_stat_statements")
    assert not kept()["changed"]


def test_others_connect_only_if_named(kept: RunModule, postgres: t.Any, name: str) -> None:
    named = kept(connect=["pg_monitor"])
    assert named["changed"] and named["database"]["privileges"]["pg_monitor"] == ["CONNECT"]
    assert not kept(connect=["pg_monitor"])["changed"]
    assert "pg_monitor" not in kept()["database"]["privileges"]
    with pytest.raises(kept.failed, match='role "nobody-of-this-name" does not exist'):
        kept(connect=["nobody-of-this-name"])


def test_another_owner_takes_over(run: RunModule, kept: RunModule, postgres: t.Any, name: str) -> None:
    other = f"live-{uuid.uuid4().hex[:8]}"
    try:
        taken = run(owner=other, password=PASSWORD)["database"]
        assert taken["owner"] == taken["public_schema"]["owner"] == other
        assert list(taken["privileges"]) == [other]
        assert not run(owner=other, password=PASSWORD)["changed"]
    finally:
        run(state="absent", force=True)
        with session(postgres.socket) as cursor:
            execute(cursor, "drop role if exists {name}", name=other)


def test_a_database_left_halfway_is_completed(run: RunModule, postgres: t.Any, name: str) -> None:
    with session(postgres.socket) as cursor:
        execute(cursor, "create role {name}", name=name)
        execute(cursor, "create database {name} owner {name} template template0", name=name)
    assert run(password=PASSWORD)["changed"]
    assert not run(password=PASSWORD)["changed"]


def test_the_encoding_is_fixed_at_creation(kept: RunModule) -> None:
    for check_mode in (True, False):
        with pytest.raises(kept.failed, match="encoding is 'UTF8' and cannot become 'LATIN1'"):
            kept(encoding="LATIN1", check_mode=check_mode)
    with pytest.raises(kept.failed, match=r"locale is 'C.UTF-8' and cannot become 'C'"):
        kept(locale="C")


def test_data_are_removed_only_by_force(run: RunModule, kept: RunModule, postgres: t.Any, name: str) -> None:
    with session(postgres.socket, name) as cursor:
        cursor.execute("create table precious (x int)")
    for check_mode in (True, False):
        with pytest.raises(run.failed, match="holds 1 relations: force=true"):
            run(state="absent", check_mode=check_mode)
    with session(postgres.socket, name):
        assert run(state="absent", force=True)["changed"]


def test_the_server_itself_refuses_writes_in_check_mode(postgres: t.Any) -> None:
    from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
    from ansible_collections.repro.stack.plugins.module_utils._postgres.connection import Server

    server = Server({"host": postgres.socket, "user": "postgres", "dbname": "postgres"}, "here", read_only=True)
    with pytest.raises(ServiceError, match="read-only transaction"), server.session() as cursor:
        cursor.execute("create role should_not_exist")


def test_the_password_is_nowhere_to_be_read(kept: RunModule, run: RunModule, postgres: t.Any, name: str) -> None:
    with session(postgres.socket) as cursor:
        cursor.execute("select rolpassword from pg_authid where rolname = %s", [name])
        (verifier,) = cursor.fetchone()
    assert verifier.startswith("SCRAM-SHA-256$")
    rotated = run(password="hunter2 hunter2 hunter2")
    assert rotated["diff"]["before"]["password"] == "different from the declared one"
    assert rotated["diff"]["after"]["password"] == "as declared"
    assert "hunter2" not in str(rotated) and "SCRAM" not in str(rotated)


def test_a_server_that_logs_every_statement_logs_no_password(run: RunModule, postgres: t.Any) -> None:
    with session(postgres.socket) as cursor:
        cursor.execute("alter role postgres set log_statement = 'all'")
    try:
        run(password="hunter2 hunter2 hunter2")
    finally:
        with session(postgres.socket) as cursor:
            cursor.execute("alter role postgres reset log_statement")
    container = getattr(postgres, "container", "test-postgres")
    logged = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
    assert "password 'SCRAM-SHA-256$" in logged.stdout + logged.stderr
    assert "hunter2" not in logged.stdout + logged.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"owner": "postgres"}, "postgres administers the server"),
        ({"login_user": "nobody"}, "cannot be used"),
        (
            {"login_unix_socket": "/nonexistent"},
            "PostgreSQL at /nonexistent cannot be used: .*No such file or directory",
        ),
    ],
)
def test_what_cannot_work_is_one_sentence(
    run_module: RunModule, postgres: t.Any, name: str, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(run_module.failed, match=sentence) as raised:
        run_module("postgres_database", **({"login_unix_socket": postgres.socket, "name": name} | options))
    assert "\n" not in str(raised.value)


def test_an_address_serves_as_well_as_a_socket(run_module: RunModule, postgres: t.Any, name: str) -> None:
    login = {"login_dsn": f"postgresql://postgres@/postgres?host={postgres.socket}", "name": name, "password": PASSWORD}
    assert run_module("postgres_database", **login)["changed"]
    assert not run_module("postgres_database", **login)["changed"]
