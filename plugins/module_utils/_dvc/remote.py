# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Where a DVC remote is and with which key to speak to it, as DVC itself would find out."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._dvc.clone import Clone
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._http import check_authorities
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._module import library

S3 = "s3://"
CREDENTIALS_FILE = "AWS_SHARED_CREDENTIALS_FILE"

Given = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Remote:
    name: str
    bucket: str
    prefix: str
    connection: Connection

    @property
    def address(self) -> str:
        return f"{S3}{self.bucket}/{self.prefix}".rstrip("/")

    def same_place(self, other: Remote) -> bool:
        return self.same_store(other) and self.address == other.address

    def same_store(self, other: Remote) -> bool:
        return self.connection.endpoint == other.connection.endpoint

    def same_account(self, other: Remote) -> bool:
        """Whether the key of this one may be tried on the other, too."""
        return self.same_store(other) and self.connection.access_key == other.connection.access_key


def arguments() -> dict[str, t.Any]:
    """The options of every module that looks at a remote's objects, as in the documentation fragment dvc."""
    return {
        "path": {"type": "path", "required": True},
        "endpoint": {"type": "str"},
        "region": {"type": "str"},
        "access_key": {"type": "str", "no_log": False},
        "secret_key": {"type": "str", "no_log": True},
        "credentials_file": {"type": "path"},
        "validate_certs": {"type": "bool"},
        "ca_path": {"type": "path"},
        "wait": {"type": "float", "default": 10.0},
        "jobs": {"type": "int", "default": 8},
        "progress_file": {"type": "path"},
    }


def find_remote(clone: Clone, name: str | None, given: Given) -> Remote:
    """The remote of that name, or the default one; an option that is ``given`` counts more than its configuration."""
    name = name or clone.config["core"].get("remote")
    if not name:
        raise InvalidInputError(f"{clone.path} has no default remote: name one of {_known(clone)}")
    if name.lower() not in clone.config["remote"]:
        raise InvalidInputError(f"{clone.path} has no remote {name}, but {_known(clone)}")
    # DVC's own function resolves remote://other/path
    config = library("dvc.fs", "dvc").get_fs_config(clone.config, name=name)
    label = f"The remote {name} of {clone.path}"
    if not config["url"].startswith(S3):
        raise InvalidInputError(f"{label} is {config['url']}: only objects of {S3} remotes can be looked at")
    if config.get("version_aware") or config.get("worktree"):
        raise InvalidInputError(f"{label} keeps files under their own names (version_aware), not as objects")
    bucket, _slash, prefix = config["url"].removeprefix(S3).partition("/")
    if not bucket:
        raise InvalidInputError(f"{label} is {config['url']}, which names no bucket")
    prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    return Remote(name, bucket, prefix, _connection(label, config, given))


def _known(clone: Clone) -> str:
    return ", ".join(clone.remotes) or "none at all"


def _connection(label: str, config: Given, given: Given) -> Connection:
    session = _session(label, config, given)
    profile = session.get_scoped_config()
    endpoint = (
        given.get("endpoint")
        or config.get("endpointurl")
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
        or profile.get("endpoint_url")
    )
    if not endpoint:
        raise InvalidInputError(
            f"{label} says nowhere which server it is on: set its endpointurl, or the option endpoint"
        )
    access_key, secret_key = _key(label, session, config, given)
    verify = _verify(config, given)
    check_authorities(endpoint, verify)
    return Connection(
        endpoint=endpoint.rstrip("/"),
        access_key=access_key,
        secret_key=secret_key,
        region=given.get("region") or config.get("region") or profile.get("region") or "us-east-1",
        verify=verify,
        wait=given.get("wait", 10.0),
    )


def _session(label: str, config: Given, given: Given) -> t.Any:
    """botocore's search for keys: a file given as an option counts more than the environment, that more than DVC's."""
    file = given.get("credentials_file")
    profile = config.get("profile") or ("default" if file else None)
    session = library("botocore.session", "boto3").Session(profile=profile)
    if not file and CREDENTIALS_FILE not in os.environ:
        file = config.get("credentialpath")
    if file:
        if not Path(file).is_file():
            raise InvalidInputError(f"{label} is reached with the key in {file}, which is not a file on this machine")
        session.set_config_variable("credentials_file", str(file))
    exceptions = library("botocore.exceptions", "boto3")
    try:
        session.get_scoped_config()
    except (exceptions.ProfileNotFound, exceptions.ConfigParseError) as error:
        raise InvalidInputError(f"{label}: {error}") from error
    # a machine in a cloud would be asked for a key of its own, and be waited for where there is none
    session.get_component("credential_provider").remove("iam-role")
    return session


def _key(label: str, session: t.Any, config: Given, given: Given) -> tuple[str, str]:
    for source, names in ((given, ("access_key", "secret_key")), (config, ("access_key_id", "secret_access_key"))):
        found = source.get(names[0]), source.get(names[1])
        if all(found) and not (source is config and given.get("credentials_file")):
            _refuse_temporary(label, source.get("session_token"))
            return t.cast("tuple[str, str]", found)
    credentials = session.get_credentials()
    if credentials is None:
        raise InvalidInputError(
            f"There is no key for it. {label} needs one: set credentials_file, {CREDENTIALS_FILE} in the environment, "
            "or the remote's credentialpath in .dvc/config.local"
        )
    _refuse_temporary(label, credentials.token)
    return credentials.access_key, credentials.secret_key


def _refuse_temporary(label: str, session_token: str | None) -> None:
    """Without its token the store would say that there is no such key."""
    if session_token:
        raise InvalidInputError(
            f"{label} is reached with a temporary key, to which a session token belongs: only keys without one can be "
            "used here, such as that in a file given as credentials_file"
        )


def _verify(config: Given, given: Given) -> bool | str:
    if given.get("validate_certs") is False:
        return False
    if given.get("ca_path"):
        return t.cast(str, given["ca_path"])
    return True if given.get("validate_certs") else config.get("ssl_verify", True)
