# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. How full a store is: its drives, and single folders, of which MinIO itself keeps no count."""

from __future__ import annotations

import json
import re
import typing as t
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, unquote_plus, urlencode, urlsplit

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._http import session
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.signing import signed
from ansible_collections.repro.stack.plugins.module_utils._module import library

SIZE = re.compile(r"<Size>(\d+)</Size>")
NEXT = {
    "key-marker": re.compile(r"<NextKeyMarker>([^<]*)<"),
    "version-id-marker": re.compile(r"<NextVersionIdMarker>([^<]*)<"),
}
CODE = re.compile(r"<Code>(\w+)</Code>")

Folder = t.Mapping[str, str]


def disk(admin: Admin) -> dict[str, int]:
    """Bytes of all drives together; with parity, less than that can be stored."""
    servers = json.loads(admin.call("GET", "info")).get("servers") or ()
    drives = [drive for server in servers for drive in server.get("drives") or ()]
    return {
        "size": sum(drive.get("totalspace", 0) for drive in drives),
        "free": sum(drive.get("availspace", 0) for drive in drives),
    }


def folders(connection: Connection, asked: t.Sequence[Folder]) -> list[dict[str, t.Any]]:
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda each: folder(connection, each["bucket"], each["prefix"]), asked))


def folder(connection: Connection, bucket: str, prefix: str, *, page: int = 1000) -> dict[str, t.Any]:
    """What all versions in a folder take. boto3 would need ten times as long to read the same pages."""
    http = session(validate_certs=connection.verify, wait=connection.wait)
    query = {"versions": "", "encoding-type": "url", "prefix": prefix, "max-keys": str(page)}
    found: dict[str, t.Any] = {"bucket": bucket, "prefix": prefix, "size": 0, "versions": 0}
    more = True
    while more:
        text = _page(http, connection, f"{connection.endpoint}/{bucket}?{urlencode(query, quote_via=quote, safe='')}")
        sizes = SIZE.findall(text)
        found["size"] += sum(map(int, sizes))
        found["versions"] += len(sizes)
        more = "<IsTruncated>true<" in text
        query |= {name: unquote_plus(mark[1]) for name, pattern in NEXT.items() if (mark := pattern.search(text))}
    return found


def _page(http: t.Any, connection: Connection, url: str) -> str:
    given = connection
    headers = signed("GET", url, access_key=given.access_key, secret_key=given.secret_key, region=given.region)
    exceptions = library("requests").exceptions
    try:
        answer = http.get(url, headers=headers, timeout=(5, 300), allow_redirects=False)
    except exceptions.RequestException as error:
        raise ServiceError(f"S3 at {connection.endpoint} does not answer: {error}") from error
    if answer.status_code >= 300:
        said = CODE.search(answer.text)
        code = said[1] if said else ""
        raise ServiceError(
            f"S3 at {connection.endpoint} refused to list {urlsplit(url).path.strip('/')}: {code or answer.reason}",
            status=answer.status_code,
            code=code,
        )
    return t.cast(str, answer.text)
