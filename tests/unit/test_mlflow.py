"""What the MLflow modules decide without a server, and how they read one that is small, real and on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError, StackError
from ansible_collections.repro.stack.plugins.module_utils._http import JsonClient
from ansible_collections.repro.stack.plugins.module_utils._mlflow.connection import Mlflow, from_tags, tag_writes
from ansible_collections.repro.stack.plugins.module_utils._mlflow.model_version import (
    desired_state,
    parse_promotion,
    read_request,
    select,
)
from ansible_collections.repro.stack.plugins.module_utils._mlflow.registered_model import check_model_name
from ansible_collections.repro.stack.plugins.module_utils._mlflow.schema import FIRST_TABLES, judge

KNOWN = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("tables", "revision", "state"),
    [
        (set(), None, "empty"),
        (FIRST_TABLES, None, "older"),
        ({"users"}, None, "unknown"),
        (FIRST_TABLES, "a", "older"),
        (FIRST_TABLES, "c", "current"),
        (FIRST_TABLES, "d", "unknown"),
        (FIRST_TABLES, "a and b", "unknown"),
    ],
)
def test_a_schema_is_judged(tables, revision, state):
    assert judge(tables, revision, KNOWN) == state


def test_a_git_tag_says_it_all():
    assert parse_promotion("model/churn/Production/12") == ("churn", {"version": "12"}, "Production")
    assert parse_promotion("v1.2.0") is None


@pytest.mark.parametrize(
    "git_tag", ["model/churn/production/1", "model/churn/Production", "model//Production/1", "model/churn/Production/0",
                "model/churn/Production/1/2", "model/churn/Production/v1", "model/churn/Production/²"]
)  # fmt: skip
def test_a_git_tag_that_almost_says_it_all_is_refused(git_tag):
    with pytest.raises(InvalidInputError, match="is not model/<name>/<stage>/<version>"):
        parse_promotion(git_tag)


def asked(**options):
    return read_request(dict.fromkeys(("name", "version", "run_id", "git_tag", "stage", "alias")) | options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"git_tag": "model/churn/Staging/1", "name": "other"}, "contradicts name: other"),
        ({"git_tag": "model/churn/Staging/1", "stage": "Production"}, "contradicts stage: Production"),
        ({"version": 1, "stage": "Staging"}, "name is missing"),
        ({"version": 1, "name": "churn"}, "neither stage nor alias"),
    ],
)
def test_a_request_that_contradicts_itself_or_asks_nothing_is_refused(options, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        asked(**options)


def test_a_request_may_repeat_what_the_git_tag_says():
    request = asked(git_tag="model/churn/Staging/1", name="churn", stage="Staging")
    assert request == ("churn", {"version": "1"}, "Staging")


def version(number, run_id="", **tags):
    return {"version": str(number), "run_id": run_id, "tags": [{"key": k, "value": v} for k, v in tags.items()]}


VERSIONS = [version(1, "r1"), version(2, "r2", git_tag="v2"), version(10, "r3"), version(11, "r3")]
RUNS = {"r1": {"mlflow.source.git.commit": "abc"}, "r2": {"git.tag": "v1"}, "r3": {"git.tag": "v2"}}


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ({"version": "2"}, "2"),
        ({"run_id": "r1"}, "1"),
        ({"git_tag": "abc"}, "1"),
        ({"git_tag": "v1"}, "2"),
        pytest.param({"git_tag": "v2"}, "2", id="its-own-tag-goes-before-its-run's"),
    ],
)
def test_one_version_is_selected(wanted, number):
    assert select("churn", wanted, VERSIONS, RUNS.__getitem__) == number


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"version": "3"}, "has no version 3"),
        ({"run_id": "r9"}, "has no version made by run r9"),
        ({"git_tag": "v9"}, "has no version from Git tag or commit v9"),
        ({"run_id": "r3"}, "more than one version made by run r3: 10, 11"),
    ],
)
def test_none_or_many_versions_are_refused(wanted, sentence):
    with pytest.raises(StackError, match=sentence):
        select("churn", wanted, VERSIONS, RUNS.__getitem__)


def test_a_version_that_is_not_ready_is_refused():
    with pytest.raises(StackError, match="not ready: FAILED_REGISTRATION"):
        select("churn", {"version": "1"}, [version(1) | {"status": "FAILED_REGISTRATION"}], RUNS.__getitem__)


def test_only_staging_and_production_are_kept_for_one_version():
    assert desired_state("1", "Production", "champion", archive_existing=True) == {
        "stage": "Production",
        "others_in_stage": [],
        "aliases": {"champion": "1"},
    }
    assert desired_state("1", "Archived", None, archive_existing=True)["others_in_stage"] is None
    assert desired_state("1", "Staging", None, archive_existing=False)["others_in_stage"] is None


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b"])
def test_a_name_that_mlflow_cannot_keep_is_refused(name):
    with pytest.raises(InvalidInputError):
        check_model_name(name)


def test_tags_of_mlflow_itself_count_only_where_declared():
    found = {"tags": [{"key": "team", "value": "a"}, {"key": "mlflow.note.content", "value": "n"}, {"key": "empty"}]}
    assert from_tags(found, None) == {"team": "a", "empty": ""}
    assert from_tags(found, {"mlflow.note.content": ""})["mlflow.note.content"] == "n"
    assert tag_writes({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == ({"b": "3", "c": "4"}, ["a"])


class Pages(BaseHTTPRequestHandler):
    """Two pages of items; a thing that MLflow does not know; a path that some other server answers for."""

    def do_GET(self):
        address = urlsplit(self.path)
        if address.path.endswith("/unknown"):
            self._answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such thing"})
        elif address.path.endswith("/items"):
            second = "page_token" in parse_qs(address.query)
            self._answer(200, {"items": [2]} if second else {"items": [0, 1], "next_page_token": "next"})
        else:
            self._answer(404, {})

    def _answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def mlflow():
    server = HTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Mlflow(JsonClient(f"http://127.0.0.1:{server.server_port}", service="MLflow", read_only=True))
    server.shutdown()
    server.server_close()


def test_every_page_is_read(mlflow):
    assert list(mlflow.read_all("items", "items")) == [0, 1, 2]


def test_only_mlflow_can_say_that_a_thing_does_not_exist(mlflow):
    assert mlflow.read("unknown") is None
    with pytest.raises(ServiceError, match="answered 404"):
        mlflow.read("elsewhere")


def test_a_write_in_check_mode_is_a_bug(mlflow):
    with pytest.raises(AssertionError, match="BUG: POST"):
        mlflow.write("items")
