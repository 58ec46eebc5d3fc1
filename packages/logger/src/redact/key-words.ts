/** The names that mark a secret or a person's data, in the languages people name fields in. Folded by key-folding before use. */

/** Secret when a word of the key is one of these. */
export const SECRET_WORDS: readonly string[] = [
  'password passwords passwd passwds pwd passphrase passcode secret secrets token tokens credential credentials creds',
  'cookie cookies apikey apikeys jwt bearer otp totp hotp cvv cvc cvv2 cvc2 csc ssn itin pin pins pincode csrf xsrf',
  'sessionid sessid jsessionid phpsessid sid signature sig mnemonic xoauth hmac nino aadhaar',
  // German, Dutch
  'passwort kennwort geheim geheimnis geheimzahl zugangsdaten kreditkarte kartennummer wachtwoord sleutel pincode bsn',
  // Spanish, Portuguese, French, Italian
  'contrasena clave claves secreto secreta llave tarjeta credenciales senha segredo chave cartao credenciais mdp jeton',
  'jetons identifiants cryptogramme parola cpf dni',
  // Russian
  'пин',
  // Arabic
  'رمز سر سري مفتاح بطاقة المفتاح الرمز البطاقة',
]

/** Secret when the last word of the key is one of these and the value is text. */
export const SECRET_LAST_WORDS: readonly string[] = ['pass', 'auth', 'pw', 'psw', 'salt']

/** Secret when the key, its words joined, contains one of these. */
export const SECRET_PARTS: readonly string[] = [
  'password passwd passphrase passcode apikey privatekey accesskey secretkey signingkey encryptionkey decryptionkey',
  'accountkey sharedkey masterkey sshkey licensekey authkey sessionid sessionkey securitycode securitynumber',
  'socialsecurity cardnumber cardno cardnum creditcard debitcard bankaccount accountnumber verificationcode',
  'recoverycode backupcode authcode mfacode otpcode seedphrase recoveryphrase setcookie credential clientsecret',
  'taxid nationalid passportnumber accesstoken refreshtoken authtoken idtoken connectionsecret keypassphrase',
  'cardverification servicekey storagekey webhooksecret pincode',
  // German
  'zugangscode sicherheitscode geheimcode passwort kennwort schlussel zugangstoken zugriffstoken sozialversicherungsnummer prufnummer kreditkarte kartennummer',
  // Spanish
  'codigoseguridad codigosecreto codigodeacceso codigoacceso contrasena clavesecreta claveapi claveprivada numerotarjeta tarjetadecredito codigodeseguridad segurosocial',
  // French
  'codedacces codeacces codedesecurite motdepasse motpasse cleapi cleprivee clesecrete cledacces cartebancaire numerocarte numerodecarte codesecret',
  'securitesociale',
  // Portuguese
  'codigodeseguranca codigoseguranca palavrapasse senha chaveapi chaveprivada chavesecreta numerocartao numerodocartao cartaodecredito',
  // Dutch
  'toegangscode veiligheidscode beveiligingscode wachtwoord apisleutel privesleutel geheimesleutel kaartnummer burgerservicenummer toegangstoken',
  // Russian
  'парол секрет токен апиключ apiключ приватныйключ закрытыйключ ключапи ключapi ключдоступа номеркарты банковскаякарта',
  'кредитнаякарта пинкод кодбезопасности снилс куки',
  // Chinese
  '密码 密碼 口令 秘密 密钥 密鑰 密匙 令牌 私钥 私鑰 银行卡 信用卡 卡号 卡號 身份证 身分證 验证码 凭证 憑證 秘钥 秘鑰 安全码',
  // Japanese
  'パスワード 暗証番号 秘密 トークン APIキー アクセスキー クレジットカード カード番号 マイナンバー 合言葉 認証情報 暗証 認証コード',
  // Korean
  '비밀번호 암호 비밀 토큰 비밀키 개인키 API키 인증키 카드번호 신용카드 주민등록번호 주민번호 패스워드',
  // Arabic
  'كلمةالمرور كلمةالسر كلمةمرور كلمةسر الرقمالسري رقمالبطاقة مفتاحخاص مفتاحapi رقمالتعريف رمزالتحقق',
]

/** Secret unless the value is a word that tells a state, as in `authorization: denied`. */
export const STATUS_WORDS: readonly string[] = ['authorization authentication authenticate']

/** Card numbers, unless the value is a small number, as in `pan: 2`. */
export const CARD_WORDS: readonly string[] = ['pan card cards 카드 карта']

/** A phone number when the last word is one of these. */
export const PHONE_WORDS: readonly string[] = [
  'phone phones mobile tel telephone cell cellphone msisdn fax whatsapp phonenumber mobilenumber telephonenumber',
  'telefon telefonnummer handynummer mobilnummer telefono telefone celular movil telefoon telefoonnummer',
  'телефон 电话 電話 手机 手机号 電話番号 携帯 전화 전화번호 휴대폰 هاتف الهاتف',
]

/** An e-mail address when the last word is one of these. */
export const EMAIL_WORDS: readonly string[] = [
  'email emails mail emailaddress correo courriel 邮箱 メール 이메일 почта بريد',
]

/** A person's name when the joined key ends in one of these. */
export const NAME_ENDINGS: readonly string[] = [
  'firstname lastname fullname givenname familyname middlename maidenname surname forename realname legalname',
  'displayname customername patientname contactname employeename cardholder cardholdername holdername recipientname',
  'sendername passengername guestname personname membername studentname ownername buyername payername',
  'vorname nachname familienname apellido apellidos nombrecompleto prenom nomdefamille sobrenome nomecompleto',
  'voornaam achternaam имя фамилия отчество 姓名 氏名 名前 이름 성명 الاسم',
]

/** What holds one person: a plain `name` inside is a person's. */
export const PERSON_WORDS: readonly string[] = [
  'user users customer customers patient patients person people contact contacts employee employees member members',
  'profile passenger passengers guest guests recipient sender cardholder holder owner author student applicant',
  'candidate buyer seller payer beneficiary insured assignee reviewer actor kunde benutzer cliente usuario utilisateur',
]

/** A secret key that ends so tells about the secret: numbers, booleans and dates pass. */
export const SAFE_ENDINGS: readonly string[] = [
  'count length len size type expires expiry expiration ttl at in on age limit total used remaining max min num number',
  'index version ms seconds exp iat usage budget cost changed updated created rotated attempts retries failures tokens',
  'minutes hours days bytes bits percent ratio enabled required valid present verified rounds strength',
]

/** States that a secret's place may tell. */
export const STATE_WORDS: readonly string[] = [
  'denied granted allowed required none ok failed missing invalid expired pending success unauthorized forbidden',
  'disabled enabled true false yes no absent present error null undefined rejected accepted revoked valid empty wrong',
  'incorrect mismatch unknown unset set not optional refused approved unsupported insufficient skipped passed must',
  'should cannot is was does has too the a nil string number boolean bearer basic redacted hidden omitted',
]
