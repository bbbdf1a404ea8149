"""Times of day in 24 hours, where Django's own (6.1) say 2:57 p.m."""

DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
