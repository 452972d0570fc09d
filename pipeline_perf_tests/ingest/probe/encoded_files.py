"""Telephone records in many encodings: digits for the most part, with a few names among them;
seeded.

The words are for measuring only. Nothing in the package may be fitted to them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

FRENCH_AND_GERMAN = (
    "Bébé Lémont", "Orléans", "Besançon", "Angoulême", "Béziers", "Nîmes", "Evêque",
    "Héloïse Marchand", "Hôtel Dieu", "Saint-Brieuc gare",
    "Göttingen", "Lübeck", "Düsseldorf", "Würzburg", "Jörg Schäfer", "Bäckerei Müller", "Straße 4",
    "Käthe Grünwald", "Fürth", "Höchst",
)  # fmt: skip
IBERIAN = (
    "Cádiz", "Córdoba", "Málaga", "A Coruña", "León", "Ávila", "Peñíscola", "María Ibáñez", "Íñigo",
    "Logroño",
    "Évora", "Guimarães", "Setúbal", "Conceição", "João Magalhães", "Viseu estação",
    "Tomás Gonçalves",
    "Bragança", "Chão da Parada", "Óbidos",
)  # fmt: skip
NORDIC = (
    "Göteborg", "Västerås", "Örebro", "Linköping", "Tromsø", "Ålesund", "Bodø", "Ærø", "Århus",
    "Jyväskylä",
    "Hämeenlinna", "Sørensen", "Lars Bøgh", "Åsa Sjöström", "Märta Öberg", "Kjærsti", "Hjørring",
    "Umeå", "Luleå", "Skövde",
)  # fmt: skip
WESTERN = FRENCH_AND_GERMAN + IBERIAN + NORDIC
DOS = tuple(word for word in WESTERN if word.encode("cp437", "ignore").decode("cp437") == word)
POLISH = (
    "Kraków", "Gdańsk", "Poznań", "Białystok", "Częstochowa", "Rzeszów", "Wałbrzych",
    "Bielsko-Biała", "Zdzisław Wójcik", "Świętochłowice",
    "Małgorzata", "Żyrardów", "Elbląg", "Jerzy Dąbrowski", "Tychy dworzec główny", "Grażyna",
    "Słupsk", "Chełm", "Nowy Sącz", "Puławy",
)  # fmt: skip
CZECH_AND_SLOVAK = (
    "Plzeň", "Hradec Králové", "Ústí nad Labem", "České Budějovice", "Jiří Dvořák",
    "Olomouc hlavní", "Přerov", "Třebíč", "Zdeněk",
    "Písek město",
    "Košice", "Žilina", "Banská Bystrica", "Trenčín", "Ľubomír", "Poprad nádražie", "Růžena",
    "Šumperk", "Chomutov střed", "Děčín",
)  # fmt: skip
HUNGARIAN = (
    "Győr", "Székesfehérvár", "Kecskemét", "Nyíregyháza", "Szombathely fő", "Erzsébet", "Gyöngyös",
    "Vác külső", "Gödöllő", "László",
    "Hódmezővásárhely", "Kőszeg", "Béla Kovács", "Dunaújváros", "Érd", "Tatabánya", "Zsófia Szűcs",
    "Ózd", "Mosonmagyaróvár", "Ibolya Tóth",
)  # fmt: skip
TURKISH = (
    "İstanbul", "İzmir", "Eskişehir", "Muğla", "Diyarbakır", "Şanlıurfa", "Balıkesir", "Kırıkkale",
    "Ayşe Yıldız", "Gökçe",
    "Uğur Çelik", "Kütahya", "Nevşehir", "Çanakkale", "Iğdır", "Tekirdağ", "Muş", "Kadıköy",
    "Beşiktaş", "Üsküdar",
)  # fmt: skip
BALTIC = (
    "Šiauliai", "Panevėžys", "Klaipėda", "Marijampolė", "Žydrūnas", "Kėdainiai", "Utenos stotis į",
    "Rīga", "Liepāja", "Jūrmala",
    "Daugavpils pilsēta",
    "Jānis Kalniņš", "Valmiera ceļš", "Ogres iela 4 ķ", "Pēteris", "Visaginas ų", "Rēzekne",
    "Cēsis", "Tukums ģ", "Alytus ąžuolas",
)  # fmt: skip
RUSSIAN = (
    "Новосибирск", "Екатеринбург", "Казань", "Челябинск", "Самара", "Ростов-на-Дону", "Красноярск",
    "Ольга Смирнова", "Воронеж", "Дмитрий",
    "Пермь", "Волгоград", "Тюмень", "Иркутск", "Хабаровск", "Юрий Кузнецов", "Ярославль",
    "Оренбург", "Рязань", "Астрахань",
)  # fmt: skip
GREEK = (
    "Θεσσαλονίκη", "Πάτρα", "Ηράκλειο", "Λάρισα", "Βόλος", "Ιωάννινα", "Χανιά",
    "Γιώργος Παπαδόπουλος", "Ρόδος", "Καβάλα",
    "Σέρρες", "Μαρία", "Κέρκυρα", "Τρίκαλα", "Ελένη Νικολάου", "Ξάνθη", "Κομοτηνή", "Δράμα",
    "Κοζάνη", "Καλαμάτα",
)  # fmt: skip
JAPANESE = (
    "横浜市港北区",
    "名古屋駅前",
    "札幌支店",
    "さいたま市",
    "仙台営業所",
    "渡部健一",
    "ナカムラ",
    "長崎県",
    "八王子",
    "浜松",
    "高松",
    "吉川恵",
    "コールセンター",
    "福岡本社",
    "金沢",
    "岡田由美子",
    "大宮",
    "フリーダイヤル",
    "神戸三宮",
    "松江",
)
SIMPLIFIED = (
    "广州",
    "南京分公司",
    "武汉",
    "西安",
    "郑州市",
    "长沙",
    "刘建国",
    "陈晓明",
    "沈阳",
    "苏州工业园",
    "青岛",
    "宁波",
    "客服中心",
    "赵丽华",
    "合肥",
    "福州",
    "石家庄",
    "哈尔滨",
    "昆明",
    "周伟",
)
TRADITIONAL = (
    "高雄",
    "臺中市",
    "桃園機場",
    "新竹",
    "嘉義縣",
    "屏東",
    "基隆",
    "林志明",
    "黃美玲",
    "九龍塘",
    "板橋分店",
    "花蓮",
    "客戶服務",
    "宜蘭",
    "彰化",
    "張家豪",
    "銅鑼灣",
    "南投",
    "劉德成",
    "沙田",
)
KOREAN = (
    "대전", "광주광역시", "수원", "울산", "창원시", "고양", "용인", "박지훈", "최수진", "청주",
    "전주", "천안", "고객센터", "김민준", "포항", "제주", "안산", "이서연", "정우성", "의정부",
)  # fmt: skip

#: Codec and the words that it is used for. Marks are those that Python's codec writes.
ENCODINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("utf-8", WESTERN), ("utf-8-sig", POLISH), ("utf-16", WESTERN), ("utf-16-le", WESTERN),
    ("utf-16-be", CZECH_AND_SLOVAK),
    ("utf-32", WESTERN), ("utf-32-le", POLISH), ("utf-32-be", RUSSIAN),
    ("cp1252", FRENCH_AND_GERMAN), ("cp1252", IBERIAN), ("latin-1", NORDIC), ("latin-1", IBERIAN),
    ("iso8859-15", FRENCH_AND_GERMAN),
    ("mac-roman", FRENCH_AND_GERMAN), ("mac-roman", IBERIAN), ("cp850", WESTERN), ("cp437", DOS),
    ("cp1250", POLISH), ("cp1250", CZECH_AND_SLOVAK), ("cp1250", HUNGARIAN),
    ("iso8859-2", POLISH), ("iso8859-2", CZECH_AND_SLOVAK), ("iso8859-2", HUNGARIAN),
    ("cp852", POLISH), ("cp852", HUNGARIAN),
    ("cp1254", TURKISH), ("iso8859-9", TURKISH), ("cp857", TURKISH), ("cp1257", BALTIC),
    ("cp1251", RUSSIAN), ("koi8-r", RUSSIAN), ("cp866", RUSSIAN), ("iso8859-5", RUSSIAN),
    ("cp1253", GREEK), ("iso8859-7", GREEK),
    ("shift_jis", JAPANESE), ("euc-jp", JAPANESE), ("gb18030", SIMPLIFIED), ("big5", TRADITIONAL),
    ("euc-kr", KOREAN),
)  # fmt: skip


@dataclass(frozen=True)
class EncodedFile:
    codec: str
    text: str

    @property
    def data(self) -> bytes:
        return self.text.encode(self.codec)


def encoded_file(codec: str, words: tuple[str, ...], rng: random.Random) -> EncodedFile:
    """A file of 40 to 400 records, of which 4 to 24 have a name."""
    lines = rng.randint(40, 400)
    named = set(rng.sample(range(lines), rng.randint(4, 24)))
    delimiter = rng.choice(",;|\t")
    cells = rng.random() < 0.5
    rows = (
        [delimiter.join(("start", "from", "to", "seconds", "place"))] if rng.random() < 0.7 else []
    )
    for i in range(lines):
        day, clock = (
            f"2023-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
            [rng.randint(0, 59) for _ in range(3)],
        )
        start = f"{day} {clock[0] % 24:02d}:{clock[1]:02d}:{clock[2]:02d}"
        numbers = [f"2125550{rng.randint(100, 199)}" for _ in range(2)]
        word = rng.choice(words) if i in named else rng.choice(("", "LOCAL", "TOLL FREE", "MOBILE"))
        if not cells and i in named and rng.random() < 0.2:
            word = (
                word.upper()
                if word.upper()
                .encode(codec, "ignore")
                .decode(codec, "ignore")
                .removeprefix("\ufeff")
                == word.upper()
                else word
            )
        rows.append(delimiter.join((start, *numbers, str(rng.randint(0, 7200)), word)))
    newline = rng.choice(("\n", "\r\n"))
    return EncodedFile(codec, newline.join([*rows, ""]))
