"""The engine that was there was used, and neither it nor the container in it was touched."""

from __future__ import annotations


def test_the_engine_and_its_container_did_not_notice(host):
    assert host.check_output("engine-state") + "\n" == host.file("/run/engine-state").content_string


def test_the_services_run_in_that_engine(engine, containers):
    assert engine("/info")["Labels"] == ["owner=somebody-else"]
    assert {each["Name"] for each in containers} >= {"/bystander", "/gateway", "/minio", "/mlflow"}
