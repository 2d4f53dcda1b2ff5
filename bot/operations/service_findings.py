"""What the doctor finds of the parts that should always run."""

from collections import Counter
from datetime import datetime

from sqlalchemy.orm import Session

from bot.operations.checks import not_running
from bot.operations.findings import Finding, State
from bot.runtime.system_clock import TOLERANCE
from bot.service_states import clock_sentence, is_left_behind
from storage.queries.services import all_services
from storage.tables import Service
from storage.types import ServiceState


def service_findings(session: Session, now: datetime) -> list[Finding]:
    """A line for each part that does not run, had a fault, or whose clock differs from ours.

    Parts of a process that was killed count only where they had stopped for good: why is still
    worth knowing.
    """
    services = [
        each
        for each in all_services(session)
        if each.state is ServiceState.STOPPED or not is_left_behind(each, now)
    ]
    names = Counter(each.name for each in services)
    found = []
    for each in services:
        part = each.name
        if names[part] > 1:
            # Several processes share the database.
            part = f"{part}, process {each.process.split(' ')[1]}"
        found += _findings_of(each, part, now)
    return found


def _findings_of(service: Service, part: str, now: datetime) -> list[Finding]:
    found = []
    if service.state is not ServiceState.RUNNING:
        found.append(not_running(part, service.state, service.changed_at, service.error, now))
    elif service.error is not None and service.error_at is not None:
        when = f"{service.error_at:%Y-%m-%d %H:%M} UTC"
        sentence = f"It runs. Its last fault was on {when}: {service.error}."
        found.append(Finding(part, State.WELL, sentence))
    if service.clock_ahead is not None and abs(service.clock_ahead) > TOLERANCE:
        title = service.name.partition(" ")[0].capitalize()
        found.append(Finding("clock", State.LOOK, clock_sentence(title, service.clock_ahead)))
    return found
