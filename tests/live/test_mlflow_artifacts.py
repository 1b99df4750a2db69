"""Artifacts through MLflow's server: the bytes of any file, all or nothing, in little memory."""

from __future__ import annotations

import hashlib
import os
import socket
import time
import typing as t
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import quote, urlsplit

import docker
import pytest
import requests
from botocore.exceptions import ClientError
from s3 import remove_versions, s3_client

MIB = 1024 * 1024
BUCKET = "mlflow-artifacts"
CONTAINER = "test-mlflow"
# with the content types that MLflow's own S3 repository gives them
NAMES = {
    "model.pkl": "binary/octet-stream",
    "with space.txt": "text/plain",
    "ünï/日本 語.json": "application/json",
    "a+b=c&d;e.csv": "text/csv",
    "'quoted'": "binary/octet-stream",
    "archive.tar.gz": "application/x-tar",
}
SIZES = [0, 1, 5 * MIB, 16 * MIB - 1, 16 * MIB, 16 * MIB + 1, 40 * MIB]


@pytest.fixture(scope="module")
def s3(minio: t.Any) -> t.Any:
    return s3_client(minio.endpoint, minio.root_user, minio.root_password)


@pytest.fixture(scope="module")
def folder(s3: t.Any) -> t.Iterator[str]:
    """A folder of the bucket, gone in the end with every version."""
    name = f"artifacts-test-{uuid.uuid4().hex[:8]}"
    yield name
    remove_versions(s3, BUCKET, f"{name}/")


def address(mlflow: t.Any, key: str) -> str:
    return f"{mlflow.endpoint}/api/2.0/mlflow-artifacts/artifacts/{quote(key)}"


def exists(s3: t.Any, key: str) -> bool:
    try:
        s3.head_object(Bucket=BUCKET, Key=key)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "404"
        return False
    return True


def unfinished(s3: t.Any, key: str) -> bool:
    # MinIO tells unfinished uploads of a whole key alone
    return "Uploads" in s3.list_multipart_uploads(Bucket=BUCKET, Prefix=key)


def begin(url: str, sent: int) -> socket.socket:
    """An upload of a gigabyte of which that much is on its way."""
    server = urlsplit(url)
    client = socket.create_connection((server.hostname, server.port))
    client.sendall(f"PUT {server.path} HTTP/1.1\r\nHost: {server.netloc}\r\nContent-Length: {2**30}\r\n\r\n".encode())
    client.sendall(bytes(sent))
    return client


def resident() -> float:
    """MiB that the processes of the server hold."""
    processes = docker.from_env().containers.get(CONTAINER).top(ps_args="-o pid,rss")["Processes"]
    return sum(int(size) for _pid, size in processes) / 1024


def until(condition: t.Callable[[], bool], seconds: int = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not in {seconds} s"
        time.sleep(0.1)


@pytest.mark.parametrize("size", SIZES)
def test_a_file_of_any_size_comes_back(mlflow: t.Any, s3: t.Any, folder: str, size: int) -> None:
    key, content = f"{folder}/{size}", os.urandom(size)
    requests.put(address(mlflow, key), data=content, timeout=60).raise_for_status()
    answer = requests.get(address(mlflow, key), timeout=60)
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(content).digest()
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == size
    assert not unfinished(s3, key)


@pytest.mark.parametrize("size", [3, 17 * MIB])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_stored_under_it(mlflow: t.Any, s3: t.Any, folder: str, name: str, size: int) -> None:
    key, content = f"{folder}/{size}/{name}", os.urandom(size)
    requests.put(address(mlflow, key), data=content, timeout=60).raise_for_status()
    stored = s3.get_object(Bucket=BUCKET, Key=key)
    assert stored["Body"].read() == content
    assert stored["ContentType"] == NAMES[name]
    assert stored.get("ContentEncoding") == ("gzip" if name.endswith(".gz") else None)
    assert requests.get(address(mlflow, key), timeout=60).content == content


def test_a_download_comes_from_the_store_at_once(mlflow: t.Any, folder: str) -> None:
    """And its client is told nothing but what MLflow would say."""
    key, content = f"{folder}/page.html", os.urandom(3 * MIB)
    requests.put(address(mlflow, key), data=content, timeout=60).raise_for_status()
    # both are MLflow's and the gateway's own
    headers = {"Authorization": "Basic bm9ib2R5Om5vdGhpbmc=", "X-Accel-Mapping": "none"}
    answer = requests.get(address(mlflow, key), headers=headers, timeout=60)
    assert answer.status_code == 200 and answer.content == content
    told = {name.lower(): value for name, value in answer.headers.items()}
    assert told["content-type"].startswith("text/html") and "page.html" in told["content-disposition"]
    assert told["content-disposition"].startswith("attachment") and told["x-content-type-options"] == "nosniff"
    assert told["content-length"] == str(len(content))
    assert "x-object-address" not in told and "X-Amz-" not in str(told) and "minio:9000" not in str(told)
    log = docker.from_env().containers.get("test-gateway").logs(tail=20).decode()
    (line,) = [each for each in log.splitlines() if f"GET {urlsplit(address(mlflow, key)).path}" in each]
    assert 'backend="minio:9000 ' in line and "X-Amz-" not in log


def test_a_download_that_broke_off_goes_on(mlflow: t.Any, folder: str) -> None:
    key, content = f"{folder}/broke-off", os.urandom(1000)
    requests.put(address(mlflow, key), data=content, timeout=60).raise_for_status()
    answer = requests.get(address(mlflow, key), headers={"Range": "bytes=400-"}, timeout=60)
    assert answer.status_code == 206 and answer.content == content[400:]


@pytest.mark.parametrize("name", ["nothing", "folder", "../outside"])
def test_what_is_no_file_is_refused_at_once(mlflow: t.Any, folder: str, name: str) -> None:
    """MLflow itself calls it an error of the server, at which its client tries again for minutes."""
    requests.put(address(mlflow, f"{folder}/folder/file"), data=b"there", timeout=60).raise_for_status()
    answer = requests.get(address(mlflow, f"{folder}/{quote(name, safe='')}"), timeout=60)
    assert answer.status_code == (400 if ".." in name else 404) and answer.json()["message"]


def test_without_the_gateway_mlflow_sends_it_itself(mlflow: t.Any, folder: str) -> None:
    key, content = f"{folder}/direct", os.urandom(MIB)
    requests.put(address(mlflow, key), data=content, timeout=60).raise_for_status()
    (network,) = docker.from_env().containers.get(CONTAINER).attrs["NetworkSettings"]["Networks"].values()
    direct = address(mlflow, key).replace(mlflow.endpoint, f"http://{network['IPAddress']}:5000")
    answer = requests.get(direct, headers={"Host": "mlflow:5000"}, timeout=60)
    assert answer.status_code == 200 and answer.content == content


def test_a_body_of_unknown_length_comes_back(mlflow: t.Any, folder: str) -> None:
    content = os.urandom(20 * MIB)
    pieces = (content[start : start + 1000] for start in range(0, len(content), 1000))
    requests.put(address(mlflow, f"{folder}/pieces"), data=pieces, timeout=60).raise_for_status()
    assert requests.get(address(mlflow, f"{folder}/pieces"), timeout=60).content == content


@pytest.mark.parametrize("before", [None, b"before"])
def test_an_upload_that_breaks_off_changes_nothing(mlflow: t.Any, s3: t.Any, folder: str, before: bytes | None) -> None:
    """After 40 MiB, of which parts are in the store already."""
    key = f"{folder}/broken-{before}"
    if before:
        requests.put(address(mlflow, key), data=before, timeout=60).raise_for_status()
    with begin(address(mlflow, key), 40 * MIB):
        until(lambda: unfinished(s3, key))
    until(lambda: not unfinished(s3, key))
    assert exists(s3, key) == bool(before)
    if before:
        assert requests.get(address(mlflow, key), timeout=60).content == before


def test_a_small_upload_that_breaks_off_leaves_nothing(mlflow: t.Any, s3: t.Any, folder: str) -> None:
    key = f"{folder}/broken-small"
    begin(address(mlflow, key), MIB).close()
    time.sleep(2)
    assert not exists(s3, key)
    assert not unfinished(s3, key)


@pytest.mark.parametrize("size", [MIB, 40 * MIB])
def test_what_the_store_refuses_is_an_error(mlflow: t.Any, s3: t.Any, folder: str, size: int) -> None:
    """A name of 300 characters."""
    with pytest.raises(requests.RequestException):
        requests.put(address(mlflow, f"{folder}/{'x' * 300}"), data=bytes(size), timeout=60).raise_for_status()
    requests.put(address(mlflow, f"{folder}/after"), data=b"after", timeout=60).raise_for_status()


def test_many_uploads_at_once_need_little_memory(mlflow: t.Any, folder: str) -> None:
    content = os.urandom(64 * MIB)
    urls = [address(mlflow, f"{folder}/parallel-{number}") for number in range(8)]
    before, most = resident(), 0.0
    with ThreadPoolExecutor(len(urls)) as clients:
        answers = [clients.submit(requests.put, url, data=content, timeout=300) for url in urls]
        while not all(answer.done() for answer in answers):
            most = max(most, resident())
    assert [answer.result().status_code for answer in answers] == [200] * len(urls)
    print(f"resident: {before:.0f} MiB, at most {most:.0f} MiB")
    assert most - before < 200
    digest = hashlib.sha256(content).digest()
    assert all(hashlib.sha256(requests.get(url, timeout=60).content).digest() == digest for url in urls)


def test_clients_that_stand_still_are_in_nobody_s_way(mlflow: t.Any, s3: t.Any, folder: str) -> None:
    """More of them than the server has threads."""
    keys = [f"{folder}/still-{number}" for number in range(24)]
    with ExitStack() as clients:
        for key in keys:
            clients.enter_context(begin(address(mlflow, key), 17 * MIB))
        content = os.urandom(40 * MIB)
        requests.put(address(mlflow, f"{folder}/past"), data=content, timeout=30).raise_for_status()
        assert requests.get(address(mlflow, f"{folder}/past"), timeout=30).content == content
    until(lambda: not any(unfinished(s3, key) for key in keys))
