"""From a run to a registered model, and from stage to stage.

None: just trained. Staging: passed its evaluation, used on endpoints that are not production. Production: serving, one
version at a time. Archived: superseded. A version moves by a Git tag `model/<name>/<stage>/<version>`, not by a click.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings

import mlflow
from dvc.exceptions import DvcException
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from . import PROJECT, Refused, provenance
from .mlflow_utils import connect, model_uri, own_run, record, stored_digest

STAGES = ("None", "Staging", "Production", "Archived")
# models:/<name>@production finds what models:/<name>/Production does; MLflow will drop the stages some day
ALIASES = {"Staging": "staging", "Production": "production"}
TAG = re.compile(r"model/(?P<name>[^/]+)/(?P<stage>[^/]+)/(?P<version>[1-9][0-9]*)")


def own_version(client: mlflow.MlflowClient, version: str) -> tuple[ModelVersion, Run]:
    """The version and the run that made it, if there is one and its run is of this project."""
    try:
        found = client.get_model_version(PROJECT, version)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise Refused(f"Model {PROJECT} has no version {version}.") from error
    if not found.run_id:
        raise Refused(f"Version {version} of {PROJECT} does not say which run made it.")
    return found, own_run(client, found.run_id)


def register(run_id: str | None = None, allow_dirty: bool = False) -> ModelVersion:
    """The version made of the run's model; without a run, of the run of the commit that is checked out."""
    clean = "commit your work and run `make eval`, or say `make register ALLOW_DIRTY=1`"
    if run_id is None and not allow_dirty and provenance.code()["git.dirty"] == "true":
        raise Refused(f"The working tree differs from its commit, so nobody could build this model again: {clean}.")
    client = connect()
    run = own_run(client, run_id) if run_id else record()
    tags = {name: value for name, value in run.data.tags.items() if not name.startswith("mlflow.")}
    if tags.get("git.dirty") != "false" and not allow_dirty:
        raise Refused(f"Run {run.info.run_id} is of uncommitted work, so nobody could build its model again: {clean}.")
    for found in client.search_model_versions(f"name = '{PROJECT}'"):
        if found.run_id == run.info.run_id:
            return found
    if stored_digest(run) != tags.get("model.sha256"):
        raise Refused(f"The model that MLflow holds of run {run.info.run_id} is not the one that the run recorded.")
    return mlflow.register_model(model_uri(run), PROJECT, tags=tags)


def check_origin(tag: str, run: Run) -> None:
    """What is used was made of a commit, and the tag is on that commit: so it is found from the tag, and Git keeps it."""
    commit = run.data.tags.get("git.commit")
    if not commit or run.data.tags.get("git.dirty") != "false":
        why = "is of uncommitted work or does not say of which commit"
        raise Refused(f"{tag}: run {run.info.run_id} {why}, so nobody could build its model again.")
    provenance.git("rev-parse", "--git-dir", required=True)
    tagged = provenance.git("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^0")
    if not tagged:
        raise Refused(f"This repository has no tag {tag}: `git tag {tag} {commit}`, or `git fetch --tags`.")
    if tagged != commit:
        way = f"`git tag --force {tag} {commit} && git push --force origin {tag}`"
        raise Refused(f"Tag {tag} is on commit {tagged[:10]}, but the model was made of {commit[:10]}: {way}.")


def promote(tag: str) -> str:
    """Move a version as the tag says; the answer is what has changed."""
    tag = tag.removeprefix("refs/tags/")
    parts = TAG.fullmatch(tag)
    if not parts:
        raise Refused(f"{tag} is not model/<name>/<stage>/<version>.")
    name, stage, number = parts["name"], parts["stage"], parts["version"]
    if stage not in STAGES:
        raise Refused(f"{stage} in {tag} is no stage: {', '.join(STAGES)}.")
    if name != PROJECT:
        raise Refused(f"{tag} is about model {name}; this project's model is {PROJECT}.")
    client = connect()
    version, run = own_version(client, number)
    wanted = {ALIASES[stage]} if stage in ALIASES else set()
    if wanted:
        check_origin(tag, run)
    aliases = client.get_registered_model(PROJECT).aliases
    held = {alias for alias in ALIASES.values() if aliases.get(alias) == number}
    if version.current_stage == stage and held == wanted:
        return f"Version {number} of {name} is in {stage} already."
    former = [
        v.version
        for v in client.search_model_versions(f"name = '{name}'")
        if v.current_stage == stage != version.current_stage
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # that stages are deprecated
        client.transition_model_version_stage(name, number, stage, archive_existing_versions=stage == "Production")
    for alias in held - wanted:
        client.delete_registered_model_alias(name, alias)
    for alias in wanted:
        client.set_registered_model_alias(name, alias, number)
    archived = f"; archived: {', '.join(former)}" if former and stage == "Production" else ""
    return f"Version {number} of {name}: {version.current_stage} -> {stage}{archived}."


def main() -> None:
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", description="Register and promote models.")
    actions = parser.add_subparsers(dest="action", required=True)
    registering = actions.add_parser("register", help="make a version of a run's model")
    registering.add_argument("--run", help="its id; without it the run of this commit")
    registering.add_argument("--allow-dirty", action="store_true", help="also if the run is of uncommitted work")
    promoting = actions.add_parser("promote", help="move a version to a stage")
    promoting.add_argument("tag", help="model/<name>/<stage>/<version>")
    chosen = parser.parse_args()
    try:
        if chosen.action == "promote":
            print(promote(chosen.tag))
        else:
            version = register(chosen.run, chosen.allow_dirty)
            print(f"Registered: version {version.version} of {PROJECT}, made by run {version.run_id}.")
            if commit := version.tags.get("git.commit"):
                print(f"A tag promotes it: git tag model/{PROJECT}/<stage>/{version.version} {commit}")
    except (Refused, DvcException, MlflowException) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
