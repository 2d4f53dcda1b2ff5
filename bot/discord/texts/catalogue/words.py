"""Buckets, modes, and other words that stand in sentences."""

ENGLISH: dict[str, str] = {
    "reason.too_late": "It could not be sent in time.",
    "reason.refused": "Discord refused it: {status} ({code}: {words}).",
    "reason.fault": "Discord answered something that I do not know: {words}",
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
