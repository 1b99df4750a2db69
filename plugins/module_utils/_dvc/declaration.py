# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What a user declares for a repository's remotes, in the words of DVC's files.

``None`` leaves an option alone, an empty value takes it away. What is everybody's goes into .dvc/config, which Git
keeps; what is one person's or one machine's, secrets above all, into .dvc/config.local, which Git ignores.
"""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._dvc.config import (
    Sections,
    refuse_unwritable,
    refuse_unwritable_name,
    remote_of,
    section_of,
)
from ansible_collections.repro.stack.plugins.module_utils._dvc.options import (
    CACHE,
    LINKS,
    OWN,
    SECRET,
    canonical,
    check_endpoint,
    check_options,
    holds_credentials,
    known_options,
    takes_keys,
)
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError

# Our word for an option, and DVC's.
WORDS = {
    "url": "url",
    "endpointurl": "endpointurl",
    "region": "region",
    "verify": "verify",
    "jobs": "jobs",
    "ssl_verify": "ssl_verify",
    "profile": "profile",
    "credentialpath": "credentialpath",
    "access_key": "access_key_id",
    "secret_key": "secret_access_key",
}
REMOTE: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "url": {"type": "str"},
    "endpointurl": {"type": "str"},
    "region": {"type": "str"},
    "verify": {"type": "bool", "default": True},
    "jobs": {"type": "int"},
    "ssl_verify": {"type": "raw"},
    "profile": {"type": "str"},
    "credentialpath": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "options": {"type": "dict"},
    "secret_options": {"type": "dict", "no_log": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
CACHE_ARGUMENTS: dict[str, t.Any] = {
    "dir": {"type": "str"},
    "shared": {"type": "str", "choices": ["group", ""]},
    "type": {"type": "list", "elements": "str", "choices": list(LINKS)},
}
ARGUMENTS: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "remotes": {"type": "list", "elements": "dict", "options": REMOTE},
    "default": {"type": "str"},
    "purge": {"type": "bool", "default": False},
    "cache": {"type": "dict", "options": CACHE_ARGUMENTS},
}
CORE, CACHE_SECTION = "core", "cache"


class Files(t.NamedTuple):
    """The sections of .dvc/config and of .dvc/config.local."""

    config: Sections
    local: Sections

    def merged(self, section: str) -> dict[str, t.Any]:
        """The options of a section as DVC uses them."""
        return {**self.config.get(section, {}), **self.local.get(section, {})}

    def remotes(self) -> list[str]:
        return [name for name in map(remote_of, {**self.config, **self.local}) if name is not None]

    def put(self, section: str, option: str, text: str) -> None:
        """Set an option where it belongs, or take it away where ``text`` is empty."""
        if option in OWN or section == CACHE_SECTION:
            there, other = self.local, self.config
            if text and canonical(self.merged(section).get(option, "")) == canonical(text):
                return
        else:
            there, other = self.config, self.local
        if not text or there is self.config:
            self._take(other, section, option)
        if not text:
            self._take(there, section, option)
        elif canonical(there.get(section, {}).get(option, "")) != canonical(text):
            there.setdefault(section, {})[option] = text

    def remove(self, section: str) -> None:
        self.config.pop(section, None)
        self.local.pop(section, None)

    @staticmethod
    def _take(sections: Sections, section: str, option: str) -> None:
        """A remote's section without an address anywhere would make DVC refuse the file, so none is left empty."""
        if option in sections.get(section, {}):
            del sections[section][option]
            if not sections[section]:
                del sections[section]


def wanted(found: Files, params: t.Mapping[str, t.Any]) -> Files:
    """The sections of both files as ``params`` (the module's) declare them, secrets included."""
    files = copy.deepcopy(found)
    remotes = params["remotes"] or []
    _refuse_names([remote["name"] for remote in remotes])
    default = str(files.merged(CORE).get("remote", "")).lower()
    if params["purge"]:
        if params["remotes"] is None:
            raise InvalidInputError("purge needs remotes: an empty list removes every one")
        for name in files.remotes():
            if name not in [remote["name"] for remote in remotes]:
                files.remove(section_of(name))
    for remote in remotes:
        if remote["state"] == "absent":
            files.remove(section_of(remote["name"]))
        else:
            _put_remote(files, remote)
    if params["default"]:
        if params["default"] not in files.remotes():
            raise InvalidInputError(f"default: there is no remote {params['default']}, but {_listed(files.remotes())}")
        files.put(CORE, "remote", params["default"])
    elif params["default"] == "" or (default in found.remotes() and default not in files.remotes()):
        files.put(CORE, "remote", "")
    _put_cache(files, params["cache"] or {})
    return files


def _put_remote(files: Files, remote: t.Mapping[str, t.Any]) -> None:
    section, label = section_of(remote["name"]), f"The remote {remote['name']}"
    merged = files.merged(section)
    url = remote["url"] or (merged.get("url", "") if remote["url"] is None else "")
    if not isinstance(url, str) or not url:
        raise InvalidInputError(f"{label} has no url")
    given = {theirs: _text(remote[ours]) for ours, theirs in WORDS.items() if remote[ours] is not None}
    further = _further(label, remote, merged)
    # before anything that would repeat a value
    _refuse_credentials(label, {"url": url} | given | further)
    known = known_options(url)
    if "verify" not in known:
        del given["verify"]
    if remote["jobs"] == 0:
        given["jobs"] = ""
    options = given | further
    for option, text in options.items():
        refuse_unwritable(f"{label}: {option}", text, secret=option in SECRET)
    if options.get("endpointurl"):
        check_endpoint(label, options["endpointurl"])
    check_options(label, {option: text for option, text in options.items() if text}, known)
    for option, text in options.items():
        files.put(section, option, text)
    # what was there before, too: with one wrong value DVC does nothing at all
    check_options(label, files.merged(section), known)


def _refuse_credentials(label: str, options: t.Mapping[str, str]) -> None:
    """Raise InvalidInputError for an address with a password in it, which would go into the file that Git keeps."""
    for option, text in options.items():
        # no address of an endpoint has an @, and a password may hold what ends one in others
        if option not in SECRET and (holds_credentials(text) or (option == "endpointurl" and "@" in text)):
            keys = "access_key and secret_key, or in a file as credentialpath"
            way = keys if takes_keys(option, options["url"]) else "user in options and password in secret_options"
            raise InvalidInputError(f"{label} has credentials in its {option}: give them as {way}")


def _further(label: str, remote: t.Mapping[str, t.Any], merged: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The options without a word of ours; those that are there and not declared are taken away."""
    texts: dict[str, str] = {}
    for ours, secret in (("options", False), ("secret_options", True)):
        if remote[ours] is None:
            continue
        for option in remote[ours]:
            if option in WORDS.values():
                word = next(word for word, theirs in WORDS.items() if theirs == option)
                raise InvalidInputError(f"{label}: {option} does not go into {ours}; it is {word}")
            if (option in SECRET) is not secret:
                place = "options" if secret else "secret_options"
                raise InvalidInputError(f"{label}: {option} does not go into {ours} but into {place}")
        rest = {option for option in merged if option not in WORDS.values() and (option in SECRET) is secret}
        texts |= dict.fromkeys(sorted(rest), "")
        texts |= {option: _text(value) for option, value in remote[ours].items() if value is not None}
    return texts


def _put_cache(files: Files, cache: t.Mapping[str, t.Any]) -> None:
    given = {option: _text(value) for option, value in cache.items() if value is not None}
    for option, text in given.items():
        refuse_unwritable(f"cache: {option}", text)
    check_options("cache", {option: text for option, text in given.items() if text}, CACHE)
    for option, text in given.items():
        files.put(CACHE_SECTION, option, text)


def _text(value: t.Any) -> str:
    """As it stands in a file."""
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_names(names: list[str]) -> None:
    for name in names:
        if not name or name != name.lower() or name != name.strip():
            raise InvalidInputError(
                f"{name!r} cannot be the name of a remote: DVC reads names in lower case and trimmed"
            )
        refuse_unwritable_name(name)
        if names.count(name) > 1:
            raise InvalidInputError(f"The remote {name} is declared twice")


def _listed(names: t.Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "none at all"
