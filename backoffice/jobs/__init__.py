"""Jobs: the commands that cron or systemd starts, the records of runs, and missed runs.

Begin with running. records keeps the runs, schedule knows when each job is due, and watching finds
what is late or hangs, from within other jobs and from the web.
"""

from backoffice.jobs.running import run_job

__all__ = ["run_job"]
