# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""MLflow's server, which has a download fetched by the gateway in front of it, where there is one.

MLflow copies an artifact to a disk of its own and sends it then, by Python. nginx streams it from the store at once: it
is told a presigned address, in a header that it takes out, and the client sees MLflow's address alone.
"""

from __future__ import annotations

import asyncio
import posixpath

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from mlflow.server import artifact_router as mlflow_s
from mlflow.utils.mime_type_utils import _guess_mime_type
from mlflow.utils.uri import validate_path_is_safe

router = APIRouter()


@router.get("/api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}")
@router.get("/ajax-api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}")
async def download_artifact(artifact_path: str, request: Request) -> Response:
    # as Rack's Sendfile has it: the gateway sets it, whatever its client says
    if mapping := request.headers.get("X-Accel-Mapping"):
        store, location = mapping.split("=")
        path = mlflow_s._get_workspace_scoped_path(validate_path_is_safe(artifact_path))
        address = await asyncio.to_thread(mlflow_s._get_artifact_repo().address_of, path)
        if address.startswith(store):
            headers = {
                "Content-Disposition": mlflow_s._content_disposition(posixpath.basename(path)),
                "X-Accel-Redirect": location,
                "X-Object-Address": address,
            }
            return Response(media_type=_guess_mime_type(path), headers=headers)
    return await mlflow_s.download_artifact(artifact_path)


def create_app() -> FastAPI:
    # of two routes for the same path the first is taken
    mlflow_s.artifact_router.routes[:0] = router.routes
    # it makes MLflow's application at once, and MLflow's own metrics, for which a directory is there in a worker only
    from mlflow.server.fastapi_app import app

    return app
