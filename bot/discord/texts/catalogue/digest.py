"""/digest, and the digest itself."""

ENGLISH: dict[str, str] = {
    "digest.about": "Tell what happened here, every day or week: who guessed best, top post",
    "digest.every": "How often; off: never",
    "digest.channel": "Where; without it, this channel",
    "digest.weekday": "On which day, where it is every week",
    "digest.time": 'At what time, such as "18:00"',
    "digest.time_zone": 'By the clocks of which place, such as "Europe/Berlin"',
    "digest.every.week": "every week",
    "digest.every.day": "every day",
    "digest.every.off": "off",
    "digest.set_week": "A digest comes in {channel} every {weekday} at {time} ({time_zone}), next"
    " {when}. Weeks in which fewer than three posts got their final score are left out.",
    "digest.set_day": "A digest comes in {channel} every day at {time} ({time_zone}), next {when}."
    " Days on which fewer than three posts got their final score are left out.",
    "digest.fault": "The last one was not sent: {reason}",
    "digest.ended": "There is no digest any more.",
    "digest.none": "There is no digest. `/digest` with *every* begins one.",
    "digest.bad_time": 'I cannot read {value} as a time of day. Write it as "18:00".',
    "digest.missing": "I cannot send the digest in {channel}: {permissions} missing. Give that to"
    " my role there (Edit Channel → Permissions), or choose another channel with `/digest`.",
    "digest.no_channel": "The channel of the digest, {channel}, is not there any more, or I cannot"
    " see it. Choose another one with `/digest`.",
    "digest.title_week": "The week here",
    "digest.title_day": "The day here",
    "digest.posts.one": "{n} post got its final score.",
    "digest.posts.other": "{n} posts got their final score.",
    "digest.best": "Best forecasters",
    "digest.best_line": "{place}. {name} · **{points}** points · {hits} of {n} right",
    "digest.top": "Top post",
    "digest.top_line": "**{score}** · {post} · beats {share} of the posts here",
    "digest.surprise": "Biggest surprise",
    "digest.surprise_line": "{post} · **{score}**: I gave **{bucket}** a chance of {chance}",
    "digest.record": "How I did",
    "digest.record_line": "Right on **{hits} of {n}** (guessing: {chance}) · {points} points",
    "digest.footer": "{begin} to {end}",
    "weekday.0": "Monday",
    "weekday.1": "Tuesday",
    "weekday.2": "Wednesday",
    "weekday.3": "Thursday",
    "weekday.4": "Friday",
    "weekday.5": "Saturday",
    "weekday.6": "Sunday",
}

GERMAN: dict[str, str] = {
    "digest.about": "Erzählt jeden Tag oder jede Woche, was hier war: beste Tipper, Überraschungen",
    "digest.every": "Wie oft; aus: nie",
    "digest.channel": "Wo; ohne Angabe in diesem Kanal",
    "digest.weekday": "An welchem Tag, wenn es jede Woche ist",
    "digest.time": "Um wie viel Uhr, etwa „18:00“",
    "digest.time_zone": "Nach den Uhren welchen Ortes, etwa „Europe/Berlin“",
    "digest.every.week": "jede Woche",
    "digest.every.day": "jeden Tag",
    "digest.every.off": "aus",
    "digest.set_week": "Ein Rückblick kommt in {channel} jeden {weekday} um {time} ({time_zone}),"
    " das nächste Mal {when}. Wochen, in denen weniger als drei Posts ihre Endpunktzahl bekamen,"
    " fallen aus.",
    "digest.set_day": "Ein Rückblick kommt in {channel} jeden Tag um {time} ({time_zone}), das"
    " nächste Mal {when}. Tage, an denen weniger als drei Posts ihre Endpunktzahl bekamen, fallen"
    " aus.",
    "digest.fault": "Der letzte wurde nicht gesendet: {reason}",
    "digest.ended": "Es gibt keinen Rückblick mehr.",
    "digest.none": "Es gibt keinen Rückblick. `/digest` mit *every* beginnt einen.",
    "digest.bad_time": "Ich kann {value} nicht als Uhrzeit lesen. Schreibe sie als „18:00“.",
    "digest.missing": "Ich kann den Rückblick in {channel} nicht senden: {permissions} fehlt. Gib"
    " das dort meiner Rolle (Kanal bearbeiten → Berechtigungen), oder wähle mit `/digest` einen"
    " anderen Kanal.",
    "digest.no_channel": "Den Kanal des Rückblicks, {channel}, gibt es nicht mehr, oder ich sehe"
    " ihn nicht. Wähle mit `/digest` einen anderen.",
    "digest.title_week": "Die Woche hier",
    "digest.title_day": "Der Tag hier",
    "digest.posts.one": "{n} Post bekam seine Endpunktzahl.",
    "digest.posts.other": "{n} Posts bekamen ihre Endpunktzahl.",
    "digest.best": "Beste Tipper",
    "digest.best_line": "{place}. {name} · **{points}** Punkte · {hits} von {n} richtig",
    "digest.top": "Bester Post",
    "digest.top_line": "**{score}** · {post} · schlägt {share} der Posts hier",
    "digest.surprise": "Größte Überraschung",
    "digest.surprise_line": "{post} · **{score}**: **{bucket}** gab ich eine Chance von {chance}",
    "digest.record": "Wie ich war",
    "digest.record_line": "Richtig bei **{hits} von {n}** (geraten: {chance}) · {points} Punkte",
    "digest.footer": "{begin} bis {end}",
    "weekday.0": "Montag",
    "weekday.1": "Dienstag",
    "weekday.2": "Mittwoch",
    "weekday.3": "Donnerstag",
    "weekday.4": "Freitag",
    "weekday.5": "Samstag",
    "weekday.6": "Sonntag",
}
