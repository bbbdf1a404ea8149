"""Views that go through NATS JetStream, if VIEWS_BROKER names one; without it, none of this runs.

A web process numbers its views (marks) and publishes them (publishing, by client). consume_views
takes them in (intake, consuming), and gaps says which numbers are missing. Start with publishing.
"""
