"""From a reader's click to a counted view, by the COUNTER Code of Practice.

A view is recorded (recording, clicks; readers and robots say whose it is), kept on this machine
where the database is away (spool, losses), told from double_clicks, and added up (folding).
Logs come in by access_logs. retention destroys what is told of readers, recounting counts again,
and equation asks whether every view stands somewhere, once. Start with clicks, then folding.
"""
