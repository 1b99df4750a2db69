# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. An experiment. A deleted one still holds its name: it is restored, not made anew."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._mlflow.connection import (
    Mlflow,
    as_text,
    from_tags,
    tag_writes,
    to_tags,
)
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State

ACTIVE, DELETED = "active", "deleted"


class Experiment(Resource):
    immutable = ("artifact_location",)

    def __init__(self, mlflow: Mlflow, name: str, tags: t.Mapping[str, t.Any] | None, *, keep_deleted: bool) -> None:
        if not name:
            raise InvalidInputError("An experiment's name cannot be empty")
        self._mlflow = mlflow
        self._name = name
        self._tags = as_text(tags)
        self._keep_deleted = keep_deleted

    def read(self) -> State | None:
        found = self._find()
        if found is None or (found["lifecycle_stage"] == DELETED and self._keep_deleted):
            return None
        return {
            "name": found["name"],
            "artifact_location": found["artifact_location"],
            "lifecycle_stage": found["lifecycle_stage"],
            "tags": from_tags(found, self._tags),
        }

    def create(self, desired: State) -> None:
        location = desired.get("artifact_location")
        self._mlflow.write(
            "experiments/create",
            name=self._name,
            tags=to_tags(desired.get("tags", {})),
            **({"artifact_location": location} if location else {}),
        )

    def update(self, changes: State) -> None:
        found = self._find() or {}
        identifier = found["experiment_id"]
        if "lifecycle_stage" in changes:
            self._mlflow.write("experiments/restore", experiment_id=identifier)
        if "tags" in changes:
            to_set, to_delete = tag_writes(from_tags(found, self._tags), changes["tags"])
            for key, value in to_set.items():
                self._mlflow.write("experiments/set-experiment-tag", experiment_id=identifier, key=key, value=value)
            for key in to_delete:
                self._mlflow.write("experiments/delete-experiment-tag", experiment_id=identifier, key=key)

    def delete(self) -> None:
        found = self._find() or {}
        self._mlflow.write("experiments/delete", experiment_id=found["experiment_id"])

    def _find(self) -> dict[str, t.Any] | None:
        answer = self._mlflow.read("experiments/get-by-name", experiment_name=self._name)
        return answer and answer["experiment"]
