"""Everything that people read on Discord, in German; the keys are those of the English texts."""

GERMAN: dict[str, str] = {
    # --- Buckets, modes, and other words that stand in sentences
    "bucket.low": "Niedrig",
    "bucket.medium": "Mittel",
    "bucket.high": "Hoch",
    "mode.reply": "antworten",
    "mode.react": "nur reagieren",
    "mode.silent": "schweigen",
    "word.yes": "ja",
    "word.no": "nein",
    "word.none": "keine",
    "word.here": "dieser Kanal",
    # --- The card of a prediction and of its outcome
    "card.heading": "Kommt das an?",
    "card.beats": "Dürfte **{share}** der Posts in {community} schlagen.",
    "card.beats_somewhere": "Dürfte **{share}** der Posts in einer Community schlagen wie denen,"
    " aus denen ich gelernt habe.",
    "card.score": "Erwartete Punktzahl **{median}**, meist {low} bis {high}.",
    "card.heading_for": "Jetzt auf dem Weg zu **{median}**, meist {low} bis {high}.",
    "card.knows_nothing": "Noch wurde nichts gelernt: Für dieses Modell ist jeder Ausgang gleich"
    " wahrscheinlich.",
    "card.borrowed": "{community} hat noch wenig Vorgeschichte: Die Punktzahlen sind von ganz"
    " Discord geliehen.",
    "card.no_history": "{community} hat noch zu wenig Vorgeschichte für eine Punktzahl.",
    "card.footer": "Modell {version}",
    "card.heat_map": "Orange hebt die Vorhersage, Blau senkt sie.",
    "card.seen_before": "Schon da gewesen: [gepostet {when}]({link}).",
    "card.seen_before_scored": "Schon da gewesen: [gepostet {when}]({link}), Punktzahl"
    " **{score}**, {bucket}.",
    "card.seen_before_no_link": "Schon da gewesen: gepostet {when}.",
    "card.seen_before_scored_no_link": "Schon da gewesen: gepostet {when}, Punktzahl **{score}**,"
    " {bucket}.",
    "card.refused": "Dieses Bild lässt sich nicht verwenden: {reason}",
    "card.image_number": "Bild {n} von {total}",
    "card.best_of": "{total} Bilder: Es zählt das mit den besten Aussichten.",
    # --- Antworten von selbst, Knöpfe zum Tippen und Ergebnisse
    "reply.guess": "Weißt du es besser? Tippschluss {when}.",
    "reply.blind": "Ich habe mich festgelegt. Tippe zuerst: Dann siehst du meine Vorhersage, und"
    " alle sehen sie, wenn das Tippen endet, {when}.",
    "reply.closed": "Das Tippen ist beendet. {guesses}",
    "reply.guesses": "Tipps: {counts}.",
    "reply.no_guesses": "Niemand hat getippt.",
    "guess.skip": "Auslassen",
    "guess.why": "Warum?",
    "guess.placed": "Du hast **{bucket}** getippt und kannst das noch ändern; Tippschluss {when}.",
    "guess.placed_shown": "Du hast **{bucket}** getippt, und das ist meine Vorhersage. Du kannst"
    " deinen Tipp noch ändern (Tippschluss {when}); er zählt dann als einer, der sie kannte.",
    "guess.skipped": "Das ist meine Vorhersage. Du kannst noch tippen, aber der Tipp zählt als"
    " einer, der sie kannte.",
    "guess.kept_secret": "Meine Vorhersage bleibt geheim, bis das Tippen endet. Tippe zuerst, oder"
    " lass es aus.",
    "guess.no_prediction": "Zu diesem Post gibt es keine Vorhersage mehr.",
    "guess.closed": "Das Tippen auf diesen Post ist beendet: Seine Stimmen würden schon verraten,"
    " wie es ausgeht. Neuere Posts sind offen.",
    "guess.own_post": "Auf deinen eigenen Post tippen die anderen.",
    "guess.opted_out": "Du hast widersprochen, deshalb wird kein Tipp von dir aufgehoben. Mit"
    " `/opt-in` spielst du wieder mit.",
    "guess.no_such_post": "Diesen Post gibt es nicht; vielleicht wurde er gelöscht.",
    "guess.nothing_to_guess": "Hier gibt es nichts zu tippen: Der Post wurde abgelehnt oder"
    " zurückgezogen.",
    "guess.bots": "Bots spielen in der Liga nicht mit.",
    "outcome.heading": "Wie es ausging",
    "outcome.line": "Vorhergesagt **{predicted}** {chance} → **{score}** {upvote}, **{bucket}**"
    " {mark}",
    "outcome.too_late": "Ich konnte die endgültige Punktzahl nicht rechtzeitig lesen, deshalb"
    " zählen diese Vorhersage und die Tipps dazu nicht.",
    "outcome.standing": "Das schlägt {share} der letzten Posts in {community}.",
    "outcome.first": "In {community} gibt es noch keine andere Punktzahl zum Vergleichen.",
    "outcome.best_guess": "Bester Tipp: **{bucket}** von {name}",
    "outcome.right_guesses": "Richtige Tipps: {right} von {total}.",
    "notice.missing": "Mir fehlen Rechte in {channel}: {permissions}. Bilder dort werden ohne"
    " Antwort vorhergesagt, bis meine Rolle sie hat (Kanal bearbeiten → Berechtigungen).",
    "notice.unreadable": "Ich kann {channel} nicht lesen: Es fehlt {permissions}. Bilder dort"
    " werden nicht aufgenommen, bis meine Rolle das darf (Kanal bearbeiten → Berechtigungen).",
    # --- /predict and the context menu
    "predict.about": "Was würde aus diesem Bild hier?",
    "predict.image": "Das Bild: JPEG, PNG, WebP oder GIF",
    "predict.title": "Der Text, mit dem du es posten würdest",
    "predict.menu": "Kommt das an?",
    "predict.private": "Die Antwort nur dir zeigen",
    "predict.guess_first": "Auf dieses Bild wird in diesem Kanal getippt. Tippe erst unter meiner"
    " Antwort, oder überspringe; dann siehst du, was ich denke.",
    "predict.kept_secret": "Was ich von diesem Bild halte, bleibt geheim, bis die Stimmen da sind:"
    " So wird gemessen, was das Verraten bewirkt.",
    "predict.no_image": "In dieser Nachricht ist kein Bild. Angesehen werden angehängte Bilder,"
    " Links auf Bilder und eingebettete Bilder.",
    "predict.too_large": "Die Datei ist größer als {megabytes} MB; mach sie kleiner und versuche"
    " es wieder.",
    "predict.more_images": "Diese Nachricht hat {total} Bilder; das sind die ersten {shown}.",
    "predict.not_an_image": "{name} ist kein Bild, das ich ansehen kann. Nimm JPEG, PNG, WebP oder"
    " GIF.",
    "predict.not_arrived": "Das Bild kam von Discord nicht an. Versuche es in einer Minute noch"
    " einmal.",
    "predict.no_heat_map": "Diesem Backbone fehlt die Karte, die zeigt, woher die Vorhersage"
    " kommt.",
    # --- /watch and /unwatch
    "watch.about": "Beantwortet jedes neue Bild in einem Kanal mit einer Vorhersage",
    "watch.channel": "Welcher Kanal; ohne Angabe dieser",
    "watch.now": "**{channel}** wird jetzt beobachtet. Neue Bilder werden vorhergesagt, und {after}"
    " später sagt die Antwort, was daraus wurde.",
    "watch.already": "**{channel}** wird schon beobachtet. `/settings` zeigt und ändert, wie.",
    "watch.no_intent": "⚠ Noch sehe ich hier keine Bilder, denn Discord enthält mir den Inhalt von"
    " Nachrichten vor. Wer diesen Bot betreibt, schaltet im Discord Developer Portal *Message"
    " Content Intent* ein (Bot → Privileged Gateway Intents) und startet ihn neu. Bis dahin gehen"
    " `/predict` und *Kommt das an?* im Menü einer Nachricht überall.",
    "watch.missing": "⚠ In {channel} fehlen mir Rechte: {permissions}. Gib sie meiner Rolle in den"
    " Einstellungen des Kanals (Kanal bearbeiten → Berechtigungen).",
    "watch.next": "`/settings` ändert Emoji, Horizont, was ich sage und wann.",
    "unwatch.about": "Nimmt in einem Kanal keine neuen Bilder mehr auf",
    "unwatch.channel": "Welcher Kanal; ohne Angabe dieser",
    "unwatch.now": "**{channel}** wird nicht mehr beobachtet. Wer schon aufgenommen ist, bekommt"
    " noch seinen Ausgang.",
    "unwatch.not_watched": "**{channel}** wird nicht beobachtet. `/watch` fängt damit an.",
    "watching.other_server": "Dieser Kanal gehört zu einem anderen Server.",
    "watching.no_images": "Beobachtet werden nur Textkanäle, Threads und der Text von"
    " Sprachkanälen. Nenne einen mit *channel*.",
    "watching.hidden": "Ich ändere nur Kanäle, die du selbst sehen kannst.",
    "watching.not_here": "Bilder in {channel} werden nicht beobachtet. Beginne mit `/watch`.",
    # --- Permissions by Discord's own names
    "permission.view_channel": "Kanal anzeigen",
    "permission.send_messages": "Nachrichten senden",
    "permission.send_messages_in_threads": "Nachrichten in Threads senden",
    "permission.embed_links": "Links einbetten",
    "permission.attach_files": "Dateien anhängen",
    "permission.read_message_history": "Nachrichtenverlauf anzeigen",
    "permission.add_reactions": "Reaktionen hinzufügen",
    # --- /settings
    "settings.about": "Wie ich mich in einem Kanal verhalte: zeigt es, oder ändert, was du nennst",
    "settings.channel": "Welcher Kanal; ohne Angabe dieser",
    "settings.upvote": "Emoji, das als Plus zählt",
    "settings.downvote": "Emoji, das als Minus zählt",
    "settings.horizon": "Stunden, bis eine Punktzahl feststeht",
    "settings.mode": "Was ich mit einem neuen Bild mache",
    "settings.blind": "Vorhersage erst nach dem Tippen zeigen, allen erst nach Tippschluss",
    "settings.buckets": '"terciles" oder zwei Punktzahlen wie "5 20": niedrig bis 5, mittel bis 20',
    "settings.min_percentile": "Nur Bilder beantworten, die so viel Prozent der Posts schlagen, 0"
    " bis 99; 0: alle",
    "settings.quiet_hours": 'Keine Antworten in diesen Stunden, etwa "22:00-07:00"; "off":'
    " immer antworten",
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
    # --- Refusals of a setting (bot.communities's reasons)
    "refused.horizon": "Ein Horizont hat {least} bis {most} Stunden.",
    "refused.guess_seconds": "Tippschluss ist nach {least} bis {most} Minuten.",
    "refused.thresholds_pair": 'Feste Stufen brauchen beide Punktzahlen, etwa "5 20";'
    ' "terciles" kehrt zu Dritteln zurück.',
    "refused.thresholds_order": "Die Punktzahl, bei der niedrig endet, muss unter der liegen, bei"
    " der mittel endet.",
    "refused.min_percentile": "Der Mindestanteil ist 0 bis 99.",
    "refused.quiet_pair": 'Ruhezeiten brauchen Anfang und Ende, etwa "22:00-07:00"; "off" hebt'
    " sie auf.",
    "refused.quiet_range": 'Ruhezeiten sind Uhrzeiten, etwa "22:00-07:00".',
    "refused.time_zone": 'Diese Zeitzone gibt es nicht. Nimm einen Namen wie "Europe/Berlin" oder'
    ' "UTC".',
    "refused.replies_per_minute": "Antworten pro Minute: 0 (ohne Grenze) bis {most}.",
    "refused.emoji": '"{value}" ist kein Emoji. Nimm ein Emoji oder eins dieses Servers.',
    "refused.same_emoji": "Plus und Minus müssen verschiedene Emoji sein.",
    "refused.foreign_emoji": "Dieses Emoji kann ich nicht verwenden: Es gehört zu einem Server, auf"
    " dem ich nicht bin.",
    "refused.guess_score": "Die Punktzahl, die das Tippen beendet, ist mindestens 1.",
    "refused.unknown": "Dieser Kanal ist noch nicht bekannt. Beginne mit `/watch`.",
    "refused.announcements": "In {channel} darf ich nicht schreiben. Gib mir dort *Nachrichten"
    " senden* und *Kanal anzeigen*, oder nimm einen anderen.",
    # --- /leaderboard
    "leaderboard.about": "Wer und was am häufigsten recht hat",
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
    "leaderboard.least": "ab {n} gewerteten Tipps",
    "leaderboard.row.forecasters": "`{rank}` **{name}** · **{points}** Punkte · {hits} von {n}"
    " richtig, {rate} (Zufall {base})",
    "leaderboard.row.models": "`{rank}` **{name}** · RPS-Können **{skill}** · {hits} von {n}"
    " richtig, {rate} {interval} (Zufall {base})",
    "leaderboard.row.channels": "`{rank}` **{name}** · RPS-Können **{skill}** · {hits} von {n}"
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
    "leaderboard.not_on_it": "Du bist noch nicht auf dieser Tafel: Es braucht {n} gewertete Tipps.",
    "leaderboard.somebody": "Tipper {nickname}",
    "leaderboard.empty": "Auf dieser Tafel ist noch niemand. Tippe Niedrig, Mittel oder Hoch unter"
    " einer meiner Antworten; gewertet wird, wenn die Stimmen da sind.",
    "leaderboard.empty_models": "In dieser Saison wurde noch keine Modellversion gewertet. Die"
    " erste Wertung kommt, wenn der erste Post seinen Horizont erreicht.",
    "leaderboard.empty_channels": "In dieser Saison wurde noch kein Kanal gewertet.",
    "leaderboard.empty_posts": "In dieser Saison wurde noch kein Post gewertet.",
    "leaderboard.unknown_season": "Die Saison {season} gibt es nicht. Es gibt: {seasons}.",
    "leaderboard.not_yours": "Diese Seiten blättert nur, wer gefragt hat. `/leaderboard` gibt dir"
    " deine eigenen.",
    # --- /me
    "me.about": "Deine eigene Bilanz",
    "me.heading": "Deine Bilanz",
    "me.nothing": "Du hast noch nicht getippt. Drücke in einem beobachteten Kanal Niedrig, Mittel"
    " oder Hoch unter einer meiner Antworten.",
    "me.waiting": "{n} deiner Tipps warten auf die Stimmen. Gewertet wurde noch keiner.",
    "me.row": "{season}: **{points}** Punkte aus {n} Tipps, {hits} richtig"
    " ({rate}; Zufall {base}).",
    "me.blind": "Blind: {n} Tipps, {hits} richtig, **{points}** Punkte.",
    "me.streak": "Richtige in Folge: jetzt {now}, höchstens {most}.",
    "me.rank": "Platz {rank} von {total}.",
    "me.open": "{n} weitere Tipps warten auf die Stimmen.",
    "me.opted_out": "Du hast widersprochen: Von dir wird nichts aufgenommen. `/opt-in` ändert das.",
    # --- /stats
    "stats.about": "Wie gut die Vorhersagen waren: Treffer über die Zeit, Kalibrierung",
    "stats.days": "Wie viele Tage zurück",
    "stats.where": "Nur dieser Kanal, oder alle",
    "stats.line.version": "**{name}** hatte bei {rate} {interval} von {n} Posts recht; der Zufall"
    " hätte es bei {base}. RPS-Können {skill} {skill_interval}.",
    "stats.line.labels": "{labels} Posts wurden gewertet: {spoken} beantwortet, {silent} im"
    " Stillen vorhergesagt.",
    "stats.line.effect": "Mit einer Antwort geht × {factor} ({low} bis {high}) auf 1 + Punktzahl"
    " einher.",
    "stats.no_chart": "Das Diagramm ließ sich diesmal nicht zeichnen.",
    "stats.heading": "Wie gut waren die Vorhersagen?",
    "stats.nothing": "In den letzten {days} Tagen wurde noch nichts gewertet. Gewertet wird ein"
    " Post an seinem Horizont.",
    "stats.chart": "Können über die Zeit, und Kalibrierung",
    # --- /retrain and /model
    "retrain.about": "Lernt aus allen Ausgängen eine neue Modellversion; bessere dienen",
    "retrain.started": "Das Training läuft. Ich antworte hier, wenn es zu Ende ist.",
    "retrain.under_way": "Ein Training läuft schon. Es nimmt alle Ausgänge auf, die es gibt; warte,"
    " bis es zu Ende ist.",
    "retrain.gone": "Das Training, um das du gebeten hast, ist zu Ende.",
    "retrain.joined": "Ein Training läuft schon; es nimmt alle Ausgänge auf, die es gibt. Ich"
    " antworte hier, wenn es zu Ende ist.",
    "retrain.promoted": "✔ **{version}** dient jetzt. {reason}",
    "retrain.kept": "**{version}** wurde gemacht und aufgehoben, dient aber nicht. {reason}",
    "retrain.refused": "Kein Training: {reason}",
    "retrain.failed": "✘ Das Training schlug fehl und hat nichts geändert. {reason}",
    "model.about": "Modellversionen: auflisten, eine dienen lassen, zurückgehen",
    "model.versions": "Listet die Modellversionen auf",
    "model.promote": "Lässt eine andere Version dienen",
    "model.rollback": "Lässt die Version dienen, die ersetzt wurde",
    "model.version": "Name der Version",
    "model.heading": "Modellversionen",
    "model.line": "`{name}` · {labels} Ausgänge · {date}",
    "model.line_champion": "👑 **`{name}`** · {labels} Ausgänge · {date} · dient",
    "model.line_skill": " · RPS-Können {skill}",
    "model.more": "… und {n} ältere. `/model promote` findet sie beim Namen.",
    "model.serves_already": "**{name}** dient schon.",
    "model.ask_promote": "Soll **{name}** statt **{champion}** dienen? Alle, die diesen Bot"
    " benutzen, bekommen dann dessen Vorhersagen.",
    "model.ask_rollback": "Von **{champion}** zu **{name}** zurückgehen? Alle, die diesen Bot"
    " benutzen, bekommen dann dessen Vorhersagen.",
    "model.nothing_before": "Es gibt nichts, wohin man zurückgehen könnte: Die dienende Version hat"
    " keine andere ersetzt.",
    "model.changed_meanwhile": "Inzwischen dient **{champion}**. Sieh `/model versions` an und"
    " entscheide neu.",
    "model.promoted": "**{name}** dient jetzt.",
    "model.rolled_back": "Zurückgegangen: **{name}** dient jetzt.",
    "model.unknown": "Die Modellversion {name} gibt es nicht. `/model versions` listet alle auf.",
    "model.unusable": "Diese Version kann nicht dienen: {reason}",
    "model.not_here": "Wer diesen Bot betreibt, lässt nur manche Server trainieren und Modelle"
    " wählen; dieser gehört nicht dazu.",
    # --- Privacy
    "privacy.about": "Was über dich gespeichert ist, und was du tun kannst",
    "privacy.heading": "Datenschutz",
    "privacy.text": "**Was gespeichert wird.** Zu jedem Bild, das in einem beobachteten Kanal"
    " gepostet wird: das Bild (höchstens {days} Tage), was das Modell darin sah, sein Titel, seine"
    " Stimmen als Zahlen, und die Vorhersage. Du bist als verschlüsselter Hash deiner Discord-Id"
    " gespeichert, nie mit Namen. Deine Tipps sind mit diesem Hash gespeichert. `/predict`"
    " speichert gar nichts.\n\n"
    "**Was du tun kannst.**\n"
    "`/opt-out` – von dir wird nichts mehr aufgenommen; Posts, die auf Stimmen warten, werden"
    " zurückgezogen\n"
    "`/opt-in` – nimmt das zurück\n"
    "`/export-me` – eine Datei mit allem, was über dich gespeichert ist\n"
    "`/forget-me` – löscht es\n\n"
    "Deine Identität auf Discord wird nie mit einer anderswo verknüpft.",
    "optout.about": "Nimm nichts von mir auf: keine Posts, keine Tipps",
    "optout.done": "Du hast widersprochen. Neue Bilder von dir werden nicht angesehen, du kannst"
    " nicht tippen und stehst auf keiner Tafel. {posts} deiner Posts, die auf Stimmen warteten,"
    " wurden zurückgezogen. `/opt-in` nimmt es zurück, `/forget-me` löscht, was gespeichert ist.",
    "optout.already": "Du hast schon widersprochen. `/opt-in` nimmt es zurück.",
    "optin.about": "Nimmt einen Widerspruch zurück",
    "optin.done": "Willkommen zurück. Neue Bilder von dir werden in beobachteten Kanälen wieder"
    " vorhergesagt.",
    "optin.already": "Du hattest nicht widersprochen; nichts hat sich geändert.",
    "export.about": "Eine Datei mit allem, was über dich gespeichert ist",
    "export.done": "Alles, was über dich gespeichert ist, für dich allein.",
    "export.nothing": "Über dich ist nichts gespeichert.",
    "export.too_large": "Deine Datei ist größer, als Discord annimmt. Frag danach, wer diesen Bot"
    " betreibt.",
    "forget.about": "Löscht, was über dich gespeichert ist",
    "forget.ask": "Alles löschen, was über dich gespeichert ist? Deine Tipps, Stimmen und Plätze"
    " auf den Tafeln verschwinden, deine Posts verlieren Autor, Titel und Link, und ihre Bilder"
    " werden gelöscht. Was sie erreicht haben, bleibt als Zahl ohne dich. Das lässt sich nicht"
    " rückgängig machen.",
    "forget.done": "Erledigt. Nichts Gespeichertes führt mehr zu dir ({rows} Einträge gelöscht oder"
    " geleert).",
    "forget.done_opted_out": "Erledigt. Es bleibt nur dein Widerspruch ({rows} Einträge gelöscht"
    " oder geleert).",
    "forget.nothing": "Über dich ist nichts gespeichert.",
    # --- Asking before it is done
    "confirm.yes_forget": "Löschen",
    "confirm.yes_promote": "Dienen lassen",
    "confirm.yes_rollback": "Zurückgehen",
    "confirm.no": "Abbrechen",
    "confirm.cancelled": "Nichts wurde geändert.",
    "confirm.too_late": "Diese Frage ist zu alt. Frag noch einmal.",
    "confirm.not_yours": "Das kann nur beantworten, wer gefragt wurde.",
    # --- /help and /about
    "help.about": "Was ich kann, und wie",
    "help.heading": "Will it play in Peoria?",
    "help.text": "Ich sage, wie gut ein Bild in **diesem** Kanal ankommen wird, komme wieder, wenn"
    " die Stimmen da sind, und führe Buch über mich und über alle, die dagegen tippen.",
    "help.everybody": "Für alle",
    "help.everybody_lines": "`/predict` – was aus einem Bild hier würde; geht auch in DMs\n"
    "*Kommt das an?* im Menü einer Nachricht (Apps) – dasselbe für ihre Bilder\n"
    "`Niedrig` `Mittel` `Hoch` unter meinen Antworten – dein Tipp\n"
    "`/leaderboard`, `/me`, `/stats` – wer recht hat, und wie oft",
    "help.admins": "Für Admins (Server verwalten)",
    "help.admins_lines": "`/watch`, `/unwatch` – neue Bilder in einem Kanal beantworten, oder"
    " aufhören\n"
    "`/settings` – Emoji, Horizont, blindes Tippen, Ruhezeiten und mehr\n"
    "`/retrain`, `/model` – aus den Stimmen lernen, wählen, was dient",
    "help.privacy": "Deine Daten",
    "help.privacy_lines": "`/privacy`, `/opt-out`, `/opt-in`, `/export-me`, `/forget-me`",
    "help.start": "Dieser Kanal wird nicht beobachtet. Ein Admin beginnt mit `/watch`.",
    "help.watched": "Dieser Kanal wird beobachtet: Poste ein Bild, und stimme mit {upvote} und"
    " {downvote} ab.",
    "about.about": "Was dieser Bot ist, und welches Modell dient",
    "about.heading": "Peoria",
    "about.text": '*"Will it play in Peoria?"* Ein Bot, der vorhersagt, wie gut ein Bild in einer'
    " Community ankommt, es öffentlich sagt und sich an den Stimmen messen lässt.",
    "about.model": "Modell",
    "about.model_line": "`{version}`, gelernt aus {labels} Ausgängen",
    "about.scale": "Hier",
    "about.scale_line": "{servers} Server · {channels} beobachtete Kanäle",
    # --- What went wrong
    "error.cooldown": "Das war ein bisschen viel auf einmal. Versuche es in {seconds} s wieder.",
    "error.cooldown_channel": "In diesem Kanal ist viel los. Versuche es in {seconds} s wieder.",
    "error.missing_permissions": "Discord lässt mich das hier nicht tun. Ich brauche:"
    " {permissions}.",
    "error.forbidden": "Discord lässt mich das hier nicht tun. Prüfe meine Rechte in diesem Kanal.",
    "error.guild_only": "Das geht nur auf einem Server.",
    "error.not_allowed": "Das darfst du hier nicht. Es braucht das Recht *Server verwalten*, oder"
    " was der Server stattdessen gewählt hat (Servereinstellungen → Integrationen).",
    "error.discord_away": "Discord hat gerade nicht geantwortet. Versuche es in einer Minute noch"
    " einmal.",
    "error.out_of_date": "Dieser Befehl hat sich geändert. Lade Discord neu (Strg+R) und versuche"
    " es wieder.",
    "error.no_model": "Gerade kann keine Modellversion dienen. Wer diesen Bot betreibt, findet den"
    " Grund in seinem Log.",
    "error.ours": "Bei mir ist etwas schiefgegangen. Kommt es wieder vor, nenne dem, der diesen Bot"
    " betreibt, die Nummer **{number}**.",
    # --- Why an image is refused (models.decoding's reasons) or did not arrive
    "image.empty": "Die Datei ist leer; wähle das Bild noch einmal.",
    "image.too_large": "Die Datei ist zu groß; mach sie kleiner und versuche es wieder.",
    "image.unsupported_format": "Das ist kein JPEG-, PNG-, WebP- oder GIF-Bild; speichere es als"
    " eins davon.",
    "image.truncated": "Ein Teil der Datei fehlt; wähle das Bild noch einmal.",
    "image.corrupt": "Die Datei ist beschädigt; speichere das Bild neu und versuche es wieder.",
    "image.too_many_pixels": "Das Bild hat zu viele Pixel; mach es kleiner und versuche es wieder.",
    "image.too_complex": "Die Datei ist so gebaut, dass sie zu lange zum Lesen braucht; speichere"
    " sie neu und versuche es wieder.",
    "image.not_fetched": "Von der Adresse des Bildes ließ sich nichts holen.",
}
