# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An MLflow plugin: artifacts in S3 that pass through the MLflow server and no other way.

A server with MLflow's own S3 repository tells its clients to fetch artifacts from the store by presigned addresses, and
no setting prevents it. The clients of this server know its address alone, and the store's is not theirs to reach.

It also begins to store an artifact only when it has all of it. Here what has come is stored while the rest still comes.
"""

from __future__ import annotations

import asyncio
import posixpath
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from mimetypes import guess_type
from tempfile import TemporaryFile
from threading import Lock, Thread

from mlflow.store.artifact.artifact_repo import ArtifactRepository, StreamUploadMixin
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository
from s3transfer.upload import UploadSubmissionTask as Accepted
from s3transfer.utils import get_filtered_dict
from uvicorn.protocols.http import h11_impl

MIB = 1024 * 1024
# What a connection may receive ahead: each piece passes MLflow's middleware, which takes longer than its storing.
h11_impl.HIGH_WATER_LIMIT = MIB
PART = 16 * MIB
# Parts of one artifact that may wait on disk; its client waits then.
AHEAD = 4
# For all artifacts of the process, so that many at once need no more connections and memory than one.
SENDERS = ThreadPoolExecutor(4, "artifact-part")


class Upload:
    """An object whose parts are sent while the next ones are written: in the end there is all of it or nothing."""

    def __init__(self, client, target, extra):
        self._client = client
        self._target = target
        self._extra = extra
        self._file = TemporaryFile()  # noqa: SIM115 - closed when it is sent
        self._id = None
        self._parts: list[Future] = []
        # a request that was cancelled leaves its last write behind, in a thread
        self._lock = Lock()

    def write(self, content):
        with self._lock:
            self._file.writelines(content)
            # growing, so that S3's 10,000 parts make its 5 TiB
            if self._file.tell() >= PART + PART * len(self._parts) // 150:
                self._send()

    def finish(self):
        with self._lock:
            if not self._parts:
                self._file.seek(0)
                self._client.put_object(Body=self._file, **self._target, **self._extra)
                return
            if self._file.tell():
                self._send()
            parts = [part.result() for part in self._parts]
            extra = get_filtered_dict(self._extra, Accepted.COMPLETE_MULTIPART_ARGS)
            self._client.complete_multipart_upload(
                UploadId=self._id, MultipartUpload={"Parts": parts}, **self._target, **extra
            )

    def abort(self):
        with self._lock:
            self._file.close()
            for part in self._parts:
                part.cancel()
            # a part that arrives after the end would stay
            wait(self._parts)
            if self._id:
                self._client.abort_multipart_upload(UploadId=self._id, **self._target)

    def _send(self):
        if not self._id:
            extra = get_filtered_dict(self._extra, blocklisted_keys=Accepted.CREATE_MULTIPART_BLOCKLIST)
            self._id = self._client.create_multipart_upload(**self._target, **extra)["UploadId"]
        self._parts.append(SENDERS.submit(self._send_part, len(self._parts) + 1, self._file))
        self._file = TemporaryFile()  # noqa: SIM115 - closed when it is sent
        if len(self._parts) > AHEAD:
            self._parts[-AHEAD - 1].result()

    def _send_part(self, number, file):
        extra = get_filtered_dict(self._extra, Accepted.UPLOAD_PART_ARGS)
        with file:
            file.seek(0)
            answer = self._client.upload_part(Body=file, PartNumber=number, UploadId=self._id, **self._target, **extra)
        sums = {name: value for name, value in answer.items() if name.startswith(("ETag", "Checksum"))}
        return {"PartNumber": number, **sums}


class ThroughTheServer(ArtifactRepository, StreamUploadMixin):
    """MLflow's S3 repository without what it offers to clients."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        self._s3 = S3ArtifactRepository(artifact_uri, tracking_uri=tracking_uri, registry_uri=registry_uri)

    async def log_artifact_from_async_stream(self, chunks, artifact_file_name, artifact_path=None):
        with self._upload(artifact_file_name, artifact_path) as upload:
            content, size = [], 0
            async for chunk in chunks:
                content.append(chunk)
                size += len(chunk)
                # a thread for each small chunk would take longer than the upload
                if size >= MIB:
                    await asyncio.to_thread(upload.write, content)
                    content, size = [], 0
            await asyncio.to_thread(upload.write, content)
            await asyncio.to_thread(upload.finish)

    def log_artifact_from_stream(self, stream, artifact_file_name, artifact_path=None):
        with self._upload(artifact_file_name, artifact_path) as upload:
            while content := stream.read(MIB):
                upload.write([content])
            upload.finish()

    @contextmanager
    def _upload(self, name, folder):
        """What MLflow's own S3 repository does with a file of that name."""
        bucket, root = self._s3.parse_s3_compliant_uri(self.artifact_uri)
        kind, encoding = guess_type(name)
        extra = {"ContentType": kind} if kind else {}
        extra |= {"ContentEncoding": encoding} if encoding else {}
        extra |= self._s3._bucket_owner_params | (self._s3.get_s3_file_upload_extra_args() or {})
        target = {"Bucket": bucket, "Key": posixpath.join(root, folder or "", posixpath.basename(name))}
        upload = Upload(self._s3._get_s3_client(), target, extra)
        try:
            yield upload
        except BaseException:
            # not waited for: neither may the event loop, nor can a request that is cancelled
            Thread(target=upload.abort).start()
            raise

    def address_of(self, path):
        """Where the store gives that file to anybody, for a minute: for the gateway, and for no client."""
        return self._s3.get_download_presigned_url(path, expiration=60).url

    def log_artifact(self, local_file, artifact_path=None):
        self._s3.log_artifact(local_file, artifact_path)

    def log_artifacts(self, local_dir, artifact_path=None):
        self._s3.log_artifacts(local_dir, artifact_path)

    def list_artifacts(self, path=None):
        return self._s3.list_artifacts(path)

    def delete_artifacts(self, artifact_path=None):
        self._s3.delete_artifacts(artifact_path)

    def _download_file(self, remote_file_path, local_path):
        self._s3._download_file(remote_file_path, local_path)
