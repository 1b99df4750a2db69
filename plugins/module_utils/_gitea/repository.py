# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A repository of the forge. What is in it is Git's matter."""

from __future__ import annotations

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._gitea.connection import path
from ansible_collections.repro.stack.plugins.module_utils._http import JsonClient
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State

FIELDS = ("description", "website", "private", "default_branch", "archived")


class Repository(Resource):
    def __init__(self, client: JsonClient, owner: str, name: str, *, leaving: bool = False) -> None:
        self._client = client
        self._owner = owner
        self._name = name
        self._path = path("repos", owner, name)
        self._leaving = leaving

    def read(self) -> State | None:
        found = self._client.call("GET", self._path, missing_ok=True)
        if found is None:
            return None
        # `empty` in what was found stays true for a while after a push, and for ever where only tags were pushed
        if self._leaving and self._client.call("GET", f"{self._path}/git/refs", missing_ok=True):
            raise StackError(
                f"The repository {self._owner}/{self._name} is not empty: force=true removes it with its content"
            )
        return {"owner": self._owner, "name": self._name, **{field: found[field] for field in FIELDS}}

    def create(self, desired: State) -> None:
        """Empty, so that the first push is the first commit."""
        body = {
            key: value for key, value in desired.items() if key in ("name", "description", "private", "default_branch")
        }
        own = self._client.call("GET", path("user"))["login"] == self._owner
        where = path("user", "repos") if own else path("orgs", self._owner, "repos")
        made = self._client.call("POST", where, {**body, "auto_init": False})
        rest = {key: desired[key] for key in FIELDS if key in desired and made.get(key) != desired[key]}
        if rest:
            self.update(rest)

    def update(self, changes: State) -> None:
        self._client.call("PATCH", self._path, changes)

    def delete(self) -> None:
        self._client.call("DELETE", self._path)
