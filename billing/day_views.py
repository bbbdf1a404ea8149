"""The views of each day of a month, in the form that payment lines store: “1:12 2:40”."""


def format_days(views_by_day: dict[int, int]) -> str:
    """Return {1: 12, 2: 40} as “1:12 2:40”, sorted by day. Leaves out days without views."""
    return " ".join(f"{day}:{views}" for day, views in sorted(views_by_day.items()) if views)


def parse_days(text: str) -> dict[int, int]:
    """Return “1:12 2:40” as {1: 12, 2: 40}: the views of each day of the month."""
    pairs = (part.split(":") for part in text.split())
    return {int(day): int(views) for day, views in pairs}
