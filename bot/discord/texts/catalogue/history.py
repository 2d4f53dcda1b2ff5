"""/import."""

ENGLISH: dict[str, str] = {
    "history.about": "Learn from what was posted in a channel before; reactions are its votes",
    "history.days": "How many days to go back; without it, 30",
    "history.channel": "Which channel; without it, this one",
    "history.stop": "True: end the import that is under way; what is stored stays",
    "history.begun": "The import of **{channel}** has begun: what was posted in the last {days}. I"
    " show in this channel how far it has come; `/import` shows it, too.",
    "history.begun_unshown": "The import of **{channel}** has begun: what was posted in the last"
    " {days}. I may not write in this channel, so `/import` shows how far it has come.",
    "history.under_way": "An import of **{channel}** is under way. `/import stop: True` ends it.",
    "history.stopped": "The import was ended. What is stored stays.",
    "history.not_under_way": "No import of **{channel}** is under way.",
    "history.no_intent": "I cannot read what was posted, because Discord does not give me the"
    " content of messages. Whoever runs this bot must turn on *Message Content Intent* in the"
    " Discord Developer Portal (Bot → Privileged Gateway Intents) and start it again.",
    "history.missing": "I cannot read {channel}: {permissions} missing. Give that to my role (Edit"
    " Channel → Permissions) and ask again.",
    "history.heading": "Import of {channel}",
    "history.progress": "Messages read: **{messages}** · posts stored: **{stored}**",
    "history.waits": "Discord or the network keeps it waiting; it goes on by itself.",
    "history.known": "Stored before: {n}",
    "history.too_young": "Left out because the score is not final: {n}",
    "history.no_image": "Left out without a usable image: {n}",
    "history.opted_out": "Left out because the author opted out: {n}",
    "history.failed": "Left out because of a fault of mine (see the log): {n}",
    "history.ended": "The import has ended. New labels: **{labels}**.",
    "history.training": "I learn from them now; a new model version serves if it is better.",
    "history.few_labels.one": "I begin to learn from this at {needed} labels; there is {n} so far.",
    "history.few_labels.other": "I begin to learn from this at {needed} labels; there are {n} so"
    " far.",
    "history.emoji": "Nobody had reacted with {upvote} or {downvote}, but many with {other}. If"
    " that is the vote here, set it with `/settings upvote`; it holds for new posts.",
    "history.fault": "The import could not go on: {reason}",
    "history.gone": "the channel is not there any more.",
    "history.given_up": "Discord did not let me read it, however often I tried.",
}

GERMAN: dict[str, str] = {
    "history.about": "Lernt aus dem, was früher gepostet wurde; Reaktionen sind die Stimmen",
    "history.days": "Wie viele Tage zurück; ohne Angabe 30",
    "history.channel": "Welcher Kanal; ohne Angabe dieser",
    "history.stop": "True: beendet den laufenden Import; was gespeichert ist, bleibt",
    "history.begun": "Der Import von **{channel}** hat begonnen: was in den letzten {days} gepostet"
    " wurde. Wie weit er ist, zeige ich in diesem Kanal, und `/import` zeigt es auch.",
    "history.begun_unshown": "Der Import von **{channel}** hat begonnen: was in den letzten {days}"
    " gepostet wurde. Hier darf ich nicht schreiben; `/import` zeigt, wie weit er ist.",
    "history.under_way": "Ein Import von **{channel}** läuft. `/import stop: True` beendet ihn.",
    "history.stopped": "Der Import wurde beendet. Was gespeichert ist, bleibt.",
    "history.not_under_way": "Kein Import von **{channel}** läuft.",
    "history.no_intent": "Ich kann nicht lesen, was gepostet wurde, denn Discord gibt mir den"
    " Inhalt von Nachrichten nicht. Wer diesen Bot betreibt, muss im Discord Developer Portal"
    " *Message Content Intent* einschalten (Bot → Privileged Gateway Intents) und ihn neu starten.",
    "history.missing": "Ich kann {channel} nicht lesen: {permissions} fehlt. Gib das meiner Rolle"
    " (Kanal bearbeiten → Berechtigungen) und frage noch einmal.",
    "history.heading": "Import von {channel}",
    "history.progress": "Gelesene Nachrichten: **{messages}** · gespeicherte Posts: **{stored}**",
    "history.waits": "Discord oder das Netz lässt ihn warten; er geht von selbst weiter.",
    "history.known": "Schon gespeichert: {n}",
    "history.too_young": "Ausgelassen, weil die Punktzahl noch nicht feststeht: {n}",
    "history.no_image": "Ausgelassen ohne brauchbares Bild: {n}",
    "history.opted_out": "Ausgelassen, weil der Autor sich abgemeldet hat: {n}",
    "history.failed": "Ausgelassen wegen eines Fehlers von mir (siehe Protokoll): {n}",
    "history.ended": "Der Import ist fertig. Neue Ausgänge: **{labels}**.",
    "history.training": "Daraus lerne ich jetzt; eine neue Modellversion kommt zum Einsatz, wenn"
    " sie besser ist.",
    "history.few_labels.one": "Ab {needed} Ausgängen lerne ich daraus; bisher gibt es {n}.",
    "history.few_labels.other": "Ab {needed} Ausgängen lerne ich daraus; bisher gibt es {n}.",
    "history.emoji": "Niemand hatte mit {upvote} oder {downvote} reagiert, aber viele mit {other}."
    " Wenn hier damit gestimmt wird, stelle es mit `/settings upvote` ein; es gilt für neue Posts.",
    "history.fault": "Der Import konnte nicht weitergehen: {reason}",
    "history.gone": "den Kanal gibt es nicht mehr.",
    "history.given_up": "Discord ließ mich ihn nicht lesen, so oft ich es versuchte.",
}
