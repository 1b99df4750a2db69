# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The options that DVC knows for each kind of remote, and which values it takes.

One option that DVC does not know, or one wrong value, and DVC refuses the whole configuration with every command. So it
is refused before it is written. Values are texts, as they stand in the file.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._inventory.specification import unknown

LINKS = ("reflink", "hardlink", "symlink", "copy")


def _is(kind: t.Callable[[str], t.Any], least: float) -> t.Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return bool(kind(text) >= least)
        except ValueError:
            return False

    return check


# What is expected, and whether a text is that.
Kind = tuple[str, t.Callable[[str], bool]]
TEXT: Kind = ("a text", lambda text: True)
BOOLEAN: Kind = ("true or false", lambda text: text.lower() in ("true", "false"))
WHOLE: Kind = ("a whole number", _is(int, float("-inf")))
COUNT: Kind = ("a whole number of 1 or more", _is(int, 1))
SECONDS: Kind = ("a number of 0 or more", _is(float, 0))
LINK_TYPES: Kind = (
    f"a list of {', '.join(LINKS)}",
    lambda text: {each.strip() for each in text.split(",")} <= {*LINKS},
)
GROUP: Kind = ("group", lambda text: text.lower() == "group")
AUTH: Kind = ("basic, digest or custom", lambda text: text.lower() in ("basic", "digest", "custom"))


def _options(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


_EVERY = (
    _options(TEXT, "url")
    | _options(COUNT, "checksum_jobs jobs")
    | _options(BOOLEAN, "worktree version_aware no_traverse")
)
_HTTP = (
    _options(TEXT, "custom_auth_header user password ssl_verify method")
    | _options(BOOLEAN, "ask_password verify")
    | _options(SECONDS, "connect_timeout read_timeout")
    | {"auth": AUTH}
)
_WEBDAV = (
    _options(TEXT, "user password token bearer_token_command custom_auth_header cert_path key_path ssl_verify")
    | _options(BOOLEAN, "ask_password verify")
    | _options(WHOLE, "timeout")
)
LOCAL = _options(BOOLEAN, "slow_link_warning verify protected") | {"type": LINK_TYPES, "shared": GROUP}
_SCHEMES: dict[str, dict[str, Kind]] = {
    "": LOCAL,
    "s3": _options(
        TEXT,
        "region profile credentialpath configpath endpointurl access_key_id secret_access_key session_token ssl_verify "
        "sse sse_kms_key_id sse_customer_algorithm sse_customer_key acl grant_read grant_read_acp grant_write_acp "
        "grant_full_control",
    )
    | _options(BOOLEAN, "use_ssl allow_anonymous_login verify listobjects")
    | _options(WHOLE, "read_timeout connect_timeout"),
    "gs": _options(TEXT, "projectname credentialpath endpointurl") | _options(BOOLEAN, "verify allow_anonymous_login"),
    "ssh": _options(TEXT, "user password passphrase keyfile")
    | _options(BOOLEAN, "ask_password ask_passphrase gss_auth allow_agent verify")
    | _options(WHOLE, "port timeout max_sessions")
    | {"type": LINK_TYPES},
    "hdfs": _options(TEXT, "user kerb_ticket"),
    "webhdfs": _options(TEXT, "kerberos_principal proxy_to ssl_verify token user password data_proxy_target")
    | _options(BOOLEAN, "kerberos use_https verify"),
    "azure": _options(TEXT, "connection_string sas_token account_name account_key tenant_id client_id client_secret")
    | _options(
        BOOLEAN,
        "allow_anonymous_login exclude_environment_credential exclude_visual_studio_code_credential "
        "exclude_shared_token_cache_credential exclude_managed_identity_credential verify",
    )
    | _options(WHOLE, "timeout read_timeout connection_timeout"),
    "oss": _options(TEXT, "oss_key_id oss_key_secret oss_endpoint") | _options(BOOLEAN, "verify"),
    "gdrive": _options(
        TEXT,
        "profile gdrive_client_id gdrive_client_secret gdrive_user_credentials_file gdrive_service_account_user_email "
        "gdrive_service_account_json_file_path",
    )
    | _options(BOOLEAN, "gdrive_use_service_account gdrive_trash_only gdrive_acknowledge_abuse verify"),
    "http": _HTTP,
    "https": _HTTP,
    "webdav": _WEBDAV,
    "webdavs": _WEBDAV,
}
CACHE: dict[str, Kind] = {"dir": TEXT, **LOCAL}

# What nobody but its owner may see. The identity that belongs to a secret is kept with it.
SECRET = frozenset(
    {
        "account_key",
        "client_secret",
        "connection_string",
        "gdrive_client_secret",
        "oss_key_secret",
        "passphrase",
        "password",
        "sas_token",
        "secret_access_key",
        "session_token",
        "sse_customer_key",
        "token",
    }
)
IDENTITIES = frozenset({"access_key_id", "oss_key_id"})
# What is true for one person or one machine only, so that it goes into config.local too.
OWN = SECRET | IDENTITIES | {"profile", "credentialpath", "configpath", "keyfile", "cert_path", "key_path"}

WITH_PASSWORD = re.compile(r"://[^/?#]*:[^/?#]*@")


def holds_credentials(text: str) -> bool:
    """Whether it is an address with a password in it."""
    return WITH_PASSWORD.search(text) is not None


def takes_keys(option: str, url: t.Any) -> bool:
    """Whether what an option of a remote at ``url`` leads to is an S3 store, where nobody has a password."""
    return option == "endpointurl" or str(url).startswith("s3:")


def known_options(url: str) -> dict[str, Kind]:
    """The options of a remote at this address."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidInputError(f"{url!r} is not an address: {error}") from error
    scheme = parts.scheme if parts.netloc else ""
    if parts.scheme == "s3" and not scheme:
        raise InvalidInputError(f"{url!r} names no bucket: an address in an S3 store is s3://bucket/folder")
    if scheme not in _SCHEMES:
        raise InvalidInputError(f"{url!r}: DVC knows no remotes at {scheme}://, but {', '.join(sorted(_SCHEMES)[1:])}")
    return _EVERY | _SCHEMES[scheme]


def check_endpoint(label: str, endpoint: str) -> None:
    """Raise InvalidInputError for one that DVC takes and cannot reach."""
    if not re.match(r"https?://[^/?#]", endpoint):
        raise InvalidInputError(
            f"{label}: endpointurl is {endpoint!r} and must be an address such as http://127.0.0.1:9000"
        )


def check_options(label: str, options: t.Mapping[str, t.Any], known: t.Mapping[str, Kind]) -> None:
    """Raise InvalidInputError for the first option that DVC would refuse; a secret's value is not shown."""
    for name, value in options.items():
        if name not in known:
            raise InvalidInputError(
                f"{label}: the option {name} {unknown(name, known)}; DVC would refuse the whole file"
            )
        expected, takes = known[name]
        text = canonical(value)
        if not isinstance(text, str) or not takes(text):
            shown = "a secret" if name in SECRET else repr(value)
            raise InvalidInputError(f"{label}: {name} is {shown} and must be {expected}")


def canonical(value: t.Any) -> t.Any:
    """What two ways to write the same value have in common; a list (commas without quotes) is one for links only."""
    parts = value if isinstance(value, list) else [each.strip() for each in value.split(",")]
    if {*parts} <= {*LINKS}:
        return ",".join(parts)
    return value.lower() if isinstance(value, str) and value.lower() in ("true", "false") else value
