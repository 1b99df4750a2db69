# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A database that one role owns and that only named roles may connect to."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._module import library
from ansible_collections.repro.stack.plugins.module_utils._postgres import queries, server_settings
from ansible_collections.repro.stack.plugins.module_utils._postgres.connection import Server
from ansible_collections.repro.stack.plugins.module_utils._postgres.scram import is_password_of
from ansible_collections.repro.stack.plugins.module_utils._reconcile import (
    SECRET_AS_DECLARED,
    SECRET_DIFFERS,
    Resource,
    State,
)

PUBLIC = "PUBLIC"
LONGEST_NAME = 63
SERVERS_OWN = ("postgres", "template0", "template1")
# What a service's role may be: nothing but someone who logs in.
ROLE_ATTRIBUTES = ["LOGIN"]


def desired_state(
    name: str,
    owner: str,
    *,
    connect: t.Iterable[str],
    encoding: str,
    locale: str | None,
    has_password: bool,
    exclusive: bool = False,
) -> State:
    """What a service's database is like, in the words of Database.read()."""
    return {
        "name": name,
        "owner": owner,
        "encoding": encoding,
        "locale": locale,
        "role_attributes": ROLE_ATTRIBUTES,
        "password": SECRET_AS_DECLARED if has_password else None,
        "privileges": {**{role: ["CONNECT"] for role in connect}, owner: ["CONNECT", "CREATE", "TEMPORARY"]},
        "database_attributes": [],
        "public_schema": {"owner": owner, "privileges": ["CREATE", "USAGE"], "withheld": []},
        "server_settings": [] if exclusive else None,
    }


class Database(Resource):
    """Reads and writes with two sessions: role and database from outside, its schema public from inside."""

    immutable = ("encoding", "locale")

    def __init__(
        self,
        server: Server,
        name: str,
        owner: str,
        password: str | None,
        *,
        keep_data: bool = False,
        exclusive: bool = False,
    ) -> None:
        for word in (name, owner):
            if not 0 < len(word.encode()) <= LONGEST_NAME or "\0" in word:
                raise InvalidInputError(f"{word!r} is no name for PostgreSQL: it takes 1 to {LONGEST_NAME} bytes")
        if name in SERVERS_OWN:
            raise InvalidInputError(f"The database {name} is the server's own and cannot be given to a service")
        self._server = server
        self._name = name
        self._owner = owner
        self._password = password
        self._keep_data = keep_data
        self._exclusive = exclusive

    def read(self) -> State | None:
        with self._server.session() as cursor:
            cursor.execute("select session_user")
            if cursor.fetchone()[0] == self._owner:
                raise InvalidInputError(
                    f"{self._owner} administers the server: it cannot own the database {self._name}"
                )
            cursor.execute(queries.FIND_DATABASE, [self._name])
            database = cursor.fetchone()
            if database is None:
                return None
            cursor.execute(queries.FIND_PRIVILEGES, [self._name])
            privileges = dict(cursor.fetchall())
            cursor.execute(queries.FIND_ROLE, [self._owner])
            role = cursor.fetchone()
            password = self._read_password(cursor)
            server = {"server_settings": server_settings.read(cursor)} if self._exclusive else {}
        open_to_connections = database[3]
        relations, schema = self._read_inside(role is not None) if open_to_connections else (None, None)
        if self._keep_data and relations != 0:
            many = "relations that cannot be counted" if relations is None else f"{relations} relations"
            raise StackError(f"The database {self._name} holds {many}: force=true removes them all")
        return {
            "name": self._name,
            "owner": database[0],
            "encoding": database[1],
            "locale": database[2],
            "role_attributes": role[0] if role else None,
            **password,
            "privileges": privileges,
            "database_attributes": database[4],
            "public_schema": schema,
            **server,
        }

    def _read_inside(self, has_owner: bool) -> tuple[int, State]:
        """How many relations there are, and the schema public."""
        with self._server.session(self._name) as cursor:
            cursor.execute(queries.FIND_SCHEMA, [self._owner])
            owner, privileges = cursor.fetchone() or (None, [])
            withheld = _withheld(cursor, self._owner) if has_owner else []
            cursor.execute(queries.COUNT_RELATIONS)
            return cursor.fetchone()[0], {"owner": owner, "privileges": privileges, "withheld": withheld}

    def create(self, desired: State) -> None:
        with self._server.session() as cursor:
            self._make_role(cursor)
            locale = desired.get("locale")
            cursor.execute(
                _compose(
                    "create database {} owner {} template template0 encoding {}" + (" locale {}" if locale else ""),
                    *(self._name, self._owner),
                    literals=[desired["encoding"], *([locale] if locale else [])],
                )
            )
        # An interruption from here on leaves a database that the next run finds and completes.
        self.update(desired)

    def update(self, changes: State) -> None:
        with self._server.session() as cursor:
            self._make_role(cursor)
            if "role_attributes" in changes:
                self._write_role(cursor)
            if "database_attributes" in changes:
                plain = "allow_connections true connection limit -1 is_template false"
                cursor.execute(_compose(f"alter database {{}} {plain}", self._name))
                cursor.execute(_compose("alter database {} reset all", self._name))
            if "password" in changes:
                self._write_password(cursor)
            if "owner" in changes:
                cursor.execute(_compose("alter database {} owner to {}", self._name, self._owner))
            if "privileges" in changes:
                self._write_privileges(cursor, changes["privileges"])
            if "server_settings" in changes:
                server_settings.reset(cursor)
        if "public_schema" in changes:
            with self._server.session(self._name) as cursor:
                cursor.execute(_compose("create schema if not exists public authorization {}", self._owner))
                cursor.execute(_compose("alter schema public owner to {}", self._owner))
                cursor.execute(_compose("grant all on schema public to {}", self._owner))
                for relation in _withheld(cursor, self._owner):
                    cursor.execute(_compose("alter table public.{} owner to {}", relation, self._owner))
                # those that came back with their tables are withheld no more, but a right can still be missing
                for relation in _withheld(cursor, self._owner):
                    cursor.execute(_compose("grant all on public.{} to {}", relation, self._owner))

    def delete(self) -> None:
        with self._server.session() as cursor:
            cursor.execute(_compose("drop database {}" + ("" if self._keep_data else " with (force)"), self._name))

    def _make_role(self, cursor: t.Any) -> None:
        cursor.execute(queries.FIND_ROLE, [self._owner])
        if cursor.fetchone() is None:
            cursor.execute(_compose("create role {} login", self._owner))

    def _write_role(self, cursor: t.Any) -> None:
        """Nothing but someone who logs in, whenever and with whatever settings the server has for all."""
        plain = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit -1"
        cursor.execute(_compose(f"alter role {{}} {plain} valid until 'infinity'", self._owner))
        cursor.execute(queries.FIND_MEMBERSHIPS, [self._owner])
        for role, member, grantor in cursor.fetchall():
            cursor.execute(_compose("revoke {} from {} granted by {}", role, member, grantor))
        cursor.execute(queries.FIND_ROLE_SETTINGS, [self._owner])
        for (database,) in cursor.fetchall():
            if database is None:
                cursor.execute(_compose("alter role {} reset all", self._owner))
            else:
                cursor.execute(_compose("alter role {} in database {} reset all", self._owner, database))

    def _read_password(self, cursor: t.Any) -> State:
        if self._password is None:
            return {}
        cursor.execute("select rolpassword from pg_authid where rolname = %s", [self._owner])
        verifier = cursor.fetchone() or (None,)
        same = is_password_of(verifier[0], self._password)
        return {"password": SECRET_AS_DECLARED if same else SECRET_DIFFERS}

    def _write_password(self, cursor: t.Any) -> None:
        """Only the verifier is sent, so that no log of the server can hold the password."""
        verifier = library("psycopg2.extensions").encrypt_password(
            self._password, self._owner, scope=cursor.connection, algorithm="scram-sha-256"
        )
        cursor.execute(_compose("alter role {} password {}", self._owner, literals=[verifier]))

    def _write_privileges(self, cursor: t.Any, wanted: dict[str, list[str]]) -> None:
        """All of them in one transaction: nobody is locked out in between."""
        cursor.execute(queries.FIND_PRIVILEGES, [self._name])
        current = dict(cursor.fetchall())
        statements = []
        for role in sorted({*current, *wanted}):
            if current.get(role) != wanted.get(role):
                statements.append(_on_database("revoke all on database {} from {} cascade", self._name, role))
            if role in wanted and current.get(role) != wanted[role]:
                granted = ", ".join(wanted[role])
                statements.append(_on_database(f"grant {granted} on database {{}} to {{}}", self._name, role))
        if statements:
            cursor.execute(library("psycopg2.sql").SQL("; ").join(statements))


def _withheld(cursor: t.Any, owner: str) -> list[str]:
    """Names of the relations in the schema public that the owner of the database does not own or may not use."""
    cursor.execute("select quote_ident(%s)", [owner])
    cursor.execute(queries.FIND_WITHHELD, {"owner": cursor.fetchone()[0]})
    return [name for (name,) in cursor.fetchall()]


def _compose(statement: str, *identifiers: str, literals: t.Iterable[str] = ()) -> t.Any:
    """The statement with its {} filled in, quoted by PostgreSQL's own rules: identifiers first, then literals."""
    sql = library("psycopg2.sql")
    return sql.SQL(statement).format(
        *[sql.Identifier(each) for each in identifiers], *[sql.Literal(each) for each in literals]
    )


def _on_database(statement: str, name: str, role: str) -> t.Any:
    sql = library("psycopg2.sql")
    return sql.SQL(statement).format(sql.Identifier(name), sql.SQL(PUBLIC) if role == PUBLIC else sql.Identifier(role))
