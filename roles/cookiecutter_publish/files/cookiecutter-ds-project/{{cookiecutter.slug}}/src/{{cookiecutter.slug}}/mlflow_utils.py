"""One run in MLflow for each outcome of the pipeline.

Not the stages but this step speaks to MLflow: `make eval` brings the pipeline up to date, then records what dvc.lock says.
So a stage that DVC takes from its cache still is in the run, the pipeline works without a server, and building a run again
makes no second one. An outcome is recorded once. Before it is committed its run is tagged `git.dirty`; after the commit,
`make eval` records the run of that commit without computing anything again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pickle
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import mlflow.sklearn
import pandas as pd
import requests
from dvc.exceptions import DvcException
from dvc.repo import Repo
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from . import MODEL, PROJECT, SAMPLES, Refused, provenance, schema

# of what a model is made; a server that loads it needs these
REQUIREMENTS = ["mlflow-skinny", "numpy", "pandas", "scikit-learn"]


class Unreachable(Refused):
    """The tracking server does not answer."""


def settings() -> dict[str, Any]:
    """The addresses in pyproject.toml."""
    file = Path("pyproject.toml")
    return tomllib.loads(file.read_text()).get("tool", {}).get("stack", {}) if file.is_file() else {}


def connect() -> mlflow.MlflowClient:
    """MLFLOW_TRACKING_URI or the project's own address, tried for seconds where MLflow itself would try for minutes."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or settings().get("mlflow_tracking_uri")
    if not uri:
        raise Refused("No MLflow is named: set MLFLOW_TRACKING_URI, or mlflow_tracking_uri in pyproject.toml.")
    if bundle := settings().get("ca_bundle"):
        os.environ.setdefault("MLFLOW_TRACKING_SERVER_CERT_PATH", bundle)
    shown = provenance.without_password(uri)
    if uri.startswith("http"):
        trusted = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True
        try:
            requests.get(f"{uri.rstrip('/')}/health", timeout=5, verify=trusted).raise_for_status()
        except requests.RequestException as error:
            raise Unreachable(f"MLflow at {shown} does not answer ({type(error).__name__}).") from error
        except OSError as error:  # there is no file with certificates where one is named
            raise Unreachable(f"MLflow at {shown} cannot be asked: {error}.") from error
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient()


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested names joined by dots."""
    found = {}
    for name, value in values.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def metrics() -> dict[str, float]:
    """What the stages measured: metrics/train.json gives train.accuracy and so on."""
    return flat({file.stem: json.loads(file.read_text()) for file in sorted(Path("metrics").glob("*.json"))})


def parameters() -> dict[str, Any]:
    """What the stages ran with."""
    found = {}
    for stage in provenance.stages().values():
        for values in stage.get("params", {}).values():
            found |= flat(values)
    return found


def own_run(client: mlflow.MlflowClient, run_id: str) -> Run:
    """The run, if there is one and it is of this project."""
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        raise Refused(f"MLflow has no run {run_id} ({error.message}).") from error
    owner = run.data.tags.get("project", "no project")
    if owner != PROJECT:
        raise Refused(f"Run {run_id} is of {owner}, not of {PROJECT}.")
    return run


def recorded(client: mlflow.MlflowClient, tags: dict[str, str]) -> Run | None:
    """The finished run of this very outcome."""
    experiment = client.get_experiment_by_name(PROJECT)
    if experiment is None:
        return None
    same = [f"tags.`{name}` = '{tags[name]}'" for name in ("project", "git.commit", "git.dirty", "dvc.lock")]
    wanted = " and ".join([*same, "attributes.status = 'FINISHED'"])
    found = client.search_runs([experiment.experiment_id], wanted, max_results=1)
    return client.get_run(found[0].info.run_id) if found else None


def log_model(tags: dict[str, str]) -> None:
    """The model as it stands in models/, with what goes in and what comes out."""
    # its word of caution about pickle: registering compares the stored bytes with the recorded hash
    logging.getLogger("mlflow.sklearn").setLevel(logging.ERROR)
    model = pickle.loads(MODEL.read_bytes())
    inputs = pd.read_csv(SAMPLES, nrows=50)[schema()["features"]]
    mlflow.sklearn.log_model(
        model,
        name="model",
        # as the stage train does: so MLflow holds the very bytes that DVC holds
        serialization_format="pickle",
        signature=infer_signature(inputs, model.predict(inputs)),
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        tags=tags,
    )


def model_uri(run: Run) -> str:
    """Where MLflow has the run's model; `runs:/<id>/model` is slow to find it, since models lie beside the runs."""
    made = run.outputs.model_outputs if run.outputs else []
    if not made:
        raise Refused(f"Run {run.info.run_id} has no model.")
    return f"models:/{made[0].model_id}"


def stored_digest(run: Run) -> str:
    """The hash of the model that MLflow's store holds of a run."""
    with TemporaryDirectory() as folder:
        local = mlflow.artifacts.download_artifacts(model_uri(run), dst_path=folder)
        return provenance.sha256(Path(local, "model.pkl"))


def record() -> Run:
    """The run of the outcome that dvc.lock describes, made if there is none yet."""
    with Repo() as repository:
        stale = repository.status(targets=["evaluate"], with_deps=True)
    if stale:
        raise Refused(f"Not up to date: {', '.join(sorted(stale))}. Run `make eval`.")
    tags = provenance.tags()
    if "git.commit" not in tags:
        raise Refused("There is no commit that a run could name: commit your work, or use `make image`.")
    client = connect()
    if run := recorded(client, tags):
        return run
    mlflow.set_experiment(PROJECT)
    name = tags["git.commit"][:10] + ("-dirty" if tags["git.dirty"] == "true" else "")
    with mlflow.start_run(run_name=name, tags=tags) as active:
        mlflow.log_params(parameters())
        mlflow.log_metrics(metrics())
        for file in ("dvc.lock", "params.yaml", "dvc.yaml"):
            mlflow.log_artifact(file)
        mlflow.log_artifacts("reports", "reports")
        log_model(tags)
    return client.get_run(active.info.run_id)


def main() -> None:
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", description="Record the outcome in MLflow.")
    parser.add_argument("--required", action="store_true", help="fail where MLflow does not answer")
    required = parser.parse_args().required
    try:
        run = record()
    except Unreachable as error:
        sentence = f"{error} Nothing is lost: the next `make eval` records this outcome."
        sys.exit(sentence if required else print(sentence))
    except (Refused, DvcException, MlflowException) as error:
        sys.exit(str(error))
    dirty = run.data.tags["git.dirty"] == "true"
    hint = " of uncommitted work: commit it, and `make eval` records it again" if dirty else ""
    print(f"Recorded in MLflow as run {run.info.run_id}{hint}.")


if __name__ == "__main__":
    main()
