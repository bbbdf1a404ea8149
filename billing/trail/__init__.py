"""What the audit trail tells of money beside histories: results, files, disputes, runs, sums.

Each module registers its sources; `objects` says what stands on the page of a batch or a payment,
`units` how amounts, views and months are written. Without this app the trail has none of it.
"""

from billing.trail import batches, disputes, files, objects, runs, seals, units


def offer_trail() -> None:
    batches.offer_batches()
    files.offer_files()
    runs.offer_runs()
    disputes.offer_disputes()
    seals.offer_seals()
    objects.offer_relations()
    units.offer_units()
