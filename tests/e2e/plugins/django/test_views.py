import os

import pytest
from django.db import connection
from django.test import TestCase

from shop.models import Item


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(10))
def test_starts_empty(number):
    assert Item.objects.count() == 0
    Item.objects.create(name="the only one", price=number)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(4))
def test_committed(number):
    Item.objects.create(name="committed", price=number)
    assert Item.objects.get().price == number


@pytest.mark.django_db
def test_view(client):
    Item.objects.create(name="pen", price=3)
    assert client.get("/prices/").json() == {"pen": 3}


@pytest.mark.django_db
def test_database_of_this_worker():
    name = os.path.basename(str(connection.settings_dict["NAME"]))
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    assert name == (f"test_shop.sqlite3_{worker}" if worker else "test_shop.sqlite3")


def test_no_database_unasked():
    with pytest.raises(RuntimeError):
        Item.objects.count()


class TestUnit(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.item = Item.objects.create(name="shared", price=1)

    def test_changes(self):
        self.item.price = 2
        self.item.save()

    def test_unchanged(self):
        self.assertEqual(Item.objects.get().price, 1)

    def test_fails(self):
        self.assertEqual(Item.objects.get().name, "unshared")
