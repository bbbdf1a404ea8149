"""Pictures of other sites, fetched and kept as if somebody had uploaded them.

weblog.pictures.fetching speaks to the other site, in a process of its own that is ended if the site
takes too long. What it sends is decoded and written anew like every upload.
"""

import io

from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from backoffice.bounded import BoundReached, Bounds, Unreadable, run_bounded
from weblog.errors import PictureRefused
from weblog.models import Picture
from weblog.pictures.fetching import MAX_BYTES
from weblog.pictures.preparing import encode_picture

# Of a processor; by the clock thrice as much, which ends a site that answers drop by drop.
BOUNDS = Bounds(seconds=5, memory=300_000_000, answer=MAX_BYTES)
MOST_CHARACTERS = 2_000  # of an address


def fetch_file(address: str) -> ContentFile:
    """Return the picture at `address` of another site, written anew. Raises PictureRefused.

    Not within a transaction: it may take a quarter of a minute.
    """
    if len(address) > MOST_CHARACTERS:
        raise PictureRefused("Its address is too long.")
    try:
        with run_bounded(
            "weblog.pictures.fetching:run_apart",
            io.BytesIO(address.encode(errors="replace")),
            what="The picture",
            advice="Save it on your own computer, and upload it from there.",
            bounds=BOUNDS,
        ) as answer:
            return encode_picture(ContentFile(answer.read()))
    except (BoundReached, Unreadable) as error:
        raise PictureRefused(str(error)) from error


def fetch_picture(*, address: str, alt_text: str, by: User) -> Picture:
    """Keep the picture at `address` of another site. Raises PictureRefused."""
    file = fetch_file(address)
    longest = Picture._meta.get_field("alt_text").max_length
    picture = Picture(file=file, alt_text=alt_text.strip()[:longest], uploaded_by=by)
    picture.save()
    return picture
