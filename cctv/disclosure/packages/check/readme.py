"""README.txt of a package, in three languages: whoever opens it may read one of them only."""

_LINE = "=" * 72

_KOREAN = """한국어

이 묶음은 영상 반출물입니다. 자기 자신을 증명합니다.

  clips/          녹화된 그대로의 영상(다시 압축하지 않음)
  redacted/       가림 처리한 영상
  stills/         정지 화면
  report.pdf      사람이 읽는 보고서
  originals/      녹화기의 원본 파일을 비트까지 되살리는 자료
  manifest.json   목록: 모든 파일의 크기와 SHA-256, 카메라, 시간, 목적, 근거
  manifest.sig    목록의 전자서명(Ed25519)
  proofs/, checkpoint   접근 기록부에 있음을 보이는 증명
  letters/        공문
  check.html, check.py  확인 프로그램

확인 방법
  1. check.html을 브라우저로 여십시오(인터넷 연결이 필요 없고, 아무것도 전송하지 않습니다).
  2. 받은 ZIP 파일 또는 압축을 푼 폴더를 고르십시오.
  3. 키 칸에 그 기관 접근 기록부의 키를 붙여 넣거나 키 파일을 고르십시오.
  또는 Python 3.9 이상에서:  python check.py 받은파일.zip --key 키
  키는 이 영상을 제공한 기관에서 다른 경로(기관 홈페이지, 공문, 전화)로 받으십시오. 키 없이는
  위조된 묶음도 똑같이 보입니다. 그때 check.html은 !를, check.py는 종료 코드 3을 보입니다.
  (종료 코드: 0 맞음, 1 맞지 않음, 2 확인할 수 없음, 3 키가 없어 누구의 것인지 확인하지 않음)
  프로그램까지 의심된다면 여기 든 것 말고 Lethe 배포본의 것을 쓰십시오.

개인정보가 들어 있습니다. 제공받은 목적으로만 쓰고, 필요 없게 되면 지체 없이 파기하십시오.
"""

_JAPANESE = """日本語

このパッケージは映像の持ち出しです。それ自体で真正性を証明します。

  clips/          録画されたままの映像（再圧縮していません）
  redacted/       マスキングした映像
  stills/         静止画
  report.pdf      人が読む報告書
  originals/      録画機の元のファイルをビット単位で復元するための資料
  manifest.json   目録: すべてのファイルの大きさと SHA-256、カメラ、時刻、目的、根拠
  manifest.sig    目録の電子署名（Ed25519）
  proofs/、checkpoint   アクセス記録簿にあることの証明
  letters/        文書
  check.html、check.py  確認プログラム

確認の方法
  1. check.html をブラウザーで開いてください（ネットワークは不要で、何も送信しません）。
  2. 受け取った ZIP、または展開したフォルダーを選んでください。
  3. 鍵の欄に、その組織のアクセス記録簿の鍵を貼り付けるか、鍵のファイルを選んでください。
  または Python 3.9 以降で:  python check.py 受け取ったファイル.zip --key 鍵
  鍵は、映像を提供した組織から別の経路（ウェブサイト、文書、電話）で受け取ってください。鍵がなければ、
  偽造されたものも同じに見えます。そのとき check.html は「!」を、check.py は終了コード 3 を示します。
  （終了コード: 0 合っている、1 合わない、2 確認できない、3 鍵がなく誰のものか未確認）
  プログラムも疑わしいときは、同封のものではなく Lethe の配布物のものを使ってください。

個人情報が含まれています。提供を受けた目的にだけ使い、不要になったら遅滞なく廃棄してください。
"""

_ENGLISH = """English

This package is footage that was handed out. It proves itself.

  clips/          video as it was recorded (not encoded again)
  redacted/       redacted video
  stills/         still pictures
  report.pdf      the report for people to read
  originals/      what makes the recorder's own files again, bit for bit
  manifest.json   the list: size and SHA-256 of every file, cameras, times, purpose, ground
  manifest.sig    the signature of the list (Ed25519)
  proofs/, checkpoint   proofs that the access log has what is said
  letters/        letters
  check.html, check.py  programs to check all this

How to check it
  1. Open check.html in a browser (it needs no network and sends nothing).
  2. Choose the ZIP as you received it, or the folder that you unpacked it to.
  3. Paste the key of the organisation's access log into the key's field, or choose a file with it.
  Or with Python 3.9 or later:  python check.py RECEIVED.zip --key KEY
  Get the key from the organisation by another way (its website, a letter, the telephone). Without it,
  a forged package looks the same: check.html then shows "!", and check.py ends with exit code 3.
  (Exit codes: 0 fits, 1 does not fit, 2 could not be checked, 3 no key: whose it is was not checked)
  If you doubt the programs too, use those of a Lethe release and not the enclosed ones.

It holds personal data. Use it for the purpose it was given for, and destroy it when that is over.
"""

README = f"\n{_LINE}\n\n".join((_KOREAN, _JAPANESE, _ENGLISH))
