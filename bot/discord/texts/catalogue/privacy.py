"""/privacy and the commands over one's own data."""

ENGLISH: dict[str, str] = {
    "privacy.about": "What is stored about you, and what you can do about it",
    "privacy.heading": "Privacy",
    "privacy.text": "**What is stored.** For each image posted in a watched channel: the image"
    " (at most {days}), the numbers that the model computed from it, its title, its votes as"
    " numbers, and the prediction. You are stored as a keyed hash of your Discord id, never"
    " by name. Your guesses are stored with that hash. So that the league can name who plays,"
    " your id is kept with your guesses, encrypted. `/predict` stores nothing at all.\n"
    "\n"
    "**What you can do.**\n"
    "`/opt-out` – I stop using your posts and guesses; posts that wait for their votes are"
    " withdrawn\n"
    "`/opt-in` – take that back\n"
    "`/export-me` – a file with everything stored about you\n"
    "`/forget-me` – delete it\n"
    "\nYour Discord identity is never linked to one on another platform.",
    "optout.about": "Use nothing of mine: no posts, no guesses",
    "optout.done": "You opted out. I do not look at your new images, you cannot guess, and you"
    " are on no board. {withdrawn} `/opt-in` takes it back, `/forget-me` deletes what is"
    " stored.",
    "optout.withdrawn.one": "{n} post of yours that waited for its votes was withdrawn.",
    "optout.withdrawn.other": "{n} of your posts that waited for their votes were withdrawn.",
    "optout.already": "You opted out already. `/opt-in` takes it back.",
    "optin.about": "Take an opt-out back",
    "optin.done": "Welcome back. I predict your new images in watched channels again.",
    "optin.already": "You had not opted out; nothing changed.",
    "export.about": "A file with everything stored about you",
    "export.done": "Everything stored about you, for you alone.",
    "export.nothing": "Nothing is stored about you.",
    "export.too_large": "Your file is larger than Discord accepts. Ask whoever runs this bot for"
    " it.",
    "forget.about": "Delete what is stored about you",
    "forget.ask": "Delete everything stored about you? Your guesses, votes and places on the boards"
    " go, your posts lose their author, title and link, and their images are deleted. What they"
    " scored stays as a number, without you. This cannot be undone.",
    "forget.done": "Done. Nothing stored leads to you any more (entries deleted or emptied:"
    " {rows}).",
    "forget.done_opted_out": "Done. All that is left is your opt-out (entries deleted or emptied:"
    " {rows}).",
    "forget.nothing": "Nothing is stored about you.",
}

GERMAN: dict[str, str] = {
    "privacy.about": "Was über dich gespeichert ist, und was du tun kannst",
    "privacy.heading": "Datenschutz",
    "privacy.text": "**Was gespeichert wird.** Zu jedem Bild, das in einem beobachteten Kanal"
    " gepostet wird: das Bild (höchstens {days}), die Zahlen, die das Modell daraus berechnet"
    " hat, sein Titel, seine Stimmen als Zahlen, und die Vorhersage. Du bist als"
    " verschlüsselter Hash deiner Discord-Id gespeichert, nie mit Namen. Deine Tipps sind mit"
    " diesem Hash gespeichert. Damit die Liga nennen kann, wer mitspielt, wird deine Id bei"
    " deinen Tipps verschlüsselt aufbewahrt. `/predict` speichert gar nichts.\n"
    "\n"
    "**Was du tun kannst.**\n"
    "`/opt-out` – ich verwende deine Posts und Tipps nicht mehr; Posts, die auf Stimmen"
    " warten, werden zurückgezogen\n"
    "`/opt-in` – nimmt das zurück\n"
    "`/export-me` – eine Datei mit allem, was über dich gespeichert ist\n"
    "`/forget-me` – löscht es\n"
    "\nDeine Identität auf Discord wird nie mit einer anderswo verknüpft.",
    "optout.about": "Verwende nichts von mir: keine Posts, keine Tipps",
    "optout.done": "Du hast widersprochen. Ich sehe deine neuen Bilder nicht an, du kannst nicht"
    " tippen und stehst auf keiner Tafel. {withdrawn} `/opt-in` nimmt es zurück, `/forget-me`"
    " löscht, was gespeichert ist.",
    "optout.withdrawn.one": "{n} Post von dir, der auf Stimmen wartete, wurde zurückgezogen.",
    "optout.withdrawn.other": "{n} deiner Posts, die auf Stimmen warteten, wurden zurückgezogen.",
    "optout.already": "Du hast schon widersprochen. `/opt-in` nimmt es zurück.",
    "optin.about": "Nimmt einen Widerspruch zurück",
    "optin.done": "Willkommen zurück. Ich sage deine neuen Bilder in beobachteten Kanälen wieder"
    " voraus.",
    "optin.already": "Du hattest nicht widersprochen; nichts hat sich geändert.",
    "export.about": "Eine Datei mit allem, was über dich gespeichert ist",
    "export.done": "Alles, was über dich gespeichert ist, für dich allein.",
    "export.nothing": "Über dich ist nichts gespeichert.",
    "export.too_large": "Deine Datei ist größer, als Discord annimmt. Frag danach, wer diesen Bot"
    " betreibt.",
    "forget.about": "Löscht, was über dich gespeichert ist",
    "forget.ask": "Alles löschen, was über dich gespeichert ist? Deine Tipps, Stimmen und Plätze"
    " auf den Tafeln verschwinden, deine Posts verlieren Autor, Titel und Link, und ihre Bilder"
    " werden gelöscht. Was sie erreicht haben, bleibt als Zahl ohne dich. Das lässt sich nicht"
    " rückgängig machen.",
    "forget.done": "Erledigt. Nichts Gespeichertes führt mehr zu dir (Einträge gelöscht oder"
    " geleert: {rows}).",
    "forget.done_opted_out": "Erledigt. Es bleibt nur dein Widerspruch (Einträge gelöscht oder"
    " geleert: {rows}).",
    "forget.nothing": "Über dich ist nichts gespeichert.",
}
