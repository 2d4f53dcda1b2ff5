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
