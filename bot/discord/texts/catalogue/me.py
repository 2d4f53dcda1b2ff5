"""/me."""

ENGLISH: dict[str, str] = {
    "me.about": "Your own record",
    "me.heading": "Your record",
    "me.nothing": "You have not guessed yet. Press Low, Medium or High under one of my replies in"
    " a watched channel.",
    "me.waiting.one": "{n} guess of yours waits for its votes. None is scored yet.",
    "me.waiting.other": "{n} of your guesses wait for their votes. None is scored yet.",
    "me.row": "{season}: **{points}** points, {hits} of {n} guesses right ({rate}; chance {base}).",
    "me.row_few": "{season}: **{points}** points, {hits} of {n} guesses right.",
    "me.blind": "Blind: **{points}** points, {hits} of {n} guesses right.",
    "me.streak": "Right in a row: {now} now, {most} at most.",
    "me.rank": "Place {rank} of {total}.",
    "me.open.one": "{n} more guess waits for its votes.",
    "me.open.other": "{n} more guesses wait for their votes.",
    "me.opted_out": "You opted out: nothing of yours is used. `/opt-in` changes that.",
}
