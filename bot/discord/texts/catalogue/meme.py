"""/meme."""

ENGLISH: dict[str, str] = {
    "meme.about": "Find captions for a picture, ranked by what plays here",
    "meme.caption": "Your own caption, TOP|BOTTOM; empty: captions are found for you",
    "meme.heading": "Captions for your picture, the best first. Only you see this until you post.",
    "meme.menu": "Make a meme",
    "meme.may_not_post": "You may not send pictures in this channel, so I do not send one for you.",
    "meme.choose": "Another caption",
    "meme.beats": "would beat {share} of the posts here",
    "meme.post": "Post it here",
    "meme.posted": "Posted.",
    "meme.by": "A meme by {person}",
    "meme.none": "I found no caption for this picture here. Write your own with `caption`.",
    "meme.cannot_draw": "That caption cannot be drawn: it is empty, longer than 2,000 characters,"
    " or has a character that no font here has.",
    "meme.kept_back": "The prediction for this picture is kept back here for now; make memes of it"
    " when the votes are in.",
}

GERMAN: dict[str, str] = {
    "meme.about": "Texte für ein Bild finden, geordnet danach, was hier ankommt",
    "meme.caption": "Dein eigener Text, OBEN|UNTEN; leer: Texte werden für dich gefunden",
    "meme.heading": "Texte für dein Bild, der beste zuerst. Nur du siehst das, bis du postest.",
    "meme.menu": "Meme machen",
    "meme.may_not_post": "Du darfst in diesem Kanal keine Bilder senden, darum sende ich keins"
    " für dich.",
    "meme.choose": "Ein anderer Text",
    "meme.beats": "schlüge {share} der Posts hier",
    "meme.post": "Hier posten",
    "meme.posted": "Gepostet.",
    "meme.by": "Ein Meme von {person}",
    "meme.none": "Ich habe hier keinen Text für dieses Bild gefunden. Schreib deinen eigenen in"
    " `caption`.",
    "meme.cannot_draw": "Dieser Text lässt sich nicht zeichnen: Er ist leer, länger als 2.000"
    " Zeichen oder hat ein Zeichen, das hier keine Schrift hat.",
    "meme.kept_back": "Die Vorhersage für dieses Bild wird hier noch zurückgehalten; mach Memes"
    " daraus, wenn die Stimmen da sind.",
}
