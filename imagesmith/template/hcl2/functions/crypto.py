"""Hashes, decryption and identifiers."""

from __future__ import annotations

import base64
import binascii

from imagesmith.template.hcl2.budget import spend
from imagesmith.template.hcl2.cty import NUMBER, STRING, Number
from imagesmith.template.hcl2.functions.registry import FunctionProblem, function

MOST_COST = 20
"""Each step doubles the time: 20 takes a minute, bcrypt's own limit of 31 a day."""


@function("bcrypt(string, cost)", STRING, NUMBER, optional=1, returns=STRING)
def bcrypt(text: str, cost: Number = 10) -> str:
    """A salted hash for password files; each call gives another."""
    import bcrypt as library

    if not isinstance(cost, int) or cost > MOST_COST:
        raise FunctionProblem(f"the cost must be a whole number of {MOST_COST} at most", 1)
    if cost < 4:
        cost = 10
    spend(1 << (int(cost) + 4))
    if len(text.encode()) > 72:
        raise FunctionProblem("bcrypt takes 72 bytes at most", 0)
    return library.hashpw(text.encode(), library.gensalt(int(cost), prefix=b"2a")).decode()


@function("md5(string)", STRING, returns=STRING)
def md5(text: str) -> str:
    """The hash of the UTF-8 bytes in hexadecimal."""
    import hashlib

    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@function("sha1(string)", STRING, returns=STRING)
def sha1(text: str) -> str:
    """The hash of the UTF-8 bytes in hexadecimal."""
    import hashlib

    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@function("sha256(string)", STRING, returns=STRING)
def sha256(text: str) -> str:
    """The hash of the UTF-8 bytes in hexadecimal."""
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


@function("sha512(string)", STRING, returns=STRING)
def sha512(text: str) -> str:
    """The hash of the UTF-8 bytes in hexadecimal."""
    import hashlib

    return hashlib.sha512(text.encode()).hexdigest()


@function("rsadecrypt(base64, key)", STRING, STRING, returns=STRING)
def rsadecrypt(text: str, key: str) -> str:
    """The text that was encrypted for the RSA key (PKCS #1 v1.5)."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FunctionProblem("not base64", 0) from None
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        raise FunctionProblem("not a private key in PEM form without a password", 1) from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise FunctionProblem("not an RSA key", 1)
    try:
        return private.decrypt(data, padding.PKCS1v15()).decode()
    except ValueError:
        raise FunctionProblem("the text can't be decrypted with this key", 0) from None


@function("uuidv4()", returns=STRING)
def uuidv4() -> str:
    """A random identifier; each call gives another."""
    import uuid

    return str(uuid.uuid4())


@function("uuidv5(namespace, name)", STRING, STRING, returns=STRING)
def uuidv5(namespace: str, name: str) -> str:
    """The identifier of a name; the namespace is dns, url, oid, x500 or a UUID."""
    import uuid

    known = {
        "dns": uuid.NAMESPACE_DNS,
        "url": uuid.NAMESPACE_URL,
        "oid": uuid.NAMESPACE_OID,
        "x500": uuid.NAMESPACE_X500,
    }
    try:
        return str(uuid.uuid5(known.get(namespace) or uuid.UUID(namespace), name))
    except ValueError:
        raise FunctionProblem('the namespace must be "dns", "url", "oid", "x500" or a UUID', 0) from None
