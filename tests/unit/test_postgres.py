"""What the PostgreSQL modules decide without a server: passwords and verifiers, addresses, names, desired states."""

from __future__ import annotations

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._postgres.connection import Server, parse_dsn
from ansible_collections.repro.stack.plugins.module_utils._postgres.database import Database, desired_state
from ansible_collections.repro.stack.plugins.module_utils._postgres.scram import is_password_of, prepare

# made by libpq's PQencryptPasswordConn
VERIFIERS = {
    "pencil": "SCRAM-SHA-256$4096:skYdDbrJ+w8RdkjSlM2U6A==$2WBpD1WLX/xtIvAj8wny42X3/WhFCfub1aZmTLz5HQI="
    ":HVOyzalS/+mZds0s37XHI1rkWhAA8cIwpWrF4xN31So=",
    "pässwörd": "SCRAM-SHA-256$4096:ri9q8zur1I7taN24zpV37A==$RBSVX4vtyc7pGfA6sY3VonNpzXTSewC+9K7gYro88o0="
    ":WKHOBHFun8irxh+YYLytMatbcGvqmh9TxPjWx7qiMTk=",
    "Ⅸ ﬁ\u00ad\u00a0x": "SCRAM-SHA-256$4096:LI9lsYm/uee/xPLlbAgHFw==$t4JJK3KUqocHNBigaNW6gnzxa62p+uZZpwC+bpKf6CA="
    ":1aSJ8nPgeOpeOxNmw5VOu5kb0CD2vyNU4rhLNXNv894=",
    "a\u0001b é": "SCRAM-SHA-256$4096:eJbpLknim4BI29bEk5Umug==$062f45KCyRWLa+LY/L0GF6AnIG/74m9XwxT9M8Wic6M="
    ":A3P23taAOj3v6c/qWdIaIxWtqT1KXlZcwvbDOAByBZM=",
    "\u0627abc": "SCRAM-SHA-256$4096:WC00ZowG4E3Y3X/NoADhQA==$umo9yIf1vKRoQixpAbH1nGKQjgymO0TF/DzqpuTira8="
    ":iXLyYr6eJrXz6mrCEA4yMShOBqerecE1PTn0cSMeNQU=",
}


@pytest.mark.parametrize("password", VERIFIERS)
def test_a_password_is_told_from_another_by_its_verifier(password):
    assert is_password_of(VERIFIERS[password], password)
    for other in {*VERIFIERS, password + "x", ""} - {password}:
        assert not is_password_of(VERIFIERS[password], other)


@pytest.mark.parametrize("verifier", [None, "", "md5d2e4a2e4a2e4a2e4a2e4a2e4a2e4a2e4", "SCRAM-SHA-256$4096:c2FsdA==$x"])
def test_what_is_no_verifier_belongs_to_no_password(verifier):
    assert not is_password_of(verifier, "pencil")


def test_equal_looking_passwords_are_equal():
    assert prepare("a\u00ad\u00a0\u2168") == "a IX"


@pytest.mark.parametrize(
    ("dsn", "parts"),
    [
        (
            "postgresql://u:p%40w@db:5433/x",
            {"user": "u", "password": "p@w", "host": "db", "port": "5433", "dbname": "x"},
        ),
        ("postgres://u@db", {"user": "u", "host": "db", "dbname": "postgres"}),
        ("postgresql:///x?host=/run/postgresql", {"host": "/run/postgresql", "dbname": "x"}),
    ],
)
def test_an_address_is_taken_apart(dsn, parts):
    assert parse_dsn(dsn) == parts


@pytest.mark.parametrize(
    ("dsn", "sentence"),
    [
        ("mysql://u:hunter2@db/x", "must be an address that starts with postgresql://, not mysql://"),
        ("postgresql+asyncpg://u:hunter2@db/x", r"not postgresql\+asyncpg://"),
        ("host=db password=hunter2", "not another form"),
        ("postgresql://u:hunter2@2@db/x", "more than one @"),
        ("postgresql://u:hunter2@db/x?nonsense=1", "is not an address that PostgreSQL's library understands"),
    ],
)
def test_an_unusable_address_is_one_sentence_without_its_password(dsn, sentence):
    with pytest.raises(InvalidInputError, match=sentence) as raised:
        parse_dsn(dsn)
    assert "hunter2" not in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "owner"),
    [("", "x"), ("x", "y" * 64), ("ä" * 32, "x"), ("template1", "x"), ("postgres", "x"), ("a\0b", "x")],
)
def test_a_name_that_postgresql_would_cut_or_needs_itself_is_refused(name, owner):
    with pytest.raises(InvalidInputError):
        Database(Server({}, "nowhere", read_only=True), name, owner, None)


def test_the_owner_needs_no_mention_among_those_who_connect():
    desired = desired_state("x", "x", connect=["x", "y"], encoding="UTF8", locale=None, has_password=False)
    assert desired["privileges"] == {"x": ["CONNECT", "CREATE", "TEMPORARY"], "y": ["CONNECT"]}
    assert desired["password"] is None
