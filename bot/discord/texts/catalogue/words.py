"""Buckets, modes, and other words that stand in sentences."""

ENGLISH: dict[str, str] = {
    "bucket.low": "Low",
    "bucket.medium": "Medium",
    "bucket.high": "High",
    "count.labels.one": "{n} label",
    "count.labels.other": "{n} labels",
    "count.days.one": "{n} day",
    "count.days.other": "{n} days",
    "count.servers.one": "{n} server",
    "count.servers.other": "{n} servers",
    "count.channels.one": "{n} watched channel",
    "count.channels.other": "{n} watched channels",
    "mode.reply": "reply",
    "mode.react": "react only",
    "mode.silent": "silent",
    "word.yes": "yes",
    "word.no": "no",
}

GERMAN: dict[str, str] = {
    "bucket.low": "Niedrig",
    "bucket.medium": "Mittel",
    "bucket.high": "Hoch",
    "count.labels.one": "{n} Ausgang",
    "count.labels.other": "{n} Ausgänge",
    "count.days.one": "{n} Tag",
    "count.days.other": "{n} Tage",
    "count.servers.one": "{n} Server",
    "count.servers.other": "{n} Server",
    "count.channels.one": "{n} beobachteter Kanal",
    "count.channels.other": "{n} beobachtete Kanäle",
    "mode.reply": "antworten",
    "mode.react": "nur reagieren",
    "mode.silent": "schweigen",
    "word.yes": "ja",
    "word.no": "nein",
}
