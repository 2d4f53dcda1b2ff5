"""An authenticator in software, with the browser around it: makes passkeys and signs with them.

Written from the WebAuthn standard, without the library that the board checks them with.
"""

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """CBOR of the few kinds that are needed here."""
    match value:
        case int() if value >= 0:
            return _head(0, value)
        case int():
            return _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case dict():
            return _head(5, len(value)) + b"".join(
                cbor(key) + cbor(each) for key, each in value.items()
            )
    raise TypeError(value)


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    if number < 256:
        return bytes([kind << 5 | 24, number])
    return bytes([kind << 5 | 25]) + struct.pack(">H", number)


@dataclass
class Authenticator:
    """One passkey, and what a browser at ``origin`` sends of it.

    What is hostile is set in the fields: another origin, flags, a frame.
    """

    origin: str
    flags: int = USER_PRESENT | USER_VERIFIED
    counter: int = 0
    in_frame: bool = False
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    user_handle: bytes = b""

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """What the browser sends of a passkey that it made as it was asked."""
        asked = options["publicKey"]
        self.user_handle = decode(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public_key = cbor(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        length = struct.pack(">H", len(self.credential_id))
        data = self._data(asked["rp"]["id"], ATTESTED) + bytes(16) + length + self.credential_id
        attestation = cbor({"fmt": "none", "attStmt": {}, "authData": data + public_key})
        return self._sent(
            clientDataJSON=self._client_data("webauthn.create", asked["challenge"]),
            attestationObject=attestation,
        )

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """What the browser sends of a signature that it was asked for."""
        asked = options["publicKey"]
        data = self._data(asked["rpId"], 0)
        client_data = self._client_data("webauthn.get", asked["challenge"])
        signed = data + hashlib.sha256(client_data).digest()
        return self._sent(
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
            userHandle=self.user_handle,
        )

    def _data(self, rp_id: str, more: int) -> bytes:
        digest = hashlib.sha256(rp_id.encode()).digest()
        return digest + bytes([self.flags | more]) + struct.pack(">I", self.counter)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {
                "type": kind,
                "challenge": challenge,
                "origin": self.origin,
                "crossOrigin": self.in_frame,
            }
        ).encode()

    def _sent(self, **response: bytes) -> dict[str, Any]:
        encoded = {name: encode(value) for name, value in response.items()}
        name = encode(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": encoded}
