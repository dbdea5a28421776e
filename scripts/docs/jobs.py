"""docs/jobs.md: what workers do again and again, and what becomes of it when something fails."""

from scripts.docs.markdown import page, table
from workers.jobs import HOUR, INCIDENTS, JOBS


def render() -> str:
    """The page."""
    rows = [
        (f"`{job.name}`", job.does, _duration(job.every), _duration(job.seconds), job.late)
        for job in JOBS
    ]
    return page(
        "The workers' jobs",
        "workers/jobs.py",
        "A worker drains the event streams all the time, and runs these jobs by arq. No job carries "
        "anything of value in the queue: each decides from SQL what is due. So a missed tick, a killed "
        "worker or an emptied queue only delays, and to run a job twice changes nothing.",
        table(("job", "does", "every", "at most", "while it does not run"), rows),
        table(("what happens", "then"), [(incident.what, incident.then) for incident in INCIDENTS]),
        "Jobs stand in the queue as JSON: nothing that somebody puts there is run as code.",
    )


def _duration(seconds: int) -> str:
    return f"{seconds // HOUR} h" if seconds % HOUR == 0 else f"{seconds} s"
