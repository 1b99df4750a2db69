# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A request signed as S3 and MinIO's admin API want it, by minio-py."""

from __future__ import annotations

import datetime
import hashlib
import typing as t
from urllib.parse import urlsplit

from ansible_collections.repro.stack.plugins.module_utils._module import library


def signed(
    method: str,
    url: str,
    *,
    access_key: str,
    secret_key: str,
    region: str,
    headers: t.Mapping[str, str] | None = None,
    body: bytes = b"",
) -> dict[str, str]:
    """The headers with which to send the request."""
    signer, credentials = library("minio.signer", "minio"), library("minio.credentials", "minio")
    address, now = urlsplit(url), datetime.datetime.now(datetime.UTC)
    digest = hashlib.sha256(body).hexdigest()
    return t.cast(
        "dict[str, str]",
        signer.sign_v4_s3(
            method=method,
            url=address,
            region=region,
            headers={
                **(headers or {}),
                "Host": address.netloc,
                "x-amz-content-sha256": digest,
                "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            },
            credentials=credentials.Credentials(access_key, secret_key),
            content_sha256=digest,
            date=now,
        ),
    )
