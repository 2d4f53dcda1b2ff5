"""/audit."""

ENGLISH: dict[str, str] = {
    "audit.about": "Who changed what about how I behave on this server",
    "audit.heading": "Audit log",
    "audit.empty": "Nothing was changed in the last {days}.",
    "audit.kept": "Entries are kept for {days}.",
    "audit.line": "{when} {who}: {what}",
    "audit.somebody": "somebody",
    "audit.hidden": "a channel that you cannot see",
    "audit.watch": "watched {where}",
    "audit.unwatch": "ended watching {where}",
    "audit.settings": "changed the settings of {where}: {details}",
    "audit.posters": "changed whose images are posts in {where}: {details}",
    "audit.import": "began an import of {where} ({details})",
    "audit.stop_import": "ended the import of {where}",
    "audit.digest": "set the digest ({details})",
    "audit.end_digest": "ended the digest",
    "audit.outcomes": "set where outcomes are told ({details})",
    "audit.end_outcomes": "ended telling outcomes",
    "audit.retrain": "asked for a training run",
    "audit.promote": "let {details} serve",
    "audit.rollback": "went back to {details}",
}
