# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Promotion: which version of a model is meant, and which stage and alias it has."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._mlflow.connection import Mlflow
from ansible_collections.repro.stack.plugins.module_utils._mlflow.registered_model import check_model_name
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State

STAGES = ("None", "Staging", "Production", "Archived")
# Stages that one version is meant to have alone.
EXCLUSIVE = ("Staging", "Production")
# Where a version, or the run that made it, says which Git tag or commit it came from.
GIT_TAGS = ("git_tag", "git.tag", "mlflow.source.git.commit")
PROMOTION = "model/"


class Request(t.NamedTuple):
    """Which version of which model (``which`` holds one of version, run_id, git_tag) is to have which stage."""

    name: str
    which: dict[str, str | None]
    stage: str | None


def read_request(given: t.Mapping[str, t.Any]) -> Request:
    """The request in a module's options, where a Git tag may say it all."""
    which = {kind: None if given[kind] is None else str(given[kind]) for kind in ("version", "run_id", "git_tag")}
    request = Request(given["name"], which, given["stage"])
    if asked := parse_promotion(which["git_tag"] or ""):
        for option in ("name", "stage"):
            if given[option] not in (None, getattr(asked, option)):
                raise InvalidInputError(f"The Git tag {which['git_tag']} contradicts {option}: {given[option]}")
        request = asked
    if not request.name:
        raise InvalidInputError("name is missing: only a Git tag model/<name>/<stage>/<version> makes it unnecessary")
    if request.stage is None and not given["alias"]:
        raise InvalidInputError("There is nothing to do: neither stage nor alias is given")
    return request


def parse_promotion(git_tag: str) -> Request | None:
    """What the Git tag ``model/<name>/<stage>/<version>`` asks for; None for a tag of another form."""
    if not git_tag.startswith(PROMOTION):
        return None
    parts = git_tag.split("/")
    if len(parts) != 4 or not parts[1] or parts[2] not in STAGES or not re.fullmatch("[1-9][0-9]*", parts[3]):
        raise InvalidInputError(
            f"The Git tag {git_tag} is not model/<name>/<stage>/<version>: stages are {', '.join(STAGES)}"
        )
    return Request(parts[1], {"version": parts[3]}, parts[2])


def select(
    name: str,
    wanted: t.Mapping[str, str | None],
    versions: t.Sequence[dict[str, t.Any]],
    run_tags: t.Callable[[str], t.Mapping[str, str]],
) -> str:
    """The one version that ``wanted`` (one of version, run_id, git_tag) names; ``run_tags`` gives the tags of a run."""
    kind, value = next((kind, str(value)) for kind, value in wanted.items() if value is not None)
    if kind == "git_tag":
        # what a version says itself goes before what its run says
        found = [each for each in versions if _came_from(value, _own_tags(each))] or [
            each for each in versions if each.get("run_id") and _came_from(value, run_tags(each["run_id"]))
        ]
    else:
        found = [each for each in versions if str(each.get(kind)) == value]
    words = {"version": "version", "run_id": "version made by run", "git_tag": "version from Git tag or commit"}[kind]
    if not found:
        raise StackError(f"The model {name} has no {words} {value}")
    if len(found) > 1:
        numbers = ", ".join(str(number) for number in sorted(int(each["version"]) for each in found))
        raise StackError(f"The model {name} has more than one {words} {value}: {numbers}")
    if found[0].get("status", "READY") != "READY":
        raise StackError(f"Version {found[0]['version']} of the model {name} is not ready: {found[0]['status']}")
    return str(found[0]["version"])


def _own_tags(version: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in version.get("tags", [])}


def _came_from(git_tag: str, tags: t.Mapping[str, str]) -> bool:
    return any(tags.get(key) == git_tag for key in GIT_TAGS)


class Model:
    """A registered model and its versions, as far as promotion needs them."""

    def __init__(self, mlflow: Mlflow, name: str) -> None:
        check_model_name(name)
        self.name = name
        self._mlflow = mlflow

    def aliases(self) -> dict[str, str]:
        answer = self._mlflow.read("registered-models/get", name=self.name)
        if answer is None:
            raise StackError(f"There is no registered model {self.name}")
        return {each["alias"]: str(each["version"]) for each in answer["registered_model"].get("aliases", [])}

    def versions(self) -> list[dict[str, t.Any]]:
        quote = '"' if "'" in self.name else "'"
        wanted = {"filter": f"name={quote}{self.name}{quote}", "max_results": 1000}
        return list(self._mlflow.read_all("model-versions/search", "model_versions", **wanted))

    def run_tags(self, run_id: str) -> dict[str, str]:
        answer = self._mlflow.read("runs/get", run_id=run_id)
        return _own_tags(answer["run"]["data"]) if answer else {}

    def write(self, path: str, **body: t.Any) -> None:
        self._mlflow.write(path, name=self.name, **body)


class ModelVersion(Resource):
    """A version that exists. Managed are its stage, what one alias points to, and who else is in that stage."""

    def __init__(self, model: Model, version: str, stage: str | None, alias: str | None) -> None:
        self._model = model
        self._version = version
        self._stage = stage
        self._alias = alias

    def read(self) -> State:
        aliases = self._model.aliases()
        stages = {str(each["version"]): each for each in self._model.versions()}
        others = [number for number, each in stages.items() if each.get("current_stage") == self._stage]
        return {
            "name": self._model.name,
            "version": self._version,
            "run_id": stages[self._version].get("run_id", ""),
            "stage": stages[self._version].get("current_stage", "None"),
            "others_in_stage": sorted({*others} - {self._version}, key=int) if self._stage in EXCLUSIVE else [],
            "aliases": {self._alias: aliases.get(self._alias)} if self._alias else {},
        }

    def update(self, changes: State) -> None:
        if "stage" in changes or "others_in_stage" in changes:
            self._model.write(
                "model-versions/transition-stage",
                version=self._version,
                stage=self._stage,
                archive_existing_versions="others_in_stage" in changes,
            )
        if "aliases" in changes:
            self._model.write("registered-models/alias", alias=self._alias, version=self._version)


def desired_state(version: str, stage: str | None, alias: str | None, *, archive_existing: bool) -> State:
    """What promotion asks for, in the words of ModelVersion.read()."""
    return {
        "stage": stage,
        "others_in_stage": [] if archive_existing and stage in EXCLUSIVE else None,
        "aliases": {alias: version} if alias else None,
    }
