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
    "model.unusable": "That version cannot serve: {reason}",
    "model.not_yours": "One model serves all servers, so only the owner of this bot trains and"
    " chooses it, or the admins of servers that the owner names (PEORIA_DISCORD_MODEL_SERVERS);"
    " this is not one of them.",
}

GERMAN: dict[str, str] = {
    "retrain.about": "Lernt aus allen Stimmen bisher eine neue Modellversion; nur eine bessere"
    " wird eingesetzt",
    "retrain.started": "Das Training läuft. Ich poste das Ergebnis hier.",
    "retrain.under_way": "Ein Training läuft schon. Es verwendet alle Ausgänge bisher; warte, bis"
    " es endet.",
    "retrain.gone": "Das Training, um das du gebeten hast, ist zu Ende.",
    "retrain.joined": "Ein Training läuft schon; es verwendet alle Ausgänge bisher. Ich poste das"
    " Ergebnis hier.",
    "retrain.promoted": "✔ **{version}** ist jetzt im Einsatz. {reason}",
    "retrain.kept": "**{version}** ist gespeichert, aber nicht im Einsatz. {reason}",
    "retrain.refused": "Kein Training: {reason}",
    "retrain.failed": "✘ Das Training schlug fehl und hat nichts geändert. {reason}",
    "model.about": "Modellversionen: auflisten, eine einsetzen, zurückgehen",
    "model.versions": "Listet die Modellversionen auf",
    "model.promote": "Setzt eine andere Version ein",
    "model.rollback": "Setzt die Version wieder ein, die ersetzt wurde",
    "model.version": "Name der Version",
    "model.heading": "Modellversionen",
    "model.line": "`{name}` · {labels} · {date}",
    "model.line_champion": "👑 **`{name}`** · {labels} · {date} · im Einsatz",
    "model.line_skill": " · {skill}",
    "model.more": "… und {n} ältere. `/model promote` findet sie beim Namen.",
    "model.serves_already": "**{name}** ist schon im Einsatz.",
    "model.ask_promote": "**{name}** statt **{champion}** einsetzen? Alle, die diesen Bot"
    " benutzen, bekommen dann deren Vorhersagen.",
    "model.ask_rollback": "Von **{champion}** zu **{name}** zurückgehen? Alle, die diesen Bot"
    " benutzen, bekommen dann deren Vorhersagen.",
    "model.nothing_before": "Es gibt nichts, wohin man zurückgehen könnte: Die Version im Einsatz"
    " hat keine andere ersetzt.",
    "model.changed_meanwhile": "Inzwischen ist **{champion}** im Einsatz. Sieh `/model versions`"
    " an und entscheide neu.",
    "model.promoted": "**{name}** ist jetzt im Einsatz.",
    "model.rolled_back": "Zurückgegangen: **{name}** ist jetzt im Einsatz.",
    "model.unknown": "Die Modellversion {name} gibt es nicht. `/model versions` listet alle auf.",
    "model.unusable": "Diese Version lässt sich nicht einsetzen: {reason}",
    "model.not_yours": "Ein Modell dient allen Servern, daher trainiert und wählt es nur, wem"
    " dieser Bot gehört, oder die Admins von Servern, die dafür genannt sind"
    " (PEORIA_DISCORD_MODEL_SERVERS); dieser gehört nicht dazu.",
}
