# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. An organisation of the forge."""

from __future__ import annotations

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._gitea.connection import path
from ansible_collections.repro.stack.plugins.module_utils._http import JsonClient
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State

FIELDS = ("full_name", "description", "visibility")


class Organization(Resource):
    def __init__(self, client: JsonClient, name: str, *, leaving: bool = False) -> None:
        self._client = client
        self._name = name
        self._leaving = leaving

    def read(self) -> State | None:
        found = self._client.call("GET", path("orgs", self._name), missing_ok=True)
        if found is None:
            self._refuse_user()
            return None
        if self._leaving and self._client.call("GET", path("orgs", self._name, "repos"), query={"limit": 1}):
            raise StackError(f"The organisation {self._name} has repositories; it was not removed")
        return {"name": self._name, **{field: found.get(field) or "" for field in FIELDS}}

    def _refuse_user(self) -> None:
        """Users and organisations share their names."""
        if not self._leaving and self._client.call("GET", path("users", self._name), missing_ok=True):
            raise StackError(f"{self._name} is a user, so no organisation can have that name: choose another")

    def create(self, desired: State) -> None:
        self._client.call("POST", path("orgs"), {**desired, "username": self._name})

    def update(self, changes: State) -> None:
        self._client.call("PATCH", path("orgs", self._name), changes)

    def delete(self) -> None:
        self._client.call("DELETE", path("orgs", self._name))
