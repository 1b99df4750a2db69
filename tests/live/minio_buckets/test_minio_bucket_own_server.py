"""What the stack's own server is not set up for: default encryption, notification, and a purge of everything."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import queue
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import docker
import pytest
from own_minio import own_minio
from s3 import s3_client

RunModule = t.Callable[..., dict[str, t.Any]]

TARGET = "arn:minio:sqs::test:webhook"


@pytest.fixture(scope="module")
def webhook() -> t.Iterator[tuple[str, queue.Queue[dict[str, t.Any]]]]:
    """A real listener on the engine's bridge, and what it was told."""
    told: queue.Queue[dict[str, t.Any]] = queue.Queue()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: t.Any) -> None:
            pass

    subnet = docker.from_env().networks.get("bridge").attrs["IPAM"]["Config"][0]["Subnet"]
    bridge = str(ipaddress.ip_network(subnet)[1])
    server = ThreadingHTTPServer((bridge, 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{bridge}:{server.server_port}/", told
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def connection(minio_image: str, webhook: tuple[str, t.Any]) -> t.Iterator[dict[str, t.Any]]:
    """A server with a key of its own and a target for notifications."""
    settings = {
        "MINIO_KMS_SECRET_KEY": f"first:{base64.b64encode(os.urandom(32)).decode()}",
        "MINIO_NOTIFY_WEBHOOK_ENABLE_test": "on",
        "MINIO_NOTIFY_WEBHOOK_ENDPOINT_test": webhook[0],
    }
    with own_minio(minio_image, **settings) as server:
        yield {"endpoint": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key}


@pytest.fixture(scope="module")
def s3(connection: dict[str, t.Any]) -> t.Any:
    return s3_client(**connection)


def test_life_of_default_encryption(bucket: RunModule, steps: t.Callable[..., None]) -> None:
    modes = [{"mode": "sse-s3"}, {"mode": "sse-kms", "key": "first"}, {}]
    steps(bucket, [*({"encryption": mode} for mode in modes), {"state": "absent"}])


def test_default_encryption_is_there_and_its_loss_is_drift(bucket: RunModule, s3: t.Any, name: str) -> None:
    bucket(encryption={"mode": "sse-s3"})
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    assert s3.head_object(Bucket=name, Key="a")["ServerSideEncryption"] == "AES256"
    for by_hand, found in ((_weaken, {"mode": "none"}), (_other_key, {"mode": "sse-kms", "key": "first"})):
        by_hand(s3, name)
        diff = bucket(encryption={"mode": "sse-s3"})["diff"]
        assert diff["before"] == {**diff["after"], "encryption": found}
        assert not bucket(encryption={"mode": "sse-s3"})["changed"]


def _weaken(s3: t.Any, name: str) -> None:
    s3.delete_bucket_encryption(Bucket=name)


def _other_key(s3: t.Any, name: str) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "first"}
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})


def test_a_key_that_is_not_there(bucket: RunModule) -> None:
    with pytest.raises(Exception, match=r"bucket test-\w+: the server's key management \(KMS\) has no key second"):
        bucket(encryption={"mode": "sse-kms", "key": "second"})


CREATED = {"arn": TARGET, "events": ["s3:ObjectCreated:*"]}
MODELS = {
    "arn": TARGET,
    "events": ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"],
    "prefix": "models/",
    "suffix": ".onnx",
}


def test_life_of_notification(bucket: RunModule, steps: t.Callable[..., None]) -> None:
    lists: list[list[dict[str, t.Any]]] = [[CREATED], [MODELS, {**CREATED, "prefix": "runs/"}], []]
    steps(bucket, [*({"notification": each} for each in lists), {"state": "absent"}])


def test_the_region_in_an_arn_and_the_order_are_no_drift(bucket: RunModule) -> None:
    bucket(notification=[MODELS, {**CREATED, "prefix": "runs/"}])
    told = {**MODELS, "arn": "arn:minio:sqs:us-east-1:test:webhook", "events": MODELS["events"][::-1]}
    assert not bucket(notification=[{**CREATED, "prefix": "runs/"}, told])["changed"]


def test_somebody_is_told(
    bucket: RunModule, s3: t.Any, name: str, webhook: tuple[str, queue.Queue[dict[str, t.Any]]]
) -> None:
    bucket(notification=[MODELS])
    for key in ("models/a.txt", "runs/a.onnx", "models/a.onnx"):
        s3.put_object(Bucket=name, Key=key, Body=b"1")
    assert webhook[1].get(timeout=30)["Key"] == f"{name}/models/a.onnx"


@pytest.mark.parametrize(
    "by_hand",
    [
        {},
        {"QueueArn": TARGET, "Events": ["s3:ObjectRemoved:*"]},
        {
            "QueueArn": TARGET,
            "Events": CREATED["events"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a"}]}},
        },
    ],
    ids=["lost", "other events", "narrowed"],
)
def test_notification_that_was_changed_is_drift(
    bucket: RunModule, s3: t.Any, name: str, by_hand: dict[str, t.Any]
) -> None:
    bucket(notification=[CREATED])
    changed = {"QueueConfigurations": [by_hand]} if by_hand else {}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=changed)
    seen = bucket(check_mode=True, notification=[CREATED])["diff"]
    assert [key for key in seen["after"] if seen["after"][key] != seen["before"][key]] == ["notification"]
    assert bucket(notification=[CREATED])["diff"] == seen
    assert not bucket(notification=[CREATED])["changed"]


def test_a_target_that_is_not_there_is_told_with_those_that_are(bucket: RunModule) -> None:
    with pytest.raises(Exception, match=f"has no notification target arn:minio:sqs::tset:webhook; it has {TARGET}"):
        bucket(notification=[{**CREATED, "arn": "arn:minio:sqs::tset:webhook"}])


def test_purge_of_everything(buckets: RunModule, s3: t.Any, names: list[str]) -> None:
    """It spares what bears the mark of another manager."""
    kept, gone, others = names
    for name in (kept, gone):
        s3.create_bucket(Bucket=name)
    buckets([{"name": others}], manager="others")
    assert buckets([{"name": kept}], check_mode=True, purge="all")["diff"]["after"] == {gone: None}
    assert buckets([{"name": kept}], purge="all")["changed"]
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [kept, others]
    assert not buckets([{"name": kept}], purge="all")["changed"]
    assert buckets([{"name": kept}], purge="all", manager="others")["buckets"].keys() == {kept, others}
