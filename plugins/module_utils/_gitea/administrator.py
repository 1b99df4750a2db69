# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. An administrator with a declared password, which no command line ever holds."""

from __future__ import annotations

import contextlib
import re
import secrets
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError, StackError
from ansible_collections.repro.stack.plugins.module_utils._gitea.connection import basic, path
from ansible_collections.repro.stack.plugins.module_utils._http import JsonClient
from ansible_collections.repro.stack.plugins.module_utils._module import library
from ansible_collections.repro.stack.plugins.module_utils._reconcile import (
    SECRET_AS_DECLARED,
    SECRET_DIFFERS,
    Resource,
    State,
)

# Exists for the time of a repair, with a password that nobody knows.
HELPER = "repro.stack-repair"
TOKEN = re.compile(r"^[0-9a-f]{40}$", re.MULTILINE)


class Administrator(Resource):
    """State: {"name", "administrator": whether it is one, "password": a word for it, "left_behind": names of accounts}.

    Two calls say that all is well. Whatever is wrong is put right by an administrator that the program in the
    container makes for it: the API alone takes a password without showing it, and gives a lost right back.
    """

    def __init__(
        self,
        connect: t.Callable[[str], JsonClient],
        gitea: t.Callable[..., str],
        *,
        name: str,
        password: str,
        email: str,
    ) -> None:
        """``connect(authorization)`` opens the API, ``gitea(*arguments)`` runs the program in the container."""
        self._connect, self._gitea = connect, gitea
        self._name, self._password, self._email = name, password, email

    def read(self) -> State | None:
        user = self._signed_in()
        if user:
            helper = self._as_declared().call("GET", path("users", HELPER), missing_ok=True)
            administrator, password, left_behind = user["is_admin"], SECRET_AS_DECLARED, helper is not None
        else:
            listed = self._listed()
            if self._name.lower() not in listed:
                return None
            administrator, password = listed[self._name.lower()]["administrator"], SECRET_DIFFERS
            left_behind = HELPER in listed
        return {
            "name": self._name,
            "administrator": administrator,
            "password": password,
            "left_behind": [HELPER] if left_behind else [],
        }

    def create(self, desired: State) -> None:
        with self._helper() as client:
            who = {"username": self._name, "email": self._email, "password": self._password}
            client.call("POST", path("admin", "users"), {**who, "must_change_password": False})
            self._settle(client)

    def update(self, changes: State) -> None:
        if set(changes) == {"left_behind"}:
            self._remove_helper()
            return
        with self._helper() as client:
            self._settle(client)

    def _settle(self, client: JsonClient) -> None:
        known = {"source_id": 0, "login_name": self._name, "password": self._password}
        free = {"admin": True, "active": True, "prohibit_login": False, "must_change_password": False}
        client.call("PATCH", path("admin", "users", self._name), {**known, **free})
        if not self._signed_in():
            raise StackError(
                f"Gitea refuses the password of {self._name} that it has just been given: two-factor authentication, "
                "or ENABLE_BASIC_AUTHENTICATION = false, keeps this module out"
            )

    def _signed_in(self) -> dict[str, t.Any] | None:
        try:
            return self._as_declared().call("GET", path("user"))
        except ServiceError as error:
            if error.status in (401, 403):
                return None
            raise

    def _as_declared(self) -> JsonClient:
        return self._connect(basic(self._name, self._password))

    def _listed(self) -> dict[str, State]:
        """Columns: id, name, address, active, administrator, two-factor."""
        lines = [line.split() for line in self._gitea("admin", "user", "list").splitlines()]
        return {
            line[1].lower(): {"administrator": line[-2] == "true"}
            for line in lines
            if len(line) >= 6 and line[0].isdigit()
        }

    @contextlib.contextmanager
    def _helper(self) -> t.Iterator[JsonClient]:
        """The API as an administrator that is gone afterwards; one that an interrupted run left is used again."""
        if HELPER not in self._listed():
            self._gitea(
                *("admin", "user", "create", "--admin", "--random-password", "--must-change-password=false"),
                *(f"--username={HELPER}", f"--email={HELPER}@noreply.invalid"),
            )
        try:
            said = self._gitea(
                *("admin", "user", "generate-access-token", "--raw", "--scopes=write:admin"),
                *(f"--username={HELPER}", f"--token-name={secrets.token_hex(8)}"),
            )
            token = TOKEN.search(said)
            if token is None:
                raise StackError(f"`gitea admin user generate-access-token` gave no token for {HELPER}")
            yield self._connect(f"token {token[0]}")
        except StackError:
            with contextlib.suppress(StackError):  # what went wrong before it is what to tell
                self._remove_helper()
            raise
        self._remove_helper()

    def _remove_helper(self) -> None:
        self._gitea("admin", "user", "delete", f"--username={HELPER}")


def program_in(container: str, config: str) -> t.Callable[..., str]:
    """Runs Gitea's own program in its container; what it prints is for the caller alone."""

    def run(*arguments: str) -> str:
        docker = library("docker")
        command = ["gitea", f"--config={config}", *arguments]
        try:
            code, (printed, complained) = docker.from_env().containers.get(container).exec_run(command, demux=True)
        except docker.errors.DockerException as error:
            raise StackError(f"Gitea's program in the container {container} cannot be run: {error}") from error
        if code:
            words = (complained or b"").decode(errors="replace").strip().splitlines() or [f"it ended with {code}"]
            raise StackError(f"`gitea {' '.join(arguments[:3])}` in the container {container}: {words[-1]}")
        return (printed or b"").decode(errors="replace")

    return run
