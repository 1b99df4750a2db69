# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The S3 protocol by boto3, with a client that refuses to write in check mode."""

from __future__ import annotations

import threading
import typing as t
from functools import partial

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._http import session
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.mark import Mark
from ansible_collections.repro.stack.plugins.module_utils._module import library

READ_OPERATIONS = ("Get", "Head", "List")
DOCUMENT = "Document"


class S3:
    """One identity at one S3 store; ``read_only`` makes any write a bug, ``mark`` is made before one."""

    def __init__(self, connection: Connection, *, read_only: bool, mark: Mark | None = None) -> None:
        self._connection = connection
        self._endpoint = connection.endpoint
        self._before_write = _refuse_write if read_only else partial(_mark_write, mark or Mark(None))
        self._anonymous = session(validate_certs=connection.verify, wait=connection.wait)
        self._made: t.Any = None
        self._making = threading.Lock()

    @property
    def region(self) -> str:
        return self._connection.region

    @property
    def client(self) -> t.Any:
        """boto3's client, made when it is first needed: that costs more than a hundred requests."""
        with self._making:
            if self._made is None:
                # boto3 gives up on a server that is starting, our session waits for it.
                self.anonymous_status("")
                self._made = _client(self._connection)
                self._made.meta.events.register("before-parse.s3", _keep_document)
                self._made.meta.events.register("before-call.s3", self._before_write)
            return self._made

    def call(self, operation: str, *, missing: t.Collection[str] = (), **arguments: t.Any) -> dict[str, t.Any] | None:
        """The answer to ``operation``; None where the store answers with one of the error codes in ``missing``."""
        exceptions = library("botocore.exceptions", "boto3")
        try:
            return t.cast("dict[str, t.Any]", getattr(self.client, operation)(**arguments))
        except exceptions.ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if code in missing:
                return None
            about = f" of bucket {arguments['Bucket']}" if "Bucket" in arguments else ""
            raise ServiceError(
                f"S3 at {self._endpoint} refused {operation}{about}: {code} {message}",
                status=error.response["ResponseMetadata"]["HTTPStatusCode"],
                code=code,
            ) from error
        except exceptions.BotoCoreError as error:
            raise ServiceError(f"S3 at {self._endpoint} does not answer: {error}") from error

    def document(self, operation: str, bucket: str, *, missing: t.Collection[str]) -> bytes | None:
        """The body of the answer: boto3 leaves out of it what it does not know, such as MinIO's extensions."""
        told = self.call(operation, missing=missing, Bucket=bucket)
        return None if told is None else told[DOCUMENT]

    def anonymous_status(self, path: str) -> int:
        """What somebody without any key gets for ``path``."""
        exceptions = library("requests").exceptions
        try:
            answer = self._anonymous.get(f"{self._endpoint}/{path}", timeout=(5, 60), allow_redirects=False)
        except exceptions.RequestException as error:
            raise ServiceError(f"S3 at {self._endpoint} does not answer: {error}") from error
        return t.cast(int, answer.status_code)


def _client(connection: Connection) -> t.Any:
    config = library("botocore.config", "boto3").Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        # checksums only where the protocol asks for them: other stores and gateways refuse the new trailers
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=16,
        proxies={},  # a proxy in the environment must not see requests to loopback
        connect_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    return (
        library("boto3")
        .session.Session()
        .client(
            "s3",
            endpoint_url=connection.endpoint,
            region_name=connection.region,
            aws_access_key_id=connection.access_key,
            aws_secret_access_key=connection.secret_key,
            verify=connection.verify,
            config=config,
        )
    )


def _keep_document(
    response_dict: dict[str, t.Any], customized_response_dict: dict[str, t.Any], **_event: t.Any
) -> None:
    if isinstance(response_dict["body"], bytes):
        customized_response_dict[DOCUMENT] = response_dict["body"]


def _mark_write(mark: Mark, model: t.Any, **_event: t.Any) -> None:
    if not model.name.startswith(READ_OPERATIONS):
        mark.make()


def _refuse_write(model: t.Any, **_event: t.Any) -> None:
    if not model.name.startswith(READ_OPERATIONS):
        raise AssertionError(f"BUG: {model.name} in check mode")
