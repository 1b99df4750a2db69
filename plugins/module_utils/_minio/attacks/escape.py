# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Requests signed with a key of one's own that must not do more than the key may."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import replace
from urllib.parse import quote

from ansible_collections.repro.stack.plugins.module_utils._minio.attacks.attack import Attempt, Request, send


def impersonations(
    endpoint: str, access_key: str, bucket: str, *, own_access_key: str, own_secret_key: str
) -> list[Attempt]:
    """Sign version 2 URLs with one's own key and have them authorized as the owner of ``access_key``."""

    def url(name: str, method: str, path: str, query: str, *headers: tuple[str, str]) -> Request:
        return presigned(Request(name, method, path, query, headers), own_secret_key)

    requests = []
    for method, path in (("PUT", f"/{bucket}/attempt-url"), ("GET", f"/{bucket}")):
        repeated = f"AWSAccessKeyId={access_key}&AWSAccessKeyId={own_access_key}"
        encoded = f"AWSAccessKeyId={access_key}&AWSAccessKeyId%3D{own_access_key}"
        emptied = f"AWSAccessKeyId=&AWSAccessKeyId={own_access_key}"
        requests += [
            url("key named twice", method, path, repeated),
            url("key named twice, once encoded", method, path, encoded),
            url("key named in the header", method, path, emptied, ("Authorization", f"x {access_key}:x")),
        ]
    return [send(endpoint, request) for request in requests]


def escapes(endpoint: str, bucket: str, folder: str, *, access_key: str, secret_key: str) -> list[Attempt]:
    """List the whole bucket with a key whose policy has the condition that ``s3:prefix`` is ``folder``.

    What a condition looks at must be what the request asks for, not another word of the client.
    """
    own = f"AWSAccessKeyId={access_key}"
    requests = [
        Request("folder in a header", "GET", f"/{bucket}", own, (("Prefix", folder),)),
        Request("folder in another parameter", "GET", f"/{bucket}", f"{own}&Prefix={folder}"),
        Request("folder in an encoded parameter", "GET", f"/{bucket}", f"{own}&%50refix={folder}"),
        Request("folder named second", "GET", f"/{bucket}", f"{own}&prefix=&prefix={folder}"),
    ]
    return [send(endpoint, presigned(request, secret_key)) for request in requests]


def presigned(request: Request, secret_key: str) -> Request:
    """As a version 2 URL, whose signature covers neither the query nor the headers of these requests."""
    expires = str(int(time.time()) + 600)
    to_sign = f"{request.method}\n\n\n{expires}\n{request.path}".encode()
    signature = base64.b64encode(hmac.new(secret_key.encode(), to_sign, hashlib.sha1).digest()).decode()
    return replace(
        request,
        name=f"{request.method}, {request.name}",
        query=f"{request.query}&Expires={expires}&Signature={quote(signature, safe='')}",
        body=b"attempt" if request.method == "PUT" else b"",
    )
