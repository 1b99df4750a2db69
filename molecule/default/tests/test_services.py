"""The services do their work for each kind of client."""

from __future__ import annotations

import botocore.exceptions
import pytest
import requests


@pytest.fixture
def ours(containers):
    return [each for each in containers if "repro.stack.digest" in each["Config"]["Labels"]]


def test_every_service_is_healthy(ours):
    assert {each["Name"] for each in ours} >= {"/gateway", "/minio", "/mlflow"}
    assert [each["Name"] for each in ours if each["State"]["Health"]["Status"] != "healthy"] == []


def test_a_service_that_starts_is_probed_each_second_where_the_engine_can(engine, ours):
    able = int(engine("/version")["Version"].partition(".")[0]) >= 25
    assert {each["Config"]["Healthcheck"].get("StartInterval", 0) for each in ours} == {10**9 if able else 0}


@pytest.mark.parametrize(("port", "path"), [(9000, "/minio/health/ready"), (5000, "/health"), (5000, "/version")])
def test_the_gateway_passes_health_on(tunnel, port, path):
    assert requests.get(tunnel(port) + path, headers={"Host": f"127.0.0.1:{port}"}, timeout=30).status_code == 200


def test_new_projects_find_their_template(tunnel):
    listed = requests.get(tunnel(3000) + "/platform/cookiecutter-ds-project/info/refs", timeout=30)
    assert "\trefs/heads/main\n" in listed.text


def test_mlflow_answers_only_to_its_own_names(tunnel):
    experiments = tunnel(5000) + "/api/2.0/mlflow/experiments/search?max_results=1"
    assert requests.get(experiments, headers={"Host": "127.0.0.1:5000"}, timeout=30).status_code == 200
    assert requests.get(experiments, headers={"Host": "elsewhere.example"}, timeout=30).status_code == 403


def test_the_administrator_sees_the_declared_buckets(s3, secrets):
    client = s3("administrator", secrets["minio_administrator_password"])
    assert {bucket["Name"] for bucket in client.list_buckets()["Buckets"]} >= {"datasets", "mlflow-artifacts", "dvc"}
    assert client.get_bucket_versioning(Bucket="datasets")["Status"] == "Enabled"


def test_the_key_of_mlflow_opens_its_own_bucket_and_no_other(s3, secrets):
    client = s3("mlflow", secrets["minio_mlflow_secret_key"])
    key = "molecule/ä file with_odd.characters+and=signs"
    client.put_object(Bucket="mlflow-artifacts", Key=key, Body=b"bytes", Metadata={"with_underscore": "1"})
    assert client.get_object(Bucket="mlflow-artifacts", Key=key)["Body"].read() == b"bytes"
    for bucket in ("datasets", "dvc"):
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            client.put_object(Bucket=bucket, Key=key, Body=b"bytes")


def test_nobody_enters_without_a_key(tunnel):
    for bucket in ("datasets", "mlflow-artifacts", "dvc"):
        assert requests.get(f"{tunnel(9000)}/{bucket}/", timeout=30).status_code == 403


# CVE-2026-41145: MinIO as its authors left it takes this body without a look at the signature.
def test_an_access_key_alone_writes_nothing(s3, secrets, tunnel):
    answer = requests.put(
        f"{tunnel(9000)}/mlflow-artifacts/intruder",
        params={
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": "mlflow/20260101/us-east-1/s3/aws4_request",
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Date": "20260101T000000Z",
            "X-Amz-Expires": "604800",
            "X-Amz-Signature": "0" * 64,
        },
        headers={
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": "5",
            "x-amz-trailer": "x-amz-checksum-crc32",
        },
        data=b"5\r\nbytes\r\n0\r\n\r\n",
        timeout=30,
    )
    assert answer.status_code == 403
    with pytest.raises(botocore.exceptions.ClientError, match="Not Found"):
        s3("mlflow", secrets["minio_mlflow_secret_key"]).head_object(Bucket="mlflow-artifacts", Key="intruder")
