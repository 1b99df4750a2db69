# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Trying an image with the known attacks, on a server that exists for this alone."""

from __future__ import annotations

import secrets
import time
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.attacks.attack import Attempt, attempts
from ansible_collections.repro.stack.plugins.module_utils._minio.attacks.escape import escapes, impersonations
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access
from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3
from ansible_collections.repro.stack.plugins.module_utils._module import library

BUCKET, FOLDER, LIMITED = "trial", "trial/", "limited"
SECONDS_TO_GET_AN_ADDRESS = 10


def unsafe_attempts(image: str, *, wait: float) -> list[Attempt]:
    """The attacks that a server of this image believed. It keeps its data in memory and is removed afterwards."""
    docker = library("docker")
    user, password = f"u{secrets.token_hex(8)}", secrets.token_hex(16)
    try:
        server = docker.from_env().containers.create(
            image,
            ["server", "/trial", "--address", ":9000"],
            environment={"MINIO_ROOT_USER": user, "MINIO_ROOT_PASSWORD": password},
            tmpfs={"/trial": "mode=1777"},
        )
    except docker.errors.DockerException as error:
        raise StackError(f"The image {image} cannot be tried: {error}") from error
    try:
        server.start()
        endpoint = f"http://{_address(server)}:9000"
        connection = Connection(endpoint, user, password, "us-east-1", True, wait)
        store = S3(connection, read_only=False)
        store.call("create_bucket", Bucket=BUCKET)
        upload = store.call("create_multipart_upload", Bucket=BUCKET, Key="part") or {}
        tried = attempts(endpoint, user, BUCKET, upload=("part", upload["UploadId"]))
        tried += impersonations(endpoint, user, BUCKET, own_access_key=user, own_secret_key=password)
        _make_limited_user(connection, password)
        tried += escapes(endpoint, BUCKET, FOLDER, access_key=LIMITED, secret_key=password)
        return [attempt for attempt in tried if not attempt.refused]
    except docker.errors.DockerException as error:
        raise StackError(f"The image {image} cannot be tried, since it does not start: {error}") from error
    finally:
        server.remove(force=True, v=True)


def _make_limited_user(connection: Connection, secret_key: str) -> None:
    """A user who may list one folder and nothing else."""
    stored = Identities(Admin(connection, read_only=False))
    grant = access.document([{"bucket": BUCKET, "prefix": FOLDER, "mode": "list"}], LIMITED)
    stored.put(identities.POLICIES, LIMITED, grant)
    stored.put(identities.USERS, LIMITED, {"secretKey": secret_key, "status": "enabled"})
    stored.put(identities.USER_POLICIES, LIMITED, {"version": 1, "policy": LIMITED})
    stored.send()


def _address(server: t.Any) -> str:
    """The container's address on the engine's bridge, which a process of the host reaches."""
    deadline = time.monotonic() + SECONDS_TO_GET_AN_ADDRESS
    while time.monotonic() < deadline:
        server.reload()
        for network in server.attrs["NetworkSettings"]["Networks"].values():
            if network["IPAddress"]:
                return str(network["IPAddress"])
        time.sleep(0.2)
    raise StackError(f"The image {server.attrs['Config']['Image']} cannot be tried: {server.logs(tail=5).decode()}")
