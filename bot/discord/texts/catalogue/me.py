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

GERMAN: dict[str, str] = {
    "me.about": "Deine eigene Bilanz",
    "me.heading": "Deine Bilanz",
    "me.nothing": "Du hast noch nicht getippt. Drücke in einem beobachteten Kanal Niedrig, Mittel"
    " oder Hoch unter einer meiner Antworten.",
    "me.waiting.one": "{n} Tipp von dir wartet auf die Stimmen. Gewertet ist noch keiner.",
    "me.waiting.other": "{n} deiner Tipps warten auf die Stimmen. Gewertet ist noch keiner.",
    "me.row": "{season}: **{points}** Punkte, {hits} von {n} Tipps richtig ({rate}; Zufall"
    " {base}).",
    "me.row_few": "{season}: **{points}** Punkte, {hits} von {n} Tipps richtig.",
    "me.blind": "Blind: **{points}** Punkte, {hits} von {n} Tipps richtig.",
    "me.streak": "Richtige in Folge: jetzt {now}, höchstens {most}.",
    "me.rank": "Platz {rank} von {total}.",
    "me.open.one": "{n} weiterer Tipp wartet auf die Stimmen.",
    "me.open.other": "{n} weitere Tipps warten auf die Stimmen.",
    "me.opted_out": "Du hast widersprochen: Von dir wird nichts verwendet. `/opt-in` ändert das.",
}
