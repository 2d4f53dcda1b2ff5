"""What a passkey sent is believed only as it was made and signed."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.web.passkeys import RelyingParty, check_creation, check_signature
from bot.web.refusals import Refusal
from storage.tables import Passkey
from tests.fakes.authenticator import Authenticator, encode

BOARD = RelyingParty("https://board.example", "board.example", "Board")
CHALLENGE = b"c" * 32
HANDLE = b"h" * 32
KEY = Authenticator(BOARD.origin)
MADE = KEY.make(
    {
        "publicKey": {
            "user": {"id": encode(HANDLE)},
            "challenge": encode(CHALLENGE),
            "rp": {"id": BOARD.id},
        }
    }
)
SIGNED = KEY.sign({"publicKey": {"rpId": BOARD.id, "challenge": encode(CHALLENGE)}})
KNOWN = check_creation(BOARD, CHALLENGE, json.dumps(MADE))
_values = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=9),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=9), each, max_size=3)
    ),
    max_leaves=6,
)


def test_what_was_sent_as_it_was_made_is_believed() -> None:
    passkey = Passkey(credential_id=KNOWN.id, public_key=KNOWN.public_key)
    assert check_signature(BOARD, CHALLENGE, json.dumps(SIGNED), passkey, HANDLE.hex()) == 0


@hypothesis_settings(max_examples=120)
@given(
    what=st.sampled_from(
        [
            *((MADE, each) for each in ("clientDataJSON", "attestationObject", None)),
            *((SIGNED, each) for each in SIGNED["response"]),
            (SIGNED, None),
        ]
    ),
    value=_values | st.binary(max_size=120).map(encode) | st.integers(0, 200),
)
def test_whatever_is_changed_in_what_was_sent_it_is_refused(
    what: tuple[dict[str, Any], str | None], value: object
) -> None:
    passkey = Passkey(credential_id=KNOWN.id, public_key=KNOWN.public_key)
    # Nothing signs a new key: of what holds it, one character may well be another one.
    sent, name = what
    changed = copy.deepcopy(sent)
    if name is None:
        changed["id"] = changed["rawId"] = value
    elif type(value) is int and name != "attestationObject":
        # One character of it is another one; of the last one, some bits say nothing.
        text = changed["response"][name]
        at = value % (len(text) - 1)
        other = "B" if text[at] == "A" else "A"
        changed["response"][name] = text[:at] + other + text[at + 1 :]
    else:
        changed["response"][name] = value
    text = json.dumps(changed)
    if sent is MADE:
        with pytest.raises(Refusal):
            check_creation(BOARD, CHALLENGE, text)
    else:
        with pytest.raises(Refusal):
            check_signature(BOARD, CHALLENGE, text, passkey, HANDLE.hex())
