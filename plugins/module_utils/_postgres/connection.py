# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Sessions with a PostgreSQL server, which itself refuses every write in check mode."""

from __future__ import annotations

import contextlib
import typing as t
from urllib.parse import urlsplit

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError
from ansible_collections.repro.stack.plugins.module_utils._module import library

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, t.Any] = {
    "login_dsn": {"type": "str", "no_log": True},
    "login_unix_socket": {"type": "path"},
    "login_user": {"type": "str", "default": "postgres"},
}
ONE_OF = [("login_dsn", "login_unix_socket")]
SCHEMES = ("postgresql", "postgres")
# How libpq words that nobody answers (yet); its connection errors carry no code.
NOBODY = ("No such file or directory", "Connection refused", "the database system is")
UNREACHABLE = "unreachable"


class Server:
    """A server and who speaks with it; ``read_only`` makes the server refuse any write."""

    def __init__(self, login: dict[str, str], where: str, *, read_only: bool) -> None:
        self._login = login
        self._where = where
        self._read_only = read_only

    @contextlib.contextmanager
    def session(self, database: str | None = None) -> t.Iterator[t.Any]:
        """A cursor that commits each statement, in ``database`` (None: the one that the login names)."""
        psycopg2 = library("psycopg2", "psycopg2-binary")
        login = {**self._login, **({"dbname": database} if database else {})}
        try:
            connection = psycopg2.connect(**login, connect_timeout=10, application_name="repro.stack")
        except psycopg2.Error as error:
            raise ServiceError(
                f"PostgreSQL at {self._where} cannot be used: {_sentence(error)}",
                code=UNREACHABLE if any(word in str(error) for word in NOBODY) else "",
            ) from error
        try:
            connection.set_session(autocommit=True, readonly=self._read_only)
            with connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            raise ServiceError(
                f"PostgreSQL at {self._where} refused a statement: {_sentence(error)}", code=error.pgcode or ""
            ) from error
        finally:
            connection.close()


def connect(module: AnsibleModule) -> Server:
    """The server that the module's login options name."""
    if module.params["login_dsn"] is not None:
        login = parse_dsn(module.params["login_dsn"])
        where = login.get("host", "the address in login_dsn")
    else:
        where = module.params["login_unix_socket"]
        login = {"host": where, "user": module.params["login_user"], "dbname": "postgres"}
    return Server(login, where, read_only=module.check_mode)


def parse_dsn(dsn: str) -> dict[str, str]:
    """The parts of a libpq address; errors name no part of it, since it holds a password."""
    scheme = urlsplit(dsn).scheme if "://" in dsn else ""
    if scheme not in SCHEMES:
        other = f"{scheme}://" if scheme else "another form"
        raise InvalidInputError(f"login_dsn must be an address that starts with postgresql://, not {other}")
    psycopg2 = library("psycopg2", "psycopg2-binary")
    try:
        parts = library("psycopg2.extensions", "psycopg2-binary").parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        raise InvalidInputError("login_dsn is not an address that PostgreSQL's library understands") from None
    if "@" in parts.get("host", ""):
        raise InvalidInputError("login_dsn has more than one @: write the ones in its password as %40")
    return {"dbname": "postgres", **parts}


def _sentence(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
