"""The way of a text to its readers: written, reviewed, published, changed, archived.

Start in workflow.py, which alone moves a blog. new_texts.py keeps the next text of a live blog and
schedule.py puts it live at its time; readiness.py and moves.py say what to know before that,
ownership.py who may not. versions.py brings an earlier text back, comparison.py shows two.
"""
