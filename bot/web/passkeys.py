"""Passkeys (WebAuthn): what a browser is asked to sign, and whether what it sends is right.

Everything that comes from a browser is hostile until it was checked here. Where passkeys were made
is not asked (attestation "none"); that their owner was there is (user verification).
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeVar

from aiohttp import web
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from yarl import URL

from bot.texts.translate import mark
from bot.web.refusals import Refusal
from storage.tables import Passkey

log = logging.getLogger(__name__)
# It tells of every credential that it sees.
logging.getLogger("fido2").setLevel(logging.WARNING)

#: What authenticators and browsers have.
_ALGORITHMS = (ES256, EdDSA, RS256)
#: What is stored of a key: bytes.
_MOST_KEY, _MOST_ID = 2048, 1023
_REQUIRED = UserVerificationRequirement.REQUIRED

NOT_RIGHT = mark("This passkey was not taken: what the browser sent is not right. Begin again.")
UNKNOWN_KEY = mark("This passkey is not known here, or was removed.")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The board as passkeys know it.

    Attributes:
        origin: where its pages are, such as https://board.example.org.
        id: the host name in it.
        name: what people see.
    """

    origin: str
    id: str
    name: str


def relying_party(origin: str | None, name: str, request: web.Request) -> RelyingParty | None:
    """Who the board is to a browser; None: it was opened by an address that can have no passkeys.

    Args:
        origin: as it is set; None: that of the request, whose host was checked before.
        name: the board's.
        request: what is asked.
    """
    url = URL(origin or f"{request.scheme}://{request.host}").origin()
    host = url.host or ""
    if url.scheme != "https" and host != "localhost":
        return None
    try:
        ip_address(host)
    except ValueError:
        return RelyingParty(str(url), host, name)
    return None


def creation_options(
    board: RelyingParty, *, challenge: bytes, handle: str, person: str, known: list[str]
) -> dict[str, Any]:
    """What ``navigator.credentials.create`` is asked for, ready for JSON.

    Args:
        board: for whom.
        challenge: random bytes.
        handle: of the account, hexadecimal.
        person: what the authenticator shows.
        known: credential ids of the account, which are not made twice.
    """
    options, _ = _server(board).register_begin(
        PublicKeyCredentialUserEntity(name=person, display_name=person, id=bytes.fromhex(handle)),
        credentials=[_descriptor(each) for each in known],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=_REQUIRED,
        challenge=challenge,
    )
    return dict(options)


def request_options(board: RelyingParty, *, challenge: bytes) -> dict[str, Any]:
    """What ``navigator.credentials.get`` is asked for, ready for JSON.

    It names no credential: nobody learns from it who has an account.
    """
    options, _ = _server(board).authenticate_begin(user_verification=_REQUIRED, challenge=challenge)
    return dict(options)


@dataclass(frozen=True, slots=True)
class MadeCredential:
    """What a browser made: its id (base64url), its public key (COSE in CBOR), its counter."""

    id: str
    public_key: bytes
    counter: int


def check_creation(board: RelyingParty, challenge: bytes, sent: str) -> MadeCredential:
    """Check what a browser made.

    Args:
        board: for whom it has to be.
        challenge: what it was asked to sign.
        sent: ``PublicKeyCredential.toJSON()`` as text.

    Raises:
        Refusal: (400) anything is not as it has to be.
    """

    def check() -> MadeCredential:
        response = RegistrationResponse.from_dict(_parse(sent))
        _require(response.response.client_data.cross_origin is False, "made in a frame")
        made = _server(board).register_complete(_state(challenge), response)
        credential = made.credential_data
        if credential is None:
            raise ValueError("no credential in it")
        _require(credential.credential_id == response.raw_id, "another credential's id")
        _require(0 < len(credential.credential_id) <= _MOST_ID, "an id of no such length")
        _require(type(credential.public_key) in _ALGORITHMS, "an algorithm that was not asked for")
        public_key = cbor.encode(dict(credential.public_key))
        _require(len(public_key) <= _MOST_KEY, "a key that is too long")
        return MadeCredential(websafe_encode(credential.credential_id), public_key, made.counter)

    return _checked(check, NOT_RIGHT)


def credential_id_in(sent: str) -> str:
    """The credential that signed, as the browser says it, base64url.

    Raises:
        Refusal: (400) it is no signature of a passkey.
    """
    return _checked(
        lambda: websafe_encode(AuthenticationResponse.from_dict(_parse(sent)).raw_id), NOT_RIGHT
    )


def check_signature(
    board: RelyingParty, challenge: bytes, sent: str, passkey: Passkey, handle: str
) -> int:
    """Check what a passkey signed; return the counter of its signature.

    Args:
        board: for whom it has to be.
        challenge: what it was asked to sign.
        sent: ``PublicKeyCredential.toJSON()`` as text.
        passkey: the one it says it is.
        handle: of the passkey's account, hexadecimal.

    Raises:
        Refusal: (400) anything is not as it has to be.
    """

    def check() -> int:
        response = AuthenticationResponse.from_dict(_parse(sent))
        _require(response.response.client_data.cross_origin is False, "signed in a frame")
        user = response.response.user_handle
        _require(user is None or user == bytes.fromhex(handle), "another account's handle")
        stored = cbor.decode(passkey.public_key)
        if not isinstance(stored, dict):
            raise TypeError("no key")
        key = CoseKey.parse(stored)
        known = AttestedCredentialData.create(
            Aaguid.NONE, websafe_decode(passkey.credential_id), key
        )
        _server(board).authenticate_complete(_state(challenge), [known], response)
        return response.response.authenticator_data.counter

    return _checked(check, UNKNOWN_KEY)


def _checked(check: Callable[[], T], sentence: str) -> T:
    try:
        return check()
    except MemoryError:
        raise
    except Exception as error:
        # Readers of JSON, base64, CBOR and keys have a dozen kinds of error for what is none.
        log.info("A passkey was refused: %s", type(error).__name__)
        log.debug("What was sent could not be taken.", exc_info=True)
        raise Refusal(400, sentence) from error


def _parse(sent: str) -> dict[str, Any]:
    content = json.loads(sent)
    if not isinstance(content, dict):
        raise TypeError("no object")
    return content


def _require(right: bool, wrong: str) -> None:
    if not right:
        raise ValueError(wrong)


def _state(challenge: bytes) -> dict[str, Any]:
    return {"challenge": websafe_encode(challenge), "user_verification": _REQUIRED}


def _descriptor(credential_id: str) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor.from_dict({"type": "public-key", "id": credential_id})


def _server(board: RelyingParty) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(name=board.name, id=board.id),
        attestation=AttestationConveyancePreference.NONE,
        # Exactly this origin: the library's own rule takes every subdomain.
        verify_origin=lambda origin: origin == board.origin,
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=each.ALGORITHM)
        for each in _ALGORITHMS
    ]
    return server
