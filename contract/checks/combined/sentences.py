"""A sentence and a question in each language of the model card, and odd letters."""

# ruff: noqa: RUF001  # look-alike letters are intended
from __future__ import annotations

import unicodedata
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

# Why ice floats, in each of these languages: the reply needs words and no formula.
QUESTIONS: Mapping[str, str] = {
    "English": "Why does ice float on water? Explain it in two sentences.",
    "French": "Pourquoi la glace flotte-t-elle sur l'eau ? Explique en deux phrases.",
    "German": "Warum schwimmt Eis auf dem Wasser? Erkläre es in zwei Sätzen.",
    "Greek": "Γιατί επιπλέει ο πάγος στο νερό; Εξήγησέ το σε δύο προτάσεις.",
    "Hindi": "बर्फ पानी पर क्यों तैरती है? दो वाक्यों में समझाइए।",
    "Indonesian": "Mengapa es mengapung di atas air? Jelaskan dalam dua kalimat.",
    "Italian": "Perché il ghiaccio galleggia sull'acqua? Spiegalo in due frasi.",
    "Japanese": "なぜ氷は水に浮くのですか。二文で説明してください。",
    "Korean": "왜 얼음은 물 위에 뜨나요? 두 문장으로 설명해 주세요.",
    "Malay": "Mengapakah ais terapung di atas air? Terangkan dalam dua ayat.",
    "Nepali": "बरफ पानीमा किन तैरिन्छ? दुई वाक्यमा बुझाउनुहोस्।",
    "Polish": "Dlaczego lód pływa po wodzie? Wyjaśnij to w dwóch zdaniach.",
    "Portuguese": "Por que o gelo flutua na água? Explique em duas frases.",
    "Romanian": "De ce plutește gheața pe apă? Explică în două propoziții.",
    "Russian": "Почему лёд плавает на воде? Объясни это в двух предложениях.",
    "Serbian": "Зашто лед плута на води? Објасни то у две реченице.",
    "Spanish": "¿Por qué flota el hielo en el agua? Explícalo en dos frases.",
    "Turkish": "Buz neden suyun üzerinde yüzer? İki cümleyle açıkla.",
    "Ukrainian": "Чому лід плаває на воді? Поясни це двома реченнями.",
    "Vietnamese": "Tại sao nước đá nổi trên mặt nước? Giải thích bằng hai câu.",
    "Arabic": "لماذا يطفو الجليد على الماء؟ اشرح ذلك في جملتين.",
    "Bengali": "বরফ কেন পানিতে ভাসে? দুটি বাক্যে ব্যাখ্যা করো।",
    "Chinese": "为什么冰会浮在水面上？请用两句话解释。",
    "Farsi": "چرا یخ روی آب شناور می‌ماند؟ در دو جمله توضیح بده.",
}

# Written as escapes, because editors do not display these characters.
RIGHT_TO_LEFT = "\u202bمُحَمَّدٌ\u202c \u2067שָׁלוֹם\u2069 abc\u200f (123)"
EMOJI = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 "
    "\U0001f44b\U0001f3fd \U0001f1fa\U0001f1e6 1\ufe0f\u20e3 "
    "\U0001f3f4\u200d\u2620\ufe0f \u2764\ufe0f\u200d\U0001f525"
)
ASTRAL = "𠮷野家 𝔐𝔞𝔤𝔦𝔰 𐌰𐍄𐍄𐌰 𝄞 𓂀 🀄"
MIXED = "Пaypal ｆｕｌｌ 東京 x²+½ ﬁn Ωmega ℌ भारत"
INVISIBLE = (
    "one\u200b two\ufeff three\u2028 four\u2029 five\u00ad six\u2060 seven\u0085 eight"
)
_ACCENTS = "Trời đẹp lắm, Ångström größer, café, naïve, 가나다"
COMPOSED = unicodedata.normalize("NFC", _ACCENTS)
DECOMPOSED = unicodedata.normalize("NFD", _ACCENTS)
