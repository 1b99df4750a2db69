# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A JSON API over HTTP that refuses to write in check mode."""

from __future__ import annotations

import os
import platform
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError
from ansible_collections.repro.stack.plugins.module_utils._module import library

READ_METHODS = frozenset({"GET", "HEAD"})
# What a service behind a gateway answers while it starts.
NOT_READY = (502, 503, 504)
# How a service is reached, in the options of every module that names its address.
ARGUMENTS: dict[str, t.Any] = {
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "wait": {"type": "float", "default": 10.0},
}


def verified_by(given: t.Mapping[str, t.Any]) -> bool | str:
    """What a certificate is checked against: these options' file, the system's authorities, or (False) nothing."""
    return (given["ca_path"] or True) if given["validate_certs"] else False


def check_authorities(endpoint: str, verify: bool | str) -> None:
    """Refuse a file that is missing, for which the libraries have no exception of their own; a folder is good too."""
    if endpoint.startswith("https:") and isinstance(verify, str) and not os.access(verify, os.R_OK):
        raise InvalidInputError(
            f"{verify} does not exist on {platform.node()}, or may not be read: it is to hold the authorities that may "
            f"have signed the certificate of {endpoint}"
        )


def retries(wait: float) -> t.Any:
    """Wait up to about ``wait`` seconds for a service that does not accept requests yet.

    Only refused connections and the gateway's 502, 503, 504 are tried again: the request has not reached the service.
    """
    return library("urllib3.util", "urllib3").Retry(
        total=None,
        connect=max(1, round(wait)),
        read=0,
        redirect=0,
        status=max(1, round(wait)),
        other=0,
        status_forcelist=NOT_READY,
        allowed_methods=None,
        backoff_factor=0.5,
        backoff_max=1.0,
        respect_retry_after_header=False,
        raise_on_status=False,
    )


def session(*, validate_certs: bool | str = True, wait: float = 10.0) -> t.Any:
    """A requests session that waits for a service as ``retries`` says."""
    requests = library("requests")
    made = requests.Session()
    made.verify = validate_certs
    made.trust_env = False  # a proxy in the environment must not see requests to loopback
    for scheme in ("http://", "https://"):
        made.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retries(wait), pool_maxsize=16))
    return made


class JsonClient:
    """Speaks JSON with one service under ``endpoint``; ``read_only`` makes any write a bug that stops the run.

    ``authorization`` is the header of that name; with no redirection followed, nobody else gets it.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        service: str,
        read_only: bool,
        authorization: str | None = None,
        validate_certs: bool | str = True,
        wait: float = 10.0,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._service = service
        self._read_only = read_only
        check_authorities(endpoint, validate_certs)
        self._session = session(validate_certs=validate_certs, wait=wait)
        if authorization:
            self._session.headers["Authorization"] = authorization

    def call(
        self,
        method: str,
        path: str,
        body: t.Mapping[str, t.Any] | None = None,
        *,
        query: t.Mapping[str, t.Any] | None = None,
        reads: bool = False,
        missing_ok: bool = False,
    ) -> t.Any:
        """The answer's JSON. ``reads`` marks a POST that only searches; ``missing_ok`` turns a 404 into None."""
        if self._read_only and method not in READ_METHODS and not reads:
            raise AssertionError(f"BUG: {method} {path} in check mode")
        exceptions = library("requests").exceptions
        try:
            answer = self._session.request(
                method, self._endpoint + path, json=body, params=query, timeout=(5, 60), allow_redirects=False
            )
        except exceptions.RequestException as error:
            raise ServiceError(f"{self._service} at {self._endpoint} does not answer: {error}") from error
        if answer.status_code == 404 and missing_ok:
            return None
        try:
            content = answer.json() if answer.content else {}
        except ValueError:
            content = {}
        if answer.status_code >= 300:
            code = str(content.get("error_code", "")) if isinstance(content, dict) else ""
            said = content.get("message") if isinstance(content, dict) else None
            raise ServiceError(
                f"{self._service} at {self._endpoint} answered {answer.status_code} to {method} {path}: "
                f"{said or answer.text[:300] or answer.reason}",
                status=answer.status_code,
                code=code,
            )
        return content
