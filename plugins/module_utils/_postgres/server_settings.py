# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What somebody set for everybody in a PostgreSQL server, past its declared configuration."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._postgres import queries

RELOAD_SECONDS = 10


def read(cursor: t.Any) -> list[str]:
    cursor.execute(queries.FIND_SERVER_SETTINGS, {"file": _auto_conf(cursor)})
    return [setting for (setting,) in cursor.fetchall()]


def reset(cursor: t.Any) -> None:
    """Without ALTER SYSTEM, which allow_alter_system refuses; done when the server has reloaded."""
    cursor.execute("alter role all reset all")
    cursor.execute("copy (select where false) to %s", [_auto_conf(cursor)])
    cursor.execute("select pg_reload_conf()")
    deadline = time.monotonic() + RELOAD_SECONDS
    while read(cursor) and time.monotonic() < deadline:
        time.sleep(0.1)


def _auto_conf(cursor: t.Any) -> str:
    cursor.execute("select current_setting('data_directory')")
    return f"{cursor.fetchone()[0]}/postgresql.auto.conf"
