"""/import."""

ENGLISH: dict[str, str] = {
    "history.about": "Learn from what was posted in a channel before; reactions are its votes",
    "history.days": "How many days to go back; without it, 30",
    "history.channel": "Which channel; without it, this one",
    "history.stop": "True: end the import that is under way; what is stored stays",
    "history.begun": "The import of **{channel}** has begun: what was posted in the last {days}. I"
    " show in this channel how far it has come; `/import` shows it, too.",
    "history.begun_unshown": "The import of **{channel}** has begun: what was posted in the last"
    " {days}. I may not write in this channel, so `/import` shows how far it has come.",
    "history.under_way": "An import of **{channel}** is under way. `/import stop: True` ends it.",
    "history.stopped": "The import was ended. What is stored stays.",
    "history.not_under_way": "No import of **{channel}** is under way.",
    "history.no_intent": "I cannot read what was posted, because Discord does not give me the"
    " content of messages. Whoever runs this bot must turn on *Message Content Intent* in the"
    " Discord Developer Portal (Bot → Privileged Gateway Intents) and start it again.",
    "history.missing": "I cannot read {channel}: {permissions} missing. Give that to my role (Edit"
    " Channel → Permissions) and ask again.",
    "history.heading": "Import of {channel}",
    "history.progress": "Messages read: **{messages}** · posts stored: **{stored}**",
    "history.waits": "Discord or the network keeps it waiting; it goes on by itself.",
    "history.known": "Stored before: {n}",
    "history.too_young": "Left out because the score is not final: {n}",
    "history.no_image": "Left out without a usable image: {n}",
    "history.opted_out": "Left out because the author opted out: {n}",
    "history.failed": "Left out because of a fault of mine (see the log): {n}",
    "history.ended": "The import has ended. New labels: **{labels}**.",
    "history.training": "I learn from them now; a new model version serves if it is better.",
    "history.few_labels.one": "I begin to learn from this at {needed} labels; there is {n} so far.",
    "history.few_labels.other": "I begin to learn from this at {needed} labels; there are {n} so"
    " far.",
    "history.emoji": "Nobody had reacted with {upvote} or {downvote}, but many with {other}. If"
    " that is the vote here, set it with `/settings upvote`; it holds for new posts.",
    "history.fault": "The import could not go on: {reason}",
    "history.gone": "the channel is not there any more.",
    "history.given_up": "Discord did not let me read it, however often I tried.",
}
