# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a data scientist does on the first day, knowing nothing but MLflow's address.

Prints one JSON object: what was checked, and the SHA-256 of what must now lie in the bucket under which key.
"""

from __future__ import annotations

import hashlib
import json
import logging
import pathlib
import sys
import tempfile
import time

import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

EXPERIMENT = "hello-mlflow"
MODEL = "repro-verify"
MARK = {"repro.stack.verify": "true"}
THROUGH_THE_SERVER = "mlflow-artifacts:/"


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[int], params=None) -> list[int]:
        return [2 * value for value in model_input]


class Wrong(Exception):
    """A check that did not hold."""


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"{what} is {found!r} and should be {wanted!r}")


def sha256(path: str) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def key(artifact_uri: str) -> str:
    if not artifact_uri.startswith(THROUGH_THE_SERVER):
        raise Wrong(f"Artifacts go to {artifact_uri} past the server, so clients would need keys of the object store")
    return artifact_uri.removeprefix(THROUGH_THE_SERVER).lstrip("/")


def log_a_run(client: mlflow.MlflowClient, scratch: str) -> dict[str, str]:
    """Log a run with a note and a registered model, and read everything back; returns the digests by key."""
    note = pathlib.Path(scratch, "note.txt")
    note.write_text(f"written by verify at {time.time()}\n")
    with mlflow.start_run(tags=MARK) as run:
        mlflow.log_param("answer", 42)
        mlflow.log_metric("accuracy", 0.5)
        mlflow.log_artifact(str(note))
        model = mlflow.pyfunc.log_model(
            name="model", python_model=Doubler(), pip_requirements=["mlflow"], registered_model_name=MODEL
        )
    stored = client.get_run(run.info.run_id)
    expect("The parameter", stored.data.params.get("answer"), "42")
    expect("The metric", stored.data.metrics.get("accuracy"), 0.5)
    expect(
        "note.txt, read back,",
        sha256(client.download_artifacts(run.info.run_id, "note.txt", scratch)),
        sha256(str(note)),
    )
    location = client.get_logged_model(model.model_id).artifact_location
    pickle = mlflow.artifacts.download_artifacts(f"{location}/python_model.pkl", dst_path=scratch)
    return {
        f"{key(stored.info.artifact_uri)}/note.txt": sha256(str(note)),
        f"{key(location)}/python_model.pkl": sha256(pickle),
    }


def promote_and_load(client: mlflow.MlflowClient) -> None:
    version = max((each.version for each in client.search_model_versions(f"name='{MODEL}'")), key=int)
    client.transition_model_version_stage(MODEL, version, "Production", archive_existing_versions=True)
    client.set_registered_model_alias(MODEL, "champion", version)
    for uri in (f"models:/{MODEL}/Production", f"models:/{MODEL}@champion"):
        expect(f"The prediction of {uri}", mlflow.pyfunc.load_model(uri).predict([1, 21]), [2, 42])
    for each in client.search_model_versions(f"name='{MODEL}'"):
        if each.version != version:
            client.delete_model_version(MODEL, each.version)


def remove_earlier_runs(client: mlflow.MlflowClient, experiment_id: str) -> None:
    """Only the newest run stays to be looked at; earlier ones of this check go, with their artifacts and models."""
    marked = [f"tags.`{name}` = '{value}'" for name, value in MARK.items()]
    for run in client.search_runs([experiment_id], " and ".join(marked), order_by=["start_time DESC"])[1:]:
        for model in client.search_logged_models([experiment_id], f"source_run_id = '{run.info.run_id}'"):
            get_artifact_repository(model.artifact_location).delete_artifacts()
            client.delete_logged_model(model.model_id)
        get_artifact_repository(run.info.artifact_uri).delete_artifacts()
        client.delete_run(run.info.run_id)


def main() -> None:
    for name in ("mlflow", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(sys.argv[1])
    client = mlflow.MlflowClient()
    try:
        experiment = mlflow.set_experiment(EXPERIMENT)
        with tempfile.TemporaryDirectory() as scratch:
            digests = log_a_run(client, scratch)
        promote_and_load(client)
        remove_earlier_runs(client, experiment.experiment_id)
    except (Wrong, mlflow.MlflowException) as error:
        sys.exit(f"MLflow at {sys.argv[1]} does not work as it should: {error}")
    checked = [
        f"experiment {EXPERIMENT}: a run with a parameter, a metric and note.txt reads back as written",
        f"model {MODEL}: registered, promoted, and models:/{MODEL}/Production and @champion predict",
    ]
    print(json.dumps({"checked": checked, "digests": digests}))


if __name__ == "__main__":
    main()
