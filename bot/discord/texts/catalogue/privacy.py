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
