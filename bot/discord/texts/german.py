"""Everything that people read on Discord, in German; the keys are those of the English texts."""

GERMAN: dict[str, str] = {
    # --- Buckets, modes, and other words that stand in sentences
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
    # --- The card of a prediction and of its outcome
    "card.heading": "Kommt das an?",
    "card.beats": "Dürfte **{share}** der Posts in {community} schlagen.",
    "card.beats_somewhere": "Dürfte **{share}** der Posts in einer typischen Community schlagen,"
    " aus der ich gelernt habe.",
    "card.likely": "Am wahrscheinlichsten **{bucket}** ({share}).",
    "card.likely_two": "Am wahrscheinlichsten **{first}** oder **{second}** (je {share}).",
    "card.likely_alike": "Niedrig, Mittel und Hoch sind etwa gleich wahrscheinlich.",
    "card.blank": "Hier ist nichts zu sehen: Das Bild hat nur eine Farbe, ist Rauschen, oder ist"
    " kaum mehr als ein Strich.",
    "card.set_aside": "Etwas an diesem Post gleicht nichts, woraus ich gelernt habe; danach richtet"
    " sich meine Vorhersage nicht: {sources}.",
    "source.image": "das Bild",
    "source.title": "der Text des Posts",
    "source.text": "der Text im Bild",
    "source.author": "die Vorgeschichte des Autors",
    "source.time": "die Tageszeit",
    "card.looks_like": "Sieht aus wie: {parts}.",
    "faces.one": "{n} Gesicht",
    "faces.other": "{n} Gesichter",
    "genre.experimental": "experimentell",
    "genre.ironic_surreal": "ironisch oder surreal",
    "genre.political": "politisch",
    "genre.post_ironic": "postironisch",
    "genre.rage_comic": "Rage-Comic",
    "genre.text_post": "Text-Post",
    "genre.top_text_bottom_text": "Text oben und unten",
    "genre.viral_video": "virales Video",
    "genre.which": "Das Genre, falls ich falsch liege",
    "genre.noted": "Notiert: {genre}. Aus dem, was Leute dazu sagen, lerne ich Genres.",
    "genre.not_yours": "Welches Genre ein Post hat, können nur sein Autor und Moderatoren sagen.",
    "genre.opted_out": "Du hast widersprochen, also wird nichts aufgehoben, was du sagst. `/opt-in`"
    " ändert das.",
    "genre.unknown": "Dieses Genre gibt es hier nicht mehr.",
    "expression.angry": "wütend",
    "expression.disgust": "angewidert",
    "expression.fear": "ängstlich",
    "expression.happy": "fröhlich",
    "expression.neutral": "neutral",
    "expression.sad": "traurig",
    "expression.surprise": "überrascht",
    "card.score": "Erwartete Punktzahl **{median}**, meist {low} bis {high}.",
    "card.heading_for": "Jetzt auf dem Weg zu **{median}**, meist {low} bis {high}.",
    "card.heading_beats": "Damit würde er **{share}** der letzten Posts in {community} schlagen.",
    "card.knows_nothing": "Ich habe noch nichts gelernt: Für mich ist jeder Ausgang gleich"
    " wahrscheinlich.",
    "card.borrowed": "{community} hat noch wenig Vorgeschichte: Die Punktzahlen stammen aus ganz"
    " Discord.",
    "card.no_history": "{community} hat noch zu wenig Vorgeschichte für eine Punktzahl.",
    "card.place": "`{bar}` Wie gut ich {community} kenne: **{word}**.",
    "card.place_new": "Ich lerne diesen Ort noch kennen und zeige fast nur die Grundrate.",
    "card.place_untested": "Noch ist keine meiner Vorhersagen hier an Stimmen geprüft worden,"
    " deshalb ist das fast die Grundrate.",
    "card.place_no_help": "Was ich bisher gelernt habe, hilft hier wenig: Das ist nahe an der"
    " Grundrate.",
    "card.pooled": "So sehe ich es nach allen Communitys zusammen, nicht für einen Ort.",
    "familiarity.not yet": "noch nicht",
    "familiarity.a little": "ein wenig",
    "familiarity.fairly well": "recht gut",
    "familiarity.well": "gut",
    "card.footer": "Modell {version}",
    "card.heat_map": "Orange hebt die Vorhersage, Blau senkt sie.",
    "card.seen_before": "Schon da gewesen: [gepostet {when}]({link}).",
    "card.seen_before_scored": "Schon da gewesen: [gepostet {when}]({link}), Punktzahl"
    " **{score}**, {bucket}.",
    "card.seen_before_no_link": "Schon da gewesen: gepostet {when}.",
    "card.seen_before_scored_no_link": "Schon da gewesen: gepostet {when}, Punktzahl **{score}**,"
    " {bucket}.",
    "card.image_number": "Bild {n} von {total}",
    "card.best_of": "{total} Bilder: Ich sage das mit den besten Aussichten voraus.",
    # --- Antworten von selbst, Knöpfe zum Tippen und Ergebnisse
    "reply.guess": "Weißt du es besser? Tippschluss {when}.",
    "reply.blind": "Meine Vorhersage steht. Tippe zuerst, um sie zu sehen; alle sehen sie, wenn"
    " das Tippen endet, {when}.",
    "reply.closed": "Das Tippen ist beendet. {guesses}",
    "reply.guesses": "Tipps: {counts}.",
    "reply.no_guesses": "Niemand hat getippt.",
    "guess.skip": "Auslassen",
    "guess.why": "Warum?",
    "guess.placed": "Du hast **{bucket}** getippt. Du kannst das ändern, bis das Tippen endet,"
    " {when}.",
    "guess.placed_shown": "Du hast **{bucket}** getippt. Das ist meine Vorhersage. Tippschluss"
    " {when}; wenn du deinen Tipp jetzt änderst, zählt er nicht mehr als blind.",
    "guess.skipped": "Das ist meine Vorhersage. Du kannst noch tippen, aber der Tipp zählt nicht"
    " als blind.",
    "guess.kept_secret": "Meine Vorhersage ist geheim, bis das Tippen endet. Tippe zuerst, oder"
    " drücke Auslassen.",
    "guess.no_prediction": "Zu diesem Post gibt es keine Vorhersage mehr.",
    "guess.closed": "Das Tippen auf diesen Post ist beendet: Seine Stimmen würden schon verraten,"
    " wie es ausgeht. Neuere Posts sind offen.",
    "guess.own_post": "Auf deinen eigenen Post tippen die anderen.",
    "guess.opted_out": "Du hast widersprochen, deshalb werden deine Tipps nicht gespeichert. Mit"
    " `/opt-in` spielst du wieder mit.",
    "guess.no_such_post": "Diesen Post gibt es nicht; vielleicht wurde er gelöscht.",
    "guess.nothing_to_guess": "Hier gibt es nichts zu tippen: Der Post wurde abgelehnt oder"
    " zurückgezogen.",
    "guess.bots": "Bots spielen in der Liga nicht mit.",
    "outcome.heading": "Wie es ausging",
    "outcome.line": "Vorhergesagt {predicted} → **{score}** {upvote}, **{bucket}** {mark}",
    "outcome.line_untold": "Vorhergesagt {predicted} → **{score}** {upvote}",
    "outcome.predicted": "**{bucket}** {share}",
    "outcome.predicted_two": "**{first}** oder **{second}** (je {share})",
    "outcome.predicted_alike": "alle drei gleich",
    "outcome.missing.one": "Niedrig, Mittel und Hoch kann ich unterscheiden, wenn Posts in"
    " {community} mit {needed} verschiedenen Punktzahlen geendet haben; es fehlt noch {n}. Dann"
    " werden auch die Tipps gewertet.",
    "outcome.missing.other": "Niedrig, Mittel und Hoch kann ich unterscheiden, wenn Posts in"
    " {community} mit {needed} verschiedenen Punktzahlen geendet haben; es fehlen noch {n}. Dann"
    " werden auch die Tipps gewertet.",
    "outcome.unknown": "Ich konnte die endgültige Punktzahl nicht rechtzeitig lesen, deshalb"
    " zählen diese Vorhersage und die Tipps dazu nicht.",
    "outcome.standing": "Das schlägt {share} der letzten Posts in {community}.",
    "outcome.standing_few.one": "Er schlägt {beaten} von {n} anderen Post, der in {community} schon"
    " gewertet ist.",
    "outcome.standing_few.other": "Er schlägt {beaten} von {n} anderen Posts, die in {community}"
    " schon gewertet sind.",
    "outcome.first": "In {community} gibt es noch keine andere Punktzahl zum Vergleichen.",
    "outcome.best_guess": "Bester Tipp: **{bucket}** von {name}",
    "outcome.right_guesses": "Richtige Tipps: {right} von {total}.",
    "notice.missing": "Mir fehlen Rechte in {channel}: {permissions}. Bis meine Rolle sie hat"
    " (Kanal bearbeiten → Berechtigungen), sage ich Bilder dort voraus, kann aber nicht"
    " antworten.",
    "notice.unreadable": "Ich kann {channel} nicht lesen: Es fehlt {permissions}. Bis meine Rolle"
    " das darf (Kanal bearbeiten → Berechtigungen), sehe ich die Bilder dort nicht.",
    "notice.emoji_gone": "Das Emoji, mit dem in {channel} abgestimmt wird, wurde gelöscht, daher"
    " bekommen die Beiträge dort keinen Score. Wähle mit `/settings` ein anderes; es gilt für neue"
    " Beiträge.",
    # --- /advise
    "advise.about": "Welches Bild oder welcher Titel, wann und wo posten; nur du siehst es",
    "advise.image": "Noch ein Bild zum Vergleichen",
    "advise.title": "Noch ein Titel zum Vergleichen",
    "advise.hour": "Sagen, wann man das beste posten sollte",
    "advise.channels": "Sagen, welcher beobachtete Kanal dieses Servers zum besten passt",
    "advise.picture": "Bild {n}",
    "advise.beats": "Dürfte **{share}** der Posts hier schlagen.",
    "advise.last": "{place}. {name} – schlägt {share}",
    "advise.refused": "{name}: {reason}",
    "advise.too_many": "{pictures} Bilder mit {titles} Titeln sind mehr als die {most} Varianten,"
    " die ich auf einmal vergleiche. Lass welche weg.",
    "advise.how_far": "Wie weit man dem trauen kann",
    "advise.right": "Von {n} Paaren von {pairs} habe ich bei **{share}** den besseren Post erkannt"
    " (95 %: {low} bis {high}).",
    "advise.no_better": "Von {n} Paaren von {pairs} habe ich bei **{share}** den besseren Post"
    " erkannt (95 %: {low} bis {high}): nicht besser als eine Münze, soweit man es sagen kann.",
    "advise.unknown": "Wie oft solcher Rat stimmt, ist nicht bekannt: Bisher lassen sich {posts}"
    " Posts vergleichen, {needed} sind nötig.",
    "advise.pairs_here": "Posts hier",
    "advise.pairs_close": "Posts, die so nah beieinander lagen wie die ersten beiden",
    "advise.pairs_hours": "Posts zu verschiedenen Stunden",
    "advise.pairs_channels": "Posts in zweien dieser Kanäle",
    "advise.equal": "Die ersten beiden sehen gleich gut aus.",
    "advise.never_measured": "Das waren verschiedene Posts. Wie gut ich Varianten desselben Bildes"
    " unterscheide, wurde nie gemessen.",
    "advise.best_hour": "Beste Stunde des nächsten Tages: {when} (schlägt {share}).",
    "advise.hours_alike": "Für mich ist jede Stunde des nächsten Tages so gut wie jede andere.",
    "advise.channels_heading": "Das beste davon, nach Kanälen:",
    "advise.channel": "{channel} – schlägt {share}",
    # --- /meme
    "meme.about": "Texte für ein Bild finden, geordnet danach, was hier ankommt",
    "meme.caption": "Dein eigener Text, OBEN|UNTEN; leer: Texte werden für dich gefunden",
    "meme.heading": "Texte für dein Bild, der beste zuerst. Nur du siehst das, bis du postest.",
    "meme.menu": "Meme machen",
    "meme.may_not_post": "Du darfst in diesem Kanal keine Bilder senden, darum sende ich keins"
    " für dich.",
    "meme.choose": "Ein anderer Text",
    "meme.beats": "schlüge {share} der Posts hier",
    "meme.post": "Hier posten",
    "meme.posted": "Gepostet.",
    "meme.by": "Ein Meme von {person}",
    "meme.none": "Ich habe hier keinen Text für dieses Bild gefunden. Schreib deinen eigenen in"
    " `caption`.",
    "meme.cannot_draw": "Dieser Text lässt sich nicht zeichnen: Er ist leer, länger als 2.000"
    " Zeichen oder hat ein Zeichen, das hier keine Schrift hat.",
    "meme.kept_back": "Die Vorhersage für dieses Bild wird hier noch zurückgehalten; mach Memes"
    " daraus, wenn die Stimmen da sind.",
    # --- /predict and the context menu
    "predict.about": "Vorhersagen, wie gut ein Bild hier ankäme",
    "predict.image": "Das Bild: JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF oder BMP",
    "predict.title": "Der Text, mit dem du es posten würdest",
    "predict.menu": "Kommt das an?",
    "predict.private": "Die Antwort nur dir zeigen",
    "predict.guess_first": "Auf dieses Bild wird in diesem Kanal getippt. Tippe unter meiner"
    " Antwort, oder drücke dort Auslassen; dann siehst du meine Vorhersage.",
    "predict.kept_secret": "Meine Vorhersage für dieses Bild ist geheim, bis die Stimmen da sind:"
    " So zeigt sich, was eine öffentliche Vorhersage mit den Stimmen macht.",
    "predict.no_image": "In dieser Nachricht ist kein Bild. Ich sehe angehängte Bilder, Links auf"
    " Bilder und eingebettete Bilder an.",
    "predict.too_large": "Die Datei ist größer als {megabytes} MB; mach sie kleiner und versuche"
    " es wieder.",
    "predict.more_images": "Diese Nachricht hat {total} Bilder; das sind die ersten {shown}.",
    "predict.not_arrived": "Das Bild kam von Discord nicht an. Versuche es in einer Minute noch"
    " einmal.",
    # --- /watch and /unwatch
    "watch.about": "Sagt jedes neue Bild in einem Kanal voraus",
    "watch.channel": "Welcher Kanal; ohne Angabe dieser",
    "watch.now": "**{channel}** wird jetzt beobachtet. Ich sage jedes neue Bild voraus und zeige"
    " {after} später, was daraus wurde.",
    "watch.already": "**{channel}** wird schon beobachtet. `/settings` zeigt und ändert, wie.",
    "watch.no_intent": "⚠ Noch sehe ich die Bilder hier nicht, denn Discord gibt mir den Inhalt"
    " von Nachrichten nicht. Wer diesen Bot betreibt, muss im Discord Developer Portal"
    " *Message Content Intent* einschalten (Bot → Privileged Gateway Intents) und ihn neu"
    " starten. Bis dahin gehen `/predict` und *Kommt das an?* im Menü einer Nachricht überall.",
    "watch.missing": "⚠ In {channel} fehlen mir Rechte: {permissions}. Gib sie meiner Rolle in den"
    " Einstellungen des Kanals (Kanal bearbeiten → Berechtigungen).",
    "watch.next": "`/settings` ändert die Emoji, wann eine Punktzahl feststeht, und was ich wann"
    " poste.",
    "unwatch.about": "Sagt in einem Kanal keine neuen Bilder mehr voraus",
    "unwatch.channel": "Welcher Kanal; ohne Angabe dieser",
    "unwatch.now": "**{channel}** wird nicht mehr beobachtet. Posts, die ich vorhergesagt habe,"
    " bekommen noch ihren Ausgang.",
    "unwatch.not_watched": "**{channel}** wird nicht beobachtet. `/watch` fängt damit an.",
    "watching.other_server": "Dieser Kanal gehört zu einem anderen Server.",
    "watching.no_images": "Ich kann nur Textkanäle, Threads und den Text von Sprachkanälen"
    " beobachten. Nenne einen mit *channel*.",
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
    "settings.about": "Zeigt, wie ich mich in einem Kanal verhalte, oder ändert, was du nennst",
    "settings.channel": "Welcher Kanal; ohne Angabe dieser",
    "settings.upvote": "Emoji, das als Plus zählt",
    "settings.downvote": "Emoji, das als Minus zählt",
    "settings.horizon": "Stunden, bis eine Punktzahl feststeht",
    "settings.mode": "Was ich mit einem neuen Bild mache",
    "settings.blind": "Erst tippen, dann die Vorhersage sehen; alle sehen sie nach Tippschluss",
    "settings.buckets": '"terciles" oder zwei Punktzahlen wie "5 20": niedrig bis 5, mittel bis 20',
    "settings.min_percentile": "Nur auf Bilder antworten, die so viel Prozent der Posts schlagen,"
    " 0 bis 99; 0: alle",
    "settings.quiet_hours": 'Keine Antworten in diesen Stunden, etwa "22:00-07:00"; "off": immer'
    " antworten",
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
    # --- Refusals of a setting (reasons of bot/community_settings.py)
    "refused.horizon": "Ein Horizont muss {least} bis {most} Stunden haben.",
    "refused.guess_seconds": "Tippschluss muss nach {least} bis {most} Minuten sein.",
    "refused.thresholds_pair": 'Feste Stufen brauchen beide Punktzahlen, etwa "5 20";'
    ' "terciles" kehrt zu Dritteln zurück.',
    "refused.thresholds_order": "Die Punktzahl, bei der niedrig endet, muss unter der liegen, bei"
    " der mittel endet.",
    "refused.min_percentile": "Der Prozentsatz muss 0 bis 99 sein.",
    "refused.quiet_pair": 'Ruhezeiten brauchen Anfang und Ende, etwa "22:00-07:00"; "off" hebt'
    " sie auf.",
    "refused.quiet_range": 'Ruhezeiten müssen Uhrzeiten sein, etwa "22:00-07:00".',
    "refused.time_zone": 'Diese Zeitzone gibt es nicht. Nimm einen Namen wie "Europe/Berlin" oder'
    ' "UTC".',
    "refused.replies_per_minute": "Antworten pro Minute müssen 0 (ohne Grenze) bis {most} sein.",
    "refused.emoji": '"{value}" ist kein Emoji. Nimm ein Emoji oder eins dieses Servers.',
    "refused.same_emoji": "Plus und Minus müssen verschiedene Emoji sein.",
    "refused.foreign_emoji": "Dieses Emoji kann ich nicht verwenden: Es gehört zu einem Server, auf"
    " dem ich nicht bin.",
    "refused.guess_score": "Die Punktzahl, die das Tippen beendet, ist mindestens 1.",
    "refused.unknown": "Dieser Kanal ist noch nicht bekannt. Beginne mit `/watch`.",
    "refused.announcements": "In {channel} darf ich nicht schreiben. Gib mir dort *Nachrichten"
    " senden* und *Kanal anzeigen*, oder nimm einen anderen.",
    # --- Skill: 1 − RPS / RPS of the base rate
    "skill.better": "**{share}** besser als Raten nach dem Üblichen",
    "skill.worse": "**{share}** schlechter als Raten nach dem Üblichen",
    # --- /leaderboard
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
    # --- /me
    "me.about": "Deine eigene Bilanz",
    "me.heading": "Deine Bilanz",
    "me.nothing": "Du hast noch nicht getippt. Drücke in einem beobachteten Kanal Niedrig, Mittel"
    " oder Hoch unter einer meiner Antworten.",
    "me.waiting.one": "{n} Tipp von dir wartet auf die Stimmen. Gewertet ist noch keiner.",
    "me.waiting.other": "{n} deiner Tipps warten auf die Stimmen. Gewertet ist noch keiner.",
    "me.row": "{season}: **{points}** Punkte, {hits} von {n} Tipps richtig ({rate}; Zufall"
    " {base}).",
    "me.row_few": "{season}: **{points}** Punkte, {hits} von {n} Tipps richtig.",
    "me.blind": "Blind: **{points}** Punkte, {hits} von {n} Tipps richtig.",
    "me.streak": "Richtige in Folge: jetzt {now}, höchstens {most}.",
    "me.rank": "Platz {rank} von {total}.",
    "me.open.one": "{n} weiterer Tipp wartet auf die Stimmen.",
    "me.open.other": "{n} weitere Tipps warten auf die Stimmen.",
    "me.opted_out": "Du hast widersprochen: Von dir wird nichts verwendet. `/opt-in` ändert das.",
    # --- /stats
    "stats.about": "Wie gut die Vorhersagen waren: Treffer über die Zeit, Kalibrierung",
    "stats.days": "Wie viele Tage zurück",
    "stats.where": "Nur dieser Kanal, oder alle",
    "stats.line.version": "**{name}** hatte bei {rate} {interval} von {n} Posts recht; der Zufall"
    " allein hätte es bei {base}.",
    "stats.line.version_few": "**{name}** hatte bei {hits} von {n} Posts recht.",
    "stats.line.skill": "Alle seine Chancen zusammen waren {better}"
    " (RPS-Können {skill} {skill_interval}).",
    "stats.line.no_skill": "Über das Können lässt sich noch nichts sagen.",
    "stats.line.labels": "Gewertete Posts: {labels}. Davon hatten {answered} eine Antwort, und"
    " {silent} waren im stillen Anteil, geheim vorhergesagt.",
    "stats.line.place": "`{bar}` Wie gut ich diesen Ort kenne: **{word}**.",
    "stats.line.effect": "Posts mit einer Antwort erreichten das {factor}-Fache ({low} bis"
    " {high}) des stillen Anteils, gemessen an Punktzahl + 1.",
    "stats.no_chart": "Das Diagramm ließ sich diesmal nicht zeichnen.",
    "stats.heading": "Wie gut waren die Vorhersagen?",
    "stats.nothing.one": "Am letzten Tag wurde nichts gewertet. Ein Post wird gewertet, wenn er"
    " seinen Horizont erreicht.",
    "stats.nothing.other": "In den letzten {n} Tagen wurde nichts gewertet. Ein Post wird"
    " gewertet, wenn er seinen Horizont erreicht.",
    "plays.heading": "Was hier ankommt",
    "plays.line": "{name}: {effect} Punkte [{low}, {high}]",
    "plays.none": "Nichts sticht hervor unter {n} Dingen, die verglichen wurden.",
    "plays.missing.one": "Es fehlt noch {n} Label, um das zu sagen.",
    "plays.missing.other": "Es fehlen noch {n} Labels, um das zu sagen.",
    "plays.caveat": "+5 Punkte: schlägt 5 % mehr der Posts hier als der durchschnittliche Post, der"
    " in allem anderen gleich ist. Das geht zusammen; die Ursache muss es nicht sein.",
    "plays.genre.not_sure": "kein sicheres Genre",
    "plays.expression": "ein Gesicht, das {expression} aussieht",
    "plays.faces.0": "kein Gesicht",
    "plays.faces.1": "1 Gesicht",
    "plays.faces.2": "2 Gesichter",
    "plays.faces.3": "3 Gesichter oder mehr",
    "plays.colourfulness.low": "wenig Farbe",
    "plays.colourfulness.middle": "etwas Farbe",
    "plays.colourfulness.high": "viel Farbe",
    "plays.sharpness.low": "weiches Bild",
    "plays.sharpness.middle": "recht scharfes Bild",
    "plays.sharpness.high": "scharfes Bild",
    "plays.brightness.low": "dunkles Bild",
    "plays.brightness.middle": "weder dunkel noch hell",
    "plays.brightness.high": "helles Bild",
    "plays.text_share.low": "wenig Text",
    "plays.text_share.middle": "etwas Text",
    "plays.text_share.high": "viel Text",
    "plays.hour": "gepostet von {first}:00 bis {last}:59",
    "plays.weekday.0": "gepostet am Montag",
    "plays.weekday.1": "gepostet am Dienstag",
    "plays.weekday.2": "gepostet am Mittwoch",
    "plays.weekday.3": "gepostet am Donnerstag",
    "plays.weekday.4": "gepostet am Freitag",
    "plays.weekday.5": "gepostet am Samstag",
    "plays.weekday.6": "gepostet am Sonntag",
    "stats.chart": "Können über die Zeit, und Kalibrierung",
    # --- /retrain and /model
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
    # --- Privacy
    "privacy.about": "Was über dich gespeichert ist, und was du tun kannst",
    "privacy.heading": "Datenschutz",
    "privacy.text": "**Was gespeichert wird.** Zu jedem Bild, das in einem beobachteten Kanal"
    " gepostet wird: das Bild (höchstens {days}), die Zahlen, die das Modell daraus berechnet"
    " hat, sein Titel, seine Stimmen als Zahlen, und die Vorhersage. Du bist als"
    " verschlüsselter Hash deiner Discord-Id gespeichert, nie mit Namen. Deine Tipps sind mit"
    " diesem Hash gespeichert. Damit die Liga nennen kann, wer mitspielt, wird deine Id bei"
    " deinen Tipps verschlüsselt aufbewahrt. `/predict` speichert gar nichts.\n"
    "\n"
    "**Was du tun kannst.**\n"
    "`/opt-out` – ich verwende deine Posts und Tipps nicht mehr; Posts, die auf Stimmen"
    " warten, werden zurückgezogen\n"
    "`/opt-in` – nimmt das zurück\n"
    "`/export-me` – eine Datei mit allem, was über dich gespeichert ist\n"
    "`/forget-me` – löscht es\n"
    "\nDeine Identität auf Discord wird nie mit einer anderswo verknüpft.",
    "optout.about": "Verwende nichts von mir: keine Posts, keine Tipps",
    "optout.done": "Du hast widersprochen. Ich sehe deine neuen Bilder nicht an, du kannst nicht"
    " tippen und stehst auf keiner Tafel. {withdrawn} `/opt-in` nimmt es zurück, `/forget-me`"
    " löscht, was gespeichert ist.",
    "optout.withdrawn.one": "{n} Post von dir, der auf Stimmen wartete, wurde zurückgezogen.",
    "optout.withdrawn.other": "{n} deiner Posts, die auf Stimmen warteten, wurden zurückgezogen.",
    "optout.already": "Du hast schon widersprochen. `/opt-in` nimmt es zurück.",
    "optin.about": "Nimmt einen Widerspruch zurück",
    "optin.done": "Willkommen zurück. Ich sage deine neuen Bilder in beobachteten Kanälen wieder"
    " voraus.",
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
    "forget.done": "Erledigt. Nichts Gespeichertes führt mehr zu dir (Einträge gelöscht oder"
    " geleert: {rows}).",
    "forget.done_opted_out": "Erledigt. Es bleibt nur dein Widerspruch (Einträge gelöscht oder"
    " geleert: {rows}).",
    "forget.nothing": "Über dich ist nichts gespeichert.",
    # --- Asking before it is done
    "confirm.yes_forget": "Löschen",
    "confirm.yes_promote": "Einsetzen",
    "confirm.yes_rollback": "Zurückgehen",
    "confirm.no": "Abbrechen",
    "confirm.cancelled": "Nichts wurde geändert.",
    "confirm.too_late": "Diese Frage ist zu alt. Frag noch einmal.",
    "confirm.not_yours": "Das kann nur beantworten, wer gefragt wurde.",
    # --- /help and /about
    "help.about": "Was ich kann, und wie",
    "help.heading": "Will it play in Peoria?",
    "help.text": "Ich sage voraus, wie gut ein Bild in **diesem** Kanal ankommt, komme wieder,"
    " wenn die Stimmen da sind, und führe Buch über mich und über alle, die gegen mich tippen.",
    "help.everybody": "Für alle",
    "help.everybody_lines": "`/predict` – wie gut ein Bild hier ankäme; geht auch in DMs\n"
    "`/advise` – welches Bild, welcher Titel, wann und wo\n"
    "`/meme` – Sprüche für ein Bild, jeder mit dem, was hier aus ihm würde\n"
    "*Kommt das an?*, *Meme machen* im Menü einer Nachricht (Apps) – für ihre Bilder\n"
    "`Niedrig` `Mittel` `Hoch` unter meinen Antworten – dein Tipp\n"
    "`/leaderboard`, `/me`, `/stats` – wer recht hat, und wie oft",
    "help.admins": "Für Admins (Server verwalten)",
    "help.admins_lines": "`/watch`, `/unwatch` – neue Bilder in einem Kanal vorhersagen, oder"
    " aufhören\n"
    "`/settings` – Emoji, Horizont, blindes Tippen, Ruhezeiten und mehr\n"
    "`/retrain`, `/model` – aus den Stimmen lernen, die Modellversion wählen",
    "help.privacy": "Deine Daten",
    "help.privacy_lines": "`/privacy`, `/opt-out`, `/opt-in`, `/export-me`, `/forget-me`",
    "help.start": "Dieser Kanal wird nicht beobachtet. Ein Admin beginnt mit `/watch`.",
    "help.watched": "Dieser Kanal wird beobachtet: Poste ein Bild, und stimme mit {upvote} und"
    " {downvote} ab.",
    "about.about": "Was dieser Bot ist, und welches Modell im Einsatz ist",
    "about.heading": "Peoria",
    "about.text": '*"Will it play in Peoria?"* Ein Bot, der vorhersagt, wie gut ein Bild in einer'
    " Community ankommt, es öffentlich sagt und sich an den Stimmen messen lässt.",
    "about.model": "Modell",
    "count.labels_learned.one": "{n} Ausgang",
    "count.labels_learned.other": "{n} Ausgängen",
    "about.model_line": "`{version}`, gelernt aus {labels}",
    "about.scale": "Hier",
    "about.scale_line": "{servers} · {channels}",
    # --- What went wrong
    "error.cooldown": "Das war zu viel auf einmal. Versuche es in {seconds} s wieder.",
    "error.cooldown_channel": "In diesem Kanal ist zu viel los. Versuche es in {seconds} s wieder.",
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
    "error.no_model": "Gerade lässt sich keine Modellversion einsetzen. Wer diesen Bot betreibt,"
    " findet den Grund in seinem Log.",
    "error.not_stored": "Gerade lässt sich nichts speichern; es wurde nichts geändert. Versuche es"
    " später wieder; wer diesen Bot betreibt, findet den Grund in seinem Log.",
    "error.ours": "Bei mir ist etwas schiefgegangen. Kommt es wieder vor, nenne dem, der diesen Bot"
    " betreibt, die Nummer **{number}**.",
    # --- Why an image is refused (models.decoding's reasons) or did not arrive
    "image.empty": "Die Datei ist leer; wähle das Bild noch einmal.",
    "image.too_large": "Die Datei ist zu groß; mach sie kleiner und versuche es wieder.",
    "image.unsupported_format": "Das ist kein JPEG-, PNG-, WebP-, GIF-, AVIF-, HEIC-, TIFF- oder"
    " BMP-Bild; speichere es als eins davon.",
    "image.busy": "Das Bild konnte gerade nicht gelesen werden, weil Speicher fehlt; versuche es"
    " später wieder.",
    "image.truncated": "Ein Teil der Datei fehlt; wähle das Bild noch einmal.",
    "image.corrupt": "Die Datei ist beschädigt; speichere das Bild neu und versuche es wieder.",
    "image.too_many_pixels": "Das Bild hat zu viele Pixel; mach es kleiner und versuche es wieder.",
    "image.too_complex": "Die Datei ist so gebaut, dass sie zu lange zum Lesen braucht; speichere"
    " sie neu und versuche es wieder.",
    "image.not_fetched": "An der Adresse des Bildes ist nichts zu holen.",
}
