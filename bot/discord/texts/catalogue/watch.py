"""/watch and /unwatch, and permissions by Discord's own names."""

ENGLISH: dict[str, str] = {
    "watch.about": "Predict every new image in a channel, a forum, or all channels of a category",
    "watch.channel": "Which channel, forum, thread or category; without it, this one",
    "watch.category": "Watched in **{category}**: {channels}. New channels in it will be"
    " watched, too.",
    "unwatch.category": "Not watched any more in **{category}**: {channels}. New channels of it"
    " are left alone, too.",
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
    "unwatch.channel": "Which channel, forum, thread or category; without it, this one",
    "unwatch.now": "**{channel}** is not watched any more. Posts that I have predicted still get"
    " their outcome.",
    "unwatch.not_watched": "**{channel}** is not watched. `/watch` starts it.",
    "watching.other_server": "That channel belongs to another server.",
    "watching.no_images": "I can watch text channels, forums, media channels, threads and the"
    " text of voice channels. Name one with *channel*; `/channels` lists them.",
    "channels.about": "All channels: which are watched, what I lack there, the last post",
    "channels.heading": "Channels",
    "channels.line.watched": "👁 {channel} · watched · {last}",
    "channels.line.free": "▫ {channel} · not watched",
    "channels.line.missing": "⚠ {channel} · {state}; I lack {permissions}",
    "channels.state.watched": "watched",
    "channels.state.free": "not watched",
    "channels.last": "last post {when}",
    "channels.no_post": "no post yet",
    "channels.paused": "{last} · replies are paused",
    "channels.threads": "Threads of a watched channel or forum are watched with it (`/settings"
    " threads`). `/watch` and `/unwatch` take a whole category, too.",
    "channels.followed": "New channels are watched in: {categories}.",
    "channels.more.one": "… and {n} more channel.",
    "channels.more.other": "… and {n} more channels.",
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
    "watch.about": "Sagt jedes neue Bild voraus: in einem Kanal, Forum oder einer Kategorie",
    "watch.channel": "Kanal, Forum, Thread oder Kategorie; ohne Angabe dieser Kanal",
    "watch.category": "Beobachtet in **{category}**: {channels}. Neue Kanäle darin werden auch"
    " beobachtet.",
    "unwatch.category": "Nicht mehr beobachtet in **{category}**: {channels}. Auch neue Kanäle"
    " darin bleiben unbeachtet.",
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
    "unwatch.channel": "Kanal, Forum, Thread oder Kategorie; ohne Angabe dieser Kanal",
    "unwatch.now": "**{channel}** wird nicht mehr beobachtet. Posts, die ich vorhergesagt habe,"
    " bekommen noch ihren Ausgang.",
    "unwatch.not_watched": "**{channel}** wird nicht beobachtet. `/watch` fängt damit an.",
    "watching.other_server": "Dieser Kanal gehört zu einem anderen Server.",
    "watching.no_images": "Ich kann Textkanäle, Foren, Medienkanäle, Threads und den Text von"
    " Sprachkanälen beobachten. Nenne einen mit *channel*; `/channels` zählt sie auf.",
    "channels.about": "Alle Kanäle: welche beobachtet werden, was mir fehlt, der letzte Post",
    "channels.heading": "Kanäle",
    "channels.line.watched": "👁 {channel} · beobachtet · {last}",
    "channels.line.free": "▫ {channel} · nicht beobachtet",
    "channels.line.missing": "⚠ {channel} · {state}; mir fehlt {permissions}",
    "channels.state.watched": "beobachtet",
    "channels.state.free": "nicht beobachtet",
    "channels.last": "letzter Post {when}",
    "channels.no_post": "noch kein Post",
    "channels.paused": "{last} · Antworten ruhen",
    "channels.threads": "Threads eines beobachteten Kanals oder Forums gehören dazu (`/settings"
    " threads`). `/watch` und `/unwatch` nehmen auch eine ganze Kategorie.",
    "channels.followed": "Neue Kanäle werden beobachtet in: {categories}.",
    "channels.more.one": "… und {n} weiterer Kanal.",
    "channels.more.other": "… und {n} weitere Kanäle.",
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
