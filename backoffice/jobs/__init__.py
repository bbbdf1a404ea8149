"""Jobs: what cron or systemd starts, what became of each run, and what should have run and did not.

Begin with running. records keeps the runs, schedule knows when each job is due, and watching finds
what is late or hangs, from within other jobs and from the web.
"""

from backoffice.jobs.running import run_job

__all__ = ["run_job"]
