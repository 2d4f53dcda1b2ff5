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
