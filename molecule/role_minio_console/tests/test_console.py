"""The console is behind the gateway, on loopback like everything else."""

from __future__ import annotations

import requests


def test_the_gateway_publishes_the_console(containers):
    (gateway,) = (each for each in containers if each["Name"] == "/gateway")
    assert gateway["HostConfig"]["PortBindings"]["9001/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "9001"}]


def test_the_page_opens(tunnel):
    page = requests.get(tunnel(9001) + "/", timeout=30)
    assert page.status_code == 200
    assert "<title>MinIO Console</title>" in page.text


def test_somebody_with_a_password_gets_in_and_others_do_not(tunnel, secrets):
    login = tunnel(9001) + "/api/v1/login"
    keys = {"accessKey": "administrator", "secretKey": secrets["minio_administrator_password"]}
    assert requests.post(login, json={**keys, "secretKey": "no such password"}, timeout=30).status_code == 401
    with requests.Session() as session:
        assert session.post(login, json=keys, timeout=30).status_code == 204
        buckets = session.get(tunnel(9001) + "/api/v1/buckets", timeout=30)
    assert {bucket["name"] for bucket in buckets.json()["buckets"]} >= {"datasets", "mlflow-artifacts", "dvc"}
