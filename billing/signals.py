"""What happened to the money, for whoever tells people of it."""

from django.dispatch import Signal

# `batch`. Sent in the transaction of the last signature.
batch_approved = Signal()

# `batch`, `seal`: that of the new PaymentResults. Sent in the transaction that records them.
results_recorded = Signal()

# `dispute`. Sent in the transaction in which the author asks.
dispute_opened = Signal()

# `answer`. Sent in the transaction of the answer, also when the author takes the question back.
dispute_answered = Signal()
