"""Every page of every role: sound for screen readers, as wide as the screen, without an error."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.pages import assert_fits, note_errors
from tests.browser.walk import READERS, ROLES, find_person, give_session, list_pages, show

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(3000)]

LOOKS = [((1440, 900), "light"), ((390, 844), "dark")]


@pytest.fixture(scope="session")
def seen():
    """What was looked at for another role already."""
    return set()


@pytest.mark.parametrize("role", [*ROLES, READERS])
def test_every_page_is_sound_and_fits(
    role, demo, browser, browser_context_args, live_server, seen, some_of
):
    context = browser.new_context(**browser_context_args, reduced_motion="reduce")
    if person := find_person(role):
        give_session(context, person, live_server.url)
    page, errors, faults = context.new_page(), note_errors(context), []
    for shown in some_of(list_pages(role), 8):
        if shown.looks in seen:
            continue
        seen.add(shown.looks)
        for (width, height), theme in LOOKS:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            show(page, live_server.url, shown)
            found = list(find_faults(page))
            if found:  # what comes in slowly may not have been there yet
                page.wait_for_timeout(1_000)
                found = list(find_faults(page))
            faults += [f"{shown.name} {width}: {fault}" for fault in found]
    context.close()
    assert not faults, "\n".join(faults)
    assert errors == []


def find_faults(page):
    try:
        assert_fits(page, tries=10)
    except AssertionError as error:
        yield f"too wide: {error}".partition("\n")[0]
    for found in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]:
        if found["impact"] in ("serious", "critical"):
            places = ", ".join(str(node["target"]) for node in found["nodes"][:3])
            yield f"{found['id']}: {places}"
