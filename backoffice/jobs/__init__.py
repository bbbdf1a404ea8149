"""Jobs: the commands that cron or systemd starts, the records of runs, and missed runs.

Start with running. records stores the runs, schedule knows when each job is due. watching finds
late and hanging jobs, from inside other jobs and from the web. machines lets one of several have a
job.
"""

from backoffice.jobs.running import run_job

__all__ = ["run_job"]
