"""The audit trail: who did what, when, from where, and what it was before.

Nothing is written here. The entries stand where they came about: in the tables of history, in the
security log, and in rows that are added and never change. Each such table is a source; histories
are sources by themselves, others are registered (sources). An entry is found by its place, its
moment and its key, in all sources at once (reading), narrowed by a form (filters) or by an object
(objects), and told in words (entries). Start with views.
"""
