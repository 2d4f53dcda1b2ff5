"""/retrain and /model."""

ENGLISH: dict[str, str] = {
    "retrain.about": "Train a new model version on all votes so far; it serves only if it is"
    " better",
    "retrain.started": "Training has started. I post the result here.",
    "retrain.under_way": "A training run is under way already. It uses every label so far; wait"
    " until it ends.",
    "retrain.gone": "The training that you asked for has ended.",
    "retrain.joined": "A training run is under way already; it uses every label so far. I post"
    " the result here.",
    "retrain.promoted": "✔ **{version}** serves now. {reason}",
    "retrain.kept": "**{version}** is stored, but does not serve. {reason}",
    "retrain.refused": "No training: {reason}",
    "retrain.failed": "✘ The training run failed and changed nothing. {reason}",
    "model.about": "Model versions: list them, let one serve, go back",
    "model.versions": "List the model versions",
    "model.promote": "Let another version serve",
    "model.rollback": "Let the version serve that was replaced",
    "model.version": "Name of the version",
    "model.heading": "Model versions",
    "model.line": "`{name}` · {labels} · {date}",
    "model.line_champion": "👑 **`{name}`** · {labels} · {date} · serves",
    "model.line_skill": " · {skill}",
    "model.more": "… and {n} older ones. `/model promote` finds them by name.",
    "model.serves_already": "**{name}** serves already.",
    "model.ask_promote": "Let **{name}** serve instead of **{champion}**? Everybody who uses this"
    " bot gets its predictions from then on.",
    "model.ask_rollback": "Go back from **{champion}** to **{name}**? Everybody who uses this bot"
    " gets its predictions from then on.",
    "model.nothing_before": "There is nothing to go back to: the version that serves replaced no"
    " other.",
    "model.changed_meanwhile": "**{champion}** serves by now. Look at `/model versions` and"
    " decide again.",
    "model.promoted": "**{name}** serves now.",
    "model.rolled_back": "Went back: **{name}** serves now.",
    "model.unknown": "There is no model version {name}. `/model versions` lists them.",
    "model.here": "Which version serves this server alone, and whom its votes teach",
    "model.here_version": "Name of the version that serves here from now on",
    "model.here_champion": "True: the version that serves everywhere serves here, too",
    "model.here_keep_labels": "True: votes on this server teach no version that serves others",
    "model.here_train": "True: fit a version on this server's votes alone; it serves here if it is"
    " better here",
    "model.here_own": "True: a head fitted on this server's votes alone has a say, too",
    "model.here_own_waits": "A head fitted on this server's votes alone gets a say with the next"
    " training, if its votes are enough and it is not plainly worse.",
    "model.here_own_speaks": "A head fitted on this server's votes alone has a say, too, as far as"
    " it does well in each channel.",
    "model.here_training": "Training on the votes of this server alone has started. I post the"
    " result here.",
    "model.here_busy": "Another training run is under way. Ask again when it has ended.",
    "model.here_serves": "**{name}** serves this server. What it says is still mixed with what is"
    " usual in each channel, by how well each did there.",
    "model.here_champion_serves": "**{name}**, which serves everywhere, serves this server.",
    "model.here_keeps": "Votes on this server teach no version that serves others.",
    "model.here_shares": "Votes on this server teach the version that serves everybody.",
    "model.other_backbone": "**{name}** sees images in another way than the version that serves, so"
    " it cannot serve one server alone.",
    "model.of_another": "**{name}** learned from the votes of one server alone, and serves only"
    " there.",
    "model.unusable": "That version cannot serve: {reason}",
    "model.not_yours": "One model serves all servers, so only the owner of this bot trains and"
    " chooses it, or the admins of servers that the owner names (PEORIA_DISCORD_MODEL_SERVERS);"
    " this is not one of them.",
}
