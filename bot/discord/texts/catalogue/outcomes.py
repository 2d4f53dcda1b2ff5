"""/outcomes, /tell-me, and the messages about outcomes and seasons."""

ENGLISH: dict[str, str] = {
    "outcomes.about": "Tell what became of posts, and who won a season, in one channel",
    "outcomes.channel": "Where; without it, this channel",
    "outcomes.winner_role": "A role that the winner of each season gets until the next one ends",
    "outcomes.off": "True: tell outcomes nowhere any more",
    "outcomes.set": "What became of posts is told in {channel}, and who won when a season ends.",
    "outcomes.set_role": "The winner of a season gets {role} until the next season ends.",
    "outcomes.fault": "Nothing can be told now: {reason}",
    "outcomes.none": "Outcomes are told in no channel. `/outcomes` with *channel* begins it.",
    "outcomes.ended": "Outcomes are told in no channel any more.",
    "outcomes.missing": "I cannot tell outcomes in {channel}: {permissions} missing. Give that to"
    " my role there (Edit Channel → Permissions), or choose another channel with `/outcomes`.",
    "outcomes.no_channel": "The channel of the outcomes, {channel}, is not there any more, or I"
    " cannot see it. Choose another one with `/outcomes`.",
    "outcomes.role_gone": "The role of the season's winner, {role}, is not there any more. Choose"
    " another one with `/outcomes`.",
    "outcomes.role_not_ours": "Nobody can give {role}: it belongs to everybody, or to an app."
    " Choose another role.",
    "outcomes.role_no_permission": "I cannot give {role} to the season's winner: *Manage Roles* is"
    " missing. Give that to my role (Server Settings → Roles).",
    "outcomes.role_too_high": "I cannot give {role} to the season's winner: it stands above my own"
    " role. Move my role above it (Server Settings → Roles).",
    "outcomes.role_not_yours": "You could not give {role} to anybody yourself, so I do not promise"
    " it for you. That takes *Manage Roles*, and a role of yours that stands above it.",
    "outcomes.heading": "The votes are in",
    "outcomes.heading_own": "What became of yours",
    "outcomes.stop": "You asked for this with /tell-me; /tell-me on: False ends it.",
    "outcomes.line": "{post} in {where}: **{score}** ({bucket}, beats {share})",
    "outcomes.said": "I said {bucket} ({chance}) {mark}",
    "outcomes.your_guess": "your guess {bucket} {mark} **{points}**",
    "outcomes.guesses": "right guesses: {right} of {n}",
    "outcomes.season": "Season {season} has ended",
    "outcomes.role_given": "{name} won and has {role} now.",
    "tellme.about": "Tell me by direct message what became of my posts and guesses",
    "tellme.on": "False: no such messages any more",
    "tellme.begun": "From now on I write to you when the votes on your posts, or on posts that you"
    " guessed on, are in: at most every 15 minutes, and only about channels that you can see."
    " `/tell-me on: False` ends it.",
    "tellme.already": "I do that already. `/tell-me on: False` ends it.",
    "tellme.first": "Here you will read what became of your posts and guesses.",
    "tellme.ended": "I do not write to you about outcomes any more.",
    "tellme.none": "I do not write to you about outcomes. `/tell-me` begins it.",
    "tellme.closed": "I cannot write to you: you do not take direct messages from me. Allow them"
    " in the privacy settings of this server, then ask again.",
    "tellme.opted_out": "You opted out: nothing of yours is used, so I cannot tell you about it."
    " `/opt-in` changes that.",
}
