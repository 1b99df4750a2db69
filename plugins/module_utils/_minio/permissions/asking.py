# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Asking a MinIO server as many keys, thousands of times, over few connections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._http import NOT_READY, retries
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.permissions.permission import SIGN_IN, Request
from ansible_collections.repro.stack.plugins.module_utils._minio.signing import signed
from ansible_collections.repro.stack.plugins.module_utils._module import library

PARALLEL = 8

ALLOWED, DENIED = "allowed", "denied"
UNKNOWN, DISABLED, WRONG_SECRET = "unknown", "disabled", "wrong secret"
NO_BUCKET, UNCLEAR = "no such bucket", "unclear"
CANNOT_SIGN_IN = {
    UNKNOWN: "is unknown to the server",
    DISABLED: "is disabled",
    WRONG_SECRET: "has another secret than the one that is given",
}

CODE = re.compile(rb'<Code>(\w+)</Code>|"Code":\s*"(\w+)"')


@dataclass(frozen=True)
class Answer:
    """What it means, and the server's own word for it."""

    found: str
    code: str


class Asking:
    """Boto3 would need four times as long: this is made for requests with a small answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._host = urlsplit(connection.endpoint).netloc
        verify = connection.verify
        tls = {"ca_certs": verify} if isinstance(verify, str) else {} if verify else {"cert_reqs": "CERT_NONE"}
        self._urllib3 = library("urllib3")
        self._pool = self._urllib3.PoolManager(
            maxsize=PARALLEL,
            retries=retries(connection.wait).new(read=2),  # for connections that the gateway has closed
            timeout=self._urllib3.Timeout(connect=5, read=60),
            **tls,
        ).connection_from_url(connection.endpoint)

    def answer(self, name: str, secret: str | None, request: Request) -> Answer:
        """Whether the key may do what is requested, or why it cannot even sign in; without a secret nobody signs."""
        status, code, text = self._send(name, secret, request)
        if code == "AccessDenied" and request.operation != SIGN_IN:
            return Answer(DENIED, code)
        if status < 300 or code in ("AccessDenied", *request.authorized):
            return Answer(ALLOWED, code)
        if code == "InvalidAccessKeyId":
            return Answer(DISABLED if b"disabled" in text else UNKNOWN, code)
        if code == "SignatureDoesNotMatch":
            return Answer(WRONG_SECRET, code)
        return Answer(NO_BUCKET if code == "NoSuchBucket" else UNCLEAR, code or str(status))

    def _send(self, name: str, secret: str | None, request: Request) -> tuple[int, str, bytes]:
        try:
            headers = self._headers(name, secret, request)
            answer = self._pool.request(
                request.method, request.path, body=request.body, headers=headers, redirect=False
            )
        except self._urllib3.exceptions.HTTPError as error:
            raise ServiceError(f"MinIO at {self._connection.endpoint} does not answer: {error}") from error
        if answer.status in NOT_READY:
            raise ServiceError(f"MinIO at {self._connection.endpoint} is not ready: it answered {answer.status}")
        code = CODE.search(answer.data) if answer.status >= 300 else None
        return answer.status, (code[1] or code[2]).decode() if code else "", answer.data

    def _headers(self, name: str, secret: str | None, request: Request) -> dict[str, str]:
        if secret is None:
            return {"Host": self._host, **request.headers}
        return signed(
            request.method,
            self._connection.endpoint + request.path,
            access_key=name,
            secret_key=secret,
            region=self._connection.region,
            headers=request.headers,
            body=request.body,
        )
