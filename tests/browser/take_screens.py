"""`make screenshots`: every page of every role, light and dark, at a desk and on a phone.

One picture a page: the desk in both themes, then the phone in both. Pages that look the same for
two roles share one. What was taken lies in docs/screens, with a list of it.
"""

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.pages import THEMES
from tests.browser.walk import READERS, ROLES, find_person, give_session, list_pages, show

FOLDER = Path(os.environ.get("SCREENS", "var/screens"))
# Of each screen: its size, how far down it is shown, and the scale in the picture.
SCREENS = [((1440, 900), 1500, 0.4), ((390, 844), 1070, 0.56)]
GAP = 8
QUALITY = 25
# What the README shows, whole: page of a role, screen, theme.
BEST = {
    ("Finance", "billing_payoutbatch_change-draft", 1440, "light"): "batch",
    ("Finance", "index", 1440, "light"): "home",
    ("Finance", "billing_categoryprice_changelist", 1440, "light"): "prices",
    ("Auditors", "backoffice_audittrail_changelist", 1440, "dark"): "audit",
    ("Editors", "weblog_review_changelist", 1440, "light"): "review",
    ("Approvers", "billing_payoutbatch_change-draft", 390, "light"): "batch-phone",
}


@pytest.fixture
def dollars(settings):
    """The currency of the demo as `make run` shows it."""
    settings.CURRENCY = "USD"


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("role", [*ROLES, READERS])
def test_take(role, dollars, demo, browser, browser_context_args, live_server):
    only = os.environ.get("ONLY", "")  # an expression for names of pages; without it all
    context = browser.new_context(**browser_context_args, reduced_motion="reduce")
    if person := find_person(role):
        give_session(context, person, live_server.url)
    page = context.new_page()
    folder = FOLDER / role.lower().replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    for shown in list_pages(role, only, most_rows=1):
        (folder / f"{shown.name}.looks").write_text(shown.looks)
        is_best = any((role, shown.name) == best[:2] for best in BEST)
        if not is_first(shown.looks) and not is_best:
            continue
        show(page, live_server.url, shown)
        pictures = []
        kind = "png" if is_best else "jpeg"  # a PNG takes thrice as long
        for place, whole, scale in take_pictures(page, shown.is_dialog, kind):
            if best := BEST.get((role, shown.name, *place)):
                whole.quantize(128).save(FOLDER / f"{best}.png", optimize=True)
            size = [round(side * scale) for side in whole.size]
            pictures.append(whole.resize(size, Image.Resampling.LANCZOS))
        picture = join_pictures(pictures)
        picture.save(folder / f"{shown.name}.webp", quality=QUALITY)
    context.close()


def is_first(looks):
    """Return whether nobody has taken this yet, for another role or in another process."""
    taken = FOLDER / "taken"
    taken.mkdir(exist_ok=True)
    try:
        (taken / looks).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def take_pictures(page, is_dialog, kind):
    """Yield the page on each screen in each theme: where that is, the picture, its scale."""
    for (width, height), most, scale in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_timeout(150)  # what turns dark, and charts, take a moment
            # A dialog lies over what of the page is in view.
            high = 0 if is_dialog else page.evaluate("document.documentElement.scrollHeight")
            # The screen as high as what is shown: what stays at its foot lies there, not midway.
            page.set_viewport_size({"width": width, "height": max(height, min(high, most))})
            taken = page.screenshot(type=kind, quality=95 if kind == "jpeg" else None)
            page.set_viewport_size({"width": width, "height": height})
            yield (width, theme), Image.open(BytesIO(taken)).convert("RGB"), scale
    page.set_viewport_size({"width": 1440, "height": 900})


def join_pictures(pictures):
    width = sum(one.width + GAP for one in pictures) - GAP
    joined = Image.new("RGB", (width, max(one.height for one in pictures)), "#8a9499")
    x = 0
    for one in pictures:
        joined.paste(one, (x, 0))
        x += one.width + GAP
    return joined
