"""How products look on pages."""

from django import template

from catalog.icons import icon_of
from catalog.money import money

register = template.Library()
register.filter("money", money)
register.filter("icon", icon_of)
