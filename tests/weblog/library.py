"""Two pictures of the library, without their files."""

from weblog.models import Picture

FLAG, MAP = "/media/pictures/2026/11/flag.png", "/media/pictures/2026/11/map.png"


def make_picture(user, url=FLAG, **values):
    file = url.removeprefix("/media/")
    values = {"alt_text": "A red flag", "uploaded_by": user, "width": 60, "height": 40} | values
    picture = Picture(file=file, **values)
    Picture.objects.bulk_create([picture])
    return Picture.objects.get(file=file)
