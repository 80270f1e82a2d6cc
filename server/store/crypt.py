"""Encrypts what must be read again, by a key that is not in the database.

AES-256-GCM under a key derived from the server's secret.  The place of a secret goes in as associated data: a row that
was copied to another owner or id does not open.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import InputError

_NONCE = 12  # bytes
_VERSION = b"\x01"


class Crypt:
    """Locks and opens secrets for one purpose."""

    def __init__(self, secret_key: bytes, purpose: str) -> None:
        derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"tradegraph {purpose}".encode())
        self._cipher = AESGCM(derived.derive(secret_key))

    def lock(self, secret: str, place: str) -> bytes:
        """The secret as it is stored at a place."""
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret.encode(), place.encode())

    def open(self, locked: bytes, place: str) -> str:
        """The secret again.  Raises InputError if the key is another one or the row was changed."""
        nonce, sealed = locked[1 : 1 + _NONCE], locked[1 + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, sealed, place.encode()).decode()
        except (InvalidTag, ValueError):
            raise InputError(
                "a stored secret cannot be opened: the file secret_key in the data folder is not the one it was stored"
                " with, or the database was changed; put the file back, or enter the secret again"
            ) from None
