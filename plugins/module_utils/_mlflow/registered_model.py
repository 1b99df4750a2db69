# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A registered model: the name under which versions of a model are kept."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._mlflow.connection import (
    Mlflow,
    as_text,
    from_tags,
    tag_writes,
    to_tags,
)
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State


def check_model_name(name: str) -> None:
    if not name.strip() or "/" in name or ":" in name:
        raise InvalidInputError(f"{name!r} cannot be the name of a model: it is empty or holds / or :")


class RegisteredModel(Resource):
    def __init__(
        self, mlflow: Mlflow, name: str, tags: t.Mapping[str, t.Any] | None, *, keep_versions: bool = False
    ) -> None:
        check_model_name(name)
        self._mlflow = mlflow
        self._name = name
        self._tags = as_text(tags)
        self._keep_versions = keep_versions

    def read(self) -> State | None:
        answer = self._mlflow.read("registered-models/get", name=self._name)
        if answer is None:
            return None
        found = answer["registered_model"]
        if found.get("latest_versions") and self._keep_versions:
            raise StackError(f"The model {self._name} has versions: force=true removes it with all of them")
        return {
            "name": found["name"],
            "description": found.get("description", ""),
            "tags": from_tags(found, self._tags),
            "aliases": {each["alias"]: str(each["version"]) for each in found.get("aliases", [])},
        }

    def create(self, desired: State) -> None:
        if desired.get("aliases"):
            raise StackError(f"The model {self._name} is new: an alias needs a version")
        self._mlflow.write(
            "registered-models/create",
            name=self._name,
            description=desired.get("description", ""),
            tags=to_tags(desired.get("tags", {})),
        )

    def update(self, changes: State) -> None:
        current = self.read() or {}
        if "description" in changes:
            self._write("update", "PATCH", description=changes["description"])
        if "tags" in changes:
            to_set, to_delete = tag_writes(current["tags"], changes["tags"])
            for key, value in to_set.items():
                self._write("set-tag", key=key, value=value)
            for key in to_delete:
                self._write("delete-tag", "DELETE", key=key)
        if "aliases" in changes:
            to_set, to_delete = tag_writes(current["aliases"], changes["aliases"])
            for alias, version in to_set.items():
                self._write("alias", alias=alias, version=version)
            for alias in to_delete:
                self._write("alias", "DELETE", alias=alias)

    def delete(self) -> None:
        self._write("delete", "DELETE")

    def _write(self, action: str, method: str = "POST", **body: str) -> None:
        self._mlflow.write(f"registered-models/{action}", method, name=self._name, **body)
