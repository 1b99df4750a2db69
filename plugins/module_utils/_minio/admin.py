# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. MinIO's admin API: signed requests that refuse to write in check mode."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from urllib.parse import quote, urlencode

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._http import READ_METHODS, session
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.mark import Mark
from ansible_collections.repro.stack.plugins.module_utils._minio.sealed import sealed
from ansible_collections.repro.stack.plugins.module_utils._minio.signing import signed
from ansible_collections.repro.stack.plugins.module_utils._module import library

# What the server says of a caller that it does not let in.
SENTENCES = {
    "InvalidAccessKeyId": "the access key {access_key} is unknown there",
    "SignatureDoesNotMatch": "the secret key given for {access_key} is wrong",
    "AccessDenied": "{access_key} is not allowed to do this",
}


class Admin:
    """One identity at one server's admin API; ``read_only`` makes any write a bug, ``mark`` is made before one."""

    def __init__(self, connection: Connection, *, read_only: bool, mark: Mark | None = None) -> None:
        self._connection = connection
        self._read_only = read_only
        self._mark = mark or Mark(None)
        self._session = session(validate_certs=connection.verify, wait=connection.wait)

    @property
    def access_key(self) -> str:
        """Whose calls these are."""
        return self._connection.access_key

    def call(self, method: str, name: str, query: t.Mapping[str, str] | None = None, *, body: bytes = b"") -> bytes:
        """What the server answers to ``/minio/admin/v3/<name>``."""
        if method not in READ_METHODS:
            if self._read_only:
                raise AssertionError(f"BUG: {method} {name} in check mode")
            self._mark.make()
        url = f"{self._connection.endpoint}/minio/admin/v3/{name}"
        if query:
            url += "?" + urlencode(query, quote_via=quote, safe="")
        exceptions = library("requests").exceptions
        try:
            answer = self._session.request(
                method, url, data=body, headers=self._signed(method, url, body), timeout=(5, 300), allow_redirects=False
            )
        except exceptions.RequestException as error:
            raise ServiceError(f"MinIO at {self._connection.endpoint} does not answer: {error}") from error
        if answer.status_code >= 300:
            raise self._refusal(answer, method, name)
        return t.cast(bytes, answer.content)

    def hang_up(self) -> None:
        """Close the connections; the next call opens another."""
        self._session.close()

    def knows(self, access_key: str) -> bool:
        """Whether the server has a key of that name: it tells an unknown one from a wrong secret."""
        stranger = Admin(dataclasses.replace(self._connection, access_key=access_key), read_only=True)
        try:
            stranger.call("GET", "accountinfo")
        except ServiceError as error:
            if error.status != 403:
                raise
            return error.code != "InvalidAccessKeyId"
        return True

    def encrypted(self, content: t.Mapping[str, t.Any]) -> bytes:
        """A body as the server wants it where it carries secrets."""
        return sealed(json.dumps(content).encode(), self._connection.secret_key)

    def _signed(self, method: str, url: str, body: bytes) -> dict[str, str]:
        given = self._connection
        return signed(
            method, url, access_key=given.access_key, secret_key=given.secret_key, region=given.region, body=body
        )

    def _refusal(self, answer: t.Any, method: str, name: str) -> ServiceError:
        try:
            told = answer.json()
        except ValueError:
            told = {}
        code = str(told.get("Code", ""))
        sentence = SENTENCES.get(code, "").format(access_key=self._connection.access_key)
        return ServiceError(
            f"MinIO at {self._connection.endpoint} answered {answer.status_code} {code} to {method} {name}: "
            f"{sentence or told.get('Message') or answer.text[:300] or answer.reason}",
            status=answer.status_code,
            code=code,
        )
