"""Writes the reference pages from the code: ``python -m docs.reference``.

The part of docs/settings.md and docs/commands.md between the two marks is replaced: the settings
come from the table in bot/settings.py, the commands from the command line of main.py. A test fails
when a page is out of date.
"""

import inspect
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

import main
from bot.settings import ENV_PREFIX, Settings

DOCS = Path(__file__).resolve().parent
BEGIN = "<!-- Written by python -m docs.reference: begin -->"
END = "<!-- Written by python -m docs.reference: end -->"

#: Headings of the settings page, and how the names below them begin. What is left is general.
GROUPS: dict[str, tuple[str, ...]] = {
    "General": (),
    "The board": ("web", "board_"),
    "The API": ("api_", "webhook_"),
    "Images": ("max_image", "image", "signed_url", "download", "read_text"),
    "Discord": ("discord_",),
    "Reddit": ("reddit_",),
    "Lemmy": ("lemmy_",),
    "Mastodon": ("mastodon_",),
    "Bluesky": ("bluesky_",),
    "Other tools": ("sentry_", "telemetry_", "track_", "mlflow_"),
    "Training": ("train_", "retrain_", "finetune", "keep_versions", "backbone", "pause_on", "ray_"),
    "Backups": ("backup_",),
    "The league": ("season_", "min_guesses"),
}


def settings_text() -> str:
    """The tables of all settings, in Markdown."""
    lines: list[str] = []
    for heading in GROUPS:
        lines += [f"## {heading}", "", "| variable | default | allowed | meaning |"]
        lines += ["|---|---|---|---|"]
        for name, field in Settings.model_fields.items():
            if _group(name) == heading:
                lines.append(
                    f"| `{ENV_PREFIX}{name.upper()}` | {_default(field)} | {_allowed(field)}"
                    f" | {_cell(field.description or '')} |"
                )
        lines.append("")
    return "\n".join(lines)


def _group(name: str) -> str:
    return next((head for head, starts in GROUPS.items() if name.startswith(starts)), "General")


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None:
        return "not set"
    if value == ():
        return "none"
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _allowed(field: FieldInfo) -> str:
    kinds = [kind for kind in _alternatives(field.annotation) if kind is not type(None)]
    (kind,) = kinds
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    if kind is bool:
        return "`on`, `off`"
    if kind is SecretStr:
        return "a secret"
    if get_origin(kind) is tuple:
        return "a list, separated by commas"
    names = {int: "a whole number", float: "a number", Path: "a path", str: "text"}
    return names[kind] + "".join(_bounds(field))


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)


def _bounds(field: FieldInfo) -> Iterator[str]:
    for rule in field.metadata:
        for attribute, words in (("gt", "more than"), ("ge", "at least"), ("le", "at most")):
            bound = getattr(rule, attribute, None)
            if bound is not None:
                yield f", {words} {bound}"


def commands_text() -> str:
    """Every command with its help, arguments and options, in Markdown."""
    group: Any = typer.main.get_command(main.app)
    return "\n".join(_pages(group, "main.py", 2))


def command_names() -> list[str]:
    """Every command as it is typed after ``main.py``, groups before their commands."""
    group: Any = typer.main.get_command(main.app)
    return [path.removeprefix("main.py ") for path, _ in _walk(group, "main.py")]


def command_options() -> dict[str, set[str]]:
    """The options of every command, by its name."""
    group: Any = typer.main.get_command(main.app)
    return {
        path.removeprefix("main.py "): {
            option for p in command.params for option in (*p.opts, *p.secondary_opts)
        }
        for path, command in _walk(group, "main.py")
    }


def _walk(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    context = group.make_context(path, [], resilient_parsing=True)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield f"{path} {name}", command
        if hasattr(command, "list_commands"):
            yield from _walk(command, f"{path} {name}")


def _pages(group: Any, path: str, level: int) -> Iterator[str]:
    for name, command in _walk(group, path):
        depth = level + name.count(" ") - 1
        yield from (f"{'#' * depth} {name}", "", inspect.cleandoc(command.help or ""), "")
        if hasattr(command, "list_commands") and not command.invoke_without_command:
            continue
        parameters = [p for p in command.params if p.name != "help"]
        yield from (f"    {_usage(name, parameters)}", "")
        if parameters:
            yield from ("| | default | meaning |", "|---|---|---|")
            yield from map(_row, parameters)
            yield ""


def _usage(name: str, parameters: list[Any]) -> str:
    words = [name]
    if any(p.param_type_name == "option" for p in parameters):
        words.append("[OPTIONS]")
    for p in parameters:
        if p.param_type_name == "argument":
            word = p.name.upper() + ("…" if p.nargs != 1 else "")
            words.append(word if p.required else f"[{word}]")
    return " ".join(words)


def _row(p: Any) -> str:
    if p.param_type_name == "argument":
        name = f"`{p.name.upper()}`"
    else:
        value = "" if p.is_flag else f" {_value_name(p)}"
        names = [f"`{option}{value}`" for option in p.opts]
        names += [f"`{option}`" for option in p.secondary_opts]
        name = ", ".join(names)
    return f"| {name} | {_option_default(p)} | {_cell(p.help or '')} |"


def _value_name(p: Any) -> str:
    return str(p.metavar or p.name.upper().replace("AS_", ""))


def _option_default(p: Any) -> str:
    if p.required:
        return "required"
    if p.default is None or p.default in (False, ""):
        return ""
    if getattr(p, "is_flag", False):
        return f"`{p.opts[0]}`"
    return f"`{p.default}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def replace(page: str, text: str) -> str:
    """``page`` with ``text`` between the two marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("The page lacks the marks of its generated part.")
    return f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}"


PAGES: dict[str, Callable[[], str]] = {"settings.md": settings_text, "commands.md": commands_text}


def write() -> None:
    """Bring the generated parts of the pages up to date."""
    for name, text in PAGES.items():
        path = DOCS / name
        path.write_text(replace(path.read_text("utf-8"), text()), "utf-8")


if __name__ == "__main__":
    write()
