"""Questions before something is done."""

ENGLISH: dict[str, str] = {
    "confirm.yes_forget": "Delete it",
    "confirm.yes_promote": "Let it serve",
    "confirm.yes_rollback": "Go back",
    "confirm.no": "Cancel",
    "confirm.cancelled": "Nothing was changed.",
    "confirm.too_late": "That question is too old. Ask again.",
    "confirm.not_yours": "Only the person who was asked can answer that.",
}

GERMAN: dict[str, str] = {
    "confirm.yes_forget": "Löschen",
    "confirm.yes_promote": "Einsetzen",
    "confirm.yes_rollback": "Zurückgehen",
    "confirm.no": "Abbrechen",
    "confirm.cancelled": "Nichts wurde geändert.",
    "confirm.too_late": "Diese Frage ist zu alt. Frag noch einmal.",
    "confirm.not_yours": "Das kann nur beantworten, wer gefragt wurde.",
}
