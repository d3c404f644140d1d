"""Titles by which persons are called, and words that stand before them and are no names.  Pure."""

from sipbot.gist_text import words


def _any(listed: str) -> str:
    """Return a pattern of the words of a list, the longest first."""
    return "|".join(sorted(words(listed), key=lambda word: (-len(word), word)))


# -- Japanese -------------------------------------------------------------------------------------

JA_TITLES = (
    _any(
        "さま ちゃん 先生 先輩 代表取締役 取締役 会長 副会長 理事長 副理事長 社長 副社長 専務 "
        "常務 監査役 本部長 副本部長 事業部長 部長 副部長 次長 課長 係長 主任 主査 班長 組長 "
        "局長 室長 所長 副所長 支店長 支社長 支部長 店長 副店長 工場長 院長 副院長 園長 校長 "
        "教頭 学長 塾長 館長 施設長 センター長 チーム長 グループ長 師長 教授 准教授 弁護士 "
        "税理士 会計士 弁理士 行政書士 司法書士 社労士 医師 監督 親方 棟梁 師匠 議員 市長 町長 "
        "村長 知事 刑事 夫妻 ご夫妻 夫人 マネージャー マネジャー リーダー チーフ オーナー "
        "ドクター 総理 首相"
    )
    + "|コーチ(?!ング)|さん(?!プル|ぽ|が丘)|様(?!子|式|々|替)|殿(?![一-鿿])"
    "|氏(?!名)|くん(?!れ|だり)|君(?![一-鿿])|代表(?![一-鿿])"
)
"""Called by these, after the name: 佐藤くん, 佐藤部長."""

JA_PUBLIC = words(
    # parts of organisations
    "現場 介護 看護 医療 福祉 相談 自治 町内 商店 同窓 国会 市議会 県議会 衆議院 参議院 名誉 "
    "営業 総務 経理 人事 財務 法務 広報 企画 開発 技術 製造 生産 品質 管理 購買 資材 物流 販売 "
    "業務 事業 事務 工事 設計 施工 設備 保守 保全 運用 情報 研究 経営 戦略 海外 国内 国際 地域 "
    "支店 本店 本社 支社 本部 支部 当社 弊社 御社 貴社 自社 他社 会社 株式会社 有限会社 店舗 "
    "工場 倉庫 学校 小学校 中学校 高校 高等学校 大学 幼稚園 保育園 病院 医院 歯科 内科 外科 "
    "小児科 眼科 皮膚科 耳鼻科 産婦人科 整形外科 診療所 薬局 役所 市役所 区役所 警察 消防 自治会 "
    "町内会 管理組合 組合 理事会 教室 本館 別館 第一 第二 第三 一課 二課 三課 一部 二部 "
    "水道 電気 電力 点検 修理 工務 保険 宅配 配送 配達 清掃 警備 建設 建築 塗装 造園 銀行 証券 "
    "税務署 保健所 児童 支援 訪問 送迎 受付 窓口 案内 不動産 "
    # posts and people
    "大工 八百屋 肉屋 魚屋 花屋 本屋 薬屋 電気屋 水道屋 不動産屋 床屋 酒屋 工務店 "
    "担当 担当者 責任者 代表 代理 主任 担任 院長 園長 校長 教頭 部長 課長 係長 店長 社長 会長 "
    "専務 常務 顧問 公認 主治医 担当医 医者 歯医者 看護師 店員 業者 大家 家主 管理人 管理者 仲介 "
    "職人 患者 利用者 入居者 借主 貸主 依頼人 相手 相手方 先方 本人 家族 旦那 主人 息子 叔父 "
    "叔母 祖父 祖母 女性 男性 女将 老人 子供 学生 生徒 先生 新任 前任 後任 初代 次期 歴代 郵便 "
    "お隣 配達員 運転手 警備員 作業員 清掃員 係員 駅員 社員 従業員 職員 役員 内閣 総理 "
    # when and how
    "本日 今日 昨日 明日 先日 後日 毎日 当日 今朝 今晩 先週 今週 来週 先月 今月 来月 去年 昨年 "
    "今年 来年 今回 前回 次回 今度 以前 最近 現在 午前 午後 直接 一度 至急 是非 電話 連絡 "
    # in katakana
    "スタッフ ユーザー ケアマネ ケアマネージャー ヘルパー ドライバー オーナー テナント セールス "
    "システム サービス プロジェクト マーケティング サポート チーム グループ エリア フロア "
    "フロント ショップ メーカー オペレーター コールセンター センター マンション アパート ビル "
    "ママ パパ バイト コンビニ カード ケア アカウント パート アルバイト ペット ゼネラル "
    "プロダクト ストア スーパー クリニック "
)
"""Stand before a title, and are left out of the name."""

JA_ONE_KANJI = frozenset(
    "模多異一有王外御宮病学支本准当同某次総大名小中昼夜者方円回度階課部係社車客諸主暴私僕俺●両"
    "仏件何元兄全分前副各坊塾奥女妹姉娘嫁子孫年店弟新日旧時月母父現男番皆神若誰赤隣仕"
)
"""One of these alone is no name."""

JA_HIRAGANA = words(
    "みな みんな おかあ かあ おとう とう おにい にい おねえ ねえ おじ おじい じい おば おばあ "
    "ばあ おく おきゃく きゃく たく ごくろう おつかれ おかげ どちら どなた ごちそう おまちどお "
    "おじょう じょう だんな あか おまわり いしゃ おいしゃ かんごし うち そちら こちら あちら "
    "おたく かみ ほとけ ぼっ むすめ むすこ およめ よめ おとなり とな となり きのどく おひな なに "
    "すみませ ありがとう おせわ"
)
"""Before さん and others, and no name."""

# -- English --------------------------------------------------------------------------------------

NO_NAMES_EN = words(
    "a an the this that these those my your his her our their its it he she we you they i me him "
    "us them and or but if so as at by for from in of off on out over to up with about after "
    "before and is was are were be been am has have had do does did will would can could shall "
    "should may might must not no yes please thanks thank hello hi who whom what when where why "
    "how which there here said says say saying told tell tells called call calls calling asked "
    "ask asks wants want wanted needs need needed left leave leaves wrote write writes gave give "
    "gives sent send sends came come comes went go goes going got get gets just only also again "
    "already never always today tomorrow tonight yesterday now soon later then because since "
    "until while back one two three four five six seven eight nine ten zero oh monday tuesday "
    "wednesday thursday friday saturday sunday january february march april june july august "
    "september october november december mr mrs ms miss dr prof professor doctor office "
    "i'm i've i'd i'll it's he's she's that's there's we're we've returning ringing phoning "
    "speaking regarding understood recommended prescribed"
)
"""Words after a title that end the name or are none."""
NAMES_TOO_EN = words("april august june march may will")
"""Of those, which are names where they have a capital."""
DAYS_EN = words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december"
)
"""Of those, which are names right after a Mr or Mrs, who is never without one."""
PARTICLES_EN = words("van von de der den del della la le di da dos du bin bint ibn al el zu")
"""Parts of a name that have no capital, before one that has."""

# -- Korean ---------------------------------------------------------------------------------------

KO_SURNAMES = "남궁|황보|제갈|선우|독고|사공|서문|" + "|".join(
    "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민진나지엄채원천"
    "방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹모탁국어은편용예경봉사부류"
)
KO_TITLES = _any(
    "과장 부장 차장 대리 팀장 실장 소장 사장 부사장 회장 부회장 원장 부원장 본부장 지점장 지사장 "
    "점장 센터장 국장 반장 주임 선생 교수 박사 변호사 세무사 회계사 법무사 노무사 여사 전무 상무 "
    "이사장"
)
"""With or without 님 after them."""
KO_COMPOUNDS = _any("이사장 지점장 지사장 위원장")
"""Posts that begin as a surname does."""
KO_POSTS = _any(
    "대표 이사 기사 의사 감독 코치 매니저 간호사 약사 목사 사모 선배 총무 의원 대표이사 전도사 "
    "집사 장로"
)
"""With 님 only: else they are other words too (이사, to move house)."""
KO_PUBLIC = words(
    "우리 저희 이번 이전 전임 현장 관리 담당 인사 영업 총무 기술 지점 안전 시설 택배 배송 주방 "
    "경비 미용 원장 교장 교감 담임 유치원 어린이 학원 병원 한의 의원 회사 본사 지사 대표 부 신임 "
    "여자 남자 동네 설치 수리 방문 정비 전기 배관 하자 이사 상담 진료 수석 선임 책임 주임 기획 "
    "구매 생산 품질 재무 회계 홍보 고객 개발 연구 전산 사무 공장 공사 지역 점포 매장 민원 안내 "
    "접수 조리 정육 옆집 의사 한의사 안과 치과 내과 외과 소아과 주치의 원어민 한국어 중국어 지도 "
    "방재 기전 조경 설비 구독자 신청자 소비자 예약자 방문자 주인장 전문가 변호 변호사 지배인 "
    "사업자 위원 조합 조합장 설계사 기관 공장장 조리사 임차인 임대인 신랑 선생 사모 고모 이모 "
    "아가 아저 손글 글 솜 말 날 불 맵 고객센터 그쪽 이쪽 저쪽 거기 여기 제 모든 어느 어떤 무슨 "
    "다른 새로운 여러 예쁜 좋은 서비스 마케팅 주차 유통 물류 노조 부동산 공인중개 중개 전담 주간 "
    "야간 오전 오후 오늘 어제 내일 기존 문화 임시 구청 시청 경찰서 소방서 우체국 도서관 정비소 "
    "공방 국어 윤리 문학 전공 지리 사회 지원 심사 연구원 강사 은행 선도 반 현 전 총 부녀 동대표 "
    "입주자 주민 명예 공동 상가 건물"
)
"""People and posts, and not persons."""
