"""A short sentence in each language that Magistral's model card lists."""

# ruff: noqa: RUF001  # look-alike letters are intended
from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "English": "The bridge opens at seven.",
    "French": "Où est passé le garçon de café ?",
    "German": "Die Straße führt über große Hügel.",
    "Greek": "Η θάλασσα είναι ήσυχη σήμερα.",
    "Hindi": "नदी के किनारे एक पुराना पेड़ है।",
    "Indonesian": "Kapal itu berlayar sebelum fajar.",
    "Italian": "La città è più bella di notte.",
    "Japanese": "駅の前でコーヒーを飲みました。",
    "Korean": "내일은 바람이 많이 불겠습니다.",
    "Malay": "Rumah kayu itu menghadap sawah.",
    "Nepali": "हिमालमा बिहानै घाम लाग्यो।",
    "Polish": "Żółta łódź płynie w stronę słońca.",
    "Portuguese": "A maçã caiu do caminhão às três.",
    "Romanian": "Băiatul își încălță ghetele în grabă.",
    "Russian": "Под мостом тихо течёт река.",
    "Serbian": "Људи чекају воз на киши.",
    "Spanish": "¿Mañana vendrá también el señor Núñez?",
    "Turkish": "Işıklar söndü, çocuk ağır ağır yürüdü.",
    "Ukrainian": "Її кішка їсть рибу біля ґанку.",
    "Vietnamese": "Trời mưa rất to ở phố cổ.",
    "Arabic": "تشرق الشمس خلف الجبل البعيد.",
    "Bengali": "নদীর ধারে একটি নৌকা বাঁধা।",
    "Chinese": "图书馆旁边有一家小面馆。",
    "Farsi": "او هر روز به باغ می‌رود و می‌خواند.",
}
