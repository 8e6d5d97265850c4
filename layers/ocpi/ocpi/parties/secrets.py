"""Credentials tokens at rest: those we gave out as keyed hashes, those we present encrypted by KMS."""

import base64
import hashlib
import hmac
import secrets
from functools import cache
from typing import TYPE_CHECKING

import boto3

from ocpi.aws import LIMITS

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


def new_token() -> str:
    """A fresh credentials token: 256 random bits in 43 printable characters (CRE-21, CRE-22)."""
    return secrets.token_urlsafe(32)


class Hasher:
    """Hashes tokens with a secret key, so that a leaked table opens no door and cannot be tested against guesses.

    Args:
        secret_id: the Secrets Manager secret with the key, read at the first use.
    """

    def __init__(self, secret_id: str) -> None:
        self._secret_id = secret_id

    def hash(self, token: str) -> str:
        """HMAC-SHA256 of the token, in hexadecimal."""
        return hmac.new(_pepper(self._secret_id), token.encode(), hashlib.sha256).hexdigest()

    def sign(self, content: bytes) -> bytes:
        """A signature that only we can make; no token contains a zero byte, so it is the hash of none."""
        return hmac.digest(_pepper(self._secret_id), b"\0" + content, "sha256")


class Safe:
    """Encrypts and decrypts the tokens that we present to partners.

    Args:
        key_id: the KMS key.
    """

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id

    def seal(self, token: str, partner_id: str) -> str:
        """The token encrypted for this partner: it cannot be opened as another's."""
        answer = _kms().encrypt(
            KeyId=self._key_id, Plaintext=token.encode(), EncryptionContext={"partner_id": partner_id}
        )
        return base64.b64encode(answer["CiphertextBlob"]).decode()

    def open(self, sealed: str, partner_id: str) -> str:
        """The token in clear; kept in memory, since a new token is a new `sealed`."""
        return _open(self._key_id, sealed, partner_id)


@cache
def _pepper(secret_id: str) -> bytes:
    return boto3.client("secretsmanager", config=LIMITS).get_secret_value(SecretId=secret_id)["SecretString"].encode()


@cache
def _kms() -> "KMSClient":
    return boto3.client("kms", config=LIMITS)


@cache
def _open(key_id: str, sealed: str, partner_id: str) -> str:
    answer = _kms().decrypt(
        KeyId=key_id,
        CiphertextBlob=base64.b64decode(sealed),
        EncryptionContext={"partner_id": partner_id},
    )
    return answer["Plaintext"].decode()
