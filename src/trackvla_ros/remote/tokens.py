"""Tokens of robots: one word that all share, or a file of lines ``name: token``, one a robot."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from pathlib import Path

from track_common.config import ConfigError

MIN_TOKEN = 16  # characters; shorter ones can be guessed
SHARED = ""  # the name under which a token without one stands
_LINE = re.compile(r"(?:(?P<name>[\w.-]{1,64})\s*:\s*)?(?P<token>\S+)", re.ASCII)


def read_token(file: str) -> str:
    """A robot's own token, "" where no file is named; the robot's name before it may stay.

    Raises:
        ConfigError: the file holds no token, several, or one that is too short.
        OSError: the file cannot be read.
    """
    if not file:
        return ""
    tokens = read_tokens(file)
    if len(tokens) > 1:
        raise ConfigError(f"{file} holds {len(tokens)} tokens; wanted this robot's own line alone")
    return next(iter(tokens.values()))


def read_tokens(file: str) -> dict[str, str]:
    """Token by robot's name, empty where no file is named; a lone token without a name stands under ``SHARED``.

    Raises:
        ConfigError: a line is no ``name: token``, a token is too short, or a name or token stands there twice.
        OSError: the file cannot be read.
    """
    if not file:
        return {}
    text = Path(file).expanduser().read_text(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    tokens: dict[str, str] = {}
    for line in lines or [""]:
        name, token = _name_and_token(file, line)
        if name in tokens or token in tokens.values() or (name == SHARED and len(lines) > 1):
            raise ConfigError(f"{file} names '{name}' or its token twice, or lacks a name; wanted lines name: token")
        tokens[name] = token
    return tokens


def owner_of(tokens: Mapping[str, str], authorization: str) -> str | None:
    """The name of the robot whose token the header ``Authorization`` shows, None where it is nobody's.

    Every token is compared in constant time, so that the time of an answer says nothing of them.
    """
    given = authorization.encode(errors="replace")
    found = [name for name, token in tokens.items() if hmac.compare_digest(given, f"Bearer {token}".encode())]
    return found[0] if found else None


def _name_and_token(file: str, line: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    token = match["token"] if match else ""
    if match is None or len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable():
        raise ConfigError(
            f"{file} holds no token: wanted one word, or lines name: token, of at least {MIN_TOKEN} characters; "
            f"type `openssl rand -hex 32 > {file}`"
        )
    return match["name"] or SHARED, token
