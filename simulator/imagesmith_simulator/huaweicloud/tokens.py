"""Users with passwords, and the tokens they get for them: the other way in, which OpenStack's clients take."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from imagesmith_simulator.huaweicloud.store import Store
from imagesmith_simulator.refusals import ApiError

_LIFETIME_S = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token of a user for one project."""

    user: str
    domain: str
    project_id: str
    issued: float
    expires: float


class Tokens:
    """Knows the users of the account, and the tokens that they have got. Used under the clock's lock or for reading."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._users: dict[tuple[str, str], str] = {}
        self._tokens: dict[str, Token] = {}

    def register(self, user: str, password: str, domain: str) -> None:
        """Accept a user of a domain (Huawei's name for an account) from now on."""
        self._users[domain, user] = password

    def issue(self, user: str, password: str, domain: str, project_id: str) -> tuple[str, Token]:
        """A new token, for the right password only."""
        known = self._users.get((domain, user))
        if known is None or not secrets.compare_digest(known, password):
            raise ApiError("401", 401, "The username or password is wrong.")
        if project_id not in self._store.projects:
            raise ApiError("401", 401, "The project does not exist, or the user may not use it.")
        now = self._store.clock.now()
        token = Token(user=user, domain=domain, project_id=project_id, issued=now, expires=now + _LIFETIME_S)
        word = secrets.token_urlsafe(32)
        self._tokens[word] = token
        return word, token

    def verify(self, word: str) -> Token:
        """The token behind a word. Raises the gateway's refusal for one that is unknown or has expired."""
        token = self._tokens.get(word)
        if token is None:
            raise ApiError("APIGW.0301", 401, "Incorrect IAM authentication information: decrypt token fail")
        if token.expires <= self._store.clock.now():
            raise ApiError("APIGW.0307", 401, "The token must be updated: token expires")
        return token

    def project_of(self, word: str) -> str:
        """The project that a token is for, "" for what is no token."""
        token = self._tokens.get(word)
        return token.project_id if token else ""
