"""Somebody else's sessions in the stack's PostgreSQL, to look and to change things by hand."""

from __future__ import annotations

import contextlib
import typing as t

import psycopg2


@contextlib.contextmanager
def session(socket: str, database: str = "postgres") -> t.Iterator[t.Any]:
    connection = psycopg2.connect(host=socket, user="postgres", dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def execute_sql(socket: str, *statements: str, database: str = "postgres") -> list[tuple[t.Any, ...]]:
    """What the last statement returns."""
    with session(socket, database) as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
