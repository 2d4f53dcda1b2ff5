"""Every error that Discord documents: its own codes, and statuses of HTTP.

https://docs.discord.com/developers/topics/opcodes-and-status-codes (read in November 2026). The
API description says no more than "4XX" of the statuses; those here are all that are registered
(https://www.iana.org/assignments/http-status-codes), and those of the proxy before Discord.
"""

from typing import Final

_CODES = """
10001-10016 10020 10021 10026-10033 10036 10038 10049 10050 10057 10059-10063 10065-10071 10087
10097 10124 10129
20001 20002 20009 20012 20015 20016 20018 20022 20024 20028 20029 20031 20035
30001-30005 30007 30008 30010 30011 30013 30015 30016 30018 30019 30030-30035 30037-30040
30042 30045-30048 30052 30056 30058 30060 30061
40001-40007 40009 40012 40018 40019 40032 40033 40041 40043 40058 40060-40062 40066 40067 40074
40094 40333
50001-50017 50019-50021 50024-50028 50033-50036 50039 50041 50045 50046 50054 50055 50057 50067
50068 50070 50073 50074 50080 50081 50083-50086 50091 50095 50097 50101 50109 50110 50123 50124
50131 50132 50138 50144-50146 50151 50159-50163 50167 50173 50178 50192 50278 50600
60003 80004 90001 90002 110000 110001 130000 150006 160002 160004-160007 160014 170001-170007
180000 180002 200000 200001 220001-220004 240000 340015 350000 350001 400001 500000 520000-520004
520006 530000-530004 530006 530007
"""

#: Codes whose status does not follow from their first digits.
_STATUSES = {
    40001: 401, 40002: 401, 40005: 413, 40062: 429, 40333: 403, 50001: 403, 50005: 403, 50007: 403,
    50013: 403, 50014: 401, 50021: 403, 50045: 413, 50278: 403, 60003: 403, 90001: 403, 130000: 503,
    160002: 403, 160005: 403, 240000: 403, 400001: 403,
}  # fmt: skip


def _codes() -> list[int]:
    found: list[int] = []
    for each in _CODES.split():
        first, _, last = each.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _status(code: int) -> int:
    return _STATUSES.get(code) or {1: 404, 2: 403}.get(code // 10_000, 400)


#: Every code of Discord's own, with a status that it comes with.
BY_CODE: Final = tuple((_status(code), code) for code in _codes())
#: Every status of a refusal or a failure, without a code. 429 has a meaning of its own.
BY_STATUS: Final = tuple(
    (status, 0)
    for status in (
        *range(400, 419), *range(421, 427), 428, 431, 451,
        *range(500, 509), 510, 511, *range(520, 528), 530,
    )
)  # fmt: skip
