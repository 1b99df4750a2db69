# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A request signed as S3 and MinIO's admin API want it, by botocore."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._module import library


class Key(t.NamedTuple):
    """botocore's own class for it takes longer to load than a hundred requests to sign."""

    access_key: str
    secret_key: str
    token: str | None = None


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
    auth, requests = library("botocore.auth", "boto3"), library("botocore.awsrequest", "boto3")
    request = requests.AWSRequest(method=method, url=url, headers=headers, data=body)
    auth.S3SigV4Auth(Key(access_key, secret_key), "s3", region).add_auth(request)
    return dict(request.headers)
