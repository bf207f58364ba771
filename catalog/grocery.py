"""The goods of a Polish grocery, as many as are wanted: what `manage.py seed` sells.

The first ones are plain; after them come the same from other regions, in other qualities and in
larger packs, so that no two have the same name.
"""

from decimal import Decimal
from functools import lru_cache
from itertools import zip_longest

from catalog.events import ProductAdded

# Type: names with prices in grosze.
_SHELVES: dict[str, dict[str, int]] = {
    "nabiał": {
        "Mleko 3,2% 1 l": 429,
        "Mleko 2% 1 l": 379,
        "Masło ekstra 200 g": 799,
        "Jogurt naturalny 400 g": 349,
        "Kefir 1 l": 459,
        "Maślanka 1 l": 399,
        "Śmietana 18% 330 g": 419,
        "Twaróg półtłusty 250 g": 529,
        "Serek wiejski 200 g": 299,
        "Ser gouda 300 g": 1199,
        "Oscypek 150 g": 2490,
        "Jaja z wolnego wybiegu 10 szt.": 1399,
    },
    "pieczywo": {
        "Chleb żytni 500 g": 649,
        "Chleb pszenny 500 g": 449,
        "Chleb razowy ze słonecznikiem 450 g": 729,
        "Bułka kajzerka": 69,
        "Bagietka": 399,
        "Chałka 350 g": 599,
        "Rogal maślany": 299,
        "Obwarzanek z makiem": 350,
    },
    "słodycze": {
        "Czekolada mleczna 100 g": 549,
        "Czekolada gorzka 70% 100 g": 649,
        "Ptasie mleczko 380 g": 2199,
        "Krówki 250 g": 1099,
        "Pierniki w czekoladzie 200 g": 799,
        "Sezamki 27 g": 149,
        "Wafelki orzechowe 180 g": 599,
        "Żelki owocowe 200 g": 629,
        "Chałwa 100 g": 479,
    },
    "produkty sypkie": {
        "Cukier biały 1 kg": 379,
        "Cukier trzcinowy 500 g": 849,
        "Mąka pszenna 1 kg": 329,
        "Mąka żytnia 1 kg": 449,
        "Kasza gryczana 400 g": 499,
        "Kasza jaglana 400 g": 549,
        "Ryż biały 1 kg": 599,
        "Makaron świderki 500 g": 529,
        "Płatki owsiane 500 g": 359,
        "Sól kamienna 1 kg": 219,
        "Bułka tarta 500 g": 399,
    },
    "warzywa": {
        "Ziemniaki 2 kg": 699,
        "Marchew 1 kg": 349,
        "Pietruszka 500 g": 549,
        "Cebula 1 kg": 329,
        "Czosnek": 299,
        "Buraki 1 kg": 319,
        "Kapusta kiszona 500 g": 499,
        "Ogórki kiszone 500 g": 699,
        "Pomidory malinowe 500 g": 899,
        "Papryka czerwona 500 g": 849,
        "Pieczarki 400 g": 649,
        "Rzodkiewka, pęczek": 299,
    },
    "owoce": {
        "Jabłka szara reneta 1 kg": 499,
        "Gruszki konferencja 1 kg": 799,
        "Śliwki węgierki 1 kg": 699,
        "Truskawki 500 g": 999,
        "Borówki 250 g": 1199,
        "Maliny 250 g": 1299,
        "Wiśnie 1 kg": 1099,
        "Banany 1 kg": 599,
        "Cytryny 500 g": 449,
    },
    "mięso i wędliny": {
        "Kiełbasa śląska 500 g": 1599,
        "Kabanosy 120 g": 899,
        "Szynka wędzona 150 g": 949,
        "Boczek wędzony 250 g": 1149,
        "Pasztet pieczony 200 g": 799,
        "Filet z kurczaka 500 g": 1299,
        "Schab bez kości 500 g": 1249,
        "Parówki 250 g": 749,
    },
    "ryby": {
        "Śledź w oleju 250 g": 899,
        "Łosoś wędzony 100 g": 1699,
        "Makrela wędzona 300 g": 1299,
        "Szprotki w pomidorach 170 g": 599,
        "Filet z dorsza 300 g": 1999,
    },
    "napoje": {
        "Woda gazowana 1,5 l": 249,
        "Woda niegazowana 1,5 l": 229,
        "Sok jabłkowy 1 l": 549,
        "Sok z buraka 1 l": 799,
        "Kompot z suszu 1 l": 649,
        "Oranżada 1 l": 449,
        "Herbata czarna 100 torebek": 1199,
        "Kawa mielona 250 g": 1899,
        "Kawa zbożowa 150 g": 649,
    },
    "przetwory": {
        "Dżem truskawkowy 280 g": 649,
        "Powidła śliwkowe 290 g": 749,
        "Miód lipowy 400 g": 2299,
        "Miód gryczany 400 g": 2499,
        "Musztarda sarepska 185 g": 349,
        "Chrzan tarty 180 g": 449,
        "Majonez 400 g": 849,
        "Koncentrat pomidorowy 190 g": 499,
        "Groszek konserwowy 400 g": 429,
        "Barszcz czerwony 1 l": 899,
        "Żurek 500 ml": 699,
    },
    "dania gotowe": {
        "Pierogi ruskie 400 g": 1099,
        "Pierogi z kapustą i grzybami 400 g": 1199,
        "Gołąbki w sosie 500 g": 1349,
        "Bigos 500 g": 1499,
        "Flaki 500 g": 1399,
        "Kopytka 500 g": 849,
    },
}
# One of each shelf in turn, so that a small shop has something of everything.
_ROWS = zip_longest(*([(*g, shelf) for g in goods.items()] for shelf, goods in _SHELVES.items()))
_PLAIN = [goods for row in _ROWS for goods in row if goods is not None]
_REGIONS = [
    "",
    "z Mazur",
    "z Podlasia",
    "z Kaszub",
    "z Podhala",
    "z Kujaw",
    "z Roztocza",
    "z Wielkopolski",
    "z Mazowsza",
    "z Pomorza",
    "ze Śląska",
    "z Warmii",
    "z Bieszczad",
]
# Qualities with the percentage that they add to the price, packs with the pieces in them.
_QUALITIES = [
    ("", 0),
    ("eko", 40),
    ("premium", 60),
    ("na co dzień", -10),
    ("domowe", 25),
    ("z małej wytwórni", 75),
    ("wyborowe", 50),
    ("z tradycją", 30),
    ("od święta", 90),
]
_PACKS = [
    ("", 1),
    ("dwupak", 2),
    ("trójpak", 3),
    ("czteropak", 4),
    ("sześciopak", 6),
    ("dziesięciopak", 10),
    ("karton", 12),
    ("skrzynka", 20),
    ("taca", 24),
]
VARIETY = len(_PLAIN) * len(_REGIONS) * len(_QUALITIES) * len(_PACKS)  # more than 100,000


@lru_cache(maxsize=10_000)  # purchases come back to the same ones
def product(number: int) -> ProductAdded:
    """Return the product of that number, from 0 on: always the same one."""
    rest, plain = divmod(number, len(_PLAIN))
    rest, region = divmod(rest, len(_REGIONS))
    rest, quality = divmod(rest, len(_QUALITIES))
    batch, pack = divmod(rest, len(_PACKS))
    name, grosze, shelf = _PLAIN[plain]
    attributes = (_REGIONS[region], _QUALITIES[quality][0], _PACKS[pack][0])
    parts = [name, *filter(None, attributes), *([f"partia {batch + 1}"] if batch else [])]
    total = grosze * (100 + _QUALITIES[quality][1]) * _PACKS[pack][1] // 100
    return ProductAdded(
        name=", ".join(parts),
        type=shelf,
        price=Decimal(total).scaleb(-2),
        unit=_PACKS[pack][0] or "szt.",
    )
