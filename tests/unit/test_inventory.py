"""What is said about an inventory: the roles' real defaults and argument_specs, and one thing wrong at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.repro.stack.plugins.action.inventory_check import options
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory.inventory import inventory_problems
from ansible_collections.repro.stack.plugins.module_utils._inventory.names import bucket_fault, dsn_database
from ansible_collections.repro.stack.plugins.module_utils._inventory.specification import checked

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "roles"
USED = yaml.safe_load((ROLES / "preflight" / "vars" / "main.yml").read_text())["__preflight_roles"]
SECRETS = [
    "vault_minio_administrator_password",
    "vault_minio_mlflow_secret_key",
    "vault_minio_platform_secret_key",
    "vault_minio_root_password",
    "vault_minio_root_user",
    "vault_postgres_mlflow_password",
]
GITEA = "registry.example.org/gitea:1.27.2"
GOOD = "S3cret-of-this-test-only"
HOST = {"stack_name": "gpu.example.org", "inventory_hostname": "gpu", "inventory_dir": "/inventories/gpu_server"}
MISSING = object()


@pytest.fixture(scope="module")
def roles():
    return {path.parent.parent.name: options(path) for path in ROLES.glob("*/meta/argument_specs.yml")}


@pytest.fixture(scope="module")
def defaults():
    loader = DataLoader()
    found = {}
    for path in (*ROLES.glob("*/defaults/main.yml"), *ROLES.glob("*/vars/main.yml")):
        found.update(loader.load_from_file(str(path), trusted_as_template=True))
    return {**found, **dict.fromkeys(SECRETS, GOOD), **HOST}


@pytest.fixture(scope="module")
def internal():
    return {name for path in ROLES.glob("*/vars/*.yml") for name in yaml.safe_load(path.read_text())}


@pytest.fixture
def say(roles, defaults, internal):
    def run(**declared):
        variables = {**defaults, **{key: trusted(value) for key, value in declared.items() if value is not MISSING}}
        for name in (name for name, value in declared.items() if value is MISSING):
            del variables[name]
        asked = []

        def evaluate(name):
            asked.append(name)
            try:
                return Templar(loader=DataLoader(), variables=variables).template(variables[name])
            except AnsibleError as error:
                raise StackError(str(error)) from error

        run.asked = asked
        return inventory_problems(variables, evaluate, roles, used=USED, internal=internal, written=declared)

    return run


def trusted(value):
    return trust_as_template(value) if isinstance(value, str) else value


def account(**changed):
    access = [{"bucket": "datasets", "mode": "read"}]
    reader = {"name": "reader", "parent": "platform", "access": access, **changed}
    return {"minio_service_accounts": [reader, *mlflows()["minio_service_accounts"]]}


def mlflows(**changed):
    access = [{"bucket": "mlflow-artifacts", "mode": "read-write"}]
    return {"minio_service_accounts": [{"name": "mlflow", "parent": "platform", "access": access, **changed}]}


def database(**changed):
    return {"postgres_databases": [{"name": "mlflow", **changed}]}


def churn(**changed):
    return {"projects": [{"name": "churn", "members": {"alice": "write"}, **changed}]}


def dvc(**rule):
    return {"name": "dvc", "lifecycle": [{"id": "old", **rule}]}


def buckets(**changed):
    return {"minio_buckets": [{"name": "mlflow-artifacts", **changed}]}


def test_a_good_inventory_needs_a_name_and_secrets_and_builds_nothing(say):
    assert say() == []
    assert not [name for name in say.asked if name.endswith("_image") or name == "container_image_wanted"]


def test_an_inventory_with_gitea_needs_its_image_and_secrets(say):
    """The database, the forge and its identity follow."""
    assert say(gitea_image=GITEA, vault_postgres_gitea_password=GOOD) == []


MAKES = "`ansible-playbook playbooks/secrets.yml` makes it in a new inventory; else add it to the vault file"
UNHIDEABLE = "the secret key holds a backslash, a control character or both kinds of quotes, choose another"
LACKS_MLFLOW = (
    "minio_service_accounts lacks mlflow, the account that MLflow signs in as; "
    "add {name: mlflow, parent: platform, access: [{bucket: "
)
READ_WRITE = ", mode: read-write}]}"
MAY_NOT = (
    "minio_service_accounts: mlflow may not read and write the whole of mlflow-artifacts, which is mlflow_bucket; "
    "add {bucket: mlflow-artifacts, mode: read-write} to its access"
)
SPOILT = "a line break, a control character or a double quote would spoil the file pg_hba.conf"
LOOPBACK = (
    "but only a loopback address such as 127.0.0.1 is accepted, "
    "because the gateway speaks no TLS and asks nobody who they are"
)


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        # the forge
        (
            {"cookiecutter_publish_forge": "https://git.example.org"},
            "cookiecutter_publish_forge is https://git.example.org, which wants a token: "
            "add vault_cookiecutter_publish_token to the vault file",
        ),
        (
            {"cookiecutter_publish_forge": "https://eve:secret@git.example.org", "cookiecutter_publish_token": GOOD},
            "cookiecutter_publish_forge must be the forge's web address, such as https://git.example.org, "
            "without credentials",
        ),
        # Gitea
        ({"gitea_image": GITEA}, f"vault_postgres_gitea_password is missing; {MAKES}"),
        (
            {"gitea_image": GITEA, "postgres_databases": [{"name": "mlflow"}]},
            "gitea_database is gitea, which postgres_databases does not declare",
        ),
        (
            {"gitea_image": GITEA, "vault_postgres_gitea_password": GOOD, "cookiecutter_publish_forge": ""},
            "cookiecutter_publish_forge is empty, but the port of static repositories is Gitea's: leave it out",
        ),
        (
            {"gitea_settings": {"APP_NAME": "Git"}},
            "gitea_settings: APP_NAME is not a section with its settings; what has none belongs to DEFAULT",
        ),
        # an image of somebody else
        (
            {"mlflow_image": "registry.example.org/mlflow:3.18.0"},
            "mlflow_image is registry.example.org/mlflow:3.18.0, but which versions of the database it knows is not: "
            "give them in mlflow_schema_revisions; the README of the role mlflow says how to ask the image",
        ),
        # secrets
        ({"vault_minio_root_password": MISSING}, f"vault_minio_root_password is missing; {MAKES}"),
        (
            {"vault_minio_mlflow_secret_key": MISSING, "vault_minio_ci_secret_key": GOOD},
            f"vault_minio_mlflow_secret_key is missing; {MAKES}",
        ),
        (
            {"vault_minio_root_password": MISSING, "vault_minio_root_pasword": GOOD},
            "vault_minio_root_password is missing; vault_minio_root_pasword looks like a misspelling of it",
        ),
        (
            {"vault_postgres_exsting_dsn": "postgresql://x@y/z"},
            "vault_postgres_exsting_dsn is not known; did you mean vault_postgres_existing_dsn?",
        ),
        (
            {"vault_minio_root_password": MISSING, "vault_mino_root_password": GOOD},
            "vault_minio_root_password is missing; vault_mino_root_password looks like a misspelling of it",
        ),
        (
            {"vault_minio_root_password": MISSING, "valt_minio_root_password": GOOD},
            "vault_minio_root_password is missing; valt_minio_root_password looks like a misspelling of it",
        ),
        (
            {"vualt_postgres_existing_dsn": "postgresql://x@y/z"},
            "vualt_postgres_existing_dsn is not known; did you mean vault_postgres_existing_dsn?",
        ),
        ({"vault_minio_platform_secret_key": GOOD + "\\"}, f"vault_minio_platform_secret_key: {UNHIDEABLE}"),
        ({"vault_minio_mlflow_secret_key": GOOD + "'\""}, f"vault_minio_mlflow_secret_key: {UNHIDEABLE}"),
        ({"vault_minio_administrator_password": GOOD + "\\"}, f"vault_minio_administrator_password: {UNHIDEABLE}"),
        ({"minio_platform_secret_key": GOOD + "\\"}, f"minio_platform_secret_key: {UNHIDEABLE}"),
        (
            {"vault_minio_root_password": "short"},
            "vault_minio_root_password is too short: at least 12 characters are needed",
        ),
        (
            {"vault_minio_mlflow_secret_key": "x" * 41},
            "vault_minio_mlflow_secret_key is too long: MinIO takes 40 characters",
        ),
        ({"vault_minio_root_user": "ab"}, "vault_minio_root_user is too short: at least 3 characters are needed"),
        (
            {"vault_postgres_mlflow_password": 123456789012},
            "vault_postgres_mlflow_password is not a text; put it in quotes",
        ),
        ({"vault_postgres_mlflow_password": None}, "vault_postgres_mlflow_password is empty"),
        (
            {"vault_minio_platform_secret_key": GOOD + "\n"},
            "vault_minio_platform_secret_key has a line break, a space at an end, or another character that a file of "
            "secrets cannot hold",
        ),
        (
            {"vault_minio_platform_secret_key": "{{ nothing }}"},
            "vault_minio_platform_secret_key cannot be worked out: 'nothing' is undefined",
        ),
        ({"minio_root_password": "other"}, "minio_root_password is too short: at least 12 characters are needed"),
        ({"minio_root_password": [GOOD]}, "minio_root_password must be a text"),
        (account(name="ci-reader"), f"vault_minio_ci_reader_secret_key is missing; {MAKES}"),
        (
            {"postgres_databases": [{"name": "mlflow"}, {"name": "lab"}]},
            f"vault_postgres_lab_password is missing; {MAKES}",
        ),
        # names of variables
        ({"stack_name": MISSING}, "stack_name is missing"),
        ({"minio_bucket": []}, "minio_bucket is not known; did you mean minio_buckets?"),
        ({"gateway_xyz": 1}, "gateway_xyz is not known"),
        ({"stack_nam": "x"}, "stack_nam is not known; did you mean stack_name?"),
        ({"project": []}, "project is not known; did you mean projects?"),
        ({"proejcts": []}, "proejcts is not known; did you mean projects?"),
        ({"Projects": []}, "Projects is not known; did you mean projects?"),
        ({"mino_buckets": []}, "mino_buckets is not known; did you mean minio_buckets?"),
        ({"mino_bucket": []}, "mino_bucket is not known; did you mean minio_buckets?"),
        ({"miniobuckets": []}, "miniobuckets is not known; did you mean minio_buckets?"),
        ({"minio-buckets": []}, "minio-buckets is not known; did you mean minio_buckets?"),
        ({"gatway_address": "127.0.0.2"}, "gatway_address is not known; did you mean gateway_address?"),
        (
            {"posgres_existing_dsn": "postgresql://x@y/z"},
            "posgres_existing_dsn is not known; did you mean postgres_existing_dsn?",
        ),
        # kinds of values
        ({"gateway_s3_port": "s3"}, "gateway_s3_port must be a whole number, not the text 's3'"),
        ({"gateway_s3_port": None}, "gateway_s3_port is empty; remove it to get its default"),
        ({"gateway_memory": "{{ nothing }}"}, "gateway_memory cannot be worked out: 'nothing' is undefined"),
        ({"minio_console": "no"}, "minio_console must be true or false, not the text 'no'"),
        ({"minio_buckets": "datasets"}, "minio_buckets must be a list of dictionaries, not the text 'datasets'"),
        ({"minio_environment": ["A=b"]}, "minio_environment must be a dictionary"),
        (
            {"minio_environment": {"MINIO_API_REQUESTS_MAX": 100, "MINIO_BROWSER": "off"}},
            "minio_environment: MINIO_API_REQUESTS_MAX is not a text; put its value in quotes",
        ),
        (
            {"mlflow_environment": {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": True}},
            "mlflow_environment: MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD is not a text; put its value in quotes",
        ),
        ({"minio_memory": "lots"}, "minio_memory is lots, which is not a size such as 512m or 2g"),
        ({"minio_memory": "2gb"}, "minio_memory is 2gb, which is not a size such as 512m or 2g"),
        ({"mlflow_memory": "-1"}, "mlflow_memory is -1, which is not a size such as 512m or 2g"),
        (
            {"gateway_memory": 2},
            "gateway_memory is 2, but Docker takes 6m at least; a number without a unit means bytes",
        ),
        # what services share
        (
            {"minio_container": "mlflow"},
            "minio_container and mlflow_container are both mlflow; each needs a name of its own",
        ),
        (
            {"gitea_image": GITEA, "vault_postgres_gitea_password": GOOD, "minio_container": "gitea"},
            "gitea_container and minio_container are both gitea; each needs a name of its own",
        ),
        (
            {"minio_data_directory": "/srv/postgres/"},
            "minio_data_directory and postgres_data_directory are both /srv/postgres; "
            "each needs a directory of its own",
        ),
        (
            {"mlflow_config_directory": "/opt/repro/../minio"},
            "minio_config_directory and mlflow_config_directory are both /opt/minio; each needs a directory of its own",
        ),
        (
            {"minio_data_directory": "/opt/minio"},
            "minio_config_directory and minio_data_directory are both /opt/minio; each needs a directory of its own",
        ),
        (
            {"gateway_git_directory": "/srv/minio/git"},
            "minio_data_directory is /srv/minio, which holds gateway_git_directory; "
            "each service needs a directory of its own",
        ),
        (
            {"minio_data_directory": "/srv"},
            "minio_data_directory is /srv, which holds gateway_git_directory, mlflow_data_directory, "
            "postgres_data_directory; each service needs a directory of its own",
        ),
        # what services refuse
        ({"stack_name": "gpu server"}, "stack_name is 'gpu server', which cannot be the name of a host"),
        ({"gateway_address": "0.0.0.0"}, f"gateway_address is 0.0.0.0, {LOOPBACK}"),  # noqa: S104 - refused
        ({"gateway_address": "localhost"}, f"gateway_address is localhost, {LOOPBACK}"),
        ({"gateway_s3_port": 70000}, "gateway_s3_port is 70000, but ports go from 1 to 65535"),
        ({"gateway_s3_port": 5000}, "gateway_mlflow_port and gateway_s3_port are both 5000"),
        (
            account(name="platform"),
            "minio_service_accounts: platform is an identity of the stack itself; choose another name",
        ),
        (account(parent="root"), "minio_service_accounts: reader has the unknown parent root; there is only platform"),
        (
            account(access=[]),
            "minio_service_accounts: reader has no access; an account without any would be given its parent's",
        ),
        (
            account(access=[{"bucket": "data", "mode": "read"}]),
            "minio_service_accounts: reader is given data, which minio_buckets does not declare",
        ),
        (
            account(access=[{"bucket": "datasets", "prefix": "x*", "mode": "read"}]),
            "minio_service_accounts: service account reader: the prefix x* is a folder and may not contain *, ? or $",
        ),
        (
            account(access=[{"bucket": "datasets", "mode": "full"}]),
            "minio_service_accounts[0] (reader).access[0].mode must be one of list, read, write, read-write, not the "
            "text 'full'",
        ),
        (account(secret="x"), "minio_service_accounts[0] (reader): secret is not known"),
        (
            account(name="a" * 21),
            f"minio_service_accounts: {'a' * 21!r} cannot be an access key: it has 21 characters instead of 3 to 20",
        ),
        (
            buckets(quota="lots"),
            "minio_buckets: bucket mlflow-artifacts: the quota lots is not a size such as 10GiB, 500MB or a number of "
            "bytes",
        ),
        (
            buckets(versionning=True),
            "minio_buckets[0] (mlflow-artifacts): versionning is not known; did you mean versioning?",
        ),
        (
            buckets(versioning=False, object_lock=True),
            "minio_buckets: bucket mlflow-artifacts: object_lock needs versioning",
        ),
        (
            buckets(versioning=False, keep_old_versions_days=3),
            "minio_buckets: bucket mlflow-artifacts: keep_old_versions_days needs versioning",
        ),
        (
            {**buckets(name="other"), **account(access=[{"bucket": "other", "mode": "read"}])},
            "mlflow_bucket is mlflow-artifacts, which minio_buckets does not declare",
        ),
        (
            {"postgres_databases": [{"name": "mlflow"}, {"name": "Lab"}]},
            "postgres_databases: 'Lab' cannot be a database: only lower-case letters, digits, dashes and underscores "
            "are allowed, and it begins with a letter",
        ),
        ({"postgres_databases": [{"name": "mlflow"}, {"name": "mlflow"}]}, "postgres_databases names mlflow twice"),
        ({"mlflow_database": "mflow"}, "mlflow_database is mflow, which postgres_databases does not declare"),
        ({"mlflow_bucket": "artifacts"}, "mlflow_bucket is artifacts, which minio_buckets does not declare"),
        # the account of MLflow
        ({"minio_service_accounts": []}, f"{LACKS_MLFLOW}mlflow-artifacts{READ_WRITE}"),
        (
            {"minio_service_accounts": account()["minio_service_accounts"][:1], "mlflow_bucket": "dvc"},
            f"{LACKS_MLFLOW}dvc{READ_WRITE}",
        ),
        (mlflows(state="absent"), f"{LACKS_MLFLOW}mlflow-artifacts{READ_WRITE}"),
        (mlflows(enabled=False), "minio_service_accounts: mlflow is not enabled, but MLflow signs in as it"),
        ({"mlflow_bucket": "dvc"}, MAY_NOT.replace("mlflow-artifacts", "dvc")),
        (mlflows(access=[{"bucket": "datasets", "mode": "read-write"}]), MAY_NOT),
        (mlflows(access=[{"bucket": "mlflow-artifacts", "mode": "read"}]), MAY_NOT),
        (mlflows(access=[{"bucket": "mlflow-artifacts", "mode": "read-write", "prefix": "a/"}]), MAY_NOT),
        # roles of PostgreSQL
        (
            database(owner="postgres"),
            "postgres_databases: mlflow: postgres administers the server: it cannot own the database mlflow",
        ),
        (
            {**database(owner="team"), "postgres_existing_dsn": "postgresql://team:pw@forge/gitea"},
            "postgres_databases: mlflow: team administers the server: it cannot own the database mlflow",
        ),
        (
            {"postgres_existing_dsn": "postgresql://mlflow:pw@forge/gitea"},
            "postgres_databases: mlflow: mlflow administers the server: it cannot own the database mlflow",
        ),
        (database(owner="ml\nflow"), f"postgres_databases: mlflow: 'ml\\nflow' cannot be its owner: {SPOILT}"),
        (database(owner='ml"flow'), f"postgres_databases: mlflow: 'ml\"flow' cannot be its owner: {SPOILT}"),
        (
            database(owner="ml flow"),
            "postgres_databases: mlflow: 'ml flow' cannot be its owner: only letters, digits, dashes and underscores "
            "are allowed, and it begins with a letter",
        ),
        (
            database(owner="pg_mlflow"),
            "postgres_databases: mlflow: 'pg_mlflow' cannot be its owner: PostgreSQL keeps names with pg_ for itself",
        ),
        (
            database(owner="public"),
            "postgres_databases: mlflow: 'public' cannot be its owner: PostgreSQL keeps that name for itself",
        ),
        (
            database(owner="m" * 64),
            f"postgres_databases: mlflow: {'m' * 64!r} cannot be its owner: PostgreSQL takes names of 1 to 63 bytes",
        ),
        (
            database(connect=["audit", "x\nlocal all all trust"]),
            "postgres_databases: mlflow: 'x\\nlocal all all trust' cannot be a role that connects: " + SPOILT,
        ),
        (
            database(connect=["/.*"]),
            "postgres_databases: mlflow: '/.*' cannot be a role that connects: the file pg_hba.conf would take it for "
            "a pattern, which fits other roles too",
        ),
        (
            database(connect=[""]),
            "postgres_databases: mlflow: '' cannot be a role that connects: PostgreSQL takes names of 1 to 63 bytes",
        ),
        (
            {"postgres_existing_dsn": "postgresql://root:pw@forge/mlflow"},
            "mlflow_database and postgres_existing_dsn lead to the same database mlflow; each service needs its own",
        ),
        (
            {"postgres_existing_dsn": "mysql://root:pw@forge/gitea"},
            "postgres_existing_dsn begins with mysql://, but only postgresql:// leads to PostgreSQL, "
            "without a driver's name",
        ),
        (
            {"postgres_existing_dsn": "postgresql+psycopg2://root:pw@forge/gitea"},
            "postgres_existing_dsn begins with postgresql+psycopg2://, but only postgresql:// leads to PostgreSQL, "
            "without a driver's name",
        ),
    ],
)
def test_one_thing_wrong_is_one_sentence(say, declared, sentence):
    said = say(**declared)
    assert sentence in said
    assert len(said) == 1 or isinstance(
        declared.get("postgres_databases") or declared.get("minio_service_accounts"), list
    )
    assert GOOD not in str(said) and "pw@" not in str(said)


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"projects": {"churn": {}}}, "projects must be a list of dictionaries"),
        (churn(member={"alice": "read"}), "projects[0] (churn): member is not known; did you mean members?"),
        (churn(members=["alice"]), "projects[0] (churn).members must be a dictionary"),
        (churn(deletion="no"), "projects[0] (churn).deletion must be true or false, not the text 'no'"),
        (churn(name="Churn"), "projects: 'Churn' cannot be the name of a project: "),
        (churn(members={"alice": "admin"}), "projects: churn: alice is given admin, which is not read or write"),
        (churn(teams={"vision": "read"}), "projects: churn: the team vision is not known"),
        (
            churn(members={"platform": "read"}),
            "projects: platform is an identity of the stack itself; choose another name",
        ),
        (churn(members={"mlflow": "read"}), "projects: mlflow is also one of minio_service_accounts; choose another"),
        (churn(usage_limit="much"), "projects: churn: usage_limit is much, which is not a size such as 500GiB"),
        ({"projects_free_disk": "10%"}, "projects_free_disk is 10%, which is not a size such as 500GiB"),
        (
            {**churn(), "projects_reissue": ["alcie"]},
            "projects_reissue: the key alcie is not known; did you mean alice?",
        ),
        (
            {**churn(), "vault_projects_keys": {"alice": GOOD}, "projects_reissue": ["alice"]},
            "projects_reissue: the secret of alice stands in projects_keys; change it there",
        ),
        (
            {**churn(), "vault_projects_keys": {"alcie": GOOD}},
            "projects_keys: the key alcie is not known; did you mean alice?",
        ),
        (
            {**churn(), "vault_projects_keys": {"alice": "short"}},
            "projects_keys: the secret of alice is too short: at least 12 characters are needed",
        ),
        (
            {**churn(), "vault_projects_keys": {"alice": GOOD + "\\"}},
            f"projects_keys: the secret of alice: {UNHIDEABLE}",
        ),
        (
            {**churn(), "vault_projects_keys": {"alice": 123456789012}},
            "projects_keys: the secret of alice is not a text; put it in quotes",
        ),
        ({**churn(), "projects_keys": GOOD}, "projects_keys must be a dictionary"),
        (
            {**churn(), "vault_project_keys": {"alice": GOOD}},
            "vault_project_keys is not known; did you mean vault_projects_keys?",
        ),
        (
            {**churn(), "projects_keys_directory": "{{ inventory_dir }}/keys"},
            "projects_keys_directory is /inventories/gpu_server/keys, where Ansible would read the keys as hosts; "
            "inside the inventory a folder's name must begin with a dot",
        ),
        (
            {**churn(), "projects_dvc_bucket": "remotes"},
            "projects_dvc_bucket is remotes, which minio_buckets does not declare",
        ),
        (
            {**churn(), "projects_dvc_bucket": "datasets"},
            "projects_datasets_bucket and projects_dvc_bucket are both datasets; each needs a bucket of its own",
        ),
        (
            {"minio_buckets": [{"name": "mlflow-artifacts"}, dvc(expire_days=30)]},
            "minio_buckets: dvc: the lifecycle rule old removes data that commits refer to; only old versions may "
            "expire (noncurrent_days)",
        ),
        (
            {"minio_buckets": [{"name": "mlflow-artifacts"}, dvc(expire_days=30, prefix="churn/dev/")]},
            "minio_buckets: dvc: the lifecycle rule old removes data that commits refer to; only old versions may "
            "expire (noncurrent_days)",
        ),
    ],
)
def test_one_thing_wrong_with_projects_is_one_sentence(say, declared, sentence):
    said = say(**declared)
    assert len(said) == 1 and said[0].startswith(sentence)
    assert GOOD not in str(said)


def test_projects_that_can_be(say):
    teams = {"projects_teams": [{"name": "vision", "members": ["carol"]}]}
    assert say(**churn(teams={"vision": "read"}, usage_limit="1TiB"), **teams, projects_free_disk="10GiB") == []
    assert say(**churn(), projects_keys_directory="/inventories/keys") == []
    assert say(**churn(), projects_reissue=["alice", "churn-ci"], vault_projects_keys={"churn-training": GOOD}) == []


@pytest.mark.parametrize(
    "rule", [{"noncurrent_days": 30}, {"expire_delete_markers": True}, {"expire_days": 30, "enabled": False}]
)
def test_old_versions_may_expire_in_dvc(say, rule):
    assert say(minio_buckets=[{"name": "mlflow-artifacts"}, dvc(**rule)]) == []


def test_live_objects_may_expire_elsewhere(say):
    rule = {"id": "old", "expire_days": 30}
    buckets = [{"name": name, "lifecycle": [rule]} for name in ("mlflow-artifacts", "datasets")]
    assert say(minio_buckets=buckets) == []


@pytest.mark.parametrize(
    "name",
    [
        *(
            "project_name",
            "project_id",
            "products",
            "proxy_env",
            "http_proxy",
            "minions",
            "minio",
            "gateway",
            "gateways",
        ),
        *("postgresql_databases", "postgresql_user", "docker_users", "gitlab_image", "nginx_container", "stack"),
        *("ansible_host", "ansible_user", "molecule_secrets", "__projects", "_projects", "__preflight_server"),
    ],
)
def test_a_variable_of_somebody_else_is_left_alone(say, name):
    assert say(**{name: "x"}) == []


def test_what_is_declared_is_not_meant_by_another_name(say):
    assert say(**churn(), project="churn") == []


def test_only_the_inventory_is_searched_for_misspellings(defaults, roles, internal):
    """A play may register what it likes."""
    variables = {**defaults, "project": "churn"}

    def evaluate(name):
        return Templar(loader=DataLoader(), variables=variables).template(variables[name])

    assert inventory_problems(variables, evaluate, roles, used=USED, internal=internal, written=HOST) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"access": [{"bucket": "mlflow-artifacts", "mode": mode} for mode in ("read", "write")]},
        {"access": [{"bucket": "mlflow-artifacts", "mode": "read-write", "prefix": "/"}]},
        {"access": [{"bucket": name, "mode": "read-write"} for name in ("datasets", "mlflow-artifacts")]},
    ],
)
def test_access_that_serves_mlflow(say, changed):
    assert say(**mlflows(**changed)) == []


def test_what_a_policy_grants_mlflow_is_not_looked_into(say):
    document = {"Version": "2012-10-17", "Statement": []}
    assert not [each for each in say(**mlflows(policy=document, access=None)) if "mlflow_bucket" in each]


@pytest.mark.parametrize(
    "declared",
    [
        {"minio_memory": "2GB", "mlflow_memory": "1.5g", "gateway_memory": "6M", "postgres_memory": 1073741824},
        {"minio_data_directory": "/srv/minio-data", "minio_config_directory": "/srv/minio"},
        {"minio_data_directory": "/srv/gitea", "minio_container": "gitea"},
        {"vault_minio_root_password": GOOD + "\\'\"", "vault_minio_mlflow_secret_key": GOOD + "'"},
        database(owner="MLflow_1", connect=["grafana", "pg_monitor", "o'brien"]),
        {"mlflow_image": "registry.example.org/mlflow:3.18.0", "mlflow_schema_revisions": ["451aebb31d03"]},
        {"mlflow_image": "repro-stack/mlflow:3ec3352933b986ad"},
    ],
)
def test_values_that_can_be(say, declared):
    secrets = {"vault_postgres_MLflow_1_password": GOOD} if "postgres_databases" in declared else {}
    assert say(**declared, **secrets) == []


@pytest.mark.parametrize("service", ["mlflow", "gitea"])
@pytest.mark.parametrize(
    ("database", "secret"),
    [
        ({"name": "data"}, "vault_postgres_data_password"),
        ({"name": "team-data"}, "vault_postgres_team_data_password"),
        ({"name": "data", "owner": "data-team"}, "vault_postgres_data_team_password"),
    ],
)
def test_a_service_signs_in_with_the_password_of_its_databases_owner(say, service, database, secret):
    declared = {f"{service}_database": database["name"], "postgres_databases": [{"name": "mlflow"}, database]}
    assert say(**declared) == [f"{secret} is missing; {MAKES}"]
    files = [f"@{ROLES / service / kind / 'main.yml'}" for kind in ("defaults", "vars")]
    given = [*files, json.dumps({**declared, secret: "of-the-owner-alone"})]
    ran = subprocess.run(
        [
            Path(sys.executable).with_name("ansible"),
            *("localhost", "--connection=local", "--module-name=ansible.builtin.debug"),
            f"--args=var={service}_database_password",
            *(f"--extra-vars={each}" for each in given),
        ],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{service}_database_password: of-the-owner-alone" in ran.stdout, ran.stdout + ran.stderr


def given_by(path):
    """What an inventory of this repository gives, but for its secrets, which tests make up."""
    content = yaml.safe_load(path.read_text()) or {}
    for key in ("provisioner", "inventory", "group_vars", "all") if path.name != "main.yml" else ():
        content = content.get(key) or {}
    return {name: value for name, value in content.items() if not name.startswith("vault_")}


@pytest.mark.parametrize(
    "path",
    [
        ROOT / ".config" / "molecule" / "config.yml",
        *sorted(ROOT.glob("molecule/*/molecule.yml")),
        *sorted(ROOT.glob("inventories/*/group_vars/all/main.yml")),
        ROOT / "tests" / "live" / "inventory" / "group_vars" / "all" / "main.yml",
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_inventories_of_this_repository_can_be(say, path):
    assert say(**{"molecule_secrets": "/tmp/secrets", **given_by(path)}) == []  # noqa: S108 - a name


def test_everything_is_said_at_once(say):
    said = say(minio_bucket=[], gateway_address="10.0.0.1", vault_minio_root_user=MISSING, minio_console="yes")
    assert [sentence.split()[0] for sentence in said] == [
        "minio_bucket",
        "minio_console",
        "vault_minio_root_user",
        "gateway_address",
    ]


def test_accounts_whose_names_differ_only_in_a_dash_would_share_a_secret(say):
    accounts = [
        {"name": name, "parent": "platform", "access": [{"bucket": "datasets", "mode": "read"}]}
        for name in ("mlflow", "ci", "ci-x", "ci-x", "ci_x")
    ]
    secrets = {"vault_minio_ci_secret_key": GOOD, "vault_minio_ci_x_secret_key": GOOD}
    said = say(minio_service_accounts=accounts, **secrets)
    assert "minio_service_accounts names ci-x twice" in said
    assert any("ci-x and ci_x would share one secret" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ab", "it has 2 characters"),
        ("a" * 64, "it has 64 characters"),
        ("Datasets", "only lower-case letters"),
        ("data_sets", "only lower-case letters"),
        ("-data", "only lower-case letters"),
        ("data-", "only lower-case letters"),
        ("a..b", "a dot stands beside"),
        ("a.-b", "a dot stands beside"),
        ("192.168.1.1", "it looks like an IP address"),
        ("minio", "MinIO keeps"),
        ("xn--data", "S3 keeps names with xn--"),
        ("data-s3alias", "S3 keeps names with -s3alias"),
        ("mlflow-artifacts", None),
        ("a.b", None),
        ("a" * 63, None),
    ],
)
def test_bucket_names(say, name, reason):
    found = bucket_fault(name)
    assert found is None if reason is None else found is not None and found.startswith(reason)
    buckets = [{"name": "mlflow-artifacts"}, *([{"name": name}] if name != "mlflow-artifacts" else [])]
    assert any(f"S3 refuses the name '{name}'" in sentence for sentence in say(minio_buckets=buckets)) == (
        reason is not None
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("host=forge dbname=gitea", "is not of the form"),
        ("root:pw@forge://gitea", "is not of the form"),
        ("postgresql://root:p@ss/word@forge/gitea", "cannot be parsed"),
        ("postgresql://root:p#w@forge:5432/gitea", "cannot be parsed"),
        ("postgresql://root:p@ss@forge/gitea", "cannot be parsed"),
        ("postgresql:///gitea", "names no host"),
    ],
)
def test_connection_strings_that_lead_nowhere(text, reason):
    with pytest.raises(ValueError, match="^" + reason) as caught:
        dsn_database(text)
    assert "pw" not in str(caught.value) and "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("text", "database"),
    [
        ("postgresql://r:p%40%2F@h:5433/gitea", "gitea"),
        ("postgres:///gitea?host=/run/x", "gitea"),
        ("postgresql://r:p@h", "postgres"),
    ],
)
def test_connection_strings_that_lead_to_a_database(text, database):
    assert dsn_database(text) == database


ITEMS = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "versioning": {"type": "bool"},
        "access": {
            "type": "list",
            "elements": "dict",
            "options": {"bucket": {"type": "str", "required": True}, "mode": {"type": "str", "choices": ["ro", "rw"]}},
        },
    },
}


@pytest.mark.parametrize(
    ("item", "sentences"),
    [
        ({"name": "a", "versioning": True, "access": [{"bucket": "b", "mode": "rw"}]}, []),
        ({"nam": "a"}, ["x[0]: nam is not known; did you mean name?", "x[0] lacks name"]),
        ({"name": "a", "versionning": True}, ["x[0] (a): versionning is not known; did you mean versioning?"]),
        ({"name": "a", "versioning": "yes"}, ["x[0] (a).versioning must be true or false, not the text 'yes'"]),
        ({"name": ["a"]}, ["x[0].name must be a text"]),
        ({"name": "a", "access": "b"}, ["x[0] (a).access must be a list of dictionaries, not the text 'b'"]),
        (
            {"name": "a", "access": [{"mode": "full"}]},
            ["x[0] (a).access[0] lacks bucket", "x[0] (a).access[0].mode must be one of ro, rw, not the text 'full'"],
        ),
    ],
)
def test_the_inside_of_a_list_is_checked_too(item, sentences):
    assert checked("x", ITEMS, [item])[1] == sentences


def test_the_whole_way_through_ansible(tmp_path):
    """The action plugin in a real play: in check mode, without a connection, with a value encrypted on its own."""
    inventory = {"all": {"hosts": {"gpu": {"ansible_connection": "ssh", "ansible_host": "192.0.2.1"}}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(inventory))
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "password").write_text("of the vault")
    encrypted = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-vault"),
            "encrypt_string",
            "--vault-password-file",
            tmp_path / "password",
        ],
        input="short",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    good = "\n".join(f"{name}: {GOOD}" for name in SECRETS if name != "vault_minio_root_password")
    misspelt = ["gateway_adress: 127.0.0.1", "mino_buckets: []"]
    lines = ["stack_name: gpu", *misspelt, good, f"vault_minio_root_password: {encrypted}"]
    (tmp_path / "group_vars" / "all.yml").write_text("\n".join(lines))
    task = {"import_role": {"name": "repro.stack.preflight", "rolespec_validate": False}}
    # a play's own words: its variables, results and facts
    play = {"hosts": "all", "gather_facts": False, "vars": {"gatway_address": "x"}}
    others = [{"debug": {"msg": "x"}, "register": "project"}, {"set_fact": {"proejcts": [], "cacheable": True}}]
    (tmp_path / "play.yml").write_text(json.dumps([{**play, "tasks": [*others, task]}]))
    ran = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            *(
                "-i",
                tmp_path / "hosts.yml",
                "--check",
                "--vault-password-file",
                tmp_path / "password",
                tmp_path / "play.yml",
            ),
        ],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line.strip() for line in ran.stdout.splitlines() if line.strip().startswith("- ")]
    assert list(dict.fromkeys(said)) == [
        "- gateway_adress is not known; did you mean gateway_address?",
        "- mino_buckets is not known; did you mean minio_buckets?",
        "- vault_minio_root_password is too short: at least 12 characters are needed",
    ], ran.stdout + ran.stderr
    assert ran.returncode == 2
