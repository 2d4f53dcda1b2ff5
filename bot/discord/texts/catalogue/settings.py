"""/settings, and why a setting is refused (bot/community_settings.py)."""

ENGLISH: dict[str, str] = {
    "settings.about": "Show how I behave in a channel, or change what you name",
    "settings.channel": "Which channel; without it, this one",
    "settings.upvote": "Emoji that counts as an upvote",
    "settings.downvote": "Emoji that counts as a downvote",
    "settings.horizon": "Hours until a score is final",
    "settings.mode": "What I do with a new image",
    "settings.blind": "People guess before they see my prediction; everybody sees it when"
    " guessing closes",
    "settings.buckets": '"terciles", or two scores such as "5 20": low up to 5, medium up to 20',
    "settings.min_percentile": "Reply only to images that should beat so many percent of the"
    " posts, 0 to 99; 0: all",
    "settings.quiet_hours": 'No replies in these hours, such as "22:00-07:00"; "off": always reply',
    "settings.time_zone": 'Time zone of the quiet hours, such as "Europe/Berlin"',
    "settings.replies_per_minute": "At most so many replies a minute; 0: no limit",
    "settings.guess_minutes": "Minutes until guessing closes",
    "settings.announcements": "Where I tell admins what they should know",
    "settings.announce": "False: no announcements",
    "settings.heading": "Settings of {channel}",
    "settings.changed": "Changed. From now on:",
    "settings.line.watched": "Watched: **{value}**",
    "settings.line.votes": "Upvote {upvote} · downvote {downvote}",
    "settings.line.horizon": "A score is final after **{value}**",
    "settings.line.mode": "New images: **{value}**",
    "settings.line.blind": "Blind (guess first, then see): **{value}**",
    "settings.line.buckets_terciles": "Buckets: **thirds of what is posted here**",
    "settings.line.buckets_fixed": "Buckets: low up to **{low}**, medium up to **{medium}**, high"
    " above",
    "settings.line.min_percentile": "Replies to images that should beat at least **{value}**",
    "settings.line.answers_all": "Replies to all images",
    "settings.line.quiet": "Quiet from **{begin}** to **{end}** ({time_zone})",
    "settings.line.never_quiet": "No quiet hours",
    "settings.line.rate": "At most **{value}** replies a minute",
    "settings.line.no_rate": "No limit on replies a minute",
    "settings.line.guessing": "Guessing closes after **{value}**",
    "settings.line.announcements": "Announcements in {channel}",
    "settings.line.usual_announcements": "Announcements where system messages go, or to the owner",
    "settings.line.no_announcements": "No announcements",
    "settings.line.paused": "⏸ Automatic replies are paused: {reason}",
    "refused.horizon": "A horizon must be {least} to {most} hours.",
    "refused.guess_seconds": "Guessing must close after {least} to {most} minutes.",
    "refused.thresholds_pair": 'Fixed buckets need both scores, such as "5 20"; "terciles" goes'
    " back to thirds.",
    "refused.thresholds_order": "The score where low ends must be below the score where medium"
    " ends.",
    "refused.min_percentile": "The percentage must be 0 to 99.",
    "refused.quiet_pair": 'Quiet hours need a beginning and an end, such as "22:00-07:00"; "off"'
    " removes them.",
    "refused.quiet_range": 'Quiet hours must be times of day, such as "22:00-07:00".',
    "refused.time_zone": 'There is no such time zone. Use a name such as "Europe/Berlin" or "UTC".',
    "refused.replies_per_minute": "Replies a minute must be 0 (no limit) to {most}.",
    "refused.emoji": '"{value}" is not an emoji. Use one emoji, or one of this server\'s.',
    "refused.same_emoji": "The upvote and the downvote emoji must be different.",
    "refused.foreign_emoji": "I cannot use that emoji: it belongs to a server that I am not in.",
    "refused.guess_score": "The score that closes guessing must be at least 1.",
    "refused.unknown": "This channel is not known yet. Start with `/watch`.",
    "refused.announcements": "I may not write in {channel}. Give me *Send Messages* and *View"
    " Channel* there, or choose another one.",
}

GERMAN: dict[str, str] = {
    "settings.about": "Zeigt, wie ich mich in einem Kanal verhalte, oder ändert, was du nennst",
    "settings.channel": "Welcher Kanal; ohne Angabe dieser",
    "settings.upvote": "Emoji, das als Plus zählt",
    "settings.downvote": "Emoji, das als Minus zählt",
    "settings.horizon": "Stunden, bis eine Punktzahl feststeht",
    "settings.mode": "Was ich mit einem neuen Bild mache",
    "settings.blind": "Erst tippen, dann die Vorhersage sehen; alle sehen sie nach Tippschluss",
    "settings.buckets": '"terciles" oder zwei Punktzahlen wie "5 20": niedrig bis 5, mittel bis 20',
    "settings.min_percentile": "Nur auf Bilder antworten, die so viel Prozent der Posts schlagen,"
    " 0 bis 99; 0: alle",
    "settings.quiet_hours": 'Keine Antworten in diesen Stunden, etwa "22:00-07:00"; "off": immer'
    " antworten",
    "settings.time_zone": 'Zeitzone der Ruhezeit, etwa "Europe/Berlin"',
    "settings.replies_per_minute": "Höchstens so viele Antworten pro Minute; 0: ohne Grenze",
    "settings.guess_minutes": "Minuten bis zum Tippschluss",
    "settings.announcements": "Wo ich den Admins sage, was sie wissen sollten",
    "settings.announce": "False: keine Mitteilungen",
    "settings.heading": "Einstellungen von {channel}",
    "settings.changed": "Geändert. Ab jetzt:",
    "settings.line.watched": "Beobachtet: **{value}**",
    "settings.line.votes": "Plus {upvote} · Minus {downvote}",
    "settings.line.horizon": "Eine Punktzahl steht fest nach **{value}**",
    "settings.line.mode": "Neue Bilder: **{value}**",
    "settings.line.blind": "Blind (erst tippen, dann sehen): **{value}**",
    "settings.line.buckets_terciles": "Stufen: **Drittel dessen, was hier gepostet wird**",
    "settings.line.buckets_fixed": "Stufen: niedrig bis **{low}**, mittel bis **{medium}**, darüber"
    " hoch",
    "settings.line.min_percentile": "Antwortet auf Bilder, die mindestens **{value}** schlagen",
    "settings.line.answers_all": "Antwortet auf alle Bilder",
    "settings.line.quiet": "Ruhe von **{begin}** bis **{end}** ({time_zone})",
    "settings.line.never_quiet": "Keine Ruhezeit",
    "settings.line.rate": "Höchstens **{value}** Antworten pro Minute",
    "settings.line.no_rate": "Beliebig viele Antworten pro Minute",
    "settings.line.guessing": "Tippschluss nach **{value}**",
    "settings.line.announcements": "Mitteilungen in {channel}",
    "settings.line.usual_announcements": "Mitteilungen dort, wohin Systemnachrichten gehen, oder"
    " an den Besitzer",
    "settings.line.no_announcements": "Keine Mitteilungen",
    "settings.line.paused": "⏸ Automatische Antworten sind angehalten: {reason}",
    "refused.horizon": "Ein Horizont muss {least} bis {most} Stunden haben.",
    "refused.guess_seconds": "Tippschluss muss nach {least} bis {most} Minuten sein.",
    "refused.thresholds_pair": 'Feste Stufen brauchen beide Punktzahlen, etwa "5 20";'
    ' "terciles" kehrt zu Dritteln zurück.',
    "refused.thresholds_order": "Die Punktzahl, bei der niedrig endet, muss unter der liegen, bei"
    " der mittel endet.",
    "refused.min_percentile": "Der Prozentsatz muss 0 bis 99 sein.",
    "refused.quiet_pair": 'Ruhezeiten brauchen Anfang und Ende, etwa "22:00-07:00"; "off" hebt'
    " sie auf.",
    "refused.quiet_range": 'Ruhezeiten müssen Uhrzeiten sein, etwa "22:00-07:00".',
    "refused.time_zone": 'Diese Zeitzone gibt es nicht. Nimm einen Namen wie "Europe/Berlin" oder'
    ' "UTC".',
    "refused.replies_per_minute": "Antworten pro Minute müssen 0 (ohne Grenze) bis {most} sein.",
    "refused.emoji": '"{value}" ist kein Emoji. Nimm ein Emoji oder eins dieses Servers.',
    "refused.same_emoji": "Plus und Minus müssen verschiedene Emoji sein.",
    "refused.foreign_emoji": "Dieses Emoji kann ich nicht verwenden: Es gehört zu einem Server, auf"
    " dem ich nicht bin.",
    "refused.guess_score": "Die Punktzahl, die das Tippen beendet, ist mindestens 1.",
    "refused.unknown": "Dieser Kanal ist noch nicht bekannt. Beginne mit `/watch`.",
    "refused.announcements": "In {channel} darf ich nicht schreiben. Gib mir dort *Nachrichten"
    " senden* und *Kanal anzeigen*, oder nimm einen anderen.",
}
