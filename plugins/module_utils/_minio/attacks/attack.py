# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Forged requests that MinIO must refuse: an image we did not build is tried with them.

They claim to be the owner of an access key without having its secret (CVE-2026-41145, CVE-2026-40344 and their kin).
Send them only to a server and a bucket made for the trial: against one that is not safe, they write.
"""

from __future__ import annotations

import base64
import http.client
import io
import itertools
import tarfile
import time
import zlib
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError

Headers = tuple[tuple[str, str], ...]

# The payload type whose signature was not verified; the spellings are for servers and gateways that compare it loosely.
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
PAYLOAD_HEADERS: dict[str, Headers] = {
    "as specified": (("X-Amz-Content-Sha256", UNSIGNED_TRAILER),),
    "lower case": (("x-amz-content-sha256", UNSIGNED_TRAILER.lower()),),
    "lower case name": (("x-amz-content-sha256", UNSIGNED_TRAILER),),
    "padded": (("X-Amz-Content-Sha256", f" \t{UNSIGNED_TRAILER}\t "),),
    "in a list": (("X-Amz-Content-Sha256", f"UNSIGNED-PAYLOAD, {UNSIGNED_TRAILER}"),),
    "first of two headers": (("X-Amz-Content-Sha256", UNSIGNED_TRAILER), ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")),
    "second of two headers": (("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), ("X-Amz-Content-Sha256", UNSIGNED_TRAILER)),
}
FORGED = "0" * 64
# What says that the caller is not believed. Other errors come later: a wrong checksum, an upload that does not exist.
REFUSALS = frozenset(
    {
        "AccessDenied",
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
        "InvalidArgument",
        "InvalidRequest",
        "MissingFields",
        "NotImplemented",
        "SignatureDoesNotMatch",
    }
)


@dataclass(frozen=True)
class Request:
    name: str
    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True)
class Attempt:
    """What the server answered. ``code`` is S3's word for a refusal."""

    name: str
    status: int
    code: str

    @property
    def refused(self) -> bool:
        return self.status in (401, 403) or (self.status in (400, 501) and self.code in REFUSALS)


def attempts(
    endpoint: str, access_key: str, bucket: str, *, upload: tuple[str, str] = ("attempt-part", "none")
) -> list[Attempt]:
    """Claim to be the owner of ``access_key`` in every way we know, knowing no secret.

    ``upload`` is the key and the id of a running multipart upload. The server's region must be us-east-1 or unset, and
    the owner must be allowed to write to the bucket: else a refusal proves nothing.
    """
    identities = _identities(access_key)
    targets = _targets(bucket, upload)
    combined = itertools.product(targets, identities, PAYLOAD_HEADERS.items())
    requests = [
        replace(
            target,
            name=f"{target.name}, {identity.name}, payload type {spelling}",
            path=target.path.format(number=number),
            query="&".join(part for part in (target.query, identity.query) if part),
            headers=target.headers + identity.headers + payload,
        )
        for number, (target, identity, (spelling, payload)) in enumerate(combined)
    ]
    return [send(endpoint, request) for request in [*requests, _post_policy(access_key, bucket)]]


def send(endpoint: str, request: Request) -> Attempt:
    """Send the request byte by byte as it is: no library may tidy its query or its headers."""
    address = urlsplit(endpoint)
    connect = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = connect(address.netloc, timeout=10)
    try:
        connection.putrequest(request.method, f"{request.path}?{request.query}", skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        answer = connection.getresponse()
        content = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise ServiceError(f"MinIO at {endpoint} did not answer a trial request ({request.name}): {error}") from error
    finally:
        connection.close()
    code = content.partition("<Code>")[2].partition("</Code>")[0]
    return Attempt(request.name, answer.status, code)


def _identities(access_key: str) -> list[Request]:
    """Ways to name the owner of a key; only the query and the headers of these are used."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    credential = f"{access_key}/{now[:8]}/us-east-1/s3/aws4_request"
    in_query = f"X-Amz-Credential={quote(credential, safe='')}"
    presigned = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&{in_query}&X-Amz-Date={now}&X-Amz-Expires=600"
        f"&X-Amz-SignedHeaders=host&X-Amz-Signature={FORGED}"
    )
    fields = f"Credential={credential}, SignedHeaders=host;x-amz-date, Signature={FORGED}"
    dated = ("X-Amz-Date", now)
    forged = ("Authorization", f"AWS4-HMAC-SHA256 {fields}")

    def identity(name: str, query: str = "", *headers: tuple[str, str]) -> Request:
        return Request(name, "", "", query, (dated, *headers))

    return [
        identity("nobody"),
        identity("presigned", presigned),
        identity("credential alone in the query", in_query),
        identity("query key encoded", in_query.replace("Amz", "%41mz")),
        identity("in the query, Authorization empty", in_query, ("Authorization", "")),
        identity("in the query, Authorization unknown", in_query, ("Authorization", "Basic eDp5")),
        identity("in the query, Authorization without algorithm", in_query, ("Authorization", fields)),
        identity("forged Authorization", "", forged),
        identity("forged Authorization after an empty one", in_query, ("Authorization", ""), forged),
        identity("Authorization without algorithm", "", ("Authorization", fields)),
        identity("Authorization without signature", "", ("Authorization", f"AWS4-HMAC-SHA256 Credential={credential}")),
        identity("bearer token", in_query, ("Authorization", "Bearer e30.e30.e30")),
        identity("version 2 Authorization", "", ("Authorization", f"AWS {access_key}:AAAA")),
        identity("version 2 URL", f"AWSAccessKeyId={access_key}&Expires={int(time.time()) + 600}&Signature=AAAA"),
    ]


def _targets(bucket: str, upload: tuple[str, str]) -> list[Request]:
    """The writes to try, each with the body that a server which believes it would store."""
    content = b"attempt"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("attempt-extracted")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    extract = (("X-Amz-Meta-Snowball-Auto-Extract", "true"),)
    policy = b'{"Version":"2012-10-17","Statement":[]}'
    key, upload_id = upload
    path = f"/{bucket}/attempt-{{number}}"
    return [
        Request("object", "PUT", path, "", *_in_chunks(content)),
        Request("part", "PUT", f"/{bucket}/{key}", f"partNumber=1&uploadId={quote(upload_id)}", *_in_chunks(content)),
        Request("archive", "PUT", path, "", extract, archive.getvalue()),
        Request("archive in chunks", "PUT", path, "", *_in_chunks(archive.getvalue(), extract)),
        Request("bucket policy", "PUT", f"/{bucket}", "policy=", (), policy),
    ]


def _in_chunks(content: bytes, headers: Headers = ()) -> tuple[Headers, bytes]:
    """The content as one chunk and a trailer with its checksum, and the headers that say so."""
    checksum = base64.b64encode(zlib.crc32(content).to_bytes(4, "big"))
    headers += (
        ("Content-Encoding", "aws-chunked"),
        ("X-Amz-Decoded-Content-Length", str(len(content))),
        ("X-Amz-Trailer", "x-amz-checksum-crc32"),
    )
    return headers, b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(content), content, checksum)


def _post_policy(access_key: str, bucket: str) -> Request:
    """A browser's upload form with a forged signature."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    fields = {
        "key": "attempt-form",
        "policy": base64.b64encode(b'{"expiration":"2099-01-01T00:00:00.000Z","conditions":[]}').decode(),
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"{access_key}/{now[:8]}/us-east-1/s3/aws4_request",
        "x-amz-date": now,
        "x-amz-signature": FORGED,
        "file": "attempt",
    }
    form = "".join(
        f'--form\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    headers = (("Content-Type", "multipart/form-data; boundary=form"), ("X-Amz-Content-Sha256", UNSIGNED_TRAILER))
    return Request("form, forged signature", "POST", f"/{bucket}", "", headers, f"{form}--form--\r\n".encode())
