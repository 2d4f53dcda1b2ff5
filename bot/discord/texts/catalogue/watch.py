"""/watch and /unwatch, and permissions by Discord's own names."""

ENGLISH: dict[str, str] = {
    "watch.about": "Predict every new image in a channel",
    "watch.channel": "Which channel; without it, this one",
    "watch.now": "**{channel}** is watched now. I predict each new image, and {after} later I"
    " show how it did.",
    "watch.already": "**{channel}** is watched already. `/settings` shows and changes how.",
    "watch.no_intent": "⚠ I cannot see the images posted here yet, because Discord does not give"
    " me the content of messages. Whoever runs this bot must turn on *Message Content Intent*"
    " in the Discord Developer Portal (Bot → Privileged Gateway Intents) and start it again."
    " Until then `/predict` and *Will it play?* in a message's menu work everywhere.",
    "watch.missing": "⚠ I lack permissions in {channel}: {permissions}. Give them to my role in"
    " the channel's settings (Edit Channel → Permissions).",
    "watch.next": "`/settings` changes the emoji, when a score is final, and what I post and when.",
    "unwatch.about": "Stop predicting the new images in a channel",
    "unwatch.channel": "Which channel; without it, this one",
    "unwatch.now": "**{channel}** is not watched any more. Posts that I have predicted still get"
    " their outcome.",
    "unwatch.not_watched": "**{channel}** is not watched. `/watch` starts it.",
    "watching.other_server": "That channel belongs to another server.",
    "watching.no_images": "I can watch text channels, threads and the text of voice channels"
    " only. Name one with *channel*.",
    "watching.hidden": "I only change channels that you can see yourself.",
    "watching.not_here": "Images in {channel} are not watched. Start with `/watch`.",
    "permission.view_channel": "View Channel",
    "permission.send_messages": "Send Messages",
    "permission.send_messages_in_threads": "Send Messages in Threads",
    "permission.embed_links": "Embed Links",
    "permission.attach_files": "Attach Files",
    "permission.read_message_history": "Read Message History",
    "permission.add_reactions": "Add Reactions",
}

GERMAN: dict[str, str] = {
    "watch.about": "Sagt jedes neue Bild in einem Kanal voraus",
    "watch.channel": "Welcher Kanal; ohne Angabe dieser",
    "watch.now": "**{channel}** wird jetzt beobachtet. Ich sage jedes neue Bild voraus und zeige"
    " {after} später, was daraus wurde.",
    "watch.already": "**{channel}** wird schon beobachtet. `/settings` zeigt und ändert, wie.",
    "watch.no_intent": "⚠ Noch sehe ich die Bilder hier nicht, denn Discord gibt mir den Inhalt"
    " von Nachrichten nicht. Wer diesen Bot betreibt, muss im Discord Developer Portal"
    " *Message Content Intent* einschalten (Bot → Privileged Gateway Intents) und ihn neu"
    " starten. Bis dahin gehen `/predict` und *Kommt das an?* im Menü einer Nachricht überall.",
    "watch.missing": "⚠ In {channel} fehlen mir Rechte: {permissions}. Gib sie meiner Rolle in den"
    " Einstellungen des Kanals (Kanal bearbeiten → Berechtigungen).",
    "watch.next": "`/settings` ändert die Emoji, wann eine Punktzahl feststeht, und was ich wann"
    " poste.",
    "unwatch.about": "Sagt in einem Kanal keine neuen Bilder mehr voraus",
    "unwatch.channel": "Welcher Kanal; ohne Angabe dieser",
    "unwatch.now": "**{channel}** wird nicht mehr beobachtet. Posts, die ich vorhergesagt habe,"
    " bekommen noch ihren Ausgang.",
    "unwatch.not_watched": "**{channel}** wird nicht beobachtet. `/watch` fängt damit an.",
    "watching.other_server": "Dieser Kanal gehört zu einem anderen Server.",
    "watching.no_images": "Ich kann nur Textkanäle, Threads und den Text von Sprachkanälen"
    " beobachten. Nenne einen mit *channel*.",
    "watching.hidden": "Ich ändere nur Kanäle, die du selbst sehen kannst.",
    "watching.not_here": "Bilder in {channel} werden nicht beobachtet. Beginne mit `/watch`.",
    "permission.view_channel": "Kanal anzeigen",
    "permission.send_messages": "Nachrichten senden",
    "permission.send_messages_in_threads": "Nachrichten in Threads senden",
    "permission.embed_links": "Links einbetten",
    "permission.attach_files": "Dateien anhängen",
    "permission.read_message_history": "Nachrichtenverlauf anzeigen",
    "permission.add_reactions": "Reaktionen hinzufügen",
}
