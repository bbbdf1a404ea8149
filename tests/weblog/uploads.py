"""Takes a file of blogs through the pages of an import."""

from django.core.files.uploadedfile import SimpleUploadedFile

URL = "/admin/weblog/blog/import/"


def upload(client, data, *, url=URL, name="blogs.csv"):
    data = data if isinstance(data, bytes) else data.encode()
    return client.post(url, {"step": "preview", "file": SimpleUploadedFile(name, data)})


def confirm(client, *, url=URL):
    waiting = client.session.get(f"upload:{url}", {})
    return client.post(url, {"step": "confirm", "name": waiting.get("name", "")}, follow=True)


def bring_in(client, data, **options):
    assert upload(client, data, **options).context.get("problems") == []
    return confirm(client, url=options.get("url", URL))
