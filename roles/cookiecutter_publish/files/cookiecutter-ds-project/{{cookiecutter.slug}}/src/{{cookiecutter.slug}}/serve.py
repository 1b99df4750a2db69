"""The registered model over HTTP: GET /health, GET /model (which one it is), POST /invocations.

MLflow's own scoring server takes `{"dataframe_split": {"columns": [...], "data": [[...]]}}` or `{"dataframe_records": [...]}`
and answers `{"predictions": [...]}`.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings

import mlflow.pyfunc
import uvicorn
from fastapi import FastAPI
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server

from . import PROJECT, Refused
from .mlflow_utils import connect


def application(stage: str) -> FastAPI:
    """The version that is in this stage now; a promotion reaches the server when it is started again."""
    client = connect()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # that stages are deprecated
        try:
            found = client.get_latest_versions(PROJECT, [stage])
        except MlflowException as error:
            raise Refused(f"Model {PROJECT} is not registered: run `make register`.") from error
    if not found:
        raise Refused(
            f"No version of {PROJECT} is in {stage}: promote one with the tag model/{PROJECT}/{stage}/<version>."
        )
    version = found[0]
    app = scoring_server.init(mlflow.pyfunc.load_model(f"models:/{PROJECT}/{version.version}"))

    @app.get("/model")
    def model() -> dict[str, object]:
        return {
            "name": PROJECT,
            "version": version.version,
            "stage": stage,
            "run": version.run_id,
            "tags": version.tags,
            "image": os.environ.get("CONTAINER_IMAGE_DIGEST", ""),
        }

    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", description="Serve the registered model.")
    parser.add_argument("--stage", default="Production", help="of the version to serve (Production)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; this machine alone reaches the default"
    )
    parser.add_argument("--port", type=int, default=8080)
    chosen = parser.parse_args()
    try:
        app = application(chosen.stage)
    except (Refused, MlflowException) as error:
        sys.exit(str(error))
    uvicorn.run(app, host=chosen.host, port=chosen.port)


if __name__ == "__main__":
    main()
