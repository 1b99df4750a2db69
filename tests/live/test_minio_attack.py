"""The MinIO image by itself: it refuses every forged request that we know, and still serves the real ones."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import io
import ipaddress
import os
import secrets
import tarfile
import time
import typing as t
import urllib.request
import zlib
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.client
import botocore.credentials
import docker
import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.attacks.attack import (
    UNSIGNED_TRAILER,
    Attempt,
    Request,
    attempts,
    send,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.attacks.escape import (
    escapes,
    impersonations,
    presigned,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from docker.models.containers import Container
from minio.credentials import StaticProvider
from minio.minioadmin import MinioAdmin

CONTENT = b"content"


@dataclasses.dataclass(frozen=True)
class Server:
    endpoint: str
    console: str
    key: str
    secret: str
    authority: str | None = None

    def s3(self, signature: str = "s3v4", **config: t.Any) -> t.Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
            verify=self.authority,
            config=botocore.client.Config(signature_version=signature, s3={"addressing_style": "path"}, **config),
        )


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest) -> str:
    return os.environ.get("REPRO_MINIO_IMAGE") or request.getfixturevalue("minio_image")


@pytest.fixture(scope="module")
def server(image: str) -> t.Iterator[Server]:
    yield from run(image)


@pytest.fixture(scope="module")
def tls_server(image: str, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Server]:
    yield from run(image, certificates=certificates(tmp_path_factory.mktemp("certificates")))


@pytest.fixture
def bucket(server: Server) -> str:
    name = f"trial-{secrets.token_hex(4)}"
    server.s3().create_bucket(Bucket=name)
    return name


def run(image: str, certificates: Path | None = None) -> t.Iterator[Server]:
    """A server as the role runs it: unprivileged, read-only, healthy before it is used."""
    key, secret = "victim", secrets.token_hex(16)
    scheme = "https" if certificates else "http"
    options = ["--certs-dir", "/certificates"] if certificates else []
    health = f"{scheme}://127.0.0.1:9000/minio/health/cluster"
    container: Container = docker.from_env().containers.run(
        image,
        ["server", "/data", "--address", ":9000", "--console-address", ":9001", *options],
        detach=True,
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        volumes=["/data", *([f"{certificates}:/certificates:ro"] if certificates else [])],
        environment={
            "MINIO_ROOT_USER": key,
            "MINIO_ROOT_PASSWORD": secret,
            "SSL_CERT_FILE": "/certificates/public.crt",
        },
        ports={"9000/tcp": ("127.0.0.1", None), "9001/tcp": ("127.0.0.1", None)},
        healthcheck={"test": ["CMD", "healthcheck", health], "interval": 10**9, "retries": 60},
    )
    try:
        deadline = time.monotonic() + 60
        while container.attrs["State"].get("Health", {}).get("Status") != "healthy":
            assert time.monotonic() < deadline, f"not healthy: {container.attrs['State']}\n{container.logs().decode()}"
            time.sleep(0.3)
            container.reload()
        port, console = (container.ports[name][0]["HostPort"] for name in ("9000/tcp", "9001/tcp"))
        yield Server(
            f"{scheme}://127.0.0.1:{port}",
            f"{scheme}://127.0.0.1:{console}",
            key,
            secret,
            str(certificates / "public.crt") if certificates else None,
        )
    finally:
        container.remove(force=True, v=True)


def certificates(directory: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, named as MinIO wants it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trial")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "public.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "private.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for path in (directory, *directory.iterdir()):  # the server's user is another one
        path.chmod(0o755)
    return directory


def in_chunks(content: bytes) -> tuple[dict[str, str], bytes]:
    checksum = base64.b64encode(zlib.crc32(content).to_bytes(4, "big"))
    headers = {
        "Content-Encoding": "aws-chunked",
        "X-Amz-Decoded-Content-Length": str(len(content)),
        "X-Amz-Trailer": "x-amz-checksum-crc32",
    }
    return headers, b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(content), content, checksum)


def archive() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        member = tarfile.TarInfo("inside.txt")
        member.size = len(CONTENT)
        tar.addfile(member, io.BytesIO(CONTENT))
    return made.getvalue()


def signed(
    server: Server,
    path: str,
    headers: dict[str, str],
    body: bytes,
    *,
    secret: str | None = None,
    days: int = 0,
    query: str = "",
    unsigned_query: str = "",
) -> Attempt:
    """Send a PUT of the payload type in question, signed in the header by hand."""

    class Signer(botocore.auth.S3SigV4Auth):
        def payload(self, request: t.Any) -> str:
            return UNSIGNED_TRAILER

    when = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    url = f"{server.endpoint}{path}" + (f"?{query}" if query else "")
    request = botocore.awsrequest.AWSRequest("PUT", url, dict(headers))
    request.context["timestamp"] = request.headers["X-Amz-Date"] = when.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Content-Sha256"] = UNSIGNED_TRAILER
    signer = Signer(botocore.credentials.Credentials(server.key, secret or server.secret), "s3", "us-east-1")
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    signer._inject_signature_to_request(request, signature)
    sent = "&".join(part for part in (query, unsigned_query) if part)
    return send(server.endpoint, Request("signed", "PUT", path, sent, tuple(request.headers.items()), body))


def limited_to(server: Server, bucket: str, folder: str, condition: dict[str, t.Any] | None = None) -> Server:
    """The server as a user who may list one folder of the bucket, or all of it under a condition."""
    name, secret = f"limited-{secrets.token_hex(4)}", secrets.token_hex(8)
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    statement["Condition"] = condition or {"StringLike": {"s3:prefix": f"{folder}*"}}
    stored = Identities(
        Admin(Connection(server.endpoint, server.key, server.secret, "us-east-1", True, 5.0), read_only=False)
    )
    stored.put("policies", name, {"Version": "2012-10-17", "Statement": [statement]})
    stored.put("users", name, {"secretKey": secret, "status": "enabled"})
    stored.put("user_mappings", name, {"version": 1, "policy": name})
    stored.send()
    return dataclasses.replace(server, key=name, secret=secret)


def keys(server: Server, bucket: str) -> list[str]:
    return [found["Key"] for found in server.s3().list_objects_v2(Bucket=bucket).get("Contents", [])]


# --- what must be refused


def test_forged_requests_are_refused(server: Server, bucket: str) -> None:
    s3 = server.s3()
    upload = s3.create_multipart_upload(Bucket=bucket, Key="part")["UploadId"]
    made = attempts(server.endpoint, server.key, bucket, upload=("part", upload))
    assert [attempt for attempt in made if not attempt.refused] == []
    assert len(made) > 400
    assert keys(server, bucket) == []
    assert s3.list_parts(Bucket=bucket, Key="part", UploadId=upload).get("Parts", []) == []


def test_an_own_key_does_not_sign_for_another(server: Server, bucket: str) -> None:
    MinioAdmin(
        endpoint=server.endpoint.removeprefix("http://"),
        credentials=StaticProvider(server.key, server.secret),
        secure=False,
    ).user_add(access_key="nobody", secret_key="nobody-secret")
    made = impersonations(server.endpoint, server.key, bucket, own_access_key="nobody", own_secret_key="nobody-secret")
    own = dataclasses.replace(server, key="nobody", secret="nobody-secret")
    claim = (
        f"X-Amz-Credential={server.key}%2F{datetime.datetime.now(datetime.UTC):%Y%m%d}%2Fus-east-1%2Fs3%2Faws4_request"
    )
    headers, body = in_chunks(CONTENT)
    made.append(signed(own, f"/{bucket}/claimed", headers, body, unsigned_query=claim))
    made.append(signed(own, f"/{bucket}/claimed", headers, body, query=claim))
    assert [attempt for attempt in made if not attempt.refused] == []
    assert keys(server, bucket) == []


def test_a_condition_sees_what_the_request_asks_for(server: Server, bucket: str) -> None:
    """Who may list one folder lists no other by naming it where only the condition looks."""
    s3 = server.s3()
    for key in ("own/a", "other/b"):
        s3.put_object(Bucket=bucket, Key=key, Body=CONTENT)
    limited = limited_to(server, bucket, "own/")
    assert [found["Key"] for found in limited.s3().list_objects_v2(Bucket=bucket, Prefix="own/")["Contents"]] == [
        "own/a"
    ]
    made = escapes(server.endpoint, bucket, "own/", access_key=limited.key, secret_key=limited.secret)
    assert [attempt for attempt in made if attempt.code != "AccessDenied"] == []


@pytest.mark.parametrize(
    "condition",
    [
        {"IpAddress": {"aws:SourceIp": "192.0.2.1/32"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringEquals": {"aws:username": "somebody"}},
        {"StringEquals": {"s3:ExistingObjectTag/shared": "yes"}},
    ],
    ids=["address", "transport", "name", "tag"],
)
def test_a_condition_believes_no_header(server: Server, bucket: str, condition: dict[str, t.Any]) -> None:
    server.s3().put_object(Bucket=bucket, Key="object", Body=CONTENT)
    limited = limited_to(server, bucket, "", condition)
    told = "Sourceip=192.0.2.1&Securetransport=true&Username=somebody&ExistingObjectTag%2Fshared=yes"
    headers = (("Sourceip", "192.0.2.1"), ("Securetransport", "true"), ("Username", "somebody"))
    request = Request("condition", "GET", f"/{bucket}", f"AWSAccessKeyId={limited.key}&{told}", headers)
    assert send(server.endpoint, presigned(request, limited.secret)).code == "AccessDenied"


def test_an_archive_of_this_payload_type_is_refused(server: Server, bucket: str) -> None:
    headers, body = in_chunks(archive())
    extract = {"X-Amz-Meta-Snowball-Auto-Extract": "true"}
    assert signed(server, f"/{bucket}/a.tar", {**headers, **extract}, body).refused
    assert signed(server, f"/{bucket}/a.tar", extract, archive()).refused
    assert keys(server, bucket) == []


@pytest.mark.parametrize("days", [-1, 1])
def test_a_signature_of_another_day_is_refused(server: Server, bucket: str, days: int) -> None:
    headers, body = in_chunks(CONTENT)
    assert signed(server, f"/{bucket}/old", headers, body, days=days).code == "RequestTimeTooSkewed"
    assert keys(server, bucket) == []


def test_a_wrong_signature_is_refused(server: Server, bucket: str) -> None:
    headers, body = in_chunks(CONTENT)
    answer = signed(server, f"/{bucket}/wrong", headers, body, secret="not the secret")
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert keys(server, bucket) == []


def test_no_default_credentials(image: str) -> None:
    """Without its secret files the server must not start with a password that everybody knows."""
    files = {"MINIO_ROOT_USER_FILE": "/secrets/user", "MINIO_ROOT_PASSWORD_FILE": "/secrets/password"}
    container = docker.from_env().containers.run(image, ["server", "/data"], environment=files, detach=True)
    try:
        assert container.wait(timeout=30)["StatusCode"] != 0
        assert b"credential" in container.logs()
    finally:
        container.remove(force=True, v=True)


# --- what must go on working


def test_a_right_signature_is_accepted(server: Server, bucket: str) -> None:
    s3 = server.s3()
    headers, body = in_chunks(CONTENT)
    assert signed(server, f"/{bucket}/right", headers, body).status == 200
    assert s3.get_object(Bucket=bucket, Key="right")["Body"].read() == CONTENT
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    query = f"partNumber=1&uploadId={upload}"
    assert signed(server, f"/{bucket}/parts", headers, body, query=query).status == 200
    assert len(s3.list_parts(Bucket=bucket, Key="parts", UploadId=upload)["Parts"]) == 1


def test_boto3_over_tls_uploads_with_a_trailer(tls_server: Server, tmp_path: Path) -> None:
    s3 = tls_server.s3(request_checksum_calculation="when_supported")
    sent: list[t.Any] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.headers))
    s3.create_bucket(Bucket="trial")
    s3.put_object(Bucket="trial", Key="object", Body=CONTENT)
    assert sent[-1]["X-Amz-Content-SHA256"] == UNSIGNED_TRAILER.encode()
    large = tmp_path / "large"
    large.write_bytes(os.urandom(6 * 2**20))
    s3.upload_file(str(large), "trial", "large", Config=boto3.s3.transfer.TransferConfig(multipart_threshold=5 * 2**20))
    assert s3.get_object(Bucket="trial", Key="object")["Body"].read() == CONTENT
    assert s3.get_object(Bucket="trial", Key="large")["Body"].read() == large.read_bytes()
    wrong = dataclasses.replace(tls_server, secret="not the secret").s3()
    with pytest.raises(wrong.exceptions.ClientError, match="SignatureDoesNotMatch"):
        wrong.put_object(Bucket="trial", Key="wrong", Body=CONTENT)


@pytest.mark.parametrize("checksum", ["when_supported", "when_required"])
def test_boto3_uploads(server: Server, bucket: str, tmp_path: Path, checksum: str) -> None:
    s3 = server.s3(request_checksum_calculation=checksum)
    s3.put_object(Bucket=bucket, Key="object", Body=CONTENT)
    large = tmp_path / "large"
    large.write_bytes(os.urandom(6 * 2**20))
    s3.upload_file(str(large), bucket, "large", Config=boto3.s3.transfer.TransferConfig(multipart_threshold=5 * 2**20))
    assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == CONTENT
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == large.read_bytes()


@pytest.mark.parametrize("signature", ["s3v4", "s3"])
def test_presigned_urls(server: Server, bucket: str, signature: str) -> None:
    s3 = server.s3(signature)
    for method, operation, body in (("PUT", "put_object", CONTENT), ("GET", "get_object", None)):
        url = s3.generate_presigned_url(operation, {"Bucket": bucket, "Key": "a b/ü"}, ExpiresIn=60)
        request = urllib.request.Request(url, body, {"Content-Type": ""}, method=method)  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own server
            assert answer.status == 200
            assert method == "PUT" or answer.read() == CONTENT
    altered = url.replace("Signature=", "Signature=0")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(altered, timeout=10)  # noqa: S310 - our own server


def test_a_signed_archive_is_extracted(server: Server, bucket: str) -> None:
    server.s3().put_object(Bucket=bucket, Key="a.tar", Body=archive(), Metadata={"snowball-auto-extract": "true"})
    assert keys(server, bucket) == ["inside.txt"]


def test_anonymous_uploads_where_the_bucket_allows_them(server: Server, bucket: str) -> None:
    headers, body = in_chunks(CONTENT)
    anonymous = (*headers.items(), ("X-Amz-Content-Sha256", UNSIGNED_TRAILER))
    request = Request("anonymous", "PUT", f"/{bucket}/open", "", anonymous, body)
    assert send(server.endpoint, request).code == "AccessDenied"
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":'
    )
    server.s3().put_bucket_policy(Bucket=bucket, Policy=f'{policy}"arn:aws:s3:::{bucket}/*"}}]}}')
    assert send(server.endpoint, request).status == 200
    assert keys(server, bucket) == ["open"]


def test_the_console_answers(server: Server) -> None:
    with urllib.request.urlopen(server.console, timeout=10) as answer:  # noqa: S310 - our own server
        assert b"MinIO Console" in answer.read()
