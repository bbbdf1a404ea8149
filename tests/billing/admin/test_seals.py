import pytest

from billing.models import PayoutBatch, Seal
from tests.billing.batches import AT, make_batch
from tests.billing.pages import count_queries

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

Status = PayoutBatch.Status
LIST = "/admin/billing/seal/"


@pytest.mark.thorough
def test_chain_is_read_link_by_link(client, sign_in):
    batch = make_batch(Status.PAID)
    sign_in("Auditors")
    text = client.get(LIST).text
    for seal in Seal.objects.all():
        assert seal.hash[:16] in text
        page = client.get(f"{LIST}{seal.pk}/change/").text
        for part in (seal.hash, seal.previous_hash, str(batch)):
            assert part in page
    assert batch.digest in client.get(f"{LIST}{Seal.objects.first().pk}/change/").text


def test_content_that_is_broken_is_shown_as_it_stands(client, sign_in):
    batch = make_batch()
    seal = Seal.objects.create(
        number=1, kind="approval", batch=batch, content="{<b>", previous_hash="0", hash="1", at=AT
    )
    sign_in("Auditors")
    assert "{&lt;b&gt;" in client.get(f"{LIST}{seal.pk}/change/").text


@pytest.mark.thorough
def test_list_costs_the_same_for_2_and_20_seals(client, sign_in):
    batch = make_batch()
    sign_in("Auditors")

    def add(number):
        Seal.objects.create(
            number=number, kind="settlement", batch=batch, content="{}", hash=str(number), at=AT
        )

    for number in range(2):
        add(number)
    client.get(LIST)
    queries = count_queries(client, LIST)
    for number in range(2, 20):
        add(number)
    assert count_queries(client, LIST) == queries


@pytest.mark.thorough
def test_seals_are_found_by_number_and_by_how_the_hash_begins(client, sign_in):
    make_batch(Status.PAID)
    sign_in("Auditors")
    first, second = Seal.objects.order_by("number")[:2]

    def find(query):
        return list(client.get(LIST, {"q": query}).context["cl"].result_list)

    assert second in find("2")
    assert find(first.hash[:20]) == [first]
    assert find("=2") == []


def test_empty_list_says_what_makes_the_first_seal(client, sign_in):
    sign_in("Auditors")
    assert "first approval" in client.get(LIST).text


@pytest.mark.thorough
@pytest.mark.parametrize("page", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_not_even_a_superuser_changes_a_seal(client, sign_in, page):
    make_batch(Status.APPROVED)
    sign_in("Superusers")
    url = f"{LIST}{page.format(pk=Seal.objects.get().pk)}"
    assert client.post(url, {"content": "{}", "post": "yes"}).status_code == 403
