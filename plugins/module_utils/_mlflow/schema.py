# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Which version of MLflow's schema a database has, and whether a server knows it."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._postgres.connection import UNREACHABLE, Server

FIND_TABLES = """
select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where relkind in ('r', 'p') and nspname = any(current_schemas(false))"""
VERSION_TABLE = "alembic_version"
# What MLflow makes first, before it writes a version.
FIRST_TABLES = {"experiments", "runs", "metrics", "params", "tags"}


def read_schema(server: Server, database: str, known: t.Sequence[str], *, required: bool) -> dict[str, t.Any]:
    """{"state": ..., "revision": ...}; a server that nobody answers for is a state unless it is ``required``."""
    try:
        with server.session() as cursor:
            cursor.execute("select from pg_database where datname = %s", [database])
            if cursor.fetchone() is None:
                return {"state": "missing", "revision": None}
        with server.session(database) as cursor:
            cursor.execute(FIND_TABLES)
            tables = {name for (name,) in cursor.fetchall()}
            revisions = []
            if VERSION_TABLE in tables:
                cursor.execute("select version_num from alembic_version order by 1")
                revisions = [revision for (revision,) in cursor.fetchall()]
    except ServiceError as error:
        if error.code == UNREACHABLE and not required:
            return {"state": UNREACHABLE, "revision": None}
        raise
    revision = " and ".join(revisions) or None
    return {"state": judge(tables - {VERSION_TABLE}, revision, known), "revision": revision}


def judge(tables: t.Collection[str], revision: str | None, known: t.Sequence[str]) -> str:
    """``known`` are the revisions that the server knows, oldest first."""
    if revision is None:
        if not tables:
            return "empty"
        # without a version: a first start that was interrupted, or not MLflow's
        return "older" if set(tables) >= FIRST_TABLES else "unknown"
    if revision not in known:
        return "unknown"
    return "current" if revision == known[-1] else "older"
