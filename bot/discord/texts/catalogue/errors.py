"""What went wrong, and why an image is refused or did not arrive."""

ENGLISH: dict[str, str] = {
    "error.cooldown": "That was too much at once. Try again in {seconds} s.",
    "error.cooldown_channel": "Too much is going on in this channel. Try again in {seconds} s.",
    "error.missing_permissions": "Discord does not let me do that here. I need: {permissions}.",
    "error.forbidden": "Discord does not let me do that here. Check my permissions in this"
    " channel.",
    "error.guild_only": "That works only in a server.",
    "error.not_allowed": "You may not do that here. It needs the permission Manage Server, or"
    " whatever the server chose instead (Server Settings → Integrations).",
    "error.discord_away": "Discord did not answer just now. Try again in a minute.",
    "error.out_of_date": "This command has changed. Reload Discord (Ctrl+R) and try again.",
    "error.no_model": "No model version can serve just now. Whoever runs this bot finds the"
    " reason in its log.",
    "error.not_stored": "Nothing can be stored just now, so nothing was changed. Try again later;"
    " whoever runs this bot finds the reason in its log.",
    "error.ours": "Something went wrong on my side. If it happens again, tell whoever runs this bot"
    " the number **{number}**.",
    "image.empty": "The file is empty; choose the image again.",
    "image.too_large": "The file is too large; make it smaller and try again.",
    "image.unsupported_format": "This is not a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP"
    " image; save it as one of those.",
    "image.busy": "The image could not be read just now, for want of memory; try again later.",
    "image.truncated": "A part of the file is missing; choose the image again.",
    "image.corrupt": "The file is damaged; save the image anew and try again.",
    "image.too_many_pixels": "The image has too many pixels; make it smaller and try again.",
    "image.too_complex": "The file is built in a way that takes too long to decode; save it anew"
    " and try again.",
    "image.not_fetched": "There is nothing to fetch at the image's address.",
}

GERMAN: dict[str, str] = {
    "error.cooldown": "Das war zu viel auf einmal. Versuche es in {seconds} s wieder.",
    "error.cooldown_channel": "In diesem Kanal ist zu viel los. Versuche es in {seconds} s wieder.",
    "error.missing_permissions": "Discord lässt mich das hier nicht tun. Ich brauche:"
    " {permissions}.",
    "error.forbidden": "Discord lässt mich das hier nicht tun. Prüfe meine Rechte in diesem Kanal.",
    "error.guild_only": "Das geht nur auf einem Server.",
    "error.not_allowed": "Das darfst du hier nicht. Es braucht das Recht *Server verwalten*, oder"
    " was der Server stattdessen gewählt hat (Servereinstellungen → Integrationen).",
    "error.discord_away": "Discord hat gerade nicht geantwortet. Versuche es in einer Minute noch"
    " einmal.",
    "error.out_of_date": "Dieser Befehl hat sich geändert. Lade Discord neu (Strg+R) und versuche"
    " es wieder.",
    "error.no_model": "Gerade lässt sich keine Modellversion einsetzen. Wer diesen Bot betreibt,"
    " findet den Grund in seinem Log.",
    "error.not_stored": "Gerade lässt sich nichts speichern; es wurde nichts geändert. Versuche es"
    " später wieder; wer diesen Bot betreibt, findet den Grund in seinem Log.",
    "error.ours": "Bei mir ist etwas schiefgegangen. Kommt es wieder vor, nenne dem, der diesen Bot"
    " betreibt, die Nummer **{number}**.",
    "image.empty": "Die Datei ist leer; wähle das Bild noch einmal.",
    "image.too_large": "Die Datei ist zu groß; mach sie kleiner und versuche es wieder.",
    "image.unsupported_format": "Das ist kein JPEG-, PNG-, WebP-, GIF-, AVIF-, HEIC-, TIFF- oder"
    " BMP-Bild; speichere es als eins davon.",
    "image.busy": "Das Bild konnte gerade nicht gelesen werden, weil Speicher fehlt; versuche es"
    " später wieder.",
    "image.truncated": "Ein Teil der Datei fehlt; wähle das Bild noch einmal.",
    "image.corrupt": "Die Datei ist beschädigt; speichere das Bild neu und versuche es wieder.",
    "image.too_many_pixels": "Das Bild hat zu viele Pixel; mach es kleiner und versuche es wieder.",
    "image.too_complex": "Die Datei ist so gebaut, dass sie zu lange zum Lesen braucht; speichere"
    " sie neu und versuche es wieder.",
    "image.not_fetched": "An der Adresse des Bildes ist nichts zu holen.",
}
