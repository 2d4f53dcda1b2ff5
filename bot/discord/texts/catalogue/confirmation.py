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
