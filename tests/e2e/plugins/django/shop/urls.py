from django.http import JsonResponse
from django.urls import path

from shop.models import Item


def prices(request):
    return JsonResponse({item.name: item.price for item in Item.objects.order_by("name")})


urlpatterns = [path("prices/", prices)]
