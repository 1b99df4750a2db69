# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A file of DVC's configuration: read as DVC reads it, edited without losing what people wrote.

DVC reads with configobj, in lower case, a section [remote "name"] as a remote. It writes with configobj too, but loses
the comments, and empties the file before it knows whether everything can be written.
"""

from __future__ import annotations

import io
import re
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._dvc.options import (
    IDENTITIES,
    SECRET,
    holds_credentials,
    takes_keys,
)
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, StackError
from ansible_collections.repro.stack.plugins.module_utils._module import library

# A section's name to its options.
Sections = dict[str, dict[str, t.Any]]
# For each section, how it and its options are spelled in the file.
Names = dict[str, tuple[str, dict[str, str]]]
INDENT = "    "
FIRST = "core"  # where DVC puts it in a new file
REMOTE = re.compile(r'\s*remote\s*"(.*)"\s*')


def section_of(remote: str) -> str:
    return f'remote "{remote}"'


def remote_of(section: str) -> str | None:
    """The remote that a section is about; None for any other section."""
    found = REMOTE.fullmatch(section)
    return found and found[1]


class ConfigFile:
    """One of the two files of a repository; one that does not exist is empty. ``sections`` are what DVC reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._library = library("configobj")
        try:
            self.text = path.read_text(encoding="utf-8") if path.exists() else ""
        except UnicodeDecodeError as error:
            raise StackError(f"{path} is not text in UTF-8, so DVC cannot read it: {error.reason}") from error
        except OSError as error:
            raise StackError(f"{path} cannot be read: {error.strerror}") from error
        self.sections = _read(*self._parsed(self.text))

    def line(self, section: str, option: str) -> str:
        """Where the option stands: the file, with the line where that can be told."""
        here = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            if head := re.match(r"\s*\[(.*)\]", line):
                here = _spelling(head[1].strip().strip("'"))
            name = line.partition("=")[0].strip().strip("\"'").lower()
            if here == section and name == option:
                return f"{self.path}:{number}"
        return str(self.path)

    def refuse_secrets(self) -> None:
        """Raise StackError for a secret in a file that Git keeps."""
        for section, options in self.sections.items():
            for option, value in options.items():
                secret = option in SECRET | IDENTITIES or (isinstance(value, str) and holds_credentials(value))
                if secret and value:
                    keys = takes_keys(option, options.get("url"))
                    raise StackError(_found(self.line(section, option), section, option, keys=keys))

    def edited(self, wanted: Sections) -> str:
        """The text of the file with the sections as wanted; what does not differ stays as it was written."""
        document, names = self._parsed(self.text)
        if not document.sections:
            document.indent_type = INDENT
        for section in names.keys() - wanted.keys():
            del document[names[section][0]]
        for section, options in sorted(wanted.items(), key=lambda item: item[0] != FIRST):
            name, spelled = names.get(section, (section, {}))
            if section not in names:
                document[name] = {}
            for option in spelled.keys() - options.keys():
                del document[name][spelled[option]]
            for option, value in options.items():
                if option not in spelled or document[name][spelled[option]] != value:
                    document[name][spelled.get(option, option)] = value
        text = "".join(f"{line}\n" for line in document.write())
        if _read(*self._parsed(text)) != wanted:
            raise StackError(f"{self.path} cannot be changed without changing what else it says: edit it by hand")
        return text

    def _parsed(self, text: str) -> tuple[t.Any, Names]:
        try:
            document = self._library.ConfigObj(io.StringIO(text))
            document.dict()  # replaces %(name)s, as DVC does
        except self._library.ConfigObjError as error:
            raise StackError(f"{self.path} cannot be read by DVC: {error}") from error
        if document.scalars:
            raise StackError(f"{self.path}: {document.scalars[0]} stands before any section, which DVC refuses")
        names: Names = {}
        for name in document.sections:
            options: dict[str, str] = {}
            for spelled in document[name]:
                self._refuse_second(spelled.lower(), options, f"[{name}] {spelled}")
                options[spelled.lower()] = spelled
            if document[name].sections:
                raise StackError(f"{self.path}: [{name}] has a section inside it, which DVC refuses")
            self._refuse_second(_spelling(name), names, f"[{name}]")
            names[_spelling(name)] = (name, options)
        return document, names

    def _refuse_second(self, name: str, there: t.Container[str], label: str) -> None:
        if name in there:
            raise StackError(f"{self.path}: {label} is there twice, of which DVC reads one; remove the other")


def refuse_unwritable(label: str, value: str, *, secret: bool = False) -> None:
    """Raise InvalidInputError for a value that DVC would read differently, or could not write again."""
    _refuse_unwritable(label if secret else f"{label} {value!r}", value, {section_of("name"): {"option": value}})


def refuse_unwritable_name(remote: str) -> None:
    """The same for the name of a remote."""
    _refuse_unwritable(f"The name {remote!r}", remote, {section_of(remote): {"option": "value"}})


def _refuse_unwritable(shown: str, text: str, sections: Sections) -> None:
    if not text.isascii():
        raise InvalidInputError(
            f"{shown} is not ASCII: the next `dvc remote modify` would fail on it and leave the file empty"
        )
    configobj = library("configobj")
    try:
        lines = configobj.ConfigObj(sections).write()
        back = configobj.ConfigObj(io.StringIO("\n".join(lines))).dict()
    except configobj.ConfigObjError as error:
        raise InvalidInputError(f"{shown} cannot be kept in a file of DVC's: {error}") from error
    if back != sections or not remote_of(next(iter(back))):
        raise InvalidInputError(f"{shown} cannot be kept in a file of DVC's, which would read it differently")


def _read(document: t.Any, names: Names) -> Sections:
    return {
        section: {option: document[name][spelled] for option, spelled in options.items()}
        for section, (name, options) in names.items()
    }


def _spelling(section: str) -> str:
    """A section's name as DVC understands it."""
    remote = remote_of(section.lower())
    return section.lower() if remote is None else section_of(remote)


def _found(where: str, section: str, option: str, *, keys: bool) -> str:
    remote = remote_of(section)
    if remote is None:
        remove = f"`dvc config --unset {section}.{option}`"
        keep = f"`dvc config --local {section}.{option}`"
    elif option in SECRET | IDENTITIES:
        remove = f"`dvc remote modify --unset {remote} {option}`"
        keep = f"`dvc remote modify --local {remote} {option}`"
    else:
        remove = "take them out of the address"
        names = "access_key_id` and `secret_access_key`, or `credentialpath`" if keys else "password`"
        keep = f"`dvc remote modify --local {remote} {names}"
    return (
        f"{where}: [{section}] {option} holds a secret, and Git keeps this file. Remove it ({remove}), issue a new "
        "one, since everybody with the repository has this one, and put that into config.local: declare it here, or "
        f"{keep}"
    )
