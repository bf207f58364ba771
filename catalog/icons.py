"""Which picture of `shop/icons.svg` stands for a type of product."""

from catalog.naming import words

# By the first words that types of a grocery begin with, in Polish and English.
_PICTURES = {
    "milk": ("nabial", "mlek", "jaj", "ser", "dairy", "milk", "cheese", "egg"),
    "bread": ("pieczyw", "chleb", "bul", "bread", "baker", "bak"),
    "chocolate": ("slodycz", "czekolad", "cukier", "choc", "sweet", "cand"),
    "bag": ("produkt", "sypk", "mak", "kasz", "przypraw", "sugar", "flour", "spice", "grain"),
    "carrot": ("warzyw", "vegetable", "veg"),
    "apple": ("owoc", "fruit"),
    "ham": ("mies", "wedlin", "meat", "ham", "sausage"),
    "fish": ("ryb", "fish"),
    "bottle": ("napo", "wod", "sok", "drink", "beverage", "juice"),
    "jar": ("przetwor", "miod", "dzem", "preserve", "jam", "honey", "can"),
    "bowl": ("dani", "gotow", "zup", "meal", "soup", "ready"),
}


def icon_of(kind: str) -> str:
    """Return the name of the picture for a type: "nabiał" -> milk; a basket for strange ones."""
    for word in words(kind):
        for picture, beginnings in _PICTURES.items():
            if word.startswith(beginnings):
                return picture
    return "basket"
