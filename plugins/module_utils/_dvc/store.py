# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The objects of a DVC remote in an S3 store."""

from __future__ import annotations

import typing as t
from pathlib import Path
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from ansible_collections.repro.stack.plugins.module_utils._dvc.object_keys import (
    OLD_PARTS,
    PARTS,
    algorithm_of,
    digest_of,
    is_object,
)
from ansible_collections.repro.stack.plugins.module_utils._dvc.progress import Progress, side_by_side
from ansible_collections.repro.stack.plugins.module_utils._dvc.remote import Remote
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError, StackError
from ansible_collections.repro.stack.plugins.module_utils._http import session
from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3
from ansible_collections.repro.stack.plugins.module_utils._module import library

# Up to so many objects it is quicker to ask for each than to list all that there is.
FEW = 200
PAGE = 1000
# What is larger is copied in parts: a request that copies gigabytes would run into the client's patience.
LARGE_COPY = 64 << 20
READ_AGAIN = 2

Taken = t.TypeVar("Taken")


class UnreadableError(StackError):
    """The content of an object breaks off."""


class Held(t.NamedTuple):
    """``stored_as_named``: the store's own MD5 of what it was sent is the object's; a large upload has no such MD5."""

    size: int
    stored_as_named: bool


class Store:
    def __init__(self, remote: Remote, *, read_only: bool, jobs: int, progress: Progress) -> None:
        if jobs < 1:
            raise InvalidInputError(f"jobs is {jobs}: at least one object must be looked at at a time")
        self.remote = remote
        self._s3 = S3(remote.connection, read_only=read_only)
        self._http = session(validate_certs=remote.connection.verify, wait=remote.connection.wait)
        self._jobs = jobs
        self._progress = progress

    def address(self, key: str) -> str:
        return f"{self.remote.address}/{key}"

    def all(self, *, old: bool) -> dict[str, Held]:
        """Everything that DVC keeps here; ``old`` says whether objects of DVC 2 may be among it."""
        found: dict[str, Held] = {}
        self._progress.begin(f"listing {self.remote.address}")
        for _part, held in side_by_side(self._listed, (*PARTS, *(OLD_PARTS if old else ())), self._jobs):
            found |= held
        return found

    def some(self, keys: t.Collection[str]) -> dict[str, Held]:
        """Those of the objects that are here."""
        if len(keys) > FEW:
            held = self.all(old=any(algorithm_of(key) != "md5" for key in keys))
            return {key: held[key] for key in keys if key in held}
        found = {key: held for key, held in side_by_side(self._asked, keys, self._jobs) if held}
        if len(found) < len(keys):
            # a HEAD is answered without a word, so that what is missing may be the bucket
            self._call("list", "", "list_objects_v2", Prefix=self.remote.prefix, MaxKeys=1)
        return found

    def md5(self, key: str) -> tuple[str, str]:
        """The MD5 of what is really stored, as DVC computes it, and the store's tag of just that content.

        A content that cannot be read to its end is told as such: the store found it damaged on its drives.
        """
        hashing = library("dvc_data.hashfile.hash", "dvc")
        try:
            told = self._read(key, lambda body: hashing.fobj_md5(body, name=algorithm_of(key)))
        except UnreadableError as error:
            return f"unreadable ({error})", ""
        return told or ("nothing", "")

    def verify(self, held: t.Mapping[str, Held]) -> dict[str, str]:
        """Those whose content is not what their key says, each with the MD5 that it has."""
        self._progress.begin(f"verifying {self.remote.address}", len(held))
        found: dict[str, str] = {}
        for key, (md5, _tag) in side_by_side(self.md5, held, self._jobs):
            self._progress.advance(held[key].size)
            if md5 != digest_of(key):
                found[key] = md5
        return found

    def intact(self, key: str, held: Held) -> str | None:
        """The tag under which the right content can be copied; None where the content is not the right one."""
        if held.stored_as_named:
            return f'"{digest_of(key)}"'
        md5, tag = self.md5(key)
        return tag if md5 == digest_of(key) else None

    def content(self, key: str) -> bytes | None:
        """The whole of a small object; None where it is not there or cannot be read to its end."""
        try:
            told = self._read(key, lambda body: body.read())
        except UnreadableError:
            return None
        return told and told[0]

    def copy_from(self, source: Store, key: str, held: Held, tag: str) -> None:
        """Bring the object here without it leaving the store, where that is possible; only what has that tag."""
        origin = {"Bucket": source.remote.bucket, "Key": source._key(key)}
        if not self.remote.same_account(source.remote):
            told = source._call("read", key, "get_object", Key=source._key(key), IfMatch=tag)
            self._transfer(key, "upload_fileobj", told["Body"])
        elif held.size > LARGE_COPY:
            self._transfer(key, "copy", origin, ExtraArgs={"CopySourceIfMatch": tag})
        else:
            self._call("write", key, "copy_object", Key=self._key(key), CopySource=origin, CopySourceIfMatch=tag)

    def upload(self, path: Path, key: str) -> None:
        with path.open("rb") as file:
            self._transfer(key, "upload_fileobj", file)

    def _read(self, key: str, take: t.Callable[[t.Any], Taken]) -> tuple[Taken, str] | None:
        """What ``take`` makes of the content, and the store's tag of it; None where there is no such object."""
        exceptions = library("botocore.exceptions", "boto3")
        reason: Exception | None = None
        for _time in range(READ_AGAIN):
            told = self._call("read", key, "get_object", missing=("NoSuchKey",), Key=self._key(key))
            if told is None:
                return None
            try:
                return take(told["Body"]), told["ETag"]
            except exceptions.BotoCoreError as error:
                reason = error
        raise UnreadableError(str(reason)) from reason

    def _key(self, key: str) -> str:
        return self.remote.prefix + key

    def _asked(self, key: str) -> Held | None:
        told = self._call("look at", key, "head_object", missing=("404", "NoSuchKey"), Key=self._key(key))
        return told and Held(told["ContentLength"], told["ETag"].strip('"') == digest_of(key))

    def _listed(self, part: str) -> dict[str, Held]:
        """The objects whose key begins like this. boto3 signs the request; it reads answers too slowly."""
        found: dict[str, Held] = {}
        query: dict[str, t.Any] = {"Bucket": self.remote.bucket, "Prefix": self._key(part), "MaxKeys": PAGE}
        while True:
            page = self._page(part, query)
            named = unquote_plus if page.findtext("{*}EncodingType") == "url" else str
            for each in page.iterfind("{*}Contents"):
                key = named(each.findtext("{*}Key")).removeprefix(self.remote.prefix)
                if is_object(key):
                    tag = (each.findtext("{*}ETag") or "").strip('"')
                    found[key] = Held(int(each.findtext("{*}Size") or 0), tag == digest_of(key))
                    self._progress.advance()
            if page.findtext("{*}IsTruncated") != "true":
                return found
            query["ContinuationToken"] = page.findtext("{*}NextContinuationToken") or ""

    def _page(self, part: str, query: t.Mapping[str, t.Any]) -> t.Any:
        url = self._s3.client.generate_presigned_url("list_objects_v2", Params=query)
        exceptions = library("requests").exceptions
        try:
            answer = self._http.get(url, timeout=(5, 300), allow_redirects=False)
        except exceptions.RequestException as error:
            raise ServiceError(f"S3 at {self.remote.connection.endpoint} does not answer: {error}") from error
        if answer.status_code != 200:
            # the same again through boto3, which knows how to read a refusal
            self._call("list", part, "list_objects_v2", **{**query, "MaxKeys": 1})
            raise ServiceError(
                f"{self.address(part)} cannot be listed: {answer.status_code}", status=answer.status_code
            )
        return ElementTree.fromstring(answer.content)  # noqa: S314 - from the store that is asked with our key

    def _call(
        self, verb: str, key: str, operation: str, *, missing: t.Collection[str] = (), **arguments: t.Any
    ) -> t.Any:
        try:
            return self._s3.call(operation, missing=missing, **{"Bucket": self.remote.bucket, **arguments})
        except ServiceError as error:
            raise self._refused(verb, key, error) from error

    def _transfer(self, key: str, operation: str, origin: t.Any, **arguments: t.Any) -> None:
        """One of boto3's managed transfers, which take large objects in parts."""
        transfer, exceptions = library("boto3.s3.transfer", "boto3"), library("boto3.exceptions", "boto3")
        service = library("botocore.exceptions", "boto3")
        config = transfer.TransferConfig(
            multipart_threshold=LARGE_COPY, multipart_chunksize=LARGE_COPY, max_concurrency=2
        )
        try:
            getattr(self._s3.client, operation)(
                origin, Bucket=self.remote.bucket, Key=self._key(key), Config=config, **arguments
            )
        except (exceptions.Boto3Error, service.BotoCoreError, service.ClientError) as error:
            raise self._refused("write", key, error) from error

    def _refused(self, verb: str, key: str, error: Exception) -> ServiceError:
        code = getattr(error, "code", "")
        return ServiceError(
            f"The key {self.remote.connection.access_key} could not {verb} {self.address(key)}: {error}",
            status=getattr(error, "status", 0),
            code=code,
        )
