"""The gateway as its clients meet it: it changes nothing, refuses what MinIO must never see, writes nothing to disk."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import socket
import time
import typing as t
import uuid
import zlib
from base64 import b64encode
from urllib.parse import quote, urlsplit

import docker
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from s3 import remove_bucket, s3_client

GATEWAY = "test-gateway"
MINIO = "test-minio"
MIB = 1024 * 1024
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SNOWBALL = "x-amz-meta-snowball-auto-extract"
ODD_KEYS = [
    "with space",
    "plus+sign",
    "percent%2Fslash",
    "50%",
    "ünïcode/日本",
    "double//slash",
    "./dot",
    "up/../and over",
    "folder/",
    "question?mark&more=1",
    "semi;colon=1:2,3",
    "back\\slash",
    "tilde~'\"<>|#",
    "line\nbreak",
]


def client_of(endpoint: str, minio: t.Any) -> t.Any:
    config = {"signature_version": "s3v4", "retries": {"total_max_attempts": 1}}
    return s3_client(endpoint, minio.access_key, minio.secret_key, **config)


@pytest.fixture(scope="module")
def engine() -> t.Any:
    return docker.from_env()


@pytest.fixture(scope="module")
def direct(engine: t.Any, minio: t.Any) -> t.Any:
    """S3 at MinIO's own address in the private network."""
    return client_of(f"http://{address_of(engine)}:9000", minio)


@pytest.fixture(scope="module")
def s3(minio: t.Any) -> t.Any:
    return client_of(minio.endpoint, minio)


@pytest.fixture(scope="module")
def bucket(s3: t.Any) -> t.Iterator[str]:
    name = f"gateway-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    yield name
    remove_bucket(s3, name)


def address_of(engine: t.Any) -> str:
    networks = engine.containers.get(MINIO).attrs["NetworkSettings"]["Networks"]
    return next(network["IPAddress"] for network in networks.values() if network["IPAddress"])


def outcome(call: t.Callable[[], t.Any]) -> t.Any:
    """What a client sees: the result, or the code of the refusal."""
    try:
        return call()
    except ClientError as error:
        return error.response["Error"]["Code"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_odd_key_is_the_same_through_the_gateway(s3: t.Any, direct: t.Any, bucket: str, key: str) -> None:
    body = key.encode()
    written = [outcome(lambda s=side: s.put_object(Bucket=bucket, Key=key, Body=body)["ETag"]) for side in (direct, s3)]
    assert written[0] == written[1]
    if written[0] == f'"{hashlib.md5(body).hexdigest()}"':  # noqa: S324 - what S3 calls an ETag
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
        assert key in [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]]


def test_most_odd_keys_are_accepted(s3: t.Any, bucket: str) -> None:
    """Else the test above would compare refusals only."""
    accepted = [
        key for key in ODD_KEYS if isinstance(outcome(lambda k=key: s3.head_object(Bucket=bucket, Key=k)), dict)
    ]
    assert len(accepted) >= 10


@pytest.mark.parametrize("name", ["with_underscore", "with.dot", "plain"])
def test_metadata_names_keep_the_signature_valid(s3: t.Any, bucket: str, name: str) -> None:
    s3.put_object(Bucket=bucket, Key="metadata", Body=b"", Metadata={name: "kept"})
    assert s3.head_object(Bucket=bucket, Key="metadata")["Metadata"] == {name: "kept"}


@pytest.mark.parametrize("key", ["presigned +%.bin", "presigned/日本"])
def test_presigned_addresses_work(s3: t.Any, bucket: str, key: str) -> None:
    params = {"Bucket": bucket, "Key": key}
    assert request("PUT", s3.generate_presigned_url("put_object", Params=params), body=b"signed").status == 200
    assert request("GET", s3.generate_presigned_url("get_object", Params=params)).body == b"signed"


def test_a_large_upload_in_parts_arrives_whole(s3: t.Any, bucket: str) -> None:
    body = os.urandom(64 * MIB)
    parts = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), bucket, "parts", Config=parts)
    found = s3.get_object(Bucket=bucket, Key="parts")
    assert found["ETag"].endswith('-8"')
    assert hashlib.sha256(found["Body"].read()).digest() == hashlib.sha256(body).digest()


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def from_gateway(self) -> bool:
        """MinIO gives each request that reaches it an identifier."""
        return "x-amz-request-id" not in self.headers


def request(method: str, url: str, headers: t.Iterable[tuple[str, str]] = (), body: bytes = b"") -> Answer:
    """One request with the headers exactly as given, doubled ones too."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.putrequest(method, url.split(parts.netloc, 1)[1], skip_accept_encoding=True)
    for name, value in (*headers, ("Content-Length", str(len(body)))):
        connection.putheader(name, value)
    connection.endheaders(body)
    found = connection.getresponse()
    answer = Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
    connection.close()
    return answer


def trailer_body(data: bytes) -> bytes:
    checksum = b64encode(zlib.crc32(data).to_bytes(4, "big"))
    return b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(data), data, checksum)


def trailer_headers(data: bytes) -> dict[str, str]:
    return {
        "x-amz-content-sha256": UNSIGNED_TRAILER,
        "x-amz-decoded-content-length": str(len(data)),
        "x-amz-trailer": "x-amz-checksum-crc32",
        "content-encoding": "aws-chunked",
    }


ATTACK = [("x-amz-content-sha256", UNSIGNED_TRAILER)]
ATTACKS: dict[str, list[tuple[str, str]]] = {
    "no authorization": ATTACK,
    "empty authorization": [*ATTACK, ("Authorization", "")],
    "other scheme": [*ATTACK, ("Authorization", "Bearer x")],
    "signature version 2": [*ATTACK, ("Authorization", "AWS key:signature")],
    "scheme without a space": [*ATTACK, ("Authorization", "AWS4-HMAC-SHA256")],
    "scheme in lower case": [*ATTACK, ("Authorization", "aws4-hmac-sha256 Credential=x")],
    "scheme further on": [*ATTACK, ("Authorization", "Basic x, AWS4-HMAC-SHA256 Credential=x")],
    "header in capitals": [("X-AMZ-CONTENT-SHA256", UNSIGNED_TRAILER)],
    "value in lower case": [("x-amz-content-sha256", UNSIGNED_TRAILER.lower())],
    "value in a list": [("x-amz-content-sha256", f"UNSIGNED-PAYLOAD, {UNSIGNED_TRAILER}")],
    "value with a tab": [("x-amz-content-sha256", f"\t{UNSIGNED_TRAILER}\t")],
    "second header": [("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), *ATTACK],
    "first header": [*ATTACK, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")],
    "snowball": [*ATTACK, (SNOWBALL, "true")],
    "snowball with the scheme": [*ATTACK, (SNOWBALL, "true"), ("Authorization", "AWS4-HMAC-SHA256 Credential=x")],
    "snowball in capitals": [*ATTACK, (SNOWBALL.upper(), "true"), ("Authorization", "AWS4-HMAC-SHA256 Credential=x")],
    "snowball doubled": [
        *ATTACK,
        (SNOWBALL, ""),
        (SNOWBALL, "true"),
        ("Authorization", "AWS4-HMAC-SHA256 Credential=x"),
    ],
}


@pytest.mark.parametrize("query", ["X-Amz-Credential", "X-%41mz-Credential", ""])
@pytest.mark.parametrize("headers", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_body_that_minio_would_not_check_is_refused(
    minio: t.Any, s3: t.Any, bucket: str, headers: list[tuple[str, str]], query: str
) -> None:
    signed = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "attacked"})
    url, arguments = signed.split("?", 1)
    if query:
        url = f"{url}?{arguments.replace('X-Amz-Credential', query)[:-8]}deadbeef"
    more = [item for item in trailer_headers(b"forged").items() if item[0] != "x-amz-content-sha256"]
    answer = request("PUT", url, [*headers, *more], trailer_body(b"forged"))
    assert (answer.status, answer.from_gateway) == (403, True)
    assert outcome(lambda: s3.head_object(Bucket=bucket, Key="attacked")) == "404"


def test_a_doubled_authorization_is_refused(minio: t.Any, bucket: str) -> None:
    headers = [*ATTACK, ("Authorization", "AWS4-HMAC-SHA256 Credential=x"), ("Authorization", "")]
    answer = request("PUT", f"{minio.endpoint}/{bucket}/attacked", headers, trailer_body(b"forged"))
    assert (answer.status, answer.from_gateway) == (400, True)


def signed_trailer(minio: t.Any, url: str, data: bytes, **more: str) -> AWSRequest:
    """A PUT as boto3 sends it over HTTPS: the headers signed, the body with a checksum behind it."""

    class Trailer(SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return UNSIGNED_TRAILER

        def canonical_request(self, request: AWSRequest) -> str:
            request.headers.replace_header("x-amz-content-sha256", UNSIGNED_TRAILER)
            return super().canonical_request(request)

    made = AWSRequest("PUT", url, headers={**trailer_headers(data), **more}, data=trailer_body(data))
    Trailer(Credentials(minio.access_key, minio.secret_key), "s3", "us-east-1").add_auth(made)
    return made


def test_a_signed_upload_with_a_trailer_passes(minio: t.Any, s3: t.Any, bucket: str) -> None:
    made = signed_trailer(minio, f"{minio.endpoint}/{bucket}/trailer", b"with a trailer")
    answer = request("PUT", made.url, made.headers.items(), made.data)
    assert (answer.status, answer.body) == (200, b"")
    assert s3.get_object(Bucket=bucket, Key="trailer")["Body"].read() == b"with a trailer"


def test_a_wrong_signature_with_a_trailer_is_refused_by_minio(minio: t.Any, bucket: str) -> None:
    made = signed_trailer(minio, f"{minio.endpoint}/{bucket}/trailer", b"with a trailer")
    forged = [
        (name, value[:-8] + "deadbeef" if name == "Authorization" else value) for name, value in made.headers.items()
    ]
    answer = request("PUT", made.url, forged, made.data)
    assert (answer.status, answer.from_gateway) == (403, False)


def test_a_signed_snowball_with_a_trailer_is_refused(minio: t.Any, bucket: str) -> None:
    made = signed_trailer(minio, f"{minio.endpoint}/{bucket}/snowball", b"tar", **{SNOWBALL: "true"})
    answer = request("PUT", made.url, made.headers.items(), made.data)
    assert (answer.status, answer.from_gateway) == (403, True)


def test_secrets_of_an_address_are_not_logged(engine: t.Any, s3: t.Any, bucket: str) -> None:
    """Neither of a request that works nor of one whose client goes away."""
    key = f"logged-{uuid.uuid4().hex}"
    s3.put_object(Bucket=bucket, Key=key, Body=bytes(8 * MIB))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    signature = url.split("X-Amz-Signature=")[1].split("&")[0]
    assert request("GET", url, [("Referer", url)]).status == 200
    half_read(url).close()
    half_sent(url.replace(key, key + "-put"), 8 * MIB).close()
    logged = until(lambda: (text := logs(engine)).count(f"/{bucket}/{key}") >= 4 and text)
    assert signature not in logged
    assert "X-Amz-" not in logged


def logs(engine: t.Any) -> str:
    return engine.containers.get(GATEWAY).logs(tail=200).decode()


def until(reached: t.Callable[[], t.Any], seconds: float = 20) -> t.Any:
    deadline = time.monotonic() + seconds
    while not (value := reached()):
        assert time.monotonic() < deadline, f"not reached within {seconds} s"
        time.sleep(0.2)
    return value


def open_request(method: str, url: str, length: int | None = None) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=60)
    head = f"{method} {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
    connection.sendall((head + (f"Content-Length: {length}\r\n\r\n" if length else "\r\n")).encode())
    return connection


def half_read(url: str) -> socket.socket:
    connection = open_request("GET", url)
    assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    return connection


def half_sent(url: str, length: int) -> socket.socket:
    connection = open_request("PUT", url, length)
    connection.sendall(bytes(length // 2))
    return connection


def written_to_disk(engine: t.Any) -> tuple[int, list[str]]:
    """KiB in the container's scratch space, and the files that differ from the image's."""
    container = engine.containers.get(GATEWAY)
    used = container.exec_run(["df", "--output=used", "/tmp"]).output.split()[-1]  # noqa: S108 - in the container
    return int(used), sorted(change["Path"] for change in container.diff() or [])


def memory_of(engine: t.Any) -> int:
    processes = engine.containers.get(GATEWAY).top(ps_args="-o pid,rss")["Processes"]
    return sum(int(resident) * 1024 for _name, resident in processes)


def test_nothing_is_written_to_disk_and_a_pause_cuts_nothing(engine: t.Any, s3: t.Any, bucket: str) -> None:
    """A client that stands still leaves 64 MiB neither in the gateway's files nor in its memory."""
    size = 64 * MIB
    s3.put_object(Bucket=bucket, Key="slow", Body=bytes(size))
    before = written_to_disk(engine)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "slow"})
    reader = half_read(url)
    writer = half_sent(s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "slow-put"}), size)
    time.sleep(5)
    disk, files = written_to_disk(engine)
    assert files == before[1]
    assert disk <= before[0] + 64
    assert memory_of(engine) < size

    writer.sendall(bytes(size // 2))
    assert writer.recv(4096).startswith(b"HTTP/1.1 200 ")
    received = 0
    while chunk := reader.recv(MIB):
        received += len(chunk)
    assert received > size - 4096
    writer.close()
    reader.close()
    assert written_to_disk(engine)[1] == before[1]


def test_a_trickling_upload_is_not_cut(s3: t.Any, bucket: str) -> None:
    writer = open_request("PUT", s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "drops"}), 12)
    for number in range(12):
        writer.sendall(b"%x" % number)
        time.sleep(0.5)
    assert writer.recv(4096).startswith(b"HTTP/1.1 200 ")
    writer.close()
    assert s3.get_object(Bucket=bucket, Key="drops")["Body"].read() == b"0123456789ab"


def test_a_backend_at_a_new_address_is_found_again(engine: t.Any, minio: t.Any, s3: t.Any, bucket: str) -> None:
    """A container that is made anew gets another address when a third one has taken the old one meanwhile."""
    s3.put_object(Bucket=bucket, Key="before", Body=b"kept")
    container = engine.containers.get(MINIO)
    old = address_of(engine)
    network = next(iter(container.attrs["NetworkSettings"]["Networks"]))
    placeholders = []
    try:
        while address_of(engine) in ("", old):
            assert len(placeholders) < 5, "the container keeps its address"
            container.stop()
            image = engine.containers.get(GATEWAY).image.id
            placeholders.append(
                engine.containers.run(image, ["3600"], entrypoint="sleep", network=network, detach=True)
            )
            container.start()
        started = time.monotonic()
        url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "before"})

        def found() -> bool:
            """On a kept connection and on new ones, since each of the gateway's workers has an answer of its own."""
            kept = outcome(lambda: s3.head_object(Bucket=bucket, Key="before")["ContentLength"])
            return kept == len(b"kept") and all(request("GET", url).body == b"kept" for _worker in range(16))

        until(found, seconds=60)
        print(f"found again {time.monotonic() - started:.1f} s after its start")
    finally:
        for placeholder in placeholders:
            placeholder.remove(force=True)


def test_mlflow_artifacts_of_any_size_stream_through(engine: t.Any, mlflow: t.Any) -> None:
    body = os.urandom(64 * MIB)
    url = f"{mlflow.endpoint}/api/2.0/mlflow-artifacts/artifacts/{quote('gateway test')}/{uuid.uuid4().hex}"
    before = written_to_disk(engine)[0]
    assert request("PUT", url, [("Content-Type", "application/octet-stream")], body).status == 200
    assert hashlib.sha256(request("GET", url).body).digest() == hashlib.sha256(body).digest()
    assert written_to_disk(engine)[0] <= before + 64
    assert request("DELETE", url).status == 200
