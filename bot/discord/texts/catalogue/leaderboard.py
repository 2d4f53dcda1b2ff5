"""/leaderboard, and RPS skill in words."""

ENGLISH: dict[str, str] = {
    "skill.better": "**{share}** better than guessing by what is usual",
    "skill.worse": "**{share}** worse than guessing by what is usual",
    "leaderboard.about": "Who predicts best: people, model versions, channels; and the best posts",
    "leaderboard.board": "Which board",
    "leaderboard.season": "Which season, such as 2026-11; without it, the present one",
    "leaderboard.where": "Only this channel, or all of them",
    "leaderboard.where.here": "this channel",
    "leaderboard.where.everywhere": "everywhere",
    "board.forecasters": "Forecasters",
    "board.models": "Model versions",
    "board.channels": "Channels",
    "board.posts": "Posts",
    "leaderboard.heading": "{board} · {season}",
    "leaderboard.all_time": "all time",
    "leaderboard.scope_here": "in {channel}",
    "leaderboard.scope_everywhere": "everywhere",
    "leaderboard.page": "Page {page} of {pages} · {total} in total",
    "leaderboard.least": "needs {n} scored guesses",
    "leaderboard.row.forecasters": "`{rank}` **{name}** · **{points}** points · {hits} of {n}"
    " right, {rate} (chance {base})",
    "leaderboard.row.models": "`{rank}` **{name}** · {skill} · {hits} of {n} right,"
    " {rate} {interval} (chance {base})",
    "leaderboard.row.channels": "`{rank}` **{name}** · {skill} · {hits} of {n} right,"
    " {rate} {interval} (chance {base})",
    "leaderboard.row.people": " · people {rate}",
    "leaderboard.row.posts": "`{rank}` **{score}** · {title} · {bucket}",
    "leaderboard.untitled": "(no title)",
    "leaderboard.only_here": "That board is about this server's channels. Ask for it in a server.",
    "leaderboard.previous": "Previous",
    "leaderboard.next": "Next",
    "leaderboard.you": "You",
    "leaderboard.your_row": "Your place",
    "leaderboard.not_on_it": "You are not on this board yet: it takes {n} scored guesses.",
    "leaderboard.empty": "Nobody is on this board yet. Guess Low, Medium or High under one of my"
    " replies; guesses are scored when the votes are in.",
    "leaderboard.empty_models": "No model version was scored in this season yet. The first score"
    " comes when the first post reaches its horizon.",
    "leaderboard.empty_channels": "No channel was scored in this season yet.",
    "leaderboard.empty_posts": "No post was scored in this season yet.",
    "leaderboard.unknown_season": "There is no season {season}. There are: {seasons}.",
    "leaderboard.not_yours": "Only the person who asked can turn these pages. `/leaderboard`"
    " shows you your own.",
}

GERMAN: dict[str, str] = {
    "skill.better": "**{share}** besser als Raten nach dem Üblichen",
    "skill.worse": "**{share}** schlechter als Raten nach dem Üblichen",
    "leaderboard.about": "Wer am besten vorhersagt: Menschen, Modellversionen, Kanäle; und die"
    " besten Posts",
    "leaderboard.board": "Welche Tafel",
    "leaderboard.season": "Welche Saison, etwa 2026-11; ohne Angabe die laufende",
    "leaderboard.where": "Nur dieser Kanal, oder alle",
    "leaderboard.where.here": "dieser Kanal",
    "leaderboard.where.everywhere": "überall",
    "board.forecasters": "Tipper",
    "board.models": "Modellversionen",
    "board.channels": "Kanäle",
    "board.posts": "Posts",
    "leaderboard.heading": "{board} · {season}",
    "leaderboard.all_time": "alle Zeiten",
    "leaderboard.scope_here": "in {channel}",
    "leaderboard.scope_everywhere": "überall",
    "leaderboard.page": "Seite {page} von {pages} · {total} insgesamt",
    "leaderboard.least": "braucht {n} gewertete Tipps",
    "leaderboard.row.forecasters": "`{rank}` **{name}** · **{points}** Punkte · {hits} von {n}"
    " richtig, {rate} (Zufall {base})",
    "leaderboard.row.models": "`{rank}` **{name}** · {skill} · {hits} von {n}"
    " richtig, {rate} {interval} (Zufall {base})",
    "leaderboard.row.channels": "`{rank}` **{name}** · {skill} · {hits} von {n}"
    " richtig, {rate} {interval} (Zufall {base})",
    "leaderboard.row.people": " · Menschen {rate}",
    "leaderboard.row.posts": "`{rank}` **{score}** · {title} · {bucket}",
    "leaderboard.untitled": "(ohne Titel)",
    "leaderboard.only_here": "Diese Tafel handelt von den Kanälen eines Servers. Frag auf einem"
    " Server danach.",
    "leaderboard.previous": "Zurück",
    "leaderboard.next": "Weiter",
    "leaderboard.you": "Du",
    "leaderboard.your_row": "Dein Platz",
    "leaderboard.not_on_it": "Du bist noch nicht auf dieser Tafel: Sie braucht {n} gewertete"
    " Tipps.",
    "leaderboard.empty": "Auf dieser Tafel ist noch niemand. Tippe Niedrig, Mittel oder Hoch"
    " unter einer meiner Antworten; gewertet wird, wenn die Stimmen da sind.",
    "leaderboard.empty_models": "In dieser Saison wurde noch keine Modellversion gewertet. Die"
    " erste Wertung kommt, wenn der erste Post seinen Horizont erreicht.",
    "leaderboard.empty_channels": "In dieser Saison wurde noch kein Kanal gewertet.",
    "leaderboard.empty_posts": "In dieser Saison wurde noch kein Post gewertet.",
    "leaderboard.unknown_season": "Die Saison {season} gibt es nicht. Es gibt: {seasons}.",
    "leaderboard.not_yours": "Diese Seiten kann nur blättern, wer gefragt hat. `/leaderboard`"
    " zeigt dir deine eigenen.",
}
